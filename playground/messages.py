"""Every message a phone sent or got, as rows and as Twilio shows them. It sends nothing."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import orjson

Json = dict[str, Any]
API_VERSION = "2010-04-01"
UNSETTLED = ("pending", "retrying", "held")
_JSON_COLUMNS = ("buttons", "media", "form", "webhook")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; `direction` is Twilio's word, seen from the business."""

    sid: str
    phone: str
    business: str
    direction: str
    body: str
    status: str
    created_at: float
    updated_at: float
    buttons: Sequence[Json] = ()
    media: Sequence[Json] = ()
    error_code: int | None = None
    error_message: str | None = None
    form: Json
    callback: str = ""
    webhook: Json
    read: bool = False
    n: int = 0
    changed: int = 0

    @property
    def inbound(self) -> bool:
        """Tell whether the phone sent it."""
        return self.direction == "inbound"


def add(db: sqlite3.Connection, message: Message) -> None:
    """Store a new message."""
    values = {name: getattr(message, name) for name in Message.__slots__ if name not in {"n", "changed"}}
    values |= {name: orjson.dumps(values[name]).decode() for name in _JSON_COLUMNS}
    names = [*values, "changed"]
    marks = ", ".join("?" for _ in names)
    db.execute(
        f"INSERT INTO message ({', '.join(names)}) VALUES ({marks})",  # noqa: S608  the names are ours
        (*values.values(), version(db) + 1),
    )


def get(db: sqlite3.Connection, sid: str) -> Message | None:
    """Return one message."""
    row = db.execute("SELECT * FROM message WHERE sid = ?", (sid,)).fetchone()
    return _message(row) if row else None


def version(db: sqlite3.Connection) -> int:
    """Return the number of the newest change to any message."""
    return int(db.execute("SELECT coalesce(max(changed), 0) FROM message").fetchone()[0])


def conversation(db: sqlite3.Connection, phone: str, *, changed_after: int = -1) -> list[Message]:
    """Return a phone's messages in order, or those that changed since."""
    rows = db.execute("SELECT * FROM message WHERE phone = ? AND changed > ? ORDER BY n", (phone, changed_after))
    return [_message(row) for row in rows]


def update(db: sqlite3.Connection, sid: str, **values: Any) -> Message:
    """Change columns of one message and return it as it is now."""
    stored = {name: orjson.dumps(value).decode() if name in _JSON_COLUMNS else value for name, value in values.items()}
    sets = ", ".join(f"{name} = ?" for name in stored)
    row = db.execute(
        f"UPDATE message SET {sets}, changed = ? WHERE sid = ? RETURNING *",  # noqa: S608  the names are ours
        (*stored.values(), version(db) + 1, sid),
    ).fetchone()
    return _message(row)


def mark_read(db: sqlite3.Connection, sid: str) -> Message | None:
    """Mark an inbound message, and what its phone sent before, as read by the business."""
    message = get(db, sid)
    if message is None or not message.inbound:
        return None
    db.execute(
        "UPDATE message SET read = 1, changed = ? WHERE phone = ? AND direction = 'inbound' AND n <= ? AND NOT read",
        (version(db) + 1, message.phone, message.n),
    )
    return message


def last_inbound(db: sqlite3.Connection, phone: str) -> float | None:
    """Return when the phone last wrote, which opens the 24-hour window."""
    row = db.execute(
        "SELECT max(created_at) FROM message WHERE phone = ? AND direction = 'inbound'", (phone,)
    ).fetchone()
    return None if row[0] is None else float(row[0])


def unfinished(db: sqlite3.Connection) -> list[Message]:
    """Return what a stop left half done: webhooks not settled, sent messages not yet read."""
    rows = db.execute("SELECT * FROM message WHERE status NOT IN ('read', 'failed') ORDER BY n")
    found = [_message(row) for row in rows]
    return [m for m in found if not m.inbound or m.webhook.get("state") in UNSETTLED]


def opted_out(db: sqlite3.Connection, phone: str) -> bool:
    """Tell whether the person behind a phone refuses messages of the business."""
    row = db.execute("SELECT opted_out FROM phone WHERE number = ?", (phone,)).fetchone()
    return bool(row and row[0])


def set_opted_out(db: sqlite3.Connection, phone: str, *, opted_out: bool) -> None:
    """Record whether a person refuses messages of the business."""
    db.execute(
        "INSERT INTO phone VALUES (?1, ?2) ON CONFLICT (number) DO UPDATE SET opted_out = ?2",
        (phone, int(opted_out)),
    )


def listing(
    db: sqlite3.Connection,
    *,
    to: str | None,
    sender: str | None,
    since: float | None,
    until: float | None,
    limit: int,
    offset: int,
) -> list[Message]:
    """Return messages newest first, as Twilio lists them; addresses are without `whatsapp:`."""
    rows = db.execute(
        "SELECT * FROM message WHERE (?1 IS NULL OR ?1 = iif(direction = 'inbound', business, phone))"
        " AND (?2 IS NULL OR ?2 = iif(direction = 'inbound', phone, business))"
        " AND (?3 IS NULL OR created_at >= ?3) AND (?4 IS NULL OR created_at < ?4)"
        " ORDER BY n DESC LIMIT ?5 OFFSET ?6",
        (to, sender, since, until, limit, offset),
    )
    return [_message(row) for row in rows]


def resource(message: Message, account: str) -> Json:
    """Render a message as Twilio's API does."""
    phone, business = f"whatsapp:{message.phone}", f"whatsapp:{message.business}"
    uri = f"/{API_VERSION}/Accounts/{account}/Messages/{message.sid}"
    created = _date(message.created_at)
    return {
        "account_sid": account,
        "api_version": API_VERSION,
        "body": message.body,
        "date_created": created,
        "date_sent": created,
        "date_updated": _date(message.updated_at),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": message.error_message,
        "from": phone if message.inbound else business,
        "messaging_service_sid": None,
        "num_media": str(len(message.media)),
        "num_segments": "1",
        "price": None,
        "price_unit": None,
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": business if message.inbound else phone,
        "uri": f"{uri}.json",
    }


def bubble(message: Message) -> Json:
    """Render a message as the phone shows it."""
    return {
        "n": message.n,
        "sid": message.sid,
        "direction": "inbound" if message.inbound else "outbound",
        "body": message.body,
        "buttons": list(message.buttons),
        "media": list(message.media),
        "status": message.status,
        "error_code": message.error_code,
        "error_message": message.error_message,
        "webhook": message.webhook,
        "read": message.read,
        "at": datetime.fromtimestamp(message.created_at, UTC).isoformat(timespec="milliseconds"),
    }


def _message(row: sqlite3.Row) -> Message:
    values = dict(row)
    values |= {name: orjson.loads(values[name]) for name in _JSON_COLUMNS}
    return Message(**{**values, "read": bool(values["read"])})


def _date(at: float) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC))
