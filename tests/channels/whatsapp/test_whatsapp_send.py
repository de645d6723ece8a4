"""Sending by the Messages API over real HTTP: what each answer means, and that nothing is sent twice."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.whatsapp import channel as whatsapp
from channels.whatsapp.channel import WhatsApp
from state.identity import Address
from state.messages import Choice, Outbound
from tests.channels.whatsapp.twilio import Provider
from tests.channels.world import ACCOUNT, FROM, PUBLIC, TOKEN, World, settings

KIM = Address(channel="whatsapp", address="+15550101001")
Open = Callable[[], Awaitable[WhatsApp]]


def reply(**changes: Any) -> Outbound:
    """A reply on its way."""
    usual = {
        "id": "o-1",
        "session_id": "s1",
        "seq": 4,
        "part": 1,
        "channel": "whatsapp",
        "to": KIM,
        "text": "Invoice 18492 is **paid**.",
        "first_attempt_at": round(time.time() * 1000),
    }
    return Outbound(**{**usual, **changes})


@pytest.fixture
async def provider() -> Provider:
    """Twilio's API."""
    return Provider()


@pytest.fixture
async def channel(provider: Provider, world: World) -> Any:  # noqa: ANN401
    """The channel, pointed at the API."""
    async with TestServer(provider.app()) as server:
        world.settings = settings(TWILIO_API_BASE=str(server.make_url("")).rstrip("/"))
        made = WhatsApp(world.ports())
        await made.start()
        yield made
        await made.close()


async def test_a_reply_is_posted_once_with_our_id_in_the_callback(channel: WhatsApp, provider: Provider) -> None:
    """Signed in as the account, in WhatsApp's own markup; the answer's id is the receipt."""
    receipt = await channel.send(reply())
    assert ("o-1", "sent", provider.messages[0]["sid"]) == (receipt.outbox_id, receipt.state, receipt.provider_id)
    (form,) = provider.posts
    assert form == {
        "To": "whatsapp:+15550101001",
        "From": FROM,
        "Body": "Invoice 18492 is *paid*.",
        "StatusCallback": f"{PUBLIC}/whatsapp/status?outbox=o-1",
    }
    assert f"Basic {base64.b64encode(f'{ACCOUNT}:{TOKEN}'.encode()).decode()}" == provider.authorization
    assert [] == provider.lists


async def test_choices_become_numbered_text(channel: WhatsApp, provider: Provider) -> None:
    """There are no buttons without a template."""
    choices = (Choice(label="Yes, refund 49.00 USD", value="t1"), Choice(label="No", value="t2"))
    await channel.send(reply(text="Refund it?", choices=choices))
    assert "Refund it?\n\nReply 1 or 2:\n1. Yes, refund 49.00 USD\n2. No" == provider.posts[0]["Body"]


async def test_a_messaging_service_replaces_the_sender(provider: Provider, world: World) -> None:
    """When the setting names one."""
    async with TestServer(provider.app()) as server:
        base = str(server.make_url("")).rstrip("/")
        world.settings = settings(TWILIO_API_BASE=base, TWILIO_WHATSAPP_FROM="MG0123")
        made = WhatsApp(world.ports())
        await made.start()
        assert "sent" == (await made.send(reply())).state
        await made.close()
    assert ("MG0123", False) == (provider.posts[0]["MessagingServiceSid"], "From" in provider.posts[0])


