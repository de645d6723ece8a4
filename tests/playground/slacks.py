"""What the Slack tests share: the vendor's own client, and people who act."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from tests.playground.conftest import Json, get, post

SLACK = "/playground/slack"
TEAM, BOT = "T0ACME0001", "U0BOT00001"
ROBIN, SAM, GUEST, OTHER = "U0ROBIN001", "U0SAM00001", "U0GUEST001", "U0OTHER001"
SUPPORT = "C0SUPPORT1"
CARD: list[Json] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Refund 49.00 USD?"}},
    {
        "type": "actions",
        "block_id": "decision",
        "elements": [
            {
                "type": "button",
                "action_id": "approve",
                "text": {"type": "plain_text", "text": "Approve"},
                "value": "t1",
            },
            {"type": "button", "action_id": "deny", "text": {"type": "plain_text", "text": "Deny"}, "value": "t2"},
        ],
    },
]


def sdk(client: aiohttp.ClientSession, token: str = "xoxb-test") -> AsyncWebClient:
    """The vendor's client, pointed at the playground as `SLACK_API_BASE` points it; it repeats nothing."""
    base = f"{client._base_url}/playground/slack/api"
    return AsyncWebClient(token=token, base_url=base, session=client, retry_handlers=[])


async def act(client: aiohttp.ClientSession, name: str, /, **wanted: Any) -> Json:
    """Let a person do something."""
    status, answer = await post(client, f"{SLACK}/act", json={"act": name, **wanted})
    assert 200 == status, answer
    found: Json = answer
    return found


async def say(client: aiohttp.ClientSession, text: str, user: str = ROBIN, **wanted: Any) -> Json:
    """Let a person write in the support channel; returns the message."""
    found: Json = (await act(client, "write", user=user, text=text, **wanted))["message"]
    return found


async def workspace(client: aiohttp.ClientSession) -> Json:
    """Everything that is in the workspace."""
    found: Json = await get(client, f"{SLACK}/events")
    return found


async def calls(client: aiohttp.ClientSession, method: str) -> list[Json]:
    """Every call of a method."""
    found: list[Json] = await get(client, f"{SLACK}/calls?method={method}")
    return found


async def settled(client: aiohttp.ClientSession, check: Callable[[Json], bool]) -> Json:
    """Follow the changes until the workspace is as the test waits for."""
    version = -1
    async with asyncio.timeout(10):
        while True:
            news = await get(client, f"{SLACK}/events?after={version}&wait=5")
            version = news["version"]
            found = await workspace(client)
            if check(found):
                return found
