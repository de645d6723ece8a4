"""Decisions on disputes, addresses and plans, by table and by property."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import decisions, workflows
from bot.decided import Decision
from bot.reading import amount_of
from playground import plans

TODAY = date(2026, 11, 18)
SHIPPED = workflows.load(Path(__file__).parents[2] / "config" / "workflows")
PLANS = [
    {"plan": "starter", "amount": "19.00 USD", "seats_included": 2, "seat_amount": "8.00 USD", "seats_most": 5},
    {"plan": "pro", "amount": "49.00 USD", "seats_included": 5, "seat_amount": "9.00 USD", "seats_most": 50},
    {"plan": "enterprise", "amount": "900.00 USD", "seats_included": 60, "seat_amount": "14.00 USD", "seats_most": 500},
]
ELM = {"street": "12 Elm Street", "city": "Boston", "region": "MA", "postal_code": "02110", "country": "US"}


def decide(workflow: str, decision: str, facts: dict[str, Any], **slots: object) -> Decision:
    """Decide, within a shipped workflow's limits."""
    return decisions.decide(decision, facts=facts, slots=slots, limits=SHIPPED[workflow].limits, today=TODAY)


def dispute(*, status: str = "paid", age: int = 5, disputed: bool = False, **more: object) -> Decision:
    """Decide on a dispute of one invoice, issued so many days ago."""
    issued = (TODAY - timedelta(days=age)).isoformat()
    invoice = {"invoice_id": "18492", "status": status, "amount": "49.00 USD", "issued_on": issued, **more}
    made = {"dispute_id": "DP-1001", "invoice_id": "18492", "status": "open", "opened_on": "2026-11-01"}
    facts = {"invoices": {"invoices": [invoice]}, "disputes": {"disputes": [made] if disputed else []}}
    return decide("billing_dispute", "dispute_eligibility", facts, invoice_id="18492")


@pytest.mark.parametrize(
    "case, outcome, reason",
    [
        ({}, "eligible", ""),
        ({"status": "open"}, "eligible", ""),
        ({"age": 60}, "eligible", ""),
        ({"age": 61}, "ineligible", "outside_window"),
        ({"status": "void"}, "ineligible", "nothing_to_dispute"),
        ({"status": "refunded"}, "ineligible", "already_refunded"),
        ({"refunded_on": "2026-11-01"}, "ineligible", "already_refunded"),
        ({"disputed": True}, "ineligible", "already_disputed"),
        ({"invoice_id": "1"}, "ineligible", "invoice_unknown"),
        ({"issued_on": "soon"}, "needs_person", "needs_a_look"),
    ],
)
def test_when_an_invoice_can_be_disputed(case: dict[str, Any], outcome: str, reason: str) -> None:
    """One row for each rule and each edge."""
    found = dispute(**case)
    assert (outcome, reason) == (found.outcome, found.reason)


@pytest.mark.parametrize("amount, needed", [("500.00 USD", False), ("500.01 USD", True), ("a lot", True)])
def test_a_dispute_above_the_limit_needs_staff(amount: str, needed: bool) -> None:
    """So does one whose amount cannot be read."""
    assert needed is dispute(amount=amount).values["needs_approval"]


@pytest.mark.parametrize(
    "wish, known, outcome",
    [
        (None, 0, "dispute"),
        ("dispute", 1, "dispute"),
        ("refund", 0, "refund"),
        ("question", 1, "question"),
        ("status", 1, "told"),
        ("status", 0, "none"),
    ],
)
def test_what_is_really_wanted(wish: str | None, known: int, outcome: str) -> None:
    """A dispute unless the customer plainly wants something else."""
    made = {"dispute_id": "DP-1001", "invoice_id": "18492", "status": "open", "opened_on": "2026-11-01"}
    facts = {"disputes": {"disputes": [made] * known}}
    assert outcome == decide("billing_dispute", "dispute_wish", facts, wish=wish).outcome


def test_a_reason_that_is_none_of_the_usual_is_for_a_person() -> None:
    """The other reasons go on."""
    assert "person" == decide("billing_dispute", "dispute_reason", {}, dispute_reason="other").outcome
    assert "known" == decide("billing_dispute", "dispute_reason", {}, dispute_reason="wrong_amount").outcome


def test_parts_of_an_address_are_read_beside_it_until_another_comes() -> None:
    """What was asked for belongs to the address that it was asked for."""
    first = decide("billing_address", "address_text", {}, address="12 Elm Street", city="Boston, MA")
    assert "12 Elm Street\ncity: Boston MA" == first.values["text"]
    assert "12 Elm Street" == first.slots["address_read"]
    later = {"address": "5 Oak Ave, Toronto", "address_read": "12 Elm Street", "city": "Boston"}
    again = decide("billing_address", "address_text", {}, **later)
    assert ("5 Oak Ave, Toronto", None) == (again.values["text"], again.slots["city"])


@pytest.mark.parametrize(
    "changes, unsure, outcome",
    [
        ({}, [], "new"),
        ({"city": None}, ["city"], "needs_city"),
        ({}, ["region", "country"], "needs_region"),
        ({}, ["street"], "needs_street"),
        ({}, ["street", "city", "postal_code", "country"], "unreadable"),
        ({"street": "12 Orchard Street"}, [], "unchanged"),
    ],
)
def test_what_is_still_missing_of_an_address(changes: dict[str, Any], unsure: list[str], outcome: str) -> None:
    """The first part that is unsure is asked for; with nothing left, old and new are shown."""
    current = {**ELM, "street": "12 Orchard Street"}
    found = decide(
        "billing_address", "address_terms", {"parsed": {**ELM, **changes, "unsure": unsure}, "current": current}
    )
    assert outcome == found.outcome
    if outcome == "new":
        assert "12 Elm Street, Boston, MA 02110, United States" == found.values["new"]
        assert "12 Orchard Street, Boston, MA 02110, United States" == found.values["old"]


