"""The shop's books: every effect, every key, every fault it made. A file of its own that survives whoever dies."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

TABLES = """
CREATE TABLE IF NOT EXISTS effects (id INTEGER PRIMARY KEY, tool TEXT, "order" TEXT, reference TEXT);
CREATE INDEX IF NOT EXISTS by_reference ON effects (reference);
CREATE TABLE IF NOT EXISTS refusals (reference TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, verb TEXT, "order" TEXT, reference TEXT, fault TEXT);
CREATE TABLE IF NOT EXISTS paused (pid INTEGER PRIMARY KEY);
"""
EFFECTS = 'SELECT id, tool, "order", reference FROM effects'


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One order that the shop took."""

    number: int
    tool: str
    order: str
    reference: str


class Ledger:
    """The books, open. What is written here is committed before anything is answered."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin it."""
        self._file = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._file.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; {TABLES}")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def apply(self, tool: str, order: str, reference: str) -> Effect:
        """Take an order."""
        row = (tool, order, reference)
        done = self._file.execute('INSERT INTO effects (tool, "order", reference) VALUES (?, ?, ?)', row)
        return Effect(number=done.lastrowid or 0, tool=tool, order=order, reference=reference)

    def find(self, reference: str) -> Effect | None:
        """The order with our caller's reference."""
        row = self._file.execute(f"{EFFECTS} WHERE reference = ? ORDER BY id", (reference,)).fetchone()
        return _effect(row) if row else None

    def effects(self) -> list[Effect]:
        """Every order taken, oldest first."""
        return [_effect(row) for row in self._file.execute(f"{EFFECTS} ORDER BY id")]

    def refuse(self, reference: str) -> None:
        """Turn an order down for good."""
        self._file.execute("INSERT OR IGNORE INTO refusals VALUES (?)", (reference,))

    def is_refused(self, reference: str) -> bool:
        """Whether it was turned down."""
        return bool(self._file.execute("SELECT 1 FROM refusals WHERE reference = ?", (reference,)).fetchone())

    def call(self, verb: str, order: str, reference: str, fault: str) -> None:
        """Note what a call is in for, before it happens."""
        row = (verb, order, reference, fault)
        self._file.execute('INSERT INTO calls (verb, "order", reference, fault) VALUES (?, ?, ?, ?)', row)

    def calls(self, verb: str, order: str) -> int:
        """How often an order was written or read back before."""
        found = self._file.execute('SELECT COUNT(*) FROM calls WHERE verb = ? AND "order" = ?', (verb, order))
        return int(found.fetchone()[0])

    def faults(self) -> Counter[str]:
        """How often each fault struck."""
        rows = self._file.execute("SELECT verb, fault FROM calls WHERE fault != 'fine'")
        return Counter(f"{verb}: {fault}" for verb, fault in rows)

    def history(self, order: str) -> list[str]:
        """What an order's calls were in for, oldest first, for a person who looks into a failure."""
        rows = self._file.execute('SELECT verb, reference, fault FROM calls WHERE "order" = ? ORDER BY id', (order,))
        return [f"{verb} {reference[:8]} {fault}" for verb, reference, fault in rows]

    def pause(self, pid: int) -> None:
        """Stop a process, and remember it: whoever opens these books after us wakes it."""
        self._file.execute("INSERT OR IGNORE INTO paused VALUES (?)", (pid,))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)

    def wake(self, pid: int | None = None) -> None:
        """Let a process go on that was stopped; without one, all of them."""
        rows = self._file.execute("SELECT pid FROM paused").fetchall() if pid is None else [(pid,)]
        for (one,) in rows:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)
            self._file.execute("DELETE FROM paused WHERE pid = ?", (one,))


def _effect(row: tuple[int, str, str, str]) -> Effect:
    number, tool, order, reference = row
    return Effect(number=number, tool=tool, order=order, reference=reference)


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    """The books for as long as the context lasts."""
    ledger = Ledger(path)
    try:
        yield ledger
    finally:
        ledger.close()
