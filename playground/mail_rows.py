"""The mails in the pretended mailboxes, what their owners are like, and every SMTP transaction, as rows."""

import contextlib
import email
import email.policy
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from functools import lru_cache
from typing import Any

import orjson

from playground import store

Json = dict[str, Any]
PART = "mail"
STUMBLES = (AttributeError, TypeError, ValueError, LookupError, NameError, AssertionError, RecursionError)
HEAD, LONG, MANY, LINES = 64_000, 4_000, 50, 500_000  # bytes of a head, letters of a field, parts, lines
SMALL = 32_000  # bytes of a mail whose reading is worth remembering
RECEIVED, SENT, BOUNCED = "received", "sent", "bounced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail of one box; `way` is seen from its owner. `sender` and `recipient` are the envelope's."""

    box: str
    way: str
    sender: str
    recipient: str
    message_id: str
    raw: bytes
    at: float
    delivery: int | None = None
    seen: bool = False
    n: int = 0
    changed: int = 0


def add(db: sqlite3.Connection, mail: Mail) -> Mail:
    """Store a mail and return it with its number."""
    row = db.execute(
        "INSERT INTO mail (changed, box, way, sender, recipient, message_id, raw, delivery, seen, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (
            store.tick(db, PART),
            mail.box,
            mail.way,
            mail.sender,
            mail.recipient,
            mail.message_id,
            mail.raw,
            mail.delivery,
            int(mail.seen),
            mail.at,
        ),
    ).fetchone()
    return _mail(row)


def get(db: sqlite3.Connection, n: int) -> Mail | None:
    """Return one mail."""
    row = db.execute("SELECT * FROM mail WHERE n = ?", (n,)).fetchone()
    return _mail(row) if row else None


def listing(db: sqlite3.Connection, *, box: str | None = None, changed_after: int = -1) -> list[Mail]:
    """Return the mails of a box, or of all, in order; or those that changed since."""
    rows = db.execute(
        "SELECT * FROM mail WHERE (?1 IS NULL OR box = ?1) AND changed > ?2 ORDER BY n", (box, changed_after)
    )
    return [_mail(row) for row in rows]


def mark_seen(db: sqlite3.Connection, n: int) -> None:
    """Mark a mail as read by its owner."""
    db.execute("UPDATE mail SET seen = 1, changed = ? WHERE n = ? AND NOT seen", (store.tick(db, PART), n))


def boxes(db: sqlite3.Connection) -> list[Json]:
    """Return every mailbox in which something lies, with how much."""
    rows = db.execute("SELECT box, count(*) AS mails, sum(NOT seen AND way = 'received') AS new FROM mail GROUP BY box")
    return [dict(row) for row in rows]


def habits(db: sqlite3.Connection, box: str) -> Json:
    """Return what happens to mail for a box: whether it bounces, whether a holiday note goes back."""
    row = db.execute("SELECT habits FROM mailbox WHERE address = ?", (box,)).fetchone()
    return dict(orjson.loads(row[0])) if row else {}


def set_habits(db: sqlite3.Connection, box: str, changes: Json) -> Json:
    """Change what happens to mail for a box; null ends a habit."""
    kept = {name: value for name, value in {**habits(db, box), **changes}.items() if value is not None}
    db.execute("INSERT OR REPLACE INTO mailbox VALUES (?, ?)", (box, orjson.dumps(kept).decode()))
    return kept


def log_session(
    db: sqlite3.Connection, *, sender: str, recipients: Sequence[str], message_id: str, answer: str
) -> None:
    """Record one SMTP transaction, refused ones too."""
    db.execute(
        "INSERT INTO smtp_session (at, sender, recipients, message_id, answer) VALUES (?, ?, ?, ?, ?)",
        (time.time(), sender, orjson.dumps(list(recipients)).decode(), message_id, answer),
    )


