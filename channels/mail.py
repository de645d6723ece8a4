"""E-mail: in by webhook, by SMTP and from a mailbox by IMAP, out by SMTP. Each half is a module of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import web

from channels.base import Capabilities, Ports
from channels.mail_fetch import Fetcher
from channels.mail_hooks import Hooks
from channels.mail_in import MailIn
from channels.mail_listen import Listener
from state.identity import Address
from state.messages import Outbound, Receipt


class Mail:
    """The channel of e-mail."""

    name = "email"
    capabilities = Capabilities(text_limit=100_000, html=True)

    def __init__(self, ports: Ports) -> None:
        """Make both halves; nothing is opened yet."""
        self._in = MailIn(ports)
        self._hooks = Hooks(ports, self._in)
        self._listener = Listener(ports, self._in)
        self._fetcher = Fetcher(ports, self._in)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The webhook."""
        return self._hooks.routes()

    async def start(self) -> None:
        """Open the ways in."""
        await self._listener.start()
        self._fetcher.start()

    async def close(self) -> None:
        """Close the ways in, then the way out."""
        await asyncio.gather(self._listener.close(), self._fetcher.close())
        await self._in.close()

    async def send(self, outbound: Outbound) -> Receipt:
        """Send one letter."""
        return Receipt(outbox_id=outbound.id, state="retry", reason="not wired")

    async def typing(self, to: Address, inbound_id: str) -> None:
        """A letter shows nothing before it is there."""
