"""Mail in by SMTP, in our own loop. 250 is said only after the commit; whoever hears anything else still has the mail.

It stands behind a mail server, on loopback, or in front of the world if need be: for our own address alone (no relay),
with limits on size, time and connections. A mail ends at `<CR><LF>.<CR><LF>` and at nothing else, so that no second one
can be smuggled in. What a mail says of its sender in our server's name counts only from a private address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import structlog
from aiosmtpd.smtp import SMTP

from channels.base import Ports
from channels.mail import mail_address, mail_rebuild
from channels.mail.mail_in import MailIn
from channels.mail.mail_room import Hold, Room
from state import errors

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope, Session

SIZE_LIMIT = 25 * 1024 * 1024
LINE_LIMIT = 16_384  # in one piece; longer ones come in several: some programs break no lines, and that is no harm
BREATH = 500  # lines of a mail after which others get their turn
IDLE_S = 180.0
CONNECTIONS = 200
PER_PEER = 20
COMMANDS = {"*": 50, "RCPT": 200, "NOOP": 100, "MAIL": 1_000, "DATA": 1_000, "RSET": 1_000}
RECIPIENTS = 100
CLOSE_S = 4.0
LATER = "451 4.3.0 Not taken now, please try again"

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the library's; it names every recipient
log = structlog.get_logger()


class Listener:
    """The server. `take` is where mails go."""

    def __init__(self, ports: Ports, take: MailIn, room: Room) -> None:
        """Keep where to listen; nothing is opened yet."""
        self.room = room
        self._ports = ports
        self._in = take
        self._where = ports.settings.email_smtp_listen
        self._server: asyncio.Server | None = None
        self._handler = _Handler(ports, take)
        self._open: set[_Connection] = set()
        self._peers: Counter[str] = Counter()

    async def start(self) -> None:
        """Take connections. Raises BadInput when the address cannot be listened on."""
        if self._where is None:
            return
        host, _, port = self._where.rpartition(":")
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connection, host.strip("[]"), int(port))
        except OSError as error:
            raise errors.BadInput(
                f"EMAIL_SMTP_LISTEN: {self._where} cannot be listened on ({error.strerror}); "
                "stop what uses it, or set it to another"
            ) from error

    async def close(self) -> None:
        """Take no more; what is being committed gets its answer, the rest is hung up on."""
        if self._server is None:
            return
        self._server.close()
        await self._handler.settled(CLOSE_S)
        for connection in list(self._open):
            connection.hang_up()
        self._server = None

    def admit(self, connection: _Connection, peer: str) -> bool:
        """Count a connection in; False when there are too many."""
        if len(self._open) >= CONNECTIONS or self._peers[peer] >= PER_PEER:
            log.warning("mail_smtp_crowded")
            return False
        self._open.add(connection)
        self._peers[peer] += 1
        return True

    def leave(self, connection: _Connection, peer: str) -> None:
        """Count a connection out."""
        if connection in self._open:
            self._open.discard(connection)
            self._peers[peer] -= 1
            self._peers += Counter()  # forget those with none

    def _connection(self) -> _Connection:
        return _Connection(self, self._handler, hostname=mail_address.split(self._in.tokens.ours)[1])


class _Connection(SMTP):
    """One connection."""

    line_length_limit = LINE_LIMIT

    def __init__(self, listener: Listener, handler: _Handler, *, hostname: str) -> None:
        super().__init__(
            handler,
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="Throughline",
            timeout=IDLE_S,
            command_call_limit=COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        self._listener = listener
        self._mails = handler
        self._peer = ""
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hang up at once on one too many."""
        self._peer = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._listener.admit(self, self._peer):
            if isinstance(transport, asyncio.WriteTransport):
                transport.write(b"421 4.7.0 Too many connections, please try again later\r\n")
            transport.close()
            self._refused = True
            return
        super().connection_made(transport)

    def eof_received(self) -> bool | None:
        """Let the library end what it does, unless it never began."""
        return None if self._refused else super().eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """Count it out."""
        self._listener.leave(self, self._peer)
        if not self._refused:
            super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the library's name
        """Take a mail. The library's own way keeps an object for every line, of which a mail can have millions."""
        if await self.check_helo_needed():
            return
        if self.envelope is None or not self.envelope.rcpt_tos or arg:
            await self.push("501 Syntax: DATA" if arg else "503 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        with self._listener.room.hold() as hold:
            data, status = await self._data(hold)
            if data is not None:
                self.envelope.original_content = self.envelope.content = data
                status = await self._mails.handle_DATA(self, self.session, self.envelope)
        self.envelope = self._create_envelope()
        await self.push(status)

    async def _data(self, hold: Hold) -> tuple[bytes | None, str]:
        """Read to the end of a mail, and take the dots away that were put before dots; None with the refusal."""
        data, size, lines, fresh, refusal = bytearray(), 0, 0, True, ""
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as long:
                piece = await self._reader.readexactly(max(1, long.consumed))
            if fresh and piece == b".\r\n":
                return (None, refusal) if refusal else (bytes(data), "")
            size += len(piece)
            refusal = refusal or _refusal(hold, size, len(piece))
            if not refusal:
                data += piece[1:] if fresh and piece.startswith(b".") else piece
            else:
                data.clear()
                if size > 4 * SIZE_LIMIT:
                    raise ConnectionResetError("the mail does not end")
            fresh = piece.endswith(b"\r\n")
            lines += 1
            if lines % BREATH == 0:
                await asyncio.sleep(0)

    def hang_up(self) -> None:
        """Say goodbye and close."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.write(b"421 4.3.2 Restarting, please try again\r\n")
            self.transport.close()


def _refusal(hold: Hold, size: int, more: int) -> str:
    """Say why a mail is not read on; empty while it may be."""
    if size > SIZE_LIMIT:
        return "552 5.3.4 Error: Too much mail data"
    try:
        hold.take(more)
    except errors.RetryLater:
        return "452 4.3.1 Too many mails at once, please try again later"
    return ""


class _Handler:
    """What the library asks: whom we take mail for, and what becomes of a mail."""

    def __init__(self, ports: Ports, take: MailIn) -> None:
        self._ports = ports
        self._in = take
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def settled(self, seconds: float) -> None:
        """Wait until no mail is being taken, for a time."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            log.warning("mail_smtp_cut_off")

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Refuse whom we do not know before the mail is sent; it is the sender's server that tells the sender."""
        if mail_address.tag(address, self._in.tokens.ours) is None:
            return "550 5.1.1 No such mailbox here"
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, session: Session | None, envelope: Envelope) -> str:  # noqa: N802
        """Commit a mail, then say so."""
        if not self._ports.ready():
            return LATER
        raw = mail_rebuild.enveloped(
            envelope.original_content or b"",
            sender=envelope.mail_from or "",
            recipients=[str(address) for address in envelope.rcpt_tos],
        )
        self._busy += 1
        self._idle.clear()
        try:
            await self._in.take(raw, trusted=session is not None and is_private(session.peer))
        except errors.BotError as error:
            log.warning("mail_not_accepted", provider="smtp", error=type(error).__name__)
            return LATER
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Answer for what nobody foresaw; the sender keeps the mail and tries again."""
        log.error("mail_smtp_failed", exc_info=error)
        return LATER


def is_private(peer: Any) -> bool:  # noqa: ANN401 - a socket's peer name
    """Say whether a peer is on this machine or in a private network, as a mail server of our own is."""
    try:
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
    except (ValueError, TypeError, LookupError):
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_private
