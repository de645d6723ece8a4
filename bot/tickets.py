"""The life of a ticket: opened by a mail, waiting for either side, closed with an outcome. Tells no channel."""

from __future__ import annotations

from bot import handoff
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev
from state.session import Task, Ticket

OUTCOMES = frozenset({"solved", "unsolved", "done", "refused", "declined", "failed", "cancelled", "no_answer"})
"""Why a ticket ended: what staff say (solved, unsolved), how its task ended, or that the customer never answered."""

REACHED = frozenset({"done", "solved"})
LONGEST_SUBJECT = 120


async def opened_by_mail(draft: Draft, parts: Parts) -> None:
    """A mail begins a ticket, or goes on with the one it names; its number stands in every subject from then on."""
    mails = [
        (stored, said) for stored, said in draft.messages if said.channel == "email" and not said.extra.get("silent")
    ]
    if not mails:
        return
    thread = mails[-1][1].extra.get("thread") or {}
    named = next((t for t in draft.session.tickets if t.number == thread.get("ticket")), None)
    if named is None and draft.session.active_ticket is None:
        subject = str(thread.get("subject") or mails[-1][1].text.split("\n", 1)[0])[:LONGEST_SUBJECT] or "(no subject)"
        await handoff.open_ticket(draft, parts, reason="mail", subject=subject)
    elif named and named.status == "resolved":
        draft.emit(ev.TicketChanged(ticket=named.id, by="customer", status="open", reason="mail"))


def settle(draft: Draft) -> None:
    """After the turn's work: whose move it is on each ticket, and which are over."""
    for ticket in draft.session.tickets:
        if ticket.status == "resolved":
            continue
        ended = _ended_task(draft, ticket)
        if ended and not draft.muted:
            by_staff = ticket.reason == "approval" and _was_decided(draft, ticket)
            close(draft, ticket.id, outcome="staff" if by_staff else "bot", goal=ended in REACHED, reason=ended)
        else:
            _move(draft, ticket)


def _ended_task(draft: Draft, ticket: Ticket) -> str | None:
    """How the task ended that the ticket was about, if that happened in this turn and nobody waits for staff."""
    if ticket.reason not in {"approval", "mail"} or draft.session.task is not None or draft.session.waiting:
        return None
    before = {task.id for task in draft.opened.session.ended}
    ended = [task for task in draft.session.ended if task.id not in before and _is_about(draft, ticket, task)]
    outcome = ended[-1].outcome if ended else None
    return None if outcome in {None, "handed_off", "failed"} else outcome


def _is_about(draft: Draft, ticket: Ticket, task: Task) -> bool:
    """Whether a task is what a ticket was opened for; a mail's ticket is about whatever the mails ask for."""
    if ticket.reason != "approval":
        return True
    asked = [a for a in draft.session.actions.values() if a.approval and a.approval.ticket == ticket.id]
    return any(action.task == task.id for action in asked)


def _was_decided(draft: Draft, ticket: Ticket) -> bool:
    return any(
        a.approval and a.approval.ticket == ticket.id and a.approval.verdict for a in draft.session.actions.values()
    )


def _move(draft: Draft, ticket: Ticket) -> None:
    """Open: staff must act. Pending: it waits for the customer, or the bot is on it."""
    if draft.spoken:
        status = "pending"
    elif draft.muted and draft.messages:
        status = "open"
    else:
        return
    if ticket.status != status:
        draft.emit(ev.TicketChanged(ticket=ticket.id, by="bot", status=status))


def close(draft: Draft, ticket: str, *, outcome: str, goal: bool, reason: str, by: str = "bot") -> None:
    """Resolve a ticket with its outcome, once."""
    known = draft.session.find_ticket(ticket)
    if known is None or known.status == "resolved":
        return
    draft.emit(ev.TicketClosed(ticket=ticket, outcome=outcome, goal=goal, reason=reason, by=by))


def number_for(draft: Draft, channel: str, identity: str) -> int | None:
    """The ticket number a reply carries: one opened in this turn, or the thread's on e-mail."""
    before = {ticket.id for ticket in draft.opened.session.tickets}
    new = next((t.number for t in reversed(draft.session.tickets) if t.id not in before), None)
    if channel != "email":
        return new
    reach = draft.session.reach.get(identity)
    named = (reach.thread if reach else {}).get("ticket")
    active = draft.session.active_ticket
    return named or new or (active.number if active else None)
