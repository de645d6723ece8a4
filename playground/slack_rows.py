"""The messages, modals, files and calls of the pretended Slack, as rows. It checks nothing and sends nothing."""

import secrets
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from playground import slack_people, store

Json = dict[str, Any]
PART = "slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: `body` is what Slack's API shows, `only_for` names who alone sees an ephemeral one."""

    channel: str
    ts: str
    body: Json
    thread_ts: str | None = None
    only_for: str | None = None
    deleted: bool = False
    n: int = 0
    changed: int = 0


def version(db: sqlite3.Connection) -> int:
    """Return the number of the newest change to anything in the workspace."""
    return store.ticked(db, PART)


def next_ts(db: sqlite3.Connection) -> str:
    """Make the next timestamp, which is also a message's name: now, but always later than every one before."""
    last = db.execute("SELECT max(ts) FROM slack_message").fetchone()[0] or "0.0"
    seconds, _, micros = last.partition(".")
    number = max(int(time.time() * 1_000_000), int(seconds) * 1_000_000 + int(micros) + 100)
    return f"{number // 1_000_000}.{number % 1_000_000:06d}"


def post(db: sqlite3.Connection, channel: str, body: Json, *, only_for: str | None = None) -> Message:
    """Add a message with the next timestamp."""
    ts = next_ts(db)
    return _insert(db, Message(channel=channel, ts=ts, body={**body, "ts": ts}, only_for=only_for))


def _insert(db: sqlite3.Connection, message: Message) -> Message:
    row = db.execute(
        "INSERT INTO slack_message (changed, channel, ts, thread_ts, body, only_for) VALUES (?, ?, ?, ?, ?, ?)"
        " RETURNING *",
        (
            store.tick(db, PART),
            message.channel,
            message.ts,
            message.body.get("thread_ts"),
            _text(message.body),
            message.only_for,
        ),
    ).fetchone()
    return _message(row)


def change(db: sqlite3.Connection, message: Message, body: Json) -> Message:
    """Replace what a message says; the old version is kept."""
    db.execute(
        "INSERT INTO slack_version (channel, ts, body) VALUES (?, ?, ?)",
        (message.channel, message.ts, _text(message.body)),
    )
    row = db.execute(
        "UPDATE slack_message SET body = ?, changed = ? WHERE n = ? RETURNING *",
        (_text(body), store.tick(db, PART), message.n),
    ).fetchone()
    return _message(row)


def remove(db: sqlite3.Connection, message: Message) -> None:
    """Delete a message; its row stays for those who must learn of it."""
    db.execute("UPDATE slack_message SET deleted = 1, changed = ? WHERE n = ?", (store.tick(db, PART), message.n))


def get(db: sqlite3.Connection, channel: str, ts: str, *, deleted: bool = False) -> Message | None:
    """Return one message."""
    row = db.execute("SELECT * FROM slack_message WHERE channel = ? AND ts = ?", (channel, ts)).fetchone()
    found = _message(row) if row else None
    return found if found and (deleted or not found.deleted) else None


def versions(db: sqlite3.Connection, channel: str, ts: str) -> list[Json]:
    """Return what a message said before, oldest first."""
    rows = db.execute("SELECT body FROM slack_version WHERE channel = ? AND ts = ? ORDER BY n", (channel, ts))
    return [orjson.loads(row[0]) for row in rows]


def history(db: sqlite3.Connection, channel: str) -> list[Message]:
    """Return a channel's messages outside threads that everybody sees, oldest first."""
    rows = db.execute(
        "SELECT * FROM slack_message WHERE channel = ? AND (thread_ts IS NULL OR thread_ts = ts)"
        " AND only_for IS NULL AND NOT deleted ORDER BY ts",
        (channel,),
    )
    return [_message(row) for row in rows]


def thread(db: sqlite3.Connection, channel: str, ts: str) -> list[Message]:
    """Return the replies to a message that everybody sees, oldest first."""
    rows = db.execute(
        "SELECT * FROM slack_message WHERE channel = ? AND thread_ts = ? AND ts <> thread_ts"
        " AND only_for IS NULL AND NOT deleted ORDER BY ts",
        (channel, ts),
    )
    return [_message(row) for row in rows]


def changed(db: sqlite3.Connection, after: int) -> list[Message]:
    """Return every message that changed since, deleted and ephemeral ones too."""
    rows = db.execute("SELECT * FROM slack_message WHERE changed > ? ORDER BY ts", (after,))
    return [_message(row) for row in rows]


