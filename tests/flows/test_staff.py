"""People behind the bot: approvals, takeover, tickets with their outcome, what staff ask the bot."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from state.identity import Address, Assurance
from tests.contract.stores import PACE, said
from tests.flows.desk import Desk
from tests.flows.told import EVERYWHERE, NOTICE, refunded
from tests.harness.outside import KIM, LEE, LEES_PHONE, Json
from tests.harness.places import ROBIN, SAM
from tests.harness.waiting import until
from tests.harness.web import WebClient

ENDED = ("status", "outcome", "goal", "outcome_reason")


async def waiting(desk: Desk) -> WebClient:
    """Lee asked for a refund above the limit and agreed to its terms; staff are asked."""
    web = await desk.stage.web(customer=LEE)
    question = await web.ask("please refund invoice 20001")
    terms = await web.click(question, "I no longer need it")
    assert "a colleague has to approve it" in (await web.click(terms, "Yes"))["text"]
    return web


async def shown(web: WebClient, words: str) -> Json:
    """Wait for words in the chat."""
    return await web.seen(lambda m: words in m["text"], words)


def of_the_bot(web: WebClient) -> list[str]:
    """What the bot itself said in this chat."""
    return [m["text"] for m in web.shown() if m["author"] == "bot"]


async def ended(desk: Desk) -> tuple[object, ...]:
    """How the only ticket ended."""
    await desk.happened("TicketClosed")
    (ticket,) = await desk.stage.operators.tickets()
    return tuple(ticket[name] for name in ENDED)


@EVERYWHERE
async def test_a_refund_above_the_limit_is_made_once_it_is_approved(desk: Desk) -> None:
    """Nothing before, one refund after; the customer is told where they are; the action says who agreed."""
    web = await waiting(desk)
    assert [] == await refunded(desk.stage)
    asked = await desk.request()
    assert {"Amount": "900.00 USD", "Reason": "I no longer need it"}.items() <= dict(asked["lines"]).items()
    assert "above 500.00 USD" in asked["why"]

    assert (await desk.decide("approve", who=SAM)).done

    await shown(web, NOTICE)
    assert ["20001"] == await refunded(desk.stage)
    assert ("resolved", "staff", 1, "done") == await ended(desk)
    given = (await desk.stage.operators.get(f"/actions/{asked['action']}"))["approval"]
    assert ("approved", SAM, "Sam") == (given["verdict"], given["staff"], given["name"])
    assert given["at"] > 0


@EVERYWHERE
async def test_started_on_the_web_confirmed_on_the_phone_approved_by_staff(desk: Desk) -> None:
    """One task over the channels: the yes comes from WhatsApp, and so does the word that it is done."""
    web = await desk.stage.web(customer=LEE)
    await web.click(await web.ask("please refund invoice 20001"), "I no longer need it")
    phone = desk.stage.phone(LEES_PHONE)
    assert "a colleague has to approve it" in await phone.ask("yes")
    assert "still has to approve this" in await phone.ask("any update?")

    assert (await desk.decide("approve", who=SAM)).done

    async def told() -> bool:
        return any(NOTICE in text for text in await phone.received())

    await until(told, "the word on the phone that it is done")
    assert ["20001"] == await refunded(desk.stage)


async def test_what_is_denied_is_not_done(desk: Desk) -> None:
    """The customer is told; a later yes comes too late."""
    web = await waiting(desk)
    assert (await desk.decide("deny", who=SAM, text="not this time")).done
    assert "nothing was refunded" in (await shown(web, "was not approved"))["text"]
    assert "decided" == (await desk.decide("approve", who=SAM)).reason
    assert [] == await refunded(desk.stage)
    assert ("resolved", "staff", 0, "refused") == await ended(desk)


async def test_many_clicks_refund_once(desk: Desk) -> None:
    """By the wrong person, doubled, racing: one refund."""
    await waiting(desk)
    clicks = await asyncio.gather(*(desk.decide("approve", who=who) for who in (ROBIN, SAM, SAM, SAM, ROBIN)))
    reasons = [one.reason for one in clicks]
    assert (1, 2) == (reasons.count("done"), reasons.count("decided") - reasons[::4].count("decided"))
    assert set(reasons[::4]) <= {"role", "decided"}
    await desk.stage.operators.at_rest()
    assert ["20001"] == await refunded(desk.stage)


async def test_a_stranger_decides_nothing(desk: Desk) -> None:
    """Who is not on the list is nobody, whatever their channel says of them."""
    await waiting(desk)
    for who in ("T0ACME0001/U0GUEST001", "T0OTHER001/U0SAM00001", "x"):
        assert "not_staff" == (await desk.decide("approve", who=who)).reason
    assert [] == await refunded(desk.stage)


async def test_the_customer_withdraws_what_waits_for_staff(desk: Desk) -> None:
    """A plain no while nobody has decided; the late approval is void."""
    web = await waiting(desk)
    assert "withdrawn" in (await web.ask("no, forget it"))["text"]
    assert "void" == (await desk.decide("approve", who=SAM)).reason
    assert [] == await refunded(desk.stage)


@pytest.mark.parametrize("tuning", [{"approval_hours": 0.00001}])
async def test_nobody_decides_in_time(desk: Desk) -> None:
    """The customer hears it, and nothing is done by a late click."""
    web = await waiting(desk)
    await shown(web, "Nobody decided")
    assert "expired" == (await desk.decide("approve", who=SAM)).reason
    assert [] == await refunded(desk.stage)


async def test_arguments_that_change_after_the_request_void_it(desk: Desk) -> None:
    """The customer gives another reason: what staff saw is no longer asked for, and new terms need a new yes."""
    web = await waiting(desk)
    first = await desk.request()
    again = await web.ask("please refund invoice 20001, it does not work as described")
    assert "The terms have changed" in again["text"]
    assert "Reason: It does not work as described" in again["text"]
    assert "void" == (await desk.decide("approve", who=SAM)).reason
    assert [] == await refunded(desk.stage)

    await web.click(again, "Yes")
    assert first["args_hash"] != (await desk.request())["args_hash"]
    assert "void" == (await desk.decide("approve", who=SAM, args_hash=first["args_hash"])).reason
    assert (await desk.decide("approve", who=SAM)).done
    await shown(web, NOTICE)
    assert ["20001"] == await refunded(desk.stage)


@EVERYWHERE
async def test_a_person_takes_over_and_gives_back(desk: Desk) -> None:
    """The bot is silent in between; afterwards the task goes on where it stood."""
    web = await desk.stage.web(customer=KIM)
    await web.ask("I want to talk to a person")
    await web.click(await web.ask("I want a refund for invoice 18492"), "I was charged twice")
    said = of_the_bot(web)

    assert (await desk.act("take_over")).done
    await web.acknowledged(await web.say("hello? are you there"))
    await desk.stage.operators.at_rest()
    assert {"type": "status", "mode": "staff"} in web.frames
    assert (await desk.act("reply", text="Robin here, one moment")).done
    word = await shown(web, "Robin here")
    assert ("staff", "Robin", "Robin here, one moment") == (word["author"], word["name"], word["text"])
    await web.acknowledged(await web.say("thank you Robin"))
    await desk.stage.operators.at_rest()
    assert said == of_the_bot(web)

    assert (await desk.act("hand_back")).done
    terms = await shown(web, "I need a clear yes or no")
    assert NOTICE in (await web.click(terms, "Yes"))["text"]
    assert ["18492"] == await refunded(desk.stage)


async def test_what_is_approved_while_a_person_speaks_is_done_without_a_word(desk: Desk) -> None:
    """The write goes through once; the bot's words about it are a note that staff may send."""
    web = await waiting(desk)
    await desk.act("take_over", who=SAM)
    said = of_the_bot(web)
    assert (await desk.decide("approve", who=SAM)).done
    (note,) = [one for one in await desk.notes() if NOTICE in one["text"]]
    assert ("withheld", True) == (note["kind"], note["sendable"])
    assert ["20001"] == await refunded(desk.stage)
    assert said == of_the_bot(web)


