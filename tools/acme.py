"""What Acme's API sends, read strictly enough to be trusted and loosely enough to outlive new fields. Asks nothing."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from tools import failures

NAME = "acme"


class Sent(BaseModel):
    """What Acme sends; fields we do not know are left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Written(Sent):
    """Something that we wrote, and find again by our key."""

    key: str


class Customer(Sent):
    """A customer as Acme knows it."""

    customer_id: str
    name: str
    email: str | None = None
    phone: str | None = None
    plan: str
    created_on: date
    refunds_last_12_months: int


class Invoice(Sent):
    """An invoice as Acme knows it."""

    invoice_id: str
    customer_id: str
    status: str
    amount: str
    currency: str
    issued_on: date
    due_date: date
    paid_on: date | None = None
    refunded_on: date | None = None

    @property
    def price(self) -> str:
        """Amount and currency in one text."""
        return f"{self.amount} {self.currency}"


class Page(Sent):
    """One page of invoices."""

    invoices: list[Invoice]
    next_cursor: str | None = None


class ScheduledChange(Sent):
    """A change of a subscription that is still to come."""

    plan: str
    seats: int
    amount: str
    currency: str
    effective_on: date


class Subscription(Sent):
    """A subscription as Acme knows it."""

    customer_id: str
    plan: str
    status: str
    amount: str
    currency: str
    interval: str
    seats: int
    renews_on: date
    scheduled_change: ScheduledChange | None = None


class Plan(Sent):
    """A plan as Acme offers it."""

    plan: str
    amount: str
    currency: str
    seats_included: int
    seat_amount: str
    seats_most: int


class Change(ScheduledChange, Written):
    """A change of a subscription as it was agreed to."""

    change_id: str
    customer_id: str


class Address(Sent):
    """An address as Acme knows it."""

    street: str
    city: str
    region: str
    postal_code: str
    country: str


class Addressed(Sent):
    """A customer, as far as their bills go somewhere."""

    billing_address: Address


class AddressChange(Address, Written):
    """A new address as it was put on file."""

    address_id: str
    customer_id: str


class Dispute(Sent):
    """A dispute as Acme knows it."""

    dispute_id: str
    invoice_id: str
    customer_id: str
    key: str
    reason: str
    amount: str
    currency: str
    status: str
    created_at: datetime


class Refund(Sent):
    """A refund as Acme knows it."""

    refund_id: str
    invoice_id: str
    customer_id: str
    key: str
    amount: str
    currency: str
    status: str
    created_at: datetime


def listed(data: Any, name: str) -> list[Any]:  # noqa: ANN401  JSON
    """The list under a name; raises Unavailable when the answer has none."""
    found = data.get(name) if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise failures.Unavailable(f"{NAME} answered without {name}", reason="schema")
    return found
