"""Turns: claiming a session, opening it, committing what the turn did. Every commit is fenced by the lease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from state import errors, faults, reducers
from state import events as ev
from state.keys import Vault
from state.lease import Lease
from state.session import Question, Session
from state.sql import called, deliveries, ledger, log, tickets
from state.sql.database import Row, Tx, many, query
from state.sql.deliveries import Delivery

WINDOW = 160
"""How far back (in seqs) a turn looks for the conversation's last messages."""

HELD = "SELECT *, {now} AS now FROM sessions WHERE id = :id AND fence = :fence AND lease_owner = :owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session as a turn finds it.

    `pending`: inbound events that no turn has answered; `recent`: the last messages and replies.
    `next_seq`: the position of the next event; `upto`: what is answered once this turn commits; `handed_at`: when the
    open question's reply was handed to a channel that sends (None: not yet); `handing`: that it is, or may be, on its
    way.
    """

    session: Session
    pending: tuple[ev.Stored, ...]
    recent: tuple[ev.Stored, ...]
    next_seq: int
    upto: int
    now: int
    handed_at: int | None = None
    handing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One audit row; `body` is plain JSON bytes, encrypted by the store under the user's key."""

    id: str
    actor: str
    tool: str
    verdict: str
    body: bytes
    action: str | None = None
    confirmation: str | None = None
    ms: int = 0
    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a turn wants written. `base`: the session before `entries`; `moves`: action id → (from, to).

    `settle_in`, `expire_in`: action id → ms until its outcome is looked up, or its approval runs out.
    `handoff_wait_ms`: how long a ticket opened here waits before the customer is told that nobody came (0: for ever).
    `answers`: action id → what whoever called it is told, for good. `again_ms`: when the session has another turn by
    itself (None: it has none).
    """

    turn: str
    base: Session
    next_seq: int
    entries: Sequence[log.Entry]
    audits: Sequence[AuditLine] = ()
    deliveries: Sequence[Delivery] = ()
    proposals: Sequence[ev.ActionProposed] = ()
    moves: dict[str, tuple[str, str]] = field(default_factory=dict)
    settle_in: dict[str, int] = field(default_factory=dict)
    expire_in: dict[str, int] = field(default_factory=dict)
    handoff_wait_ms: int = 0
    answers: dict[str, bytes] = field(default_factory=dict)
    again_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The session after a commit, where its log stands and the seqs of the entries.

    `due_ms`: when a turn is due again (None: not before something happens); `claimed`: which deliveries this process
    may send at once.
    """

    session: Session
    next_seq: int
    seqs: tuple[int, ...]
    due_ms: int | None
    claimed: tuple[str, ...] = ()


def claim(owner: str, limit: int, lease_ms: int) -> Tx[list[Lease]]:
    """Take sessions that are ready and free, oldest first. The attempt is counted first, so that it survives a kill."""
    rows = yield query(
        "WITH due AS MATERIALIZED (SELECT id FROM sessions WHERE ready_at IS NOT NULL AND ready_at <= {start}"
        " AND (lease_owner IS NULL OR lease_until < {now}) ORDER BY ready_at LIMIT :limit {skip_locked})"
        " UPDATE sessions SET lease_owner = :owner, lease_until = {now} + :lease, fence = fence + 1,"
        " attempts = attempts + 1, failing_since = CASE WHEN attempts > 0 THEN COALESCE(failing_since, {now}) END"
        " WHERE id IN (SELECT id FROM due)"
        " RETURNING id, user_id, fence, attempts, COALESCE({now} - failing_since, 0) AS failing",
        owner=owner,
        lease=lease_ms,
        limit=limit,
    )
    return [
        Lease(
            session_id=r["id"],
            user_id=r["user_id"],
            owner=owner,
            fence=r["fence"],
            attempts=r["attempts"],
            failing_ms=r["failing"],
        )
        for r in rows
    ]


