"""The store's contract: tables as declared, one holder of a file, and what happens while the database is away."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel import SQLModel

import state.schema  # fills the metadata
from state import errors, migrations
from state.sql import sqlite
from tests.contract import stores
from tests.contract.stores import LEFT, said, turn
from tests.servers import Postgres

HOLD = """
import sys
from state.sql.sqlite import held

with held(sys.argv[1]):
    print(flush=True)
    input()
"""


def test_the_migrations_make_the_declared_tables(store_url: str) -> None:
    """Nothing is declared that is not made, and nothing made that is not declared."""
    assert state.schema.SessionRow.__tablename__ in SQLModel.metadata.tables
    assert [] == _differences(store_url)


async def test_bringing_up_to_date_twice_changes_nothing(store_url: str) -> None:
    """Every start may do it; the data stays."""
    store = await stores.open_store(store_url)
    accepted, _ = await store.accept(said(), LEFT)
    await store.close()
    assert migrations.HEAD == await migrations.current(store_url)
    await asyncio.to_thread(migrations.upgrade, store_url)
    assert migrations.HEAD == await migrations.current(store_url)
    store = await stores.open_store(store_url)
    assert 1 == len(await store.events(accepted.session_id, 0))
    await store.close()


async def test_starting_twice_at_once_migrates_once(postgres_url: str) -> None:
    """Two processes that find an empty database take turns."""
    await asyncio.gather(*(asyncio.to_thread(_migrate, postgres_url) for _ in range(3)))
    assert migrations.HEAD == await migrations.current(postgres_url)
    assert [] == await asyncio.to_thread(_differences, postgres_url)


async def test_a_database_without_tables_has_no_revision(postgres_url: str, tmp_path: Path) -> None:
    """Neither has a file that is not there; asking does not make it."""
    path = tmp_path / "none.db"
    assert await migrations.current(postgres_url) is None
    assert await migrations.current(f"sqlite:///{path}") is None
    assert not path.exists()
    sqlite3.connect(path).close()
    assert await migrations.current(f"sqlite:///{path}") is None


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """With the setting's name and the path."""
    path = tmp_path / "notes.db"
    path.write_text("these are notes, and no database at all" * 100)
    with pytest.raises(errors.BadInput, match=r"DATABASE_URL: .*notes\.db is not a SQLite database"):
        await migrations.current(f"sqlite:///{path}")


async def test_a_file_has_one_holder(migrated_sqlite_url: str) -> None:
    """A second process is refused in one clear line, while the first lives and not a moment longer."""
    path = migrated_sqlite_url.removeprefix("sqlite:///")
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLD, path, stdin=PIPE, stdout=PIPE)
    assert other.stdout
    assert b"\n" == await other.stdout.readline()
    with pytest.raises(errors.BadInput, match=r"another process has .* open; stop it first, or use PostgreSQL"):
        await stores.open_store(migrated_sqlite_url)
    with pytest.raises(errors.BadInput), sqlite.held(path):
        pass
    other.kill()
    await other.communicate()
    store = await stores.open_store(migrated_sqlite_url)
    with pytest.raises(errors.BadInput):
        await stores.open_store(migrated_sqlite_url)
    await store.close()
    with sqlite.held(path):
        pass


async def test_a_server_that_is_not_there_is_waited_for(free_port: int) -> None:
    """Opening, and looking at the revision, say that the database is away."""
    url = f"postgresql://tl@127.0.0.1:{free_port}/x"
    with pytest.raises(errors.RetryLater, match="DATABASE_URL: PostgreSQL does not answer"):
        await stores.open_store(url)
    with pytest.raises(errors.RetryLater, match="DATABASE_URL: PostgreSQL does not answer"):
        await migrations.current(url)
    with pytest.raises(errors.RetryLater, match="DATABASE_URL: the database does not answer"):
        await asyncio.to_thread(migrations.upgrade, url)


