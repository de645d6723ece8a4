"""How each event changes the session. Pure: no clock, no database, no vendor. `session = fold(events)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, assert_never

from state import events as ev
from state.session import Action, Question, Reach, Session, Slot, Task, task_from

KEEP_ENDED = 6
KEEP_WAITING = 3
KEEP_ACTIONS = 8
KEEP_TICKETS = 10

ACTION_ORDER: dict[str, frozenset[str]] = {
    "awaiting_confirmation": frozenset({"confirmed", "declined", "expired", "cancelled"}),
    "confirmed": frozenset({"dispatched", "cancelled", "expired"}),
    "dispatched": frozenset({"succeeded", "failed", "unknown"}),
    "unknown": frozenset({"succeeded", "failed", "unknown"}),
}
"""Which state may follow which. Whatever is not named here is final."""


def fold(session: Session, stored: Iterable[ev.Stored]) -> Session:
    """Apply events in order; an erased one only moves the position."""
    for one in stored:
        session = apply(session, one.data, seq=one.seq, at=one.at) if one.data else replace(session, seq=one.seq)
    return session


def apply(session: Session, event: ev.Event, *, seq: int, at: int) -> Session:
    """The session after one event at position `seq` (time `at` in ms)."""
    return replace(_apply(session, event, seq, at), seq=seq)


def _apply(session: Session, event: ev.Event, seq: int, at: int) -> Session:  # noqa: C901, PLR0911 - one row per event
    match event:
        case ev.MessageReceived():
            return _received(session, event, seq, at)
        case ev.IdentityVerified():
            return _verified(session, event)
        case ev.IdentityLinked():
            return _linked(session, event)
        case ev.SessionForwarded():
            return replace(session, forwarded_to=event.to)
        case ev.TaskStarted() | ev.TaskResumed() | ev.TaskEnded():
            return _task_moved(session, event, seq)
        case ev.SlotsSet() | ev.StepEntered() | ev.Asked():
            return _task_changed(session, event, seq)
        case ev.ActionProposed() | ev.ActionMoved():
            return _action(session, event, at)
        case ev.TicketOpened():
            ticket = {"id": event.ticket, "number": event.number, "subject": event.subject, "status": "open"}
            return replace(session, tickets=(*session.tickets, ticket)[-KEEP_TICKETS:])
        case ev.ReplyQueued():
            return _replied(session, event, seq)
        case ev.ToolSucceeded():
            return _looked_up(session, event, seq)
        case (
            ev.IntentRouted()
            | ev.ModelCalled()
            | ev.ToolFailed()
            | ev.ToolRefused()
            | ev.MessageQuarantined()
            | ev.TurnDegraded()
        ):
            return session
    assert_never(event)


def _received(session: Session, event: ev.MessageReceived, seq: int, at: int) -> Session:
    reach = Reach(identity=event.identity, channel=event.channel, assurance=event.assurance, last_seq=seq, last_at=at)
    return replace(
        session,
        reach={**session.reach, event.identity: reach},
        last_identity=event.identity,
        name=session.name or event.name,
    )


def _verified(session: Session, event: ev.IdentityVerified) -> Session:
    known = session.reach.get(event.identity)
    reach = Reach(
        identity=event.identity,
        channel=event.channel,
        assurance="verified" if event.method == "token" else (known.assurance if known else "channel"),
        last_seq=known.last_seq if known else 0,
        last_at=known.last_at if known else 0,
    )
    return replace(
        session,
        reach={**session.reach, event.identity: reach},
        customer_id=event.customer_id or session.customer_id,
        name=event.name or session.name,
    )


def _linked(session: Session, event: ev.IdentityLinked) -> Session:
    """Take over the other session's open task, focus and addresses; what is newer here stays."""
    carried = event.carried
    tasks = [task_from(t) for t in carried.get("tasks", ())]
    actions = {k: Action(**v) for k, v in carried.get("actions", {}).items()}
    active = session.task or (tasks[0] if tasks else None)
    waiting = session.waiting + tuple(t for t in tasks if t is not active)
    return replace(
        session,
        task=active,
        waiting=waiting[-KEEP_WAITING:],
        actions={**actions, **session.actions},
        customer_id=session.customer_id or carried.get("customer_id"),
        name=session.name or carried.get("name"),
        reach={**{k: Reach(**v) for k, v in carried.get("reach", {}).items()}, **session.reach},
        entities={**{k: Slot(**v) for k, v in carried.get("entities", {}).items()}, **session.entities},
        tickets=(*session.tickets, *carried.get("tickets", ()))[-KEEP_TICKETS:],
    )


def carried(session: Session) -> dict[str, Any]:
    """What a frozen session hands to the one it is forwarded to (the `carried` of `IdentityLinked`)."""
    tasks = ((session.task,) if session.task else ()) + session.waiting
    return {
        "tasks": [asdict(t) for t in tasks],
        "actions": {k: asdict(a) for k, a in session.actions.items() if a.open},
        "customer_id": session.customer_id,
        "name": session.name,
        "reach": {k: asdict(r) for k, r in session.reach.items()},
        "entities": {k: asdict(s) for k, s in session.entities.items()},
        "tickets": list(session.tickets),
    }


