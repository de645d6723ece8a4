"""The servers that tests stand on: they start, are private to a test, and come back after a crash."""

from __future__ import annotations

import contextlib
import socket
import sqlite3

import asyncpg
import pytest

from state import migrations
from tests import servers


async def test_a_database_is_empty_and_ones_own(postgres_url: str, postgres_server: servers.Postgres) -> None:
    """Two databases of one run know nothing of each other."""
    other = postgres_server.create()
    connection = await asyncpg.connect(postgres_url)
    await connection.execute("CREATE TABLE mine (n int)")
    await connection.close()
    assert postgres_server.run_sql("SELECT to_regclass('mine') IS NULL", database=other.rpartition("/")[2]) == "t"
    postgres_server.drop(other)


async def test_a_database_can_be_cloned(postgres_url: str, postgres_server: servers.Postgres) -> None:
    """A copy holds what its template held."""
    template = postgres_url.rpartition("/")[2]
    postgres_server.run_sql("CREATE TABLE filled AS SELECT 7 AS n", database=template)
    copy = postgres_server.create(template=template)
    assert postgres_server.run_sql("SELECT n FROM filled", database=copy.rpartition("/")[2]) == "7"
    postgres_server.drop(copy)


async def test_a_committed_row_survives_a_crash(own_postgres: servers.Postgres) -> None:
    """A durable cluster that is stopped at once keeps what was committed."""
    own_postgres.run_sql("CREATE TABLE kept AS SELECT 1 AS n")
    own_postgres.stop("immediate")
    own_postgres.start()
    assert own_postgres.run_sql("SELECT n FROM kept") == "1"


def test_redis_starts_empty_and_comes_back_on_its_port(own_redis: servers.Redis) -> None:
    """A killed Redis answers again at the same address."""
    own_redis.kill()
    own_redis.start()
    own_redis.flush()


async def test_a_migrated_database_is_ready(migrated_postgres_url: str) -> None:
    """A test that needs the tables does not wait for the migrations."""
    connection = await asyncpg.connect(migrated_postgres_url)
    found = await connection.fetchval("SELECT version_num FROM alembic_version")
    await connection.close()
    assert migrations.HEAD == found


def test_a_migrated_file_is_ready(migrated_sqlite_url: str) -> None:
    """The same for SQLite."""
    with contextlib.closing(sqlite3.connect(migrated_sqlite_url.removeprefix("sqlite:///"))) as connection:
        assert (migrations.HEAD,) == connection.execute("SELECT version_num FROM alembic_version").fetchone()


def test_a_missing_server_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lacks a server reads what to install."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(servers.Missing, match="apt-get install redis-server"), servers.redis():
        pass
    with pytest.raises(servers.Missing, match="apt-get install chromium"):
        servers.chromium()


def test_no_test_leaves_this_machine() -> None:
    """A connection to anywhere but loopback is refused before it is tried."""
    with pytest.raises(RuntimeError, match="tried to reach"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
