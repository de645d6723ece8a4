"""What was answered is on disk: a playground killed at any moment has everything after it starts again."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from playground import refunds, writes
from playground.store import Store
from tests.playground.conftest import ACME, KIMS_PHONE, get, post, transcript
from tests.playground.test_refunds import GOOD, LEDGER, REFUNDS

ENVIRONMENT = {
    "API_TOKEN": "api-token",
    "WEB_IDENTITY_SECRET": "identity-secret-of-32-characters",
    "ACME_API_TOKEN": "acme-token",
    "TWILIO_ACCOUNT_SID": "ACtest",
    "TWILIO_AUTH_TOKEN": "auth-token",
}
OLD_REFUND = {
    "refund_id": "RF-1004",
    "key": "old-key",
    "invoice_id": "18492",
    "customer_id": "C-1001",
    "amount": "49.00",
    "currency": "USD",
    "reason": "other",
    "note": None,
    "status": "requested",
    "created_at": "2026-01-02T03:04:05.678+00:00",
}
OLD_FILE = """
CREATE TABLE refund (
    n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
    invoice_id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL,
    reason TEXT NOT NULL, note TEXT, status TEXT NOT NULL, created_at TEXT NOT NULL);
INSERT INTO refund VALUES (4, 'old-key', 'print', '18492', 'C-1001', '49.00', 'USD', 'other', NULL, 'requested',
    '2026-01-02T03:04:05.678+00:00');
"""


@asynccontextmanager
async def playground(
    folder: Path, port: int
) -> AsyncIterator[tuple[aiohttp.ClientSession, asyncio.subprocess.Process]]:
    """Run the playground as a process of its own, and kill it in the end if it still runs."""
    arguments = (
        "-m",
        "playground",
        "--port",
        str(port),
        "--db",
        str(folder / "p.db"),
        "--bot-url",
        "http://127.0.0.1:9",
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env={**os.environ, **ENVIRONMENT}, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            await _ready(client)
            yield client, process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _ready(client: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                await get(client, "/playground/info")
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)
            else:
                return


async def _until_killed(
    client: aiohttp.ClientSession, process: asyncio.subprocess.Process, acknowledged: list[str]
) -> None:
    """Write from the phone as fast as it goes and note what was acknowledged; the fortieth time, kill."""
    while True:
        try:
            _, bubble = await post(client, f"{KIMS_PHONE}/messages?wait=0", json={"text": "hi"})
        except aiohttp.ClientError:
            return
        acknowledged.append(bubble["sid"])
        if len(acknowledged) == 40:
            process.kill()


@pytest.mark.crash
async def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path, free_port: int) -> None:
    """`kill -9` under load: the ledger and every acknowledged message are there after the restart, once."""
    acknowledged: list[str] = []
    async with playground(tmp_path, free_port) as (client, process):
        headers = {**ACME, "Idempotency-Key": "key-1"}
        assert 201 == (await post(client, REFUNDS, json=GOOD, headers=headers))[0]
        await asyncio.gather(*(_until_killed(client, process, acknowledged) for _ in range(4)))
        await process.wait()
    async with playground(tmp_path, free_port) as (client, _):
        stored = [message["sid"] for message in await transcript(client)]
        assert ["key-1"] == [entry["key"] for entry in await get(client, LEDGER)]
        assert 201 == (await post(client, REFUNDS, json=GOOD, headers=headers))[0]
        assert 1 == len(await get(client, LEDGER))
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


async def test_a_process_without_secrets_says_which(tmp_path: Path) -> None:
    """A missing setting ends the start with one line that names it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "playground", "--db", str(tmp_path / "p.db"),
        env={**os.environ, **ENVIRONMENT, "ACME_API_TOKEN": ""}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    assert 1 == process.returncode
    assert [
        b"playground: ACME_API_TOKEN is not set; give the playground the same value as the bot"
    ] == errors.splitlines()


async def test_a_file_from_when_refunds_had_a_table_of_their_own_is_taken_over(tmp_path: Path) -> None:
    """Its refunds are found by number and key as they were, and the next number follows theirs."""
    with sqlite3.connect(tmp_path / "p.db") as old:
        old.executescript(OLD_FILE)
    store = Store(tmp_path / "p.db")
    await store.open()
    assert OLD_REFUND == await store.read(lambda db: writes.get(db, refunds.KIND, "RF-1004"))
    await store.close()
    store = Store(tmp_path / "p.db")
    await store.open()  # a second opening finds nothing left to take over
    now = datetime.now(UTC)
    again = await store.write(lambda db: writes.create(db, refunds.KIND, key="old-key", request=GOOD, now=now))
    assert (409, "idempotency_key_reused") == (again.status, again.body["error"]["code"])
    lees = {**GOOD, "invoice_id": "20001", "customer_id": "C-1002", "amount": "900.00"}
    made = await store.write(lambda db: writes.create(db, refunds.KIND, key="new", request=lees, now=now))
    assert (201, "RF-1005") == (made.status, made.body["refund_id"])
    await store.close()


async def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    """An exception inside a write undoes it, and the next write goes through."""
    store = Store(tmp_path / "p.db")
    await store.open()
    with pytest.raises(ZeroDivisionError):
        await store.write(lambda db: (db.execute("INSERT INTO phone VALUES ('a', 1)"), 1 // 0))
    await store.write(lambda db: db.execute("INSERT INTO phone VALUES ('b', 1)"))
    assert ["b"] == await store.read(lambda db: [row[0] for row in db.execute("SELECT number FROM phone")])
    await store.close()
