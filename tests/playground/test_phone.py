"""A phone's messages reach the webhook signed, complete and as often as Twilio would send them."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from playground.signature import sign
from tests.playground.conftest import KIM, KIMS_PHONE, Bot, get, post, settled, transcript, write

WEBHOOK = "https://bot.example/whatsapp/webhook"
ALWAYS = {
    "MessageSid", "SmsSid", "SmsMessageSid", "AccountSid", "From", "To", "Body", "NumMedia", "NumSegments",
    "ApiVersion", "SmsStatus", "ProfileName", "WaId", "MessageType", "ChannelMetadata", "ReferralNumMedia",
}  # fmt: skip


async def test_a_text_reaches_the_webhook_with_every_field(client: aiohttp.ClientSession, bot: Bot) -> None:
    """The form has Twilio's fields and a signature over the public address, not over where it was sent."""
    bubble = await write(client, "Hi é 👋 ")
    form, signature = bot.webhooks[0]
    assert set(form) >= ALWAYS
    assert sign(WEBHOOK, form, token="auth-token") == signature
    assert (f"whatsapp:{KIM}", "whatsapp:+15550100000") == (form["From"], form["To"])
    assert ("Hi é 👋 ", "15550101001", "Kim Berger", "text") == tuple(
        form[name] for name in ("Body", "WaId", "ProfileName", "MessageType")
    )
    assert bubble["sid"] == form["MessageSid"]
    assert ("delivered", 200) == (bubble["webhook"]["state"], bubble["webhook"]["status"])


async def test_a_user_without_a_number(client: aiohttp.ClientSession, bot: Bot) -> None:
    """A business-scoped id comes without `WaId`, and can be answered."""
    await write(client, "hi", phone="US.13491208655302741918")
    form, _ = bot.webhooks[0]
    assert "whatsapp:US.13491208655302741918" == form["From"]
    assert "WaId" not in form


async def test_a_button_and_an_attachment(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Buttons and media have their own fields; fields Twilio may invent can be added."""
    await post(client, f"{KIMS_PHONE}/messages", json={"button": {"text": "Yes", "payload": "tok"}})
    await post(client, f"{KIMS_PHONE}/messages", json={"media": ["image/jpeg"], "extra": {"NewField": ""}})
    button, media = (form for form, _ in bot.webhooks)
    assert ("button", "Yes", "tok", "Yes") == tuple(
        button[name] for name in ("MessageType", "ButtonText", "ButtonPayload", "Body")
    )
    assert ("1", "image", "image/jpeg", "", "") == tuple(
        media[name] for name in ("NumMedia", "MessageType", "MediaContentType0", "Body", "NewField")
    )
    assert media["MessageSid"].startswith("MM")
    assert media["MediaUrl0"].startswith("https://bot.example/playground/twilio/2010-04-01/Accounts/ACtest/")


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "x" * 4097}, {"media": [{}]}])
async def test_nothing_to_send_is_refused(client: aiohttp.ClientSession, body: dict[str, str]) -> None:
    """A message without content is 400."""
    assert 400 == (await post(client, f"{KIMS_PHONE}/messages", json=body))[0]


async def test_a_failed_webhook_is_tried_again(client: aiohttp.ClientSession, bot: Bot) -> None:
    """With the documented `rc=3&rp=all` a 500 is repeated: the same form, the same signature."""
    bot.answers.append(web.Response(status=500))
    bubble = await write(client, "hi")
    assert ("retrying", 500) == (bubble["webhook"]["state"], bubble["webhook"]["status"])
    await settled(client, lambda found: found[0]["webhook"]["state"] == "delivered")
    assert 2 == len(bot.webhooks)
    assert bot.webhooks[0] == bot.webhooks[1]


async def test_a_replay_is_exact(client: aiohttp.ClientSession, bot: Bot) -> None:
    """An old webhook can be sent again, signature and all; another phone's cannot."""
    sid = (await write(client, "hi"))["sid"]
    status, answer = await post(client, f"{KIMS_PHONE}/replay", json={"sid": sid})
    assert (200, 200) == (status, answer["status"])
    assert bot.webhooks[0] == bot.webhooks[1]
    assert 1 == len(await transcript(client))
    assert 404 == (await post(client, "/playground/phone/+15550101002/replay", json={"sid": sid}))[0]


async def test_duplicate_delivery(client: aiohttp.ClientSession, bot: Bot) -> None:
    """One message, two webhooks, one bubble."""
    await post(client, "/playground/twilio/faults", json={"kind": "duplicate_webhook", "path": "/whatsapp/webhook"})
    await write(client, "hi")
    assert 2 == len(bot.webhooks)
    assert 1 == len(await transcript(client))


async def test_shuffled_delivery(client: aiohttp.ClientSession, bot: Bot) -> None:
    """The first message arrives after the second."""
    await post(client, "/playground/twilio/faults", json={"kind": "shuffled_webhooks", "path": "/whatsapp/webhook"})
    assert "held" == (await write(client, "first"))["webhook"]["state"]
    await write(client, "second")
    await bot.until(lambda: len(bot.webhooks) == 2)
    assert ["second", "first"] == [form["Body"] for form, _ in bot.webhooks]


async def test_a_lost_webhook_stays_with_twilio(client: aiohttp.ClientSession, bot: Bot) -> None:
    """The bot hears nothing, the phone and the list still have the message, and it can be sent again."""
    await post(client, "/playground/twilio/faults", json={"kind": "lost_webhook"})
    bubble = await write(client, "hi")
    assert ("failed", []) == (bubble["webhook"]["state"], bot.webhooks)
    status, again = await post(client, f"{KIMS_PHONE}/again", json={"sid": bubble["sid"]})
    assert (200, "delivered", 1) == (status, again["webhook"]["state"], len(bot.webhooks))


async def test_plain_text_in_the_answer_is_said_to_the_customer(client: aiohttp.ClientSession, bot: Bot) -> None:
    """A webhook that answers "OK" sends "OK", as at Twilio; empty TwiML says nothing."""
    bot.answers += [web.Response(text="OK"), web.Response(text="<Response/>", content_type="text/xml")]
    await write(client, "hi")
    await write(client, "again")
    found = await settled(client, lambda messages: len(messages) == 3)
    assert ["OK"] == [message["body"] for message in found if message["direction"] == "outbound"]


async def test_events_wait_for_news(client: aiohttp.ClientSession) -> None:
    """A long poll ends with the change it waited for, and shows only what changed."""
    await write(client, "one")
    version = (await get(client, f"{KIMS_PHONE}/events"))["version"]
    waiting = asyncio.create_task(get(client, f"{KIMS_PHONE}/events?after={version}&wait=10"))
    await post(client, f"{KIMS_PHONE}/messages?wait=0", json={"text": "two"})
    assert ["two"] == [message["body"] for message in (await waiting)["messages"]]


async def test_the_transcript_is_in_order(client: aiohttp.ClientSession) -> None:
    """Numbers rise, and both directions are there."""
    for text in ("one", "two", "three"):
        await write(client, text)
    found = await transcript(client)
    assert [("inbound", "one"), ("inbound", "two"), ("inbound", "three")] == [
        (m["direction"], m["body"]) for m in found
    ]
    assert sorted(m["n"] for m in found) == [m["n"] for m in found]