def _task_moved(session: Session, event: ev.TaskStarted | ev.TaskResumed | ev.TaskEnded, seq: int) -> Session:
    match event:
        case ev.TaskStarted():
            slots = {k: Slot(value=v, by="policy", seq=seq) for k, v in event.slots.items()}
            return _activate(session, Task(id=event.task, workflow=event.workflow, slots=slots, started_seq=seq))
        case ev.TaskResumed():
            task = next((t for t in session.waiting if t.id == event.task), None)
            return _activate(session, task) if task else session
        case ev.TaskEnded():
            return _end(session, event)


def _activate(session: Session, task: Task) -> Session:
    """Make a task the active one; the one before it waits. The oldest waiting task falls off the end of the list."""
    waiting = tuple(t for t in session.waiting if t.id != task.id)
    if session.task:
        waiting = (*waiting, session.task)[-KEEP_WAITING:]
    return replace(session, task=task, waiting=waiting)


def _end(session: Session, event: ev.TaskEnded) -> Session:
    task = session.find_task(event.task)
    if task is None or task.outcome:
        return session
    done = replace(task, outcome=event.outcome, question=None)
    active = None if session.task and session.task.id == task.id else session.task
    return replace(
        session,
        task=active,
        waiting=tuple(t for t in session.waiting if t.id != task.id),
        ended=(*session.ended, done)[-KEEP_ENDED:],
    )


def _task_changed(session: Session, event: ev.SlotsSet | ev.StepEntered | ev.Asked, seq: int) -> Session:
    task = session.find_task(event.task)
    if task is None or task.outcome:
        return session
    match event:
        case ev.SlotsSet():
            new = {k: Slot(value=v, by=event.by, seq=event.source or seq) for k, v in event.values.items()}
            question = None if task.question and task.question.slot in new else task.question
            task = replace(task, slots={**task.slots, **new}, question=question)
            session = replace(
                session,
                entities={
                    **session.entities,
                    **{k: s for k, s in new.items() if k.endswith("_id") and s.value is not None},
                },
            )
        case ev.StepEntered():
            task = replace(task, step=event.step)
        case ev.Asked():
            task = replace(task, question=_question(event, seq))
    return _put(session, task)


def _question(event: ev.Asked, seq: int) -> Question:
    return Question(
        id=event.question,
        slot=event.slot,
        choices=tuple(event.choices),
        action=event.action,
        expires=event.expires,
        asked_seq=seq,
    )


def _put(session: Session, task: Task) -> Session:
    if session.task and session.task.id == task.id:
        return replace(session, task=task)
    return replace(session, waiting=tuple(task if t.id == task.id else t for t in session.waiting))


def _action(session: Session, event: ev.ActionProposed | ev.ActionMoved, at: int) -> Session:
    if isinstance(event, ev.ActionProposed):
        action = Action(
            id=event.action,
            task=event.task,
            tool=event.tool,
            version=event.version,
            arguments=event.arguments,
            args_hash=event.args_hash,
            terms=event.terms,
            state="awaiting_confirmation",
            reason=event.reason,
        )
        return replace(session, actions=_trimmed({**session.actions, action.id: action}))
    known = session.actions.get(event.action)
    if known is None or event.state not in ACTION_ORDER.get(known.state, frozenset()):
        return session
    moved = replace(
        known,
        state=event.state,
        result=event.result if event.result is not None else known.result,
        consent_seq=event.source if event.state == "confirmed" else known.consent_seq,
        dispatched_at=at if event.state == "dispatched" else known.dispatched_at,
        doubts=known.doubts + (event.state == "unknown"),
    )
    return replace(session, actions={**session.actions, moved.id: moved})


def _looked_up(session: Session, event: ev.ToolSucceeded, seq: int) -> Session:
    """What was looked up by its id is what the conversation is about now."""
    found = {
        k: Slot(value=v, by="tool", seq=seq) for k, v in event.arguments.items() if k.endswith("_id") and v is not None
    }
    return replace(session, entities={**session.entities, **found}) if found else session


def _trimmed(actions: dict[str, Action]) -> dict[str, Action]:
    """Forget the oldest settled actions beyond KEEP_ACTIONS; open ones are never forgotten."""
    surplus = len(actions) - KEEP_ACTIONS
    settled = [k for k, a in actions.items() if not a.open][: max(0, surplus)]
    return {k: a for k, a in actions.items() if k not in settled}


def _replied(session: Session, event: ev.ReplyQueued, seq: int) -> Session:
    task = session.task
    if event.about and task and task.question and task.question.id == event.about:
        return replace(session, task=replace(task, question=replace(task.question, replied_seq=seq)))
    return session
