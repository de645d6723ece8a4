"""The decision on a plan: what is asked or to be changed, what it then costs, from when on, who must agree. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bot.decided import Decision, Facts, Rule
from bot.reading import amount_of, is_above, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What the subscription would be: a row of the plans, all seats, a month's price, and how much that differs."""

    plan: Facts
    seats: int
    price: Decimal
    more: Decimal


def plan_change(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:
    """Answer, ask, refuse, or give the terms of a change.

    More money begins when the customer says; less begins with the next month, since this one is paid for. An enterprise
    plan, or a month above `approval_above`, needs staff.
    """
    held, plans = facts["subscription"], {str(row.get("plan")): row for row in rows(facts["plans"], "plans")}
    values: dict[str, Any] = _values(held, plans.get(str(slots.get("plan_type"))), limits)
    first = _answer(held, slots)
    if first:
        return Decision(outcome=first[0], reason=first[1], values=values)
    wanted = _wanted(held, plans, slots)
    if wanted is None:
        return Decision(outcome="needs_person", reason="needs_a_look", values=values)
    values |= _of(wanted, limits)
    refused = _obstacle(held, wanted)
    if refused:
        return Decision(outcome="ineligible", reason=refused, values=values)
    effective = "renewal" if wanted.more < 0 else slots.get("effective")
    if effective is None:
        return Decision(outcome="needs_effective", values=values)
    values["effective_on"] = today.isoformat() if effective == "now" else held.get("renews_on")
    return Decision(outcome="change", values=values, slots={"effective": effective})


def _answer(held: Facts, slots: Facts) -> tuple[str, str] | None:
    """What comes before any change: a question to answer, a change that is under way, a value that is missing."""
    wish, plan, seats = slots.get("wish"), slots.get("plan_type"), slots.get("seats")
    if seats is None and (wish == "look" or (wish is None and plan is None)):
        return "told", "plan_costs" if plan else "plan_is"
    if held.get("scheduled_change"):
        return "ineligible", "change_scheduled"
    if plan is None and seats is None:
        return ("needs_seats", "") if wish == "seats" else ("needs_plan", "")
    return None


def _wanted(held: Facts, plans: Mapping[str, Facts], slots: Facts) -> _Wanted | None:
    """The subscription that is asked for; None when a figure cannot be read."""
    plan = plans.get(str(slots.get("plan_type") or held.get("plan")))
    seats = _seats(held, plan, slots) if plan else None
    if plan is None or seats is None:
        return None
    base, each, now = (amount_of(x) for x in (plan.get("amount"), plan.get("seat_amount"), held.get("amount")))
    included = plan.get("seats_included")
    if base is None or each is None or now is None or not isinstance(included, int):
        return None
    price = base + max(0, seats - included) * each
    return _Wanted(plan=plan, seats=seats, price=price, more=price - now)


def _seats(held: Facts, plan: Facts, slots: Facts) -> int | None:
    """All seats: as many as were said, more or fewer than now, or those there are and those that come with the plan."""
    said, now, included = slots.get("seats"), held.get("seats"), plan.get("seats_included")
    if not isinstance(now, int) or not isinstance(included, int):
        return None
    if not isinstance(said, int):
        return max(now, included)
    return {"more": now + said, "fewer": now - said}.get(str(slots.get("seats_change")), said)


def _obstacle(held: Facts, wanted: _Wanted) -> str | None:
    if (wanted.plan.get("plan"), wanted.seats) == (held.get("plan"), held.get("seats")):
        return "unchanged"
    if wanted.seats < 1:
        return "too_few_seats"
    most = wanted.plan.get("seats_most")
    return "too_many_seats" if isinstance(most, int) and wanted.seats > most else None


def _values(held: Facts, asked: Facts | None, limits: Facts) -> dict[str, Any]:
    coming, asked = held.get("scheduled_change") or {}, asked or {}
    return {
        **dict.fromkeys(_TERMS),
        "now": _named(held.get("plan"), held.get("seats")),
        "now_price": held.get("amount"),
        "renews_on": held.get("renews_on"),
        "coming": _named(coming.get("plan"), coming.get("seats")),
        "coming_price": coming.get("amount"),
        "coming_on": coming.get("effective_on"),
        "asked_price": asked.get("amount"),
        "asked_seats": asked.get("seats_included"),
        "asked_each": asked.get("seat_amount"),
        "approval_above": f"{limits.get('approval_above', 500)} {limits.get('currency', 'USD')}",
    }


def _of(wanted: _Wanted, limits: Facts) -> dict[str, Any]:
    currency = limits.get("currency", "USD")
    price = f"{wanted.price:.2f} {currency}"
    return {
        "new": _named(wanted.plan.get("plan"), wanted.seats),
        "plan_type": wanted.plan.get("plan"),
        "seats": wanted.seats,
        "seats_most": wanted.plan.get("seats_most"),
        "price": price,
        "difference": _difference(wanted.more, currency),
        "needs_approval": wanted.plan.get("plan") in limits.get("approval_plans", ()) or is_above(price, limits),
    }


def _difference(more: Decimal, currency: str) -> str:
    if not more:
        return "the same as now"
    return f"{abs(more):,.2f} {currency} {'less' if more < 0 else 'more'} than now"


def _named(plan: object, seats: object) -> str:
    """A plan with its seats, as a customer reads it: Pro with 7 seats."""
    return f"{str(plan).capitalize()} with {seats} {'seat' if seats == 1 else 'seats'}"


def plan_changed(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """What was changed, in words."""
    change = facts["change"]
    return Decision(outcome="shown", values={"new": _named(change.get("plan_type"), change.get("seats"))})


_TERMS = ("new", "plan_type", "seats", "seats_most", "price", "difference", "needs_approval", "effective_on")
_FIELDS = (
    *("now", "now_price", "renews_on", "coming", "coming_price", "coming_on"),
    *("asked_price", "asked_seats", "asked_each", "approval_above"),
)

DECISIONS: Mapping[str, Rule] = {
    "plan_change": Rule(
        decide=plan_change,
        outcomes=frozenset(
            {"change", "told", "ineligible", "needs_person", "needs_plan", "needs_seats", "needs_effective"}
        ),
        reasons=frozenset({"plan_is", "plan_costs", "change_scheduled", "unchanged", "too_few_seats"})
        | {"too_many_seats", "needs_a_look"},
        values=frozenset({*_TERMS, *_FIELDS}),
        facts=frozenset({"subscription", "plans"}),
        slots=frozenset({"effective"}),
    ),
    "plan_changed": Rule(
        decide=plan_changed, outcomes=frozenset({"shown"}), values=frozenset({"new"}), facts=frozenset({"change"})
    ),
}
