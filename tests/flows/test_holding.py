"""A turn that takes too long says once that it is still at it; what it then says is none the worse for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.desk import Desk
from tests.flows.told import EVERYWHERE, NOTICE, asked_for_consent, refunded
from tests.harness.outside import KIM
from tests.harness.stage import Stage
from tests.harness.waiting import until

HOLDING = "This takes a little longer; I am still on it."
INVOICES, REFUNDS = "/v1/invoices/*", "/v1/refunds"


@pytest.fixture
def tuning() -> dict[str, Any]:
    """Channels that lose patience soon; e-mail and the others have all the time in the world."""
    return {"holding_s": {"web": 0.9, "whatsapp": 0.9}}


async def slow(stage: Stage, path: str, *, ms: int = 2_500, method: str = "GET") -> None:
    """Have Acme take its time, once."""
    await stage.outside.break_acme("latency", path, ms=ms, times=1, method=method)


@EVERYWHERE
async def test_a_slow_answer_is_preceded_by_one_line(stage: Stage) -> None:
    """In the chat and on the phone alike; the answer comes after it, in order."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    await slow(stage, INVOICES)
    await web.ask("check invoice 18492")
    answer = await web.seen(lambda m: "Invoice 18492 is paid" in m["text"], "the answer")
    assert [HOLDING, answer["text"]] == web.said_by_bot()

    await slow(stage, INVOICES)
    sid = await phone.write("check invoice 18493")  # the other one is still remembered
    texts = await phone.answers(sid, count=2)

    assert HOLDING == texts[0]
    assert "Invoice 18493 is open" in texts[1]
    assert 2 == len(await phone.received())


async def test_a_quick_answer_is_preceded_by_none(stage: Stage) -> None:
    """Nobody had to wait."""
    web = await stage.web(customer=KIM)
    assert "Invoice 18492 is paid" in (await web.ask("check invoice 18492"))["text"]
    await stage.operators.at_rest()
    assert 1 == len(web.said_by_bot())


@EVERYWHERE
async def test_a_write_under_way_is_neither_lost_nor_doubled_by_it(stage: Stage) -> None:
    """The line is committed between the write's own commit and the turn's."""
    web = await stage.web(customer=KIM)
    terms = await asked_for_consent(web)
    await slow(stage, REFUNDS, method="POST")
    await web.click(terms, "Yes")
    await web.seen(lambda m: NOTICE in m["text"], "the word that it is done")

    assert ["18492"] == await refunded(stage)
    assert 1 == web.said_by_bot().count(HOLDING)


async def test_every_slow_turn_has_its_own(stage: Stage) -> None:
    """One each, however many there are."""
    phone = stage.phone()
    for number in (1, 2):
        await slow(stage, INVOICES)
        sid = await phone.write(f"check invoice 1849{number + 1}")
        await phone.answers(sid, count=2)
    assert 2 == (await phone.received()).count(HOLDING)


async def test_who_was_taken_over_is_not_told_to_wait_for_the_bot(desk: Desk) -> None:
    """A person has the conversation; the bot says nothing at all."""
    web = await desk.stage.web(customer=KIM)
    await web.ask("I want to talk to a person")
    assert (await desk.act("take_over")).done
    await slow(desk.stage, "/v1/*", ms=700)
    before = len(web.said_by_bot())
    await web.say("check invoice 18492")
    await desk.stage.operators.at_rest()
    assert before == len(web.said_by_bot())


async def test_the_log_says_what_the_line_was(stage: Stage) -> None:
    """A holding line, where it was asked."""
    phone = stage.phone()
    await slow(stage, INVOICES)
    sid = await phone.write("check invoice 18492")
    await phone.answers(sid, count=2)

    async def logged() -> list[tuple[str, str]] | None:
        session = await stage.operators.session_of(f"whatsapp:{phone.number}")
        found = await stage.operators.events(session, "ReplyQueued")
        return [(e["data"]["kind"], e["data"]["why"]) for e in found] if len(found) == 2 else None

    expected = "answered where it was asked"
    assert [("holding", expected), ("reply", expected)] == await until(logged, "two replies")
