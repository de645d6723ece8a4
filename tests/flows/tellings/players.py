"""A customer on one channel: says a line there, hears the answer, waits for what comes by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from tests.flows.tellings.frame import Line
from tests.harness.mailbox import KIMS_MAIL, LEES_MAIL, Mailbox
from tests.harness.outside import KIM, KIMS_PHONE, LEE, LEES_PHONE, Json
from tests.harness.phone import Phone
from tests.harness.stage import Stage
from tests.harness.waiting import until
from tests.harness.web import WebClient

PROSPECT = "a prospect"
"""Somebody whom the directory does not know: in a browser, with a number and a mailbox of their own."""
PHONES = {KIM: KIMS_PHONE, LEE: LEES_PHONE, PROSPECT: "+15550109001"}
MAILBOXES = {KIM: KIMS_MAIL, LEE: LEES_MAIL, PROSPECT: "sam@initech.example"}


class Player(Protocol):
    """A customer on one channel."""

    async def say(self, line: Line) -> str:
        """Say a line; answers what the bot says to it."""
        ...

    async def hear(self, pieces: tuple[str, ...]) -> None:
        """Wait until something with all these pieces was said."""
        ...


async def player(stage: Stage, channel: str, customer: str | None) -> Player:
    """Someone who begins a conversation."""
    if channel == "web" or customer is None:
        return OnTheWeb(web=await stage.web(customer=None if customer == PROSPECT else customer))
    if channel == "whatsapp":
        return OnThePhone(phone=stage.phone(PHONES[customer]))
    return ByMail(box=stage.mailbox(MAILBOXES[customer]))


@dataclass(slots=True, kw_only=True)
class OnTheWeb:
    """In the chat: presses buttons where there are any."""

    web: WebClient
    last: Json = field(default_factory=dict)

    async def say(self, line: Line) -> str:
        """Say a line, or press the button."""
        self.last = await (self.web.click(self.last, line.press) if line.press else self.web.ask(line.says))
        return str(self.last["text"])

    async def hear(self, pieces: tuple[str, ...]) -> None:
        """Wait for a message."""
        self.last = await self.web.seen(lambda m: _all(pieces, m["text"]), repr(pieces))


@dataclass(slots=True, kw_only=True)
class OnThePhone:
    """On WhatsApp: has words only."""

    phone: Phone

    async def say(self, line: Line) -> str:
        """Say a line."""
        return await self.phone.ask(line.says)

    async def hear(self, pieces: tuple[str, ...]) -> None:
        """Wait for a message."""

        async def look() -> bool:
            return any(_all(pieces, text) for text in await self.phone.received())

        await until(look, f"{pieces!r} on the phone")


@dataclass(slots=True, kw_only=True)
class ByMail:
    """By e-mail: answers the last letter that was an answer."""

    box: Mailbox
    last: Json | None = None

    async def say(self, line: Line) -> str:
        """Write, or answer; a letter that comes besides the answer is left for who looks for it."""
        before = len(await self.box.letters())
        await (self.box.answer(self.last, line.says) if self.last else self.box.write(line.says, subject="My account"))

        async def look() -> Json | None:
            return next((m for m in (await self.box.letters())[before:] if _all(line.hears, m["text"])), None)

        self.last = await until(look, f"a letter with {line.hears!r}")
        return str(self.last["text"])

    async def hear(self, pieces: tuple[str, ...]) -> None:
        """Wait for a letter."""

        async def look() -> Json | None:
            return next((m for m in await self.box.letters() if _all(pieces, m["text"])), None)

        self.last = await until(look, f"a letter with {pieces!r}")


def _all(pieces: tuple[str, ...], text: str) -> bool:
    return all(piece in text for piece in pieces)
