"""The refund that all programs make: it cannot be taken back, has no key, and is counted where it happens."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

HOME = Path(sys.argv[2]) if len(sys.argv) > 2 else Path()


def refund(invoice: str, home: Path = HOME) -> str:
    """Pay the money back; then die, if that is what this run is about: before anybody could save that it was paid."""
    with (home / "refunds").open("a") as ledger:
        ledger.write(f"{invoice}\n")
        ledger.flush()
        os.fsync(ledger.fileno())
    deadly = home / "die"
    if deadly.exists():
        deadly.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return f"refunded {invoice}"


def run(prepare: Callable[[], None], work: Callable[[], None]) -> None:
    """Do the step that the command line names: come to the pause and save it, approved; or go on from there."""
    {"prepare": prepare, "work": work}[sys.argv[1]]()
