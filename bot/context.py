"""What a model gets to see, decided by rule: stable instructions, the situation, the last lines. Asks nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import orjson

from bot.answers import Said
from bot.draft import Draft
from bot.models.base import Line, Prompt, TaskView
from bot.parts import Parts
from state import events as ev
from state.session import Task

LINES = 12
LINE_CHARS = 1_500
VALUE_CHARS = 300
OUT_TOKENS = 800
CUT = " […] "


def assemble(draft: Draft, parts: Parts, said: Said, allowed: Sequence[str]) -> Prompt:
    """The prompt of this turn: at most LINES messages, each cut, whatever the length of the conversation."""
    return Prompt(
        version=parts.instructions.version,
        instructions=parts.instructions.text,
        situation=situation(draft),
        lines=lines(draft, said.first_seq),
        texts=said.texts,
        functions=parts.functions,
        allowed=tuple(allowed),
        task=None if draft.unproven else view(draft.session.task),
        recent=view(draft.session.ended[-1] if draft.session.ended and not draft.unproven else None),
        max_tokens=OUT_TOKENS,
        user_hash=hashlib.sha256(draft.lease.user_id.encode()).hexdigest()[:32],
        cache_key=parts.instructions.version,
    )


def lines(draft: Draft, first_seq: int) -> tuple[Line, ...]:
    """The last messages and replies, oldest first, and after them what is to be answered, from `first_seq` on.

    A message that came while the turn before was still running stands before that turn's reply in the log, and all the
    same last here: what is to be answered comes last, always.
    """
    asked = {s.seq for s in draft.pending if s.seq >= first_seq}
    labels = _labels(draft.opened.recent)
    before = [] if draft.unproven else [s for s in draft.opened.recent if s.seq not in asked][-LINES:]
    now = [s for s in draft.pending if s.seq in asked]
    found = [line for stored in (*before, *now) if draft.is_theirs(stored) and (line := _line(stored, labels))]
    return tuple(found[-LINES:])


def _labels(recent: Iterable[ev.Stored]) -> dict[str, str]:
    """What stood on the buttons, by token."""
    return {c["value"]: c["label"] for s in recent if isinstance(s.data, ev.ReplyQueued) for c in s.data.choices}


def _line(stored: ev.Stored, labels: dict[str, str]) -> Line | None:
    data = stored.data
    if isinstance(data, ev.MessageReceived):
        text = data.text or (labels.get(data.choice, "(a button was pressed)") if data.choice else "(an attachment)")
        return Line(role="user", text=shortened(text, LINE_CHARS))
    return Line(role="assistant", text=shortened(data.text, LINE_CHARS)) if isinstance(data, ev.ReplyQueued) else None


def shortened(text: str, most: int) -> str:
    """A text of at most `most` characters: of a longer one its beginning and end, where the point usually stands."""
    if len(text) <= most:
        return text
    tail = most // 3
    return text[: most - tail - len(CUT)] + CUT + text[-tail:]


def situation(draft: Draft) -> str:
    """What the model must know now and cannot read from the lines, as JSON."""
    session = draft.session
    if draft.unproven:
        return orjson.dumps({"channel": draft.channel, "customer_known": False}).decode()
    known = {
        "channel": draft.channel,
        "customer_known": session.customer_id is not None,
        "name": _cut(session.name),
        "talked_about": {name: _cut(slot.value) for name, slot in session.entities.items() if name != "customer_id"},
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
    slots = {name: _cut(value) for name, value in seen.slots.items() if name != "customer_id"}
    return {"workflow": seen.workflow, "slots": slots, "waiting_for": seen.asked}


def _cut(value: object) -> object:
    return shortened(value, VALUE_CHARS) if isinstance(value, str) else value
