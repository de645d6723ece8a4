"""The pretended Twilio takes, refuses and lists messages as the real one does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from tests.playground.conftest import (
    KIM,
    MESSAGES,
    TWILIO,
    Bot,
    Json,
    get,
    post,
    send,
    settled,
    transcript,
    write,
)

FAULTS = "/playground/twilio/faults"


async def test_a_message_is_created_as_twilio_answers(client: aiohttp.ClientSession) -> None:
    """201 with the resource: queued, our address and theirs, dates in RFC 2822."""
    await write(client, "hi")
    status, made = await send(client, Body="Hi é 👋 ")
    assert (201, "queued", "outbound-api", None) == (status, made["status"], made["direction"], made["error_code"])
    assert ("whatsapp:+15550100000", f"whatsapp:{KIM}", "Hi é 👋 ") == (made["from"], made["to"], made["body"])
    assert made["sid"].startswith("SM")
    assert len(made["sid"]) == 34
    assert made["date_created"].endswith(" +0000")
    assert made["uri"] == f"/2010-04-01/Accounts/ACtest/Messages/{made['sid']}.json"


@pytest.mark.parametrize(
    "fields,status,code",
    [
        ({"To": "whatsapp:12"}, 400, 21211),
        ({"To": KIM}, 400, 21211),
        ({"To": ""}, 400, 21604),
        ({"Body": " "}, 400, 21619),
        ({"Body": "x" * 1601}, 400, 21617),
        ({"From": "whatsapp:+15550100009"}, 400, 63007),
        ({"ContentSid": "HX1", "ContentVariables": "{"}, 400, 21656),
    ],
)
async def test_wrong_messages_have_twilios_codes(
    client: aiohttp.ClientSession, fields: dict[str, str], status: int, code: int
) -> None:
    """An error has code, message, more_info and status, and shows nothing on the phone."""
    got, error = await send(client, **fields)
    assert (status, code, status) == (got, error["code"], error["status"])
    assert error["more_info"].endswith(str(code))
    assert [] == await transcript(client)


@pytest.mark.parametrize("user,password", [("ACtest", "wrong"), ("ACother", "auth-token")])
async def test_a_wrong_password_is_20003(client: aiohttp.ClientSession, user: str, password: str) -> None:
    """Basic authentication with the account and its token is needed."""
    wrong = {"Authorization": aiohttp.encode_basic_auth(user, password)}
    status, error = await post(client, MESSAGES, data={}, headers=wrong)
    assert (401, 20003) == (status, error["code"])


async def test_every_token_of_the_list_is_taken(client: aiohttp.ClientSession) -> None:
    """While tokens are rotated the older one still opens."""
    older = {"Authorization": aiohttp.encode_basic_auth("ACtest", "older-token")}
    async with client.get(MESSAGES, headers=older) as response:
        assert 200 == response.status


async def test_the_longest_body_passes(client: aiohttp.ClientSession) -> None:
    """1,600 characters are allowed."""
    await write(client, "hi")
    assert 201 == (await send(client, Body="x" * 1600))[0]


async def test_outside_the_window_the_failure_comes_later(client: aiohttp.ClientSession, bot: Bot) -> None:
    """To someone who has not written, free text gets a 201 without an error, then fails with 63016."""
    status, made = await send(client, StatusCallback="https://bot.example/whatsapp/status")
    assert (201, "queued", None) == (status, made["status"], made["error_code"])
    await bot.until(lambda: bool(bot.callbacks))
    form, _, _ = bot.callbacks[0]
    assert ("failed", "63016") == (form["MessageStatus"], form["ErrorCode"])
    assert [("failed", 63016)] == [(m["status"], m["error_code"]) for m in await transcript(client)]


async def test_a_template_passes_outside_the_window(client: aiohttp.ClientSession) -> None:
    """A registered template is filled and shows its buttons."""
    template = {"sid": "HX1", "body": "Refund {{1}}?", "buttons": [{"title": "Yes, {{1}}", "id": "{{2}}"}]}
    assert 201 == (await post(client, "/playground/twilio/templates", json=template))[0]
    variables = '{"1": "49.00 USD", "2": "tok"}'
    assert 201 == (await send(client, Body="", ContentSid="HX1", ContentVariables=variables))[0]
    (bubble,) = await settled(client, lambda found: found[-1]["status"] == "read")
    assert ("Refund 49.00 USD?", [{"title": "Yes, 49.00 USD", "id": "tok"}]) == (bubble["body"], bubble["buttons"])


async def test_who_opted_out_gets_nothing(client: aiohttp.ClientSession) -> None:
    """21610 until the person takes messages again."""
    await write(client, "hi")
    await post(client, f"/playground/phone/{KIM}/optout", json={})
    assert 21610 == (await send(client))[1]["code"]
    await post(client, f"/playground/phone/{KIM}/optout", json={"opted_out": False})
    assert 201 == (await send(client))[0]


async def test_messages_are_listed_newest_first_and_filtered(client: aiohttp.ClientSession) -> None:
    """`To`, `From`, `DateSent>`, `DateSent<` and pages narrow the list."""
    await write(client, "one")
    await write(client, "other", phone="+15550101002")
    await send(client, Body="two")

    async def bodies(**query: str) -> list[str]:
        found = await get(client, MESSAGES, params=query, headers=TWILIO)
        return [message["body"] for message in found["messages"]]

    now = datetime.now(UTC)
    soon, before = (now + timedelta(hours=1)).isoformat(), (now - timedelta(hours=1)).isoformat()
    assert ["two", "other", "one"] == await bodies()
    assert ["two"] == await bodies(To=f"whatsapp:{KIM}")
    assert ["one"] == await bodies(From=f"whatsapp:{KIM}")
    assert ["other", "one"] == await bodies(To="whatsapp:+15550100000")
    assert ["two", "other", "one"] == await bodies(**{"DateSent>": before, "DateSent<": soon})
    assert [] == await bodies(**{"DateSent>": soon})
    assert ["two", "other", "one"] == await bodies(DateSent=now.date().isoformat())


async def test_pages_of_the_list_follow_their_links(client: aiohttp.ClientSession) -> None:
    """`next_page_uri`, put behind the base address, leads on until it is null."""
    for text in ("one", "two", "three"):
        await write(client, text)
    base, seen, link = "/playground/twilio", [], "/2010-04-01/Accounts/ACtest/Messages.json?PageSize=2"
    while link:
        page = await get(client, base + link, headers=TWILIO)
        seen += [message["body"] for message in page["messages"]]
        link = page["next_page_uri"]
    assert ["three", "two", "one"] == seen


async def test_a_single_message_can_be_fetched(client: aiohttp.ClientSession) -> None:
    """One message by its SID; an unknown one is 20404."""
    await write(client, "hi")
    made = (await send(client))[1]
    path = MESSAGES.replace(".json", f"/{made['sid']}.json")
    assert made["sid"] == (await get(client, path, headers=TWILIO))["sid"]
    assert 20404 == (await get(client, MESSAGES.replace(".json", "/SM0.json"), headers=TWILIO))["code"]


async def test_typing_shows_on_the_phone_and_marks_as_read(client: aiohttp.ClientSession) -> None:
    """The indicator goes on, the person's message counts as read, and a reply ends it."""
    sid = (await write(client, "hi"))["sid"]
    form = {"messageId": sid, "channel": "whatsapp"}
    path = "/playground/twilio/v2/Indicators/Typing.json"
    assert 200 == (await post(client, path, data=form, headers=TWILIO))[0]
    events = await get(client, f"/playground/phone/{KIM}/events")
    assert (True, True) == (events["typing"], events["messages"][0]["read"])
    await send(client)
    assert not (await get(client, f"/playground/phone/{KIM}/events"))["typing"]
    assert 404 == (await post(client, path, data={"messageId": "SM0"}, headers=TWILIO))[0]


