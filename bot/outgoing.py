"""What a turn says becomes replies on their way: staff's words, the bot's, letters. Sends nothing itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from bot import handoff, on_file, reach, templated, tickets, undelivered
from bot.draft import Draft, Letter
from bot.parts import Parts
from bot.reach import Ask, Means, Route
from bot.templated import Filled
from bot.undelivered import Lost
from state import events as ev
from state.session import Reach
from state.sql.deliveries import Delivery

UNREACHABLE = "A reply could not be delivered"
UPDATE = "update"  # the template for whatever the bot has to say


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One reply before it has a way. `ask`: where it should go; `instead`: a lost reply that it stands for."""

    text: str
    ask: Ask
    author: str = "bot"
    name: str | None = None
    choices: list[dict[str, Any]] = field(default_factory=list)
    citations: list[dict[str, Any]] = field(default_factory=list)
    about: str | None = None
    instead: str | None = None
    known: dict[str, Reach] = field(default_factory=dict)


async def queue(draft: Draft, parts: Parts) -> list[Delivery]:
    """Queue everything the turn says. While a person has the conversation, the bot's own words stay a note."""
    found: list[Delivery] = []
    for lost in await undelivered.gather(draft, parts):
        found += await _again(draft, parts, lost)
    here = Ask(here=draft.identity, answers=_answers(draft), public=draft.session.customer_id is None)
    for name, text in draft.spoken:
        found += await _reply(
            draft, parts, Words(text=text, ask=replace(here, by_staff=True), author="staff", name=name)
        )
    words = "\n\n".join(draft.texts)
    if draft.muted:
        words = "\n\n".join([*draft.texts, *(letter.text for letter in draft.letters)])
        _withhold(draft, words)
        return found
    if words:
        said = Words(text=words, ask=here, choices=draft.choices, citations=draft.citations, about=draft.about)
        found += await _reply(draft, parts, said)
    if not any(delivery.channel == "email" for delivery in found):  # else the reply is a letter itself
        for letter in draft.letters:
            found += await _letter(draft, parts, letter)
    return found


def _answers(draft: Draft) -> bool:
    """Whether what is said answers something that just came from there: words, or a proof that was asked for."""
    return any(
        stored.data.identity == draft.identity
        for stored in draft.pending
        if isinstance(stored.data, ev.IdentityVerified)
        or (isinstance(stored.data, ev.MessageReceived) and not stored.data.extra.get("silent"))
    )


async def _again(draft: Draft, parts: Parts, lost: Lost) -> list[Delivery]:
    """Say a lost reply another way, once; what was lost twice is for a person."""
    reply, known = lost.reply, dict(draft.session.reach)
    if reply.author == "bot" and draft.muted:
        _withhold(draft, reply.text)
        return []
    if lost.outside_window and reply.template is None and reply.identity in known:
        known[reply.identity] = replace(known[reply.identity], last_at=0)
        avoid = frozenset[str]()
    else:
        avoid = frozenset({reply.identity})
    words = Words(
        text=reply.text,
        ask=Ask(here=reply.identity, by_staff=reply.author == "staff", avoid=avoid),
        author=reply.author,
        name=reply.name,
        choices=reply.choices,
        citations=reply.citations,
        about=reply.about,
        instead=reply.outbox,
        known=known,
    )
    if reply.instead is not None:
        await _unreachable(draft, parts, words)
        return []
    return await _reply(draft, parts, words)


async def _letter(draft: Draft, parts: Parts, letter: Letter) -> list[Delivery]:
    """A mail besides the reply."""
    if "email" not in parts.capabilities:
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


async def _unreachable(draft: Draft, parts: Parts, words: Words) -> None:
    """Nobody can be told: a task for staff, with the words."""
    ticket = await handoff.open_ticket(draft, parts, reason="unreachable", subject=UNREACHABLE)
    draft.emit(ev.NoteWritten(text=words.text, kind="withheld", ticket=ticket.id, sendable=True))


async def _reply(draft: Draft, parts: Parts, words: Words) -> list[Delivery]:
    """One reply by the way that is open, in parts only at its channel's limit; choices go with the last part."""
    known = words.known or draft.session.reach
    if not known:
        return []
    filled = _filled(draft, parts, words)
    windowed = {name for name, can in parts.capabilities.items() if can.window_s is not None}
    means = Means(channels=parts.capabilities, templates=windowed if filled else ())
    route = reach.choose(words.ask, known, means, now=draft.opened.now)
    if route is None or route.left:
        route = await _by_mail(draft, parts, words) or route
    if route is None:
        await _unreachable(draft, parts, words)
        return []
    if words.instead and parts.capabilities[route.channel].pull:
        _is_there(draft, route)
        return []
    if route.template and filled:
        return _emit(draft, parts, words, route, [filled.shown], template=filled.template)
    return _emit(draft, parts, words, route, parts.compose(words.text, route.channel, words.choices))


def _is_there(draft: Draft, route: Route) -> None:
    """What was lost elsewhere stands where its client fetches everything; saying it again would show it twice."""
    active = draft.session.active_ticket
    draft.emit(
        ev.NoteWritten(
            text=f"{route.why}, where it stands already", kind="notice", ticket=active.id if active else None
        )
    )


async def _by_mail(draft: Draft, parts: Parts, words: Words) -> Route | None:
    """The way to the address on file."""
    identity = await on_file.identity(draft, parts)
    if identity is None or identity in words.ask.avoid:
        return None
    return Route(identity=identity, channel=on_file.CHANNEL, why="no other way is open: the e-mail address on file")


def _filled(draft: Draft, parts: Parts, words: Words) -> Filled | None:
    """The reply in the template for news, if there is one; a question is asked in full or not at all."""
    template = parts.templates.get(UPDATE)
    if template is None:
        return None
    found = templated.fill(template, words.text, words.choices, _newest_ticket(draft))
    return None if words.about and not found.whole else found


def _emit(
    draft: Draft, parts: Parts, words: Words, route: Route, texts: list[str], *, template: dict[str, Any] | None = None
) -> list[Delivery]:
    known = draft.session.reach.get(route.identity)
    thread = known.thread if known else {}
    deliveries = []
    for number, piece in enumerate(texts, start=1):
        last = number == len(texts)
        reply = ev.ReplyQueued(
            outbox=uuid.uuid4().hex,
            channel=route.channel,
            identity=route.identity,
            text=piece,
            choices=words.choices if last else [],
            citations=words.citations if last else [],
            author=words.author,
            name=words.name,
            ticket=tickets.number_for(draft, route.channel, route.identity),
            about=words.about if last else None,
            kind="notice" if words.author == "bot" and not words.ask.answers else "reply",
            why=route.why,
            template=template,
            thread=thread or {"name": draft.session.name},
            instead=words.instead,
        )
        if not parts.capabilities[route.channel].pull:
            deliveries.append(
                Delivery(
                    id=reply.outbox,
                    entry=len(draft.entries),
                    channel=route.channel,
                    identity=route.identity,
                    author=words.author,
                )
            )
        draft.emit(reply, identity=route.identity)
    return deliveries
