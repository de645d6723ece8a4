"""What operators and channels read: transcripts, sessions, users, tickets, actions. Writes next to nothing."""

from __future__ import annotations

from typing import Any

from state import events as ev
from state import reducers
from state.identity import Address
from state.keys import Vault
from state.session import Session
from state.sql import log, people
from state.sql.database import Row, Tx, query

PAGE = 500
ASK_AGAIN_MS = 10_000
TICKET = (
    *("id", "number", "session_id", "status", "priority", "reason", "created_at", "closed_at", "assignee"),
    *("outcome", "goal", "outcome_reason"),
)


def live(vault: Vault, address: Address) -> Tx[Row | None]:
    """The session an address stands in now, None when it was never seen."""
    return (yield from people.find(vault, address, lock=False))


def standing(identity_id: str) -> Tx[Row | None]:
    """How an identity came to be known, and the time since that was last seen to hold."""
    rows = yield query(
        "SELECT id, channel, method, checked_at, {now} - COALESCE(checked_at, verified_at, created_at) AS age"
        " FROM identities WHERE id = :id",
        id=identity_id,
    )
    return rows[0] if rows else None


def checked(identity_id: str) -> Tx[None]:
    """Note that the proof of an identity holds still."""
    yield query("UPDATE identities SET checked_at = {now} WHERE id = :id", id=identity_id)


def shared(identity_id: str) -> Tx[None]:
    """Note that several customers have an address: it joins none of them by itself."""
    yield query("UPDATE identities SET method = 'shared', match_idx = NULL WHERE id = :id", id=identity_id)


def session_row(session_id: str) -> Tx[Row | None]:
    """A session's row."""
    rows = yield query("SELECT * FROM sessions WHERE id = :id", id=session_id)
    return rows[0] if rows else None


def transcript(vault: Vault, session_id: str, after: int) -> Tx[list[tuple[str, ev.Stored]]]:
    """Messages and replies after a seq, oldest first, with the session each lies in.

    With `after` 0 the sessions that were forwarded here come first, under their own numbers; a message that came along
    unanswered is shown once, where it came along to.
    """
    found: list[tuple[str, ev.Stored]] = []
    sessions = [session_id]
    if after == 0:
        rows = yield query("SELECT id FROM sessions WHERE forwarded_to = :id ORDER BY created_at", id=session_id)
        sessions = [row["id"] for row in rows] + sessions
    for one in sessions:
        rows = yield query(
            "SELECT seq, kind, at, turn, identity_id, owner, body FROM events WHERE session_id = :id AND seq > :after"
            " AND kind IN ('MessageReceived', 'ReplyQueued') ORDER BY seq DESC LIMIT :limit",
            id=one,
            after=after if one == session_id else 0,
            limit=PAGE,
        )
        stored = yield from log.opened(vault, one, list(reversed(rows)))
        found += [(one, s) for s in stored]
    return _merged(found) if len(sessions) > 1 else found


def _merged(found: list[tuple[str, ev.Stored]]) -> list[tuple[str, ev.Stored]]:
    """Several sessions' messages by time, each message once: the last of its places counts."""
    last: dict[tuple[str, ...], int] = {}
    for number, (place, stored) in enumerate(found):
        said = stored.data
        own = (place, str(stored.seq))
        last[(said.channel, said.message_id) if isinstance(said, ev.MessageReceived) else own] = number
    return sorted((found[number] for number in last.values()), key=lambda pair: pair[1].at)


def events(vault: Vault, session_id: str, after: int) -> Tx[list[ev.Stored]]:
    """All events of a session after a seq, at most a page."""
    return (yield from log.between(vault, session_id, after, after + PAGE + 1))


def folded(vault: Vault, row: Row) -> Tx[Session]:
    """The session as of now."""
    owner = f"u:{row['user_id']}"
    keys = yield from log.ciphers(vault, [owner])
    base = log.open_state(keys.get(owner), row)
    stored = yield from log.between(vault, row["id"], base.seq, row["next_seq"])
    return reducers.fold(base, stored)


