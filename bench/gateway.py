"""CPU of the gateway: a lookup beyond its HTTP call, a cached answer, a policy decision, a turn among 500 tools.

Run: .venv/bin/python bench/gateway.py. Asserts nothing; the outside API is a fake on loopback in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import logging
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import aiohttp
import orjson
import structlog
from aiohttp import web

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot import app, turn
from config import policies
from config.settings import Settings
from config.tool_rules import ToolPolicies
from state import migrations
from state.identity import Address, Assurance
from state.messages import Inbound
from state.sql.inbox import Pace
from tests.harness.places import Place
from tests.openai_script import say
from tests.openai_server import OpenAIServer
from tools import policy
from tools.base import Caller, Tool
from tools.catalog import Catalog
from tools.gateway import Gateway
from tools.http import Endpoint, Systems
from tools.limits import Limits
from tools.packs import billing
from tools.rates import Rates

PACE = Pace(burst_idle=0, burst_wait=0, burst_max=0, lease=600_000, worker="bench")
ASKED = {"invoice_id": "18492"}
CALLER = Caller(
    actor="customer",
    session_id="S",
    user_id="U",
    channel="web",
    assurance=Assurance.VERIFIED,
    customer_id="C-1",
    scopes=frozenset({billing.READ, billing.REFUND}),
)
INVOICE = {
    "invoice_id": "18492",
    "customer_id": "C-1",
    "subscription_id": None,
    "status": "paid",
    "amount": "49.00",
    "currency": "USD",
    "issued_on": "2026-11-01",
    "due_date": "2026-11-15",
    "paid_on": "2026-11-10",
    "refunded_on": None,
    "description": "Pro plan",
}
ROOT = Path(__file__).resolve().parent.parent


def serve(ready: Connection) -> None:
    """Answer every request alike, in a process of its own, so that only our side is measured."""

    async def run() -> None:
        body = orjson.dumps(INVOICE)

        async def answer(_: web.Request) -> web.Response:
            return web.Response(body=body, content_type="application/json")

        app = web.Application()
        app.router.add_get("/v1/invoices/{number}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        model = OpenAIServer(rule=lambda _: say("Hello, what can I do for you?"))
        await model.start()
        ready.send((f"http://127.0.0.1:{runner.addresses[0][1]}", model.url))
        await asyncio.Event().wait()

    asyncio.run(run())


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU per call in milliseconds: median, least and most of the batches."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        """As a row of the table has it."""
        return f"{self.median:8.4f} ms  [{self.least:.4f} to {self.most:.4f}]"


def of(found: list[float]) -> Cost:
    """The costs of several batches."""
    return Cost(statistics.median(found), min(found), max(found))


async def alternating(calls: int, batches: int, *work: Callable[[], Awaitable[object]]) -> list[list[float]]:
    """This process's CPU per call of each piece of work, batch by batch in turn, so that a noisy moment meets all."""
    found: list[list[float]] = [[] for _ in work]
    for one in work:
        for _ in range(20):
            await one()
    for _ in range(batches):
        for costs, one in zip(found, work, strict=True):
            began = time.process_time()
            for _ in range(calls):
                await one()
            costs.append((time.process_time() - began) / calls * 1000)
    return found


def many(count: int) -> list[Tool]:
    """The shipped tools, and as many more as there must be, each under a name of its own."""
    shipped = list(Catalog.load())
    spare = [tool for tool in shipped if tool.kind == "lookup" and not tool.internal]
    more = (replace(spare[n % len(spare)], name=f"{spare[n % len(spare)].name}_{n}") for n in range(count))
    return [*shipped, *more][: max(count, len(shipped))]


