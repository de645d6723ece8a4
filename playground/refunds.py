"""Refunds: when Acme takes a request for one, and what comes of it."""

import sqlite3
from datetime import date, datetime
from typing import Any

from playground import records, writes
from playground.writes import Answer, refuse

Json = dict[str, Any]
NEEDED = ("invoice_id", "customer_id", "amount", "currency", "reason")


def days(db: sqlite3.Connection) -> dict[str, date]:
    """Return the invoices refunded since, with the day of each refund."""
    made = writes.search(db, KIND.name)
    return {one["invoice_id"]: datetime.fromisoformat(one["created_at"]).date() for one in made}


def _decide(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | Json:
    del now  # a refund has no window of its own here: that is the policy of whoever asks
    return _wrong_fields(request) or _wrong_invoice(db, request) or _made(request)


def _made(request: Json) -> Json:
    fields = {name: request[name] for name in NEEDED}
    return {**fields, "note": request.get("note"), "status": "requested"}


def _wrong_fields(request: Json) -> Answer | None:
    note = request.get("note")
    if note is not None and (not isinstance(note, str) or len(note) > 2000):
        return refuse(422, "invalid_field", "note must be a text of at most 2000 characters.", field="note")
    return writes.wrong_texts(request, NEEDED)


def _wrong_invoice(db: sqlite3.Connection, request: Json) -> Answer | None:
    invoice = records.own_invoice(request)
    if invoice is None:
        return refuse(404, "invoice_not_found", "This customer has no such invoice.")
    earlier = writes.search(db, KIND.name, fields={"invoice_id": invoice.invoice_id})
    if earlier:
        number = earlier[0]["refund_id"]
        return refuse(409, "already_refunded", f"Refund {number} was made for this invoice.", refund_id=number)
    if invoice.status == "refunded":
        return refuse(409, "already_refunded", "This invoice was refunded before.")
    return _wrong_terms(invoice, request)


def _wrong_terms(invoice: records.Invoice, request: Json) -> Answer | None:
    if invoice.status != "paid":
        return refuse(409, "invoice_not_paid", f"Only a paid invoice is refunded; this is {invoice.status}.")
    if request["amount"] != invoice.amount:
        return refuse(422, "amount_mismatch", f"The invoice's amount is {invoice.amount}.")
    if request["currency"] != "USD":
        return refuse(422, "currency_mismatch", "The invoice's currency is USD.")
    return None


KIND = writes.Kind(name="refund", path="refunds", id="refund_id", prefix="RF", decide=_decide, filters=("invoice_id",))
