"""Taking an act of a staff member in: find the ticket, check that it may be done, append the event. One transaction.

Taking over takes effect here, not in a turn: the running turn loses its lease, and what the bot had not begun to send
stays unsent. From this commit on the bot cannot speak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from state import approvals, errors, faults
from state import events as ev
from state.approvals import Refusal, Who
from state.keys import Vault
from state.messages import Acted, StaffAct
from state.session import Session
from state.sql import deliveries, inbox, log, people, queries, tickets
from state.sql.database import Row, Tx, query
from state.sql.inbox import Pace, Ready

DONE = {
    "take_over": "You have the conversation. The bot is silent until you hand it back.",
    "hand_back": "The bot has the conversation again.",
    "reply": "Your reply is on its way.",
    "approve": "Approved.",
    "deny": "Denied.",
    "settle": "Settled.",
    "assign": "Assigned.",
    "resolve": "Resolved.",
    "priority": "Priority set.",
    "ask": "Looking it up.",
    "draft": "Drafting an answer.",
    "summarize": "Summarizing.",
}
HAPPENED = {"happened": True, "not_happened": False}
PRIORITIES = frozenset({"low", "normal", "high", "urgent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What an act is about. `requester`: whether the staff member is the customer, where that matters."""

    act: StaffAct
    who: Who
    ticket: Row
    session: Session
    now: int
    assignee: Who | None = None
    requester: bool = False


def act(
    vault: Vault, given: StaffAct, who: Who, pace: Pace, *, assignee: Who | None = None
) -> Tx[tuple[Acted, Ready | None]]:
    """Record one act, at most once. What may not be done is said, and changes nothing."""
    found = yield from tickets.find(ticket=given.ticket, number=given.number, place=given.place)
    if found is None:
        return Acted(done=False, reason="no_ticket", message="There is no such ticket."), None
    row = yield from _locked(found["session_id"])
    here = yield from tickets.find(ticket=found["id"], number=None, place=None)
    if here is None or here["session_id"] != row["id"]:
        raise errors.Conflict("the ticket went to another session just now")
    seq = row["next_seq"]
    if not (yield from _remember(vault, given, row, seq)):
        again = Acted(done=False, reason="again", message="That was done already.", session_id=row["id"])
        return again, None
    session = yield from queries.folded(vault, row)
    case = _Case(act=given, who=who, ticket=found, session=session, now=row["now"], assignee=assignee)
    events = yield from _events(vault, case, row)
    if isinstance(events, Refusal):
        yield from _forget(given, row, seq)
        yield from _refused(vault, row, ev.Refused(what="act", reason=events.reason, by=who.id))
        refused = Acted(done=False, reason=events.reason, message=events.message, session_id=row["id"])
        return refused, None
    ready = yield from _write(vault, row, events, pace)
    faults.point("staff.pre_commit")
    done = Acted(
        done=True,
        reason="done",
        message=DONE[given.verb],
        session_id=row["id"],
        ticket=found["id"],
        number=found["number"],
        seq=seq,
    )
    return done, ready


def _locked(session_id: str) -> Tx[Row]:
    rows = yield query("SELECT *, {now} AS now FROM sessions WHERE id = :id {lock}", id=session_id)
    if not rows or rows[0]["forwarded_to"]:
        raise errors.Conflict("the session was linked to another just now")
    return rows[0]


def _remember(vault: Vault, given: StaffAct, row: Row, seq: int) -> Tx[bool]:
    """Claim the provider id for ever; False when it was seen before."""
    owner = f"u:{row['user_id']}"
    keys = yield from log.ciphers(vault, [owner])
    place = f"inbox|envelope|{given.channel}|{given.account}|{given.provider_id}"
    rows = yield query(
        "INSERT INTO inbox (channel, account, provider_id, session_id, seq, at, envelope)"
        " VALUES (:channel, :account, :provider_id, :session_id, :seq, {now}, :envelope)"
        " ON CONFLICT DO NOTHING RETURNING seq",
        channel=given.channel,
        account=given.account,
        provider_id=given.provider_id,
        session_id=row["id"],
        seq=seq,
        envelope=keys[owner].seal(given.raw, place) if given.raw else None,
    )
    return bool(rows)


def _forget(given: StaffAct, row: Row, seq: int) -> Tx[None]:
    """Give the provider id free again: nothing was done under it, so somebody else may do it."""
    yield query(
        "DELETE FROM inbox WHERE channel = :channel AND account = :account AND provider_id = :provider_id"
        " AND session_id = :session_id AND seq = :seq",
        channel=given.channel,
        account=given.account,
        provider_id=given.provider_id,
        session_id=row["id"],
        seq=seq,
    )


