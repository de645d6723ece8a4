"""One IMAP connection, blocking, for a thread. Opens a mailbox for reading only; knows IMAPClient, as no other file."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import ssl
from dataclasses import dataclass, field
from datetime import date
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from channels.mail.reading.mail_mime import BYTES_LIMIT

TIMEOUT_S = 30.0
CUT = 1_000_000  # so much is taken of a mail that is too large for us

logging.getLogger("imapclient").setLevel(logging.WARNING)


GONE = (OSError, IMAPClientAbortError)  # the connection, not the mail


class Refusal(Exception):
    """The server will not let us in, and only a person can change that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a mailbox is. `tls`: from the first byte; else it is begun (STARTTLS), except on this machine."""

    host: str
    port: int
    tls: bool
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"

    @classmethod
    def of(cls, url: str) -> Place:
        """Read `imaps://user:password@host:port/MAILBOX`."""
        parts = urlsplit(url)
        tls = parts.scheme == "imaps"
        return cls(
            host=parts.hostname or "",
            port=parts.port or (993 if tls else 143),
            tls=tls,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            folder=unquote(parts.path.strip("/")) or "INBOX",
        )

    @property
    def is_here(self) -> bool:
        """Whether it is on this machine, where nobody listens in."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


_UNTRUSTED = "the server's certificate is not one of its name that this machine trusts"


class Mailbox:
    """A connection to one mailbox."""

    def __init__(self, place: Place) -> None:
        """Keep the place; nothing is opened yet."""
        self._place = place
        self._client: IMAPClient | None = None
        self._idles = False
        self._interrupted = False

    def open(self) -> int:
        """Log in and select the mailbox; its UIDVALIDITY. Raises Refusal, OSError and IMAPClient's errors."""
        place, context = self._place, ssl.create_default_context()
        try:
            self._client = IMAPClient(
                place.host,
                port=place.port,
                ssl=place.tls,
                ssl_context=context if place.tls else None,
                timeout=TIMEOUT_S,
            )
        except ssl.SSLCertVerificationError:
            raise Refusal(_UNTRUSTED) from None
        try:
            return self._let_in(self._client, context)
        except BaseException:
            self.close()
            raise

    def _let_in(self, client: IMAPClient, context: ssl.SSLContext) -> int:
        place = self._place
        if self._interrupted:  # while it connected there was nothing to interrupt
            raise OSError("interrupted")
        if not place.tls and not place.is_here:
            if not client.has_capability("STARTTLS"):
                raise Refusal("the server offers no encryption, and a password is not sent in clear")
            self._encrypt(client, context)
        try:
            client.login(place.user, place.password)
        except LoginError:
            raise Refusal("the server does not accept the user and password of IMAP_URL") from None
        self._idles = client.has_capability("IDLE")
        try:
            return int(client.select_folder(place.folder, readonly=True)[b"UIDVALIDITY"])
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            raise Refusal("there is no such mailbox as the path of IMAP_URL names") from None

    def _encrypt(self, client: IMAPClient, context: ssl.SSLContext) -> None:
        try:
            client.starttls(context)
        except ssl.SSLCertVerificationError:
            raise Refusal(_UNTRUSTED) from None

    def news(self, after: int, since: date) -> list[int]:
        """List the UIDs above one, of mails that came since a day."""
        found: set[int] = set()
        while True:
            before = len(found)
            self._told_of_more()
            found |= set(self._opened().search(["UID", f"{after + 1}:*", "SINCE", since]))
            if not self._told_of_more() or len(found) == before:
                return sorted(uid for uid in found if uid > after)  # `9:*` gives the last one even if it is below

    def _told_of_more(self) -> bool:
        """Say whether the server told of new mails with another answer, where the library keeps but never shows it."""
        _, told = self._opened()._imap.response("EXISTS")  # noqa: SLF001 - there is no other way to it
        return bool(told != [None])

    def get(self, uid: int) -> bytes | None:
        """Fetch one mail; the beginning of one that is too large; None when it is gone."""
        client = self._opened()
        size = client.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")
        if size is None:
            return None
        item = "BODY.PEEK[]" if size <= BYTES_LIMIT else f"BODY.PEEK[]<0.{CUT}>"
        found = client.fetch([uid], [item]).get(uid, {})
        return next((value for name, value in found.items() if name.startswith(b"BODY[]")), None)

    def wait(self, idle_s: float, poll_s: float) -> None:
        """Wait until there may be news: until the server says so, or for a time if it cannot."""
        client = self._opened()
        if self._idles:
            client.idle()
            client.idle_check(timeout=idle_s)
            client.idle_done()
        else:
            self._sleep(poll_s)
            client.noop()

    def _sleep(self, seconds: float) -> None:
        """Sleep until the time is over or the connection ends; a server that does not push says nothing meanwhile."""
        poller = select.poll()
        poller.register(self._socket(), select.POLLIN)
        poller.poll(seconds * 1_000)

    def interrupt(self) -> None:
        """End whatever the thread waits for. Called from another thread."""
        self._interrupted = True
        with contextlib.suppress(OSError, AttributeError):
            self._socket().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(OSError, AttributeError):
                client.shutdown()

    def _socket(self) -> socket.socket:
        found: socket.socket = self._opened().socket()
        return found

    def _opened(self) -> IMAPClient:
        if self._client is None:
            raise OSError("the mailbox is not open")
        return self._client
