"""The preview of a mail for operators: behind the token, a dry run, and never an error for what is in a mail."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.api_mail import PATH, MailPreviews
from channels.mail.mail_tokens import mail_tokens
from channels.mail.reading.mail_mime import BYTES_LIMIT
from tests.channels.mail import mails
from tests.channels.mail.mails import KIM, LEE, OURS, mail

Client = TestClient[web.Request, web.Application]
SETTINGS = mails.mail_settings()
TOKENS = mail_tokens(SETTINGS)
TOKEN = {"Authorization": f"Bearer {SETTINGS.api_token.get_secret_value()}"}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client of the route."""
    previews = MailPreviews(SETTINGS)
    app = web.Application(client_max_size=1_000)
    app.add_routes(previews.routes())
    async with TestClient(TestServer(app)) as found:
        yield found
    await previews.close()


async def preview(client: Client, raw: bytes) -> dict[str, Any]:
    """What is read in a mail."""
    async with client.post(PATH, data=raw, headers=TOKEN) as response:
        assert 200 == response.status
        found: dict[str, Any] = json.loads(await response.read())
        return found


async def test_only_operators_may_ask(client: Client) -> None:
    """Before the body is read."""
    for headers in ({}, {"Authorization": "Bearer x"}):
        async with client.post(PATH, data=mail(), headers=headers) as response:
            assert 401 == response.status


async def test_a_mail_is_read(client: Client) -> None:
    """Its visible text, its thread and its sort, larger than the application's own limit."""
    raw = mail(
        "Thanks!\r\n\r\nOn Monday, Lee wrote:\r\n> " + "x" * 5_000, In_Reply_To="<a@x>", References="<b@x> <a@x>"
    )
    found = await preview(client, raw)
    assert ("Thanks!", "normal") == (found["text"], found["class"])
    assert (["a@x"], ["b@x", "a@x"], True) == tuple(
        found["thread"][name] for name in ("in_reply_to", "references", "reply")
    )


@pytest.mark.parametrize(
    "headers,ticket,signed",
    [
        ({}, None, False),
        ({"Subject": "Re: Invoice [#1042]"}, 1042, False),
        ({"To": TOKENS.reply_address(7, KIM), "Subject": "[#1042]"}, 7, True),
        ({"To": TOKENS.reply_address(7, LEE)}, None, False),
    ],
)
async def test_a_ticket_is_named(client: Client, headers: dict[str, str], ticket: int | None, signed: bool) -> None:
    """By a signed reply address that fits the sender, else by the subject."""
    thread = (await preview(client, mail(**headers)))["thread"]
    assert (ticket, signed) == (thread["ticket"], thread["signed"])


@pytest.mark.parametrize(
    "raw,kind",
    [
        (mail(Auto_Submitted="auto-replied"), "auto"),
        (mail(From=OURS), "auto"),
        (mail(Return_Path="<>"), "bounce"),
        (mails.bounce("<x@y>"), "bounce"),
        (b"", "normal"),
        (b"\x00\xff" * 1_000, "normal"),
    ],
)
async def test_every_sort_is_told(client: Client, raw: bytes, kind: str) -> None:
    """What is no mail at all too."""
    found = await preview(client, raw)
    assert (kind, True) == (found["class"], bool(found["text"]))


async def test_too_much_is_refused(client: Client) -> None:
    """By its announced length, before it is read."""
    headers = {**TOKEN, "Content-Length": str(BYTES_LIMIT + 1)}
    async with client.post(PATH, headers=headers) as response:
        assert 413 == response.status
