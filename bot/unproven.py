"""Messages in somebody's conversation that only claim to be from them: they consent to nothing and learn nothing."""

from __future__ import annotations

from bot.draft import Draft, knows
from bot.parts import Parts
from state import events as ev

Message = tuple[ev.Stored, ev.MessageReceived]


def without(draft: Draft, parts: Parts, messages: list[Message]) -> list[Message]:
    """The messages of a burst that are proven; the others are only said to have come.

    All of them, where whoever wrote is answered as somebody unproven, or nobody here is known better.
    """
    proven = [(stored, message) for stored, message in messages if message.assurance != "claimed"]
    if draft.unproven or len(proven) == len(messages) or not (proven or knows(draft.opened.session)):
        return messages
    draft.say(parts.replies["unproven_between"])
    return proven


def restore(draft: Draft) -> None:
    """Leave the person's own task where it was: what a stranger began does not stand before its question."""
    before = draft.opened.session.task
    if draft.unproven and before and any(task.id == before.id for task in draft.session.waiting):
        draft.emit(ev.TaskResumed(task=before.id))
