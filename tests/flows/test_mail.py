"""Whole conversations by mail, over real SMTP and the webhook: every program, threads, forgeries, bounces, notes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.flows.desk import Desk
from tests.flows.told import EVERYWHERE, NOTICE, REASON, TERMS, asked_for_consent, refunded
from tests.harness.mailbox import Mailbox
from tests.harness.outside import KIM, Json
from tests.harness.stage import Stage
from tests.harness.waiting import until

CLIENTS = ["plain", "gmail", "outlook", "apple", "thunderbird"]


def said(letter: Json) -> str:
    """What the bot says in a letter, without greeting and signature."""
    return str(letter["text"]).partition("Kim Berger,\n\n")[2].partition("\n\nAcme Support\n")[0]


async def smtp(stage: Stage) -> int:
    """How many letters left, taken or not."""
    return len(await stage.outside.get("/mail/smtp"))


@EVERYWHERE
@pytest.mark.parametrize("client", ["gmail"])
async def test_a_refund_by_mail(stage: Stage, client: str) -> None:
    """From the first mail to the word that it is done: one thread, one ticket, one refund."""
    await _refund(stage.mailbox(), stage, client)


@pytest.mark.parametrize("client", CLIENTS[2:])
async def test_a_refund_by_mail_with_every_program(stage: Stage, client: str) -> None:
    """Whatever it quotes, and wherever the answer stands."""
    await _refund(stage.mailbox(), stage, client)


async def _refund(box: Mailbox, stage: Stage, client: str) -> None:
    question = await box.ask("I want a refund for invoice 18492", subject="Money back", client=client)
    assert REASON in said(question)
    assert "Reply with 1, 2, 3 or 4:\n1. I was charged twice" in said(question)
    terms = await box.ask_on(question, "1", client=client)
    assert said(terms).startswith(TERMS)
    done = await box.ask_on(terms, "Yes, please go ahead.", client=client)
    assert NOTICE in said(done)
    assert ["18492"] == await refunded(stage)
    letters = [question, terms, done]
    assert 1 == len({letter["subject"] for letter in letters})
    assert "Re: Money back [#" in letters[0]["subject"]
    for earlier, later in pairwise(letters):
        assert earlier["message_id"] in later["references"]
        assert later["in_reply_to"] in later["references"]
    assert 1 == len(await stage.operators.sessions())


@EVERYWHERE
async def test_a_task_of_the_web_goes_on_by_mail(stage: Stage) -> None:
    """Asked in the chat, confirmed by a mail that quotes nothing; the word that it is done comes by mail."""
    web = await stage.web(customer=KIM)
    await asked_for_consent(web)
    done = await stage.mailbox().ask("yes", subject="my refund")
    assert NOTICE in said(done)
    assert ["18492"] == await refunded(stage)


async def test_a_forged_sender_learns_nothing(stage: Stage) -> None:
    """Neither by the address alone, nor in the thread of the real one; both get an answer without a fact of theirs."""
    box = stage.mailbox()
    real = await box.ask("check invoice 18492", subject="Invoice")
    assert "49.00 USD" in said(real)
    before = len(await box.letters())
    subject = "Your money is lost, call +1 555 0100"
    await box.write("check invoice 18492", subject=subject, auth="fail")

    async def answered() -> Json | None:
        found = await box.letters()
        return found[-1] if len(found) > before else None

    letter = await until(answered, "an answer to the forgery")
    assert "49.00" not in letter["text"]
    assert "555 0100" not in f"{letter['subject']}{letter['text']}"
    assert "Kim" not in letter["text"]
    assert real["subject"] != letter["subject"]
    assert 2 == len(await stage.operators.sessions())


async def test_a_holiday_note_is_answered_by_nobody(stage: Stage) -> None:
    """One question, one answer, one note, and then silence."""
    box = stage.mailbox()
    await box.habits(holiday="I am on holiday until Monday.")
    await box.ask("check invoice 18492")

    async def noted() -> bool:
        return len(await stage.outside.get("/mail/deliveries")) == 2

    await until(noted, "the note to be brought")
    await stage.operators.at_rest()
    assert 1 == await smtp(stage)
    await box.habits(holiday=None)
    await box.ask("check invoice 18493")  # so that somebody has the last word: the note is no message


@EVERYWHERE
async def test_a_letter_that_comes_back_is_said_another_way(desk: Desk) -> None:
    """The mail server took it and then could not bring it: the phone has it instead."""
    box, phone = desk.stage.mailbox(), desk.stage.phone()
    assert "Invoice 18492 is paid" in await phone.ask("check invoice 18492")
    await box.habits(bounce="hard")
    await box.write("check invoice 18493", subject="The other one")

    async def told() -> bool:
        return any("18493" in text for text in await phone.received())

    await until(told, "the answer on the phone")
    (failed,) = await desk.logged("DeliveryFailed")
    assert ("email", "bounced 5.1.1") == (failed["channel"], failed["reason"])
    assert "not delivered by e-mail: WhatsApp" == (await desk.logged("ReplyQueued"))[-1]["why"]


async def test_a_server_that_is_busy_gets_the_letter_later(stage: Stage) -> None:
    """And the same letter: one is in the box."""
    await stage.outside.post("/mail/faults", {"kind": "smtp_lost_answer", "path": "/data", "times": 1})
    letter = await stage.mailbox().ask("check invoice 18492")

    async def again() -> bool:
        return await smtp(stage) == 2

    await until(again, "the second attempt")
    assert {letter["message_id"]} == {row["message_id"] for row in await stage.outside.get("/mail/smtp")}


async def test_who_unsubscribes_by_mail_is_told_once(desk: Desk) -> None:
    """By the subject or the text; the rest of the mail is answered too."""
    box = desk.stage.mailbox()
    letter = await box.ask("unsubscribe", subject="unsubscribe")
    assert "You will get no more messages from us here" in said(letter)
    assert [False] == [changed["granted"] for changed in await desk.logged("ConsentChanged")]
    assert "Invoice 18492 is paid" in said(await box.ask("check invoice 18492"))
