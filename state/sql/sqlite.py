"""SQLite: a writer thread with group commit, a reader thread. One process holds the file, by a lock that dies with it.

WAL and synchronous=FULL: what was acknowledged survives a loss of power.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from state import errors
from state.sql.database import TRIES, Query, Row, T, Tx, named

BATCH = 128
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "temp_store=MEMORY")
_FAULTS = (sqlite3.OperationalError, sqlite3.DatabaseError)  # of the file or its disk; the others are ours
CHECKED_BYTES = 256 * 1024 * 1024  # a larger file is not read through at every start


@dataclass(slots=True)
class _Job:
    make: Callable[[], Tx[Any]]
    done: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class SqliteDatabase:
    """The embedded database."""

    dialect = "sqlite"

    def __init__(self, path: str) -> None:
        """Open the file at `path` and take its lock. Raises BadInput when another process has it, or it is no good."""
        self._lock = _lock(path)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        try:
            self._read = _sound(path)
        except errors.BadInput:
            self._lock.close()
            raise
        self._read.execute("PRAGMA query_only=ON")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="sqlite-read")
        self._writer = threading.Thread(target=self._run, args=(path,), name="sqlite-write", daemon=True)
        self._writer.start()

    @classmethod
    async def open(cls, url: str) -> SqliteDatabase:
        """Open `sqlite:///path`."""
        return cls(url.removeprefix("sqlite:///"))

    async def write(self, make: Callable[[], Tx[T]]) -> T:
        """Queue a transaction for the writer; returns after the commit that holds it."""
        if self._closed:
            raise errors.RetryLater("the database is closed")
        loop = asyncio.get_running_loop()
        job = _Job(make, loop.create_future(), loop)
        self._jobs.put(job)
        result: T = await job.done
        return result

    async def read(self, make: Callable[[], Tx[T]]) -> T:
        """Run in the reader thread, on one snapshot."""
        if self._closed:
            raise errors.RetryLater("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._snapshot, make)

    async def close(self) -> None:
        """Finish what is queued, close and give the lock back."""
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._writer.join)
        self._reader.shutdown()
        self._read.close()
        self._lock.close()

    def _snapshot(self, make: Callable[[], Tx[T]]) -> T:
        try:
            self._read.execute("BEGIN")
            return _drive(self._read, make())
        except sqlite3.Error as error:
            raise errors.RetryLater(f"database: {error}") from error
        finally:
            if self._read.in_transaction:
                self._read.execute("ROLLBACK")

    def _run(self, path: str) -> None:
        connection = _connect(path)
        while (first := self._jobs.get()) is not None:
            batch = [first, *self._more()]
            stop = batch[-1] is None
            jobs = [job for job in batch if job is not None]
            _commit_batch(connection, jobs)
            _report(jobs)
            if stop:
                break
        connection.close()

    def _more(self) -> list[_Job | None]:
        """Whatever else waits by now, up to a batch; a None (close) is the last."""
        found: list[_Job | None] = []
        while len(found) < BATCH:
            try:
                found.append(self._jobs.get_nowait())
            except queue.Empty:
                break
            if found[-1] is None:
                break
        return found


def _lock(path: str) -> IO[str]:
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handle = Path(f"{path}.lock").open("w", encoding="ascii")  # noqa: SIM115 - held for the life of the process
    except OSError as error:
        raise errors.BadInput(
            f"DATABASE_URL: {path} cannot be opened ({error.strerror}); choose a folder that this user may write to"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise errors.BadInput(
            f"DATABASE_URL: another process has {path} open; stop it first, or use PostgreSQL for more than one"
        ) from error
    return handle


@contextlib.contextmanager
def held(path: str) -> Iterator[None]:
    """Hold the file's lock for a while without opening the database."""
    handle = _lock(path)
    try:
        yield
    finally:
        handle.close()


def _sound(path: str) -> sqlite3.Connection:
    """Open the file at start: it must be whole, and it must be ours to write. Raises BadInput."""
    try:
        with contextlib.ExitStack() as failing:
            connection = failing.enter_context(contextlib.closing(_connect(path)))
            small = Path(path).stat().st_size <= CHECKED_BYTES if Path(path).exists() else True
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0]) if small else "ok"
            if found != "ok":
                raise sqlite3.DatabaseError(found.replace("\n", " "))
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            failing.pop_all()
            return connection
    except sqlite3.Error as error:
        raise errors.BadInput(
            f"DATABASE_URL: {path} cannot be used ({error}); correct its rights, restore it from a backup, or choose"
            " another path"
        ) from error


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        connection.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _execute(connection: sqlite3.Connection, one: Query) -> list[Row]:
    if one.many is not None:
        connection.executemany(named(one.sql), one.many)
        return []
    return connection.execute(named(one.sql), one.params).fetchall()


def _drive(connection: sqlite3.Connection, tx: Tx[T]) -> T:
    try:
        one = next(tx)
        while True:
            one = tx.send(_execute(connection, one))
    except StopIteration as stop:
        result: T = stop.value
        return result


def _attempt(connection: sqlite3.Connection, job: _Job) -> None:
    """Run one transaction inside the batch; a failed one leaves the others alone."""
    for tries_left in reversed(range(TRIES)):
        connection.execute("SAVEPOINT one")
        try:
            job.result, job.error = _drive(connection, job.make()), None
        except errors.Conflict as error:
            job.error = error
        except Exception as error:
            if not connection.in_transaction:
                raise  # SQLite gave the whole batch up: the disk is full, or worse
            job.error = errors.RetryLater(f"database: {error}") if type(error) in _FAULTS else error
            tries_left = 0  # noqa: PLW2901 - only a lost race is run again
        if job.error is None:
            connection.execute("RELEASE one")
            return
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        if not tries_left:
            return


def _commit_batch(connection: sqlite3.Connection, jobs: list[_Job]) -> None:
    """One durable commit for many transactions; when it fails, all of them failed."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        for job in jobs:
            _attempt(connection, job)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        for job in jobs:
            job.error = errors.RetryLater(f"database: {error}")
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _report(jobs: list[_Job]) -> None:
    for loop in {job.loop for job in jobs}:
        mine = [job for job in jobs if job.loop is loop]
        try:
            loop.call_soon_threadsafe(_settle, mine)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _settle(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.done.cancelled():
            continue
        if job.error is not None:
            job.done.set_exception(job.error)
        else:
            job.done.set_result(job.result)
