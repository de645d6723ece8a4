"""Replies on their way: claimed, sent, received, in order per session and channel. The text stays in the event log."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from state import errors
from state import events as ev
from state.identity import Address
from state.keys import Vault
from state.messages import Choice, Outbound, Receipt, StatusUpdate
from state.sql import failures, log, notices
from state.sql.database import Row, Tx, query

STUCK_MS = 120_000
LATE_MS = 7 * 86_400_000
"""After that nobody reports a failure any more but who made it up: anybody can write a bounce of a letter they have."""
WITHHOLD = (
    "UPDATE outbox SET state = 'withheld', reason = 'taken_over' WHERE author = 'bot' AND state = 'pending'"
    " AND session_id IN (SELECT id FROM sessions WHERE id = :session_id OR forwarded_to = :session_id)"
)
"""What the bot had not begun to send when a person took the conversation, or gave it back."""

_HELD = (
    "o.author = 'bot' AND EXISTS (SELECT 1 FROM sessions f JOIN sessions s ON s.id = COALESCE(f.forwarded_to, f.id)"
    " WHERE f.id = o.session_id AND s.mode = 'staff')"
)
"""Whether a person has the conversation that a reply belongs to, also one from before it was linked to another."""

RANKS = {"queued": 1, "sending": 2, "sent": 3, "delivered": 4, "read": 5, "failed": 9}
"""A provider's words for how far a reply got, in their order; the SQL of `status` holds the same numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An outbox row to be: the reply at `entry` (its index among the turn's events) leaves by a channel that sends."""

    id: str
    entry: int
    channel: str
    identity: str
    author: str = "bot"


def add(session_id: str, placed: Sequence[tuple[Delivery, int]], worker: str, claim_ms: int) -> Tx[tuple[str, ...]]:
    """Insert outbox rows, born claimed by this process unless an earlier reply of the channel is still on its way.

    Earlier is also what a session that was forwarded to this one still owes to the same address.
    """
    claimed = []
    for delivery, seq in placed:
        rows = yield query(  # LIMIT keeps PostgreSQL from working the state out once for each place that names it
            "INSERT INTO outbox (id, session_id, seq, channel, identity_id, author, state, next_at, claim_owner,"
            " attempts, created_at, first_attempt_at)"
            " SELECT :id, :session_id, CAST(:seq AS BIGINT), :channel, :identity, :author, w.state,"
            " {now} + CASE WHEN w.state = 'claimed' THEN CAST(:claim AS BIGINT) ELSE 0 END, :worker,"
            " CASE WHEN w.state = 'claimed' THEN 1 ELSE 0 END, {now}, CASE WHEN w.state = 'claimed' THEN {now} END"
            " FROM (SELECT CASE WHEN EXISTS (SELECT 1 FROM outbox WHERE session_id = :session_id AND channel = :channel"
            " AND seq < :first AND state IN ('pending', 'claimed')) OR EXISTS (SELECT 1 FROM outbox"
            " WHERE identity_id = :identity AND session_id <> :session_id AND state IN ('pending', 'claimed'))"
            " THEN 'pending' ELSE 'claimed' END AS state LIMIT 1) w RETURNING state",
            id=delivery.id,
            session_id=session_id,
            seq=seq,
            first=placed[0][1],
            channel=delivery.channel,
            identity=delivery.identity,
            author=delivery.author,
            worker=worker,
            claim=claim_ms,
        )
        if rows[0]["state"] == "claimed":
            claimed.append(delivery.id)
    return tuple(claimed)


def claim(vault: Vault, worker: str, limit: int, claim_ms: int) -> Tx[list[Outbound]]:
    """Take the replies that are due and first in their line; counts the attempt before it is made.

    One that cannot be read, since its key is missing, holds up its own line only: it is looked at again when the claim
    has run out.
    """
    rows = yield query(
        "WITH due AS MATERIALIZED (SELECT id FROM outbox o"  # noqa: S608 - a constant of ours
        " WHERE o.state IN ('pending', 'claimed') AND o.next_at <= {start}"
        " AND NOT (" + _HELD + ")"
        " AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.session_id = o.session_id AND e.channel = o.channel"
        " AND e.seq < o.seq AND e.state IN ('pending', 'claimed'))"
        " AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.identity_id = o.identity_id"
        " AND e.session_id <> o.session_id AND e.created_at < o.created_at AND e.state IN ('pending', 'claimed'))"
        " ORDER BY o.next_at LIMIT :limit {skip_locked})"
        " UPDATE outbox SET state = 'claimed', claim_owner = :worker, attempts = attempts + 1,"
        " next_at = {now} + :claim, first_attempt_at = COALESCE(first_attempt_at, {now})"
        " WHERE id IN (SELECT id FROM due)"
        " RETURNING id, session_id, seq, channel, identity_id, attempts, first_attempt_at",
        worker=worker,
        limit=limit,
        claim=claim_ms,
    )
    found: list[Outbound] = []
    for row in sorted(rows, key=lambda r: (r["session_id"], r["seq"])):
        with contextlib.suppress(errors.KeyMissing):
            found += [(yield from _outbound(vault, row))]
    return found


def load(vault: Vault, outbox_id: str) -> Tx[Outbound]:
    """One reply as it is to be sent, claimed already."""
    rows = yield query(
        "SELECT id, session_id, seq, channel, identity_id, attempts, first_attempt_at FROM outbox WHERE id = :id",
        id=outbox_id,
    )
    return (yield from _outbound(vault, rows[0]))


def _outbound(vault: Vault, row: Row) -> Tx[Outbound]:
    events = yield from log.between(vault, row["session_id"], row["seq"] - 1, row["seq"] + 1)
    address = yield from address_of(vault, row["identity_id"])
    reply = events[0].data
    if isinstance(reply, ev.CodeSent) and address is not None:
        return (yield from _coded(vault, row, address))
    if not isinstance(reply, ev.ReplyQueued) or address is None:
        return _erased(row)
    return outbound(
        row["session_id"], row["seq"], reply, address, attempt=row["attempts"], first_attempt_at=row["first_attempt_at"]
    )


def outbound(
    session_id: str,
    seq: int,
    reply: ev.ReplyQueued,
    address: Address,
    *,
    attempt: int = 1,
    first_attempt_at: int | None = None,
) -> Outbound:
    """A committed reply as a channel gets it."""
    return Outbound(
        id=reply.outbox,
        session_id=session_id,
        seq=seq,
        part=0,
        channel=reply.channel,
        to=address,
        text=reply.text,
        choices=tuple(Choice(label=c["label"], value=c["value"]) for c in reply.choices),
        citations=tuple(reply.citations),
        ticket=reply.ticket,
        author=reply.author,
        name=reply.name,
        kind=reply.kind,
        template=reply.template,
        thread=reply.thread,
        attempt=attempt,
        first_attempt_at=first_attempt_at,
    )


def _coded(vault: Vault, row: Row, address: Address) -> Tx[Outbound]:
    """A one-time code on its way: its words are nowhere but in its own row, and gone with the code."""
    text = yield from notices.coded(vault, row["id"])
    return Outbound(
        id=row["id"],
        session_id=row["session_id"],
        seq=row["seq"],
        part=0,
        channel=row["channel"],
        to=address,
        text=text,
        author="system",
        kind="notice",
        thread={"subject": text.partition("\n")[0]} if text else {},
        attempt=row["attempts"],
        first_attempt_at=row["first_attempt_at"],
    )


def _erased(row: Row) -> Outbound:
    """A reply whose text or address was erased: it has nowhere to go."""
    to = Address(channel=row["channel"], address="erased")
    return Outbound(
        id=row["id"], session_id=row["session_id"], seq=row["seq"], part=0, channel=row["channel"], to=to, text=""
    )


def reply(vault: Vault, outbox_id: str) -> Tx[ev.ReplyQueued | None]:
    """A reply as it was queued; None when it is not there, or was erased."""
    rows = yield query("SELECT session_id, seq FROM outbox WHERE id = :id", id=outbox_id)
    if not rows:
        return None
    events = yield from log.between(vault, rows[0]["session_id"], rows[0]["seq"] - 1, rows[0]["seq"] + 1)
    found = events[0].data if events else None
    return found if isinstance(found, ev.ReplyQueued) else None


def address_of(vault: Vault, identity_id: str) -> Tx[Address | None]:
    """The address of an identity, decrypted; None when it was erased."""
    rows = yield query("SELECT id, channel, address_enc FROM identities WHERE id = :id", id=identity_id)
    keys = yield from log.ciphers(vault, [f"i:{identity_id}"])
    if not rows or not keys:
        return None
    text = keys[f"i:{identity_id}"].open(rows[0]["address_enc"], f"identities|address|{identity_id}")
    return Address(channel=rows[0]["channel"], address=text.decode())


_LOST = " RETURNING id, session_id, channel, identity_id, author, state, reason"
_SETTLE = (
    "UPDATE outbox AS o SET state = CASE WHEN :state = 'pending' AND "  # noqa: S608 - a constant of ours
    + _HELD
    + " THEN 'withheld' ELSE :state END, provider_id = COALESCE(:provider_id, provider_id), reason = :reason,"
    " next_at = {now} + CAST(:wait AS BIGINT),"
    " handed_at = CASE WHEN :state = 'sent' THEN {now} - CAST(:ms AS BIGINT) ELSE handed_at END"
    " WHERE id = :id AND claim_owner = :worker AND state = 'claimed'"
)


def settle(vault: Vault, receipts: Sequence[tuple[Receipt, float]], worker: str) -> Tx[None]:
    """Record what became of sends, many at once. Each comes with the seconds until it may be tried again.

    A reply of the bot's that did not leave is not tried again once a person has the conversation. Of one that never
    will, its session is told.
    """
    yield from failures.lock_for([receipt.outbox_id for receipt, _ in receipts if receipt.state == "failed"])
    lost: list[Row] = []
    for receipt, wait in receipts:
        state = {"sent": "sent", "failed": "failed"}.get(receipt.state, "pending")
        rows = yield query(
            _SETTLE + _LOST,
            id=receipt.outbox_id,
            state=state,
            provider_id=receipt.provider_id,
            reason=receipt.reason,
            wait=int(wait * 1000),
            ms=receipt.ms,
            worker=worker,
        )
        if state != "pending" and any(row["author"] == "system" for row in rows):
            yield query("UPDATE codes SET code_enc = NULL WHERE id = :id", id=receipt.outbox_id)
        lost += [row for row in rows if _is_lost(row)]
    yield from failures.tell(vault, lost)


def _is_lost(row: Row) -> bool:
    """Whether a reply will never arrive; a code is not told of, since who asked for it need not know who has it."""
    return bool(row["state"] == "failed" and row["author"] != "system")


def put_back(ids: Sequence[str], worker: str) -> Tx[None]:
    """Give claims back that were never tried (an earlier part failed)."""
    for outbox_id in ids:
        yield query(
            "UPDATE outbox SET state = 'pending', attempts = attempts - 1, first_attempt_at = NULL, next_at = {now}"
            " WHERE id = :id AND claim_owner = :worker AND state = 'claimed' AND attempts = 1",
            id=outbox_id,
            worker=worker,
        )


_LOOK = "SELECT id, session_id, state FROM outbox"
_FAIL = "UPDATE outbox SET state = 'failed', reason = COALESCE(reason, 'gave_up')"
_GIVEN_UP = (
    " WHERE state IN ('pending', 'claimed') AND state = 'pending' AND first_attempt_at IS NOT NULL"
    " AND (first_attempt_at < {start} - CAST(:give_up AS BIGINT)"
    " OR (first_attempt_at < {start} - CAST(:stuck AS BIGINT) AND (EXISTS (SELECT 1 FROM outbox l"
    " WHERE l.session_id = outbox.session_id AND l.channel = outbox.channel"
    " AND l.seq > outbox.seq AND l.state IN ('pending', 'claimed')) OR EXISTS (SELECT 1 FROM outbox l"
    " WHERE l.identity_id = outbox.identity_id AND l.session_id <> outbox.session_id"
    " AND l.created_at > outbox.created_at AND l.state IN ('pending', 'claimed')))))"
)


def give_up(vault: Vault, give_up_ms: int) -> Tx[list[Row]]:
    """Fail replies that were tried for too long, and those that block a later one for more than 120 s. Returns them.

    A reply of the bot's whose sender died while a person took the conversation is withheld: it must not block theirs.
    """
    yield query(
        "UPDATE outbox AS o SET state = 'withheld', reason = 'taken_over'"  # noqa: S608 - a constant of ours
        " WHERE state IN ('pending', 'claimed') AND next_at <= {start} AND " + _HELD
    )
    due = yield query(_LOOK + _GIVEN_UP, give_up=give_up_ms, stuck=STUCK_MS)
    if not due:
        return []
    yield from failures.lock(str(row["session_id"]) for row in due)
    lost = yield query(_FAIL + _GIVEN_UP + _LOST, give_up=give_up_ms, stuck=STUCK_MS)
    yield from failures.tell(vault, [row for row in lost if _is_lost(row)])
    return lost


_FOLD = (
    "UPDATE outbox SET status = :status, provider_id = COALESCE(provider_id, NULLIF(:provider_id, '')),"
    " reason = COALESCE(:reason, reason), state = CASE WHEN :status = 'failed' THEN 'failed' ELSE 'sent' END,"
    " handed_at = COALESCE(handed_at, first_attempt_at)"
)
_HIGHER = (
    " AND :rank > CASE status WHEN 'queued' THEN 1 WHEN 'sending' THEN 2 WHEN 'sent' THEN 3 WHEN 'delivered' THEN 4"
    " WHEN 'read' THEN 5 WHEN 'failed' THEN 9 ELSE 0 END"
)
_IN_TIME = " AND (:status <> 'failed' OR COALESCE(handed_at, created_at) > {now} - CAST(:late AS BIGINT))"
_MEANT = (
    " WHERE (id = :outbox_id OR provider_id = :provider_id) AND channel = :channel AND attempts > 0"
    " AND (:provider_id = '' OR COALESCE(provider_id, :provider_id) = :provider_id)"
)


def status(vault: Vault, update: StatusUpdate) -> Tx[None]:
    """Fold a provider's status by rank, never by arrival; the first word on a claimed reply proves that it was sent.

    A reply is found by our id, unless another message of the provider's is known to carry it, or by the provider's. Its
    session is told when it is lost.
    """
    meant = {"outbox_id": update.outbox_id or "", "provider_id": update.provider_id, "channel": update.channel}
    before: Sequence[Row] = ()
    if update.status == "failed":
        found = yield query(_LOOK + _MEANT, **meant)
        yield from failures.lock(str(row["session_id"]) for row in found)
        before = yield query(_LOOK + _MEANT, **meant)
    rows = yield query(
        _FOLD + _MEANT + _HIGHER + _IN_TIME + _LOST,
        late=LATE_MS,
        rank=RANKS.get(update.status, 0),
        status=update.status,
        reason=update.reason,
        **meant,
    )
    known = {row["id"] for row in before if row["state"] == "failed"}
    yield from failures.tell(vault, [r for r in rows if _is_lost(r) and r["id"] not in known])


def delivered(channel: str, provider_ids: Sequence[str], outbox_id: str) -> Tx[frozenset[str]]:
    """Which of these provider ids are the receipt of some other reply than this one.

    Its own receipt may have come by a status while it is being looked for: that it is found must not hide it.
    """
    found = set()
    for provider_id in provider_ids:
        rows = yield query(
            "SELECT 1 AS one FROM outbox WHERE provider_id = :provider_id AND channel = :channel AND id <> :id",
            provider_id=provider_id,
            channel=channel,
            id=outbox_id,
        )
        if rows:
            found.add(provider_id)
    return frozenset(found)
