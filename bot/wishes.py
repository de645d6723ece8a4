"""Messages by which a person opts out of being written to, or in again: taken down as events, and said once."""

from __future__ import annotations

from bot import optout
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev

Message = tuple[ev.Stored, ev.MessageReceived]


def take(draft: Draft, parts: Parts, messages: list[Message]) -> tuple[list[Message], bool]:
    """The messages that say something else, or something besides; and whether one was such a wish."""
    rest: list[Message] = []
    said: list[bool] = []
    for stored, message in messages:
        by_text = _by_text(draft, message)
        wish = _besides(message) if by_text is None else by_text
        if by_text is None and (wish is None or message.text.strip()):
            rest.append((stored, message))
        if wish is None:
            continue
        changed = ev.ConsentChanged(
            channel=message.channel, identity=message.identity, granted=wish, method="keyword", source=stored.seq
        )
        draft.emit(changed, identity=message.identity)
        said.append(wish)
    if said:
        draft.say(parts.replies["opted_in" if said[-1] else "opted_out"])
    return rest, bool(said)


def _by_text(draft: Draft, message: ev.MessageReceived) -> bool | None:
    """What a message asks for when that is all it says; whoever has not proven who they are cannot opt anybody in."""
    if message.choice:
        return None
    reach = draft.session.reach.get(message.identity)
    task = draft.session.task
    return optout.wish(
        message.text,
        channel=message.channel,
        busy=task is not None and task.question is not None,
        opted_out=reach is not None and reach.opted_out and message.assurance != "claimed",
    )


def _besides(message: ev.MessageReceived) -> bool | None:
    """What a message asks for beside its text: by the channel's own means, or by the subject of a mail."""
    stated = message.extra.get("consent")
    if isinstance(stated, bool):
        return stated
    subject = str(message.extra.get("subject") or "")
    return optout.wish(subject, channel=message.channel, busy=True, opted_out=False)
