"""What Acme's purchasing API sends, read as strictly as `tools.acme` reads the rest. Asks nothing."""

from __future__ import annotations

from datetime import date

from tools.acme import Sent


class Vendor(Sent):
    """A vendor with what is on file of them."""

    vendor_id: str
    name: str
    email: str | None = None
    phone: str | None = None
    customer_id: str | None = None


class Order(Sent):
    """An order, and what was billed for it so far."""

    purchase_order: str
    vendor_id: str
    amount: str
    billed: str
    currency: str


class Bill(Sent):
    """A bill that was posted; `key` and `contact` where we posted it."""

    bill_id: str
    vendor_id: str
    invoice_number: str
    purchase_order: str
    amount: str
    currency: str
    due_on: date
    status: str
    key: str | None = None
    contact: str | None = None
    posted_on: date | None = None
