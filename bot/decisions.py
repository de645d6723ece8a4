"""The decisions that workflows name: pure functions of facts, slots, limits and the day. They change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from bot import (
    address_decisions,
    dispute_decisions,
    lists,
    onboarding_decisions,
    payables_decisions,
    plan_decisions,
    sales_decisions,
    triage_decisions,
)
from bot.decided import Decision, Facts, Rule
from bot.reading import amount_of, day_of, invoice_of, price_of, rows
from state import errors


def refund_eligibility(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:
    """Whether an invoice may be refunded: paid, not yet refunded, an amount, within the plan's window, few refunds.

    When something cannot be read for certain a person takes it.
    """
    invoice, customer = invoice_of(facts["invoices"], slots.get("invoice_id")), facts["customer"]
    if invoice is None:
        return _ineligible("invoice_unknown", {"invoice_id": slots.get("invoice_id")})
    values = _terms(invoice, customer, limits)
    for reason, holds in _OBSTACLES:
        if holds(invoice, values, limits, today):
            return _ineligible(reason, values)
    if _is_unclear(values, limits):
        return Decision(outcome="needs_person", reason="needs_a_look", values=values)
    return Decision(outcome="eligible", values=values, slots={"eligibility_status": "eligible"})


def latest_refund(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """The invoice refunded last among those found, or the one that was named."""
    wanted = slots.get("invoice_id")
    found = [r for r in rows(facts["invoices"], "invoices") if wanted in {None, str(r.get("invoice_id"))}]
    if not found:
        return Decision(outcome="none", reason="no_refund_for_invoice" if wanted else "no_refund")
    newest = max(found, key=lambda row: str(row.get("refunded_on") or ""))
    return Decision(outcome="found", values={name: newest.get(name) for name in _REFUNDED_FIELDS})


def window_days(limits: Facts, plan: object) -> int:
    """How many days after payment a refund may be asked for on this plan."""
    by_plan = limits.get("window_days_by_plan", {})
    return int(by_plan.get(str(plan), limits.get("window_days", 30)))


def _terms(invoice: Facts, customer: Facts, limits: Facts) -> dict[str, Any]:
    return {
        "invoice_id": str(invoice["invoice_id"]),
        "status": invoice.get("status"),
        "amount": price_of(invoice, limits),
        "paid_on": invoice.get("paid_on"),
        "plan": customer.get("plan"),
        "window_days": window_days(limits, customer.get("plan")),
        "prior_refunds": customer.get("refunds_last_12_months"),
        "max_refunds": int(limits.get("max_refunds_12_months", 2)),
    }


def _already_refunded(invoice: Facts, _values: Facts, _limits: Facts, _today: date) -> bool:
    return invoice.get("status") == "refunded" or bool(invoice.get("refunded_on"))


def _not_paid(invoice: Facts, _values: Facts, _limits: Facts, _today: date) -> bool:
    return invoice.get("status") != "paid"


def _no_amount(_invoice: Facts, values: Facts, _limits: Facts, _today: date) -> bool:
    amount = amount_of(values["amount"])
    return amount is not None and amount <= 0


def _outside_window(_invoice: Facts, values: Facts, _limits: Facts, today: date) -> bool:
    paid_on = day_of(values["paid_on"])
    return paid_on is not None and (today - paid_on).days > values["window_days"]


def _too_many(_invoice: Facts, values: Facts, _limits: Facts, _today: date) -> bool:
    prior = values["prior_refunds"]
    return isinstance(prior, int) and prior >= values["max_refunds"]


_OBSTACLES: tuple[tuple[str, Callable[[Facts, Facts, Facts, date], bool]], ...] = (
    ("already_refunded", _already_refunded),
    ("not_paid", _not_paid),
    ("no_amount", _no_amount),
    ("outside_window", _outside_window),
    ("too_many_refunds", _too_many),
)


def _is_unclear(values: Facts, limits: Facts) -> bool:
    """Whether something cannot be read for certain."""
    if amount_of(values["amount"]) is None or day_of(values["paid_on"]) is None:
        return True
    return not isinstance(values["prior_refunds"], int) or values["amount"].split()[-1] != limits.get("currency", "USD")


def _ineligible(reason: str, values: dict[str, Any]) -> Decision:
    return Decision(outcome="ineligible", reason=reason, values=values, slots={"eligibility_status": "ineligible"})


_REFUNDED_FIELDS = ("invoice_id", "amount", "refunded_on")
_TERM_FIELDS = (
    *("invoice_id", "status", "amount", "paid_on", "plan"),
    *("window_days", "prior_refunds", "max_refunds"),
)

DECISIONS: Mapping[str, Rule] = MappingProxyType(
    {
        "refund_eligibility": Rule(
            decide=refund_eligibility,
            outcomes=frozenset({"eligible", "ineligible", "needs_person"}),
            reasons=frozenset({"invoice_unknown", "needs_a_look", *(name for name, _ in _OBSTACLES)}),
            values=frozenset(_TERM_FIELDS),
            facts=frozenset({"invoices", "customer"}),
            slots=frozenset({"eligibility_status"}),
        ),
        "latest_refund": Rule(
            decide=latest_refund,
            outcomes=frozenset({"none", "found"}),
            reasons=frozenset({"no_refund", "no_refund_for_invoice"}),
            values=frozenset(_REFUNDED_FIELDS),
            facts=frozenset({"invoices"}),
        ),
        **sales_decisions.DECISIONS,
        **dispute_decisions.DECISIONS,
        **address_decisions.DECISIONS,
        **plan_decisions.DECISIONS,
        **lists.DECISIONS,
        **triage_decisions.DECISIONS,
        **onboarding_decisions.DECISIONS,
        **payables_decisions.DECISIONS,
    }
)
"""Add one: write the function above or in a module of its own, add one row here."""


def decide(name: str, *, facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:
    """Run a decision by its name. Raises BadInput for a name that is not in DECISIONS."""
    rule = DECISIONS.get(name)
    if rule is None:
        raise errors.BadInput(f"no decision is named {name!r}")
    return rule.decide(facts, slots, limits, today)
