"""The customer's account at Acme: address for bills, plan, seats. Speaks to its API only through the context."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import Field

from tools import acme, acme_asked
from tools.base import Context, tool
from tools.fields import Amount, Record
from tools.packs.billing import READ, CustomerId, OwnAccount

ADDRESS = "billing:address"
PLAN = "billing:plan"
PlanType = Literal["starter", "pro", "enterprise"]
Effective = Literal["now", "renewal"]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Seats = Annotated[int, Field(ge=1, le=500, description="How many seats there are in all")]


class ScheduledChange(Record):
    """A change of the subscription that is still to come."""

    plan: str
    seats: int
    amount: str
    effective_on: date


class Subscription(Record):
    """The customer's subscription."""

    plan: str
    status: str
    amount: str
    interval: str
    seats: int
    renews_on: date
    scheduled_change: ScheduledChange | None


@tool(kind="lookup", scopes=(READ,), cache_s=60)
async def get_subscription_status(arguments: OwnAccount, context: Context) -> Subscription:
    """Look up the customer's subscription: plan, status, price, seats, day of renewal, and a change still to come."""
    data = await context.get(acme.NAME, f"/v1/customers/{quote(arguments.customer_id, safe='')}/subscription")
    found = acme.Subscription.model_validate(data)
    coming = found.scheduled_change
    return Subscription(
        plan=found.plan,
        status=found.status,
        amount=f"{found.amount} {found.currency}",
        interval=found.interval,
        seats=found.seats,
        renews_on=found.renews_on,
        scheduled_change=ScheduledChange(
            plan=coming.plan,
            seats=coming.seats,
            amount=f"{coming.amount} {coming.currency}",
            effective_on=coming.effective_on,
        )
        if coming
        else None,
    )


class AllPlans(Record):
    """Nothing to choose: all plans there are."""


class Plan(Record):
    """A plan: the price of a month, the seats that are in it, the price of each further one, the most there can be."""

    plan: str
    amount: str
    seats_included: int
    seat_amount: str
    seats_most: int


class Plans(Record):
    """The plans there are, cheapest first."""

    plans: list[Plan]


@tool(kind="lookup", scopes=(READ,), cache_s=300)
async def get_plans(arguments: AllPlans, context: Context) -> Plans:  # noqa: ARG001 - one shape for all
    """List the plans there are: price of a month, seats included, price of a further seat."""
    data = await context.get(acme.NAME, "/v1/plans")
    found = [acme.Plan.model_validate(one) for one in acme.listed(data, "plans")]
    return Plans(
        plans=[
            Plan(
                plan=one.plan,
                amount=f"{one.amount} {one.currency}",
                seats_included=one.seats_included,
                seat_amount=f"{one.seat_amount} {one.currency}",
                seats_most=one.seats_most,
            )
            for one in found
        ]
    )


class SubscriptionChange(Record):
    """The exact terms of a change: the plan, all its seats, when it begins, and what a month then costs."""

    customer_id: CustomerId
    plan_type: Annotated[PlanType, Field(description="The plan from then on")]
    seats: Seats
    effective: Annotated[Effective, Field(description="At once, or when the month that is paid for ends")]
    monthly_price: Amount


class ChangeReceipt(Record):
    """A change that was made, or is scheduled."""

    change_id: str
    plan_type: str
    seats: int
    monthly_price: str
    effective_on: date


async def _find_change(arguments: SubscriptionChange, context: Context) -> ChangeReceipt | None:
    """Read a change back by its key."""
    owner = arguments.customer_id
    found = await acme_asked.written(context, "subscription_changes", acme.Change, customer_id=owner)
    return _change(found) if found else None


@tool(kind="transact", effect="keyed", probe=_find_change, scopes=(PLAN,))
async def update_subscription(arguments: SubscriptionChange, context: Context) -> ChangeReceipt:
    """Change the plan or the number of seats of the customer's subscription."""
    amount, _, currency = arguments.monthly_price.partition(" ")
    body = {
        "customer_id": arguments.customer_id,
        "plan": arguments.plan_type,
        "seats": arguments.seats,
        "effective": arguments.effective,
        "amount": amount,
        "currency": currency,
    }
    return _change(acme.Change.model_validate(await context.post(acme.NAME, "/v1/subscription_changes", body)))


def _change(found: acme.Change) -> ChangeReceipt:
    return ChangeReceipt(
        change_id=found.change_id,
        plan_type=found.plan,
        seats=found.seats,
        monthly_price=f"{found.amount} {found.currency}",
        effective_on=found.effective_on,
    )


class BillingAddress(Record):
    """Where the customer's bills go. `region` is empty where a country has none in its addresses."""

    street: str
    city: str
    region: str
    postal_code: str
    country: str


@tool(kind="lookup", scopes=(READ,), cache_s=60)
async def get_billing_address(arguments: OwnAccount, context: Context) -> BillingAddress:
    """Look up the customer's billing address."""
    data = await context.get(acme.NAME, f"/v1/customers/{quote(arguments.customer_id, safe='')}")
    found = acme.Addressed.model_validate(data).billing_address
    return BillingAddress(**found.model_dump())


class NewAddress(Record):
    """The whole new billing address."""

    customer_id: CustomerId
    street: Line
    city: Line
    region: Annotated[str, Field(max_length=200, description="State or province; empty where there is none")]
    postal_code: Annotated[str, Field(max_length=20, description="Empty where a country has none")]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 code of two letters")]


class AddressReceipt(Record):
    """An address that was put on file."""

    address_id: str
    street: str
    city: str


async def _find_address(arguments: NewAddress, context: Context) -> AddressReceipt | None:
    """Read a change of address back by its key."""
    owner = arguments.customer_id
    found = await acme_asked.written(context, "addresses", acme.AddressChange, customer_id=owner)
    return _address(found) if found else None


@tool(kind="transact", effect="keyed", probe=_find_address, scopes=(ADDRESS,))
async def update_billing_address(arguments: NewAddress, context: Context) -> AddressReceipt:
    """Put a new billing address on the customer's file."""
    made = await context.post(acme.NAME, "/v1/addresses", arguments.model_dump())
    return _address(acme.AddressChange.model_validate(made))


def _address(found: acme.AddressChange) -> AddressReceipt:
    return AddressReceipt(address_id=found.address_id, street=found.street, city=found.city)


TOOLS = [get_subscription_status, get_plans, update_subscription, get_billing_address, update_billing_address]
