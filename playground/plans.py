"""Plans, subscriptions, and how Acme changes one: at once, or at the next renewal."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from playground import records, writes
from playground.writes import Answer, refuse

Json = dict[str, Any]
NEEDED = ("customer_id", "plan", "effective", "amount", "currency")
EFFECTIVE = ("now", "renewal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan: what a month costs, how many seats are in it, what each further one costs, how many there can be."""

    name: str
    price: Decimal
    included: int
    seat_price: Decimal
    most: int

    def month(self, seats: int) -> str:
        """Work out what a month with so many seats costs."""
        return f"{self.price + max(0, seats - self.included) * self.seat_price:.2f}"


PLANS = {
    plan.name: plan
    for plan in (
        Plan(name="starter", price=Decimal(19), included=2, seat_price=Decimal(8), most=5),
        Plan(name="pro", price=Decimal(49), included=5, seat_price=Decimal(9), most=50),
        Plan(name="enterprise", price=Decimal(900), included=60, seat_price=Decimal(14), most=500),
    )
}


def show_plans() -> list[Json]:
    """Render all plans, cheapest first."""
    return [
        {
            "plan": plan.name,
            "amount": f"{plan.price:.2f}",
            "currency": "USD",
            "interval": "month",
            "seats_included": plan.included,
            "seat_amount": f"{plan.seat_price:.2f}",
            "seats_most": plan.most,
        }
        for plan in PLANS.values()
    ]


def show_subscription(db: sqlite3.Connection, customer: records.Customer, *, today: date) -> Json:
    """Render a customer's subscription as it stands today, with the change that is still to come."""
    held: Json = {"plan": customer.plan, "amount": customer.price, "seats": customer.seats}
    coming: Json | None = None
    for change in writes.search(db, KIND.name, customer=customer.customer_id):
        if date.fromisoformat(change["effective_on"]) <= today:
            held, coming = change, None
        else:
            coming = {name: change[name] for name in ("plan", "seats", "amount", "currency", "effective_on")}
    return {
        "subscription_id": customer.customer_id.replace("C-", "SUB-"),
        "customer_id": customer.customer_id,
        "plan": held["plan"],
        "status": "active",
        "amount": held["amount"],
        "currency": "USD",
        "interval": "month",
        "seats": held["seats"],
        "renews_on": records.renews_on(customer, today=today).isoformat(),
        "scheduled_change": coming,
    }


def _decide(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | Json:
    wrong = writes.wrong_texts(request, NEEDED) or _wrong_plan(request)
    if wrong:
        return wrong
    customer = records.CUSTOMERS.get(request["customer_id"])
    if customer is None:
        return refuse(404, "customer_not_found", "There is no such customer.")
    today = now.astimezone(UTC).date()
    subscription = show_subscription(db, customer, today=today)
    return _wrong_terms(request, subscription) or _made(request, today, subscription["renews_on"])


def _wrong_plan(request: Json) -> Answer | None:
    plan, seats = PLANS.get(request["plan"]), request.get("seats")
    if plan is None:
        return refuse(422, "invalid_field", f"plan must be one of: {', '.join(PLANS)}.", field="plan")
    if request["effective"] not in EFFECTIVE:
        return refuse(422, "invalid_field", f"effective must be one of: {', '.join(EFFECTIVE)}.", field="effective")
    if not isinstance(seats, int) or isinstance(seats, bool) or seats < 1:
        return refuse(422, "invalid_field", "seats must be a whole number from 1 on.", field="seats")
    if seats > plan.most:
        return refuse(422, "too_many_seats", f"The plan {plan.name} has at most {plan.most} seats.")
    return None


def _wrong_terms(request: Json, subscription: Json) -> Answer | None:
    if (request["plan"], request["seats"]) == (subscription["plan"], subscription["seats"]):
        return refuse(409, "plan_unchanged", "This is the customer's plan already.")
    coming = subscription["scheduled_change"]
    if coming is not None:
        return refuse(409, "change_scheduled", f"A change to {coming['plan']} is scheduled already.")
    price = PLANS[request["plan"]].month(request["seats"])
    if (request["amount"], request["currency"]) != (price, "USD"):
        return refuse(422, "amount_mismatch", f"A month of this costs {price} USD.")
    return None


def _made(request: Json, today: date, renewal: str) -> Json:
    fields = {name: request[name] for name in (*NEEDED, "seats")}
    return {**fields, "effective_on": today.isoformat() if request["effective"] == "now" else renewal}


KIND = writes.Kind(name="plan", path="subscription_changes", id="change_id", prefix="SC", decide=_decide)