def refold(vault: Vault, row: Row) -> Tx[Session]:
    """The session folded from its whole log, for the test that compares."""
    stored = yield from log.between(vault, row["id"], 0, row["next_seq"])
    return reducers.fold(Session(), stored)


def sessions(limit: int, before: int | None) -> Tx[list[Row]]:
    """Sessions, youngest activity first."""
    return (
        yield query(
            "SELECT id, user_id, created_at, next_seq, in_seq, in_at, done_seq, ready_at, attempts, mode, forwarded_to"
            " FROM sessions WHERE in_at < CAST(:before AS BIGINT) ORDER BY in_at DESC LIMIT :limit",
            before=before if before is not None else 2**62,
            limit=limit,
        )
    )


def tickets(vault: Vault, limit: int) -> Tx[list[dict[str, Any]]]:
    """Tickets, newest first, with their subjects."""
    rows = yield query(
        "SELECT id, number, session_id, status, priority, reason, subject_enc, owner, created_at, closed_at, assignee,"
        " outcome, goal, outcome_reason FROM tickets"
        " ORDER BY number DESC LIMIT :limit",
        limit=limit,
    )
    keys = yield from log.ciphers(vault, [row["owner"] for row in rows])
    found = []
    for row in rows:
        cipher = keys.get(row["owner"])
        subject = cipher.open(row["subject_enc"], f"tickets|subject|{row['id']}").decode() if cipher else "(erased)"
        found.append(
            {
                **{k: row[k] for k in TICKET},
                "subject": subject,
            }
        )
    return found


def action(action_id: str) -> Tx[Row | None]:
    """An action's row in the ledger."""
    rows = yield query("SELECT * FROM actions WHERE id = :id", id=action_id)
    return rows[0] if rows else None


def deliveries(session_id: str) -> Tx[list[Row]]:
    """The outbox rows of a session."""
    return (
        yield query(
            "SELECT id, seq, channel, state, status, reason, attempts, provider_id, created_at, handed_at FROM outbox"
            " WHERE session_id = :id ORDER BY seq",
            id=session_id,
        )
    )


def due_actions(limit: int) -> Tx[list[Row]]:
    """Sessions with an action whose outcome is to be looked up again; marks them ready.

    The turn that looks sets the next time. One that had a message to answer instead does not look, so it is asked again
    after a while. Sessions are locked before actions, as turns do.
    """
    rows = yield query(
        "SELECT id, session_id FROM actions WHERE settle_at IS NOT NULL AND settle_at <= {start}"
        " ORDER BY settle_at LIMIT :limit",
        limit=limit,
    )
    for row in sorted(rows, key=lambda row: str(row["session_id"])):
        yield query(
            "UPDATE sessions SET ready_at = COALESCE(ready_at, {now}) WHERE id = :id AND forwarded_to IS NULL",
            id=row["session_id"],
        )
        yield query(
            "UPDATE actions SET settle_at = {now} + CAST(:again AS BIGINT) WHERE id = :id AND settle_at <= {start}",
            id=row["id"],
            again=ASK_AGAIN_MS,
        )
    return rows


def health() -> Tx[dict[str, int]]:
    """Figures for /metrics and /readyz: open outbox rows and the age of the oldest, waiting sessions."""
    outbox = yield query(
        "SELECT COUNT(*) AS n, COALESCE({now} - MIN(created_at), 0) AS age FROM outbox"
        " WHERE state IN ('pending', 'claimed')"
    )
    ready = yield query(
        "SELECT COUNT(*) AS n, COALESCE({now} - MIN(ready_at), 0) AS age FROM sessions"
        " WHERE ready_at IS NOT NULL AND ready_at <= {start}"
    )
    return {
        "outbox_open": outbox[0]["n"],
        "outbox_age_ms": outbox[0]["age"],
        "sessions_ready": ready[0]["n"],
        "sessions_age_ms": ready[0]["age"],
    }