def _refused(vault: Vault, row: Row, event: ev.Refused) -> Tx[None]:
    """Put on record what was not done, beside whatever turn runs: it gives nobody anything to do."""
    yield from log.append(vault, row, [log.Entry(event)])
    yield query("UPDATE sessions SET next_seq = :after WHERE id = :id", after=row["next_seq"] + 1, id=row["id"])


def _write(vault: Vault, row: Row, events: list[ev.Event], pace: Pace) -> Tx[Ready]:
    """Append the events, let them take effect, and make the session ready."""
    yield from log.append(vault, row, [log.Entry(event) for event in events])
    yield from tickets.record(vault, row, events, wait_ms=0)
    last = row["next_seq"] + len(events) - 1
    session: dict[str, Any] = dict(row)
    free = {"lease_owner": None, "lease_until": 0, "fence": row["fence"] + 1}
    for event in events:
        if isinstance(event, ev.StaffTookOver):
            session |= free
            yield from _mode(row, "staff")
        elif isinstance(event, ev.StaffHandedBack):
            yield from _mode(row, "bot")
        elif isinstance(event, ev.ApprovalDecided):
            yield from _decided(event)
        elif isinstance(event, ev.ActionSettled):
            session |= free  # a turn that is looking it up gets nothing in: its answer would come late
            yield from _settled(event)
    return (yield from inbox.make_ready(session, last, pace))


def _mode(row: Row, mode: str) -> Tx[None]:
    yield query("UPDATE sessions SET mode = :mode WHERE id = :id", mode=mode, id=row["id"])
    yield query(deliveries.WITHHOLD, session_id=row["id"])


def _decided(event: ev.ApprovalDecided) -> Tx[None]:
    """The ledger's word on it: only one decision can win. After a denial the turn drops what was asked for with it."""
    for action in (event.action, *(event.others if event.approved else ())):
        rows = yield query(
            "UPDATE actions SET state = :state, expires_at = NULL WHERE id = :id AND state = 'awaiting_approval'"
            " RETURNING id",
            id=action,
            state="confirmed" if event.approved else "declined",
        )
        if not rows:
            raise errors.Conflict("it was decided in this moment")


def _settled(event: ev.ActionSettled) -> Tx[None]:
    """The ledger's word on it."""
    rows = yield query(
        "UPDATE actions SET state = :state, settle_at = NULL WHERE id = :id AND state = 'unknown' RETURNING id",
        id=event.action,
        state="succeeded" if event.happened else "failed",
    )
    if not rows:
        raise errors.Conflict("it was settled in this moment")


def _events(vault: Vault, case: _Case, row: Row) -> Tx[list[ev.Event] | Refusal]:
    """What the act comes to, or why it may not be."""
    if case.act.verb in DECIDE:
        same = yield from _is_requester(vault, case, row["user_id"])
        return DECIDE[case.act.verb](replace(case, requester=same))
    if "tickets:work" not in case.who.scopes:
        return Refusal(reason="role", message="Your role does not allow this; it needs tickets:work.")
    return _work(case)


def _is_requester(vault: Vault, case: _Case, user_id: str) -> Tx[bool]:
    """Whether the staff member is the customer: by their own address, or by a Slack identity of the same user."""
    rows = yield from people.addresses(vault, user_id)
    own = {f"slack:{case.who.id}", f"email:{case.who.email}" if case.who.email else ""}
    if any(str(address).casefold() in {o.casefold() for o in own} for _, address, _ in rows):
        return True
    if not case.who.email:
        return False
    return user_id in (yield from people.holders(vault, ("email", case.who.email)))


def _decision(case: _Case) -> list[ev.Event] | Refusal:
    action = case.session.actions.get(case.act.action or "")
    no = approvals.refusal(
        case.session.actions,
        case.act.action or "",
        case.who,
        args_hash=case.act.args_hash,
        now=case.now,
        requester=case.requester,
    )
    if no or action is None or action.approval is None:
        return no or Refusal(reason="void", message="There is no such request any more.")
    decided = ev.ApprovalDecided(
        action=action.id,
        args_hash=action.approval.args_hash,
        staff=case.who.id,
        name=case.who.name,
        approved=case.act.verb == "approve",
        reason=case.act.text,
        others=list(action.approval.others),
    )
    return [decided]


