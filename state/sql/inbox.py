"""Taking a message in: de-duplicate, find the person, append the event, make the session ready. One transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from state import errors, faults
from state import events as ev
from state.identity import Assurance
from state.keys import Vault
from state.lease import Lease
from state.messages import Accepted, Inbound
from state.sql import codes, log, people
from state.sql.database import Row, Tx, query
from state.sql.people import Newcomer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """When the session may run, `wait_ms` from now, and its lease if it was taken at once."""

    wait_ms: int
    lease: Lease | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How bursts are gathered and leases taken, in ms. `worker`: who takes the lease at once (None: others will).

    `burst_idle`: a message within this time of the last is part of a burst. `code_tries`: how often a code may be
    typed wrong.
    """

    burst_idle: int
    burst_wait: int
    burst_max: int
    lease: int
    worker: str | None
    code_tries: int = 5


def accept(vault: Vault, message: Inbound, pace: Pace) -> Tx[tuple[Accepted, Ready | None]]:
    """Record one message. A provider id that was seen before changes nothing and returns where it stands."""
    session = yield from people.ensure(vault, _newcomer(message))
    seq = session["next_seq"]
    fresh = yield from _remember(vault, message, session, seq)
    if not fresh:
        return (yield from _seen(message)), None
    checked = yield from codes.typed(vault, message, session, pace.code_tries)
    if checked:
        yield from _forget_envelope(message)
    events = _events(message, session, checked)
    yield from log.append(vault, session, [log.Entry(event, session["identity_id"]) for event in events])
    ready = yield from make_ready(session, seq + len(events) - 1, pace)
    faults.point("ingest.pre_commit")
    return Accepted(new=True, session_id=session["id"], user_id=session["user_id"], seq=seq), ready


def _events(message: Inbound, session: Row, checked: ev.CodeChecked | None) -> list[ev.Event]:
    """The message as it goes into the log: of a one-time code only what came of it."""
    received = ev.MessageReceived(
        channel=message.channel,
        identity=session["identity_id"],
        assurance=_assurance(message, session),
        message_id=message.provider_id,
        text=codes.MASK if checked else message.text,
        choice=message.choice,
        name=message.name,
        media=list(message.media),
        extra=codes.hidden(message, checked) if checked else _extra(message),
    )
    return [received, checked] if checked else [received]


def _forget_envelope(message: Inbound) -> Tx[None]:
    yield query(
        "UPDATE inbox SET envelope = NULL"
        " WHERE channel = :channel AND account = :account AND provider_id = :provider_id",
        channel=message.channel,
        account=message.account,
        provider_id=message.provider_id,
    )


def _extra(message: Inbound) -> dict[str, Any]:
    return {name: value for name, value in message.extra.items() if name != "code"}  # that name is ours


def _assurance(message: Inbound, session: Row) -> str:
    """How far this very message is proven: a claimed sender has none of what the address proved before."""
    known = Assurance(session["assurance"])
    return message.assurance if message.assurance is Assurance.CLAIMED else max(known, message.assurance, key=_rank)


def _rank(assurance: Assurance) -> int:
    return assurance.rank


def _newcomer(message: Inbound) -> Newcomer:
    return Newcomer(
        address=message.sender,
        assurance=message.assurance,
        method="channel" if message.assurance is not Assurance.CLAIMED else "claim",
        match=_match(message),
    )


def _match(message: Inbound) -> tuple[str, str] | None:
    """What the address shares with a verified attribute, if its channel vouches for it."""
    if message.phone:
        return "phone", message.phone
    return ("email", message.email) if message.email else None


def _seen(message: Inbound) -> Tx[Accepted]:
    """Where the message with this provider id stands."""
    rows = yield query(
        "SELECT i.session_id, i.seq, s.user_id FROM inbox i JOIN sessions s ON s.id = i.session_id"
        " WHERE i.channel = :channel AND i.account = :account AND i.provider_id = :provider_id",
        channel=message.channel,
        account=message.account,
        provider_id=message.provider_id,
    )
    if not rows:
        raise errors.Conflict("the same message came twice at once")
    return Accepted(new=False, session_id=rows[0]["session_id"], user_id=rows[0]["user_id"], seq=rows[0]["seq"])


def _remember(vault: Vault, message: Inbound, session: Row, seq: int) -> Tx[bool]:
    """Claim the provider id for ever; False when another transaction claimed it in this moment."""
    owner = f"i:{session['identity_id']}"
    keys = yield from log.ciphers(vault, [owner])
    envelope = None
    if message.raw:
        envelope = keys[owner].seal(
            message.raw, f"inbox|envelope|{message.channel}|{message.account}|{message.provider_id}"
        )
    rows = yield query(
        "INSERT INTO inbox (channel, account, provider_id, session_id, seq, at, envelope)"
        " VALUES (:channel, :account, :provider_id, :session_id, :seq, {now}, :envelope)"
        " ON CONFLICT DO NOTHING RETURNING seq",
        channel=message.channel,
        account=message.account,
        provider_id=message.provider_id,
        session_id=session["id"],
        seq=seq,
        envelope=envelope,
    )
    return bool(rows)


def make_ready(session: Row, seq: int, pace: Pace) -> Tx[Ready]:
    """Set when the session may run; take its lease when that is now and it is free."""
    now, unanswered = session["now"], session["in_seq"] > session["done_seq"]
    burst_at = session["burst_at"] if unanswered else now
    wait = 0
    if unanswered or now - session["in_at"] < pace.burst_idle:
        wait = max(0, min(pace.burst_wait, burst_at + pace.burst_max - now))
    if session["attempts"] and session["ready_at"]:
        wait = max(wait, session["ready_at"] - now)  # the session failed before and backs off
    free = session["lease_owner"] is None or session["lease_until"] < now
    take = pace.worker is not None and free and wait == 0
    yield query(
        "UPDATE sessions SET next_seq = :next, in_seq = :seq, in_at = :now, burst_at = :burst_at, ready_at = :ready_at,"
        " lease_owner = :owner, lease_until = :until, fence = :fence, attempts = attempts + :tries WHERE id = :id",
        id=session["id"],
        next=seq + 1,
        seq=seq,
        now=now,
        burst_at=burst_at,
        ready_at=now + wait,
        owner=pace.worker if take else session["lease_owner"],
        until=now + pace.lease if take else session["lease_until"],
        fence=session["fence"] + (1 if take else 0),
        tries=1 if take else 0,
    )
    if not take or pace.worker is None:
        return Ready(wait_ms=wait, lease=None)
    lease = Lease(
        session_id=session["id"],
        user_id=session["user_id"],
        owner=pace.worker,
        fence=session["fence"] + 1,
        attempts=session["attempts"] + 1,
    )
    return Ready(wait_ms=wait, lease=lease)