Answer = tuple[int, dict[str, Any], dict[str, str], tuple[str, str, float | None]]
ANSWERS: list[Answer] = [
    (429, {"code": 20429}, {"Retry-After": "7"}, ("retry", "throttled", 7.0)),
    (429, {}, {}, ("retry", "throttled", 1.0)),
    (429, {"code": 63038}, {}, ("retry", "throttled", 900.0)),
    (400, {"code": 63017}, {}, ("retry", "twilio_63017", 60.0)),
    (401, {"code": 20003}, {}, ("retry", "authentication", 60.0)),
    (403, {}, {}, ("retry", "authentication", 60.0)),
    (400, {"code": 63007}, {}, ("retry", "sender", 60.0)),
    (400, {"code": 21211}, {}, ("failed", "bad_address", None)),
    (400, {"code": 21610}, {}, ("failed", "opted_out", None)),
    (400, {"code": 21617}, {}, ("failed", "too_long", None)),
    (400, {"code": 63016}, {}, ("failed", "window", None)),
    (400, {"code": 63003}, {}, ("failed", "unreachable", None)),
    (400, {"code": 99999}, {}, ("failed", "twilio_99999", None)),
    (400, {"code": "odd"}, {}, ("failed", "http_400", None)),
    (404, {}, {}, ("failed", "http_404", None)),
    (500, {"code": 20500}, {}, ("unknown", "http_500", None)),
    (503, {}, {}, ("unknown", "http_503", None)),
    (201, {}, {}, ("unknown", "answer_without_id", None)),
    (201, {"sid": "SM5", "status": "failed", "error_code": 63024}, {}, ("failed", "unreachable", None)),
    (302, {}, {"Location": "https://evil.example"}, ("failed", "http_302", None)),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: f"{answer[0]}-{answer[1].get('code')}")
async def test_every_answer_has_its_meaning(channel: WhatsApp, provider: Provider, answer: Answer) -> None:
    """Sent, to be tried again, never, or unknown; one request each, never repeated by the client."""
    status, body, headers, expected = answer
    provider.answers = [(status, body, headers)]
    receipt = await channel.send(reply())
    assert expected == (receipt.state, receipt.reason, receipt.after)
    assert 1 == len(provider.posts)


async def test_a_refused_connection_may_be_tried_again(world: World, free_port: int) -> None:
    """No byte has left."""
    world.settings = settings(TWILIO_API_BASE=f"http://127.0.0.1:{free_port}")
    made = WhatsApp(world.ports())
    await made.start()
    receipt = await made.send(reply())
    await made.close()
    assert ("retry", "unreachable: ClientConnectorError") == (receipt.state, receipt.reason)


