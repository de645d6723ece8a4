"""A ticket as staff see it: its card, and the lines of its thread. Pure; knows no channel's markup."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby

import orjson

from bot.workflows import Slot, Workflow
from channels.staff import ApprovalView, Case, DoubtView, Note
from state import events as ev
from state.session import Action, Doubt, Session, Task, Ticket

DID = 8
MOST_SLOTS = 8
LOOKING = ("get", "search", "list", "find")  # how the names of lookups begin
CHANNELS = {"web": "web chat", "whatsapp": "WhatsApp", "email": "e-mail", "slack": "Slack"}
KNOWN = {
    "verified": "signed in or proven by code",
    "channel": "address authenticated by its channel",
    "claimed": "NOT proven: the sender is only claimed",
}


def case(ticket: Ticket, session: Session, recent: Sequence[ev.Stored], workflows: Mapping[str, Workflow]) -> Case:
    """The card of a ticket as things stand. `recent`: the session's last events, oldest first."""
    task = session.task or (session.waiting[-1] if session.waiting else None)
    return Case(
        ticket=ticket.id,
        number=ticket.number,
        subject=ticket.subject,
        status=ticket.status,
        priority=ticket.priority,
        reason=ticket.reason.replace("_", " "),
        team=_team(ticket),
        customer=_customer(session),
        known=_known(session),
        channels=tuple(sorted({CHANNELS.get(r.channel, r.channel) for r in session.reach.values()})),
        mode=session.mode,
        holder=session.holder.name if session.holder else None,
        assignee=ticket.assignee_name,
        outcome=ticket.outcome,
        task=_title(task, workflows),
        step=_step(task),
        slots=_slots(task, workflows),
        did=tuple(line for line, _ in groupby(filter(None, (_did(stored.data) for stored in recent))))[-DID:],
        approvals=tuple(_approval(action) for action in session.actions.values() if _belongs(action, ticket)),
        doubts=tuple(_doubt(a, a.doubt) for a in session.actions.values() if a.doubt and a.doubt.ticket == ticket.id),
    )


def fingerprint(shown: Case) -> str:
    """A short hash of everything a card shows."""
    return hashlib.sha256(orjson.dumps(asdict(shown))).hexdigest()[:24]


def _team(ticket: Ticket) -> str:
    about = ticket.category.replace("_", " ")
    return f"{ticket.team} ({about})" if ticket.team and about else ticket.team or about


def _customer(session: Session) -> str:
    name = session.name or "Somebody"
    return f"{name} ({session.customer_id})" if session.customer_id else f"{name} (not known as a customer)"


def _known(session: Session) -> str:
    reach = session.reach.get(session.last_identity or "")
    return KNOWN.get(reach.assurance if reach else "claimed", KNOWN["claimed"])


def _title(task: Task | None, workflows: Mapping[str, Workflow]) -> str | None:
    if task is None:
        return None
    workflow = workflows.get(task.workflow)
    return (workflow.title if workflow else "") or task.workflow.replace("_", " ")


def _step(task: Task | None) -> str | None:
    if task is None:
        return None
    waits = f", waits for the customer: {task.question.slot.replace('_', ' ')}" if task.question else ""
    return f"{(task.step or 'begun').replace('_', ' ')}{waits}"


def _slots(task: Task | None, workflows: Mapping[str, Workflow]) -> tuple[tuple[str, str], ...]:
    """What is known: a choice by its label, and nothing that is as it was in the beginning."""
    if task is None:
        return ()
    workflow = workflows.get(task.workflow)
    declared = workflow.slots if workflow else {}
    found = [
        (name.replace("_", " "), _said(slot.value, declared.get(name)))
        for name, slot in task.slots.items()
        if slot.value is not None and (name not in declared or slot.value != declared[name].default)
    ]
    return tuple(found[:MOST_SLOTS])


def _said(value: object, declared: Slot | None) -> str:
    return (declared.choices.get(str(value)) if declared else None) or str(value)


def _belongs(action: Action, ticket: Ticket) -> bool:
    return action.approval is not None and action.approval.ticket == ticket.id


def _approval(action: Action) -> ApprovalView:
    asked = action.approval
    assert asked is not None  # noqa: S101 - `_belongs` said so
    ended = {"expired": "expired", "cancelled": "void"}.get(action.state)
    return ApprovalView(
        action=action.id,
        args_hash=asked.args_hash,
        title=asked.title,
        why=asked.why,
        lines=asked.lines,
        expires=asked.expires,
        verdict=asked.verdict or ended,
        name=asked.name,
        at=asked.at,
    )


def _doubt(action: Action, doubt: Doubt) -> DoubtView:
    found = {"succeeded": "it happened", "failed": "it did not happen"}.get(action.state)
    return DoubtView(
        action=action.id,
        shown=doubt.shown,
        title=doubt.title,
        lines=doubt.lines,
        verdict=found,
        name=doubt.name,
        at=doubt.at,
    )


