"""The store's part for calls of tools from outside the conversation; `Store.calls`. Holds no rule about them."""

from __future__ import annotations

from collections.abc import Sequence

from state import faults
from state.keys import Vault
from state.messages import Called, OperatorCall
from state.session import Session
from state.sql import called, calls, queries, turns
from state.sql.database import Database, Row, Tx
from state.sql.inbox import Pace, Ready
from state.sql.turns import AuditLine


class Calls:
    """Every transaction about calls, by name."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Take what the store has."""
        self._database = database
        self._vault = vault

    async def take(self, given: OperatorCall, pace: Pace) -> tuple[Called, Ready | None]:
        """Record one call durably; see `calls.call`."""
        result = await self._database.write(lambda: calls.call(self._vault, given, pace))
        faults.point("ingest.post_commit")
        return result

    async def of(self, action: str) -> Called | None:
        """How far the call is that became, or will become, this action."""
        return await self._database.read(lambda: called.of_action(self._vault, action))

    async def place(self, user: str | None) -> tuple[Row, Session] | None:
        """The session of whoever a call is for, and its state; None when there is no such user."""

        def found(*, make: bool) -> Tx[tuple[Row, Session] | None]:
            place = yield from calls.place(self._vault, user, make=make)
            row = (yield from queries.session_row(place["id"])) if place else None
            return (row, (yield from queries.folded(self._vault, row))) if row else None

        known = await self._database.read(lambda: found(make=False))
        return known if known or user is not None else await self._database.write(lambda: found(make=True))

    async def looked_up(
        self, row: Row, audits: Sequence[AuditLine], given: OperatorCall | None, body: bytes
    ) -> Called | None:
        """Put a lookup that was made outside a turn on record; with a key, keep its answer and say what is kept."""

        def tx() -> Tx[Called | None]:
            yield from turns.audits(self._vault, row, audits)
            if given is None:
                return None
            return (yield from called.looked_up(self._vault, given, row["user_id"], body))

        return await self._database.write(tx)
