"""Messages by which a person opts out of being written to, or in again: taken down as events, and said once."""

from __future__ import annotations

from bot import optout
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev

Message = tuple[ev.Stored, ev.MessageReceived]


def take(draft: Draft, parts: Parts, messages: list[Message]) -> tuple[list[Message], bool]:
    """The messages that are something else; and whether one was such a wish."""
    rest: list[Message] = []
    said: list[bool] = []
    for stored, message in messages:
        wish = _wish(draft, message)
        if wish is None:
            rest.append((stored, message))
            continue
        changed = ev.ConsentChanged(
            channel=message.channel, identity=message.identity, granted=wish, method="keyword", source=stored.seq
        )
        draft.emit(changed, identity=message.identity)
        said.append(wish)
    if said:
        draft.say(parts.replies["opted_in" if said[-1] else "opted_out"])
    return rest, bool(said)


def _wish(draft: Draft, message: ev.MessageReceived) -> bool | None:
    """What a message asks for, by the channel's own word or by its text; a mail's subject counts like its text."""
    stated = message.extra.get("consent")
    if isinstance(stated, bool):
        return stated
    if message.choice:
        return None
    reach = draft.session.reach.get(message.identity)
    task = draft.session.task
    for text in (message.text, str(message.extra.get("subject") or "")):
        found = optout.wish(
            text,
            channel=message.channel,
            busy=task is not None and task.question is not None,
            opted_out=reach is not None and reach.opted_out,
        )
        if found is not None:
            return found
    return None
