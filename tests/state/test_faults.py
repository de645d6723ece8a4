"""Crash points: parsed strictly, inert without a plan, acting on the very pass that was named."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from state import faults

PROGRAM = "from state import faults; faults.point('turn.commit'); faults.point('turn.commit'); print('lived')"


@pytest.fixture(autouse=True)
def _no_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_passes", {})
    monkeypatch.setattr(faults, "_plan", {})


def test_a_plan_names_points_passes_and_actions() -> None:
    """Several at once, several on one point; an empty one is no plan."""
    assert {} == faults._parse("")
    parsed = faults._parse("turn.commit:2:kill,send.pre:1:raise,turn.commit:5:exit")
    assert {"turn.commit": [(2, "kill"), (5, "exit")], "send.pre": [(1, "raise")]} == parsed


@pytest.mark.parametrize(
    "text", ["turn.commit", "turn.commit:1", "turn.commit:x:kill", "turn.comit:1:kill", "turn.commit:1:explode", "::"]
)
def test_a_plan_with_a_mistake_stops_the_start(text: str) -> None:
    """A test that would crash nothing must not pass for that."""
    with pytest.raises(SystemExit, match=r"FAULT: .* is not point:n:action"):
        faults._parse(text)


def test_without_a_plan_nothing_happens_and_nothing_is_counted() -> None:
    """Every point, as in production."""
    for name in faults.POINTS:
        faults.point(name)
    assert {} == faults._passes


def test_a_point_acts_on_its_pass_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before, not after, and not at other points."""
    monkeypatch.setattr(faults, "_plan", faults._parse("turn.commit:2:raise"))
    faults.point("send.pre")
    faults.point("turn.commit")
    with pytest.raises(faults.Fault, match=r"turn\.commit"):
        faults.point("turn.commit")
    faults.point("turn.commit")


def test_sleep_holds_the_process_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough for others to overtake it."""
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    monkeypatch.setattr(faults, "_plan", faults._parse("turn.commit:1:sleep"))
    faults.point("turn.commit")
    assert [5] == naps


@pytest.mark.parametrize("action,code", [("kill", -signal.SIGKILL), ("exit", 70), ("raise", 1)])
def test_the_process_ends_as_named(action: str, code: int) -> None:
    """At the second pass, with a line that says where, and nothing of the program's after it."""
    env = {**os.environ, "FAULT": f"turn.commit:2:{action}"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, check=False, capture_output=True, text=True)
    assert (code, "") == (done.returncode, done.stdout)
    assert f"FAULT turn.commit {action}" in done.stderr


def test_every_point_that_is_passed_is_listed_and_every_listed_one_is_passed() -> None:
    """The sweep over POINTS visits all there are."""
    root = Path(faults.__file__).parent.parent
    sources = [
        path.read_text() for folder in ("state", "bot", "channels", "tools") for path in (root / folder).rglob("*.py")
    ]
    passed = {name for source in sources for name in re.findall(r'faults\.point\("([^"]+)"\)', source)}
    assert set(faults.POINTS) == passed