@pytest.mark.crash
async def test_a_server_that_dies_under_load_loses_and_doubles_nothing(own_postgres: Postgres) -> None:
    """What was accepted before is there afterwards, what was refused can be sent again, nothing is half-written."""
    url = own_postgres.create()
    await asyncio.to_thread(migrations.upgrade, url)
    store = await stores.open_store(url)
    acknowledged: set[str] = set()
    under_way = asyncio.Event()

    async def send(name: str) -> None:
        try:
            await store.accept(said(name, provider_id=name, sender=stores.phone(f"+1555{int(name) % 5:07}")), LEFT)
        except errors.RetryLater:
            return
        acknowledged.add(name)
        if len(acknowledged) == 20:
            under_way.set()

    sending = [asyncio.create_task(send(str(n))) for n in range(200)]
    await under_way.wait()
    await asyncio.to_thread(own_postgres.stop, "immediate")
    await asyncio.gather(*sending)
    assert len(acknowledged) < 200
    for call in (store.health(), store.accept(said(), LEFT), store.claim("w", limit=1, lease_ms=1)):
        with pytest.raises(errors.RetryLater):
            await call
    await asyncio.to_thread(own_postgres.start)
    before = set(acknowledged)
    kept = {row["provider_id"] for row in await stores.rows(store, "SELECT provider_id FROM inbox")}
    assert before <= kept
    while len(acknowledged) < 200:
        await asyncio.gather(*(send(str(n)) for n in range(200) if str(n) not in acknowledged))
    sessions = await stores.rows(store, "SELECT id, next_seq, in_seq FROM sessions")
    assert 200 == sum(row["in_seq"] for row in sessions)
    for row in sessions:
        assert list(range(1, row["next_seq"])) == [s.seq for s in await store.events(row["id"], 0)]
    await store.close()


async def test_a_full_disk_refuses_and_half_writes_nothing(migrated_sqlite_url: str) -> None:
    """While the file cannot grow every write is refused; afterwards all goes on."""
    store = await stores.open_store(migrated_sqlite_url)
    await turn(store, said("before"))
    await stores.execute(store, "PRAGMA max_page_count = 1")  # SQLite takes the present size instead
    results = await asyncio.gather(*(store.accept(said("x" * 4_000), LEFT) for _ in range(200)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, errors.RetryLater)]
    assert refused
    assert {"database: database or disk is full"} == {str(error) for error in refused}
    (row,) = await stores.rows(store, "SELECT id, next_seq FROM sessions")
    kept = 200 - len(refused) + 1
    assert kept + 2 == row["next_seq"]
    assert kept == len(await stores.rows(store, "SELECT seq FROM inbox"))
    assert kept + 1 == len(await store.events(row["id"], 0))
    await stores.execute(store, "PRAGMA max_page_count = 1000000")
    assert (await store.accept(said("after"), LEFT))[0].new
    await store.close()


async def test_a_writer_from_outside_is_waited_for_and_then_refused(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who ignores the lock of ours and holds SQLite's own makes writes wait, then fail, and reads go on."""
    store = await stores.open_store(migrated_sqlite_url)
    await stores.execute(store, "PRAGMA busy_timeout = 50")
    outside = sqlite3.connect(migrated_sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    outside.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.RetryLater, match="locked"):
        await store.accept(said(), LEFT)
    assert 0 == (await store.health())["sessions_ready"]
    outside.execute("ROLLBACK")
    outside.close()
    assert (await store.accept(said(), LEFT))[0].new
    await store.close()


def _migrate(url: str) -> None:
    """Bring up to date in a process of its own, as a start does."""
    code = "import sys; from state import migrations; migrations.upgrade(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, url], check=True)


def _differences(url: str) -> list[object]:
    """What Alembic would still have to do."""
    if url.startswith("sqlite:"):
        engine = create_engine(url)
        with engine.connect() as connection:
            found = _compared(connection)
        engine.dispose()
        return found
    return asyncio.run(_differences_of_postgres(url))


async def _differences_of_postgres(url: str) -> list[object]:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        found = await connection.run_sync(_compared)
    await engine.dispose()
    return found


def _compared(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found: list[object] = compare_metadata(context, SQLModel.metadata)
    return found