async def test_staff_resolve_and_the_bot_is_back(desk: Desk) -> None:
    """With an outcome that can be counted."""
    web = await desk.stage.web(customer=KIM)
    await web.ask("I want to talk to a person")
    await desk.act("reply", text="Solved it for you")
    assert (await desk.act("resolve")).done
    assert ("resolved", "staff", 1, "solved") == await ended(desk)
    assert "Invoice 18492 is paid" in (await web.ask("check invoice 18492"))["text"]


@pytest.mark.parametrize("tuning", [{"handoff_wait_s": 0.1}])
async def test_nobody_is_there(desk: Desk) -> None:
    """The customer is told, with the ticket's number."""
    web = await desk.stage.web(customer=KIM)
    await web.ask("I want to talk to a person")
    word = await shown(web, "Nobody of our team is free")
    (ticket,) = await desk.stage.operators.tickets()
    assert f"ticket number {ticket['number']}" in word["text"]


async def test_staff_ask_the_bot(desk: Desk) -> None:
    """A summary, a look-up, a draft: notes for staff, of which nothing reaches the customer."""
    web = await desk.stage.web(customer=KIM)
    await web.ask("I want to talk to a person")
    await desk.act("take_over")
    await web.acknowledged(await web.say("check invoice 18492"))
    await desk.stage.operators.at_rest()
    before = len(web.shown())
    for verb, text in (("summarize", ""), ("ask", "status of invoice 18493"), ("draft", "")):
        assert (await desk.act(verb, text=text)).done
        await desk.stage.operators.at_rest()
    summary, looked_up, draft = await desk.notes()
    assert "customer C-1001" in summary["text"]
    assert "> check invoice 18492" in summary["text"]
    assert "Invoice 18493 is open" in looked_up["text"]
    assert "Invoice 18492 is paid" in draft["text"]
    assert (False, True, True) == tuple(note["sendable"] for note in (summary, looked_up, draft))
    assert before == len(web.shown())


async def test_a_forged_mail_does_not_hold_up_what_was_approved(desk: Desk) -> None:
    """One that comes in the same turn as the decision: the refund is made all the same, and once."""
    await waiting(desk)
    await desk.stage.operators.at_rest()
    store = desk.services.parts.store
    (row,) = [one for one in await desk.stage.operators.sessions() if not one["forwarded_to"]]
    assert await store.own_mail(row["user_id"], "lee@example.com")
    forged = said("hello?", sender=Address(channel="email", address="lee@example.com"), assurance=Assurance.CLAIMED)
    _, ready = await store.accept(forged, replace(PACE, worker="another"))
    assert ready
    assert ready.lease
    assert (await desk.decide("approve", who=SAM)).done
    await store.release(ready.lease, after_ms=0)
    await desk.stage.operators.at_rest()
    assert ["20001"] == await refunded(desk.stage)


async def test_a_ticket_is_closed_by_its_own_task_alone(desk: Desk) -> None:
    """A thank-you in between does not close what waits for staff."""
    web = await waiting(desk)
    await web.ask("thank you")
    await desk.stage.operators.at_rest()
    (ticket,) = await desk.stage.operators.tickets()
    assert ("open", None) == (ticket["status"], ticket["outcome"])
    assert (await desk.decide("approve", who=SAM)).done
    await shown(web, NOTICE)
    assert ("resolved", "staff", 1, "done") == await ended(desk)
