"""Signed identities against a corpus of forgeries, and what a true one may not do: reach anybody else's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.outside import KIM, KIMS_PHONE, LEE
from tests.security import identities
from tests.security.frames import JSON, frame, message, wire
from tests.security.target import Target, check_refusal

pytestmark = pytest.mark.asyncio(loop_scope="session")
SECRET = "my words are for myself alone"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """The host site signs by a shared secret, and by a private key."""
    return {"WEB_IDENTITY_SECRET": f"{identities.SHARED},{identities.ONE_LINE}"}


@pytest.mark.parametrize("right", ["shared", "public", "audience"])
async def test_a_right_one_is_taken(mark: Target, right: str) -> None:
    """Else the corpus would prove nothing."""
    token = {
        "shared": identities.shared(),
        "public": identities.public(),
        "audience": identities.shared(aud=[mark.url + "/", "x"]),
    }[right]
    async with wire(mark) as one:
        assert "welcome" == (await one.hello(identity=token))["type"]


@pytest.mark.parametrize("name", identities.forgeries())
async def test_a_forged_identity_is_refused(mark: Target, name: str) -> None:
    """`identity_invalid` and 4401, on the twin 401; never silent anonymity, and nothing stored."""
    forged = identities.forgeries()[name]
    if name == "audience begins like ours":
        forged = identities.shared(aud=mark.url.rpartition(":")[0])
    hello = frame(type="hello", visitor=None, identity=forged, after=0)
    with mark.unmoved():
        async with wire(mark) as one:
            await one.send(hello)
            error = await one.next()
            assert ("error", "identity_invalid") == (error["type"], error["code"])
            assert 4401 == await one.code()
        answer = await mark.request("POST", "/chat/messages", data=hello, headers={"Origin": mark.url, **JSON})
    check_refusal(answer, 401)
    assert "identity_invalid" == json.loads(answer.body)["code"]


async def test_an_identity_is_no_visitor_and_a_visitor_no_identity(mark: Target) -> None:
    """Each token opens its own door only."""
    identity = identities.shared()
    async with wire(mark) as one:
        visitor = (await one.hello())["visitor"]
    with mark.unmoved():
        async with wire(mark) as one:
            assert "identity_invalid" == (await one.hello(identity=visitor))["code"]
        async with wire(mark) as one:
            assert [] == (await one.hello(visitor=identity))["messages"]
        headers = {"Origin": mark.url, "Authorization": f"Bearer {identity}"}
        check_refusal(await mark.request("GET", "/chat/messages", headers=headers), 401)
        answer = await mark.request("POST", "/chat/messages", data=message(), headers={**headers, **JSON})
        check_refusal(answer, 401)


UNPROVEN: dict[str, dict[str, Any]] = {
    "not verified": {"email_verified": False, "phone_number_verified": False},
    "not said": {"email_verified": None, "phone_number_verified": None},
    "verified in words": {"email_verified": "true", "phone_number_verified": "true"},
    "verified by a number": {"email_verified": 1, "phone_number_verified": 1},
    "verified by a list": {"email_verified": [True], "phone_number_verified": [True]},
}


@pytest.mark.parametrize("name", UNPROVEN)
async def test_an_unproven_address_joins_nobody(mark: Target, name: str) -> None:
    """Only `true` is a proof: else the phone's conversation stays the phone's."""
    number = f"+155501777{len(name):02d}"
    phone = mark.stage.phone(number)
    await phone.ask(SECRET)
    token = identities.shared(
        sub=f"C-unproven-{len(name)}", phone_number=number, email="x@example.com", **UNPROVEN[name]
    )
    async with wire(mark) as one:
        welcome = await one.hello(identity=token)
        assert [] == welcome["messages"]
        await one.say("what did I say before?")
        assert SECRET not in (await one.next("message"))["text"]
    session = await mark.stage.operators.session_of(f"whatsapp:{number}")
    assert "web" not in (await mark.stage.operators.session(session))["channels"]


async def test_a_proven_address_of_a_known_customer_joins_no_other(mark: Target) -> None:
    """The host site errs, or is lied to: Kim's number stays Kim's, whoever else is said to have it."""
    phone = mark.stage.phone(KIMS_PHONE)
    assert "49.00" in await phone.ask("check invoice 18492")
    async with wire(mark) as one:
        welcome = await one.hello(identity=identities.shared(sub="C-9999", name="Mallory"))
        assert [] == welcome["messages"]
        await one.say("check invoice 18492")
        assert "49.00" not in (await one.next("message"))["text"]
    first, second = [
        await mark.stage.operators.session_of(one) for one in (f"whatsapp:{KIMS_PHONE}", "customer:C-9999")
    ]
    assert first != second


async def test_another_customer_in_the_same_browser_sees_nothing_of_the_first(mark: Target) -> None:
    """On a shared machine: the token of the first, the identity of the second. Nothing is shown, known, or joined."""
    async with wire(mark) as kim:
        token = (await kim.hello(identity=identities.shared()))["visitor"]
        await kim.say(SECRET)
        await kim.next("message")
        lee_identity = identities.shared(sub=LEE, name="Lee", email="lee@example.com", phone_number="+15550101002")
        async with wire(mark) as lee:
            welcome = await lee.hello(visitor=token, identity=lee_identity, after=3)
            assert (True, []) == (welcome["reset"], welcome["messages"])
            assert token != welcome["visitor"]
            await lee.say("check invoice 18492")
            assert "49.00" not in (await lee.next("message"))["text"]
            await kim.say("thanks")  # the first is still the first
            told = await kim.next("message")
            assert "18492" not in told["text"]
        async with wire(mark) as again:
            lees = await again.hello(visitor=welcome["visitor"])
            assert SECRET not in json.dumps(lees)
    first, second = [await mark.stage.operators.session_of(f"customer:{one}") for one in (KIM, LEE)]
    assert first != second
    kinds = {identity["address"] for identity in await _identities(mark, f"customer:{LEE}")}
    assert KIMS_PHONE not in kinds


async def _identities(mark: Target, identity: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (await mark.stage.operators.get("/users", identity=identity))["users"][0][
        "identities"
    ]
    return found
