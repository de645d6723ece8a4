"""The mail webhook: who may post, in which formats, and what the answers make providers do."""

from __future__ import annotations

import base64
import gzip
import io
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from channels.mail.channel import Mail
from channels.mail.reading.mail_mime import BYTES_LIMIT
from tests.channels.conftest import Client, Serve
from tests.channels.mail import mails, posting
from tests.channels.mail.mails import KIM, OURS, mail, stated
from tests.channels.mail.posting import KEY, URL
from tests.channels.world import World

JUNK = (
    b"",
    b"\x00\xff",
    b"{",
    b"[" * 5_000,
    b"a=%zz&&=",
    b"x" * 300_000,
    b"--x\r\n\r\n--x--",
    b"=" * 5_000 + b"&" * 5_000,
)


pytestmark = pytest.mark.usefixtures("quick")


async def post(client: Client, request: dict[str, Any]) -> int:
    """Post something; the status of the answer."""
    async with client.post(URL, **request) as response:
        await response.read()
        return response.status


async def hook(serve: Serve, **env: str) -> tuple[Client, World]:
    """A client of the webhook, and the world behind it."""
    world = mails.mail_world(**{"EMAIL_SIGNING_KEY": KEY, **env})
    return await serve(Mail(world.ports())), world


async def test_a_raw_mail_is_taken_once(serve: Serve) -> None:
    """A copy is acknowledged too."""
    client, world = await hook(serve)
    for _ in range(2):
        assert 200 == await post(client, posting.raw(stated(mail())))
    assert [KIM] == [got.sender.address for got in world.inbound]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x", f"Basic {mails.INBOUND_TOKEN}", f"Bearer {mails.INBOUND_TOKEN}x", "Bearer \udcff"],
)
async def test_without_the_token_nothing_is_read(serve: Serve, authorization: str) -> None:
    """It is 401, and the answer comes before the body: more than any limit is sent to no purpose."""
    client, world = await hook(serve)
    headers = (
        {"Authorization": authorization.encode("utf-8", "surrogateescape").decode("latin-1")} if authorization else {}
    )
    assert 401 == await post(client, {"data": b"x" * 1_000, "headers": headers})
    world.settings = mails.mail_settings(EMAIL_INBOUND_TOKEN="", EMAIL_SMTP_LISTEN="127.0.0.1:2525")
    assert [] == world.inbound


async def test_without_a_token_set_there_is_no_raw_way(serve: Serve) -> None:
    """An empty token opens nothing, nor does an empty signing key."""
    client, world = await hook(serve, EMAIL_INBOUND_TOKEN="", EMAIL_SIGNING_KEY="", IMAP_URL="imap://u:p@127.0.0.1:1")
    assert 401 == await post(client, posting.raw(mail(), token=""))
    for request in (posting.mailgun(key=""), posting.postmark(password=""), posting.sendgrid()):
        assert 403 == await post(client, request)
    assert [] == world.inbound


@pytest.mark.parametrize("how", ["mailgun", "postmark", "sendgrid"])
async def test_a_provider_s_fields_become_the_mail(serve: Serve, how: str) -> None:
    """Text in any script, the sender as a claim, the id that its raw form would have too."""
    client, world = await hook(serve, EMAIL_SIGNING_KEY=posting.SENDGRID_PUBLIC if how == "sendgrid" else KEY)
    assert 200 == await post(client, getattr(posting, how)())
    assert 200 == await post(client, posting.raw(mail("Another way.", Message_ID="<m1@example.com>")))
    (got,) = world.inbound
    assert (posting.BODY, f"?{KIM}", "Räksmörgås") == (got.text, got.sender.address, got.extra["subject"])
    assert f"X-Throughline-Rebuilt: {how}".encode() in got.raw
    assert OURS == got.extra["thread"]["to"]


@pytest.mark.parametrize("how", ["mailgun", "postmark", "sendgrid"])
async def test_a_provider_s_raw_mail_is_taken_as_it_is(serve: Serve, how: str) -> None:
    """Under its envelope; somebody else's word in it about the sender counts for nothing."""
    client, world = await hook(serve, EMAIL_SIGNING_KEY=posting.SENDGRID_PUBLIC if how == "sendgrid" else KEY)
    whole = stated(mail("As it was.")).decode()
    name = {"mailgun": "body-mime", "postmark": "RawEmail", "sendgrid": "email"}[how]
    assert 200 == await post(client, getattr(posting, how)(**{name: whole}))
    (got,) = world.inbound
    assert ("As it was.", f"?{KIM}") == (got.text, got.sender.address)
    assert got.raw.endswith(whole.encode())