def _settlement(case: _Case) -> list[ev.Event] | Refusal:
    """What became of a write that nobody could tell of, by the word of somebody who looked."""
    action = case.session.actions.get(case.act.action or "")
    no = approvals.settling_refusal(action, case.who, shown=case.act.args_hash, requester=case.requester)
    if no or action is None or case.act.text not in HAPPENED:
        return no or Refusal(reason="void", message="Say whether it happened or not.")
    settled = ev.ActionSettled(
        action=action.id,
        shown=case.act.args_hash or "",
        staff=case.who.id,
        name=case.who.name,
        happened=HAPPENED[case.act.text],
    )
    return [settled]


def _work(case: _Case) -> list[ev.Event] | Refusal:
    """Everything that needs no more than to be staff."""
    how = VERBS.get(case.act.verb)
    return how(case) if how else Refusal(reason="void", message=f"{case.act.verb} is not something that can be done.")


def _hand_back(case: _Case) -> list[ev.Event] | Refusal:
    if case.session.mode != "staff":
        return Refusal(reason="void", message="The bot has the conversation already.")
    return [ev.StaffHandedBack(staff=case.who.id, name=case.who.name, ticket=str(case.ticket["id"]))]


def _priority(case: _Case) -> list[ev.Event] | Refusal:
    if case.act.text not in PRIORITIES:
        return Refusal(reason="void", message=f"A priority is one of {', '.join(sorted(PRIORITIES))}.")
    return [ev.TicketChanged(ticket=str(case.ticket["id"]), by=case.who.id, priority=case.act.text)]


def _ask(case: _Case) -> list[ev.Event] | Refusal:
    asked = ev.StaffAsked(
        staff=case.who.id,
        name=case.who.name,
        what=case.act.verb,
        text=case.act.text,
        ticket=str(case.ticket["id"]),
        scopes=sorted(case.who.scopes),
    )
    return [asked]


def _take_over(case: _Case) -> list[ev.Event] | Refusal:
    holder = case.session.holder
    if holder and holder.staff == case.who.id:
        return Refusal(reason="again", message="You have the conversation already.")
    ticket = str(case.ticket["id"])
    took = ev.StaffTookOver(staff=case.who.id, name=case.who.name, ticket=ticket)
    mine = ev.TicketChanged(
        ticket=ticket, by=case.who.id, status="open", assignee=case.who.id, assignee_name=case.who.name
    )
    return [took, mine]


def _reply(case: _Case) -> list[ev.Event] | Refusal:
    """Words for the customer. Who speaks has the conversation, so that the bot does not speak in between."""
    if not case.act.text.strip():
        return Refusal(reason="void", message="There are no words to send.")
    holder = case.session.holder
    taken = [] if holder and holder.staff == case.who.id else _take_over(case)
    if isinstance(taken, Refusal):
        return taken
    said = ev.StaffReplied(
        staff=case.who.id, name=case.who.name, text=case.act.text.strip(), ticket=str(case.ticket["id"])
    )
    return [*taken, said]


def _assign(case: _Case) -> list[ev.Event] | Refusal:
    to = case.assignee
    if case.act.text and to is None:
        return Refusal(reason="void", message="That person is not on the list of staff.")
    changed = ev.TicketChanged(
        ticket=str(case.ticket["id"]),
        by=case.who.id,
        assignee=to.id if to else "",
        assignee_name=to.name if to else "",
    )
    return [changed]


def _resolve(case: _Case) -> list[ev.Event] | Refusal:
    if case.ticket["status"] == "resolved":
        return Refusal(reason="closed", message="The ticket is resolved already.")
    unsolved = case.act.text.strip() in {"unsolved", "not_reached"}
    resolved = ev.StaffResolved(
        staff=case.who.id,
        name=case.who.name,
        ticket=str(case.ticket["id"]),
        goal=not unsolved,
        reason="unsolved" if unsolved else "solved",
    )
    return [resolved]


DECIDE: dict[str, Callable[[_Case], list[ev.Event] | Refusal]] = {
    "approve": _decision,
    "deny": _decision,
    "settle": _settlement,
}
"""Verdicts: they need to know whether the staff member is the customer who asked."""

VERBS: dict[str, Callable[[_Case], list[ev.Event] | Refusal]] = {
    "take_over": _take_over,
    "hand_back": _hand_back,
    "reply": _reply,
    "assign": _assign,
    "resolve": _resolve,
    "priority": _priority,
    "ask": _ask,
    "draft": _ask,
    "summarize": _ask,
}
