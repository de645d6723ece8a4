"""The rows of an undone link: events sealed anew in their own log, what hangs on them, both states folded again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from state import events as ev
from state import partition, reducers, staff_events
from state.keys import Vault
from state.partition import Cut
from state.session import Session
from state.sql import log, people, tickets
from state.sql.database import Row, Tx, many, query

GONE = "gone"
"""The owner of an event that left its place: nobody has that key."""
UNDECIDED = frozenset({"awaiting_confirmation", "awaiting_approval", "confirmed"})


def whole(vault: Vault, session_id: str) -> Tx[list[ev.Stored]]:
    """The log of a session."""
    rows = yield query("SELECT next_seq FROM sessions WHERE id = :id", id=session_id)
    return (yield from log.between(vault, session_id, 0, rows[0]["next_seq"]))


def move(vault: Vault, source: str, user_id: str, target: dict[str, Any], made: Cut) -> Tx[dict[str, Any]]:
    """Append to the target's log what goes there, and leave places without words in the source's.

    Returns the target with its new end; its `pending` are the new places by their old ones, of the last source moved.
    """
    moved = yield from _once(vault, target["id"], made.moved)
    first = target["next_seq"]
    told = partition.at_home(moved, first)
    entries = [log.Entry(event, s.identity, s.at) for event, s in zip(told, moved, strict=True)]
    yield from log.append(vault, target, entries)
    places = {stored.seq: first + number for number, stored in enumerate(moved)}
    for old, new in places.items():
        for sql in (
            "UPDATE outbox SET session_id = :to, seq = :new WHERE session_id = :source AND seq = :old",
            "UPDATE inbox SET session_id = :to, seq = :new WHERE session_id = :source AND seq = :old",
        ):
            yield query(sql, to=target["id"], new=new, source=source, old=old)
    yield from _erase(source, {s.seq for s in made.moved} | made.erased)
    yield from _reseal(vault, source, user_id, made.changed)
    after = first + len(entries)
    yield query("UPDATE sessions SET next_seq = :after WHERE id = :id", after=after, id=target["id"])
    return {**target, "next_seq": after, "places": places, "since": target.get("since", first)}


def _once(vault: Vault, target: str, moved: Sequence[ev.Stored]) -> Tx[list[ev.Stored]]:
    """Each once: what had come along unanswered lies in the target's own log too, and is erased there."""
    ids = {_once_only(s): s.seq for s in moved if _once_only(s)}
    if not ids:
        return list(moved)
    yield from forget_copies(vault, target, moved)
    return [s for s in moved if not _once_only(s) or ids[_once_only(s)] == s.seq]


def forget_copies(vault: Vault, session_id: str, moved: Sequence[ev.Stored]) -> Tx[None]:
    """Erase what lies in a log a second time, since it had come along unanswered with a link."""
    ids = {_once_only(s) for s in moved} - {None}
    own = yield from whole(vault, session_id)
    yield from _erase(session_id, {s.seq for s in own if _once_only(s) in ids})


def _once_only(stored: ev.Stored) -> tuple[str, str] | None:
    """How a message, or an act of staff, is known again in another log."""
    data = stored.data
    if isinstance(data, ev.MessageReceived):
        return data.channel, data.message_id
    return (stored.kind, f"{stored.at} {data}") if isinstance(data, staff_events.Followed) else None


def _erase(session_id: str, seqs: set[int] | frozenset[int]) -> Tx[None]:
    if seqs:
        yield many(
            "UPDATE events SET owner = :gone, body = :none, identity_id = NULL"
            " WHERE session_id = :session_id AND seq = :seq",
            [{"gone": GONE, "none": b"", "session_id": session_id, "seq": seq} for seq in sorted(seqs)],
        )
        yield from _to_be_folded(session_id)


def _to_be_folded(session_id: str) -> Tx[None]:
    """Whoever reads the session next folds its log anew."""
    yield query("UPDATE sessions SET state = NULL, state_seq = 0 WHERE id = :id", id=session_id)


def _reseal(vault: Vault, session_id: str, user_id: str, changed: Sequence[ev.Stored]) -> Tx[None]:
    """Write events that stay as they are to be now, in their places."""
    owners = {stored.seq: log.owner_of(stored.identity, user_id) for stored in changed}
    keys = yield from log.ciphers(vault, owners.values())
    found = [
        {
            "owner": owners[stored.seq],
            "identity": stored.identity,
            "body": keys[owners[stored.seq]].seal(ev.encode(stored.data), log.place(session_id, stored.seq)),
            "session_id": session_id,
            "seq": stored.seq,
        }
        for stored in changed
        if stored.data and owners[stored.seq] in keys
    ]
    if found:
        yield many(
            "UPDATE events SET owner = :owner, identity_id = :identity, body = :body"
            " WHERE session_id = :session_id AND seq = :seq",
            found,
        )
        yield from _to_be_folded(session_id)


