"""What staff ask the bot, answered internally: a draft, a summary, a look-up. Nothing of it reaches the customer.

A draft and a look-up are a turn that is only tried: the same rules and tools run on a copy, which is then thrown away
but for its words and its audit lines. No write can come of it, for a write needs the customer's consent.
"""

from __future__ import annotations

from dataclasses import replace

from bot import answers, router
from bot.answers import Said
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev
from state.session import Session, Task

LAST = 3
NOTHING = "There is nothing to answer: the customer has not written yet."


async def answer(draft: Draft, parts: Parts, seq: int, asked: ev.StaffAsked) -> None:
    """Answer one question of a staff member with an internal note."""
    if asked.what == "summarize":
        text, sendable = summary(draft, parts), False
    elif asked.what == "draft":
        text, sendable = await _draft(draft, parts, asked), True
    else:
        text, sendable = await _looked_up(draft, parts, asked), True
    kind = "draft" if asked.what == "draft" else "answer"
    draft.emit(
        ev.NoteWritten(text=text or NOTHING, kind=kind, ticket=asked.ticket, sendable=sendable and bool(text), to=seq)
    )


async def _draft(draft: Draft, parts: Parts, asked: ev.StaffAsked) -> str:
    """What the bot would answer to the customer's last words."""
    said = [s for s in draft.opened.recent if isinstance(s.data, ev.MessageReceived) and draft.is_theirs(s)]
    texts = tuple(s.data.text for s in said[-1:] if isinstance(s.data, ev.MessageReceived) and s.data.text)
    texts = texts or ((asked.text,) if asked.text else ())
    if not texts:
        return ""
    trial = _trial(draft, actor="customer", scopes=draft.scopes)
    what = Said(texts=texts, choices=(), first_seq=said[-1].seq if said else 0, first_at=draft.opened.now)
    if not await answers.read(trial, parts, what):
        await router.route(trial, parts, what)
    return _words(draft, trial)


async def _looked_up(draft: Draft, parts: Parts, asked: ev.StaffAsked) -> str:
    """What the bot finds out about the ticket's customer, with the staff member's own scopes."""
    trial = _trial(draft, actor=f"staff:{asked.staff}", scopes=frozenset(asked.scopes))
    trial.session = trial.base = replace(draft.session, task=None, waiting=())
    what = Said(texts=(asked.text,), choices=(), first_seq=draft.last_in or 0, first_at=draft.opened.now)
    await router.route(trial, parts, what)
    return _words(draft, trial)


def _trial(draft: Draft, *, actor: str, scopes: frozenset[str]) -> Draft:
    """A copy of the turn whose events are never written."""
    trial = Draft.start(draft.lease, draft.opened, scopes=scopes)
    trial.session = trial.base = draft.session
    trial.next_seq = draft.next_seq + len(draft.entries)
    trial.actor, trial.tried = actor, True
    return trial


def _words(draft: Draft, trial: Draft) -> str:
    """The words of a trial. What was refused in it stays on record: staff may have been made to ask for it."""
    draft.audits += trial.audits
    for entry in trial.entries:
        if isinstance(entry.event, ev.ToolRefused | ev.Refused):
            draft.emit(entry.event)
    return "\n\n".join(trial.texts)


def summary(draft: Draft, parts: Parts) -> str:
    """Who it is, what it is about, where it stands, what was said last: from state, without a model."""
    session = draft.session
    lines = [_who(session)]
    lines += [_task(task, parts) for task in (session.task, *session.waiting) if task]
    lines += [f"- {a.terms.splitlines()[0] if a.terms else a.tool}: {a.state}" for a in session.actions.values()]
    said = [s.data for s in draft.opened.recent if isinstance(s.data, ev.MessageReceived) and s.data.text]
    lines += [f"> {text}" for one in said[-LAST:] for text in one.text.split("\n")[:4]]
    return "\n".join(line for line in lines if line)


def _who(session: Session) -> str:
    channels = ", ".join(sorted({reach.channel for reach in session.reach.values()}))
    known = f"customer {session.customer_id}" if session.customer_id else "not known as a customer"
    return f"{session.name or 'Somebody'}, {known}; wrote on {channels or 'no channel yet'}."


def _task(task: Task, parts: Parts) -> str:
    workflow = parts.workflows.get(task.workflow)
    slots = ", ".join(
        f"{name.replace('_', ' ')}: {slot.value}" for name, slot in task.slots.items() if slot.value is not None
    )
    waits = f", waits for {task.question.slot.replace('_', ' ')}" if task.question else ""
    return f"{workflow.title if workflow else task.workflow} ({slots}){waits}"
