"""How acts of staff change a session: tickets, who has the conversation, approvals. Pure, as `state.reducers` is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from state import approvals, staff_events
from state import events as ev
from state.session import Action, Approval, Doubt, Holder, Session, Ticket

KEEP_TICKETS = 10


def apply(session: Session, event: staff_events.Changing, at: int) -> Session:
    """The session after one of these events (time `at` in ms)."""
    match event:
        case ev.StaffTookOver() | ev.StaffHandedBack():
            return holder(session, event, at)
        case ev.TicketOpened() | ev.TicketChanged() | ev.TicketClosed():
            return ticket(session, event, at)
        case ev.DoubtRaised() | ev.ActionSettled():
            return doubt(session, event, at)
        case _:
            return approval(session, event, at)


def holder(session: Session, event: ev.StaffTookOver | ev.StaffHandedBack, at: int) -> Session:
    """A person takes the conversation, or gives it back to the bot."""
    if isinstance(event, ev.StaffHandedBack):
        return replace(session, mode="bot", holder=None)
    known = session.holder
    since = known.since if known and known.staff == event.staff else at
    return replace(
        session,
        mode="staff",
        holder=Holder(staff=event.staff, name=event.name, since=since, ticket=event.ticket),
    )


def ticket(session: Session, event: ev.TicketOpened | ev.TicketChanged | ev.TicketClosed, at: int) -> Session:
    """A ticket begins, changes or ends. Whose conversation it was has the bot again."""
    match event:
        case ev.TicketOpened():
            if session.find_ticket(event.ticket):
                return session
            return replace(session, tickets=_kept((*session.tickets, _opened(event, at))))
        case ev.TicketChanged():
            return _put(session, event.ticket, lambda known: _changed(known, event))
        case _:
            return _closed(session, event)


def _opened(event: ev.TicketOpened, at: int) -> Ticket:
    return Ticket(
        id=event.ticket,
        number=event.number,
        subject=event.subject,
        reason=event.reason,
        priority=event.priority,
        category=event.category,
        team=event.team,
        identity=event.identity,
        opened_at=at,
    )


def _changed(known: Ticket, event: ev.TicketChanged) -> Ticket:
    if event.assignee is not None:
        known = replace(known, assignee=event.assignee or None, assignee_name=event.assignee_name or None)
    reopened = known.status == "resolved" and event.status not in {None, "resolved"}
    return replace(
        known,
        status=event.status or known.status,
        priority=event.priority or known.priority,
        reason=event.reason or known.reason,
        category=event.category or known.category,
        team=event.team or known.team,
        outcome=None if reopened else known.outcome,
    )


def _closed(session: Session, event: ev.TicketClosed) -> Session:
    session = _put(session, event.ticket, lambda known: replace(known, status="resolved", outcome=event.outcome))
    if session.holder and session.holder.ticket in {event.ticket, None}:
        return replace(session, mode="bot", holder=None)
    return session


def _put(session: Session, ticket_id: str, change: Callable[[Ticket], Ticket]) -> Session:
    return replace(session, tickets=tuple(change(t) if t.id == ticket_id else t for t in session.tickets))


def _kept(tickets: tuple[Ticket, ...]) -> tuple[Ticket, ...]:
    """Forget the oldest resolved ones beyond what is kept; an open one only when all are."""
    surplus = len(tickets) - KEEP_TICKETS
    if surplus <= 0:
        return tickets
    gone = {t.id for t in [t for t in tickets if t.status == "resolved"][:surplus]}
    return tuple(t for t in tickets if t.id not in gone)[-KEEP_TICKETS:]


def approval(
    session: Session, event: ev.ApprovalRequested | ev.ApprovalDecided | ev.ApprovalExpired, at: int
) -> Session:
    """An approval is asked for, decided once, or runs out."""
    known = session.actions.get(event.action)
    if known is None:
        return session
    match event:
        case ev.ApprovalRequested():
            moved = replace(known, approval=_asked(event))
        case ev.ApprovalDecided():
            return _decided(session, known, event, at)
        case _:
            moved = replace(known, state="expired") if known.state == "awaiting_approval" else known
    return replace(session, actions={**session.actions, known.id: moved})


def _asked(event: ev.ApprovalRequested) -> Approval:
    return Approval(
        ticket=event.ticket,
        args_hash=event.args_hash,
        scope=event.scope,
        why=event.why,
        title=event.title,
        expires=event.expires,
        lines=tuple((str(line[0]), str(line[1])) for line in event.lines if len(line) == 2),
        words=event.words,
        others=tuple(event.others),
    )


def _decided(session: Session, known: Action, event: ev.ApprovalDecided, at: int) -> Session:
    """Only an open request for these very arguments can be decided, and only in time; the others go along."""
    asked, actions = known.approval, session.actions
    if known.state != "awaiting_approval" or asked is None or asked.verdict or at > asked.expires:
        return session
    if not event.args_hash == asked.args_hash == approvals.bound(actions, known, asked.others):
        return session
    verdict, state = ("approved", "confirmed") if event.approved else ("denied", "declined")
    decided = replace(asked, verdict=verdict, staff=event.staff, name=event.name, reason=event.reason, at=at)
    moved = {known.id: replace(known, state=state, approval=decided)}
    for one in asked.others if event.approved else ():
        other = actions[one]
        own = replace(decided, ticket="", args_hash=other.args_hash, others=())
        moved[one] = replace(other, state=state, approval=own)
    return replace(session, actions={**actions, **moved})


def doubt(session: Session, event: ev.DoubtRaised | ev.ActionSettled, at: int) -> Session:
    """A write of unknown outcome is shown to staff, and settled by one of them, once."""
    known = session.actions.get(event.action)
    if known is None or known.state != "unknown":
        return session
    if isinstance(event, ev.DoubtRaised):
        lines = tuple((str(line[0]), str(line[1])) for line in event.lines if len(line) == 2)
        raised = Doubt(ticket=event.ticket, shown=event.shown, title=event.title, lines=lines)
        moved = replace(known, doubt=raised)
    elif known.doubt and known.doubt.shown == event.shown:
        verdict = "happened" if event.happened else "not_happened"
        settled = replace(known.doubt, verdict=verdict, staff=event.staff, name=event.name, at=at)
        moved = replace(known, state="succeeded" if event.happened else "failed", doubt=settled)
    else:
        return session
    return replace(session, actions={**session.actions, known.id: moved})
