"""The bot as one or several processes, started again whenever one dies, as systemd would. Judges nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.harness.places import Place, port
from tests.harness.processes import START_S, Launcher, Process, answers
from tests.harness.waiting import until

REFUSED = 2  # the exit code of a start that would fail again and again


@dataclass(slots=True, kw_only=True)
class Member:
    """One process of the deployment through all its lives. `faults`: what FAULT is in each of them, at last nothing."""

    command: str
    place: Place
    launcher: Launcher
    port: int
    log: Path
    faults: deque[str] = field(default_factory=deque)
    codes: list[int] = field(default_factory=list)
    process: Process | None = None
    keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and see to it that it comes back."""
        await self._launch()
        self.keeper = asyncio.create_task(self._keep())

    async def _launch(self) -> None:
        environment = {**self.place.environment(), "PORT": str(self.port)}
        if self.faults:
            environment["FAULT"] = self.faults.popleft()
        self.process = await self.launcher.start(self.command, environment, self.log)

    async def _keep(self) -> None:
        while self.process and REFUSED not in self.codes:
            self.codes.append(await asyncio.shield(self.process.ended))
            if self.codes[-1] != REFUSED:
                await self._launch()

    async def ready(self) -> None:
        """Wait until it takes messages; it may die and come back meanwhile."""
        async with aiohttp.ClientSession() as http:
            what = f"{self.command} to be ready (see {self.log})"
            await until(lambda: self._answers(http), what, patience=START_S)

    async def _answers(self, http: aiohttp.ClientSession) -> bool:
        if REFUSED in self.codes:
            raise AssertionError(f"{self.command} does not start:\n{self.log.read_text()[-2_000:]}")
        return await answers(http, f"http://127.0.0.1:{self.port}/readyz")

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """End it for good; answers its exit code."""
        if self.keeper:
            self.keeper.cancel()
            await asyncio.gather(self.keeper, return_exceptions=True)
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send(signal.SIGCONT)
        return await process.end(number)

    def fired(self) -> list[str]:
        """The crash points that struck, in order: `point action`."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return [line.removeprefix("FAULT ") for line in text.splitlines() if line.startswith("FAULT ")]


@dataclass(slots=True, kw_only=True)
class Deployment:
    """All processes of one bot. The first takes the messages."""

    place: Place
    members: list[Member]

    @property
    def first(self) -> Member:
        """The process that clients talk to."""
        return self.members[0]

    async def ready(self) -> None:
        """Wait until all of them are."""
        await asyncio.gather(*(member.ready() for member in self.members))

    def fired(self) -> list[str]:
        """The crash points that struck."""
        return [point for member in self.members for point in member.fired()]

    def logs(self) -> str:
        """What they wrote, the end of it."""
        texts = [m.log.read_text(errors="replace") for m in self.members if m.log.exists()]
        return "\n".join(text[-6_000:] for text in texts)


@asynccontextmanager
async def deployed(
    place: Place, launcher: Launcher, *, commands: Iterable[str] = ("serve",), faults: Iterable[str] = ()
) -> AsyncIterator[Deployment]:
    """Run the bot for as long as the context lasts; `faults` strike the first process, one per life."""
    members = [
        Member(
            command=command,
            place=place,
            launcher=launcher,
            port=port() if number else place.bot_port,
            log=place.home / f"{command}-{number}-{os.urandom(2).hex()}.log",
            faults=deque(() if number else faults),
        )
        for number, command in enumerate(commands)
    ]
    deployment = Deployment(place=place, members=members)
    try:
        for member in members:
            await member.start()
        await deployment.ready()
        yield deployment
    finally:
        await asyncio.gather(*(member.stop(signal.SIGKILL) for member in members))
