"""Acme's customers, subscriptions and invoices: fixed facts whose dates move along with today. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Json = dict[str, Any]
TERM = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where bills go; `region` is empty where a country has none in its addresses."""

    street: str
    city: str
    region: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer of Acme."""

    customer_id: str
    name: str
    email: str
    phone: str
    company: str
    plan: str
    price: str
    seats: int
    time_zone: str
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One invoice as it stands without anything done since; ages are in days."""

    invoice_id: str
    customer_id: str
    status: str
    amount: str
    age: int
    refund_age: int | None = None


CUSTOMERS = {
    customer.customer_id: customer
    for customer in (
        Customer(
            customer_id="C-1001",
            name="Kim Berger",
            email="kim@example.com",
            phone="+15550101001",
            company="Berger Studio",
            plan="pro",
            price="49.00",
            seats=5,
            time_zone="America/New_York",
            address=Address(street="12 Orchard Street", city="Albany", region="NY", postal_code="12207", country="US"),
        ),
        Customer(
            customer_id="C-1002",
            name="Lee Tanaka",
            email="lee@example.com",
            phone="+15550101002",
            company="Tanaka Logistics",
            plan="enterprise",
            price="900.00",
            seats=60,
            time_zone="America/Los_Angeles",
            address=Address(street="400 Harbor Way", city="Oakland", region="CA", postal_code="94607", country="US"),
        ),
    )
}

# customer, number, status, amount, age in days, age of the refund in days
_BILLED: tuple[tuple[str, str, str, str, int, int | None], ...] = (
    ("C-1001", "18493", "open", "120.00", 3, None),
    ("C-1001", "18492", "paid", "49.00", 5, None),
    ("C-1001", "18476", "paid", "49.00", 36, None),
    ("C-1001", "18459", "paid", "49.00", 66, None),
    ("C-1001", "18440", "paid", "49.00", 97, None),
    ("C-1001", "18422", "paid", "49.00", 127, None),
    ("C-1001", "18401", "paid", "49.00", 200, None),
    ("C-1001", "18385", "paid", "49.00", 231, None),
    ("C-1001", "18310", "refunded", "29.00", 418, 410),
    ("C-1001", "18297", "void", "29.00", 440, None),
    ("C-1002", "20001", "paid", "900.00", 3, None),
    ("C-1002", "19950", "paid", "900.00", 33, None),
    ("C-1002", "19902", "paid", "900.00", 64, None),
    ("C-1002", "19842", "paid", "900.00", 94, None),
)
INVOICES = {
    number: Invoice(invoice_id=number, customer_id=customer, status=status, amount=amount, age=age, refund_age=refund)
    for customer, number, status, amount, age, refund in _BILLED
}


def own_invoice(request: Json) -> Invoice | None:
    """The invoice of a request; another customer's is like one that does not exist, so numbers cannot be probed."""
    invoice = INVOICES.get(request["invoice_id"])
    return invoice if invoice is not None and invoice.customer_id == request["customer_id"] else None


def find_customers(*, phone: str | None, email: str | None) -> list[Customer]:
    """Return the customers whose phone and e-mail are exactly these; with neither given, all."""
    return [
        customer
        for customer in CUSTOMERS.values()
        if (phone is None or customer.phone == phone) and (email is None or customer.email == email.strip().lower())
    ]


def show_customer(customer: Customer, *, today: date, refunded: Mapping[str, date], plan: str, address: Json) -> Json:
    """Render a customer as the API gives it; `refunded` maps invoices to the day of their refund."""
    return {
        "customer_id": customer.customer_id,
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "company": customer.company,
        "plan": plan,
        "time_zone": customer.time_zone,
        "billing_address": address,
        "created_on": (today - timedelta(days=470)).isoformat(),
        "refunds_last_12_months": _recent_refunds(customer.customer_id, today, refunded),
    }


def renews_on(customer: Customer, *, today: date) -> date:
    """Tell when a customer's next month begins: it is billed once a month."""
    newest = min(i.age for i in INVOICES.values() if _is_renewal(i, customer))
    return today + timedelta(days=30 - newest)


def show_invoice(invoice: Invoice, *, today: date, refunded_on: date | None) -> Json:
    """Render an invoice; `refunded_on` is set when a refund was made since."""
    issued = today - timedelta(days=invoice.age)
    if refunded_on is None and invoice.refund_age is not None:
        refunded_on = today - timedelta(days=invoice.refund_age)
    return {
        "invoice_id": invoice.invoice_id,
        "customer_id": invoice.customer_id,
        "status": invoice.status if refunded_on is None else "refunded",
        "amount": invoice.amount,
        "currency": "USD",
        "issued_on": issued.isoformat(),
        "due_date": (issued + TERM).isoformat(),
        "paid_on": issued.isoformat() if invoice.status in {"paid", "refunded"} else None,
        "refunded_on": refunded_on.isoformat() if refunded_on else None,
    }


def _is_renewal(invoice: Invoice, customer: Customer) -> bool:
    return invoice.customer_id == customer.customer_id and invoice.amount == customer.price


def _recent_refunds(customer_id: str, today: date, refunded: Mapping[str, date]) -> int:
    ages = [
        (today - refunded[i.invoice_id]).days if i.invoice_id in refunded else i.refund_age
        for i in INVOICES.values()
        if i.customer_id == customer_id
    ]
    return sum(age is not None and age <= 365 for age in ages)
