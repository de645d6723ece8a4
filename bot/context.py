"""What a model gets to see, decided by rule: stable instructions, the situation, the last lines. Asks nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

from bot.draft import Draft
from bot.models.base import Line, Prompt, TaskView
from bot.parts import Parts
from state import events as ev
from state.session import Task

LINES = 12
LINE_CHARS = 1_500
OUT_TOKENS = 800


def assemble(draft: Draft, parts: Parts, texts: Sequence[str], allowed: Sequence[str]) -> Prompt:
    """The prompt of this turn: at most LINES messages, each cut, whatever the length of the conversation."""
    return Prompt(
        version=parts.instructions.version,
        instructions=parts.instructions.text,
        situation=situation(draft),
        lines=lines(draft),
        texts=tuple(texts),
        functions=parts.functions,
        allowed=tuple(allowed),
        task=view(draft.session.task),
        recent=view(draft.session.ended[-1] if draft.session.ended else None),
        max_tokens=OUT_TOKENS,
        user_hash=hashlib.sha256(draft.lease.user_id.encode()).hexdigest()[:32],
        cache_key=parts.instructions.version,
    )


def lines(draft: Draft) -> tuple[Line, ...]:
    """The last messages and replies, oldest first; those of this burst come last."""
    found = []
    for stored in draft.opened.recent[-LINES:]:
        if isinstance(stored.data, ev.MessageReceived):
            text = stored.data.text or ("(a button was pressed)" if stored.data.choice else "(an attachment)")
            found.append(Line(role="user", text=text[:LINE_CHARS]))
        elif isinstance(stored.data, ev.ReplyQueued):
            found.append(Line(role="assistant", text=stored.data.text[:LINE_CHARS]))
    return tuple(found)


def situation(draft: Draft) -> str:
    """What the model must know now and cannot read from the lines, as JSON."""
    session = draft.session
    known = {
        "channel": draft.channel,
        "customer_known": session.customer_id is not None,
        "name": session.name,
        "talked_about": {name: slot.value for name, slot in session.entities.items() if name != "customer_id"},
        "task": _task(session.task),
        "set_aside": [t.workflow for t in session.waiting],
    }
    return orjson.dumps({k: v for k, v in known.items() if v}).decode()


def view(task: Task | None) -> TaskView | None:
    """A task as a model may know it."""
    if task is None:
        return None
    slots = {name: slot.value for name, slot in task.slots.items() if slot.value is not None}
    return TaskView(workflow=task.workflow, slots=slots, asked=task.question.slot if task.question else None)


def _task(task: Task | None) -> dict[str, object] | None:
    seen = view(task)
    if seen is None:
        return None
    slots = {name: value for name, value in seen.slots.items() if name != "customer_id"}
    return {"workflow": seen.workflow, "slots": slots, "waiting_for": seen.asked}
