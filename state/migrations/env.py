"""Alembic's entry: runs the migrations of this folder on `config.attributes["url"]`. One transaction for all."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import context
from sqlalchemy import Connection, create_engine, pool, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

import state.schema  # noqa: F401 - fills the metadata

LOCK = 7_214_563_001  # any constant: two starting processes take turns


def _run(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    context.configure(connection=connection, target_metadata=SQLModel.metadata, transaction_per_migration=False)
    context.run_migrations()


async def _postgres(url: str) -> None:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


def _sqlite(url: str) -> None:
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.begin() as connection:
        _run(connection)
    engine.dispose()


def main(url: str) -> None:
    """Run on either database."""
    if url.startswith("sqlite:"):
        _sqlite(url)
    else:
        asyncio.run(_postgres(url))


main(context.config.attributes["url"])
