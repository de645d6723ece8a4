"""What Slack and the mail servers bring to the bot: each request as it was sent, and what came of it. Sends nothing."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from playground import store

Json = dict[str, Any]
UNSETTLED = ("pending", "retrying")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request to the bot; `about` says what caused it, `attempts` what was answered each time."""

    kind: str
    id: str
    type: str
    body: bytes
    at: float
    headers: Mapping[str, str]
    about: Json
    state: str = "pending"
    attempts: tuple[Json, ...] = ()
    n: int = 0
    changed: int = 0

    @property
    def part(self) -> str:
        """Name the part of the playground that it belongs to, which is also its counter's name."""
        return "mail" if self.kind == "mail" else "slack"


def add(db: sqlite3.Connection, delivery: Delivery) -> Delivery:
    """Store a new delivery and return it with its number."""
    row = db.execute(
        "INSERT INTO delivery (changed, kind, id, type, body, headers, about, state, attempts, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (
            store.tick(db, delivery.part),
            delivery.kind,
            delivery.id,
            delivery.type,
            delivery.body,
            _text(delivery.headers),
            _text(delivery.about),
            delivery.state,
            _text(delivery.attempts),
            delivery.at,
        ),
    ).fetchone()
    return _delivery(row)


def get(db: sqlite3.Connection, n: int) -> Delivery | None:
    """Return one delivery."""
    row = db.execute("SELECT * FROM delivery WHERE n = ?", (n,)).fetchone()
    return _delivery(row) if row else None


def note(
    db: sqlite3.Connection,
    n: int,
    *,
    state: str,
    attempt: Json | None = None,
    headers: Mapping[str, str] | None = None,
) -> Delivery | None:
    """Record how a delivery stands, one more attempt, and the headers that it went with."""
    found = get(db, n)
    if found is None:
        return None
    attempts = [*found.attempts, *([attempt] if attempt else [])]
    db.execute(
        "UPDATE delivery SET state = ?, attempts = ?, headers = ?, changed = ? WHERE n = ?",
        (state, _text(attempts), _text(headers or found.headers), store.tick(db, found.part), n),
    )
    return get(db, n)


def listing(db: sqlite3.Connection, part: str, *, changed_after: int = -1, kind: str | None = None) -> list[Delivery]:
    """Return a part's deliveries in order, or those that changed since."""
    rows = db.execute(
        "SELECT * FROM delivery WHERE changed > ?1 AND (kind = 'mail') = ?2 AND (?3 IS NULL OR kind = ?3) ORDER BY n",
        (changed_after, part == "mail", kind),
    )
    return [_delivery(row) for row in rows]


def unfinished(db: sqlite3.Connection, part: str) -> list[Delivery]:
    """Return what a stop left half done."""
    return [delivery for delivery in listing(db, part) if delivery.state in UNSETTLED]


def show(delivery: Delivery, *, whole: bool = True) -> Json:
    """Render a delivery, with its request as text when it is wanted."""
    sent = {"body": delivery.body.decode(errors="replace"), "headers": dict(delivery.headers)} if whole else {}
    return {
        "n": delivery.n,
        "kind": delivery.kind,
        "id": delivery.id,
        "type": delivery.type,
        "about": delivery.about,
        "state": delivery.state,
        "attempts": list(delivery.attempts),
        "at": datetime.fromtimestamp(delivery.at, UTC).isoformat(timespec="milliseconds"),
        **sent,
    }


def _delivery(row: sqlite3.Row) -> Delivery:
    values = dict(row)
    values |= {name: orjson.loads(values[name]) for name in ("headers", "about", "attempts")}
    return Delivery(**{**values, "body": bytes(values["body"]), "attempts": tuple(values["attempts"])})


def _text(value: object) -> str:
    return orjson.dumps(value).decode()
