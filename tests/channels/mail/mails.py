"""Mails for tests, as customers, forgers and mail systems send them; and settings of a deployment that takes them."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

import pytest

from channels.mail.mail_in import MailIn
from channels.mail.mail_tokens import MailTokens, mail_tokens
from channels.mail.reading import mail_reader, mail_worker
from channels.mail.reading.mail_parse import Preview
from channels.mail.reading.mail_reader import MailReader
from config.settings import Settings
from state.identity import Address
from state.messages import Inbound, Thread
from tests.channels.world import World, settings

OURS = "support@acme.example"
KIM = "kim@example.com"
LEE = "lee@example.com"
SERVER = "mx.acme.example"
INBOUND_TOKEN = "an inbound token; long enough for tests"
OUTBOX = "0123456789abcdef0123456789abcdef"
PASS = f"{SERVER}; dmarc=pass (p=none) header.from=example.com"

ENV = {
    "EMAIL_ADDRESS": OURS,
    "EMAIL_INBOUND_TOKEN": INBOUND_TOKEN,
    "EMAIL_AUTHSERV_ID": SERVER,
    "SMTP_URL": "smtp://127.0.0.1:1",
}


def mail_settings(**env: str) -> Settings:
    """Settings with mail on; an empty value leaves one out."""
    return settings(**{name: value for name, value in {**ENV, **env}.items() if value})


def mail_world(**env: str) -> World:
    """A world with mail on."""
    return World(settings=mail_settings(**env))


def read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read mails in this process, for tests that are about something else: starting another takes its time."""

    async def preview(self: MailReader, raw: bytes) -> Preview:
        return mail_reader.restored(mail_worker.answer(raw, frozenset(self.ours)))

    monkeypatch.setattr(MailReader, "preview", preview)


def tokens(world: World) -> MailTokens:
    """What our mails of this world bear."""
    return mail_tokens(world.settings)


def written(world: World, to: str, *, outbox: str = OUTBOX, ticket: int | None = None) -> str:
    """Have written to somebody before; the Message-ID of that mail."""
    place = Thread(session_id="s1", user_id="u1", address=Address(channel="email", address=to), ticket=ticket)
    world.threads[outbox] = place
    return f"<{tokens(world).message_id(outbox)}>"


def mail(text: str = "Where is my refund?", **headers: str) -> bytes:
    """A mail from Kim to us; headers by name with underscores, an empty one leaves it out."""
    made = {
        "From": f"Kim Example <{KIM}>",
        "To": OURS,
        "Subject": "My refund",
        "Date": format_datetime(datetime(2026, 11, 20, 10, tzinfo=UTC)),
        "Message-ID": f"<{abs(hash((text, tuple(sorted(headers.items())))))}@example.com>",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in made.items() if value]
    return "\r\n".join([*lines, "", text, ""]).encode()


def stated(raw: bytes, value: str = PASS) -> bytes:
    """A mail as our own server hands it on: with its word about the sender on top."""
    return f"Authentication-Results: {value}\r\n".encode() + raw


def with_files(*files: tuple[str, str, bytes]) -> bytes:
    """A mail from Kim with attachments: name, content type, bytes."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = KIM, OURS, "Files"
    message["Message-ID"] = "<files@example.com>"
    message.set_content("Here they are.")
    for name, kind, data in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def bounce(original_id: str, *, status: str = "5.1.1", action: str = "failed", to: str = OURS) -> bytes:
    """A delivery report about a mail of ours."""
    return f"""Return-Path: <>\r
From: MAILER-DAEMON@mx.example.com\r
To: {to}\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: <{status}-{action}@mx.example.com>\r
Auto-Submitted: auto-replied\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
Your mail could not be delivered.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example.com\r
\r
Final-Recipient: rfc822; {KIM}\r
Action: {action}\r
Status: {status}\r
\r
--b\r
Content-Type: text/rfc822-headers\r
\r
From: {OURS}\r
Message-ID: {original_id}\r
\r
--b--\r
""".encode()


async def taken(world: World, *raws: bytes) -> Inbound:
    """Take mails in; the last one as the engine got it."""
    box = MailIn(world.ports())
    try:
        for raw in raws:
            await box.take(raw)
    finally:
        await box.close()
    return world.inbound[-1]
