"""One soak: customers order through the bot while all of it is struck, then the books are compared."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.deployment import Deployment, deployed
from tests.harness.places import Place, port
from tests.harness.processes import Launcher, playground
from tests.harness.stage import Stage, staged
from tests.harness.waiting import GaveUp, until
from tests.soak import books, pack, plan
from tests.soak.customers import DONE, Crowd
from tests.soak.ledger import Ledger, opened
from tests.soak.trouble import Trouble, shop

COMMANDS = {"sqlite": ("serve",), "postgres": ("web", "worker", "worker", "clock")}
REST_S = 150.0
TUNING: Mapping[str, Any] = {
    "lease_s": 1.5,
    "renew_s": 0.4,
    "turn_deadline_s": 3.0,
    "model_total_s": 2.5,
    "unknown_probe_s": [0.3, 0.6, 1.5, 3.0],
    "poison_window_s": 20.0,
    "reconcile_wait_s": 0.3,
    "system_pause_s": 0.2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """What to do. `faults`: how many must strike before it ends; `packs`: more modules for the bot to load.

    `kinds`: what is ordered; `only`: what the shop does to writes (all of it).
    """

    seed: int
    faults: int
    store: str
    chats: int = 7
    phones: int = 3
    packs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = tuple(pack.KINDS)
    only: tuple[str, ...] = ()
    longest_s: float = 1_500.0


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What came of it. `wrongs`: broken promises in words, none when all is as promised."""

    seed: int
    store: str
    struck: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    effects: int = 0
    messages: int = 0
    seconds: float = 0.0
    wrongs: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """How many faults struck."""
        return sum(n for what, n in self.struck.items() if what != "carrier asked to fail")


async def soaked(soak: Soak, url: str, home: Path, launcher: Launcher, *, progress: bool = False) -> Verdict:
    """Run it on an empty database."""
    began = time.monotonic()
    async with _scene(soak, url, home, launcher) as (stage, bot, ledger, shop_port):
        carrier = stage.outside if soak.phones else None
        trouble = Trouble.of(bot, carrier, ledger, seed=soak.seed, lease_s=TUNING["lease_s"])
        orders = _orders(soak, trouble, began)
        crowd = Crowd(stage=stage, orders=orders)
        async with asyncio.TaskGroup() as group:
            makers = [group.create_task(trouble.make())]
            if progress:
                makers.append(group.create_task(_report(trouble, crowd, soak, began)))
            talks = [crowd.shop_by_chat() for _ in range(soak.chats)]
            talks += [crowd.shop_by_phone() for _ in range(soak.phones)]
            shopping = [group.create_task(talk) for talk in talks]
            while not _is_enough(soak, trouble, began):
                await asyncio.wait(shopping, timeout=0.5)
            for maker in makers:
                maker.cancel()
            await trouble.end()
            await _calm(stage, shop_port)
            await bot.ready()
            await asyncio.wait(shopping, timeout=REST_S)
            for task in shopping:
                task.cancel()
        verdict = await _compared(stage, crowd, ledger, Verdict(seed=soak.seed, store=soak.store))
        verdict.struck, verdict.seconds = trouble.struck(), time.monotonic() - began
        return verdict


@asynccontextmanager
async def _scene(
    soak: Soak, url: str, home: Path, launcher: Launcher
) -> AsyncIterator[tuple[Stage, Deployment, Ledger, int]]:
    """The bot, the playground and the shop, with everything a soak needs of them."""
    shop_port = port()
    settings = {"TOOL_PACKS": ",".join(("tests.soak.pack", *soak.packs))}
    place = Place(home=home, database_url=url, tuning=TUNING, settings=settings)
    pack.prepare(home / "config", shop_port)
    late_s, pause_s = TUNING["turn_deadline_s"] + 3.0, TUNING["lease_s"] * 1.5
    async with AsyncExitStack() as closing:
        file = await closing.enter_async_context(
            shop(home, shop_port, seed=soak.seed, late_s=late_s, pause_s=pause_s, only=soak.only)
        )
        ledger = closing.enter_context(opened(file))
        if soak.phones:
            await closing.enter_async_context(playground(place))
        bot = await closing.enter_async_context(deployed(place, launcher, commands=COMMANDS[soak.store]))
        yield await closing.enter_async_context(staged(place)), bot, ledger, shop_port


def _orders(soak: Soak, trouble: Trouble, began: float) -> Iterator[tuple[str, str]]:
    """Orders of each kind in turn, until enough has struck or it has taken too long."""
    kinds = plan.chance(soak.seed, "kinds")
    for number in itertools.count(100_000):
        if _is_enough(soak, trouble, began):
            return
        yield kinds.choice(soak.kinds), str(number)


def _is_enough(soak: Soak, trouble: Trouble, began: float) -> bool:
    return trouble.total() >= soak.faults or time.monotonic() - began > soak.longest_s


async def _report(trouble: Trouble, crowd: Crowd, soak: Soak, began: float) -> None:
    """A line now and then for whoever waits."""
    while True:
        await asyncio.sleep(5)
        spent, ended = time.monotonic() - began, len(crowd.ended)
        line = f"{soak.store} seed {soak.seed}: {trouble.total()}/{soak.faults} faults, {ended} orders, {spent:.0f} s"
        print(line, file=sys.stderr, flush=True)  # noqa: T201


async def _calm(stage: Stage, shop_port: int) -> None:
    async def asked() -> bool:
        async with stage.http.post(f"http://127.0.0.1:{shop_port}/calm") as response:
            return response.status == 200

    await until(asked, "the shop to be calm")


async def _compared(stage: Stage, crowd: Crowd, ledger: Ledger, verdict: Verdict) -> Verdict:
    """Wait until everything has come to its end, or for as long as is decent; then compare."""
    records = books.Records()

    async def settled() -> bool:
        nonlocal records
        records = await books.read(stage.operators)
        return not books.unsettled(records)

    with contextlib.suppress(GaveUp):
        await stage.operators.at_rest()
        await until(settled, "every write to come to its end", patience=REST_S, every=0.5)
    effects = ledger.effects()
    verdict.wrongs = [*books.wrongs(records, effects), *await _talk(crowd, records)]
    verdict.states = Counter(f"{write.tool.removeprefix('order_')} {write.state}" for write in records.writes)
    verdict.ended = Counter(crowd.ended.values())
    verdict.effects, verdict.messages = len(effects), sum(records.messages.values())
    verdict.wrongs += [f"  {line}" for wrong in verdict.wrongs[:3] for line in _evidence(wrong, ledger)]
    return verdict


def _evidence(wrong: str, ledger: Ledger) -> list[str]:
    """What the shop noted of the order that a broken promise names."""
    order = next((word for word in wrong.split() if word.isdigit() and len(word) in {6, 7}), "")
    return [f"{order}: {line}" for line in ledger.history(order)]


async def _talk(crowd: Crowd, records: books.Records) -> list[str]:
    """What customers have to complain about: words that were lost or came twice, and silence."""
    wrongs = [f"nobody ever said a word on order {order}" for order in crowd.waiting]
    for voice in crowd.voices:
        wrongs += [f"lost although acknowledged: {one}" for one in voice.sent if not records.messages[one]]
        told = Counter(found.group(1) for one in await voice.heard() if (found := DONE.search(one.text)))
        wrongs += [f"told {n} times that order {order} is in" for order, n in told.items() if order and n > 1]
    wrongs += [f"taken {n} times: {one}" for one, n in records.messages.items() if n > 1]
    return wrongs
