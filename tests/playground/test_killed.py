"""A playground process that is killed without warning: what it had answered for is still there, and goes on."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.harness.places import port
from tests.harness.processes import START_S, Process, answers, spawn
from tests.harness.waiting import until
from tests.playground.conftest import Bot
from tests.playground.mails import ENVELOPE, KIM, box, letter
from tests.playground.mails import act as mail_act
from tests.playground.mails import send as send_mail
from tests.playground.mails import settled as mail_settled
from tests.playground.slacks import SUPPORT, calls, say, sdk, settled, workspace

ENVIRONMENT = {
    "API_TOKEN": "api-token",
    "WEB_IDENTITY_SECRET": "identity-secret-of-32-characters",
    "ACME_API_TOKEN": "acme-token",
    "TWILIO_ACCOUNT_SID": "ACtest",
    "TWILIO_AUTH_TOKEN": "auth-token",
    "SLACK_BOT_TOKEN": "xoxb-test",
    "SLACK_SIGNING_SECRET": "signing-secret",
    "EMAIL_ADDRESS": "support@acme.example",
    "EMAIL_INBOUND_TOKEN": "inbound-token",
    "PLAYGROUND_SMTP_PORT": "-1",
}


@asynccontextmanager
async def process(folder: Path, bot: Bot, where: int) -> AsyncIterator[tuple[Process, aiohttp.ClientSession]]:
    """Run `python -m playground`; at the end it is killed."""
    words = ("--port", str(where), "--bot-url", bot.url, "--db", str(folder / "playground.db"))
    one = await spawn((sys.executable, "-m", "playground", *words), ENVIRONMENT, folder / "playground.log")
    url = f"http://127.0.0.1:{where}"
    try:
        async with aiohttp.ClientSession(url) as client:
            await until(lambda: answers(client, f"{url}/playground/info"), "the playground", patience=START_S)
            yield one, client
    finally:
        await one.end()


async def test_a_killed_playground_has_lost_nothing(bot: Bot, tmp_path: Path) -> None:
    """Messages, calls and letters are in the file; what the bot had not taken is brought after the start."""
    where = port()
    async with process(tmp_path, bot, where) as (one, client):
        card = await sdk(client).chat_postMessage(channel=SUPPORT, text="card")
        await bot.until(lambda: len(bot.slack) == 1)
        assert {} == await send_mail(client, letter())
        bot.slack_answers = [web.Response(status=503) for _ in range(9)]
        bot.mail_answers = [web.Response(status=503) for _ in range(9)]
        await say(client, "are you there?")
        await mail_act(client, "compose", box=KIM, subject="hello?", text="x")
        await one.end()
    bot.slack_answers, bot.mail_answers = [], []
    bot.slack.clear()
    bot.mails.clear()
    async with process(tmp_path, bot, where) as (_, client):
        await settled(client, lambda news: news["deliveries"][-1]["state"] == "delivered")
        await mail_settled(client, lambda news: news["deliveries"][-1]["state"] == "delivered")
        assert ["are you there?"] == [heard.event["text"] for heard in bot.slack]
        assert ["hello?"] == [mail.message["Subject"] for mail in bot.mails]
        assert [card["ts"]] == [m["ts"] for m in (await workspace(client))["messages"] if m["text"] == "card"]
        assert 1 == len(await calls(client, "chat.postMessage"))
        assert [ENVELOPE, KIM] == [mail["envelope"]["from"] for mail in await box(client)]
