"""The decisions on vendors' bills, by table and by property."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import decisions
from bot.decided import Decision
from bot.payables_decisions import FIELDS

TODAY = date(2026, 11, 18)
SURE: dict[str, Any] = {
    "vendor_name": {"value": "Berger Studio", "certain": True},
    "invoice_number": {"value": "INV-2207", "certain": True},
    "purchase_order": {"value": "PO-3001", "certain": True},
    "total": {"value": "480.00 USD", "certain": True},
    "due_on": {"value": "2026-12-20", "certain": True},
}
BILL = {name: one["value"] for name, one in SURE.items()}
ORDER = {"found": True, "purchase_order": "PO-3001", "amount": "480.00 USD", "billed": "0.00 USD", "open": "480.00 USD"}
VENDOR = {"found": True, "vendor_id": "V-201", "name": "Berger Studio"}
ENTITIES = st.fixed_dictionaries(
    {
        name: st.builds(
            lambda value, certain: {"value": value, "certain": certain}, st.none() | st.just("1"), st.booleans()
        )
        for name in SURE
    }
)


def decide(name: str, facts: dict[str, Any], **slots: object) -> Decision:
    """Decide, as the workflow does."""
    return decisions.decide(name, facts=facts, slots=slots, limits={}, today=TODAY)


def checked(*, bill: dict[str, Any] | None = None, order: dict[str, Any] | None = None, posted: int = 0) -> Decision:
    """What becomes of a bill of a known vendor."""
    rows = [{"bill_id": "VI-0901", "invoice_number": "INV-2207"}] * posted
    facts = {"bill_terms": {**BILL, **(bill or {})}, "order": {**ORDER, **(order or {})}, "posted": {"invoices": rows}}
    return decide("bill_check", facts)


def test_the_words_are_the_bill_that_was_asked_for() -> None:
    """Else the message that began it, with the subject of the mail."""
    first = decide("bill_words", {}, bill="the bill", subject="Invoice 7").values
    asked = decide("bill_words", {}, bill="I have a bill", subject="Hello", letter="the bill").values
    assert ({"text": "the bill", "subject": "Invoice 7"}, {"text": "the bill", "subject": ""}) == (first, asked)


@pytest.mark.parametrize(
    "lacks, more, expected",
    [
        (("purchase_order",), "PO-3001", "Purchase order: PO-3001"),
        (("purchase_order",), "well it is the one of last week, PO-3001", "well it is the one of last week, PO-3001"),
        (("purchase_order", "total"), "480 USD", "480 USD"),
        ((), None, ""),
    ],
)
def test_a_bare_answer_is_for_what_was_asked(lacks: tuple[str, ...], more: str | None, expected: str) -> None:
    """Where only one value was."""
    parsed = {name: one for name, one in SURE.items() if name not in lacks}
    assert expected == decide("bill_read", {"parsed": parsed}, more=more).values["more"]


def test_no_bill_is_asked_for_once() -> None:
    """A message without one, or one that could not be read, asks for the bill; the next one is taken as it is."""
    assert "needs_bill" == decide("bill_read", {"parsed": None}).outcome
    assert "bill" == decide("bill_read", {"parsed": None}, letter="hm").outcome


@given(ENTITIES, ENTITIES, st.none() | st.just("here it is"))
def test_only_what_is_certain_counts(parsed: dict[str, Any], added: dict[str, Any], more: str | None) -> None:
    """A bill is complete when each value is certain in one reading; what is missing is asked for once at most."""
    found = decide("bill_complete", {"parsed": parsed, "added": added}, more=more)
    sure = [name for name in FIELDS if any(read[name]["certain"] and read[name]["value"] for read in (parsed, added))]
    assert sure == [name for name in FIELDS if found.values[name] is not None]
    assert found.outcome == ("complete" if len(sure) == len(FIELDS) else "missing_field" if more else "needs_more")


def test_what_was_said_later_wins() -> None:
    """The correction is what the bill is over."""
    added = {"total": {"value": "500.00 USD", "certain": True}}
    assert "500.00 USD" == decide("bill_complete", {"parsed": SURE, "added": added}, more="x").values["total"]


@pytest.mark.parametrize(
    "vendor, named, outcome",
    [
        (VENDOR, "Berger Studio", "known"),
        (VENDOR, "Berger Studio GmbH", "known"),
        (VENDOR, None, "known"),
        (VENDOR, "Globex Energy", "unknown_vendor"),
        ({"found": False, "vendor_id": None, "name": None}, "Berger Studio", "unknown_vendor"),
        ({"found": False, "vendor_id": None, "name": None}, None, "unknown_vendor"),
    ],
)
def test_a_bill_is_its_senders_own(vendor: dict[str, Any], named: str | None, outcome: str) -> None:
    """The sender is on file, and the bill names nobody else."""
    found = decide("bill_vendor", {"vendor": vendor, "bill_terms": {**BILL, "vendor_name": named}})
    assert outcome == found.outcome
    assert bool(found.values["reasons"]) == (outcome == "unknown_vendor")


@pytest.mark.parametrize(
    "facts, outcome, reason",
    [
        ({}, "matches", ""),
        ({"posted": 1}, "duplicate", "It was posted before, as VI-0901."),
        ({"order": {"found": False, "open": None}}, "amount_mismatch", "There is no order"),
        ({"bill": {"total": "480.01 USD"}}, "amount_mismatch", "The bill is over 480.01 USD"),
        ({"bill": {"total": "480.00 EUR"}}, "amount_mismatch", "480.00 USD is open"),
        ({"bill": {"total": "0.00 USD"}, "order": {"open": "0.00 USD"}}, "amount_mismatch", "0.00 USD is open"),
        ({"order": {"open": "gone"}}, "amount_mismatch", "The bill is over"),
    ],
)
def test_a_bill_is_held_against_the_order(facts: dict[str, Any], outcome: str, reason: str) -> None:
    """Posted before, no such order, another amount or currency; else it may be posted."""
    found = checked(**facts)
    assert outcome == found.outcome
    assert reason in found.values["reasons"]
    assert bool(found.values["reasons"]) == (outcome != "matches")


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 2))
def test_nothing_is_posted_that_is_not_open(total: int, left: int, posted: int) -> None:
    """Only the very amount that is open, more than nothing, and only once."""
    amounts = (f"{number / 100:.2f} USD" for number in (total, left))
    found = checked(bill={"total": next(amounts)}, order={"open": next(amounts)}, posted=posted)
    assert (found.outcome == "matches") == (total == left > 0 and not posted)
