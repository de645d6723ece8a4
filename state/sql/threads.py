"""The threads of tickets in the staff's channel: claimed, brought up to date, settled. What is told there is events."""

from __future__ import annotations

from dataclasses import dataclass

from state import errors
from state.sql.database import Tx, query


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A thread with news to tell, claimed. `place`: where it is, None before its card is posted.

    `posted_seq`: how far the session's log was told; `card`: the hash of the card as shown; `attempts`: failures in a
    row, `failing_ms` for how long; `alerted`: staff were told another way. `due_at`: the news this claim is about.
    """

    ticket: str
    session_id: str
    place: str | None
    posted_seq: int
    card: str | None
    attempts: int
    failing_ms: int
    alerted: bool
    due_at: int


def claim(worker: str, limit: int, claim_ms: int) -> Tx[list[Due]]:
    """Take threads that have news: those that wait for staff first, a stranger's last, else the oldest.

    So a flood of mails in forged names does not keep staff from a request for approval. A claim whose holder died
    counts as an attempt.
    """
    rows = yield query(
        "WITH due AS MATERIALIZED (SELECT ticket_id FROM staff_threads WHERE due_at IS NOT NULL AND due_at <= {start}"
        " AND (claim_owner IS NULL OR claim_until < {now})"
        " ORDER BY (SELECT CASE WHEN t.reason = 'approval' OR t.assignee IS NOT NULL THEN 0"
        " WHEN t.reason <> 'mail' AND EXISTS (SELECT 1 FROM sessions s JOIN identities i ON i.user_id = s.user_id"
        " WHERE s.id = t.session_id AND i.assurance <> 'claimed') THEN 1 ELSE 2 END"
        " FROM tickets t WHERE t.id = staff_threads.ticket_id), due_at LIMIT :limit {skip_locked})"
        " UPDATE staff_threads SET attempts = attempts + CASE WHEN claim_owner IS NULL THEN 0 ELSE 1 END,"
        " claim_owner = :worker, claim_until = {now} + CAST(:claim AS BIGINT)"
        " WHERE ticket_id IN (SELECT ticket_id FROM due)"
        " RETURNING ticket_id, session_id, place, posted_seq, card, attempts, due_at, alerted_at,"
        " COALESCE({now} - failing_since, 0) AS failing",
        worker=worker,
        limit=limit,
        claim=claim_ms,
    )
    return [
        Due(
            ticket=row["ticket_id"],
            session_id=row["session_id"],
            place=row["place"],
            posted_seq=row["posted_seq"],
            card=row["card"],
            attempts=row["attempts"],
            failing_ms=row["failing"],
            alerted=row["alerted_at"] is not None,
            due_at=row["due_at"],
        )
        for row in rows
    ]


def posted(ticket: str, worker: str, *, place: str | None, seq: int, card: str | None, claim_ms: int) -> Tx[None]:
    """Keep how far a thread is, and the claim on it; what was told is never told again. Raises LeaseLost."""
    rows = yield query(
        "UPDATE staff_threads SET place = COALESCE(:place, place), posted_seq = :seq, card = COALESCE(:card, card),"
        " attempts = 0, failing_since = NULL, reason = NULL, alerted_at = NULL,"
        " claim_until = {now} + CAST(:claim AS BIGINT) WHERE ticket_id = :ticket AND claim_owner = :worker"
        " RETURNING ticket_id",
        ticket=ticket,
        worker=worker,
        place=place,
        seq=seq,
        card=card,
        claim=claim_ms,
    )
    if not rows:
        raise errors.LeaseLost


def done(due: Due, worker: str) -> Tx[None]:
    """Give a thread back that is up to date; news that came meanwhile stay due."""
    yield query(
        "UPDATE staff_threads SET claim_owner = NULL, due_at = CASE WHEN due_at > :seen THEN due_at END"
        " WHERE ticket_id = :ticket AND claim_owner = :worker",
        ticket=due.ticket,
        worker=worker,
        seen=due.due_at,
    )


def later(due: Due, worker: str, after_ms: int) -> Tx[None]:
    """Give a thread back whose turn it is not yet: nothing was tried, so nothing failed."""
    yield query(
        "UPDATE staff_threads SET claim_owner = NULL, due_at = {now} + CAST(:after AS BIGINT)"
        " WHERE ticket_id = :ticket AND claim_owner = :worker",
        ticket=due.ticket,
        worker=worker,
        after=after_ms,
    )


def failed(due: Due, worker: str, *, after_ms: int, reason: str, lost: bool) -> Tx[int]:
    """Give a thread back that could not be told; returns for how long (ms) that has been so.

    `lost`: its place is gone, so that the card is posted anew.
    """
    rows = yield query(
        "UPDATE staff_threads SET claim_owner = NULL, attempts = attempts + 1, reason = :reason,"
        " due_at = {now} + CAST(:after AS BIGINT), failing_since = COALESCE(failing_since, {now}),"
        " place = CASE WHEN :lost = 1 THEN NULL ELSE place END, card = CASE WHEN :lost = 1 THEN NULL ELSE card END"
        " WHERE ticket_id = :ticket AND claim_owner = :worker RETURNING {now} - failing_since AS failing",
        ticket=due.ticket,
        worker=worker,
        after=after_ms,
        reason=reason,
        lost=1 if lost else 0,
    )
    return int(rows[0]["failing"]) if rows else 0


def alerted(ticket: str) -> Tx[None]:
    """Note that staff were told another way."""
    yield query("UPDATE staff_threads SET alerted_at = {now} WHERE ticket_id = :ticket", ticket=ticket)
