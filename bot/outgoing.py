"""What a turn says becomes replies on their way: staff's words, the bot's, letters. Sends nothing itself."""

from __future__ import annotations

import uuid
from typing import Any

from bot import tickets
from bot.draft import Draft, Letter
from bot.parts import Parts
from state import events as ev
from state.sql.deliveries import Delivery


async def queue(draft: Draft, parts: Parts) -> list[Delivery]:
    """Queue everything the turn says. While a person has the conversation, the bot's own words stay a note."""
    found: list[Delivery] = []
    for name, text in draft.spoken:
        found += _reply(draft, parts, text, author="staff", name=name)
    words = "\n\n".join(draft.texts)
    if draft.muted:
        words = "\n\n".join([*draft.texts, *(letter.text for letter in draft.letters)])
        _withhold(draft, words)
        return found
    if words:
        found += _reply(draft, parts, words, choices=draft.choices, citations=draft.citations, about=draft.about)
    for letter in draft.letters:
        found += await _letter(draft, parts, letter)
    return found


async def _letter(draft: Draft, parts: Parts, letter: Letter) -> list[Delivery]:
    """A mail besides the reply, unless the reply is one."""
    if "email" not in parts.capabilities or draft.channel == "email":
        return []
    identity = await parts.store.own_mail(draft.lease.user_id, letter.to.strip().lower())
    if identity is None:
        return []
    reply = ev.ReplyQueued(
        outbox=uuid.uuid4().hex,
        channel="email",
        identity=identity,
        text=letter.text,
        kind="notice",
        ticket=_newest_ticket(draft),
        why="a letter besides the reply",
        thread={"subject": letter.subject, "name": draft.session.name},
    )
    delivery = Delivery(id=reply.outbox, entry=len(draft.entries), channel="email", identity=identity)
    draft.emit(reply, identity=identity)
    return [delivery]


def _newest_ticket(draft: Draft) -> int | None:
    return draft.session.tickets[-1].number if draft.session.tickets else None


def _withhold(draft: Draft, words: str) -> None:
    if not words:
        return
    holder = draft.session.holder
    draft.emit(ev.NoteWritten(text=words, kind="withheld", ticket=holder.ticket if holder else None, sendable=True))


def _reply(
    draft: Draft,
    parts: Parts,
    text: str,
    *,
    author: str = "bot",
    name: str | None = None,
    choices: list[dict[str, Any]] | None = None,
    citations: list[dict[str, Any]] | None = None,
    about: str | None = None,
) -> list[Delivery]:
    """One reply, in parts only at its channel's limit; choices go with the last part."""
    if not draft.channel:
        return []
    reach = draft.session.reach.get(draft.identity)
    texts = parts.compose(text, draft.channel, choices or [])
    deliveries = []
    for number, piece in enumerate(texts, start=1):
        last = number == len(texts)
        reply = ev.ReplyQueued(
            outbox=uuid.uuid4().hex,
            channel=draft.channel,
            identity=draft.identity,
            text=piece,
            choices=(choices or []) if last else [],
            citations=(citations or []) if last else [],
            author=author,
            name=name,
            ticket=tickets.number_for(draft, draft.channel),
            about=about if last else None,
            thread=reach.thread if reach else {},
        )
        if not parts.capabilities[draft.channel].pull:
            deliveries.append(
                Delivery(
                    id=reply.outbox,
                    entry=len(draft.entries),
                    channel=draft.channel,
                    identity=draft.identity,
                    author=author,
                )
            )
        draft.emit(reply)
    return deliveries