@pytest.mark.parametrize("how", ["mailgun", "postmark", "sendgrid"])
async def test_a_signed_reply_address_works_by_every_provider(serve: Serve, how: str) -> None:
    """It stands in the envelope's recipient."""
    client, world = await hook(serve, EMAIL_SIGNING_KEY=posting.SENDGRID_PUBLIC if how == "sendgrid" else KEY)
    to = mails.tokens(world).reply_address(7, KIM)
    fields: dict[str, dict[str, str]] = {
        "mailgun": {"recipient": to},
        "postmark": {"OriginalRecipient": to},
        "sendgrid": {"envelope": f'{{"to": ["{to}"], "from": "{KIM}"}}'},
    }
    assert 200 == await post(client, getattr(posting, how)(**fields[how]))
    assert (KIM, 7) == (world.inbound[0].sender.address, world.inbound[0].extra["thread"]["ticket"])


async def test_mailgun_with_files(serve: Serve) -> None:
    """As multipart, with bytes that look like its boundaries."""
    client, world = await hook(serve)
    assert 200 == await post(client, posting.mailgun(files=2))
    assert [("f0.pdf", "application/pdf"), ("f1.pdf", "application/pdf")] == [
        (one["name"], one["content_type"]) for one in world.inbound[0].media
    ]


async def test_postmark_with_files(serve: Serve) -> None:
    """They come in base64."""
    client, world = await hook(serve)
    assert 200 == await post(client, posting.postmark())
    assert [("f.pdf", True)] == [(one["name"], one["kept"]) for one in world.inbound[0].media]


async def test_mailgun_s_token_is_good_for_one_mail(serve: Serve) -> None:
    """Its signature does not cover the mail. The same mail again is a repeat and acknowledged, another is refused."""
    client, world = await hook(serve)
    assert 200 == await post(client, posting.mailgun())
    assert 200 == await post(client, posting.mailgun())
    other: dict[str, Any] = {
        "message_headers": '[["Message-Id", "<m2@example.com>"]]',
        "body_plain": "Send it elsewhere.",
    }
    assert 403 == await post(client, posting.mailgun(**other))
    assert 200 == await post(client, posting.mailgun(token="u" * 50, **other))
    assert 2 == len(world.inbound)


async def test_mailgun_may_try_again_what_was_not_committed(serve: Serve) -> None:
    """With the same token, if it does not sign anew."""
    client, world = await hook(serve)
    world.failing = True
    assert 503 == await post(client, posting.mailgun())
    world.failing = False
    assert 200 == await post(client, posting.mailgun())
    assert 1 == len(world.inbound)


@pytest.mark.parametrize(
    "request_",
    [
        posting.mailgun(key="another key"),
        posting.mailgun(age_s=10 * 3_600),
        posting.mailgun(age_s=-86_400),
        posting.mailgun(signature="0" * 64),
        posting.mailgun(signature="é"),
        posting.mailgun(timestamp="x"),
        posting.mailgun(token=""),
        {"data": b"x", "params": {"provider": "mailgun"}},
        {
            "data": b"x",
            "params": {"provider": "mailgun"},
            "headers": {"Content-Type": "multipart/form-data; boundary=x"},
        },
    ],
)
async def test_a_forged_mailgun_is_refused(serve: Serve, request_: dict[str, Any]) -> None:
    """Another key, another time, no token, no form."""
    client, world = await hook(serve)
    assert 403 == await post(client, request_)
    assert [] == world.inbound


@pytest.mark.parametrize(
    "login", ["", "Basic", "Basic %%%", "Basic x", "Bearer " + base64.b64encode(f"a:{KEY}".encode()).decode()]
)
async def test_a_forged_postmark_is_refused(serve: Serve, login: str) -> None:
    """Before its body is read."""
    client, world = await hook(serve)
    assert 401 == await post(client, posting.postmark() | {"headers": {"Authorization": login}})
    assert 401 == await post(client, posting.postmark(password="another"))
    assert [] == world.inbound


async def test_a_forged_sendgrid_is_refused(serve: Serve) -> None:
    """Another key, a changed byte, another time, no signature; and a key of ours that is none."""
    client, world = await hook(serve, EMAIL_SIGNING_KEY=posting.SENDGRID_PUBLIC)
    assert 403 == await post(client, posting.sendgrid(key=ec.generate_private_key(ec.SECP256R1())))
    assert 403 == await post(client, posting.sendgrid(spoil=b" "))
    for name in ("Signature", "Timestamp"):
        for value in ("", "x", "é"):
            request = posting.sendgrid()
            request["headers"] |= {f"X-Twilio-Email-Event-Webhook-{name}": value}
            assert 403 == await post(client, request)
    client, other = await hook(serve)
    assert 403 == await post(client, posting.sendgrid())
    assert [] == world.inbound + other.inbound


