"""Who gets a refund and who does not: decided by policy, said with the reason, written only after a yes."""

from __future__ import annotations

import pytest

from tests.flows.told import NOTICE, TERMS, asked_for_consent, refunded
from tests.harness.outside import KIM, LEE
from tests.harness.stage import Stage

INELIGIBLE = {
    "18401": "a refund is possible within 30 days of payment",
    "18493": "is open, not paid",
    "18310": "has been refunded already",
    "20001": "cannot find invoice 20001 among your invoices",
}


async def test_nothing_is_written_before_a_yes(stage: Stage) -> None:
    """Asking, choosing a reason and seeing the terms write nothing; the yes writes once."""
    web = await stage.web(customer=KIM)
    terms = await asked_for_consent(web)
    assert [] == await stage.outside.get("/acme/ledger")

    answer = await web.click(terms, "Yes")

    assert NOTICE in answer["text"]
    assert ["18492"] == await refunded(stage)


@pytest.mark.parametrize("text", ["check the status of my refund", "refund status", "did you process my refund yet"])
async def test_asking_how_a_refund_stands_never_writes(stage: Stage, text: str) -> None:
    """Neither before there is one, nor with the terms on the table, nor after."""
    web = await stage.web(customer=KIM)
    assert "refund" in (await web.ask(text))["text"]
    terms = await asked_for_consent(web)
    await web.ask(text)
    assert [] == await refunded(stage)
    shown = await web.seen(lambda m: m["text"].endswith(terms["text"]) and bool(m["choices"]), "the terms again")
    await web.click(shown, "Yes")

    answer = await web.ask(text)

    assert "RF-1001" in answer["text"]
    assert ["18492"] == await refunded(stage)


@pytest.mark.parametrize("invoice", INELIGIBLE)
async def test_an_ineligible_refund_is_refused_with_the_reason(stage: Stage, invoice: str) -> None:
    """The customer learns why, and is not asked for a reason or a confirmation first."""
    web = await stage.web(customer=KIM)

    answer = await web.ask(f"I want a refund for invoice {invoice}")

    assert INELIGIBLE[invoice] in answer["text"]
    assert [] == answer["choices"]
    assert [] == await refunded(stage)


async def test_a_refund_above_the_limit_waits_for_staff(stage: Stage) -> None:
    """After the customer's yes it opens a ticket, names its number and writes nothing."""
    web = await stage.web(customer=LEE)
    question = await web.ask("please refund invoice 20001")
    terms = await web.click(question, "I no longer need it")
    assert "Amount: 900.00 USD" in terms["text"]
    assert [] == await stage.operators.tickets()

    answer = await web.click(terms, "Yes")

    ticket = (await stage.operators.tickets())[0]
    assert "approval" == ticket["reason"]
    assert "above 500.00 USD" in answer["text"]
    assert f"ticket number {ticket['number']}" in answer["text"]
    assert answer["ticket"] == ticket["number"]
    assert [] == await refunded(stage)


async def test_a_second_refund_of_the_same_invoice_is_refused(stage: Stage) -> None:
    """Once it is refunded, asking again is told so."""
    web = await stage.web(customer=KIM)
    await web.click(await asked_for_consent(web), "Yes")

    answer = await web.ask("I want a refund for invoice 18492")

    assert "has been refunded already" in answer["text"]
    assert ["18492"] == await refunded(stage)


async def test_the_state_carries_the_slots_by_their_names(stage: Stage) -> None:
    """Operators, and tests of others, read the task by the names that are promised."""
    web = await stage.web(customer=KIM)
    terms = await asked_for_consent(web)
    session = (await stage.operators.sessions())[0]["id"]
    task = (await stage.operators.session(session))["task"]
    assert {
        "invoice_id": "18492",
        "customer_id": KIM,
        "refund_reason": "duplicate",
        "eligibility_status": "eligible",
        "confirmation": "pending",
    } == {k: v for k, v in task["slots"].items() if k != "order_id"}
    assert "request" == task["step"]

    await web.click(terms, "Yes")

    done = (await stage.operators.session(session))["tasks"][0]
    assert ("confirmed", "notify", "done") == (done["confirmation"], done["step"], done["outcome"])


async def test_an_order_number_is_taken_for_the_invoice(stage: Stage) -> None:
    """`order` in place of `invoice` leads to the same terms."""
    web = await stage.web(customer=KIM)

    question = await web.ask("I was charged twice, please refund order 18492")

    assert question["text"].startswith(TERMS)
