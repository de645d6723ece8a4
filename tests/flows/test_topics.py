"""Conversations as people have them: interrupted, in fragments, with pictures, too long, off the point."""

from __future__ import annotations

import asyncio

import pytest

from tests.flows.told import EVERYWHERE, NOTICE, TERMS, asked_for_consent, refunded
from tests.harness.outside import KIM
from tests.harness.stage import Stage

SLOW = {"burst_wait_s": {"web": 0.6, "whatsapp": 0.6}, "burst_idle_s": 2.0}


async def test_a_question_in_the_middle_of_a_refund(stage: Stage) -> None:
    """Another topic is answered, then the terms are back by themselves, and a yes to them counts."""
    web = await stage.web(customer=KIM)
    await asked_for_consent(web)

    aside = await web.ask("what is the status of invoice 18493?")

    assert "Invoice 18493 is open: 120.00 USD" in aside["text"]
    assert "Back to this" in aside["text"]
    assert TERMS in aside["text"]
    assert [] == await refunded(stage)
    assert NOTICE in (await web.click(aside, "Yes"))["text"]
    assert ["18492"] == await refunded(stage)


async def test_a_question_before_the_reason_is_given(stage: Stage) -> None:
    """The open question comes back after the aside, and is answered on the other channel."""
    web = await stage.web(customer=KIM)
    await web.ask("I want a refund for invoice 18492")
    aside = await web.ask("is invoice 18493 still open?")
    assert "Why would you like invoice 18492 refunded?" in aside["text"]

    assert (await stage.phone().ask("I was charged twice")).startswith(TERMS)

    assert [] == await refunded(stage)


async def test_a_thank_you_after_the_refund(stage: Stage) -> None:
    """It is answered and nothing else happens."""
    web = await stage.web(customer=KIM)
    await web.click(await asked_for_consent(web), "Yes")

    assert "welcome" in (await web.ask("thanks!"))["text"]
    assert ["18492"] == await refunded(stage)


@EVERYWHERE
@pytest.mark.parametrize("tuning", [SLOW])
async def test_five_fragments_are_one_turn(stage: Stage) -> None:
    """What is typed in pieces is read as one: one answer that took all of them in."""
    phone = stage.phone()
    first = await phone.ask("hi")

    sids = [await phone.write(text) for text in ("so", "about invoice 18492", "I was charged", "twice", "refund pls")]

    assert (await phone.answers(sids[-1]))[0].startswith(TERMS)
    await stage.operators.at_rest()
    assert 2 == len(await phone.received())
    assert first != (await phone.received())[1]


@pytest.mark.parametrize("tuning", [SLOW])
async def test_the_first_message_after_silence_does_not_wait(stage: Stage) -> None:
    """A burst is awaited only when there may be one: the answer to the first message is faster than the quiet time."""
    web = await stage.web(customer=KIM)
    sent = await web.say("check invoice 18492")
    answer = await web.answer(sent)
    session = (await stage.operators.sessions())[0]["id"]
    asked = next(e for e in await stage.operators.events(session, "MessageReceived"))

    assert answer["at"] - asked["at"] < 600


@pytest.mark.parametrize(
    "fields",
    [
        {"media": ["image/jpeg"]},
        {"media": ["audio/ogg", "application/pdf"]},
        {"media": ["image/png"], "text": "check invoice 18492"},
    ],
)
async def test_a_picture_is_acknowledged_politely(stage: Stage, fields: dict[str, list[str] | str]) -> None:
    """An attachment alone is answered with a request for words; with words, the words are answered."""
    phone = stage.phone()
    sid = await phone.write(**fields)  # type: ignore[arg-type]

    answer = (await phone.answers(sid))[0]

    assert ("Invoice 18492 is paid" if "text" in fields else "cannot read attachments") in answer


async def test_kinds_that_nobody_knows_are_answered(stage: Stage) -> None:
    """A location, a contact or something newer than this server comes with no text and is answered all the same."""
    phone = stage.phone()
    where = {"MessageType": "location", "Latitude": "48.2", "Longitude": "16.4", "Body": ""}
    sid = await phone.write("pin", extra=where)

    assert (await phone.answers(sid))[0]


async def test_only_white_space_on_the_phone(stage: Stage) -> None:
    """A message of blanks is answered."""
    assert "empty" in await stage.phone().ask("  \n ")


async def test_an_emoji_alone(stage: Stage) -> None:
    """A wordless message is answered."""
    assert await stage.phone().ask("🙃")


async def test_eight_thousand_characters_on_the_web(stage: Stage) -> None:
    """A very long text gets an answer, the invoice in it is found, and nothing is written."""
    web = await stage.web(customer=KIM)
    text = "check invoice 18492 please. " + "I have been a customer for many years and like it a lot. " * 140

    assert (await web.ask(text[:8_000]))["text"]
    assert [] == await refunded(stage)


async def test_four_thousand_characters_on_the_phone(stage: Stage) -> None:
    """The longest that WhatsApp takes is answered."""
    assert await stage.phone().ask(("refund refund invoice " * 200)[:4_096])


@EVERYWHERE
async def test_a_person_is_a_ticket_with_a_number(stage: Stage) -> None:
    """Who asks for a person gets the number of a ticket; asking again, even elsewhere, names the same."""
    answer = await stage.phone().ask("I want to talk to a person")
    number = (await stage.operators.tickets())[0]["number"]
    assert f"ticket number {number}" in answer

    web = await stage.web(customer=KIM)

    assert f"ticket number {number}" in (await web.ask("I need to speak to a human"))["text"]
    assert [number] == [t["number"] for t in await stage.operators.tickets()]


@pytest.mark.parametrize("text", ["asdf qwer", "What is the weather like on Mars?", "🤷", "DROP TABLE sessions;"])
async def test_every_message_gets_an_answer(stage: Stage, text: str) -> None:
    """Nonsense is answered with what can be done here."""
    web = await stage.web(customer=KIM)

    assert "did not understand" in (await web.ask(text))["text"]
    assert "still do not understand" in (await web.ask(text))["text"]


async def test_messages_of_two_channels_at_once_are_all_answered(stage: Stage) -> None:
    """Ten messages at once on each channel: each is in the transcript once, and the last word is the bot's."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    await web.ask("hi")
    texts = [f"is invoice {number} paid" for number in (18492, 18493, 18476, 18459, 18440)]

    sent = await asyncio.gather(*(web.say(text) for text in texts), *(phone.write(text) for text in texts))
    await asyncio.gather(*(web.acknowledged(one) for one in sent[:5]), *(phone.deliver(sid) for sid in sent[5:]))
    await stage.operators.at_rest()

    again = await stage.web(visitor=web.visitor)
    shown = [m["text"] for m in again.shown() if m["author"] == "user"]
    assert sorted(["hi", *texts, *texts]) == sorted(shown)
    assert len(web.said_by_bot()) + len(await phone.received()) > 1  # one turn answers where the last word came from
