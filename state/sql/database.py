"""How a transaction is written once and run by either database. Knows no table.

A transaction is a generator: it yields a `Query` and is sent the rows. The SQLite driver runs it to its end inside its
writer thread, many of them in one durable commit (group commit); the PostgreSQL driver awaits each query. Statements
are plain SQL with `:name` parameters and words that differ: `{now}` (the database's clock in ms), `{start}` (its time
when the statement began, which an index can be searched by), and the row locks `{lock}`, `{lock_session}`,
`{skip_locked}`.
"""

from __future__ import annotations

import re  # noqa: TID251 - reads our own statements
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Row = Mapping[str, Any]
TRIES = 3

WORDS = {
    "sqlite": {
        "now": "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)",
        "start": "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)",
        "lock": "",
        "lock_session": "",
        "skip_locked": "",
    },
    "postgresql": {
        "now": "CAST(extract(epoch from clock_timestamp()) * 1000 AS BIGINT)",
        "start": "CAST(extract(epoch from statement_timestamp()) * 1000 AS BIGINT)",
        "lock": "FOR UPDATE",
        "lock_session": "FOR UPDATE OF s FOR SHARE OF i",
        "skip_locked": "FOR UPDATE SKIP LOCKED",
    },
}
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")


@dataclass(slots=True)
class Query:
    """One statement and its parameters; with `many`, the statement runs once per item and returns nothing."""

    sql: str
    params: dict[str, Any]
    many: Sequence[dict[str, Any]] | None = None


Tx = Generator[Query, list[Row], T]


def query(sql: str, **params: object) -> Query:
    """A statement with its parameters."""
    return Query(sql, params)


def many(sql: str, rows: Sequence[dict[str, Any]]) -> Query:
    """The same statement for many rows."""
    return Query(sql, {}, rows)


@lru_cache(maxsize=512)
def numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """PostgreSQL's form of a statement: `$n` parameters and the names in their order."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PARAMETER.sub(number, words(sql, "postgresql")), tuple(names)


@lru_cache(maxsize=512)
def named(sql: str) -> str:
    """SQLite's form of a statement."""
    return words(sql, "sqlite")


def words(sql: str, dialect: str) -> str:
    """Replace the words that differ between the databases."""
    for word, text in WORDS[dialect].items():
        sql = sql.replace("{" + word + "}", text)
    return sql


class Database(Protocol):
    """A durable database. `write` returns only after the commit is on disk."""

    dialect: str

    async def write(self, make: Callable[[], Tx[T]]) -> T:
        """Run a transaction, at most 3 times while it loses races. Raises RetryLater when the database is away."""
        ...

    async def read(self, make: Callable[[], Tx[T]]) -> T:
        """Run statements that only read."""
        ...

    async def close(self) -> None:
        """Finish what is queued and close."""