@pytest.mark.parametrize("how", ["hang", "drop"])
async def test_a_lost_answer_is_unknown(
    channel: WhatsApp, provider: Provider, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider may have taken it, so it is neither sent nor to be sent again."""
    monkeypatch.setattr(whatsapp, "TOTAL_S", 0.2)
    setattr(provider, how, True)
    assert "unknown" == (await channel.send(reply())).state
    assert 1 == len(provider.posts)


# --- reconciling


async def test_a_second_attempt_finds_the_first_and_sends_nothing(channel: WhatsApp, provider: Provider) -> None:
    """The same words to the same person since the first attempt are that attempt."""
    made = provider.add("Invoice 18492 is *paid*.")
    receipt = await channel.send(reply(attempt=2))
    assert ("sent", made["sid"], []) == (receipt.state, receipt.provider_id, provider.posts)
    assert {"To": "whatsapp:+15550101001", "From": FROM, "PageSize": "50"} == provider.lists[0]


async def test_a_second_attempt_that_finds_nothing_sends(channel: WhatsApp, provider: Provider) -> None:
    """Other words, another person, an inbound echo and an older message are not it."""
    provider.add("Something else.")
    provider.add("Invoice 18492 is *paid*.", to="whatsapp:+15550101002")
    provider.add("Invoice 18492 is *paid*.", direction="inbound")
    provider.add("Invoice 18492 is *paid*.", age_s=600)
    assert "sent" == (await channel.send(reply(attempt=2))).state
    assert 1 == len(provider.posts)


TEMPLATE = {"sid": "HX0123456789abcdef0123456789abcdef", "variables": {"1": "1042", "2": "Your refund is made."}}


async def test_a_template_goes_without_any_text_beside_it(channel: WhatsApp, provider: Provider) -> None:
    """By its id and its variables; Twilio refuses words beside them."""
    assert "sent" == (await channel.send(reply(template=TEMPLATE, text="whatever is shown"))).state
    (form,) = provider.posts
    assert "Body" not in form
    assert TEMPLATE["sid"] == form["ContentSid"]
    assert TEMPLATE["variables"] == json.loads(form["ContentVariables"])


async def test_a_template_is_found_again_by_what_stands_in_its_places(channel: WhatsApp, provider: Provider) -> None:
    """A second attempt finds the first; the same template with other words is another message."""
    other = {**TEMPLATE, "variables": {"1": "1043", "2": "Your refund is made."}}
    await channel.send(reply(template=other))
    assert "sent" == (await channel.send(reply(template=TEMPLATE, attempt=2))).state
    assert 2 == len(provider.posts)
    receipt = await channel.send(reply(template=TEMPLATE, attempt=2))
    assert provider.messages[0]["sid"] == receipt.provider_id
    assert 2 == len(provider.posts)


async def test_a_message_of_another_reply_is_not_taken_for_this_one(
    channel: WhatsApp, provider: Provider, world: World
) -> None:
    """The same words twice are two replies: the one that has a receipt is out of the question."""
    earlier = provider.add("Invoice 18492 is *paid*.")
    world.sids = {earlier["sid"]}
    assert "sent" == (await channel.send(reply(attempt=2))).state
    assert 1 == len(provider.posts)


async def test_what_failed_there_is_reported_not_repeated(channel: WhatsApp, provider: Provider) -> None:
    """A first attempt that Twilio took and could not deliver is a failure with its reason."""
    provider.add("Invoice 18492 is *paid*.", status="undelivered", error_code=63016)
    receipt = await channel.send(reply(attempt=2))
    assert ("failed", "window", []) == (receipt.state, receipt.reason, provider.posts)


async def test_the_search_turns_pages(channel: WhatsApp, provider: Provider) -> None:
    """A busy conversation hides nothing."""
    provider.page_size = 2
    made = provider.add("Invoice 18492 is *paid*.")
    for number in range(5):
        provider.add(f"later {number}")
    receipt = await channel.send(reply(attempt=2))
    assert ("sent", made["sid"], 3) == (receipt.state, receipt.provider_id, len(provider.lists))


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_when_the_list_cannot_be_read_nothing_is_sent(channel: WhatsApp, provider: Provider, status: int) -> None:
    """It stays unknown."""
    provider.list_status = status
    receipt = await channel.send(reply(attempt=2))
    assert ("unknown", "reconcile_failed", []) == (receipt.state, receipt.reason, provider.posts)


async def test_a_lost_answer_then_a_second_attempt_leaves_one_message(
    channel: WhatsApp, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: accepted, answer lost, reconciled."""
    monkeypatch.setattr(whatsapp, "TOTAL_S", 0.2)
    provider.hang = True
    first = reply()
    assert "unknown" == (await channel.send(first)).state
    assert "sent" == (await channel.send(reply(attempt=2, first_attempt_at=first.first_attempt_at))).state
    assert 1 == len(provider.messages)


# --- typing


async def test_typing_goes_to_the_real_service_and_its_emulator_only(channel: WhatsApp, provider: Provider) -> None:
    """A bare fake of the Messages API is not asked for what it cannot do."""
    await channel.typing(KIM, "SM1")
    assert [] == provider.typings


async def test_the_emulator_shows_typing(provider: Provider, tmp_path: Any) -> None:  # noqa: ANN401
    """By the id of the message that is being answered."""
    app = web.Application()
    app.add_subapp("/playground/twilio/", provider.app())
    async with TestServer(app) as server:
        playground = settings_of_the_playground(server.port or 0, tmp_path)
        made = WhatsApp(World(settings=playground).ports())
        await made.start()
        await made.typing(KIM, "SM1")
        await made.close()
    assert [{"messageId": "SM1", "channel": "whatsapp"}] == provider.typings


async def test_typing_that_fails_is_nobodys_business(world: World, tmp_path: Any, free_port: int) -> None:  # noqa: ANN401
    """It raises nothing."""
    made = WhatsApp(World(settings=settings_of_the_playground(free_port, tmp_path)).ports())
    await made.start()
    await made.typing(KIM, "SM1")
    await made.close()


def settings_of_the_playground(port: int, root: Any) -> Any:  # noqa: ANN401
    """Settings in which the playground stands in for Twilio."""
    from config.settings import Settings

    return Settings.load({"PLAYGROUND": "1", "PORT": str(port)}, root=root)
