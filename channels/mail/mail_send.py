"""Mail out by SMTP, one connection at a time. Every attempt at a reply is the same letter under the same Message-ID.

SMTP cannot be asked what it has. When a connection is lost after the letter went out, the outcome is unknown, and the
next attempt sends the same letter again: a mailbox that has it already shows it once, since its Message-ID is the same
(Gmail and Exchange drop the second), and an answer to either leads to the same place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import aiosmtplib
import re2
import structlog

from channels.base import Ports
from channels.mail.mail_letter import Letter, Writer
from channels.mail.mail_tokens import mail_tokens
from config import templates
from config.settings import Settings
from state import errors, faults
from state.messages import Outbound, Receipt

SAFE = 0.7  # of a claim's time, for waiting and sending together: the sender gives up at 0.8
TURN = 0.35  # of that, for waiting until the one connection is free
SHORT = 2_000  # characters of a text that is written within milliseconds
CONNECT_S = 6.0
GOODBYE_S = 1.0
IDLE_S = 60.0  # servers hang up on a silent client after minutes; by then ours is a new one
GREYLISTED_S = 60.0
GREYLISTED_MOST_S = 300.0
OUR_FAULT = frozenset({530, 534, 535, 538})  # the log-in, not the letter: it waits until a person mends the settings
CONFUSED = frozenset({502, 503})  # the order of commands, not the letter
PORTS = {"smtp": 25, "smtps": 465}
SUBMISSION = 587

_ENHANCED = re2.compile(r"^\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_NAMES = (
    re2.compile(r"(?i)(?:queued as |\bid=)([A-Za-z0-9._@+-]{6,200})"),
    re2.compile(r"(?i)^\s*(?:2\.[0-9]\.[0-9]+ )?ok:? ([A-Za-z0-9._@+-]{8,200})"),
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What SMTP_URL says. `start_tls`: must (True), may (None) or need not (False)."""

    host: str
    port: int
    tls: bool
    start_tls: bool | None
    username: str | None
    password: str | None
    helo: str

    @classmethod
    def of(cls, url: str, helo: str) -> Server:
        """Read the URL. Nothing is said in clear to another machine on the submission port, nor is a password."""
        parts = urlsplit(url)
        host, tls = parts.hostname or "", parts.scheme == "smtps"
        port = parts.port or PORTS.get(parts.scheme, 25)
        username = unquote(parts.username) if parts.username else None
        must = not tls and (port == SUBMISSION or username is not None)
        return cls(
            host=host,
            port=port,
            tls=tls,
            start_tls=False if tls or _is_here(host) else (True if must else None),
            username=username,
            password=unquote(parts.password or "") if username else None,
            helo=helo,
        )


