"""A bot, its outside world and the customers in front of it, in one hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from tests.harness.mailbox import KIMS_MAIL, Mailbox
from tests.harness.operators import Operators
from tests.harness.outside import KIMS_PHONE, Outside
from tests.harness.phone import Phone
from tests.harness.places import Place
from tests.harness.web import WebClient, browser


@dataclass(slots=True, kw_only=True)
class Stage:
    """What a conversation needs, whoever runs the bot."""

    place: Place
    http: aiohttp.ClientSession
    outside: Outside
    operators: Operators
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def web(self, *, customer: str | None = None, visitor: str | None = None) -> WebClient:
        """Open a browser; with `customer`, as one who is signed in."""
        identity = await self.outside.identity(customer) if customer else None
        return await self.closing.enter_async_context(
            browser(self.http, self.place.url, identity=identity, visitor=visitor)
        )

    def phone(self, number: str = KIMS_PHONE) -> Phone:
        """Take a phone in hand."""
        return Phone(outside=self.outside, number=number)

    def mailbox(self, address: str = KIMS_MAIL) -> Mailbox:
        """Open a mailbox."""
        return Mailbox(outside=self.outside, address=address)


@asynccontextmanager
async def staged(place: Place) -> AsyncIterator[Stage]:
    """Clients of a bot and a playground that run already."""
    timeout = aiohttp.ClientTimeout(total=40)
    async with aiohttp.ClientSession(timeout=timeout) as http, AsyncExitStack() as closing:
        yield Stage(
            place=place,
            http=http,
            outside=Outside(http=http, url=place.outside_url),
            operators=Operators(http=http, url=place.url),
            closing=closing,
        )
