"""A server with one channel over a small world, and clients that speak to it over loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from channels.base import Channel
from channels.slack.channel import Slack
from channels.web.channel import Web
from channels.whatsapp.channel import WhatsApp
from tests.channels.slack import slack
from tests.channels.web.client import Chat
from tests.channels.world import PUBLIC, World

Client = TestClient[web.Request, web.Application]
Serve = Callable[[Channel], Awaitable[Client]]
Post = Callable[[dict[str, Any]], Awaitable[tuple[int, str]]]


@pytest.fixture
async def world() -> World:
    """An empty world."""
    return World()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve channels; everything is closed at the end."""
    async with AsyncExitStack() as stack:

        async def start(channel: Channel) -> Client:
            app = web.Application()
            app.add_routes(channel.routes())
            await channel.start()
            client = await stack.enter_async_context(TestClient(TestServer(app)))
            stack.push_async_callback(channel.close)
            return client

        yield start


@pytest.fixture
async def chat(world: World, serve: Serve) -> Chat:
    """A web chat that is being served."""
    channel = Web(world.ports())
    return Chat(client=await serve(channel), channel=channel, world=world, origin=PUBLIC)


@pytest.fixture
async def phone(world: World, serve: Serve) -> Client:
    """A client of the WhatsApp webhooks."""
    return await serve(WhatsApp(world.ports()))


@pytest.fixture
async def workspace() -> AsyncIterator[slack.Workspace]:
    """Slack's API, served."""
    made = slack.Workspace()
    async with TestServer(made.app()) as server:
        made.upload_base = str(server.make_url("")).rstrip("/")
        made.base = f"{made.upload_base}/api"
        yield made


@pytest.fixture
async def staff(workspace: slack.Workspace, world: World, serve: Serve) -> Client:
    """A client of the channel's route."""
    world.settings = slack.slack_settings(workspace.base)
    return await serve(Slack(world.ports()))


@pytest.fixture
def post(staff: Client) -> Post:
    """Post a request, and give status and body of the answer."""

    async def send(request: dict[str, Any]) -> tuple[int, str]:
        async with staff.post(slack.PATH, **request) as response:
            return response.status, await response.text()

    return send
