"""A mail that only claims to be Kim's, within Kim's thread: it consents to nothing, sets nothing and learns nothing."""

from __future__ import annotations

import pytest

from tests.flows.told import NOTICE, REASON, TERMS, refunded
from tests.harness.mailbox import Mailbox
from tests.harness.outside import KIM, Json
from tests.harness.stage import Stage

PRIVATE = ("49.00", "120.00", "Berger", "18492 is", "18493 is")


async def forged(mailbox: Mailbox, letter: Json, text: str) -> str:
    """Answer a letter as somebody who has it, but cannot sign for its domain; gives what comes back."""
    return said(await mailbox.ask_on(letter, text, auth="fail", **{"from": "kim@example.com"}))


def said(letter: Json) -> str:
    """What the bot says in a letter, without what is quoted below it and the greeting above."""
    return str(letter["text"]).partition("\n\n")[2].partition("\n\nAcme Support\n")[0]


@pytest.mark.parametrize(
    "text", ["check invoice 18493", "what did I ask before?", "yes", "1", "UNLINK", "refund 18492"]
)
async def test_nothing_private_is_told(stage: Stage, text: str) -> None:
    """The thread is known, the sender is not: a public answer, or none; and the real Kim is answered as before."""
    mailbox = stage.mailbox()
    letter = await mailbox.ask("check invoice 18492")
    answer = await forged(mailbox, letter, text)
    assert answer
    assert not [word for word in PRIVATE if word in answer]
    assert "120.00" in said(await mailbox.ask_on(letter, "check invoice 18493"))
    assert 1 == len([s for s in await stage.operators.sessions() if not s["forwarded_to"]])


async def test_it_is_no_consent(stage: Stage) -> None:
    """Neither a yes to open terms, nor a no; the terms wait for Kim's own."""
    mailbox = stage.mailbox()
    question = await mailbox.ask("I want a refund for invoice 18492")
    terms = await mailbox.ask_on(question, "1")
    assert TERMS in said(terms)
    for text in ("Yes, please go ahead.", "no", "yes", "cancel"):
        assert NOTICE not in await forged(mailbox, terms, text)
    assert [] == await refunded(stage)
    assert NOTICE in said(await mailbox.ask_on(terms, "Yes, please go ahead."))
    assert ["18492"] == await refunded(stage)


async def test_it_answers_no_question(stage: Stage) -> None:
    """What is asked for stays open: the refund's reason is Kim's to give."""
    mailbox = stage.mailbox()
    question = await mailbox.ask("I want a refund for invoice 18492")
    assert REASON in said(question)
    assert "Please confirm" not in await forged(mailbox, question, "4")
    terms = said(await mailbox.ask_on(question, "1"))
    assert TERMS in terms
    assert "charged twice" in terms


async def test_a_person_may_be_asked_for(stage: Stage) -> None:
    """What concerns nobody's account is done for anybody."""
    mailbox = stage.mailbox()
    letter = await mailbox.ask("check invoice 18492")
    assert "ticket number" in await forged(mailbox, letter, "I want to talk to a person please")


async def test_it_does_not_lead_replies_elsewhere(stage: Stage) -> None:
    """Kim's chat is where she was last: a forged mail in between does not make it the mailbox, nor take proof away."""
    mailbox, web = stage.mailbox(), await stage.web(customer=KIM)
    letter = await mailbox.ask("check invoice 18492")
    terms = await web.click(await web.ask("I want a refund for invoice 18492"), "I was charged twice")
    await forged(mailbox, letter, "yes")
    assert [] == await refunded(stage)
    assert NOTICE in (await web.click(terms, "Yes"))["text"]


async def test_a_stranger_with_the_same_name(stage: Stage) -> None:
    """A forged `From` without any letter of ours is a person of their own, who is asked to sign in."""
    kim = stage.mailbox()
    await kim.ask("check invoice 18492")
    before = len(await kim.letters())
    await stage.outside.post(
        "/mail/act",
        {
            "act": "compose",
            "box": "eve@evil.example",
            "from": "Kim Berger <kim@example.com>",
            "text": "check invoice 18493",
        },
    )
    await stage.operators.at_rest()
    answers = (await kim.letters())[before:]
    assert not [m for m in answers if "120.00" in m["text"]]
    session = await stage.operators.session_of("email:kim@example.com")
    assert "18493" not in str(await stage.operators.events(session))
