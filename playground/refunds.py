"""Refunds: the one write Acme takes so far. It decides, applies once per key, and enters it in the ledger."""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import orjson

from playground import records

Json = dict[str, Any]
NEEDED = ("invoice_id", "customer_id", "amount", "currency", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP status and the JSON that goes with it."""

    status: int
    body: Json
    replayed: bool = False


def refuse(status: int, code: str, message: str, **more: str) -> Answer:
    """Build an error the way all of Acme's errors look."""
    return Answer(status=status, body={"error": {"code": code, "message": message, **more}})


def create(db: sqlite3.Connection, *, key: str, request: Json, now: datetime) -> Answer:
    """Apply a refund request exactly once for its key, or say why not."""
    fingerprint = hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()
    earlier = db.execute("SELECT * FROM refund WHERE key = ?", (key,)).fetchone()
    if earlier is not None:
        return _replay(earlier, fingerprint)
    return _wrong_fields(request) or _wrong_invoice(db, request) or _apply(db, key, fingerprint, request, now)


def get(db: sqlite3.Connection, refund_id: str) -> Json | None:
    """Return one refund by its number, such as RF-1001."""
    number = refund_id.removeprefix("RF-")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    row = db.execute("SELECT * FROM refund WHERE n = ?", (int(number) - 1000,)).fetchone()
    return _show(row) if row else None


def search(db: sqlite3.Connection, *, invoice: str | None, key: str | None, customer: str | None) -> list[Json]:
    """Return the refunds that match everything given, oldest first."""
    rows = db.execute(
        "SELECT * FROM refund WHERE (?1 IS NULL OR invoice_id = ?1) AND (?2 IS NULL OR key = ?2)"
        " AND (?3 IS NULL OR customer_id = ?3) ORDER BY n",
        (invoice, key, customer),
    )
    return [_show(row) for row in rows]


def days(db: sqlite3.Connection) -> dict[str, date]:
    """Return the invoices refunded since, with the day of each refund."""
    rows = db.execute("SELECT invoice_id, created_at FROM refund")
    return {row["invoice_id"]: datetime.fromisoformat(row["created_at"]).date() for row in rows}


def ledger(db: sqlite3.Connection, *, customer: str | None = None) -> list[Json]:
    """Return every write Acme applied, oldest first."""
    rows = db.execute("SELECT * FROM ledger WHERE ?1 IS NULL OR customer = ?1 ORDER BY n", (customer,))
    return [{**dict(row), "body": orjson.loads(row["body"])} for row in rows]


def enter(db: sqlite3.Connection, *, kind: str, customer: str, key: str, body: Json, now: datetime) -> None:
    """Enter one applied write in the ledger, in the transaction that applies it."""
    db.execute(
        "INSERT INTO ledger (at, kind, customer, key, body) VALUES (?, ?, ?, ?, ?)",
        (_stamp(now), kind, customer, key, orjson.dumps(body).decode()),
    )


def _replay(row: sqlite3.Row, fingerprint: str) -> Answer:
    if row["fingerprint"] != fingerprint:
        return refuse(409, "idempotency_key_reused", "This Idempotency-Key was used with another body.")
    return Answer(status=201, body=_show(row), replayed=True)


def _wrong_fields(request: Json) -> Answer | None:
    for name in NEEDED:
        value = request.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > 500:
            return refuse(422, "invalid_field", f"{name} must be a text of 1 to 500 characters.", field=name)
    note = request.get("note")
    if note is not None and (not isinstance(note, str) or len(note) > 2000):
        return refuse(422, "invalid_field", "note must be a text of at most 2000 characters.", field="note")
    return None


def _wrong_invoice(db: sqlite3.Connection, request: Json) -> Answer | None:
    invoice = records.INVOICES.get(request["invoice_id"])
    # Another customer's invoice is answered like one that does not exist, so that numbers cannot be probed.
    if invoice is None or invoice.customer_id != request["customer_id"]:
        return refuse(404, "invoice_not_found", "This customer has no such invoice.")
    earlier = db.execute("SELECT n FROM refund WHERE invoice_id = ?", (invoice.invoice_id,)).fetchone()
    if earlier is not None:
        refund_id = _refund_id(earlier["n"])
        return refuse(409, "already_refunded", f"Refund {refund_id} was made for this invoice.", refund_id=refund_id)
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


def _apply(db: sqlite3.Connection, key: str, fingerprint: str, request: Json, now: datetime) -> Answer:
    row = db.execute(
        "INSERT INTO refund (key, fingerprint, invoice_id, customer_id, amount, currency, reason, note,"
        " status, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'requested', ?) RETURNING *",
        (key, fingerprint, *(request[name] for name in NEEDED), request.get("note"), _stamp(now)),
    ).fetchone()
    body = _show(row)
    enter(db, kind="refund", customer=row["customer_id"], key=key, body=body, now=now)
    return Answer(status=201, body=body)


def _show(row: sqlite3.Row) -> Json:
    fields = ("invoice_id", "customer_id", "amount", "currency", "reason", "note", "status", "created_at")
    return {"refund_id": _refund_id(row["n"]), "key": row["key"], **{name: row[name] for name in fields}}


def _refund_id(n: int) -> str:
    return f"RF-{1000 + n}"


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds")
