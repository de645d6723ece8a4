"""Alembic migrations and the call that brings a database up to date. Additive only: expand, migrate, contract."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from state import errors

HEAD = "0004"
"""The newest revision; compared with the database before Alembic is even imported."""


async def current(url: str) -> str | None:
    """The revision the database is at; None when it has none. Raises RetryLater when it is away."""
    sql = "SELECT version_num FROM alembic_version"
    if url.startswith("sqlite:"):
        return _current_sqlite(url.removeprefix("sqlite:///"), sql)
    import asyncpg

    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise errors.RetryLater(f"DATABASE_URL: PostgreSQL does not answer ({error})") from error
    try:
        found = await connection.fetchval(sql)
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()
    return str(found) if found else None


def _current_sqlite(path: str, sql: str) -> str | None:
    if not Path(path).exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=5)) as connection:
            connection.execute("PRAGMA schema_version")
            row = _first(connection, sql)
    except sqlite3.DatabaseError as error:
        raise errors.BadInput(f"DATABASE_URL: {path} is not a SQLite database ({error})") from error
    return str(row[0]) if row else None


def _first(connection: sqlite3.Connection, sql: str) -> tuple[str] | None:
    """The first row; None when there is none, or not even the table."""
    try:
        row: tuple[str] | None = connection.execute(sql).fetchone()
    except sqlite3.OperationalError:
        return None
    return row


def upgrade(url: str) -> bool:
    """Bring the database at `url` to HEAD; returns whether anything was done. Raises RetryLater when it is away."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    try:
        command.upgrade(config, "head")
    except OSError as error:
        raise errors.RetryLater(f"DATABASE_URL: the database does not answer ({error})") from error
    return True
