"""How each event changes the session. Pure: no clock, no database, no vendor. `session = fold(events)`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any, assert_never

from state import events as ev
from state import reduce_staff, staff_events
from state.session import (
    Action,
    Question,
    Reach,
    Session,
    Slot,
    Task,
    actions_from,
    all_from,
    holder_from,
    task_from,
    tickets_from,
)

KEEP_ENDED = 6
KEEP_WAITING = 3
KEEP_ACTIONS = 8
KEEP_REACH = 24
KEEP_ATTEMPTS = 12

ACTION_ORDER: dict[str, frozenset[str]] = {  # from awaiting_approval to confirmed leads `ApprovalDecided` alone
    "awaiting_confirmation": frozenset({"awaiting_approval", "confirmed", "declined", "expired", "cancelled"}),
    "awaiting_approval": frozenset({"declined", "expired", "cancelled"}),
    "confirmed": frozenset({"dispatched", "cancelled", "expired"}),
    "dispatched": frozenset({"succeeded", "failed", "unknown"}),
    "unknown": frozenset({"succeeded", "failed", "unknown"}),
}
"""Which state may follow which. Whatever is not named here is final."""

DOUBTFUL = frozenset({"dispatched", "unknown"})
SENT = DOUBTFUL | {"succeeded", "failed"}
CONSENTED = frozenset({"awaiting_approval", "confirmed"})


def fold(session: Session, stored: Iterable[ev.Stored]) -> Session:
    """Apply events in order; an erased one only moves the position."""
    for one in stored:
        session = apply(session, one.data, seq=one.seq, at=one.at) if one.data else replace(session, seq=one.seq)
    return session


def apply(session: Session, event: ev.Event, *, seq: int, at: int) -> Session:
    """The session after one event at position `seq` (time `at` in ms)."""
    return replace(_apply(session, event, seq, at), seq=seq)


def _apply(session: Session, event: ev.Event, seq: int, at: int) -> Session:  # noqa: C901, PLR0911, PLR0912 - one row per event
    if isinstance(event, staff_events.Changing):
        return reduce_staff.apply(session, event, at)
    if isinstance(event, ev.Recorded):
        return session
    match event:
        case ev.MessageReceived():
            return _received(session, event, seq, at)
        case ev.IdentityVerified():
            return _verified(session, event)
        case ev.IdentityLinked():
            return replace(_linked(session, event), wrote=seq)
        case ev.SessionForwarded():
            return replace(session, forwarded_to=event.to)
        case ev.TaskStarted() | ev.TaskResumed() | ev.TaskEnded():
            return _task_moved(session, event, seq)
        case ev.SlotsSet() | ev.StepEntered() | ev.Asked():
            return _task_changed(session, event, seq)
        case ev.ActionProposed() | ev.ActionMoved():
            return _action(session, event, seq, at)
        case ev.ReplyQueued():
            return _replied(session, event, seq, at)
        case ev.ToolSucceeded():
            return _looked_up(session, event, seq)
        case ev.ConsentChanged():
            return _consent_changed(session, event)
        case ev.IdentityUnlinked():
            return _unlinked(session, event)
    assert_never(event)


def _received(session: Session, event: ev.MessageReceived, seq: int, at: int) -> Session:
    known = session.reach.get(event.identity)
    proven = event.assurance != "claimed"  # what is only claimed takes no proof away, and leads no reply elsewhere
    silent = bool(event.extra.get("silent"))  # a holiday note: nobody turned to this channel
    if silent and known:
        return session
    reach = Reach(
        identity=event.identity,
        channel=event.channel,
        assurance=event.assurance if proven or known is None else known.assurance,
        last_seq=seq,
        last_at=at if proven or known is None else known.last_at,
        opted_out=known.opted_out if known else False,
        thread=event.extra.get("thread") or (known.thread if known else {}),
    )
    return replace(
        session,
        reach=_recent({**_without(session.reach, event.identity), event.identity: reach}),
        last_identity=event.identity
        if (proven and not silent) or session.last_identity is None
        else session.last_identity,
        name=session.name or (event.name if proven or not session.customer_id else None),
    )


def _verified(session: Session, event: ev.IdentityVerified) -> Session:
    known = session.reach.get(event.identity)
    reach = Reach(
        identity=event.identity,
        channel=event.channel,
        assurance="verified" if event.method in {"token", "code"} else (known.assurance if known else "channel"),
        last_seq=known.last_seq if known else 0,
        last_at=known.last_at if known else 0,
        opted_out=known.opted_out if known else False,
        thread=known.thread if known else {},
    )
    return replace(
        session,
        reach=_recent({**_without(session.reach, event.identity), event.identity: reach}),
        customer_id=event.customer_id or session.customer_id,
        name=event.name or session.name,
    )


def _consent_changed(session: Session, event: ev.ConsentChanged) -> Session:
    known = session.reach.get(event.identity)
    if known is None:
        return session
    return replace(session, reach={**session.reach, event.identity: replace(known, opted_out=not event.granted)})


def _unlinked(session: Session, event: ev.IdentityUnlinked) -> Session:
    """Forget the addresses that left; the last one used is then one of those that stay."""
    if event.back:
        return replace(session, forwarded_to=None, customer_id=event.customer_id)
    reach = {k: v for k, v in session.reach.items() if k not in event.identities}
    last = session.last_identity if session.last_identity in reach else None
    return replace(
        session,
        reach=reach,
        customer_id=event.customer_id,
        last_identity=last or max(reach, key=lambda one: reach[one].last_at, default=None),
    )


def _without(reach: dict[str, Reach], identity: str) -> dict[str, Reach]:
    return {k: v for k, v in reach.items() if k != identity}


def _recent(reach: dict[str, Reach]) -> dict[str, Reach]:
    """The addresses used last; an older one is told again by its next message."""
    return reach if len(reach) <= KEEP_REACH else dict(list(reach.items())[-KEEP_REACH:])


def _linked(session: Session, event: ev.IdentityLinked) -> Session:
    """Take over the other session's open task, focus and addresses; what is newer here stays.

    A person who has either conversation has the one that they are now.
    """
    carried = event.carried
    tasks = [task_from(t) for t in carried.get("tasks", ())]
    active = session.task or (tasks[-1] if tasks else None)
    actions = {**actions_from(carried.get("actions", {})), **session.actions}
    waiting = session.waiting + tuple(t for t in tasks if t is not active)
    reach = {**all_from(Reach, carried.get("reach", {})), **session.reach}
    holder = session.holder or holder_from(carried.get("holder"))
    return _tidy(
        replace(
            session,
            mode="staff" if holder else session.mode,
            holder=holder,
            task=active,
            waiting=_few(waiting, actions),
            actions=actions,
            customer_id=session.customer_id or carried.get("customer_id"),
            name=session.name or carried.get("name"),
            reach=_recent(reach),
            last_identity=max(reach, key=lambda one: reach[one].last_at, default=session.last_identity),
            entities={**all_from(Slot, carried.get("entities", {})), **session.entities},
            tickets=(*session.tickets, *tickets_from(carried.get("tickets", ())))[-reduce_staff.KEEP_TICKETS :],
        )
    )


def carried(session: Session, *, at: int, moved: Sequence[int] = ()) -> dict[str, Any]:
    """What a frozen session hands to the one it is forwarded to (the `carried` of `IdentityLinked`).

    Its places mean nothing in the other log, so they are told anew: what had happened lies at `at`, the place of
    `IdentityLinked`, and what happened after messages that come along (`moved`: their places here) lies after them.
    What an open task has done already comes along, so that it is not done again.
    """

    def place(seq: int | None) -> int | None:
        return None if seq is None else at + bisect_right(moved, seq)

    def task(one: Task) -> Task:
        asked = one.question
        if asked:
            asked = replace(
                asked, asked_seq=at + bisect_right(moved, asked.asked_seq), replied_seq=place(asked.replied_seq)
            )
        slots = {name: replace(slot, seq=at) for name, slot in one.slots.items()}
        return replace(one, slots=slots, question=asked, started_seq=at)

    tasks = session.waiting + ((session.task,) if session.task else ())
    going_on = {one.id for one in tasks}
    kept = {k: a for k, a in session.actions.items() if a.open or a.doubt or a.task in going_on}
    return {
        "tasks": [asdict(task(one)) for one in tasks],
        "actions": {k: asdict(replace(a, consent_seq=None)) for k, a in kept.items()},
        "customer_id": session.customer_id,
        "name": session.name,
        "reach": {k: asdict(replace(r, last_seq=at)) for k, r in session.reach.items()},
        "entities": {k: asdict(replace(s, seq=at)) for k, s in session.entities.items()},
        "tickets": [asdict(ticket) for ticket in session.tickets],
        "holder": asdict(session.holder) if session.holder else None,
    }


def _task_moved(session: Session, event: ev.TaskStarted | ev.TaskResumed | ev.TaskEnded, seq: int) -> Session:
    match event:
        case ev.TaskStarted():
            slots = {k: Slot(value=v, by="policy", seq=seq) for k, v in event.slots.items()}
            task = Task(id=event.task, workflow=event.workflow, slots=slots, started_seq=seq, tools=dict(event.tools))
            return _activate(session, task)
        case ev.TaskResumed():
            found = next((t for t in session.waiting if t.id == event.task), None)
            return _activate(session, found) if found else session
    return _end(session, event)


def _activate(session: Session, task: Task) -> Session:
    """Make a task the active one; the one before it waits."""
    waiting = tuple(t for t in session.waiting if t.id != task.id)
    if session.task and session.task.id != task.id:
        waiting = _few((*waiting, session.task), session.actions)
    return _tidy(replace(session, task=task, waiting=waiting))


def _few(waiting: tuple[Task, ...], actions: dict[str, Action]) -> tuple[Task, ...]:
    """Keep KEEP_WAITING tasks set aside: the newest, but first those whose write was agreed to and is under way."""
    busy = {action.task for action in actions.values() if action.state in CONSENTED | DOUBTFUL}
    places = sorted(range(len(waiting)), key=lambda place: (waiting[place].id in busy, place))[-KEEP_WAITING:]
    return tuple(waiting[place] for place in sorted(places))


def _end(session: Session, event: ev.TaskEnded) -> Session:
    task = session.find_task(event.task)
    if task is None or task.outcome:
        return session
    done = replace(task, outcome=event.outcome, question=None)
    active = None if session.task and session.task.id == task.id else session.task
    return _tidy(
        replace(
            session,
            task=active,
            waiting=tuple(t for t in session.waiting if t.id != task.id),
            ended=(*session.ended, done)[-KEEP_ENDED:],
        )
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
        case _:
            known = task.question if task.question and task.question.id == event.question else None
            task = replace(task, question=replace(known, rest=event.rest) if known else _question(event, seq))
    return _put(session, task)


def _question(event: ev.Asked, seq: int) -> Question:
    return Question(
        id=event.question,
        slot=event.slot,
        choices=tuple(event.choices),
        action=event.action,
        expires=event.expires,
        rest=event.rest,
        asked_seq=seq,
    )


def _put(session: Session, task: Task) -> Session:
    if session.task and session.task.id == task.id:
        return replace(session, task=task)
    return replace(session, waiting=tuple(task if t.id == task.id else t for t in session.waiting))


def _action(session: Session, event: ev.ActionProposed | ev.ActionMoved, seq: int, at: int) -> Session:
    if isinstance(event, ev.ActionProposed):
        if event.action in session.actions:
            return session
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
            actor=event.actor,
            scopes=tuple(event.scopes),
            step=event.step,
            batch=event.batch,
        )
        return _tidy(replace(session, actions={**session.actions, action.id: action}))
    known = session.actions.get(event.action)
    if known is None or event.state not in ACTION_ORDER.get(known.state, frozenset()):
        return session
    moved = replace(
        known,
        state=event.state,
        result=event.result if event.result is not None else known.result,
        consent_seq=event.source if event.state in CONSENTED else known.consent_seq,
        dispatched_at=at if event.state == "dispatched" else known.dispatched_at,
        doubts=known.doubts + (event.state == "unknown"),
        attempts=_history(known.attempts, event.attempts, at),
    )
    wrote = seq if event.state in SENT else session.wrote
    return replace(session, actions={**session.actions, moved.id: moved}, wrote=wrote)


def _history(before: tuple[dict[str, Any], ...], new: list[dict[str, Any]], at: int) -> tuple[dict[str, Any], ...]:
    """The attempts of a write with the time they are known since: the first, and the newest of the others."""
    found = (*before, *({**one, "at": at} for one in new))
    return found if len(found) <= KEEP_ATTEMPTS else (found[0], *found[1 - KEEP_ATTEMPTS :])


def _looked_up(session: Session, event: ev.ToolSucceeded, seq: int) -> Session:
    """What was looked up by its id is what the conversation is about now."""
    found = {
        k: Slot(value=v, by="tool", seq=seq) for k, v in event.arguments.items() if k.endswith("_id") and v is not None
    }
    return replace(session, entities={**session.entities, **found}) if found else session


def _tidy(session: Session) -> Session:
    """Forget the oldest actions beyond KEEP_ACTIONS that nothing hangs on any more; never the newest."""
    surplus = len(session.actions) - KEEP_ACTIONS
    if surplus <= 0:
        return session
    tasks = {task.id for task in (session.task, *session.waiting) if task}
    older = list(session.actions.items())[:-1]
    gone = set([k for k, a in older if not _matters(a, current=a.task in tasks)][:surplus])
    return replace(session, actions={k: a for k, a in session.actions.items() if k not in gone})


def _matters(action: Action, *, current: bool) -> bool:
    """Whether it may have been sent and is not settled, or its task may still ask for it or go on from it."""
    if action.foreign:
        return action.open
    return action.state in DOUBTFUL or (current and (action.open or action.state == "succeeded"))


def _replied(session: Session, event: ev.ReplyQueued, seq: int, at: int) -> Session:
    if event.kind == "holding":
        return replace(session, held_seq=seq)
    task = session.task
    if event.about and task and task.question and task.question.id == event.about:
        question = replace(task.question, replied_seq=seq, replied_at=at, reply=event.outbox)
        return replace(session, task=replace(task, question=question))
    return session