def renew(leases: Sequence[Lease], lease_ms: int) -> Tx[set[str]]:
    """Prolong leases; returns the sessions whose lease was lost."""
    lost = set()
    for lease in leases:
        rows = yield query(
            "UPDATE sessions SET lease_until = {now} + :lease"
            " WHERE id = :id AND fence = :fence AND lease_owner = :owner RETURNING id",
            lease=lease_ms,
            id=lease.session_id,
            fence=lease.fence,
            owner=lease.owner,
        )
        if not rows:
            lost.add(lease.session_id)
    return lost


def end_all_leases(reconcile_ms: int) -> Tx[None]:
    """On SQLite, at start: whoever held a lease or a claim is dead, since this process holds the file now.

    A reply whose send was cut short waits `reconcile_ms` from its first attempt for the provider's own word.
    """
    yield query("UPDATE sessions SET lease_owner = NULL, lease_until = 0 WHERE lease_owner IS NOT NULL")
    yield query("UPDATE staff_threads SET claim_until = 0 WHERE claim_owner IS NOT NULL")
    yield query(
        "UPDATE outbox SET next_at = MAX({now}, COALESCE(first_attempt_at, 0) + :wait) WHERE state = 'claimed'",
        wait=reconcile_ms,
    )


def open_session(vault: Vault, lease: Lease) -> Tx[Opened]:
    """Read the folded state, the events after it and the last messages. Raises LeaseLost."""
    rows = yield query(HELD, id=lease.session_id, fence=lease.fence, owner=lease.owner)
    if not rows:
        raise errors.LeaseLost
    row = rows[0]
    keys = yield from log.ciphers(vault, [f"u:{row['user_id']}"])
    base = log.open_state(keys.get(f"u:{row['user_id']}"), row)
    stored = yield from _events(vault, row, base.seq)
    session = reducers.fold(base, [s for s in stored if s.seq > base.seq])
    pending, upto = called.apart([s for s in stored if s.seq > row["done_seq"] and s.kind in ev.INBOUND], row["in_seq"])
    handed_at, handing = yield from _handed(session.task.question if session.task else None)
    return Opened(
        session=session,
        pending=pending,
        recent=tuple(s for s in stored if s.kind in {"MessageReceived", "ReplyQueued"}),
        next_seq=row["next_seq"],
        upto=upto,
        now=row["now"],
        handed_at=handed_at,
        handing=handing,
    )


def _events(vault: Vault, row: Row, after: int) -> Tx[list[ev.Stored]]:
    """Everything after the folded state, and the messages of the window before it. One statement, of bounded size.

    What came after the row was read is left to the next turn: this one will not count it as answered.
    """
    rows = yield query(
        "SELECT seq, kind, at, turn, identity_id, owner, body FROM events"
        " WHERE session_id = :id AND seq > :floor AND seq < :before"
        " AND (seq > :after OR kind IN ('MessageReceived', 'ReplyQueued')) ORDER BY seq",
        id=row["id"],
        floor=max(0, min(after, row["next_seq"] - WINDOW)),
        before=row["next_seq"],
        after=min(after, row["done_seq"]),
    )
    return (yield from log.opened(vault, row["id"], rows))


def _handed(question: Question | None) -> Tx[tuple[int | None, bool]]:
    """When the open question's reply was handed over. One without an outbox row is fetched by its client: at commit."""
    if question is None or question.reply is None:
        return None, False
    rows = yield query("SELECT state, handed_at FROM outbox WHERE id = :id", id=question.reply)
    if not rows:
        return question.replied_at, False
    return rows[0]["handed_at"], rows[0]["state"] in {"pending", "claimed"}


def append(vault: Vault, lease: Lease, work: Work, *, worker: str, claim_ms: int) -> Tx[Written]:
    """A short fenced commit of a turn that goes on: before a write is dispatched, or beside it. Raises LeaseLost."""
    row, base = yield from _hold(vault, lease, work)
    seqs, session = yield from _write(vault, row, base, work)
    claimed: tuple[str, ...] = ()
    if work.deliveries:
        placed = [(delivery, seqs[delivery.entry]) for delivery in work.deliveries]
        claimed = yield from deliveries.add(row["id"], placed, worker, claim_ms)
    after = row["next_seq"] + len(work.entries)
    yield query("UPDATE sessions SET next_seq = :after WHERE id = :id", after=after, id=row["id"])
    faults.point("turn.append")
    return Written(session=session, next_seq=after, seqs=seqs, due_ms=None, claimed=claimed)


