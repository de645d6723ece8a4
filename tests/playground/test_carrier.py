"""States of a sent message are told by signed callbacks, in or out of order."""

from __future__ import annotations

import aiohttp
import pytest

from playground.carrier import Receipt, spoken, window_is_closed
from playground.signature import sign
from tests.playground.conftest import Bot, post, send, settled, transcript, write

CALLBACK = "https://bot.example/whatsapp/status?outbox=17#rc=1"
FAULTS = "/playground/twilio/faults"


async def told(client: aiohttp.ClientSession, bot: Bot, count: int = 3) -> list[str]:
    """Send one message and return the states that the callback was told."""
    await write(client, "hi")
    await send(client, StatusCallback=CALLBACK)
    await bot.until(lambda: len(bot.callbacks) == count)
    return [form["MessageStatus"] for form, _, _ in bot.callbacks]


async def test_states_come_one_after_another_and_signed(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Sent, delivered, read; the signature covers the query with our id, not the fragment."""
    assert ["sent", "delivered", "read"] == await told(client, bot)
    for form, url, signature in bot.callbacks:
        public = url.replace(bot.url, "https://bot.example")
        assert "https://bot.example/whatsapp/status?outbox=17" == public
        assert sign(public, form, token="auth-token") == signature
        assert (form["MessageStatus"], "ACtest") == (form["SmsStatus"], form["AccountSid"])
    assert "READ" == bot.callbacks[-1][0]["EventType"]
    assert "read" == (await transcript(client))[-1]["status"]


async def test_states_can_come_in_the_wrong_order(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Shuffled callbacks are told from the last to the first."""
    await post(client, FAULTS, json={"kind": "shuffled_webhooks", "path": "/whatsapp/status"})
    assert ["read", "delivered", "sent"] == await told(client, bot)


async def test_states_can_come_twice_or_never(client: aiohttp.ClientSession, bot: Bot) -> None:
    """One is lost, the next doubled."""
    await post(client, FAULTS, json={"kind": "lost_webhook", "path": "/whatsapp/status"})
    await post(client, FAULTS, json={"kind": "duplicate_webhook", "path": "/whatsapp/status"})
    assert ["delivered", "delivered", "read"] == await told(client, bot)


async def test_without_a_callback_the_phone_still_shows_states(client: aiohttp.ClientSession, bot: Bot) -> None:
    """No address, no call."""
    await write(client, "hi")
    await send(client)
    await settled(client, lambda found: found[-1]["status"] == "read")
    assert [] == bot.callbacks


@pytest.mark.parametrize(
    "receipt,text",
    [
        (Receipt(status=200, text="<Response/>", content_type="text/xml"), ""),
        (Receipt(status=200, text="<Response><Message>Hi</Message></Response>", content_type="text/xml"), "Hi"),
        (Receipt(status=200, text="OK\n", content_type="text/plain"), "OK"),
        (Receipt(status=204), ""),
    ],
)
def test_what_an_answer_makes_twilio_say(receipt: Receipt, text: str) -> None:
    """Plain text and TwiML messages are said, nothing else is."""
    assert text == spoken(receipt)


@pytest.mark.parametrize(
    "receipt,policy,again",
    [
        (Receipt(status=200), "all", False),
        (Receipt(status=503), "all", True),
        (Receipt(status=503), "ct", False),
        (Receipt(status=503), "ct,5xx", True),
        (Receipt(status=403), "5xx", False),
        (Receipt(reason="ct"), "ct", True),
        (Receipt(reason="rt"), "ct", False),
        (Receipt(reason="rt"), "all", True),
    ],
)
def test_what_is_tried_again(receipt: Receipt, policy: str, *, again: bool) -> None:
    """Twilio's retry policy, case by case."""
    assert again is receipt.retried(policy)


@pytest.mark.parametrize("last,closed", [(None, True), (0.0, True), (14_000.0, False)])
def test_the_window_of_24_hours(last: float | None, *, closed: bool) -> None:
    """It is open for 24 hours after the person's last message."""
    assert closed is window_is_closed(last, now=100_000.0)
