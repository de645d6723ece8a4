"""What runs out by itself: approvals, waiting for a person, tickets nobody answers. Each is an event of its session."""

from __future__ import annotations

from state import events as ev
from state.keys import Vault
from state.sql import log, people, tickets
from state.sql.database import Row, Tx, query

LIMIT = 50


def run_out(vault: Vault, *, abandoned_ms: int) -> Tx[list[str]]:
    """Let everything that is due run out, each once; returns the sessions that have something to do now."""
    found = yield from _approvals(vault)
    found += yield from _waits(vault)
    yield from _abandoned(vault, abandoned_ms)
    return found


def _approvals(vault: Vault) -> Tx[list[str]]:
    rows = yield query(
        "SELECT id, session_id FROM actions WHERE expires_at IS NOT NULL AND expires_at <= {start} LIMIT :limit",
        limit=LIMIT,
    )
    found = []
    for row in sorted(rows, key=lambda row: str(row["session_id"])):
        session = yield from _locked(row["session_id"])
        moved = yield query(
            "UPDATE actions SET state = CASE WHEN state = 'awaiting_approval' THEN 'expired' ELSE state END,"
            " expires_at = NULL WHERE id = :id AND expires_at <= {start} RETURNING state",
            id=row["id"],
        )
        if session and moved and moved[0]["state"] == "expired":
            yield from _happened(vault, session, ev.ApprovalExpired(action=row["id"]))
            found.append(str(session["id"]))
    return found


def _waits(vault: Vault) -> Tx[list[str]]:
    rows = yield query(
        "SELECT id, session_id FROM tickets WHERE wait_until IS NOT NULL AND wait_until <= {start} LIMIT :limit",
        limit=LIMIT,
    )
    found = []
    for row in sorted(rows, key=lambda row: str(row["session_id"])):
        session = yield from _locked(row["session_id"])
        ended = yield query(
            "UPDATE tickets SET wait_until = NULL WHERE id = :id AND wait_until <= {start} RETURNING status",
            id=row["id"],
        )
        if session and ended and ended[0]["status"] != "resolved":
            yield from _happened(vault, session, ev.HandoffTimedOut(ticket=row["id"]))
            found.append(str(session["id"]))
    return found


def _abandoned(vault: Vault, abandoned_ms: int) -> Tx[None]:
    """Close tickets on which the customer never answered."""
    rows = yield query(
        "SELECT id, session_id FROM tickets WHERE status = 'pending' AND updated_at < {start} - CAST(:age AS BIGINT)"
        " LIMIT :limit",
        age=abandoned_ms,
        limit=LIMIT,
    )
    for row in sorted(rows, key=lambda row: str(row["session_id"])):
        session = yield from _locked(row["session_id"])
        again = yield query("SELECT 1 AS one FROM tickets WHERE id = :id AND status = 'pending'", id=row["id"])
        if session and again:
            closed = ev.TicketClosed(ticket=row["id"], outcome="abandoned", goal=False, reason="no_answer", by="clock")
            yield from people.note(vault, session, log.Entry(closed))
            yield from tickets.record(vault, session, [closed], wait_ms=0)


def _locked(session_id: str) -> Tx[Row | None]:
    rows = yield query(
        "SELECT *, {now} AS now FROM sessions WHERE id = :id AND forwarded_to IS NULL {lock}", id=session_id
    )
    return rows[0] if rows else None


def _happened(vault: Vault, session: Row, event: ev.Event) -> Tx[None]:
    """Append an event that a turn must look at."""
    yield from people.note(vault, session, log.Entry(event))
    yield query(
        "UPDATE sessions SET in_seq = :seq, ready_at = COALESCE(ready_at, {now}) WHERE id = :id",
        seq=session["next_seq"],
        id=session["id"],
    )