class MailSender:
    """Sends letters. One per process; `send` may be called for many replies at once, they leave one after another."""

    def __init__(self, settings: Settings, ports: Ports) -> None:
        """Keep what the settings say; nothing is opened before the first letter."""
        del ports  # other ways out may need them: what SMTP takes is not asked for again
        tokens = mail_tokens(settings)
        loop = settings.derive("mail-loop").hex()[:16]
        self._writer = Writer(words=_words(settings), tokens=tokens, loop=loop)
        url = settings.smtp_url.get_secret_value() if settings.smtp_url else ""
        self._server = Server.of(url, tokens.ours.rpartition("@")[2])
        self._budget_s = settings.tuning.claim_s * SAFE
        self._turn = asyncio.Lock()
        self._client: aiosmtplib.SMTP | None = None
        self._used_at = 0.0

    async def start(self) -> None:
        """Nothing to do: the first letter opens the connection."""

    async def close(self) -> None:
        """Say goodbye to the server, if it answers at once."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            async with asyncio.timeout(GOODBYE_S):
                await client.quit()
        except _ERRORS:
            log.debug("mail_goodbye_failed")
        finally:
            client.close()

    async def send(self, outbound: Outbound) -> Receipt:
        """Hand one letter to the server, once; whatever happens is a receipt."""
        began = time.monotonic()
        try:
            letter = await self._written(outbound)
        except ValueError:
            return Receipt(outbox_id=outbound.id, state="failed", reason="not an address")
        receipt = await self._in_turn(outbound, letter)
        if receipt.state != "sent":
            log.info("mail_not_sent", outbox=outbound.id, state=receipt.state, reason=receipt.reason)
        return replace(receipt, ms=round((time.monotonic() - began) * 1000))

    async def _written(self, outbound: Outbound) -> Letter:
        """Write the letter; a long one beside the loop, since markdown takes its time."""
        if len(outbound.text) <= SHORT:
            return self._writer.write(outbound, date=_date(outbound))
        return await asyncio.to_thread(self._writer.write, outbound, date=_date(outbound))

    async def _in_turn(self, outbound: Outbound, letter: Letter) -> Receipt:
        """Wait for the connection, but not so long that no time is left to use it."""
        until = asyncio.get_running_loop().time() + self._budget_s
        try:
            async with asyncio.timeout(self._budget_s * TURN):
                await self._turn.acquire()
        except TimeoutError:
            return Receipt(outbox_id=outbound.id, state="retry", reason="busy", after=1.0)
        try:
            return await self._exchange(outbound, letter, until)
        finally:
            self._turn.release()

    async def _exchange(self, outbound: Outbound, letter: Letter, until: float) -> Receipt:
        """One letter over the connection. Before DATA nothing has left; after it, only an answer is certain."""
        sending = False
        try:
            async with asyncio.timeout_at(until), self._connected() as client:
                refused = await self._envelope(client, letter)
                if refused:
                    return Receipt(outbox_id=outbound.id, state="failed", reason=refused)
                faults.point("send.pre")
                sending = True
                answer = await client.data(letter.raw)
                faults.point("send.accepted")
                self._used_at = time.monotonic()
                return Receipt(outbox_id=outbound.id, state="sent", provider_id=queue_id(answer.message))
        except _NOT_YET as error:
            return refusal(outbound, error.code, error.message, final=False)
        except aiosmtplib.SMTPResponseException as error:
            return refusal(outbound, error.code, error.message, final=sending or 400 <= error.code < 600)
        except _ERRORS as error:
            if sending:
                return Receipt(outbox_id=outbound.id, state="unknown", reason=f"no_answer: {type(error).__name__}")
            return Receipt(outbox_id=outbound.id, state="retry", reason=f"unreachable: {type(error).__name__}")

    async def _envelope(self, client: aiosmtplib.SMTP, letter: Letter) -> str | None:
        """Name sender and recipient; gives the reason when this server can never bring the letter."""
        if letter.international:
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
            if not client.supports_extension("smtputf8"):
                return "the server takes no address in these letters (SMTPUTF8)"
        options = ["SMTPUTF8"] if letter.international else []
        await client.mail(letter.sender, options=options, encoding="utf-8")
        await client.rcpt(letter.recipient, encoding="utf-8")
        return None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiosmtplib.SMTP]:
        """The connection, the last one if it still answers; it is closed when anything went wrong on it."""
        client = await self._reused() or await self._opened()
        self._client = None
        try:
            yield client
        except BaseException:
            client.close()
            raise
        self._client = client

    async def _reused(self) -> aiosmtplib.SMTP | None:
        client, self._client = self._client, None
        if client is None:
            return None
        if time.monotonic() - self._used_at < IDLE_S and client.is_connected:
            try:
                await client.rset(timeout=CONNECT_S)
            except _ERRORS:
                log.debug("mail_connection_gone")
            else:
                return client
        client.close()
        return None

    async def _opened(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls,
            start_tls=server.start_tls,
            username=server.username,
            password=server.password,
            local_hostname=server.helo,
            timeout=self._budget_s,
        )
        try:
            await client.connect(timeout=CONNECT_S)
        except BaseException:
            client.close()
            raise
        return client


_NOT_YET = (  # the server does not speak to us, which says nothing about the letter
    aiosmtplib.SMTPConnectResponseError,
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPAuthenticationError,
)
_ERRORS = (aiosmtplib.SMTPException, TimeoutError, OSError, ValueError)  # ssl's errors are OSErrors


def refusal(outbound: Outbound, code: int, text: str, *, final: bool = True) -> Receipt:
    """Give the receipt for a refusal. Its words are left out but for the code: servers repeat addresses in them."""
    reason = " ".join([str(code), *_ENHANCED.findall(text)[:1]])
    if code in OUR_FAULT:
        log.error("mail_log_in_refused", reason=reason)
    if final and 500 <= code < 600 and code not in {*OUR_FAULT, *CONFUSED}:
        return Receipt(outbox_id=outbound.id, state="failed", reason=reason)
    if final and not 400 <= code < 600:  # no refusal at all, so whether it has the letter cannot be told
        return Receipt(outbox_id=outbound.id, state="unknown", reason=reason)
    after = min(GREYLISTED_S * outbound.attempt, GREYLISTED_MOST_S)
    return Receipt(outbox_id=outbound.id, state="retry", reason=reason, after=after)


def queue_id(answer: str) -> str | None:
    """Find the server's own name of the letter in its 250: providers that replace Message-IDs make theirs of it."""
    line = answer.splitlines()[0] if answer else ""
    found = next((match.group(1) for name in _NAMES if (match := name.search(line))), "")
    return found if any(char.isdigit() for char in found) else None


def _date(outbound: Outbound) -> datetime:
    """The date of the first attempt, so that a second one is the same letter."""
    if outbound.first_attempt_at:
        return datetime.fromtimestamp(outbound.first_attempt_at / 1000, UTC)
    return datetime.now(UTC)


def _words(settings: Settings) -> templates.Letters:
    try:
        return templates.load(settings.config_file("channels.yaml")).email
    except ValueError as error:
        raise errors.BadInput(str(error)) from error


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
