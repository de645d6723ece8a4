"""The decisions by table and by property: when a refund is due, and which refund was the last."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import decisions, workflows
from bot.decided import Decision
from state import errors

TODAY = date(2026, 11, 18)
REFUND = workflows.load(Path(__file__).parents[2] / "config" / "workflows")["refund"]


def decide(
    *,
    status: str = "paid",
    amount: str | None = "49.00 USD",
    age: int | None = 5,
    plan: str = "pro",
    prior: int | None = 0,
    refunded_on: str | None = None,
    wanted: str = "18492",
) -> Decision:
    """Decide on one invoice, paid so many days ago."""
    paid_on = (TODAY - timedelta(days=age)).isoformat() if age is not None else None
    invoice = {
        "invoice_id": "18492",
        "status": status,
        "amount": amount,
        "paid_on": paid_on,
        "refunded_on": refunded_on,
    }
    facts: dict[str, Any] = {
        "customer": {"plan": plan, "refunds_last_12_months": prior},
        "invoices": {"invoices": [{"invoice_id": "1", "status": "open"}, invoice]},
    }
    return decisions.decide(
        "refund_eligibility", facts=facts, slots={"invoice_id": wanted}, limits=REFUND.limits, today=TODAY
    )


@pytest.mark.parametrize(
    "case,outcome,reason",
    [
        ({}, "eligible", ""),
        ({"age": 30}, "eligible", ""),
        ({"age": 31}, "ineligible", "outside_window"),
        ({"age": 200}, "ineligible", "outside_window"),
        ({"age": 60, "plan": "enterprise"}, "eligible", ""),
        ({"age": 61, "plan": "enterprise"}, "ineligible", "outside_window"),
        ({"age": 31, "plan": "a plan nobody listed"}, "ineligible", "outside_window"),
        ({"prior": 1}, "eligible", ""),
        ({"prior": 2}, "ineligible", "too_many_refunds"),
        ({"status": "open", "age": None}, "ineligible", "not_paid"),
        ({"status": "void"}, "ineligible", "not_paid"),
        ({"status": "refunded"}, "ineligible", "already_refunded"),
        ({"refunded_on": "2026-11-17"}, "ineligible", "already_refunded"),
        ({"amount": "0.00 USD"}, "ineligible", "no_amount"),
        ({"amount": "-5.00 USD"}, "ineligible", "no_amount"),
        ({"amount": "500.00 USD"}, "eligible", ""),
        ({"amount": "49.00 EUR"}, "needs_person", "needs_a_look"),
        ({"amount": "much"}, "needs_person", "needs_a_look"),
        ({"amount": None}, "needs_person", "needs_a_look"),
        ({"amount": "NaN"}, "needs_person", "needs_a_look"),
        ({"age": None}, "needs_person", "needs_a_look"),
        ({"prior": None}, "needs_person", "needs_a_look"),
        ({"wanted": "99999"}, "ineligible", "invoice_unknown"),
    ],
)
def test_refund_eligibility(case: dict[str, Any], outcome: str, reason: str) -> None:
    """Status, window by plan, prior refunds, amount and limit, each at its edge."""
    decision = decide(**case)
    assert (decision.outcome, decision.reason) == (outcome, reason)
    expected = {"eligible": "eligible", "ineligible": "ineligible"}.get(outcome)
    assert decision.slots == ({"eligibility_status": expected} if expected else {})


def test_the_exact_terms_come_with_the_decision() -> None:
    """What is shown for consent is what the decision rests on."""
    values = decide().values
    assert (values["invoice_id"], values["amount"], values["paid_on"]) == ("18492", "49.00 USD", "2026-11-13")


def test_a_currency_beside_the_amount_is_the_same() -> None:
    """Invoices that keep amount and currency apart decide alike."""
    facts = {
        "customer": {"plan": "pro", "refunds_last_12_months": 0},
        "invoices": [
            {"invoice_id": "1", "status": "paid", "amount": "49.00", "currency": "USD", "paid_on": TODAY.isoformat()}
        ],
    }
    found = decisions.decide("refund_eligibility", facts=facts, slots={"invoice_id": 1}, limits={}, today=TODAY)
    assert (found.outcome, found.values["amount"]) == ("eligible", "49.00 USD")


@settings(max_examples=200)
@given(
    status=st.sampled_from(["paid", "open", "void", "refunded", ""]),
    amount=st.decimals(min_value=-1000, max_value=2000, places=2).map(lambda value: f"{value} USD"),
    age=st.integers(min_value=0, max_value=400),
    plan=st.sampled_from(["pro", "enterprise", "free"]),
    prior=st.integers(min_value=0, max_value=5),
)
def test_nothing_is_refunded_against_the_policy(status: str, amount: str, age: int, plan: str, prior: int) -> None:
    """Whatever the case, `eligible` means paid, within the window, few refunds, and above the limit with staff."""
    decision = decide(status=status, amount=amount, age=age, plan=plan, prior=prior)
    if decision.outcome == "eligible":
        assert status == "paid"
        assert age <= (60 if plan == "enterprise" else 30)
        assert prior < 2
        assert float(amount.removesuffix(" USD")) > 0
    else:
        assert decision.reason in REFUND.replies


REFUNDS = {
    "invoices": [
        {"invoice_id": "1", "amount": "5.00 USD", "refunded_on": "2026-10-01"},
        {"invoice_id": "2", "amount": "7.00 USD", "refunded_on": "2026-11-01"},
        {"invoice_id": "3", "amount": "9.00 USD", "refunded_on": None},
    ]
}


@pytest.mark.parametrize(
    "refunds,wanted,outcome,reason,invoice",
    [
        (REFUNDS, None, "found", "", "2"),
        (REFUNDS, "1", "found", "", "1"),
        (REFUNDS, "9", "none", "no_refund_for_invoice", None),
        ({"invoices": []}, None, "none", "no_refund", None),
        (None, None, "none", "no_refund", None),
    ],
)
def test_latest_refund(refunds: object, wanted: str | None, outcome: str, reason: str, invoice: str | None) -> None:
    """The newest, or the one that was named; or why there is none."""
    found = decisions.decide(
        "latest_refund", facts={"invoices": refunds}, slots={"invoice_id": wanted}, limits={}, today=TODAY
    )
    assert (found.outcome, found.reason, found.values.get("invoice_id")) == (outcome, reason, invoice)


def test_every_rule_says_what_it_declares() -> None:
    """The values and slots of real decisions are among those declared for workflows."""
    rule = decisions.DECISIONS["refund_eligibility"]
    decision = decide()
    assert set(decision.values) <= rule.values
    assert set(decision.slots) <= rule.slots
    assert decision.outcome in rule.outcomes


def test_an_unknown_decision_is_refused() -> None:
    """A name that is not in the table raises."""
    with pytest.raises(errors.BadInput, match="no decision is named 'x'"):
        decisions.decide("x", facts={}, slots={}, limits={}, today=TODAY)