async def test_a_public_key_may_come_as_pem(serve: Serve) -> None:
    """On one line, as environment variables hold it."""
    pem = f"-----BEGIN PUBLIC KEY-----\\n{posting.SENDGRID_PUBLIC}\\n-----END PUBLIC KEY-----"
    client, _ = await hook(serve, EMAIL_SIGNING_KEY=pem)
    assert 200 == await post(client, posting.sendgrid())


async def test_what_is_no_mail_ends_the_tries(serve: Serve) -> None:
    """Each provider has its own word for that."""
    client, world = await hook(serve)
    assert 400 == await post(client, posting.raw(b"no mail at all"))
    empty: dict[str, Any] = dict.fromkeys(("message_headers", "from", "subject", "body_plain"), "")
    assert 406 == await post(client, posting.mailgun(**empty))
    junk: list[Any] = [[], {}, {"Headers": [1, {"Name": 1}], "Attachments": [1, {}], "From": []}]
    for body in junk:
        assert 403 == await post(client, posting.postmark() | {"json": body})
    assert 400 == await post(client, posting.raw(mail()) | {"params": {"provider": "other"}})
    assert [] == world.inbound


@pytest.mark.parametrize("how", ["failing", "draining"])
@pytest.mark.parametrize("provider", ["raw", "mailgun", "postmark", "sendgrid"])
async def test_what_is_not_committed_is_tried_again(serve: Serve, provider: str, how: str) -> None:
    """503 with a time to come back, whoever asks."""
    client, world = await hook(serve, EMAIL_SIGNING_KEY=posting.SENDGRID_PUBLIC if provider == "sendgrid" else KEY)
    world.failing, world.ready = how == "failing", how != "draining"
    request = posting.raw(mail()) if provider == "raw" else getattr(posting, provider)()
    async with client.post(URL, **request) as response:
        assert (503, "2") == (response.status, response.headers["Retry-After"])
    assert [] == world.inbound


@pytest.mark.parametrize("provider", ["", "mailgun", "postmark", "sendgrid"])
async def test_junk_is_never_a_500(serve: Serve, provider: str) -> None:
    """With every proof that can be had without a mail, by every content type."""
    client, world = await hook(serve, EMAIL_SIGNING_KEY=posting.SENDGRID_PUBLIC if provider == "sendgrid" else KEY)
    headers = {"": posting.raw(b"")["headers"], "postmark": posting.postmark()["headers"]}.get(provider, {})
    for body in JUNK:
        for kind in (
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "\xe9",
        ):
            request = {"data": body, "headers": {**headers, "Content-Type": kind}, "params": {"provider": provider}}
            assert 400 <= await post(client, request) < 500
    assert [] == world.inbound


async def test_a_large_mail_is_taken_and_a_larger_one_is_not(serve: Serve) -> None:
    """The application's own limit is far below; a packed body counts by what it holds."""
    client, world = await hook(serve)
    large = mail("x") + b"\r\n" + (b"A" * 76 + b"\r\n") * 40_000
    assert 200 == await post(client, posting.raw(b"") | {"data": io.BytesIO(large)})
    bomb = posting.raw(gzip.compress(b"From: a@b\r\n\r\n" + bytes(BYTES_LIMIT)))
    bomb["headers"]["Content-Encoding"] = "gzip"
    assert 413 == await post(client, bomb)
    assert 1 == len(world.inbound)


async def test_more_mails_than_there_is_room_for_come_later(serve: Serve) -> None:
    """Whoever sends many large ones at once is put off, with what was taken given back."""
    world = mails.mail_world()
    channel = Mail(world.ports())
    channel._hooks._room.most = 2_000
    client = await serve(channel)
    assert 503 == await post(client, posting.raw(mail("x" * 3_000)))
    for number in range(5):
        assert 200 == await post(client, posting.raw(mail(f"{number}" * 1_000)))
    assert (5, 0) == (len(world.inbound), channel._hooks._room.used)


async def test_a_public_key_opens_no_secret_door(serve: Serve) -> None:
    """SendGrid's key may be known to anybody: as a password, or to sign with, it proves nothing."""
    client, world = await hook(serve, EMAIL_SIGNING_KEY=posting.SENDGRID_PUBLIC)
    for request in (posting.mailgun(key=posting.SENDGRID_PUBLIC), posting.postmark(password=posting.SENDGRID_PUBLIC)):
        assert 403 == await post(client, request)
    assert [] == world.inbound
    assert 200 == await post(client, posting.sendgrid())