async def fault(client: aiohttp.ClientSession, **wanted: Json | str | int) -> None:
    """Switch one fault of Twilio on."""
    assert 201 == (await post(client, FAULTS, json=wanted))[0]


@pytest.mark.parametrize("kind,status,code", [("error", 503, 20500), ("rate_limited", 429, 20429)])
async def test_errors_on_demand(client: aiohttp.ClientSession, kind: str, status: int, code: int) -> None:
    """A refused message is not on the phone."""
    await fault(client, kind=kind, status=503)
    got, error = await send(client)
    assert (status, code) == (got, error["code"])
    assert [] == await transcript(client)


async def test_accepted_without_an_answer(client: aiohttp.ClientSession) -> None:
    """The message is on the phone although the caller never heard of it, and the list shows it."""
    await write(client, "hi")
    await fault(client, kind="accept_then_hang", path="*/Messages.json")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await send(client, Body="did you get this?")
    found = await get(client, MESSAGES, params={"To": f"whatsapp:{KIM}"}, headers=TWILIO)
    assert ["did you get this?"] == [message["body"] for message in found["messages"]]


async def test_attachments_can_be_fetched_with_the_password(client: aiohttp.ClientSession) -> None:
    """A pretended attachment is a small picture behind basic authentication."""
    path = MESSAGES.replace(".json", "/MM1/Media/ME1")
    async with client.get(path, headers=TWILIO) as response:
        assert (200, "image/png") == (response.status, response.content_type)
    async with client.get(path) as response:
        assert 401 == response.status