def sessions(db: sqlite3.Connection) -> list[Json]:
    """Return every SMTP transaction in order, so that anyone can count."""
    rows = db.execute("SELECT * FROM smtp_session ORDER BY n")
    return [{**dict(row), "at": _when(row["at"]), "recipients": orjson.loads(row["recipients"])} for row in rows]


def parse(raw: bytes) -> EmailMessage:
    """Read a mail with the standard library; of one that would keep it busy for long, the head alone."""
    if not _is_hostile(raw):
        with contextlib.suppress(*STUMBLES):
            return email.message_from_bytes(raw, policy=email.policy.default)
    found = BytesHeaderParser(policy=email.policy.default).parsebytes(raw[:HEAD])
    found.set_payload("")
    return found


def header(message: EmailMessage, name: str) -> str:
    """Return a header's value; one that is long, or that the library stumbles over, as it came."""
    plain = next((_text(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    if len(plain) > LONG:
        return plain
    try:
        return _text(message.get(name, ""))
    except STUMBLES:
        return plain


def show(mail: Mail) -> Json:
    """Render a mail as the page and the tests read it."""
    row = {
        "n": mail.n,
        "box": mail.box,
        "way": mail.way,
        "seen": mail.seen,
        "changed": mail.changed,
        "delivery": mail.delivery,
        "at": _when(mail.at),
        "envelope": {"from": mail.sender, "to": mail.recipient},
        "message_id": mail.message_id,
        "size": len(mail.raw),
    }
    return row | (_told(mail.raw) if len(mail.raw) > SMALL else _remembered(mail.raw))


def _told(raw: bytes) -> Json:
    """What a mail says of itself."""
    message = parse(raw)
    return {
        "from": header(message, "From"),
        "to": header(message, "To"),
        "cc": header(message, "Cc"),
        "reply_to": header(message, "Reply-To"),
        "subject": header(message, "Subject"),
        "date": header(message, "Date"),
        "in_reply_to": header(message, "In-Reply-To"),
        "references": header(message, "References").split(),
        "auto_submitted": header(message, "Auto-Submitted"),
        "headers": [[name, _text(value)] for name, value in message.raw_items()],
        "text": body(message, "plain"),
        "html": body(message, "html"),
        "attachments": [_attachment(number, part) for number, part in enumerate(attachments(message))],
    }


_remembered = lru_cache(maxsize=256)(
    _told
)  # who waits for mail looks at a box again and again; only read, never changed


def body(message: EmailMessage, kind: str) -> str | None:
    """Return the text or the HTML of a mail; a charset nobody knows is read as if it were UTF-8."""
    try:
        part = message.get_body((kind,))
        if part is None:
            return None
        try:
            return str(part.get_content()).replace("\r\n", "\n")
        except (LookupError, KeyError):
            content = part.get_payload(decode=True)
            return content.decode(errors="replace") if isinstance(content, bytes) else None
    except STUMBLES:
        return None


def attachments(message: EmailMessage) -> list[EmailMessage]:
    """Return the parts that are files."""
    try:
        return list(message.iter_attachments())
    except STUMBLES:
        return []


def bytes_of(part: EmailMessage) -> bytes:
    """Return the content of a part."""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else part.as_bytes()


def message_id(raw: bytes) -> str:
    """Return a mail's own name."""
    return header(parse(raw), "Message-ID").strip()


def _attachment(number: int, part: EmailMessage) -> Json:
    return {
        "number": number,
        "name": part.get_filename() or f"attachment {number + 1}",
        "type": part.get_content_type(),
        "size": len(bytes_of(part)),
    }


def _is_hostile(raw: bytes) -> bool:
    lower = raw.lower()
    parts = lower.count(b"boundary") + lower.count(b"message/rfc822")
    return parts > MANY or lower.count(b"\n--") > 100 * MANY or lower.count(b"\n") > LINES


def _text(value: object) -> str:
    """Make a header's value fit for JSON, whatever bytes it came from."""
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _mail(row: sqlite3.Row) -> Mail:
    values = dict(row)
    return Mail(**{**values, "raw": bytes(values["raw"]), "seen": bool(values["seen"])})
