"""What the mail tests share: the bot's side of SMTP, and customers who write."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import aiohttp

from tests.playground.conftest import Json, get, post

MAIL = "/playground/mail"
SUPPORT, KIM, LEE = "support@acme.example", "kim@example.com", "lee@example.com"
ENVELOPE = "support+bounce-7@acme.example"
REPLY_TO = "support+t7.k1.sig@acme.example"


async def port(client: aiohttp.ClientSession) -> int:
    """Where the customers' mail server listens."""
    return int((await get(client, f"{MAIL}/info"))["smtp"].rpartition(":")[2])


def letter(to: str = KIM, **headers: str) -> EmailMessage:
    """A letter of the bot, with the headers that make threads."""
    message = EmailMessage()
    message["From"] = "Acme Support <support@acme.example>"
    message["To"] = to
    message["Reply-To"] = f"Acme Support <{REPLY_TO}>"
    message["Subject"] = "Refund of 49.00 USD [#7]"
    message["Date"] = "Sat, 28 Nov 2026 13:05:00 +0000"
    message["Message-ID"] = "<o1@acme.example>"
    message["References"] = "<first@example.com>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Dear Kim,\n\nyour refund is on its way.\n\nAcme Support")
    message.add_alternative("<html><body><p>Dear Kim,</p><p>it is <b>on its way</b>.</p></body></html>", subtype="html")
    return message


async def send(client: aiohttp.ClientSession, message: EmailMessage, *to: str, sender: str = ENVELOPE) -> Json:
    """Send as the bot does, with the standard library's client; returns the recipients that were refused."""
    where, whom = await port(client), list(to) or [KIM]

    def deliver() -> Json:
        with smtplib.SMTP("127.0.0.1", where, timeout=5) as smtp:
            return dict(smtp.send_message(message, sender, whom))

    return await asyncio.to_thread(deliver)


async def act(client: aiohttp.ClientSession, name: str, /, **wanted: Any) -> Json:
    """Let a customer or his server do something."""
    status, answer = await post(client, f"{MAIL}/act", json={"act": name, **wanted})
    assert 200 == status, answer
    found: Json = answer
    return found


async def box(client: aiohttp.ClientSession, address: str = KIM) -> list[Json]:
    """The mails of a box."""
    found: list[Json] = await get(client, f"{MAIL}/boxes/{address}")
    return found


async def settled(client: aiohttp.ClientSession, check: Callable[[Json], bool]) -> Json:
    """Follow the changes until the mailboxes are as the test waits for."""
    version = -1
    async with asyncio.timeout(10):
        while True:
            version = (await get(client, f"{MAIL}/events?after={version}&wait=5"))["version"]
            found: Json = await get(client, f"{MAIL}/events")
            if check(found):
                return found
