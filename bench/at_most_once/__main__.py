"""Refunds per approval, when a worker dies between the refund and saving that it was made: other frameworks, and ours.

`python -m bench.at_most_once` makes an environment for each framework from its lock file, once, and prints the table.
No model is asked and nothing leaves this machine, but for the packages that are fetched the first time.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.at_most_once import ours
from tests.harness.processes import preloaded

HERE = Path(__file__).resolve().parent
KILLED = -9
VERSION = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"


class Peer(NamedTuple):
    """A framework, its program, what is done with it; `deadly`: whether the worker dies once."""

    package: str
    lock: str
    program: str
    scenario: str
    shape: str = ""
    deadly: bool = True


class Row(NamedTuple):
    """One line of the table."""

    name: str
    version: str
    scenario: str
    refunds: int
    end: str


PEERS = (
    Peer(
        "openai-agents",
        "agents",
        "with_openai_agents",
        "approved `RunState`, saved; killed after the refund; run again",
    ),
    Peer(
        "pydantic-ai-slim",
        "pydantic_ai",
        "with_pydantic_ai",
        "history and approval, saved; killed after the refund; run again",
    ),
    Peer(
        "langgraph",
        "langgraph",
        "with_langgraph",
        "refund after `interrupt` in one node; killed after it; thread resumed",
        "after",
    ),
    Peer(
        "langgraph",
        "langgraph",
        "with_langgraph",
        "refund in a node of its own; killed after it; thread resumed",
        "own",
    ),
    Peer(
        "langgraph",
        "langgraph",
        "with_langgraph",
        "refund before `interrupt`; no crash; thread resumed",
        "before",
        deadly=False,
    ),
)


def environment(folder: Path, lock: str) -> Path:
    """The framework's own Python, made from its lock file the first time."""
    python = folder / lock / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / lock], check=True)
        wanted = HERE / "requirements" / f"{lock}.txt"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", wanted], check=True)
    return python


def compared(peer: Peer, python: Path, home: Path) -> Row:
    """Come to the pause, approve, save; a worker goes on and dies; another one goes on from what was saved."""

    def step(name: str) -> int:
        command = [str(python), f"{peer.program}.py", name, str(home), *filter(None, [peer.shape])]
        return subprocess.run(command, cwd=HERE / "peers", check=False, timeout=120).returncode

    home.mkdir()
    assert step("prepare") == 0
    codes = [0]
    if peer.deadly:
        (home / "die").touch()
        codes.insert(0, KILLED)
    assert [step("work") for _ in codes] == codes, "a step ended in another way than it was to"
    version = subprocess.run([python, "-c", VERSION, peer.package], check=True, capture_output=True, text=True).stdout
    made = len((home / "refunds").read_text().split())
    return Row(peer.package, version.strip(), peer.scenario, made, "done")


async def own(home: Path) -> list[Row]:
    """Our three lines."""
    killed = "killed after the refund; started again"
    async with preloaded() as launcher:
        return [
            Row("throughline", "this one", f"{killed}. {what}", *await made)
            for what, made in (
                ("An API with keys", ours.keyed(home / "keyed", launcher)),
                ("An API without keys that can be read back", ours.unkeyed(home / "open", launcher, "open")),
                (
                    "An API without keys of which nothing can be learnt",
                    ours.unkeyed(home / "sealed", launcher, "sealed"),
                ),
            )
        ]


def lines(rows: list[Row]) -> Iterator[str]:
    """The table as the documentation has it."""
    yield "| framework | version | scenario | refunds per approval | how it ended |"
    yield "| --- | --- | --- | --- | --- |"
    for row in rows:
        yield f"| {row.name} | {row.version} | {row.scenario} | {row.refunds} | {row.end} |"


def main() -> int:
    """Run everything; the exit code says whether ours was made once each time."""
    parser = argparse.ArgumentParser(prog="python -m bench.at_most_once", description=__doc__)
    parser.add_argument("--environments", default="var/at_most_once", help="where they are kept (%(default)s)")
    folder = Path(parser.parse_args().environments).resolve()
    with tempfile.TemporaryDirectory(prefix="tl-") as name:
        home = Path(name)
        rows = [
            compared(peer, environment(folder, peer.lock), home / f"{peer.lock}-{number}")
            for number, peer in enumerate(PEERS)
        ]
        mine = asyncio.run(own(home))
    print(*lines(rows + mine), sep="\n")
    return int(any(row.refunds != 1 for row in mine))


if __name__ == "__main__":
    sys.exit(main())
