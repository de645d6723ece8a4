"""Processes of the bot and of the playground: started, signalled, waited for. Knows no conversation."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiohttp

from tests.harness.places import ROOT, Place
from tests.harness.waiting import until

START_S = 90.0  # a start costs a second, on a machine that has nothing else to do


@dataclass(slots=True, kw_only=True)
class Process:
    """One running process; `ended` is its exit code once it has one."""

    pid: int
    ended: asyncio.Future[int]

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not self.ended.done()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; a process that is gone does not mind."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def end(self, number: signal.Signals = signal.SIGKILL, *, patience: float = 40.0) -> int:
        """Signal it and wait for its end."""
        self.send(number)
        async with asyncio.timeout(patience):
            return await asyncio.shield(self.ended)


class Launcher(Protocol):
    """A way to start `python -m bot <command>`."""

    async def start(self, command: str, environment: Mapping[str, str], log: Path) -> Process:
        """Start one process."""
        ...


class Command:
    """Starts the command itself, as an operator does."""

    async def start(self, command: str, environment: Mapping[str, str], log: Path) -> Process:
        """Start one process."""
        return await spawn((sys.executable, "-m", "bot", command), environment, log)


async def spawn(command: tuple[str, ...], environment: Mapping[str, str], log: Path) -> Process:
    """Start a program in the checkout with just this environment."""
    base = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    with log.open("ab") as out:
        child = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env={**base, **environment}, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out
        )
    return Process(pid=child.pid, ended=asyncio.ensure_future(child.wait()))


@dataclass(slots=True, kw_only=True)
class Preloaded:
    """Starts by forking a process that has imported everything; the rest of the start is the same."""

    parent: asyncio.subprocess.Process
    running: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    started: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self, command: str, environment: Mapping[str, str], log: Path) -> Process:
        """Start one process."""
        assert self.parent.stdin
        order = {"env": dict(environment), "log": str(log), "command": command}
        async with self.lock:
            self.parent.stdin.write(json.dumps(order).encode() + b"\n")
            pid = await self.started.get()
        return Process(pid=pid, ended=self.running[pid])

    async def listen(self) -> None:
        """Take note of starts and ends."""
        assert self.parent.stdout
        async for line in self.parent.stdout:
            said = json.loads(line)
            if "code" in said:
                self.running[said["pid"]].set_result(said["code"])
            elif "pid" in said:
                self.running[said["pid"]] = asyncio.get_running_loop().create_future()
                self.started.put_nowait(said["pid"])


@asynccontextmanager
async def preloaded() -> AsyncIterator[Preloaded]:
    """Hold a preloaded process for as long as the context lasts."""
    pipe = asyncio.subprocess.PIPE
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.harness.preloaded", cwd=ROOT, stdin=pipe, stdout=pipe
    )
    one = Preloaded(parent=parent)
    listener = asyncio.create_task(one.listen())
    try:
        yield one
    finally:
        for pid, ended in one.running.items():
            if not ended.done():
                os.kill(pid, signal.SIGKILL)
        assert parent.stdin
        parent.stdin.close()
        await parent.wait()
        await listener


@asynccontextmanager
async def playground(place: Place) -> AsyncIterator[Process]:
    """Run the outside world as a process of its own, which survives whatever happens to the bot."""
    words = ("--port", str(place.playground_port), "--bot-url", place.url, "--db", str(place.home / "playground.db"))
    command = (sys.executable, "-m", "playground", *words)
    process = await spawn(command, place.outside(), place.home / "playground.log")
    try:
        async with aiohttp.ClientSession() as http:
            await until(lambda: answers(http, f"{place.outside_url}/info"), "the playground", patience=START_S)
        yield process
    finally:
        await process.end(signal.SIGTERM)


async def answers(http: aiohttp.ClientSession, url: str) -> bool:
    """Whether an address answers 200 right now."""
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=10)) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
