"""What strikes from outside while customers order: the shop, deaths, pauses, the carrier. Judges nothing."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import sys
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.harness.deployment import Deployment, Member
from tests.harness.outside import Outside
from tests.harness.processes import answers, spawn
from tests.harness.waiting import until
from tests.soak import plan
from tests.soak.ledger import Ledger

CARRIER = ("error", "rate_limited", "lost_answer", "reset", "late", "latency")
MESSAGES = "/2010-04-01/*/Messages.json"
LONG_LIFE_S = 8.0


class Endless(deque[str]):
    """A supply of faults, one per life, that does not run out before it is stopped."""

    def __init__(self, supply: Iterator[str]) -> None:
        """Take the supply."""
        super().__init__()
        self._supply = supply
        self.stopped = False

    def __bool__(self) -> bool:
        """Whether another life has a fault."""
        return not self.stopped

    def popleft(self) -> str:
        """The fault of the next life."""
        return next(self._supply)


@asynccontextmanager
async def shop(
    home: Path, port: int, *, seed: int, late_s: float, pause_s: float, only: Sequence[str] = ()
) -> AsyncIterator[Path]:
    """The shop as a process that is started again whenever it dies; answers where its books are."""
    books = home / "shop.db"
    words = ("--port", port, "--ledger", books, "--seed", seed, "--late", late_s, "--pause", pause_s)
    limits = [word for fault in only for word in ("--only", fault)]
    command = (sys.executable, "-m", "tests.soak.api", *map(str, words), *limits)

    async def keep() -> None:
        while True:
            process = await spawn(command, {}, home / "shop.log")
            try:
                await asyncio.shield(process.ended)
            finally:
                process.send(signal.SIGKILL)

    keeper = asyncio.create_task(keep())
    try:
        async with aiohttp.ClientSession() as http:
            await until(lambda: answers(http, f"http://127.0.0.1:{port}/health"), "the shop")
        yield books
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


@dataclass(slots=True, kw_only=True)
class Trouble:
    """Kills and stops processes of the bot, has the carrier fail, and counts all that struck."""

    bot: Deployment
    carrier: Outside | None
    ledger: Ledger
    numbers: random.Random
    lease_s: float
    hits: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, bot: Deployment, carrier: Outside | None, ledger: Ledger, *, seed: int, lease_s: float) -> Trouble:
        """Trouble by a seed; every process has its deaths in store."""
        for number, member in enumerate(bot.members):
            member.faults = Endless(plan.deaths(seed, number, member.command))
        numbers = plan.chance(seed, "trouble")
        return cls(bot=bot, carrier=carrier, ledger=ledger, numbers=numbers, lease_s=lease_s)

    async def make(self) -> None:
        """Go on until cancelled: who has lived for long dies or sleeps, at whatever it does; the carrier fails."""
        lives: dict[int, int] = {}
        while True:
            await asyncio.sleep(self.numbers.uniform(0.5, 1.5) * LONG_LIFE_S / len(self.bot.members))
            member = self.numbers.choice(self.bot.members)
            if lives.get(id(member)) == len(member.codes):
                await self._strike(member)
            lives[id(member)] = len(member.codes)
            if self.numbers.random() < 0.5:
                await self._interfere()

    async def _strike(self, member: Member) -> None:
        if member.process and self.numbers.random() < 0.7:
            self.hits["killed at any moment"] += 1
            member.process.send(signal.SIGKILL)
        elif member.process:
            self.hits["paused at any moment"] += 1
            member.process.send(signal.SIGSTOP)
            await asyncio.sleep(self.lease_s * 1.5)
            member.process.send(signal.SIGCONT)

    async def _interfere(self) -> None:
        if self.carrier is None:
            return
        kind = self.numbers.choice(CARRIER)
        with contextlib.suppress(aiohttp.ClientError):
            await self.carrier.break_twilio(kind, MESSAGES, times=1, ms=1_000)
            self.hits["carrier asked to fail"] += 1

    def total(self) -> int:
        """How many faults struck so far, each counted once; the carrier's, which may still wait to strike, are not."""
        return sum(n for what, n in self.struck().items() if what != "carrier asked to fail")

    def struck(self) -> Counter[str]:
        """What struck how often. A caller that the shop killed is counted there."""
        points = Counter(f"killed at {fired.split()[0]}" for fired in self.bot.fired())
        return self.hits + points + self.ledger.faults()

    async def end(self) -> None:
        """No more trouble: whoever still has a death before it dies now, and comes back in good health."""
        for member in self.bot.members:
            assert isinstance(member.faults, Endless)
            member.faults.stopped = True
        for member in self.bot.members:
            if member.process:
                member.process.send(signal.SIGCONT)
                member.process.send(signal.SIGKILL)
        if self.carrier:
            await self.carrier.mend()
