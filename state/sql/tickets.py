"""The rows of tickets and of their threads in the staff's channel. What they mean is in the events."""

from __future__ import annotations

from collections.abc import Iterable

from state import events as ev
from state.keys import Vault
from state.sql import log
from state.sql.database import Row, Tx, query


def record(vault: Vault, row: Row, events: Iterable[ev.Event], *, wait_ms: int) -> Tx[None]:
    """Write what events say of tickets into their rows. `row`: the session; `wait_ms`: how long a new ticket waits."""
    touched: list[str | None] = []
    for event in events:
        match event:
            case ev.TicketOpened():
                yield from _opened(vault, row, event, wait_ms)
            case ev.TicketChanged():
                yield from _changed(event, wait_ms)
            case ev.TicketClosed():
                yield from _closed(event)
            case ev.StaffTookOver() | ev.StaffReplied():
                yield query("UPDATE tickets SET wait_until = NULL WHERE session_id = :id", id=row["id"])
            case ev.StaffHandedBack() | ev.StaffAsked() | ev.NoteWritten():
                pass
            case _:
                continue
        touched.append(event.ticket)
    if touched:
        yield from news(row["id"])
        for ticket in {ticket for ticket in touched if ticket}:
            yield query("UPDATE staff_threads SET due_at = {now} WHERE ticket_id = :id AND attempts = 0", id=ticket)


def news(session_id: str) -> Tx[None]:
    """Let the threads of a session's tickets be brought up to date: of open ones, and of the newest.

    What was resolved before is told only of what happens to itself, so that a customer of years is not told of in
    every thread that there ever was.
    """
    yield query(
        "UPDATE staff_threads SET due_at = {now} WHERE session_id = :id AND attempts = 0 AND ticket_id IN"
        " (SELECT id FROM tickets WHERE status <> 'resolved' AND session_id = :id"
        " UNION SELECT id FROM tickets WHERE number = (SELECT MAX(number) FROM tickets WHERE session_id = :id))",
        id=session_id,
    )


def _opened(vault: Vault, row: Row, event: ev.TicketOpened, wait_ms: int) -> Tx[None]:
    owner = f"u:{row['user_id']}"
    keys = yield from log.ciphers(vault, [owner])
    yield query(
        "INSERT INTO tickets (id, number, session_id, status, priority, reason, subject_enc, owner, created_at,"
        " updated_at, wait_until, origin_session_id)"
        " VALUES (:id, :number, :session_id, 'open', :priority, :reason, :subject, :owner, {now}, {now},"
        " CASE WHEN CAST(:wait AS BIGINT) > 0 THEN {now} + CAST(:wait AS BIGINT) END, :session_id)",
        id=event.ticket,
        number=event.number,
        session_id=row["id"],
        priority=event.priority,
        reason=event.reason,
        subject=keys[owner].seal(event.subject.encode(), f"tickets|subject|{event.ticket}"),
        owner=owner,
        wait=wait_ms,
    )
    yield query(
        "INSERT INTO staff_threads (ticket_id, session_id, posted_seq, due_at, claim_until, attempts,"
        " created_at) VALUES (:ticket, :session_id, :seq, {now}, 0, 0, {now})",
        ticket=event.ticket,
        session_id=row["id"],
        seq=max(0, row["next_seq"] - 1),
    )


def _changed(event: ev.TicketChanged, wait_ms: int) -> Tx[None]:
    yield query(
        "UPDATE tickets SET status = COALESCE(:status, status), priority = COALESCE(:priority, priority),"
        " assignee = NULLIF(COALESCE(:assignee, assignee), ''),"
        " closed_at = CASE WHEN COALESCE(:status, '') IN ('open', 'pending') THEN NULL ELSE closed_at END,"
        " reason = COALESCE(:reason, reason), wait_until = CASE WHEN CAST(:wait AS BIGINT) > 0"
        " THEN {now} + CAST(:wait AS BIGINT) ELSE wait_until END, updated_at = {now} WHERE id = :id",
        id=event.ticket,
        reason=event.reason,
        wait=wait_ms if event.reason else 0,
        status=event.status,
        priority=event.priority,
        assignee=event.assignee,
    )


def _closed(event: ev.TicketClosed) -> Tx[None]:
    yield query(
        "UPDATE tickets SET status = 'resolved', outcome = :outcome, goal = :goal, outcome_reason = :reason,"
        " closed_at = {now}, updated_at = {now}, wait_until = NULL WHERE id = :id",
        id=event.ticket,
        outcome=event.outcome,
        goal=1 if event.goal else 0,
        reason=event.reason,
    )


def find(*, ticket: str | None, number: int | None, place: str | None) -> Tx[Row | None]:
    """A ticket's row, by its id, its number or its thread."""
    if place is not None and ticket is None and number is None:
        rows = yield query("SELECT ticket_id FROM staff_threads WHERE place = :place", place=place)
        if not rows:
            return None
        ticket = rows[0]["ticket_id"]
    rows = yield query(
        "SELECT id, number, session_id, status FROM tickets WHERE id = :id OR (:id = '' AND number = :number)",
        id=ticket or "",
        number=-1 if number is None else number,
    )
    return rows[0] if rows else None
