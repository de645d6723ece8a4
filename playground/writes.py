"""Every write Acme takes: applied once for its key, entered in the ledger with it, read back. It knows no meaning."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

Json = dict[str, Any]
FIRST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP status and the JSON that goes with it."""

    status: int
    body: Json
    replayed: bool = False


Decide = Callable[[sqlite3.Connection, Json, datetime], Answer | Json]
"""Refuses a request, or gives the fields of what it makes; runs in the transaction that enters them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of thing that is written: the ledger's word, the path of its collection, how its numbers begin."""

    name: str
    path: str
    id: str
    prefix: str
    decide: Decide
    filters: tuple[str, ...] = ()

    @property
    def noun(self) -> str:
        """What its errors call it."""
        return self.id.removesuffix("_id")


def refuse(status: int, code: str, message: str, **more: str) -> Answer:
    """Build an error the way all of Acme's errors look."""
    return Answer(status=status, body={"error": {"code": code, "message": message, **more}})


def wrong_texts(request: Json, names: Iterable[str], *, most: int = 500) -> Answer | None:
    """Refuse a request in which one of these fields is no text, or an empty or too long one."""
    for name in names:
        value = request.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > most:
            return refuse(422, "invalid_field", f"{name} must be a text of 1 to {most} characters.", field=name)
    return None


def create(db: sqlite3.Connection, kind: Kind, *, key: str, request: Json, now: datetime) -> Answer:
    """Apply a request exactly once for its key, or say why not; what is refused leaves the key free."""
    fingerprint = hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()
    earlier = db.execute("SELECT * FROM written WHERE kind = ? AND key = ?", (kind.name, key)).fetchone()
    if earlier is not None:
        return _replay(earlier, fingerprint)
    made = kind.decide(db, request, now)
    return made if isinstance(made, Answer) else _apply(db, kind, made, key=key, fingerprint=fingerprint, now=now)


def get(db: sqlite3.Connection, kind: Kind, number: str) -> Json | None:
    """Return one thing by its number, such as RF-1001."""
    digits = number.removeprefix(f"{kind.prefix}-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        return None
    row = db.execute("SELECT * FROM written WHERE kind = ? AND n = ?", (kind.name, int(digits) - FIRST)).fetchone()
    return _show(row) if row else None


def search(
    db: sqlite3.Connection,
    kind: str,
    *,
    key: str | None = None,
    customer: str | None = None,
    fields: Mapping[str, str] | None = None,
) -> list[Json]:
    """Return the things of a kind that match everything given, oldest first."""
    rows = db.execute(
        "SELECT * FROM written WHERE kind = ?1 AND (?2 IS NULL OR key = ?2) AND (?3 IS NULL OR customer = ?3)"
        " ORDER BY n",
        (kind, key, customer),
    )
    shown = (_show(row) for row in rows)
    wanted = (fields or {}).items()
    return [one for one in shown if all(one.get(name) == value for name, value in wanted)]


def ledger(db: sqlite3.Connection, *, customer: str | None = None) -> list[Json]:
    """Return every write Acme applied, oldest first."""
    rows = db.execute("SELECT * FROM ledger WHERE ?1 IS NULL OR customer = ?1 ORDER BY n", (customer,))
    return [{**dict(row), "body": orjson.loads(row["body"])} for row in rows]


def _replay(row: sqlite3.Row, fingerprint: str) -> Answer:
    if row["fingerprint"] != fingerprint:
        return refuse(409, "idempotency_key_reused", "This Idempotency-Key was used with another body.")
    return Answer(status=201, body=_show(row), replayed=True)


def _apply(db: sqlite3.Connection, kind: Kind, made: Json, *, key: str, fingerprint: str, now: datetime) -> Answer:
    last = db.execute("SELECT max(n) FROM written WHERE kind = ?", (kind.name,)).fetchone()[0] or 0
    at = now.astimezone(UTC).isoformat(timespec="milliseconds")
    body = {kind.id: f"{kind.prefix}-{FIRST + last + 1}", "key": key, **made, "created_at": at}
    customer, shown = str(made.get("customer_id") or ""), orjson.dumps(body).decode()
    db.execute(
        "INSERT INTO written (kind, n, key, fingerprint, customer, body) VALUES (?, ?, ?, ?, ?, ?)",
        (kind.name, last + 1, key, fingerprint, customer, shown),
    )
    db.execute(
        "INSERT INTO ledger (at, kind, customer, key, body) VALUES (?, ?, ?, ?, ?)",
        (at, kind.name, customer, key, shown),
    )
    return Answer(status=201, body=body)


def _show(row: sqlite3.Row) -> Json:
    found: Json = orjson.loads(row["body"])
    return found
