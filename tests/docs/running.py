"""What the examples run in: a server as a process, the outside world, a shell. Judges nothing."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.docs.examples import ROOT, example
from tests.harness import processes, trained
from tests.harness.deployment import deployed
from tests.harness.inprocess import performed
from tests.harness.places import Place
from tests.harness.processes import Command
from tests.harness.stage import Stage, staged

OURS = "../our-bot"

trained.share()


@asynccontextmanager
async def running(place: Place, *, commands: Iterable[str] = ("serve",)) -> AsyncIterator[Stage]:
    """Run the bot as an operator does, with the outside world beside it."""
    async with processes.playground(place), deployed(place, Command(), commands=commands), staged(place) as stage:
        yield stage


@asynccontextmanager
async def running_here(place: Place) -> AsyncIterator[Stage]:
    """Run the same server within this process, which starts sooner."""
    async with performed(place) as (stage, _):
        yield stage


def written(page: str, name: str, folder: Path) -> Path:
    """Write an example that is a file of `../our-bot` into a folder that stands for it."""
    path = folder / name.removeprefix(f"{OURS}/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(example(page, name))
    return path


def environment_of(command: str, folder: Path) -> dict[str, str]:
    """The variables that stand before a command, with the folder in the place of `../our-bot`."""
    words = shlex.split(command.replace(OURS, str(folder)))
    return dict(word.split("=", 1) for word in words if "=" in word)


def shell(script: str, *, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Run a script as it stands, stopping at the first failure, with our Python; answers what it printed."""
    python = str(Path(sys.executable).parent)
    base = {"PATH": f"{python}:{os.environ['PATH']}", "HOME": str(cwd), **(env or {})}
    script = script.replace(".venv/bin/python", sys.executable)
    done = subprocess.run(["sh", "-e"], input=script, cwd=cwd, env=base, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
