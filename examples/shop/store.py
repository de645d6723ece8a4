"""The shop's database, a SQLite file (`SHOP_DB`): as the shop had it before it got tools, but for one table.

A write and the key it was done under are one transaction, so a call that comes again finds what it did the first time.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel

from examples.shop.goods import CUSTOMERS, ORDERS, PRODUCTS
from tools import failures
from tools.base import Context

Db = sqlite3.Connection
R = TypeVar("R", bound=BaseModel)


def opened() -> Db:
    """The shop's file, filled when it is new."""
    db = sqlite3.connect(os.environ.get("SHOP_DB", "shop.db"), isolation_level=None, timeout=10)
    db.execute("CREATE TABLE IF NOT EXISTS thing (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))")
    db.execute("CREATE TABLE IF NOT EXISTS done (key TEXT PRIMARY KEY, body TEXT)")
    for kind, things in (("product", PRODUCTS), ("customer", CUSTOMERS), ("order", ORDERS)):
        rows = [(kind, name, orjson.dumps(body).decode()) for name, body in things.items()]
        db.executemany("INSERT OR IGNORE INTO thing VALUES (?, ?, ?)", rows)
    return db


def read(work: Callable[[Db], R]) -> R:
    """Read from the shop."""
    db = opened()
    try:
        return work(db)
    finally:
        db.close()


def write(context: Context, result: type[R], work: Callable[[Db], R]) -> R:
    """Write once for a key: what was done under it before is answered again. What fails leaves nothing behind."""

    def once(db: Db) -> R:
        db.execute("BEGIN IMMEDIATE")
        row = db.execute("SELECT body FROM done WHERE key = ?", (context.key,)).fetchone()
        if row:
            return result.model_validate_json(row[0])
        made = work(db)
        db.execute("INSERT INTO done VALUES (?, ?)", (context.key, made.model_dump_json()))
        db.execute("COMMIT")
        return made

    return read(once)


def get(db: Db, kind: str, name: str) -> dict[str, Any]:
    """One thing. Raises NotFound."""
    row = db.execute("SELECT body FROM thing WHERE kind = ? AND id = ?", (kind, name)).fetchone()
    if row is None:
        raise failures.NotFound(f"There is no {kind} {name}.")
    body: dict[str, Any] = orjson.loads(row[0])
    return body


def put(db: Db, kind: str, name: str, **changes: Any) -> None:
    """Change one thing."""
    body = orjson.dumps({**get(db, kind, name), **changes}).decode()
    db.execute("UPDATE thing SET body = ? WHERE kind = ? AND id = ?", (body, kind, name))


def ids(db: Db, kind: str, **wanted: str) -> list[str]:
    """The things whose fields are as wanted, in any case."""
    rows = db.execute("SELECT id, body FROM thing WHERE kind = ? ORDER BY id", (kind,)).fetchall()
    found = [(name, orjson.loads(body)) for name, body in rows]
    return [name for name, body in found if all(str(body[k]).lower() == v.strip().lower() for k, v in wanted.items())]
