"""A yes counts once, for what was shown, when it was shown. Everything else is answered and does nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.flows.told import EVERYWHERE, NOTICE, TERMS, asked_for_consent, committed, notices, refunded
from tests.harness.outside import KIM
from tests.harness.stage import Stage
from tests.harness.waiting import until
from tests.harness.web import button

QUICK = {"confirmation_minutes": {"web": 0.008, "whatsapp": 0.008}}


async def test_a_double_click_is_one_refund(stage: Stage) -> None:
    """The same button twice at once, as two frames: one refund, one notice, and the second click is answered."""
    web = await stage.web(customer=KIM)
    value = button(await asked_for_consent(web), "Yes")

    first, second = await asyncio.gather(web.press(value), web.press(value))
    await asyncio.gather(web.answer(first), web.answer(second))
    await stage.operators.at_rest()

    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


async def test_a_frame_sent_twice_is_one_message(stage: Stage) -> None:
    """The same frame with the same id, as after a lost ack, changes nothing and is acknowledged alike."""
    web = await stage.web(customer=KIM)
    value = button(await asked_for_consent(web), "Yes")
    click = await web.press(value)
    first = await web.acknowledged(click)
    await web.answer(click)
    del web.acked[click]

    await web.press(value, id=click)

    assert first == await web.acknowledged(click)
    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


@EVERYWHERE
async def test_a_replayed_webhook_is_one_refund(stage: Stage) -> None:
    """Twilio may bring the yes again and again, rightly signed: 200 each time, and nothing happens."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    await asked_for_consent(web)
    await stage.outside.break_twilio("duplicate_webhook", "/whatsapp/webhook")
    sid = await phone.write("yes")
    assert NOTICE in (await phone.answers(sid))[0]

    statuses = [await phone.replay(sid) for _ in range(3)]

    assert [200, 200, 200] == statuses
    await stage.operators.at_rest()
    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


async def test_a_repeated_yes_is_answered_and_does_nothing(stage: Stage) -> None:
    """After the refund, yes means nothing any more, and the customer is told so."""
    web = await stage.web(customer=KIM)
    await web.click(await asked_for_consent(web), "Yes")

    answer = await web.ask("yes")

    assert "done already" in answer["text"]
    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