async def lookups(url: str, calls: int, batches: int) -> None:
    """A lookup through the gateway, the same request by bare aiohttp, and the same lookup from the cache."""
    rules = policies.load(ROOT / "config" / "policies.yaml")
    rates = Rates(rules=ToolPolicies.model_validate({"kinds": {"lookup": {"rate_per_minute": 10**9}}}))
    systems = Systems({"acme": Endpoint(base_url=url, token="t")})
    gateway = Gateway(Catalog.load(), systems, rates=rates, limits=Limits(version=rules.version))

    async def fresh() -> None:
        outcome = await gateway.look_up("get_invoice", ASKED, caller=CALLER, timeout=5, fresh=True)
        assert outcome.state == "succeeded", outcome

    async def cached() -> None:
        outcome = await gateway.look_up("get_invoice", ASKED, caller=CALLER, timeout=5)
        assert outcome.state == "succeeded", outcome

    connector = aiohttp.TCPConnector(limit=100)
    async with aiohttp.ClientSession(connector=connector, headers={"Authorization": "Bearer t"}) as session:
        limits = aiohttp.ClientTimeout(total=5)

        async def bare() -> None:
            async with session.get(f"{url}/v1/invoices/18492", timeout=limits) as response:
                orjson.loads(await response.read())

        costs = await alternating(calls, batches, bare, fresh, cached)
    await systems.close()
    beyond = [through - alone for alone, through in zip(costs[0], costs[1], strict=True)]
    print(f"HTTP call alone                    {of(costs[0])}")
    print(f"lookup through the gateway         {of(costs[1])}")
    print(f"  beyond the HTTP call  (aim 1)    {of(beyond)}")
    print(f"cached hit              (aim 0.2)  {of(costs[2])}")


async def decisions(calls: int, batches: int) -> None:
    """One decision of policy, over all shipped tools in turn."""
    tools = list(Catalog.load())
    limits = Limits(tools=policies.load(ROOT / "config" / "policies.yaml").tools)
    now = datetime.now(UTC)

    async def all_tools() -> None:
        for tool in tools:
            policy.decide(tool, CALLER, rules=limits.of(tool), now=now)

    (found,) = await alternating(calls, batches, all_tools)
    print(f"policy decision         (aim 0.05) {of([cost / len(tools) for cost in found])}")


async def turns(counts: tuple[int, int], model_url: str, turns_each: int, batches: int) -> None:
    """A whole turn with the shipped tools and with many registered: by the offline model, and by one behind HTTP."""
    behind = {
        "MODEL_BACKEND": "openai_chat",
        "OPENAI_BASE_URL": model_url,
        "OPENAI_API_KEY": "none",
        "OPENAI_MODEL": "m",
    }
    tools = [many(count) for count in counts]
    for name, settings in (("offline", {}), ("openai_chat", behind)):
        async with AsyncExitStack() as closing:
            homes = [Path(closing.enter_context(tempfile.TemporaryDirectory())) for _ in tools]
            bots = [
                await closing.enter_async_context(_bot(home, one, settings))
                for home, one in zip(homes, tools, strict=True)
            ]
            few, more = map(of, await alternating(turns_each, batches, *bots))
        print(f"turn, {name:11} {len(tools[0]):3} tools       {few}")
        print(f"turn, {name:11} {len(tools[1]):3} tools       {more}  ({more.median / few.median:.2f} times)")


@asynccontextmanager
async def _bot(
    home: Path, tools: list[Tool], settings: dict[str, str]
) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """One conversation with a bot that has these tools, on SQLite: a call of what is given is one message, answered."""
    given = Place(home=home, database_url=f"sqlite:///{home / 'bench.db'}", settings=settings)
    loaded = Settings.load(given.environment(), root=home)
    migrations.upgrade(loaded.database_url)
    with mock.patch.object(Catalog, "of", return_value=Catalog(tools)):
        services = await app.build(loaded, frozenset())
    numbers = itertools.count()

    async def answered() -> None:
        message = Inbound(
            channel="web",
            account="bench",
            provider_id=str(next(numbers)),
            sender=Address(channel="web", address="visitor"),
            assurance=Assurance.CHANNEL,
            text="hello",
        )
        _, ready = await services.parts.store.accept(message, PACE)
        assert ready
        assert ready.lease
        await turn.run(ready.lease, services.parts, lambda _: None)

    try:
        yield answered
    finally:
        await services.parts.model.close()
        await services.systems.close()
        await services.parts.store.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300, help="calls in a batch (300)")
    parser.add_argument("--batches", type=int, default=9, help="batches of each kind, in turn (9)")
    parser.add_argument("--turns", type=int, default=15, help="turns in a batch (15); 0 leaves them out")
    parser.add_argument("--tools", type=int, default=500, help="tools registered for the last figure (500)")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        api_url, model_url = ours.recv()
        asyncio.run(lookups(api_url, given.calls, given.batches))
        asyncio.run(decisions(given.calls, given.batches))
        if given.turns:
            asyncio.run(turns((0, given.tools), model_url, given.turns, given.batches))
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
