"""A playground on a free port, a client for it, and a stand-in for the bot that records what it is sent."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from aiohttp import web

from playground.app import standalone
from playground.options import Options

Value = Any  # JSON as it came: a test looks into it, or fails
Json = dict[str, Value]
Script = Callable[[web.Request], Awaitable[web.StreamResponse]]
ACME = {"Authorization": "Bearer acme-token"}
TWILIO = {"Authorization": aiohttp.encode_basic_auth("ACtest", "auth-token")}
MESSAGES = "/playground/twilio/2010-04-01/Accounts/ACtest/Messages.json"
KIM = "+15550101001"
KIMS_PHONE = f"/playground/phone/{KIM}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One request of Slack, as it came over the wire."""

    body: bytes
    headers: dict[str, str]

    @property
    def event(self) -> Json:
        """The inner event."""
        found: Json = json.loads(self.body)["event"]
        return found

    @property
    def form(self) -> Json:
        """The fields of a command."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def payload(self) -> Json:
        """What a click or modal says."""
        found: Json = json.loads(self.form["payload"])
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One mail, as it was brought to the bot."""

    raw: bytes
    token: str
    type: str

    @property
    def message(self) -> EmailMessage:
        """The mail, read."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)


@dataclass(slots=True, kw_only=True)
class Bot:
    """The bot's side of the wire: keeps what came, answers as the test wants."""

    url: str = ""
    webhooks: list[tuple[Json, str]] = field(default_factory=list)
    callbacks: list[tuple[Json, str, str]] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    api: dict[str, Json] = field(default_factory=dict)
    waits: list[str] = field(default_factory=list)  # how long events were waited for, each time
    slack: list[Heard] = field(default_factory=list)
    slack_answers: list[web.StreamResponse] = field(default_factory=list)
    mails: list[Posted] = field(default_factory=list)
    mail_answers: list[web.StreamResponse] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, check: Callable[[], bool]) -> None:
        """Wait until the stand-in has seen what the test waits for."""
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(check)

    async def webhook(self, request: web.Request) -> web.StreamResponse:
        """Keep a message."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        await self._keep(lambda: self.webhooks.append((form, request.headers["X-Twilio-Signature"])))
        return self.answers.pop(0) if self.answers else web.Response(text="<Response/>", content_type="text/xml")

    async def status(self, request: web.Request) -> web.Response:
        """Keep the state of a message."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        url = f"{self.url}{request.path_qs}"
        await self._keep(lambda: self.callbacks.append((form, url, request.headers["X-Twilio-Signature"])))
        return web.Response()

    async def slack_events(self, request: web.Request) -> web.StreamResponse:
        """Keep what Slack sends, byte for byte."""
        body, headers = await request.read(), dict(request.headers)
        await self._keep(lambda: self.slack.append(Heard(body=body, headers=headers)))
        return self.slack_answers.pop(0) if self.slack_answers else web.Response()

    async def inbound(self, request: web.Request) -> web.StreamResponse:
        """Keep a mail as it comes."""
        found = Posted(
            raw=await request.read(), token=request.headers.get("Authorization", ""), type=request.content_type
        )
        await self._keep(lambda: self.mails.append(found))
        return self.mail_answers.pop(0) if self.mail_answers else web.Response()

    async def operators(self, request: web.Request) -> web.Response:
        """Answer the operators' API from the test's table."""
        if request.headers.get("Authorization") != "Bearer api-token":
            return web.json_response({"error": "token"}, status=401)
        if "wait" in request.query:
            self.waits.append(request.query["wait"])
        key = request.query.get("identity") or request.path
        return web.json_response(self.api.get(key, {"users": []}))

    async def _keep(self, keep: Callable[[], None]) -> None:
        async with self.news:
            keep()
            self.news.notify_all()

    def application(self) -> web.Application:
        """Build the routes that the bot has, as far as the playground calls them."""
        app = web.Application()
        app.router.add_post("/whatsapp/webhook", self.webhook)
        app.router.add_post("/whatsapp/status", self.status)
        app.router.add_post("/slack/events", self.slack_events)
        app.router.add_post("/email/inbound", self.inbound)
        app.router.add_get("/api/v1/{rest:.*}", self.operators)
        return app


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """Serve an application on a free port for as long as the context lasts."""
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def options_for(folder: Path, bot_url: str, **changes: Value) -> Options:
    """Build options with throw-away secrets."""
    values: Json = {
        "db": folder / "playground.db",
        "bot_url": bot_url,
        "public_url": "https://bot.example",
        "api_token": "api-token",
        "web_identity_secret": "identity-secret-of-32-characters,older-secret",
        "acme_api_token": "acme-token",
        "twilio_account_sid": "ACtest",
        "twilio_auth_token": "auth-token,older-token",
        "pace_ms": 1,
        "slack_bot_token": "xoxb-test",
        "slack_signing_secret": "signing-secret",
        "slack_app_token": "xapp-test",
        "slack_retries_s": (0.01, 0.01, 0.01),
        "email_address": "support@acme.example",
        "email_inbound_token": "inbound-token",
        "smtp_port": -1,
        "mail_retries_s": (0.01, 0.01),
    }
    return Options(**{**values, **changes})


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    """The stand-in for the bot, listening."""
    stand_in = Bot()
    async with serving(stand_in.application()) as stand_in.url:
        yield stand_in


@pytest.fixture
async def client(bot: Bot, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a playground that was started afresh."""
    async with serving(standalone(options_for(tmp_path, bot.url))) as url, aiohttp.ClientSession(url) as session:
        yield session


async def get(client: aiohttp.ClientSession, path: str, **options: Value) -> Value:
    """GET and return the JSON, whatever the status."""
    async with client.get(path, **options) as response:
        return await response.json()


async def post(client: aiohttp.ClientSession, path: str, **options: Value) -> tuple[int, Value]:
    """POST and return the status and the JSON."""
    async with client.post(path, **options) as response:
        return response.status, await response.json()


async def write(client: aiohttp.ClientSession, text: str, phone: str = KIM) -> Json:
    """Let a phone write; returns its bubble after the first call of the webhook."""
    status, bubble = await post(client, f"/playground/phone/{phone}/messages", json={"text": text})
    assert 201 == status
    found: Json = bubble
    return found


async def send(client: aiohttp.ClientSession, **fields: str) -> tuple[int, Value]:
    """Let the bot send a WhatsApp message through the pretended Twilio."""
    form = {"To": f"whatsapp:{KIM}", "From": "whatsapp:+15550100000", "Body": "hello", **fields}
    return await post(client, MESSAGES, data=form, headers=TWILIO)


async def transcript(client: aiohttp.ClientSession, phone: str = KIM) -> list[Json]:
    """Read a phone's whole conversation."""
    found: list[Json] = await get(client, f"/playground/phone/{phone}/transcript")
    return found


async def settled(client: aiohttp.ClientSession, check: Callable[[list[Json]], bool], phone: str = KIM) -> list[Json]:
    """Follow a phone's changes until its conversation is as the test waits for."""
    version = -1
    async with asyncio.timeout(10):
        while True:
            news = await get(client, f"/playground/phone/{phone}/events?after={version}&wait=5")
            version = news["version"]
            found = await transcript(client, phone)
            if check(found):
                return found