def plan(case: dict[str, Any]) -> Decision:
    """Decide on a change of Kim's subscription."""
    wanted = {name: value for name, value in case.items() if name not in {"coming", "amount"}}
    subscription = {
        "plan": "pro",
        "seats": 5,
        "amount": case.get("amount", "49.00 USD"),
        "renews_on": "2026-12-13",
        "scheduled_change": case.get("coming"),
    }
    return decide("my_plan", "plan_change", {"subscription": subscription, "plans": {"plans": PLANS}}, **wanted)


@pytest.mark.parametrize(
    "case, outcome, reason",
    [
        ({}, "told", "plan_is"),
        ({"wish": "look", "plan_type": "pro"}, "told", "plan_costs"),
        ({"wish": "look", "seats": 10}, "needs_effective", ""),
        ({"wish": "plan"}, "needs_plan", ""),
        ({"wish": "seats"}, "needs_seats", ""),
        ({"seats": 7}, "needs_effective", ""),
        ({"seats": 7, "effective": "now"}, "change", ""),
        ({"plan_type": "starter"}, "change", ""),
        ({"plan_type": "pro"}, "ineligible", "unchanged"),
        ({"seats": 51}, "ineligible", "too_many_seats"),
        ({"seats": 5, "seats_change": "fewer"}, "ineligible", "too_few_seats"),
        ({"seats": 7, "coming": {"plan": "starter", "seats": 2}}, "ineligible", "change_scheduled"),
        ({"amount": "a lot", "plan_type": "enterprise"}, "needs_person", "needs_a_look"),
    ],
)
def test_what_follows_a_wish_for_a_plan(case: dict[str, Any], outcome: str, reason: str) -> None:
    """One row for each way a wish can go."""
    found = plan(case)
    assert (outcome, reason) == (found.outcome, found.reason)


@pytest.mark.parametrize(
    "case, price, difference, effective, approval",
    [
        (
            {"seats": 2, "seats_change": "more", "effective": "now"},
            "67.00 USD",
            "18.00 USD more than now",
            "now",
            False,
        ),
        ({"seats": 7, "effective": "renewal"}, "67.00 USD", "18.00 USD more than now", "renewal", False),
        ({"plan_type": "starter"}, "43.00 USD", "6.00 USD less than now", "renewal", False),
        ({"plan_type": "starter", "effective": "now"}, "43.00 USD", "6.00 USD less than now", "renewal", False),
        ({"plan_type": "enterprise", "effective": "now"}, "900.00 USD", "851.00 USD more than now", "now", True),
        ({"seats": 4, "effective": "now"}, "49.00 USD", "the same as now", "now", False),
        ({"seats": 50, "effective": "now"}, "454.00 USD", "405.00 USD more than now", "now", False),
    ],
)
def test_the_terms_of_a_change(
    case: dict[str, Any], price: str, difference: str, effective: str, approval: bool
) -> None:
    """What it costs, how that differs, when it begins, and whether staff must agree."""
    found = plan(case)
    assert "change" == found.outcome
    assert (price, difference, approval) == tuple(
        found.values[name] for name in ("price", "difference", "needs_approval")
    )
    assert effective == found.slots["effective"]
    assert found.values["effective_on"] == (TODAY.isoformat() if effective == "now" else "2026-12-13")


@given(
    name=st.sampled_from(["starter", "pro", "enterprise"]),
    seats=st.integers(1, 500),
    how=st.sampled_from([None, "total", "more", "fewer"]),
    effective=st.sampled_from(["now", "renewal"]),
)
@settings(deadline=None)
def test_terms_are_those_of_acme(name: str, seats: int, how: str | None, effective: str) -> None:
    """Whatever is wanted: the price is Acme's own, less never begins at once, and much always needs staff."""
    found = plan({"plan_type": name, "seats": seats, "seats_change": how, "effective": effective})
    if found.outcome != "change":
        assert found.reason in {"unchanged", "too_many_seats", "too_few_seats"}
        return
    price = amount_of(found.values["price"])
    assert price is not None
    assert f"{price:.2f}" == plans.PLANS[name].month(found.values["seats"])
    assert found.values["needs_approval"] == (name == "enterprise" or price > 500)
    if price < Decimal(49):
        assert "renewal" == found.slots["effective"]


@pytest.mark.parametrize(
    "held, wanted",
    [
        ({"plan": "gone"}, {"seats": 7}),
        ({"seats": None}, {"plan_type": "enterprise"}),
        ({"amount": "a lot"}, {"plan_type": "enterprise"}),
    ],
)
def test_what_cannot_be_worked_out_is_for_a_person(held: dict[str, Any], wanted: dict[str, Any]) -> None:
    """A plan nobody knows, seats or prices that cannot be read: nothing is guessed."""
    subscription = {"plan": "pro", "seats": 5, "amount": "49.00 USD", "renews_on": "2026-12-13", **held}
    facts = {"subscription": subscription, "plans": {"plans": PLANS}}
    assert "needs_person" == decide("my_plan", "plan_change", facts, **wanted).outcome


def test_what_was_done_in_words() -> None:
    """One seat is no seats, and a place without a region has no gap."""
    change = {"plan_type": "starter", "seats": 1}
    assert "Starter with 1 seat" == decide("my_plan", "plan_changed", {"change": change}).values["new"]
    berlin = {"street": "Hauptstraße 5", "city": "Berlin", "region": "", "postal_code": "10115", "country": "DE"}
    found = decide("billing_address", "address_line", {"record": berlin})
    assert "Hauptstraße 5, Berlin, 10115, Germany" == found.values["line"]
