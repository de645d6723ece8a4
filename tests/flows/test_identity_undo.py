"""A link undone, by the person's own word or by an operator: who sees what then, on every channel."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.flows.told import EVERYWHERE, NOTICE, REASON, TERMS, refunded
from tests.harness.mailbox import KIMS_MAIL
from tests.harness.outside import KIM, KIMS_PHONE
from tests.harness.phone import Phone
from tests.harness.places import API_TOKEN
from tests.harness.stage import Stage

STRANGERS = "+15559998877"


@EVERYWHERE
async def test_somebody_talked_a_person_out_of_a_code(stage: Stage) -> None:
    """Kim reads of the new address in her chat and writes UNLINK: the stranger is one again, and sees nothing."""
    web = await stage.web(customer=KIM)
    await web.ask("check invoice 18493")
    phone = await _linked(stage)
    await phone.ask("check invoice 18401")
    assert [m for m in web.shown() if "18401" in m["text"]]

    question = await web.ask("UNLINK")
    assert "WhatsApp +1…77" in question["text"]
    done = await web.click(question, "Yes, separate it")

    assert "separate now" in done["text"]
    assert [] == [m for m in web.shown() if "18401" in m["text"]]
    assert [m for m in web.shown() if "18493" in m["text"]]
    answer = await phone.ask("check invoice 18493")
    assert "120.00" not in answer
    assert "who you are" in answer
    assert "120.00" in (await web.ask("check invoice 18493"))["text"]
    assert await _user(stage, f"whatsapp:{STRANGERS}") != await _user(stage, f"customer:{KIM}")


async def test_the_one_who_was_linked_says_so(stage: Stage) -> None:
    """From the linked number itself: it leaves, with its own messages; the chat keeps what is Kim's."""
    web = await stage.web(customer=KIM)
    await web.ask("check invoice 18493")
    phone = await _linked(stage)

    assert "separate" in await phone.ask("that was not me")
    assert "separate now" in await phone.ask("yes")

    assert await _user(stage, f"whatsapp:{STRANGERS}") != await _user(stage, f"customer:{KIM}")
    events = await _events(stage, f"whatsapp:{STRANGERS}")
    texts = [e["data"].get("text") for e in events if e["kind"] == "MessageReceived"]
    assert "that was not me" in texts
    assert "check invoice 18493" not in texts


async def test_a_no_leaves_it(stage: Stage) -> None:
    """Nothing is undone by mistake; and anything else than a yes or no is simply what it is."""
    await (await stage.web(customer=KIM)).ask("hello")
    phone = await _linked(stage)
    await phone.ask("unlink")
    assert "nothing was done" in (await phone.ask("no")).lower()
    await phone.ask("unlink")
    assert "Invoice 18493" in await phone.ask("check invoice 18493 for me please")
    assert await _user(stage, f"whatsapp:{STRANGERS}") == await _user(stage, f"customer:{KIM}")


async def test_there_is_nothing_to_undo(stage: Stage) -> None:
    """Somebody who is alone is told so."""
    assert "Nothing else is linked" in await stage.phone(STRANGERS).ask("UNLINK")


@EVERYWHERE
async def test_an_operator_undoes_a_link(stage: Stage) -> None:
    """By the API, twice; what was asked on the one side can be answered there and not on the other."""
    web, phone = await stage.web(), stage.phone()
    await web.ask("hello")
    await phone.ask("I want a refund for invoice 18492")
    await web.sign_in(await stage.outside.identity(KIM))
    await web.ask("check invoice 18493")
    user = await _user(stage, f"whatsapp:{KIMS_PHONE}")
    assert user == await _user(stage, f"customer:{KIM}")

    first = await _undo(stage, user, f"whatsapp:{KIMS_PHONE}")
    again = await _undo(stage, first["user"], f"whatsapp:{KIMS_PHONE}")

    assert (True, False, first["session"]) == (first["changed"], again["changed"], again["session"])
    assert NOTICE not in (await web.ask("yes"))["text"]
    assert [] == await refunded(stage)
    await stage.operators.at_rest()
    assert [] == [m for m in web.shown() if "refund for invoice 18492" in m["text"]]


async def test_who_is_asked_for_does_not_matter_to_another(stage: Stage) -> None:
    """An identity of somebody else, one that never was, and a body that is none."""
    await stage.phone().ask("hello")
    user = await _user(stage, f"whatsapp:{KIMS_PHONE}")
    for identity, status in ((f"whatsapp:{STRANGERS}", 404), ("nonsense", 400), (None, 400)):
        with pytest.raises(aiohttp.ClientResponseError) as refused:
            await _undo(stage, user, identity)
        assert status == refused.value.status
    with pytest.raises(aiohttp.ClientResponseError):
        await _undo(stage, "x" * 32, f"whatsapp:{KIMS_PHONE}")


async def test_after_it_the_task_of_each_goes_on(stage: Stage) -> None:
    """A refund that Kim began in the chat is still hers to confirm, when the phone has left."""
    web = await stage.web(customer=KIM)
    phone = await _linked(stage)
    question = await web.ask("I want a refund for invoice 18492")
    assert REASON in question["text"]
    terms = await web.click(question, "I was charged twice")
    assert TERMS in terms["text"]
    await _undo(stage, await _user(stage, f"customer:{KIM}"), f"whatsapp:{STRANGERS}")
    assert NOTICE not in await phone.ask("yes")
    assert NOTICE in (await web.ask("yes"))["text"]
    assert ["18492"] == await refunded(stage)


async def _linked(stage: Stage) -> Phone:
    """A phone that typed a code which came to Kim's mailbox."""
    phone = stage.phone(STRANGERS)
    await phone.ask("check invoice 18492")
    await phone.ask(KIMS_MAIL)
    letter = await stage.mailbox().arrived("Your code")
    code = next(line for line in letter["text"].splitlines() if line.strip().isdigit())
    assert "49.00" in await phone.ask(code.strip())
    return phone


async def _undo(stage: Stage, user: str, identity: str | None) -> Any:  # noqa: ANN401  JSON
    url = f"{stage.place.url}/api/v1/users/{user}/unlink"
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    async with stage.http.post(url, json={"identity": identity}, headers=headers) as response:
        response.raise_for_status()
        return await response.json()


async def _user(stage: Stage, identity: str) -> str:
    return str((await stage.operators.get("/users", identity=identity))["users"][0]["id"])


async def _events(stage: Stage, identity: str) -> list[dict[str, Any]]:
    return await stage.operators.events(await stage.operators.session_of(identity))
