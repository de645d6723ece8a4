"""`python -m bot schemas`: compares the tools' schemas with the committed picture of them, or writes it anew."""

from __future__ import annotations

import argparse
from pathlib import Path

import orjson

import tools
from config.settings import Settings
from state import errors
from tools import snapshot
from tools.catalog import Catalog

COMMITTED = Path(tools.__file__).parent / "schemas.json"
WRITE = "python -m bot schemas --write"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--write", action="store_true", help="write the picture anew, unless a change breaks callers")
    parser.add_argument("--breaking", action="store_true", help="with --write: even then")
    parser.add_argument("--file", type=Path, default=COMMITTED, help="another picture than the committed one")


def run(asked: argparse.Namespace, settings: Settings) -> list[str]:
    """The report. Raises BadInput for changes that break callers, and for additions that are not written yet."""
    now = snapshot.taken(Catalog.load(settings.tool_packs))
    before = read(asked.file)
    problems = snapshot.breaking(before, now)
    if problems and not (asked.write and asked.breaking):
        raise errors.BadInput("\n".join(problems))
    if asked.write:
        asked.file.write_bytes(written(now))
        return [f"{len(now)} tools are in {asked.file.name}"]
    if before != now:
        raise errors.BadInput(f"{asked.file.name} is not up to date ({_differing(before, now)}); run {WRITE}")
    return [f"{len(now)} tools are as in {asked.file.name}"]


def read(path: Path) -> dict[str, snapshot.JSON]:
    """A picture as it was written; an absent one is empty."""
    found: dict[str, snapshot.JSON] = orjson.loads(path.read_bytes()) if path.exists() else {}
    return found


def written(now: dict[str, snapshot.JSON]) -> bytes:
    """A picture as bytes: one line per tool, so that a change is read in a diff."""
    lines = [f"{orjson.dumps(name).decode()}: {orjson.dumps(now[name]).decode()}" for name in now]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _differing(before: dict[str, snapshot.JSON], now: dict[str, snapshot.JSON]) -> str:
    return ", ".join(sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)))
