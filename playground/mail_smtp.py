"""The customers' mail server: takes by SMTP what the bot sends and puts it into the boxes before it says 250."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from playground import mail_rows, mail_travel
from playground.faults import Fault, Faults
from playground.options import Options
from playground.store import Store

FAULTS = (  # strike an SMTP transaction; their path is /mail/<sender>, /rcpt/<address> or /data
    "smtp_refuse",  # answers `status` (451); 421 hangs up as well
    "smtp_hang",  # stays silent for `ms` (two minutes), then goes on as if nothing had been
    "smtp_drop",  # breaks the connection before anything is kept
    "smtp_lost_answer",  # at /data: keeps the mail, then breaks the connection without an answer
)
FOREVER_MS = 120_000
MOST = 33_554_432
WORDS = {421: "4.3.2 Closing, try later", 451: "4.3.0 Try again later", 452: "4.3.1 Full", 552: "5.3.4 Too big"}
Keep = Callable[[bytes, str, Sequence[str]], Awaitable[None]]


class Door:
    """The hooks of the SMTP server; each asks first what trouble is switched on."""

    def __init__(self, store: Store, faults: Faults, keep: Keep) -> None:
        self._store = store
        self._faults = faults
        self._keep = keep

    async def handle_MAIL(  # noqa: N802  the library's name
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a transaction."""
        trouble = await self._trouble(server, f"/mail/{address}")
        if trouble:
            await self._log(envelope, trouble, sender=address)
            return trouble
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, unless his mailbox refuses."""
        trouble = await self._trouble(server, f"/rcpt/{address.lower()}")
        habits = await self._store.read(lambda db: mail_rows.habits(db, address.lower()))
        if not trouble and habits.get("reject"):
            trouble = "550 5.1.1 No such user here"
        if trouble:
            await self._log(envelope, trouble, recipients=[address])
            return trouble
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail for each recipient; only then it is taken."""
        trouble = await self._trouble(server, "/data")
        if trouble:
            await self._log(envelope, trouble)
            return trouble
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        await self._keep(content, _sender(envelope), envelope.rcpt_tos)
        await self._log(envelope, "250")
        if self._faults.take(("smtp_lost_answer",), "/data", "POST"):
            _break(server)
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Put off what went wrong on our side; the library's own answer would be final."""
        return f"451 4.3.0 {type(error).__name__}"

    async def _trouble(self, server: SMTP, path: str) -> str:
        fault = self._faults.take(("smtp_refuse", "smtp_hang", "smtp_drop"), path, "POST")
        if fault is None:
            return ""
        if fault.kind == "smtp_hang":
            await asyncio.sleep((fault.ms or FOREVER_MS) / 1000)
            return ""
        if fault.kind == "smtp_drop":
            _break(server)
            return "421 4.3.2 Gone"
        return self._refuse(server, fault)

    def _refuse(self, server: SMTP, fault: Fault) -> str:
        if fault.status == 421:
            asyncio.get_running_loop().call_later(0.05, _leave, server)
        words = WORDS.get(fault.status, "4.7.0 Not now" if fault.status < 500 else "5.7.1 Refused")
        return f"{fault.status} {words}"

    async def _log(
        self, envelope: Envelope, answer: str, *, sender: str | None = None, recipients: Sequence[str] | None = None
    ) -> None:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        name = mail_rows.message_id(content) if content else ""
        who = sender if sender is not None else _sender(envelope)
        whom = list(recipients if recipients is not None else envelope.rcpt_tos)
        await self._store.write(
            lambda db: mail_rows.log_session(db, sender=who, recipients=whom, message_id=name, answer=answer)
        )


class Listener:
    """The server on its port; `port` is 0 while it does not listen."""

    def __init__(self, door: Door, settings: Options) -> None:
        self._door = door
        self._host = settings.smtp_host
        self._wanted = settings.smtp_port if settings.has_mail else 0
        self._servers: set[SMTP] = set()
        self.port = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for as long as the context lasts; port -1 is any that is free."""
        if not self._wanted:
            yield
            return
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._made, self._host, max(self._wanted, 0))
        except OSError as error:
            raise OSError(f"the playground's mail server cannot listen on {self._host}:{self._wanted}") from error
        self.port = int(server.sockets[0].getsockname()[1])
        try:
            yield
        finally:
            self.port = 0
            server.close()
            for each in list(self._servers):
                _leave(each)
            await server.wait_closed()

    def _made(self) -> SMTP:
        made = _Connection(self._door, self._servers)
        self._servers.add(made)
        return made


class _Connection(SMTP):
    """One connection, which its listener can end."""

    def __init__(self, door: Door, known: set[SMTP]) -> None:
        super().__init__(
            door,
            hostname=mail_travel.EXCHANGE,
            ident="ESMTP",
            enable_SMTPUTF8=True,
            data_size_limit=MOST,
            loop=asyncio.get_running_loop(),
        )
        self._known = known

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self._known.discard(self)
        super().connection_lost(error)


def _sender(envelope: Envelope) -> str:
    """Return who sends; the library writes nobody as `<>`."""
    return (envelope.mail_from or "").replace("<>", "")


def _break(server: Any) -> None:  # noqa: ANN401  its transport has no type that can be aborted
    if server.transport is not None:
        server.transport.abort()


def _leave(server: Any) -> None:  # noqa: ANN401
    if server.transport is not None:
        server.transport.close()