def _did(event: ev.Event | None) -> str | None:  # noqa: PLR0911 - one row per event
    """What the bot did, in one line; None for what staff need not see on the card."""
    match event:
        case ev.ToolSucceeded():
            return _named(event.tool, event.arguments)
        case ev.ToolFailed():
            return f"in vain {_named(event.tool, event.arguments)}: {event.reason.replace('_', ' ')}"
        case ev.ToolRefused():
            return f"refused {event.tool.replace('_', ' ')}: {event.reason.replace('_', ' ')}"
        case ev.ActionMoved() if event.state not in {"confirmed", "dispatched"}:
            return f"action {event.state.replace('_', ' ')}" + (f": {event.reason}" if event.reason else "")
        case ev.TaskStarted():
            return f"began {event.workflow.replace('_', ' ')}"
        case ev.TaskEnded():
            return f"ended the task: {event.outcome.replace('_', ' ')}"
        case ev.TurnDegraded():
            return f"went on without the model: {event.reason}"
    return None


def _named(tool: str, arguments: Mapping[str, object]) -> str:
    """A call in words: get_invoice is "looked up invoice", normalize_address is "used normalize address"."""
    verb, _, rest = tool.replace("_", " ").partition(" ")
    shown = ", ".join(str(value) for name, value in arguments.items() if value is not None and name.endswith("_id"))
    words = f"looked up {rest}" if verb in LOOKING and rest else f"used {verb} {rest}".strip()
    return f"{words} {shown}".strip()


def note(stored: ev.Stored, session: Session, ticket: Ticket) -> Note | None:
    """One event as a line of the thread; None for what is not told there."""
    key, event = f"{ticket.number}-{stored.seq}", stored.data
    match event:
        case ev.MessageReceived():
            text = event.text or ("(a button was pressed)" if event.choice else "(an attachment)")
            return Note(
                key=key,
                kind="customer",
                author=event.name or session.name or "Customer",
                text=_with_files(text, event),
                channel=CHANNELS.get(event.channel, event.channel),
            )
        case ev.ReplyQueued():
            who = event.name or "Staff" if event.author == "staff" else "Bot"
            kind = "staff" if event.author == "staff" else "bot"
            return Note(key=key, kind=kind, author=who, text=event.text, channel=_where(event))
        case ev.NoteWritten() if event.ticket in {ticket.id, None}:
            return Note(key=key, kind="internal", author=_kind(event), text=event.text, sendable=event.sendable)
    line = _happened(event, ticket)
    return Note(key=key, kind="system", author="", text=line) if line else None


def _with_files(text: str, event: ev.MessageReceived) -> str:
    names = [str(item.get("name") or item.get("content_type") or "file") for item in event.media]
    return f"{text}\n[{', '.join(names)}]" if names else text


def _where(event: ev.ReplyQueued) -> str:
    name = CHANNELS.get(event.channel, event.channel)
    return f"{name}, {event.why}" if event.why else name


def _kind(event: ev.NoteWritten) -> str:
    return {
        "draft": "Draft, not sent",
        "withheld": "The bot would have said, not sent",
        "answer": "Bot, internal",
    }.get(event.kind, "Internal")


def _happened(event: ev.Event | None, ticket: Ticket) -> str | None:  # noqa: PLR0911 - one row per event
    match event:
        case ev.StaffTookOver():
            return f"{event.name} took over. The bot is silent."
        case ev.StaffHandedBack():
            return f"{event.name} handed the conversation back to the bot."
        case ev.TicketClosed() if event.ticket == ticket.id:
            return f"Resolved ({event.outcome}, goal {'reached' if event.goal else 'not reached'}: {event.reason})."
        case ev.TicketChanged() if event.ticket == ticket.id and event.assignee is not None:
            return f"Assigned to {event.assignee_name}." if event.assignee else "Assigned to nobody."
        case ev.HandoffTimedOut() if event.ticket == ticket.id:
            return "Nobody came in time; the customer was told."
        case ev.IdentityLinked():
            return "Another channel turned out to be the same person."
        case ev.IdentityUnlinked():
            return "A link between channels was undone."
    return _decided(event, ticket)


def _decided(event: ev.Event | None, ticket: Ticket) -> str | None:
    """What became of a write, or is asked about one."""
    match event:
        case ev.ApprovalDecided():
            return f"{'Approved' if event.approved else 'Denied'} by {event.name}."
        case ev.ApprovalExpired():
            return "The approval ran out; nothing was done."
        case ev.DoubtRaised() if event.ticket == ticket.id:
            return "Nobody can tell whether a write happened: please look it up and say so on the card."
        case ev.ActionSettled():
            return f"{event.name} looked it up: it {'happened' if event.happened else 'did not happen'}."
    return None
