"""Several processes on one database: paused ones wake up too late, stopped ones drain, poison stays where it is."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from tests.crash import poison
from tests.crash.load import crowd
from tests.crash.told import TERMS, is_notice
from tests.harness.deployment import Deployment, Member, deployed
from tests.harness.outside import KIM
from tests.harness.places import Place
from tests.harness.processes import Preloaded, playground
from tests.harness.stage import Stage, staged
from tests.harness.waiting import until

SEVERAL = ("web", "worker", "worker", "clock")
PAUSED_AT = {
    "a lookup before the dispatch": ("acme", "latency", "/v1/customers/C-1001", "sessions", "lease_owner"),
    "the write, applied, not answered": ("acme", "late", "/v1/refunds", "sessions", "lease_owner"),
    "the write, not yet arrived": ("acme", "latency", "/v1/refunds", "sessions", "lease_owner"),
    "the reply, taken, not answered": ("twilio", "late", "/2010-04-01/*/Messages.json", "outbox", "claim_owner"),
}
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.crash, pytest.mark.timeout(300)]


@asynccontextmanager
async def _running(place: Place, forked: Preloaded) -> AsyncIterator[tuple[Stage, Deployment]]:
    async with playground(place), deployed(place, forked, commands=SEVERAL) as bot, staged(place) as stage:
        yield stage, bot


@pytest.fixture
def place(migrated_postgres_url: str, redis_url: str, tmp_path: Path) -> Place:
    """A place for several processes."""
    return Place(home=tmp_path, database_url=migrated_postgres_url, redis_url=redis_url)


@pytest.mark.parametrize("moment", PAUSED_AT)
async def test_a_worker_that_was_paused_too_long_does_nothing_more(
    place: Place, forked: Preloaded, moment: str
) -> None:
    """Stopped beyond its lease, another one does its work; awake again, it neither commits nor dispatches nor sends."""
    service, kind, path, table, column = PAUSED_AT[moment]
    async with _running(place, forked) as (stage, bot):
        web, phone = await stage.web(customer=KIM), stage.phone()
        question = await web.ask("I want a refund for invoice 18492")
        terms = await web.click(question, "I was charged twice")
        assert terms["text"].startswith(TERMS)
        if service == "twilio":  # else the callback proves at once that the reply left
            await stage.outside.break_twilio("lost_webhook", "/whatsapp/status", times=1_000)
        await stage.outside.post(
            f"/{service}/faults", {"kind": kind, "path": path, "ms": 2_000, "method": "*" if "C-" in path else "POST"}
        )
        sid = await phone.write("yes")
        await until(lambda: _struck(stage, service), "the fault to strike")
        member = await _whose(bot, place, f"SELECT {column} FROM {table} WHERE {_is_held(table)}")
        assert member.process
        member.process.send(signal.SIGSTOP)

        told = await phone.answers(sid)
        await until(lambda: _is_done(place), "the others to have done it all")

        member.process.send(signal.SIGCONT)
        await until(lambda: _woke(member, table), "the paused worker to go on")
        await stage.operators.at_rest()
        assert is_notice(told[0])
        assert 1 == len(await stage.outside.ledger())
        assert 1 == sum(is_notice(text) for text in await phone.received())
        assert [[], [], [], []] == [one.codes for one in bot.members]
        assert await phone.ask("thanks")


def _is_held(table: str) -> str:
    return "lease_owner IS NOT NULL" if table == "sessions" else "state = 'claimed'"


async def _whose(bot: Deployment, place: Place, held: str) -> Member:
    """The worker that holds what is looked for, by the process id in its name."""
    owner = await _looked_up(place, held)
    return next(m for m in bot.members if m.process and f"-{m.process.pid}-" in str(owner))


async def _is_done(place: Place) -> bool:
    held = "SELECT COUNT(*) FROM outbox WHERE state IN ('pending', 'claimed')"
    return await _looked_up(place, held) == 0


async def _looked_up(place: Place, query: str) -> object:
    """One value from the database, which alone knows who holds what."""
    connection = await asyncpg.connect(place.database_url)
    try:
        found: object = await connection.fetchval(query)
    finally:
        await connection.close()
    return found


async def _struck(stage: Stage, service: str) -> bool:
    active = (await stage.outside.get(f"/{service}/faults"))["faults"]
    return all(fault["kind"] == "lost_webhook" for fault in active)


async def _woke(member: Member, table: str) -> bool:
    """Whether the worker noticed that it was too late (a turn), or simply runs (a send leaves no trace)."""
    text = member.log.read_text()
    return table == "outbox" or '"outcome":"lease_lost"' in text or '"outcome":"cancelled"' in text


@pytest.mark.parametrize("which", [0, 1])
async def test_a_deployment_under_load_loses_nothing(place: Place, forked: Preloaded, which: int) -> None:
    """SIGTERM to the web process or a worker, amid talk: it ends by itself in time, and its successor goes on."""
    async with _running(place, forked) as (stage, bot), crowd(stage, webs=4, phones=4) as people:
        await people.progress(2)
        member = bot.members[which]
        assert member.process
        began = time.monotonic()

        member.process.send(signal.SIGTERM)
        code = await asyncio.wait_for(asyncio.shield(member.process.ended), 25)

        assert 0 == code
        assert time.monotonic() - began < 25
        await member.ready()
        await people.progress(2)
        await people.end()
        verdict = await people.verdict()
        assert {"lost": 0, "doubled": 0, "resent": 0} == {k: v for k, v in verdict.items() if k != "acknowledged"}


async def test_sigterm_in_the_middle_of_a_write(place: Place, forked: Preloaded) -> None:
    """A worker that is asked to stop while Acme takes its time finishes what it began: one refund, told once."""
    async with _running(place, forked) as (stage, bot):
        web, phone = await stage.web(customer=KIM), stage.phone()
        await web.click(await web.ask("I want a refund for invoice 18492"), "I was charged twice")
        await stage.outside.break_acme("late", "/v1/refunds", method="POST", ms=1_500)
        sid = await phone.write("yes")
        await until(lambda: _struck(stage, "acme"), "the write to be under way")
        workers = [m.process for m in bot.members if m.command == "worker" and m.process]

        for process in workers:
            process.send(signal.SIGTERM)

        assert is_notice((await phone.answers(sid))[0])
        assert [0, 0] == [await asyncio.wait_for(asyncio.shield(process.ended), 25) for process in workers]
        assert 1 == len(await stage.outside.ledger())
        assert 1 == sum(is_notice(text) for text in await phone.received())


async def test_sigterm_tells_browsers_to_come_back(migrated_sqlite_url: str, tmp_path: Path, forked: Preloaded) -> None:
    """Sockets are closed with `service restart`, new messages are refused at once, and nothing is lost."""
    place = Place(home=tmp_path, database_url=migrated_sqlite_url)
    async with playground(place), deployed(place, forked) as bot, staged(place) as stage:
        async with stage.http.ws_connect(f"{place.url}/chat/ws", headers={"Origin": place.url}) as wire:
            await wire.send_json({"type": "hello", "visitor": None, "identity": None, "after": 0})
            await wire.receive_json()
            assert bot.first.process
            bot.first.process.send(signal.SIGTERM)
            await wire.receive()
            assert 1012 == wire.close_code
        assert 0 == await bot.first.process.ended
        await bot.ready()
        assert (await (await stage.web()).ask("hi"))["text"]


async def test_a_message_that_kills_its_worker_is_set_aside(place: Place, forked: Preloaded) -> None:
    """After five deaths it becomes a ticket; its sender is told and goes on, and others are answered meanwhile."""
    poison.prepare(place.home / "config")
    deadly = Place(
        home=place.home,
        database_url=place.database_url,
        redis_url=place.redis_url,
        settings={"TOOL_PACKS": "tests.crash.poison"},
    )
    async with _running(deadly, forked) as (stage, bot):
        victim, other = stage.phone("+15559990001"), stage.phone("+15559990002")
        sid = await victim.write("swallow the poison")
        await until(lambda: _died(bot, 1), "the first death")
        assert await other.ask("hi")

        told = await victim.answers(sid, patience=120)

        ticket = (await stage.operators.tickets())[0]
        assert "could not process your message" in told[0]
        assert f"ticket number {ticket['number']}" in told[0]
        assert "quarantined" == ticket["reason"]
        assert 5 == sum(len(m.codes) for m in bot.members)
        assert await victim.ask("hi")
        assert await other.ask("what can you do")


async def _died(bot: Deployment, times: int) -> bool:
    return sum(len(m.codes) for m in bot.members) >= times
