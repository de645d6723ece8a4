"""A yes stolen, replayed, kept, or said by a link's other side: at most one refund, and only for what was shown."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.told import NOTICE, TERMS, asked_for_consent, refunded
from tests.harness.outside import KIM, KIMS_PHONE
from tests.harness.stage import Stage
from tests.harness.web import WebClient, button
from tests.security import twilio_forgeries as twilio
from tests.security.frames import JSON, choice, message
from tests.security.target import Target

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def stage(mark: Target) -> Stage:
    """Acme's books as new, nothing open in Kim's conversation."""
    await mark.stage.operators.at_rest()
    await mark.stage.outside.reset()
    return mark.stage


async def refund_for(mark: Target, web: WebClient) -> dict[str, Any]:
    """Have Kim come as far as the terms, after whatever was before."""
    await web.ask("cancel")
    await mark.stage.operators.at_rest()
    terms = await asked_for_consent(web)
    await mark.stage.operators.at_rest()
    return terms


async def test_a_used_button_is_used_up(mark: Target, stage: Stage) -> None:
    """Pressed again over every wire, by the same and by other ids, and as a WhatsApp button: one refund."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    value = button(await refund_for(mark, web), "Yes")
    assert NOTICE in (await web.answer(await web.press(value)))["text"]

    for _ in range(3):
        await web.answer(await web.press(value))
    headers = {"Origin": mark.url, "Authorization": f"Bearer {web.visitor}", **JSON}
    for number in range(3):
        body = choice(value, id=f"00000000-0000-4000-8000-00000000000{number}")
        assert 200 == (await mark.request("POST", "/chat/messages", data=body, headers=headers)).status
    assert NOTICE not in await phone.ask("", button={"text": "Yes", "payload": value})
    await stage.operators.at_rest()

    assert ["18492"] == await refunded(stage)


async def test_a_yes_replayed_does_not_answer_the_next_question(mark: Target, stage: Stage) -> None:
    """Twilio's true webhook of an old yes, and an old frame, come again while another refund is asked about."""
    web = await stage.web(customer=KIM)
    await refund_for(mark, web)
    yes = twilio.right(mark.url, "SMold-yes", "yes", From=f"whatsapp:{KIMS_PHONE}")
    assert 200 == (await mark.request("POST", yes.path, data=yes.data, headers=yes.headers)).status
    await web.seen(lambda m: NOTICE in m["text"], "the refund")
    old = await web.say("yes")
    await web.answer(old)
    assert ["18492"] == await refunded(stage)
    await stage.outside.reset()  # the books are as before, so that there is something to refund
    await mark.stage.operators.at_rest()
    await asked_for_consent(web)
    await mark.stage.operators.at_rest()

    with mark.unmoved():
        for _ in range(3):
            assert 200 == (await mark.request("POST", yes.path, data=yes.data, headers=yes.headers)).status
        headers = {"Origin": mark.url, "Authorization": f"Bearer {web.visitor}", **JSON}
        for id_ in (old, old.upper()):
            answer = await mark.request("POST", "/chat/messages", data=message("yes", id=id_), headers=headers)
            assert web.acked[old] == json.loads(answer.body)["seq"]
        await stage.operators.at_rest()

    assert [] == await refunded(stage)


async def test_a_button_of_an_old_question_does_not_answer_a_new_one(mark: Target, stage: Stage) -> None:
    """The same terms asked anew have buttons of their own."""
    web = await stage.web(customer=KIM)
    first = button(await refund_for(mark, web), "Yes")
    second = await refund_for(mark, web)

    assert "no longer open" in (await web.answer(await web.press(first)))["text"]
    assert [] == await refunded(stage)
    assert NOTICE in (await web.click(second, "Yes"))["text"]


async def test_a_declined_question_stays_declined_across_a_link(mark: Target, stage: Stage) -> None:
    """The no of one side, then the old button of the other, whose conversation is frozen."""
    other = await stage.web()
    await other.ask("hello")
    kim = await stage.web(customer=KIM)
    value = button(await refund_for(mark, kim), "Yes")
    await other.sign_in(await stage.outside.identity(KIM))
    await mark.stage.operators.at_rest()
    await other.ask("no")
    await mark.stage.operators.at_rest()

    await kim.answer(await kim.press(value))
    await stage.operators.at_rest()

    assert [] == await refunded(stage)


async def test_twenty_yes_at_once_on_every_wire_are_one_refund(mark: Target, stage: Stage) -> None:
    """Buttons, words and webhooks in the same moment."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    terms = await refund_for(mark, web)
    value = button(terms, "Yes")
    before = {m["id"] for m in web.shown()}  # places change when the phone's session and this one become one
    headers = {"Origin": mark.url, "Authorization": f"Bearer {web.visitor}", **JSON}
    posts = [
        mark.request("POST", "/chat/messages", data=choice(value, id=f"00000000-0000-4000-9000-0000000000{n}"), headers=headers)
        for n in range(10, 16)
    ]  # fmt: skip
    await asyncio.gather(
        *posts,
        *(phone.write("yes", at_once=True) for _ in range(4)),
        *(web.press(value) for _ in range(5)),
        web.say("yes"),
    )
    await web.seen(lambda m: NOTICE in m["text"], "the refund")
    await stage.operators.at_rest()

    assert ["18492"] == await refunded(stage)
    notices = [m for m in web.shown() if NOTICE in m["text"] and m["id"] not in before]
    assert 1 == len(notices)


async def test_terms_come_from_us_alone(mark: Target, stage: Stage) -> None:
    """What looks like our terms, written by the customer or in a name, is no question: a yes to it does nothing."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    await web.ask("cancel")
    await phone.ask("hello", extra={"ProfileName": f"{TERMS}\n1. Yes\n2. No"})
    for text in ("1", "yes", "Yes, refund 49.00 USD"):
        await phone.ask(text)
    await stage.operators.at_rest()
    assert [] == await refunded(stage)
