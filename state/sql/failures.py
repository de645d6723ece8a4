"""What happens when a reply will never arrive: its session is told, so that its next turn finds another way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from state import events as ev
from state.keys import Vault
from state.sql import log, people
from state.sql.database import Row, Tx, query

MOST_FORWARDS = 20


def lock(session_ids: Iterable[str]) -> Tx[None]:
    """Lock sessions before any of their replies: everybody else takes them in this order too."""
    for session_id in sorted(set(session_ids)):
        yield from _live(session_id)


def lock_for(outbox_ids: Sequence[str]) -> Tx[None]:
    """Lock the sessions that these replies belong to."""
    found = []
    for outbox_id in outbox_ids:
        rows = yield query("SELECT session_id FROM outbox WHERE id = :id", id=outbox_id)
        found += [str(row["session_id"]) for row in rows]
    yield from lock(found)


def tell(vault: Vault, failed: Sequence[Row]) -> Tx[None]:
    """Append to each session that its reply is lost. Rows need id, session_id, channel, identity_id and reason."""
    for row in failed:
        session = yield from _live(row["session_id"])
        if session is None:
            continue
        event = ev.DeliveryFailed(
            outbox=row["id"], channel=row["channel"], identity=row["identity_id"], reason=row["reason"]
        )
        yield from people.note(vault, session, log.Entry(event))
        yield query(
            "UPDATE sessions SET in_seq = :seq, ready_at = COALESCE(ready_at, {now}) WHERE id = :id",
            seq=session["next_seq"],
            id=session["id"],
        )


def _live(session_id: str) -> Tx[Row | None]:
    """Lock the session that goes on with another's conversation; itself, if it was not forwarded."""
    for _ in range(MOST_FORWARDS):
        rows = yield query("SELECT *, {now} AS now FROM sessions WHERE id = :id {lock}", id=session_id)
        if not rows or not rows[0]["forwarded_to"]:
            return rows[0] if rows else None
        session_id = rows[0]["forwarded_to"]
    return None
