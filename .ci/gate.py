"""Runs every check, one after the other, and ends with one line for each. Goes on after a failure; changes nothing."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("config", "state", "channels", "tools", "bot", "playground", "examples", "tests", "evals", "bench")

FAILED = 1  # pytest's word for tests that failed; a run that broke is not tried again
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as check; check(['--no-logo'])"


class Check(NamedTuple):
    """A check by name, and the command that makes it; `again` is tried once, and counts, when that failed."""

    name: str
    command: tuple[str, ...]
    again: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """How one check ended."""

    name: str
    code: int
    seconds: float


def static_checks() -> list[Check]:
    """List the checks that run no code of ours; packages that are not there yet are left out."""
    here = tuple(name for name in PACKAGES if any((ROOT / name).rglob("*.py")))
    return [
        Check("format", (_python(), "-m", "ruff", "format", "--check", ".ci", *here)),
        Check("lint", (_python(), "-m", "ruff", "check", "--quiet", ".ci", *here)),
        Check("imports", (_python(), "-c", LINT_IMPORTS)),
        Check("shape", (_python(), ".ci/checks.py")),
        Check("types", (_python(), "-m", "mypy", "--no-error-summary", ".ci", *here)),
    ]


def tests() -> Check:
    """The tests, on one process more than there are cores, since many of them wait; but on no more than four."""
    workers = str(min(4, max(2, (os.cpu_count() or 1) + 1)))
    pytest = (_python(), "-m", "pytest", "-q")
    return Check("tests", (*pytest, "-n", workers, "--dist", "loadgroup"), (*pytest, "--last-failed", "--lfnf=none"))


def run(check: Check) -> Outcome:
    """Run one check with its output in sight."""
    print(f"--- {check.name}", flush=True)
    start = time.monotonic()
    code = subprocess.run(check.command, cwd=ROOT, check=False).returncode
    if code == FAILED and check.again:
        print(f"--- {check.name}: what failed beside others is run once more by itself, and counts", flush=True)
        code = subprocess.run(check.again, cwd=ROOT, check=False).returncode
    return Outcome(check.name, code, time.monotonic() - start)


def main() -> int:
    """Run what was asked for; the exit code is 0 only if all of it passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--static", action="store_true", help="leave out the tests")
    checks = static_checks() + ([] if parser.parse_args().static else [tests()])
    try:
        outcomes = [run(check) for check in checks]
    except KeyboardInterrupt:
        return 130
    print("--- summary")
    for outcome in outcomes:
        print(f"{'ok    ' if outcome.code == 0 else 'FAILED'} {outcome.name:<8} {outcome.seconds:6.1f} s")
    return int(any(outcome.code for outcome in outcomes))


def _python() -> str:
    return sys.executable


if __name__ == "__main__":
    sys.exit(main())
