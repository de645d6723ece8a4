"""One SQLite file, written by one thread and committed before anything is answered. It knows no meaning."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS written (
    kind TEXT NOT NULL, n INTEGER NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, customer TEXT NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (kind, n), UNIQUE (kind, key));
CREATE TABLE IF NOT EXISTS ledger (
    n INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, customer TEXT NOT NULL,
    key TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS message (
    n INTEGER PRIMARY KEY, sid TEXT NOT NULL UNIQUE, changed INTEGER NOT NULL,
    phone TEXT NOT NULL, business TEXT NOT NULL, direction TEXT NOT NULL, body TEXT NOT NULL,
    buttons TEXT NOT NULL, media TEXT NOT NULL, status TEXT NOT NULL, error_code INTEGER, error_message TEXT,
    form TEXT NOT NULL, callback TEXT NOT NULL, webhook TEXT NOT NULL, read INTEGER NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS message_phone ON message (phone, n);
CREATE INDEX IF NOT EXISTS message_changed ON message (changed);
CREATE TABLE IF NOT EXISTS phone (number TEXT PRIMARY KEY, opted_out INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS template (sid TEXT PRIMARY KEY, body TEXT NOT NULL, buttons TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
    n INTEGER PRIMARY KEY, changed INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
    body BLOB NOT NULL, headers TEXT NOT NULL, about TEXT NOT NULL, state TEXT NOT NULL, attempts TEXT NOT NULL,
    at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_changed ON delivery (changed);
CREATE TABLE IF NOT EXISTS slack_message (
    n INTEGER PRIMARY KEY, changed INTEGER NOT NULL, channel TEXT NOT NULL, ts TEXT NOT NULL, thread_ts TEXT,
    body TEXT NOT NULL, only_for TEXT, deleted INTEGER NOT NULL DEFAULT 0, UNIQUE (channel, ts));
CREATE INDEX IF NOT EXISTS slack_message_changed ON slack_message (changed);
CREATE TABLE IF NOT EXISTS slack_version (
    n INTEGER PRIMARY KEY, channel TEXT NOT NULL, ts TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slack_channel (id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slack_view (
    n INTEGER PRIMARY KEY, changed INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, person TEXT NOT NULL,
    body TEXT NOT NULL, open INTEGER NOT NULL, errors TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slack_pass (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, about TEXT NOT NULL, expires REAL NOT NULL, uses INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS slack_file (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, length INTEGER NOT NULL, content BLOB,
    about TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS slack_call (
    n INTEGER PRIMARY KEY, at REAL NOT NULL, method TEXT NOT NULL, args TEXT NOT NULL, status INTEGER NOT NULL,
    error TEXT);
CREATE TABLE IF NOT EXISTS mail (
    n INTEGER PRIMARY KEY, changed INTEGER NOT NULL, box TEXT NOT NULL, way TEXT NOT NULL, sender TEXT NOT NULL,
    recipient TEXT NOT NULL, message_id TEXT NOT NULL, raw BLOB NOT NULL, delivery INTEGER, seen INTEGER NOT NULL,
    at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS mail_box ON mail (box, n);
CREATE INDEX IF NOT EXISTS mail_changed ON mail (changed);
CREATE TABLE IF NOT EXISTS mailbox (address TEXT PRIMARY KEY, habits TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS smtp_session (
    n INTEGER PRIMARY KEY, at REAL NOT NULL, sender TEXT NOT NULL, recipients TEXT NOT NULL, message_id TEXT NOT NULL,
    answer TEXT NOT NULL);
"""
# A file from when refunds were all that was written: what they are is kept, and their table goes.
OLD_REFUNDS = """
BEGIN IMMEDIATE;
INSERT INTO written SELECT 'refund', n, key, fingerprint, customer_id, json_object(
    'refund_id', 'RF-' || (1000 + n), 'key', key, 'invoice_id', invoice_id, 'customer_id', customer_id,
    'amount', amount, 'currency', currency, 'reason', reason, 'note', note, 'status', status,
    'created_at', created_at) FROM refund;
DROP TABLE refund;
COMMIT;
"""
TABLES = (
    "written", "ledger", "message", "phone", "template", "counter", "delivery", "slack_message", "slack_version",
    "slack_channel", "slack_view", "slack_pass", "slack_file", "slack_call", "mail", "mailbox", "smtp_session",
)  # fmt: skip


class Store:
    """A database that survives `kill -9`: what a call returned is on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="playground-db")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the file and make the tables that are missing."""
        await self._in_thread(self._open)

    async def close(self) -> None:
        """Close the file; the store cannot be opened again."""
        await self._in_thread(self._close)
        self._thread.shutdown()

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` against the database."""
        return await self._in_thread(lambda: work(self._db))

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction and return after the commit; an exception undoes all of it."""
        return await self._in_thread(lambda: self._transact(work))

    async def reset(self) -> None:
        """Forget everything that was ever written."""
        await self.write(_empty)

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the playground's store is not open")
        return self._connection

    async def _in_thread(self, work: Callable[[], T]) -> T:
        # Shielded: a caller who hangs up must not leave the next transaction inside his own.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA busy_timeout=5000")
        connection.executescript(SCHEMA)
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'refund'").fetchone():
            connection.executescript(OLD_REFUNDS)
        self._connection = connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._db)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return result


def tick(db: sqlite3.Connection, name: str) -> int:
    """Return the next number of a counter; those who wait for changes compare it."""
    row = db.execute(
        "INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1 RETURNING n", (name,)
    ).fetchone()
    return int(row[0])


def ticked(db: sqlite3.Connection, name: str) -> int:
    """Return the last number of a counter."""
    row = db.execute("SELECT n FROM counter WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row else 0


def _empty(db: sqlite3.Connection) -> None:
    for table in TABLES:
        db.execute(f"DELETE FROM {table}")  # noqa: S608  the names are the constants above
