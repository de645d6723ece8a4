"""Customers who order one thing after another and say yes to the terms, by chat or WhatsApp, and wait to be told."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from tests.harness.phone import Phone
from tests.harness.stage import Stage
from tests.harness.waiting import until
from tests.harness.web import WebClient, browser
from tests.soak import pack

PATIENCE_S = 3_600.0  # whoever runs the soak knows when it is enough
PER_PERSON = 3
FAILED = ("That did not go through", "That was refused", "We checked: it did not go through")
GIVEN_AWAY = ("I have passed this on to our team", "I could not process your message")
PARTLY = "Shall I go on with what is missing?"
DONE = re.compile(r"Order ([0-9]{6}) is in|(?:^|\s)Done\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something the bot said, with the value of its yes button; `place` grows."""

    place: int
    text: str
    yes: str | None = None


class Voice(Protocol):
    """A way to talk with the bot. `sent`: what it took from us, by the id that it is known by."""

    sent: list[str]

    async def say(self, text: str) -> int:
        """Say something and see to it that it gets through; answers its place."""
        ...

    async def agree(self, terms: Heard) -> int:
        """Say yes to the terms; answers the place of the yes."""
        ...

    async def heard(self) -> list[Heard]:
        """Everything the bot said, in order."""
        ...


@dataclass(slots=True, kw_only=True)
class Chat:
    """By the web chat."""

    web: WebClient
    sent: list[str] = field(default_factory=list)

    async def say(self, text: str) -> int:
        """Say something, and wait for the ack."""
        return await self._taken(await self.web.say(text))

    async def agree(self, terms: Heard) -> int:
        """Press the button."""
        assert terms.yes
        return await self._taken(await self.web.press(terms.yes))

    async def _taken(self, one: str) -> int:
        place = await self.web.acknowledged(one, patience=PATIENCE_S)
        self.sent.append(one)
        return place

    async def heard(self) -> list[Heard]:
        """What the page shows of the bot."""
        return [_heard(m["seq"], m["text"], m["choices"]) for m in self.web.shown() if self.web.is_answer(m)]


def _heard(place: int, text: str, choices: Iterable[dict[str, str]]) -> Heard:
    yes = next((c["value"] for c in choices if c["label"].startswith("Yes")), None)
    return Heard(place=place, text=text, yes=yes)


@dataclass(slots=True, kw_only=True)
class Texts:
    """By WhatsApp; yes is a word there."""

    phone: Phone
    sent: list[str] = field(default_factory=list)

    async def say(self, text: str) -> int:
        """Write, again if the carrier gave up."""
        sid = await self.phone.write(text)
        self.sent.append(sid)
        await self.phone.deliver(sid, patience=PATIENCE_S)
        return next(int(m["n"]) for m in await self.phone.transcript() if m["sid"] == sid)

    async def agree(self, terms: Heard) -> int:
        """Write yes."""
        del terms
        return await self.say("yes please")

    async def heard(self) -> list[Heard]:
        """What the phone shows of the bot."""
        found = await self.phone.transcript()
        return [Heard(place=m["n"], text=m["body"]) for m in found if m["direction"] == "outbound"]


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Everybody, the orders they have yet to make, and those for which they wait for a word."""

    stage: Stage
    orders: Iterator[tuple[str, str]]
    voices: list[Voice] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def shop_by_chat(self) -> None:
        """Order until there is nothing left to order, in a new browser now and then."""
        for person in self._people():
            async with browser(self.stage.http, self.stage.place.url) as web:
                await self._shop(Chat(web=web), person)

    async def shop_by_phone(self) -> None:
        """The same by WhatsApp, from a new number now and then."""
        for person in self._people():
            phone = self.stage.phone(f"+1555{next(self.numbers):07}")
            await self._shop(Texts(phone=phone), person)

    def _people(self) -> Iterator[Iterator[tuple[str, str]]]:
        """What each person orders, made up only when they come to it."""
        while (first := next(self.orders, None)) is not None:
            yield itertools.chain([first], itertools.islice(self.orders, PER_PERSON - 1))

    async def _shop(self, voice: Voice, wanted: Iterator[tuple[str, str]]) -> None:
        self.voices.append(voice)
        for kind, order in wanted:
            self.waiting.add(order)
            self.ended[order] = await ordered(voice, kind, order)
            self.waiting.remove(order)
            if self.ended[order] in {"given away", "partly"}:
                return  # a person has it now, or the customer is content with what is done


async def ordered(voice: Voice, kind: str, order: str) -> str:
    """Order one thing; answers how it ended in the bot's own words: done, failed, partly or given away."""
    place = await voice.say(f"order {order} by {kind} mail")
    while True:
        after = place

        async def look(after: int = after) -> tuple[str, Heard] | None:
            return next((found for one in await voice.heard() if one.place > after and (found := _meant(one))), None)

        what, said = await until(look, f"a word on order {order}", patience=PATIENCE_S, every=0.05)
        place = said.place
        if what != "terms":
            return what
        if pack.terms(kind, order) in said.text:
            await voice.agree(said)


def _meant(said: Heard) -> tuple[str, Heard] | None:
    """What a word of the bot means for an order; None for one that decides nothing."""
    if DONE.search(said.text):
        return "done", said
    if any(words in said.text for words in GIVEN_AWAY):
        return "given away", said
    if PARTLY in said.text:
        return "partly", said
    if any(words in said.text for words in FAILED):
        return "failed", said
    return ("terms", said) if "Shall I order " in said.text else None