def commit(vault: Vault, lease: Lease, work: Work, *, done_seq: int, worker: str, claim_ms: int) -> Tx[Written]:
    """The turn's commit: events, state, outbox, audit at once; gives the lease back. Raises LeaseLost."""
    row, base = yield from _hold(vault, lease, work)
    seqs, session = yield from _write(vault, row, base, work)
    claimed = yield from deliveries.add(row["id"], [(d, seqs[d.entry]) for d in work.deliveries], worker, claim_ms)
    owner = f"u:{row['user_id']}"
    keys = yield from log.ciphers(vault, [owner])
    faults.point("turn.pre_commit")
    more = row["in_seq"] > done_seq
    rows = yield query(
        "UPDATE sessions SET next_seq = :after, done_seq = :done, state = :state, state_seq = :state_seq, mode = :mode,"
        " ready_at = CASE WHEN :more = 1 THEN COALESCE(ready_at, {now})"
        " WHEN CAST(:again AS BIGINT) >= 0 THEN {now} + CAST(:again AS BIGINT) END,"
        " burst_at = CASE WHEN :more = 1 THEN {now} ELSE burst_at END,"
        " lease_owner = NULL, attempts = 0, failing_since = NULL"
        " WHERE id = :id AND fence = :fence AND done_seq <= :done"
        " RETURNING ready_at - {now} AS due",
        id=row["id"],
        after=row["next_seq"] + len(work.entries),
        done=done_seq,
        state=log.seal_state(keys[owner], row["id"], session),
        state_seq=session.seq,
        mode=session.mode,
        more=1 if more else 0,
        again=-1 if work.again_ms is None else work.again_ms,
        fence=lease.fence,
    )
    if not rows:
        raise errors.LeaseLost
    faults.point("turn.commit")
    due = max(0, rows[0]["due"]) if rows[0]["due"] is not None else None
    return Written(
        session=session, next_seq=row["next_seq"] + len(work.entries), seqs=seqs, due_ms=due, claimed=claimed
    )


def _hold(vault: Vault, lease: Lease, work: Work) -> Tx[tuple[Row, Session]]:
    """Lock the session under the lease, and fold in whatever was appended to it since the turn looked."""
    rows = yield query(HELD + " {lock}", id=lease.session_id, fence=lease.fence, owner=lease.owner)
    if not rows:
        raise errors.LeaseLost
    row, base = rows[0], work.base
    if row["next_seq"] != work.next_seq:
        foreign = yield from log.between(vault, row["id"], work.next_seq - 1, row["next_seq"])
        base = reducers.fold(base, foreign)
    if base.mode == "staff" and any(_is_bots(entry.event) for entry in work.entries):
        raise errors.LeaseLost("a person has the conversation")
    return row, base


def _is_bots(event: ev.Event) -> bool:
    return isinstance(event, ev.ReplyQueued) and event.author == "bot"


def _write(vault: Vault, row: Row, base: Session, work: Work) -> Tx[tuple[tuple[int, ...], Session]]:
    """Insert the turn's events and what hangs on them; returns their seqs and the session after them."""
    placed = yield from log.append(vault, row, work.entries, turn=work.turn)
    session = base
    for seq, entry in placed:
        session = reducers.apply(session, entry.event, seq=seq, at=row["now"])
    yield from _actions(row, work)
    events = [entry.event for entry in work.entries]
    yield from tickets.record(vault, row, events, wait_ms=work.handoff_wait_ms)
    if session.tickets:
        yield from tickets.news(row["id"])
    yield from audits(vault, row, work.audits)
    yield from called.answered(vault, row, work.answers)
    return tuple(seq for seq, _ in placed), session


