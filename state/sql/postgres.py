"""PostgreSQL by asyncpg: a bounded pool, time limits on every statement. Retries only what surely was not committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg

from state import errors
from state.sql.database import TRIES, Query, Row, T, Tx, numbered

LIMITS = {
    "lock_timeout": "2000",
    "statement_timeout": "10000",
    "idle_in_transaction_session_timeout": "30000",
    "application_name": "throughline",
}
AWAY = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.TooManyConnectionsError, TimeoutError)
RACES = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
BUSY = (
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
)


class PostgresDatabase:
    """The scaled form's database."""

    dialect = "postgresql"

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Take an open pool."""
        self._pool = pool

    @classmethod
    async def open(cls, url: str, *, size: int = 10) -> PostgresDatabase:
        """Connect. Raises RetryLater when the server is not there."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                server_settings=LIMITS,
                command_timeout=15,
                timeout=5,
                max_inactive_connection_lifetime=300,
                reset=_leave,
            )
        except AWAY as error:
            raise errors.RetryLater(f"DATABASE_URL: PostgreSQL does not answer ({error})") from error
        return cls(pool)

    async def write(self, make: Callable[[], Tx[T]]) -> T:
        """Run a transaction; a lost race is run again, anything else is the caller's to repeat."""
        for tries_left in reversed(range(TRIES)):
            try:
                async with self._pool.acquire(timeout=5) as connection, connection.transaction():
                    return await _drive(connection, make())
            except (errors.Conflict, *RACES) as error:
                if not tries_left:
                    raise errors.RetryLater(f"database: {error}") from error
            except (*AWAY, *BUSY) as error:
                raise errors.RetryLater(f"database: {type(error).__name__}: {error}") from error
        raise AssertionError("unreachable")

    async def read(self, make: Callable[[], Tx[T]]) -> T:
        """Run reading statements, each on its own snapshot; tried once more on another connection when one was dead."""
        for tries_left in (1, 0):
            try:
                async with self._pool.acquire(timeout=5) as connection:
                    return await _drive(connection, make())
            except (*AWAY, *BUSY) as error:
                if not tries_left:
                    raise errors.RetryLater(f"database: {type(error).__name__}: {error}") from error
                await asyncio.sleep(0)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Close the pool, at most 3 s."""
        try:
            await asyncio.wait_for(self._pool.close(), 3)
        except TimeoutError:
            self._pool.terminate()


async def _leave(_: object) -> None:
    """Give a connection back as it is: we set nothing on it, and the usual reset is one more round trip each time."""


async def _execute(connection: asyncpg.Connection, one: Query) -> list[Row]:
    sql, names = numbered(one.sql)
    if one.many is not None:
        await connection.executemany(sql, [[row[name] for name in names] for row in one.many])
        return []
    rows: list[Row] = await connection.fetch(sql, *[one.params[name] for name in names])
    return rows


async def _drive(connection: asyncpg.Connection, tx: Tx[T]) -> T:
    try:
        one = next(tx)
        while True:
            one = tx.send(await _execute(connection, one))
    except StopIteration as stop:
        result: T = stop.value
        return result
