"""Replies to be sent as letters, and what a mail program reads of the letter. Knows nothing of how they are made."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from channels.mail.mail_letter import Letter, Writer
from channels.mail.mail_tokens import MailTokens
from config.templates import Letters
from state.identity import Address
from state.messages import Choice, Outbound

TOKENS = MailTokens(key=b"k" * 32, ours="support@acme.example")
WRITER = Writer(words=Letters(name="Acme Support"), tokens=TOKENS, loop="0123456789abcdef")
OUTBOX = "0123456789abcdef0123456789abcdef"
KIM = Address(channel="email", address="kim@example.com")
THREAD = {
    "message_id": "<in-7@example.com>",
    "references": ["<out-1@acme.example>", "<in-3@example.com>"],
    "subject": "RE: Re: Invoice 18492 [#1042]",
    "name": "Kim Meyer",
}
YES_NO = (Choice(label="Yes, refund 49.00 USD", value="t1"), Choice(label="No, do not", value="t2"))
DATE = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)


def reply(**changes: Any) -> Outbound:
    """A reply on its way."""
    usual: dict[str, Any] = {
        "id": OUTBOX,
        "session_id": "s1",
        "seq": 4,
        "part": 0,
        "channel": "email",
        "to": KIM,
        "text": "Invoice 18492 is **paid**.",
        "ticket": 1042,
        "thread": THREAD,
    }
    return Outbound(**{**usual, **changes})


def write(**changes: Any) -> Letter:
    """Write a reply as a letter."""
    return WRITER.write(reply(**changes), date=DATE)


def read(raw: bytes) -> EmailMessage:
    """Read a letter as a mail program does."""
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """One of the two texts."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