def _actions(row: Row, work: Work) -> Tx[None]:
    """The ledger: new proposals, and moves that only one can win."""
    for p in work.proposals:
        yield query(
            "INSERT INTO actions (id, session_id, task, tool, version, args_hash, state, created_at, settle_tries,"
            " amount, currency)"
            " VALUES (:id, :session_id, :task, :tool, :version, :hash, 'awaiting_confirmation', {now}, 0, :amount,"
            " :currency)",
            id=p.action,
            session_id=row["id"],
            task=p.task,
            tool=p.tool,
            version=p.version,
            hash=p.args_hash,
            **ledger.columns(p.amount),
        )
    for action, (before, after) in work.moves.items():
        settle = work.settle_in.get(action)
        rows = yield query(
            "UPDATE actions SET state = :state, settle_at = CASE WHEN :settle >= 0 THEN {now} + :settle END,"
            " settle_tries = settle_tries + CASE WHEN :state = 'unknown' THEN 1 ELSE 0 END,"
            " dispatched_at = CASE WHEN :state = 'dispatched' THEN {now} ELSE dispatched_at END,"
            " expires_at = CASE WHEN CAST(:expire AS BIGINT) >= 0 THEN {now} + CAST(:expire AS BIGINT) END"
            " WHERE id = :id AND state = :before RETURNING id",
            id=action,
            state=after,
            before=before,
            settle=-1 if settle is None else settle,
            expire=work.expire_in.get(action, -1),
        )
        if not rows:
            raise errors.LeaseLost(f"action {action} is not {before} any more")


def audits(vault: Vault, row: Row, lines: Sequence[AuditLine]) -> Tx[None]:
    """Insert lines of the audit trail for a session (its id and user_id)."""
    if not lines:
        return
    owner = f"u:{row['user_id']}"
    keys = yield from log.ciphers(vault, [owner])
    rows: list[dict[str, Any]] = [
        {
            "id": a.id,
            "session_id": row["id"],
            "user_id": row["user_id"],
            "actor": a.actor,
            "tool": a.tool,
            "verdict": a.verdict,
            "action_id": a.action,
            "confirmation": a.confirmation,
            "ms": a.ms,
            "owner": owner,
            "body": keys[owner].seal(a.body, f"audit|body|{a.id}"),
            "policy": a.policy or None,
        }
        for a in lines
    ]
    yield many(
        "INSERT INTO audit (id, at, session_id, user_id, actor, tool, verdict, action_id, confirmation, ms, owner,"
        " body, policy)"
        " VALUES (:id, {now}, :session_id, :user_id, :actor, :tool, :verdict, :action_id, :confirmation, :ms, :owner,"
        " :body, :policy)",
        rows,
    )


def release(lease: Lease, *, after_ms: int) -> Tx[None]:
    """Give a lease back unused; the attempt does not count."""
    yield query(
        "UPDATE sessions SET lease_owner = NULL, attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END,"
        " ready_at = {now} + :after WHERE id = :id AND fence = :fence AND lease_owner = :owner",
        after=after_ms,
        id=lease.session_id,
        fence=lease.fence,
        owner=lease.owner,
    )


def fail(lease: Lease, *, after_ms: int) -> Tx[int]:
    """Give a lease back after a failed turn; returns for how long (ms) this session has been failing."""
    rows = yield query(
        "UPDATE sessions SET lease_owner = NULL, ready_at = {now} + :after,"
        " failing_since = COALESCE(failing_since, {now})"
        " WHERE id = :id AND fence = :fence AND lease_owner = :owner RETURNING {now} - failing_since AS failing",
        after=after_ms,
        id=lease.session_id,
        fence=lease.fence,
        owner=lease.owner,
    )
    return int(rows[0]["failing"]) if rows else 0


def next_number(name: str) -> Tx[int]:
    """The next number of a counter people read."""
    rows = yield query(
        "INSERT INTO counters (name, value) VALUES (:name, 1001)"
        " ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value",
        name=name,
    )
    return int(rows[0]["value"])