@EVERYWHERE
async def test_two_yes_on_two_channels_at_once(stage: Stage) -> None:
    """The button in the chat and the yes on the phone in the same moment: one refund, one notice, two answers."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    value = button(await asked_for_consent(web), "Yes")

    click, sid = await asyncio.gather(web.press(value), phone.write("yes", at_once=True))
    await asyncio.gather(web.acknowledged(click), phone.deliver(sid))
    await stage.operators.at_rest()
    await until(lambda: committed(stage, NOTICE), "the notice")

    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


@EVERYWHERE
async def test_a_yes_before_the_terms_arrived_is_no_consent(stage: Stage) -> None:
    """While the terms are on their way to the phone, a yes cannot mean them: they are shown again."""
    phone = stage.phone()
    await stage.outside.break_twilio("error", "/2010-04-01/*/Messages.json", method="POST")
    first = await phone.write("I was charged twice, refund invoice 18492")
    await until(lambda: committed(stage, TERMS), "the terms to be on their way")
    early = await phone.write("yes")
    assert [] == await phone.received()

    texts = await phone.answers(first, count=2)

    assert texts[0].startswith(TERMS)
    assert "clear yes or no" in texts[1]
    assert TERMS in texts[1]
    assert await phone.answers(early)
    assert [] == await refunded(stage)
    assert NOTICE in await phone.ask("yes")
    assert ["18492"] == await refunded(stage)


async def test_a_yes_in_the_same_burst_as_the_wish_is_no_consent(stage: Stage) -> None:
    """`refund 18492, yes` consents to nothing: the terms were not shown yet."""
    web = await stage.web(customer=KIM)

    answer = await web.ask("I was charged twice, refund invoice 18492. Yes!")

    assert TERMS in answer["text"]
    assert [] == await refunded(stage)


@pytest.mark.parametrize("tuning", [QUICK])
@pytest.mark.parametrize("by", ["button", "text"])
async def test_a_late_yes_shows_the_terms_again(stage: Stage, tuning: dict[str, Any], by: str) -> None:
    """After its time a yes does nothing but bring the terms again; a yes to those counts."""
    web = await stage.web(customer=KIM)
    terms = await asked_for_consent(web)
    await until(lambda: _is_past(terms["at"] / 1000 + 0.6), "the time to run out")

    again = await (web.click(terms, "Yes") if by == "button" else web.ask("yes"))

    assert "after the time for it had run out" in again["text"]
    assert TERMS in again["text"]
    assert [] == await refunded(stage)
    assert NOTICE in (await web.click(again, "Yes"))["text"]
    assert ["18492"] == await refunded(stage)


async def _is_past(moment: float) -> bool:
    return time.time() > moment


@EVERYWHERE
@pytest.mark.parametrize("by", ["button", "no", "no thanks", "2", "cancel"])
async def test_a_no_declines(stage: Stage, by: str) -> None:
    """A no in any form ends the task; a yes after it does nothing."""
    web = await stage.web(customer=KIM)
    terms = await asked_for_consent(web)

    answer = await (web.click(terms, "No") if by == "button" else web.ask(by))

    assert "nothing was done" in answer["text"]
    assert "Nothing is waiting" in (await web.ask("yes"))["text"]
    assert [] == await refunded(stage)


async def test_a_changed_mind_is_taken_at_its_word(stage: Stage) -> None:
    """Declined, asked for anew, confirmed: one refund. The button of the first question stays dead."""
    web = await stage.web(customer=KIM)
    old = await asked_for_consent(web)
    await web.ask("no")
    new = await asked_for_consent(web)
    stale = await web.answer(await web.press(button(old, "Yes")))
    assert "no longer open" in stale["text"]
    assert [] == await refunded(stage)

    assert NOTICE in (await web.answer(await web.press(button(new, "Yes"))))["text"]

    assert ["18492"] == await refunded(stage)


@pytest.mark.parametrize("text", ["yes but only half of it", "yes? no", "yes, what about 18493?", "hm", "maybe"])
async def test_what_is_not_plainly_yes_or_no_does_nothing(stage: Stage, text: str) -> None:
    """A doubtful answer is answered, never taken for consent."""
    web = await stage.web(customer=KIM)
    await asked_for_consent(web)

    assert (await web.ask(text))["text"]

    assert [] == await refunded(stage)


async def test_a_stray_yes_gets_an_answer(stage: Stage) -> None:
    """A yes to nothing is answered and does nothing."""
    web = await stage.web(customer=KIM)

    assert "Nothing is waiting" in (await web.ask("yes"))["text"]
    assert [] == await refunded(stage)


async def test_a_button_that_never_was_is_refused(stage: Stage) -> None:
    """An invented token means nothing, even with the terms on the table."""
    web = await stage.web(customer=KIM)
    await asked_for_consent(web)

    answer = await web.answer(await web.press("abcdefghijklmnop"))

    assert "no longer open" in answer["text"]
    assert [] == await refunded(stage)


async def test_a_button_of_another_customer_is_refused(stage: Stage) -> None:
    """A token works only in the conversation it was offered in."""
    kim, lee = await stage.web(customer=KIM), await stage.web(customer="C-1002")
    value = button(await asked_for_consent(kim), "Yes")

    answer = await lee.answer(await lee.press(value))

    assert "no longer open" in answer["text"]
    assert [] == await refunded(stage)


async def test_another_invoice_with_the_terms_on_the_table(stage: Stage) -> None:
    """Who asks for another refund instead gets its verdict; a yes means the first no more, and its action is closed."""
    web = await stage.web(customer=KIM)
    terms = await asked_for_consent(web)

    refused = await web.ask("sorry, please refund invoice 18401 instead")

    assert "18401 cannot be refunded" in refused["text"]
    assert "no longer open" in (await web.answer(await web.press(button(terms, "Yes"))))["text"]
    assert "Nothing is waiting" in (await web.ask("yes"))["text"]
    assert [] == await refunded(stage)
    session = (await stage.operators.sessions())[0]["id"]
    tasks = (await stage.operators.session(session))["tasks"]
    assert ["cancelled"] == [action["state"] for task in tasks for action in task["actions"]]
