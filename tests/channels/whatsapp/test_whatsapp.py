"""WhatsApp's webhooks over real HTTP: what is taken, what is refused, what an answer says."""

from __future__ import annotations

from typing import Any

import pytest
from yarl import URL

from channels.whatsapp import channel as whatsapp
from state.identity import Address
from state.messages import StatusUpdate
from tests.channels.conftest import Client
from tests.channels.whatsapp.twilio import FORM, SID, WEBHOOK, fields, json_webhook, webhook
from tests.channels.world import ACCOUNT, FROM, World


async def post(phone: Client, request: dict[str, Any], path: str = WEBHOOK) -> tuple[int, str]:
    """POST to a webhook; status and body."""
    async with phone.post(path, **request) as response:
        return response.status, await response.text()


async def test_a_signed_message_is_committed_then_answered_with_empty_twiml(phone: Client, world: World) -> None:
    """Every field of it is kept, the unknown ones in the raw envelope."""
    request = webhook(fields())
    async with phone.post(WEBHOOK, **request) as response:
        assert (200, "text/xml") == (response.status, response.content_type)
        assert '<?xml version="1.0" encoding="UTF-8"?><Response/>' == await response.text()
    (message,) = world.inbound
    assert ("whatsapp", ACCOUNT, SID) == (message.channel, message.account, message.provider_id)
    assert Address(channel="whatsapp", address="+15550101001") == message.sender
    assert ("Hi é 👋 ", "Kim", "+15550101001", "channel") == (
        message.text,
        message.name,
        message.phone,
        message.assurance,
    )
    assert request["data"] == message.raw
    assert {"kind": "text", "to": FROM} == message.extra


@pytest.mark.parametrize("secret", ["12345", "older-token"])
async def test_every_listed_token_verifies(phone: Client, world: World, secret: str) -> None:
    """While tokens are rotated, both hold."""
    assert 200 == (await post(phone, webhook(fields(), secret=secret)))[0]
    assert 1 == len(world.inbound)


async def test_a_replay_is_answered_alike_and_counts_once(phone: Client, world: World) -> None:
    """The signature has no time in it; the message's id is what makes a repetition harmless."""
    answers = [await post(phone, webhook(fields())) for _ in range(4)]
    assert 1 == len(set(answers))
    assert 1 == len(world.inbound)


