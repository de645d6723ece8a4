"""Socket Mode with the vendor's own client: hello, envelopes, acknowledgements, reconnects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from playground.app import standalone
from tests.harness.waiting import until
from tests.playground.conftest import Bot, Json, get, options_for, serving
from tests.playground.slacks import CARD, ROBIN, SAM, SLACK, SUPPORT, act, calls, say, sdk, settled, workspace


@dataclass(slots=True)
class App:
    """An app on a socket: keeps what comes, acknowledges unless it is told to be silent."""

    client: Any  # the vendor's client, whose methods have no types
    heard: list[SocketModeRequest] = field(default_factory=list)
    silent: int = 0
    said: Json | None = None

    async def take(self, _: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Keep an envelope and acknowledge it."""
        self.heard.append(request)
        if self.silent:
            self.silent -= 1
            return
        await self.client.send_socket_mode_response(
            SocketModeResponse(envelope_id=request.envelope_id, payload=self.said)
        )


@pytest.fixture
async def app(client: aiohttp.ClientSession) -> AsyncIterator[App]:
    """An app that has dialled in."""
    made = App(SocketModeClient(app_token="xapp-test", web_client=sdk(client), ping_interval=0.1))
    made.client.socket_mode_request_listeners.append(made.take)
    await made.client.connect()
    await connected(client)
    try:
        yield made
    finally:
        await made.client.disconnect()
        await made.client.close()


async def connected(client: aiohttp.ClientSession) -> None:
    """Wait until a socket is open."""

    async def look() -> bool:
        return bool((await get(client, f"{SLACK}/info"))["sockets"])

    await until(look, "a socket", patience=10)


async def test_events_clicks_and_commands_come_by_socket(client: aiohttp.ClientSession, bot: Bot, app: App) -> None:
    """Nothing is posted while a socket is open; an answer to a command goes in the acknowledgement."""
    card = await sdk(client).chat_postMessage(channel=SUPPORT, text="card", blocks=CARD)
    await say(client, "hi", ROBIN)
    await act(client, "press", user=SAM, ts=card["ts"], action_id="approve")
    app.said = {"text": "Done."}
    await act(client, "command", user=ROBIN, command="/reply", text="x")
    kinds = [(request.type, request.payload["type"]) for request in app.heard if request.type != "slash_commands"]
    assert [("events_api", "event_callback")] * 2 + [("interactive", "block_actions")] == kinds
    assert ("slash_commands", "/reply") == (app.heard[-1].type, app.heard[-1].payload["command"])
    assert [] == bot.slack
    assert "Done." == (await workspace(client))["messages"][-1]["text"]


async def test_an_envelope_without_acknowledgement_comes_again(bot: Bot, tmp_path: Path) -> None:
    """It carries the number of the retry and the reason."""
    options = options_for(tmp_path, bot.url, slack_patience_s=0.1)
    async with serving(standalone(options)) as url, aiohttp.ClientSession(url) as client:
        made = App(SocketModeClient(app_token="xapp-test", web_client=sdk(client)), silent=1)
        made.client.socket_mode_request_listeners.append(made.take)
        await made.client.connect()
        await say(client, "hi")
        await settled(client, lambda news: news["deliveries"][0]["state"] == "delivered")
        assert [(0, ""), (1, "http_timeout")] == [(each.retry_attempt, each.retry_reason) for each in made.heard]
        await made.client.close()


async def test_the_app_dials_in_again(client: aiohttp.ClientSession, app: App) -> None:
    """Slack asks for it and hangs up; the client comes back and hears what is said then."""
    await act(client, "disconnect", reason="refresh_requested")

    async def look() -> bool:
        return len(await calls(client, "apps.connections.open")) > 1

    await until(look, "the app to dial in again", patience=10)
    await connected(client)
    await say(client, "still there?")
    await settled(client, lambda news: news["deliveries"][0]["state"] == "delivered")
    assert "still there?" == app.heard[-1].payload["event"]["text"]


async def test_dialling_in_needs_the_apps_own_token(client: aiohttp.ClientSession) -> None:
    """The bot's token opens no socket, and an address is good once."""
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await sdk(client).apps_connections_open(app_token="xoxb-test")
    address = str((await sdk(client).apps_connections_open(app_token="xapp-test"))["url"])
    async with client.ws_connect(address) as socket:
        hello = await socket.receive_json()
        assert ("hello", 1) == (hello["type"], hello["num_connections"])
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await client.ws_connect(address)
