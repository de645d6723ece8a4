"""What Acme owes: vendors, orders placed with them, and their bills as they are posted to the ledger."""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from playground import writes
from playground.writes import Answer, refuse

Json = dict[str, Any]
NEEDED = ("vendor_id", "invoice_number", "purchase_order", "amount", "currency", "due_on", "contact")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """Somebody who sends Acme bills; `customer_id` where they are a customer as well."""

    vendor_id: str
    name: str
    email: str
    phone: str
    customer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What Acme ordered; `age` in days. `billed`: of bills from before the ledger."""

    purchase_order: str
    vendor_id: str
    amount: str
    age: int
    billed: str = "0.00"


VENDORS = (
    Vendor(
        vendor_id="V-201",
        name="Berger Studio",
        email="kim@example.com",
        phone="+15550101001",
        customer_id="C-1001",
    ),
    Vendor(vendor_id="V-202", name="Initech", email="sam@initech.example", phone="+15550109001"),
    Vendor(vendor_id="V-203", name="Globex Energy", email="billing@globex.example", phone="+15550109003"),
)
ORDERS: Mapping[str, Order] = {
    order.purchase_order: order
    for order in (
        Order(purchase_order="PO-3001", vendor_id="V-201", amount="480.00", age=20),
        Order(purchase_order="PO-3002", vendor_id="V-201", amount="1250.00", age=45, billed="1250.00"),
        Order(purchase_order="PO-3003", vendor_id="V-202", amount="2400.00", age=12),
        Order(purchase_order="PO-3004", vendor_id="V-203", amount="310.00", age=8),
    )
}
# Bills that were posted by hand: vendor, number, order, amount, age in days.
_BEFORE = (
    ("VI-0901", "V-201", "INV-2190", "PO-3002", "1250.00", 31),
    ("VI-0902", "V-203", "G-77", "PO-2990", "95.00", 60),
)


def vendors(*, email: str | None, phone: str | None, customer: str | None) -> list[Json]:
    """Return the vendors with this address, number or customer; with none of them given, none."""
    wanted = (("email", email and email.strip().lower()), ("phone", phone), ("customer_id", customer))
    given = [(name, value) for name, value in wanted if value]
    found = [one for one in VENDORS if given and all(getattr(one, name) == value for name, value in given)]
    return [show_vendor(one) for one in found]


def show_vendor(one: Vendor) -> Json:
    """Render a vendor."""
    fields = ("vendor_id", "name", "email", "phone", "customer_id")
    return {name: getattr(one, name) for name in fields}


def show_order(db: sqlite3.Connection, order: Order, *, today: date) -> Json:
    """Render an order with what was billed for it."""
    billed = Decimal(order.billed) + sum(
        (
            Decimal(one["amount"])
            for one in writes.search(db, KIND.name, fields={"purchase_order": order.purchase_order})
        ),
        Decimal(0),
    )
    return {
        "purchase_order": order.purchase_order,
        "vendor_id": order.vendor_id,
        "amount": order.amount,
        "billed": f"{billed:.2f}",
        "currency": "USD",
        "ordered_on": (today - timedelta(days=order.age)).isoformat(),
    }


def bills(db: sqlite3.Connection, vendor_id: str | None, *, today: date) -> Iterator[Json]:
    """Every bill of a vendor that was posted, oldest first."""
    for number, vendor, invoice, order, amount, age in _BEFORE:
        if vendor == vendor_id:
            posted = today - timedelta(days=age)
            yield {
                "bill_id": number,
                "vendor_id": vendor,
                "invoice_number": invoice,
                "purchase_order": order,
                "amount": amount,
                "currency": "USD",
                "due_on": (posted + timedelta(days=30)).isoformat(),
                "status": "posted",
                "posted_on": posted.isoformat(),
            }
    for one in writes.search(db, KIND.name, fields={"vendor_id": vendor_id or ""}):
        yield {**one, "posted_on": one["created_at"][:10]}


def _decide(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | Json:
    wrong = writes.wrong_texts(request, NEEDED)
    if wrong:
        return wrong
    today = now.date()
    try:
        date.fromisoformat(request["due_on"])
    except ValueError:
        return refuse(422, "invalid_field", "due_on must be a day such as 2026-11-30.", field="due_on")
    order = ORDERS.get(request["purchase_order"])
    if order is None or order.vendor_id != request["vendor_id"]:
        return refuse(404, "order_not_found", "This vendor has no such order.")
    number = _plain(request["invoice_number"])
    for earlier in bills(db, request["vendor_id"], today=today):
        if _plain(earlier["invoice_number"]) == number:
            return refuse(
                409, "duplicate_invoice", f"{earlier['bill_id']} is this invoice.", bill_id=earlier["bill_id"]
            )
    shown = show_order(db, order, today=today)
    if (request["amount"], request["currency"]) != (_open(shown), shown["currency"]):
        return refuse(422, "amount_mismatch", f"{_open(shown)} USD of this order is open.")
    return {**{name: request[name] for name in NEEDED}, "issued_on": request.get("issued_on"), "status": "posted"}


def _open(order: Json) -> str:
    return f"{Decimal(order['amount']) - Decimal(order['billed']):.2f}"


def _plain(number: str) -> str:
    return "".join(char for char in number.casefold() if char.isalnum())


KIND = writes.Kind(
    name="vendor_invoice", path="vendor_invoices", id="bill_id", prefix="VI", decide=_decide, filters=("contact",)
)
