"""Decisions on disputes: what is wanted, whether an invoice can be disputed, who takes it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from bot.decided import Decision, Facts, Rule
from bot.reading import day_of, invoice_of, is_above, price_of, rows

_WISHES = {"refund": "is_refund", "question": "is_question"}


def dispute_wish(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """Whether the customer disputes an invoice, or rather wants a refund, an answer, or news of a dispute."""
    wish, wanted = slots.get("wish"), slots.get("invoice_id")
    if wish in _WISHES:
        return Decision(outcome=wish, reason=_WISHES[wish])
    if wish != "status":
        return Decision(outcome="dispute")
    found = rows(facts["disputes"], "disputes")
    same = [row for row in found if str(row.get("invoice_id")) == str(wanted)]
    newest = next(iter(same or found), None)
    if newest is None:
        return Decision(outcome="none", reason="no_dispute")
    return Decision(outcome="told", reason="dispute_is", values=_of_dispute(newest))


def dispute_eligibility(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:
    """Whether an invoice can be disputed: there is a bill, nobody looks into it yet, and it is not too long ago."""
    wanted = slots.get("invoice_id")
    invoice = invoice_of(facts["invoices"], wanted)
    if invoice is None:
        return Decision(outcome="ineligible", reason="invoice_unknown", values=_terms({}, {}, limits))
    open_one = next((r for r in rows(facts["disputes"], "disputes") if str(r.get("invoice_id")) == str(wanted)), {})
    values = _terms(invoice, open_one, limits)
    for reason, holds in _OBSTACLES:
        if holds(invoice, open_one, values, today):
            return Decision(outcome="ineligible", reason=reason, values=values)
    if day_of(values["issued_on"]) is None:
        return Decision(outcome="needs_person", reason="needs_a_look", values=values)
    values["needs_approval"] = is_above(values["amount"], limits)
    return Decision(outcome="eligible", values=values)


def dispute_reason(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """Whether the reason is one of those Acme's people know what to do with; any other is told to a person."""
    return Decision(outcome="person" if slots.get("dispute_reason") == "other" else "known", reason="person_looks")


def _of_dispute(row: Facts) -> dict[str, Any]:
    return {
        "dispute_id": row.get("dispute_id"),
        "disputed_invoice": row.get("invoice_id"),
        "dispute_status": row.get("status"),
        "opened_on": row.get("opened_on"),
    }


def _terms(invoice: Facts, open_one: Facts, limits: Facts) -> dict[str, Any]:
    return {
        "invoice_id": invoice.get("invoice_id"),
        "status": invoice.get("status"),
        "amount": price_of(invoice, limits),
        "issued_on": invoice.get("issued_on"),
        "window_days": int(limits.get("window_days", 60)),
        "approval_above": f"{limits.get('approval_above', 500)} {limits.get('currency', 'USD')}",
        "needs_approval": False,
        **_of_dispute(open_one),
    }


Holds = Callable[[Facts, Facts, Facts, date], bool]


def _is_disputed(_invoice: Facts, open_one: Facts, _values: Facts, _today: date) -> bool:
    return bool(open_one)


def _is_refunded(invoice: Facts, _open_one: Facts, _values: Facts, _today: date) -> bool:
    return invoice.get("status") == "refunded" or bool(invoice.get("refunded_on"))


def _is_void(invoice: Facts, _open_one: Facts, _values: Facts, _today: date) -> bool:
    return invoice.get("status") not in {"paid", "open"}


def _is_too_late(_invoice: Facts, _open_one: Facts, values: Facts, today: date) -> bool:
    issued = day_of(values["issued_on"])
    return issued is not None and (today - issued).days > values["window_days"]


_OBSTACLES: tuple[tuple[str, Holds], ...] = (
    ("already_disputed", _is_disputed),
    ("already_refunded", _is_refunded),
    ("nothing_to_dispute", _is_void),
    ("outside_window", _is_too_late),
)
_DISPUTE_FIELDS = frozenset({"dispute_id", "disputed_invoice", "dispute_status", "opened_on"})

DECISIONS: Mapping[str, Rule] = {
    "dispute_wish": Rule(
        decide=dispute_wish,
        outcomes=frozenset({"dispute", "refund", "question", "told", "none"}),
        reasons=frozenset({"no_dispute", "dispute_is", *_WISHES.values()}),
        values=_DISPUTE_FIELDS,
        facts=frozenset({"disputes"}),
    ),
    "dispute_eligibility": Rule(
        decide=dispute_eligibility,
        outcomes=frozenset({"eligible", "ineligible", "needs_person"}),
        reasons=frozenset({"invoice_unknown", "needs_a_look", *(name for name, _ in _OBSTACLES)}),
        values=_DISPUTE_FIELDS
        | {"invoice_id", "status", "amount", "issued_on", "window_days", "approval_above", "needs_approval"},
        facts=frozenset({"invoices", "disputes"}),
    ),
    "dispute_reason": Rule(
        decide=dispute_reason, outcomes=frozenset({"person", "known"}), reasons=frozenset({"person_looks"})
    ),
}
