"""E-mail: in by webhook, by SMTP and from a mailbox by IMAP, out by SMTP. Each half is modules of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiohttp import web

from channels.base import Capabilities, Ports
from channels.mail.mail_fetch import Fetcher
from channels.mail.mail_hooks import Hooks
from channels.mail.mail_in import MailIn
from channels.mail.mail_listen import Listener
from channels.mail.mail_room import Room
from channels.mail.mail_send import MailSender
from state.identity import Address
from state.messages import Outbound, Receipt


class Mail:
    """The channel of e-mail."""

    name = "email"
    capabilities = Capabilities(text_limit=100_000, html=True)

    def __init__(self, ports: Ports) -> None:
        """Make both halves; nothing is opened yet."""
        self._listens = ports.listens
        self._in = MailIn(ports)
        room = Room()
        self._hooks = Hooks(ports, self._in, room)
        self._listener = Listener(ports, self._in, room)
        self._fetcher = Fetcher(ports, self._in)
        self._sender = MailSender(ports.settings, ports)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The webhook."""
        return self._hooks.routes()

    async def start(self) -> None:
        """Open the ways in that are set, in a process that takes messages."""
        await self._sender.start()
        if self._listens:
            await self._listener.start()
            self._fetcher.start()

    async def close(self) -> None:
        """Close the ways in, then the way out and the process that reads mails."""
        await asyncio.gather(self._listener.close(), self._fetcher.close())
        await asyncio.gather(self._in.close(), self._sender.close())

    async def send(self, outbound: Outbound) -> Receipt:
        """Hand one letter to the mail server."""
        return await self._sender.send(outbound)

    async def typing(self, to: Address, inbound_id: str) -> None:
        """A letter shows nothing before it is there."""