def bubble(message: Message) -> Json:
    """Render a message as the page shows it."""
    return {
        **message.body,
        "channel": message.channel,
        "only_for": message.only_for,
        "deleted": message.deleted,
        "changed": message.changed,
        "at": datetime.fromtimestamp(float(message.ts), UTC).isoformat(timespec="milliseconds"),
    }


def channel(db: sqlite3.Connection, name: str, support: str) -> Json | None:
    """Return a channel as Slack shows it, with what was changed about it."""
    if name.startswith("D"):
        return slack_people.show_direct(name)
    known = slack_people.channels(support).get(name)
    row = db.execute("SELECT body FROM slack_channel WHERE id = ?", (name,)).fetchone()
    return {**known, **(orjson.loads(row[0]) if row else {})} if known else None


def change_channel(db: sqlite3.Connection, name: str, changes: Json) -> None:
    """Change facts about a channel, such as that it is shared with another company."""
    db.execute(
        "INSERT INTO slack_channel VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = json_patch(body, ?2)",
        (name, _text(changes)),
    )
    store.tick(db, PART)


def issue(db: sqlite3.Connection, kind: str, about: Json, *, lasts: float, uses: int) -> str:
    """Make a trigger id or the secret end of a response URL."""
    number = secrets.randbelow(10**13)
    made = f"{number}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
    name = made if kind == "trigger" else secrets.token_urlsafe(18)
    db.execute("INSERT INTO slack_pass VALUES (?, ?, ?, ?, ?)", (name, kind, _text(about), time.time() + lasts, uses))
    return name


def redeem(db: sqlite3.Connection, kind: str, name: str) -> tuple[str, Json]:
    """Use a trigger id or response URL once: `ok`, `used`, `expired` or `unknown`, and what it is about."""
    row = db.execute("SELECT * FROM slack_pass WHERE id = ? AND kind = ?", (name, kind)).fetchone()
    if row is None:
        return "unknown", {}
    if row["uses"] <= 0:
        return "used", {}
    if row["expires"] <= time.time():
        return "expired", {}
    db.execute("UPDATE slack_pass SET uses = uses - 1 WHERE id = ?", (name,))
    return "ok", orjson.loads(row["about"])


def put_view(db: sqlite3.Connection, view: Json, *, who: str, is_open: bool, errors: Json | None = None) -> None:
    """Store a modal as it now is."""
    db.execute(
        "INSERT INTO slack_view (changed, id, person, body, open, errors) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT (id) DO UPDATE SET changed = ?1, body = ?4, open = ?5, errors = ?6",
        (store.tick(db, PART), view["id"], who, _text(view), int(is_open), _text(errors or {})),
    )


def views(db: sqlite3.Connection, *, changed_after: int = -1) -> list[Json]:
    """Return modals as the page shows them, or those that changed since."""
    rows = db.execute("SELECT * FROM slack_view WHERE changed > ? ORDER BY n", (changed_after,))
    return [
        {
            "view": orjson.loads(row["body"]),
            "user": row["person"],
            "open": bool(row["open"]),
            "errors": orjson.loads(row["errors"]),
        }
        for row in rows
    ]


def view(db: sqlite3.Connection, name: str) -> Json | None:
    """Return one modal by its id or by the external id that the app gave it."""
    return next(
        (each for each in views(db) if name and name in {each["view"]["id"], each["view"]["external_id"]}), None
    )


def log_call(db: sqlite3.Connection, method: str, args: Json, *, status: int, error: str | None) -> None:
    """Record one call of the Web API."""
    db.execute(
        "INSERT INTO slack_call (at, method, args, status, error) VALUES (?, ?, ?, ?, ?)",
        (time.time(), method, _text(args), status, error),
    )


def calls(db: sqlite3.Connection, method: str | None) -> list[Json]:
    """Return every call of the Web API in order, refused ones too; `ok` tells which took effect."""
    rows = db.execute("SELECT * FROM slack_call WHERE ?1 IS NULL OR method = ?1 ORDER BY n", (method,))
    return [
        {
            "n": row["n"],
            "at": datetime.fromtimestamp(row["at"], UTC).isoformat(timespec="milliseconds"),
            "method": row["method"],
            "args": orjson.loads(row["args"]),
            "status": row["status"],
            "ok": row["error"] is None,
            "error": row["error"],
        }
        for row in rows
    ]


def _message(row: sqlite3.Row) -> Message:
    values = dict(row)
    return Message(**{**values, "body": orjson.loads(values["body"]), "deleted": bool(values["deleted"])})


def _text(value: object) -> str:
    return orjson.dumps(value).decode()
