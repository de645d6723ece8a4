"""A mail server to send to: it keeps what it takes, and fails as it is told. Speaks real SMTP on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Hook = Callable[[SMTP], Awaitable[str | None]]


@dataclass
class MailServer:
    """Takes mail. A hook for a command (RSET, MAIL, RCPT, DATA) answers in its place, or breaks something."""

    taken: list[Envelope] = field(default_factory=list)
    hooks: dict[str, list[Hook]] = field(default_factory=dict)
    connections: int = 0
    answer: str = "250 2.0.0 Ok: queued as 4F2A91C0B7"
    host: str = "127.0.0.1"
    port: int = 0

    @property
    def url(self) -> str:
        """What SMTP_URL says of it."""
        return f"smtp://{self.host}:{self.port}"

    def once(self, command: str, *hooks: Hook) -> None:
        """Answer the next of these commands by a hook."""
        self.hooks.setdefault(command, []).extend(hooks)

    async def _struck(self, command: str, server: SMTP) -> str | None:
        waiting = self.hooks.get(command)
        return await waiting.pop(0)(server) if waiting else None

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a reset."""
        return await self._struck("RSET", server) or "250 OK"

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a sender."""
        if failed := await self._struck("MAIL", server):
            return failed
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient."""
        if failed := await self._struck("RCPT", server):
            return failed
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a letter, then say so, if nothing is to come between."""
        struck = await self._struck("DATA", server)
        if struck and not struck.startswith("2"):
            return struck
        self.taken.append(envelope)
        return struck or self.answer


def answers(text: str) -> Hook:
    """Answer with these words."""

    async def hook(_: SMTP) -> str:
        return text

    return hook


def drops(server: MailServer | None = None) -> Hook:
    """Hang up; when `server` is given, it has taken the letter by then."""

    async def hook(smtp: SMTP) -> str | None:
        if server is not None and smtp.envelope is not None:
            server.taken.append(smtp.envelope)
        assert isinstance(smtp.transport, asyncio.Transport)
        smtp.transport.abort()
        await asyncio.sleep(0)
        return "451 gone"

    return hook


def hangs() -> Hook:
    """Say nothing more until the other side hangs up."""

    async def hook(_: SMTP) -> str | None:
        await asyncio.Event().wait()
        return None

    return hook


@asynccontextmanager
async def serving(server: MailServer, **options: Any) -> AsyncIterator[MailServer]:
    """Listen on a free port of loopback."""

    def protocol() -> SMTP:
        server.connections += 1
        return SMTP(server, hostname="mx.example.com", ident="test", **options)

    listening = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


def only(user: str, password: str) -> Callable[..., AuthResult]:
    """Let nobody in but one."""

    def check(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=given == LoginPassword(user.encode(), password.encode()), handled=False)

    return check
