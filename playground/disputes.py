"""Disputes: a customer says that an invoice is wrong, and Acme looks into it."""

import sqlite3
from datetime import datetime
from typing import Any

from playground import records, refunds, writes
from playground.writes import Answer, refuse

Json = dict[str, Any]
NEEDED = ("customer_id", "invoice_id", "reason")
REASONS = ("duplicate_charge", "wrong_amount", "not_authorised", "service_not_received", "cancelled_before", "other")


def _decide(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | Json:
    del now
    wrong = writes.wrong_texts(request, NEEDED)
    if wrong:
        return wrong
    if request["reason"] not in REASONS:
        return refuse(422, "invalid_field", f"reason must be one of: {', '.join(REASONS)}.", field="reason")
    return _wrong_invoice(db, request) or _made(request)


def _wrong_invoice(db: sqlite3.Connection, request: Json) -> Answer | None:
    invoice = records.own_invoice(request)
    if invoice is None:
        return refuse(404, "invoice_not_found", "This customer has no such invoice.")
    earlier = writes.search(db, KIND.name, fields={"invoice_id": invoice.invoice_id})
    if earlier:
        number = earlier[0]["dispute_id"]
        return refuse(409, "already_disputed", f"Dispute {number} is about this invoice.", dispute_id=number)
    if invoice.invoice_id in refunds.days(db) or invoice.status not in {"paid", "open"}:
        return refuse(409, "invoice_not_disputable", "Only a paid or open invoice can be disputed.")
    return None


def _made(request: Json) -> Json:
    invoice = records.INVOICES[request["invoice_id"]]
    fields = {name: request[name] for name in NEEDED}
    return {**fields, "amount": invoice.amount, "currency": "USD", "status": "open"}


KIND = writes.Kind(
    name="dispute", path="disputes", id="dispute_id", prefix="DP", decide=_decide, filters=("invoice_id",)
)
