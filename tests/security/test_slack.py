"""Slack forged, replayed, oversized, and clicked by the wrong people: refused; one approval is one refund."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import orjson
import pytest

from tests.channels.slack import slack
from tests.channels.slack.slack import FORM, JSON, PATH, signed
from tests.harness.outside import LEE, Json
from tests.harness.places import SECRETS
from tests.harness.workspace import GUEST, ROBIN, SAM, STRANGER, Workspace
from tests.security.target import CANARY, Target, check_refusal

pytestmark = pytest.mark.asyncio(loop_scope="session")
SECRET = SECRETS["SLACK_SIGNING_SECRET"]
BODY = orjson.dumps(slack.event(slack.message(f"!reply {CANARY}")))


def forgeries() -> Mapping[str, Json]:
    """What somebody without the secret, or with an old recording, could send."""
    right = signed(BODY, secret=SECRET)
    names = right["headers"]

    def changed(**headers: str | None) -> Json:
        found = {**names, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return {"data": BODY, "headers": {name: value for name, value in found.items() if value is not None}}

    return {
        "another secret": signed(BODY, secret="another-secret-of-nobody"),
        "an empty secret": signed(BODY, secret=""),
        "the bot's token as secret": signed(BODY, secret=SECRETS["SLACK_BOT_TOKEN"]),
        "an old one": signed(BODY, secret=SECRET, age_s=302),
        "a future one": signed(BODY, secret=SECRET, age_s=-302),
        "a byte more": {**right, "data": BODY + b" "},
        "another word": {**right, "data": BODY.replace(b"canary", b"Canary")},
        "another time": changed(X_Slack_Request_Timestamp=str(int(time.time()) - 1)),
        "no number": changed(X_Slack_Request_Timestamp="abc"),
        "a number in other digits": changed(X_Slack_Request_Timestamp="١٧٩٥٨٧٤٩٧٠"),
        "a number too long": changed(X_Slack_Request_Timestamp="9" * 4_000),
        "no time": changed(X_Slack_Request_Timestamp=None),
        "no signature": changed(X_Slack_Signature=None),
        "an empty signature": changed(X_Slack_Signature=""),
        "another version": changed(X_Slack_Signature=str(names["X-Slack-Signature"]).replace("v0", "v1")),
        "capitals": changed(X_Slack_Signature=str(names["X-Slack-Signature"]).upper()),
        "the time within the body": {**right, "data": b"1:" + BODY},
    }


@pytest.mark.parametrize("name", forgeries())
async def test_a_forgery_is_refused(mark: Target, name: str) -> None:
    """401 with one short line; nothing is stored, nothing is told."""
    forged = forgeries()[name]
    headers = {key: value.encode().decode("latin-1") for key, value in forged["headers"].items()}
    with mark.unmoved():
        check_refusal(await mark.request("POST", PATH, data=forged["data"], headers=headers), 401)


JUNK = [
    b"",
    b"\xff\xfe",
    b"[" * 9_000,
    b"{",
    b"null",
    b"payload=%7B",
    b"payload",
    b"&" * 9_000,
    b"command=/reply&text=\xff",
]


@pytest.mark.parametrize("kind", [JSON, FORM, "application/json; charset=nonsense", "multipart/form-data"])
async def test_signed_junk_changes_nothing(mark: Target, kind: str) -> None:
    """It is acknowledged, lest Slack bring it again."""
    with mark.unmoved():
        for body in JUNK:
            one = signed(body, kind, secret=SECRET)
            assert 200 == (await mark.request("POST", PATH, data=body, headers=one["headers"])).status


async def test_an_oversized_body_without_a_length_is_refused(mark: Target) -> None:
    """It is cut off at the limit, before anything is computed over it."""
    chunk = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    with mark.unmoved():
        answer = await mark.raw(head + chunk * 5 + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_an_approval_is_one_refund_whoever_clicks_how_often(mark: Target) -> None:
    """Not the wrong role, a guest, a stranger, somebody unknown; of the right one's many clicks and replays one counts."""
    team = Workspace(outside=mark.stage.outside)
    web = await mark.stage.web(customer=LEE)
    await web.click(await web.ask("refund invoice 20001, it was charged twice"), "Yes")
    card = await team.card(with_button="approve")
    for user in (ROBIN, GUEST, STRANGER, "U0NOBODY1"):
        await team.press(card, "approve", user)
    assert [] == await mark.stage.outside.ledger()
    clicks = [team.press(card, "approve", SAM, copies=4) for _ in range(3)]
    found = await asyncio.gather(*clicks)
    await team.card(without="approve")
    await mark.stage.operators.at_rest()
    number = found[0]["deliveries"][0]["n"]
    for more in ({}, {"fresh": True}, {"fresh": True, "retry": 1}):
        await team.act("replay", SAM, delivery=number, copies=5, **more)
    for action in ("approve", "deny"):
        await team.press(card, action, SAM, stale=True)
    await mark.stage.operators.at_rest()
    assert 1 == len(await mark.stage.outside.ledger())
    assert any("already" in words for words in await team.whispers(SAM))
    assert any("billing:approve" in words for words in await team.whispers(ROBIN))