FORGED: dict[str, dict[str, Any]] = {
    "no signature": {"data": b"MessageSid=SM1&From=whatsapp%3A%2B1&Body=x", "headers": FORM},
    "another token": webhook(fields(), secret="guess"),
    "another path": webhook(fields(), path="/whatsapp/status"),
    "another query": webhook(fields(), path=WEBHOOK + "?a=1"),
    "altered body": {**webhook(fields()), "data": webhook(fields(Body="refund all"))["data"]},
    "a field added": {**webhook(fields()), "data": webhook(fields())["data"] + b"&Extra=1"},
    "a blank field dropped": {**webhook(fields()), "data": webhook(fields())["data"].replace(b"&ButtonText=", b"")},
    "a field repeated": {**webhook(fields()), "data": webhook(fields())["data"] + b"&Body=another"},
    "trailing space dropped": {**webhook(fields()), "data": webhook(fields())["data"].replace(b"%91%8B+", b"%91%8B")},
    "empty": {"data": b"", "headers": FORM},
    "junk": {"data": b"\xff\x00&&==%zz", "headers": FORM},
    "many fields": {"data": b"a&" * 5_000, "headers": FORM},
    "a form called JSON": {
        **webhook(fields()),
        "headers": {**webhook(fields())["headers"], "Content-Type": "application/json"},
    },
    "a form called text": {
        **webhook(fields()),
        "headers": {**webhook(fields())["headers"], "Content-Type": "text/plain"},
    },
    "multipart": {"data": b"--x\r\n\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    "no content type": {"data": b"x", "headers": {"Content-Type": ""}},
    "odd content type": {"data": b"x", "headers": {"Content-Type": ";;charset=klingon"}},
}


@pytest.mark.parametrize("how", FORGED)
async def test_what_twilio_did_not_sign_is_refused(
    phone: Client, world: World, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """403, nothing stored, no word of the body in the log or the answer."""
    status, text = await post(phone, FORGED[how])
    assert 403 == status
    assert [] == world.inbound
    assert "refund all" not in text + capsys.readouterr().out


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-URL", "Forwarded"])
async def test_the_address_comes_from_the_settings_alone(phone: Client, world: World, header: str) -> None:
    """Headers that name another host change nothing, for better or worse."""
    request = webhook(fields())
    assert 200 == (await post(phone, {**request, "headers": {**request["headers"], header: "evil.example"}}))[0]
    assert 1 == len(world.inbound)


async def test_a_query_is_part_of_what_is_signed(phone: Client, world: World) -> None:
    """As it came, however it is escaped."""
    path = WEBHOOK + "?a=%7Ex&b=%20+c&d"
    url = URL(f"{phone.make_url('')}".rstrip("/") + path, encoded=True)
    async with phone.session.post(url, **webhook(fields(), path=path)) as response:
        assert 200 == response.status
    assert 1 == len(world.inbound)


async def test_json_is_taken_with_its_hash_and_refused_without(phone: Client, world: World) -> None:
    """An altered body under a genuine URL is refused, a missing hash too."""
    body = b'{"MessageSid":"SM9","From":"whatsapp:+15550101001","Body":"hi"}'
    path, request = json_webhook(body)
    assert 200 == (await post(phone, request, path))[0]
    path, request = json_webhook(body.replace(b"hi", b"refund all"), told=body)
    assert 403 == (await post(phone, request, path))[0]
    assert 403 == (await post(phone, request))[0]
    assert ["hi"] == [message.text for message in world.inbound]


async def test_large_bodies_are_refused_unread(phone: Client, world: World) -> None:
    """Beyond 256 KB, declared or not."""

    async def endless() -> Any:  # noqa: ANN401
        for _ in range(300):
            yield b"x" * 1024

    assert 413 == (await post(phone, {"data": b"x" * (whatsapp.BODY_LIMIT + 1), "headers": FORM}))[0]
    assert 413 == (await post(phone, {"data": endless(), "headers": FORM}))[0]
    assert [] == world.inbound


STRANGE = [
    fields(From="whatsapp:US.13491208655302741918", WaId=""),
    fields(MessageType="reaction", Body="", NewThing="👍"),
    fields(To="whatsapp:+19999999999"),
    fields(AccountSid="ACsomebodyelse"),
    fields(From="+15550101001"),
    fields(Body="x" * 50_000),
    fields(Body="\x00\u202e\ud7ff"),
    {"MessageSid": "SM1", "From": "whatsapp:+1555"},
    {"From": "whatsapp:+15550101001", "Body": "without an id"},
    {},
    {"Body": "from nobody"},
    {"MessageSid": "SM1", "From": "whatsapp:", "Body": "from nobody either"},
]


@pytest.mark.parametrize("form", STRANGE, ids=lambda form: str(form)[:50])
async def test_a_signed_request_is_never_refused(phone: Client, form: dict[str, str]) -> None:
    """Whatever its kind, recipient, sender or fields."""
    assert 200 == (await post(phone, webhook(form)))[0]


async def test_a_sender_without_a_number_is_an_opaque_address(phone: Client, world: World) -> None:
    """Business-scoped ids exist; nothing may depend on E.164."""
    await post(phone, webhook(fields(From="whatsapp:US.13491208655302741918", WaId="")))
    assert ("US.13491208655302741918", None) == (world.inbound[0].sender.address, world.inbound[0].phone)


async def test_media_are_kept(phone: Client, world: World) -> None:
    """With their addresses and kinds, and a text that may be empty."""
    media = {
        f"{name}{n}": f"{value}{n}"
        for n in (0, 1)
        for name, value in (("MediaUrl", "https://m/"), ("MediaContentType", "image/"))
    }
    await post(phone, webhook(fields(Body="", NumMedia="2", MessageType="image", **media)))
    (message,) = world.inbound
    assert ({"url": "https://m/0", "type": "image/0"}, {"url": "https://m/1", "type": "image/1"}) == message.media
    assert ("", "image") == (message.text, message.extra["kind"])


@pytest.mark.parametrize(
    "payload, choice", [("tok_AB-12", "tok_AB-12"), ("", None), ("a b", None), ("é", None), ("x" * 200, None)]
)
async def test_a_button_becomes_a_choice_when_it_could_be_ours(
    phone: Client, world: World, payload: str, choice: str | None
) -> None:
    """A template's own payload is kept beside it."""
    await post(phone, webhook(fields(ButtonPayload=payload, ButtonText="Yes", Body="Yes")))
    assert (choice, "Yes") == (world.inbound[0].choice, world.inbound[0].text)
    assert payload == world.inbound[0].extra.get("button_payload", "")


async def test_messages_without_an_id_are_known_by_their_bytes(phone: Client, world: World) -> None:
    """So that a repetition is still no second message."""
    for _ in range(2):
        await post(phone, webhook({"From": "whatsapp:+15550101001", "Body": "hi"}))
    assert 1 == len(world.inbound)
    assert world.inbound[0].provider_id.startswith("sha256:")


@pytest.mark.parametrize("how", ["failing", "draining"])
@pytest.mark.parametrize("path", ["/whatsapp/webhook", "/whatsapp/status"])
async def test_what_cannot_be_committed_is_503(phone: Client, world: World, how: str, path: str) -> None:
    """Twilio is asked to come again; nothing is acknowledged."""
    world.failing, world.ready = how == "failing", how != "draining"
    request = webhook(fields(MessageStatus="sent") if "status" in path else fields(), path=path)
    async with phone.post(path, **request) as response:
        assert (503, "2") == (response.status, response.headers["Retry-After"])
    assert [] == world.inbound


async def test_a_forged_request_is_refused_while_draining_too(phone: Client, world: World) -> None:
    """Nobody without a signature learns of our state."""
    world.ready = False
    assert 403 == (await post(phone, FORGED["another token"]))[0]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_do_not_exist(phone: Client, method: str) -> None:
    """Only POST."""
    async with phone.request(method, WEBHOOK) as response:
        assert 405 == response.status


# --- statuses

STATUS = "/whatsapp/status?outbox=o-1"


def status_fields(**changes: str) -> dict[str, str]:
    """A status callback."""
    return {
        "MessageSid": "SM7",
        "MessageStatus": "delivered",
        "SmsStatus": "delivered",
        "AccountSid": ACCOUNT,
        **changes,
    }


@pytest.mark.parametrize(
    "form, expected",
    [
        (status_fields(), ("delivered", None)),
        (status_fields(MessageStatus="sending"), ("sent", None)),
        (status_fields(MessageStatus="sent"), ("sent", None)),
        (status_fields(MessageStatus="read"), ("read", None)),
        (status_fields(EventType="READ"), ("read", None)),
        (status_fields(MessageStatus="undelivered", ErrorCode="63016"), ("failed", "window")),
        (status_fields(MessageStatus="failed", ErrorCode="63024"), ("failed", "unreachable")),
        (status_fields(MessageStatus="failed", ErrorCode="12345"), ("failed", "twilio_12345")),
        (status_fields(MessageStatus="failed", ErrorCode="abc"), ("failed", None)),
        (status_fields(MessageStatus="canceled"), ("failed", None)),
    ],
)
async def test_a_status_is_folded_with_our_id(
    phone: Client, world: World, form: dict[str, str], expected: tuple[str, str | None]
) -> None:
    """Twilio's words become ours; our own id comes back in the signed address."""
    assert 200 == (await post(phone, webhook(form, path=STATUS), STATUS))[0]
    word, why = expected
    update = StatusUpdate(channel="whatsapp", provider_id="SM7", status=word, outbox_id="o-1", reason=why)
    assert [update] == world.updates


async def test_a_forged_status_changes_nothing(phone: Client, world: World) -> None:
    """Another id in the address breaks the signature."""
    request = webhook(status_fields(), path=STATUS)
    assert 403 == (await post(phone, request, "/whatsapp/status?outbox=o-2"))[0]
    assert [] == world.updates


@pytest.mark.parametrize("form", [status_fields(MessageStatus="quantum"), {"MessageStatus": "sent"}, {}])
async def test_a_status_that_says_nothing_is_thanked_for(phone: Client, world: World, form: dict[str, str]) -> None:
    """Unknown words and missing ids are no fault of Twilio's."""
    assert 200 == (await post(phone, webhook(form, path=STATUS), STATUS))[0]
    assert [] == world.updates


async def test_a_status_at_the_other_webhook_is_no_message(phone: Client, world: World) -> None:
    """An operator may have entered the wrong address in the console."""
    assert 200 == (await post(phone, webhook(status_fields(From=FROM, To="whatsapp:+15550101001"))))[0]
    assert ([], 1) == (world.inbound, len(world.updates))
