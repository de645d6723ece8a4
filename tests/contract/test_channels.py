"""What every channel holds, whatever it speaks: its protocol, its routes, no answer before the commit.

A channel of staff (`capabilities.staff`) brings their acts instead of customers' messages, and sends to no customer.
"""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from channels import CHANNELS
from channels.base import Capabilities, Channel
from channels.staff import StaffChannel
from state.identity import Address
from state.messages import Outbound, Receipt
from tests.channels.mail import mails, posting
from tests.channels.slack import slack
from tests.channels.whatsapp import twilio
from tests.channels.world import PUBLIC, World, settings

STATES = {"sent", "failed", "retry", "unknown"}


def load(name: str, world: World) -> Channel:
    """A channel by its row in the table."""
    module, _, kind = CHANNELS[name].partition(":")
    channel: Channel = getattr(import_module(module), kind)(world.ports())
    return channel


def client_of(channel: Channel) -> TestClient[web.Request, web.Application]:
    """A client of the channel's routes."""
    app = web.Application()
    app.add_routes(channel.routes())
    return TestClient(TestServer(app))


async def deliver(name: str, client: TestClient[web.Request, web.Application], text: str) -> int:
    """Bring one message in the way its provider does; the status it is answered with."""
    if name == "whatsapp":
        request = twilio.webhook(twilio.fields(Body=text, MessageSid=f"SM{uuid.uuid4().hex}"))
        async with client.post(twilio.WEBHOOK, **request) as response:
            return response.status
    if name == "slack":
        request = slack.signed(orjson.dumps(slack.event(slack.message(f"!reply {text}"))))
        async with client.post(slack.PATH, **request) as response:
            return response.status
    if name == "email":
        async with client.post(posting.URL, **posting.raw(mails.stated(mails.mail(text)))) as response:
            return response.status
    headers = {"Origin": PUBLIC}
    async with client.post("/chat/messages", json={"type": "hello"}, headers=headers) as response:
        if response.status != 200:
            return response.status
        headers["Authorization"] = f"Bearer {(await response.json())['visitor']}"
    frame = {"type": "message", "id": str(uuid.uuid4()), "text": text}
    async with client.post("/chat/messages", json=frame, headers=headers) as response:
        return response.status


@pytest.fixture(params=sorted(CHANNELS))
def name(request: pytest.FixtureRequest) -> str:
    """Each channel in turn."""
    return str(request.param)


@pytest.fixture
async def world(name: str) -> AsyncIterator[World]:
    """An empty world; for Slack with its API, which is asked who somebody is before their acts are taken."""
    if name != "slack":
        yield mails.mail_world() if name == "email" else World()
        return
    async with TestServer(slack.Workspace().app()) as server:
        yield World(settings=slack.slack_settings(str(server.make_url("/api"))))


async def test_it_is_what_the_protocol_says(name: str) -> None:
    """Its name is its row, its capabilities are complete, its methods take what the protocol's take."""
    channel = load(name, World())
    kinds: list[Any] = [Channel, StaffChannel] if channel.capabilities.staff else [Channel]
    assert name == channel.name
    assert isinstance(channel.capabilities, Capabilities)
    assert channel.capabilities.text_limit >= 1_000
    for kind in kinds:
        for method in (name for name, value in vars(kind).items() if inspect.isfunction(value) and name[0] != "_"):
            expected, actual = (inspect.signature(getattr(each, method)) for each in (kind, type(channel)))
            assert list(expected.parameters) == list(actual.parameters)


async def test_it_opens_nothing_before_its_start_and_closes_without_one(name: str) -> None:
    """A process that fails to start can still close what it has."""
    channel = load(name, World())
    assert channel.routes()
    await channel.close()


async def test_a_message_is_committed_before_it_is_acknowledged(name: str, world: World) -> None:
    """What was acknowledged is with the engine, with a sender of this channel and a proof of at least the channel."""
    channel = load(name, world)
    await channel.start()
    async with client_of(channel) as client:
        assert 200 == await deliver(name, client, "check invoice 18492")
    await channel.close()
    if channel.capabilities.staff:
        (act,) = world.acts
        assert (name, "check invoice 18492", []) == (act.channel, act.text, world.inbound)
        assert (True, True, True) == (bool(act.provider_id), bool(act.account), bool(act.staff))
        return
    (message,) = world.inbound
    assert (name, name, "check invoice 18492") == (message.channel, message.sender.channel, message.text)
    assert (True, True) == (bool(message.provider_id), bool(message.account))
    assert "channel" == message.assurance


@pytest.mark.parametrize("how", ["failing", "draining"])
async def test_what_is_not_committed_is_not_acknowledged(name: str, world: World, how: str) -> None:
    """Without a database, and while going down, the answer is 503."""
    channel = load(name, world)
    await channel.start()
    async with client_of(channel) as client:
        world.failing, world.ready = how == "failing", how != "draining"
        assert 503 == await deliver(name, client, "hi")
    await channel.close()
    assert ([], []) == (world.inbound, world.acts)


async def test_a_provider_that_is_away_is_a_receipt(name: str, free_port: int) -> None:
    """Sending raises nothing, whatever the other side does."""
    channel = load(name, World(settings=settings(TWILIO_API_BASE=f"http://127.0.0.1:{free_port}")))
    await channel.start()
    to = Address(channel=name, address="+15550101001")
    outbound = Outbound(id="o-1", session_id="s1", seq=2, part=1, channel=name, to=to, text="hi")
    for attempt in (1, 2):
        receipt = await channel.send(_again(outbound, attempt))
        assert isinstance(receipt, Receipt)
        assert ("o-1", True) == (receipt.outbox_id, receipt.state in STATES)
        assert (receipt.state == "sent") == channel.capabilities.pull
    await channel.typing(to, "in-1")
    await channel.close()


async def test_junk_is_never_a_500(name: str) -> None:
    """On every route, by every method, with bodies of all kinds."""
    world = World()
    channel = load(name, world)
    await channel.start()
    async with client_of(channel) as client:
        for route in channel.routes():
            assert isinstance(route, web.RouteDef)
            for body in (b"", b"\x00\xff", b"{", b"[" * 5_000, b"a=%zz&&=", b"x" * 300_000):
                for kind in ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "x"):
                    headers = {"Origin": PUBLIC, "Content-Type": kind}
                    async with client.request(route.method, route.path, data=body, headers=headers) as response:
                        assert response.status < 500
    await channel.close()
    assert [] == world.inbound


async def test_closing_takes_little_time(name: str) -> None:
    """At most two seconds and a half, with nobody connected."""
    channel = load(name, World())
    await channel.start()
    async with asyncio.timeout(2.5):
        await channel.close()


def _again(outbound: Outbound, attempt: int) -> Outbound:
    changes: dict[str, Any] = {"attempt": attempt, "first_attempt_at": 1}
    kept = {field: getattr(outbound, field) for field in outbound.__dataclass_fields__}
    return Outbound(**{**kept, **changes})