def rows(vault: Vault, source: Row, target: Mapping[str, Any], cuts: Sequence[Cut]) -> Tx[None]:
    """Let actions and tickets follow their events."""
    for action in sorted(frozenset().union(*(cut.actions for cut in cuts))):
        yield query(
            "UPDATE actions SET session_id = :to, origin_session_id ="
            " CASE WHEN origin_session_id = :to THEN NULL ELSE origin_session_id END"
            " WHERE id = :id AND session_id = :source",
            to=target["id"],
            id=action,
            source=source["id"],
        )
    for ticket in sorted(frozenset().union(*(cut.tickets for cut in cuts))):
        yield from _ticket(vault, source, target, ticket)


def _ticket(vault: Vault, source: Row, target: Mapping[str, Any], ticket: str) -> Tx[None]:
    found = yield query(
        "SELECT subject_enc, owner FROM tickets WHERE id = :id AND session_id = :s", id=ticket, s=source["id"]
    )
    owner = f"u:{target['user_id']}"
    keys = yield from log.ciphers(vault, [owner, *(row["owner"] for row in found)])
    for row in found:
        place = f"tickets|subject|{ticket}"
        if row["owner"] in keys:
            subject = keys[owner].seal(keys[row["owner"]].open(row["subject_enc"], place), place)
            yield query(
                "UPDATE tickets SET session_id = :to, owner = :owner, subject_enc = :subject,"
                " origin_session_id = CASE WHEN origin_session_id = :source THEN :to ELSE origin_session_id END"
                " WHERE id = :id",
                to=target["id"],
                source=source["id"],
                owner=owner,
                subject=subject,
                id=ticket,
            )
    yield query(
        "UPDATE staff_threads SET session_id = :to, posted_seq = :seq, due_at = {now} WHERE ticket_id = :id",
        to=target["id"],
        seq=target["next_seq"] - 1,
        id=ticket,
    )


def go_on(vault: Vault, row: Mapping[str, Any], *, touched: frozenset[str], thaw: int | None) -> Tx[None]:
    """Fold a session anew, cancel what rests on the other side's words, and make it ready for what is unanswered.

    `thaw`: the session came back, or is new; what came along from after that place of the other log is unanswered.
    Whatever turn runs on it loses its lease.
    """
    stored = yield from whole(vault, row["id"])
    state = reducers.fold(Session(), stored)
    row, state = yield from _cancelled(vault, row, state, touched)
    done, last = row["done_seq"], row["in_seq"]
    if thaw is not None:
        news = sorted(new for old, new in row.get("places", {}).items() if old > thaw)
        done = news[0] - 1 if news else row["next_seq"] - 1
        last = max((s.seq for s in stored if s.seq > done and s.kind in ev.INBOUND), default=done)
    owner = f"u:{row['user_id']}"
    keys = yield from log.ciphers(vault, [owner])
    busy = last > done or any(action.state in reducers.DOUBTFUL for action in state.open_actions())
    yield query(
        "UPDATE sessions SET forwarded_to = NULL, lease_owner = NULL, fence = fence + 1, attempts = 0,"
        " failing_since = NULL, done_seq = :done, in_seq = :last, mode = :mode, state = :state, state_seq = :seq,"
        " ready_at = CASE WHEN :busy = 1 THEN {now} END WHERE id = :id",
        id=row["id"],
        done=done,
        last=last,
        mode=state.mode,
        state=log.seal_state(keys[owner], row["id"], state) if owner in keys else None,
        seq=state.seq,
        busy=1 if busy else 0,
    )
    yield from tickets.news(row["id"])


def _cancelled(
    vault: Vault, row: Mapping[str, Any], state: Session, touched: frozenset[str]
) -> Tx[tuple[Mapping[str, Any], Session]]:
    """Cancel the open questions and approvals that rest on what the other side said, in the log and in the ledger."""
    events: list[ev.Event] = []
    for action in state.open_actions():
        task = state.find_task(action.task)
        ledger = yield query("SELECT state FROM actions WHERE id = :id AND session_id = :s", id=action.id, s=row["id"])
        same = bool(ledger) and ledger[0]["state"] == action.state
        if action.state not in UNDECIDED or (same and task and not task.outcome and action.task not in touched):
            continue
        yield query(
            "UPDATE actions SET state = 'cancelled', settle_at = NULL, expires_at = NULL WHERE id = :id"
            " AND session_id = :s AND state IN ('awaiting_confirmation', 'awaiting_approval', 'confirmed')",
            id=action.id,
            s=row["id"],
        )
        events.append(ev.ActionMoved(action=action.id, state="cancelled", by="system", reason="unlinked"))
        if task and not task.outcome:
            events.append(ev.TaskEnded(task=task.id, outcome="cancelled", reason="unlinked"))
    noted = yield from people.note(vault, row, *map(log.Entry, events))
    for seq, event in enumerate(events, start=row["next_seq"]):
        state = reducers.apply(state, event, seq=seq, at=row["now"])
    return {**row, **noted}, state
