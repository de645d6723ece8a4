"""Mail attacked at a real server, by webhook and by SMTP: forgeries, bombs, hostile mails, mails in a victim's name."""

from __future__ import annotations

import asyncio
import gzip
import io
import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.channels.mail import posting
from tests.channels.mail.mails import PASS, mail, stated
from tests.harness import places
from tests.harness.places import SECRETS
from tests.security.target import CANARY, Answer, Target, check_refusal

pytestmark = pytest.mark.asyncio(loop_scope="session")
TOKEN = SECRETS["EMAIL_INBOUND_TOKEN"]
SMTP_PORT = places.port()
SECRET_TEXT = f"{CANARY} in confidence"


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """The listener and the providers' formats are on too."""
    return {"EMAIL_SMTP_LISTEN": f"127.0.0.1:{SMTP_PORT}", "EMAIL_SIGNING_KEY": posting.KEY}


def url_of(request: Mapping[str, Any]) -> str:
    """The path with the provider, when there is one."""
    provider = request.get("params", {}).get("provider")
    return posting.URL + (f"?provider={provider}" if provider else "")


async def post(mark: Target, request: Mapping[str, Any]) -> Answer:
    """Post a mail in one of the formats."""
    kept = {name: value for name, value in request.items() if name in {"data", "json", "headers"}}
    async with mark.http.post(f"{mark.url}{url_of(request)}", **kept) as response:
        return Answer(status=response.status, headers=dict(response.headers), body=await response.read())


def forgeries() -> dict[str, dict[str, Any]]:
    """What somebody without the secrets could post."""
    body = mail(SECRET_TEXT)
    bare = {"data": body, "headers": {"Content-Type": "message/rfc822"}}
    return {
        "no token": bare,
        "another token": posting.raw(body, token="another-token-of-nobody-at-all"),
        "an empty token": posting.raw(body, token=""),
        "the operators' token": posting.raw(body, token=SECRETS["API_TOKEN"]),
        "a log-in": {**bare, "headers": {"Authorization": "Basic " + "QTpC"}},
        "mailgun, another key": posting.mailgun(key="another", body_plain=SECRET_TEXT),
        "mailgun, yesterday's": posting.mailgun(age_s=86_400, body_plain=SECRET_TEXT),
        "mailgun, unsigned": posting.mailgun(signature="0", body_plain=SECRET_TEXT),
        "mailgun with our token": {**posting.raw(body, token=TOKEN), "params": {"provider": "mailgun"}},
        "postmark, another password": posting.postmark(password="another", TextBody=SECRET_TEXT),
        "postmark with our token": {**posting.raw(body, token=TOKEN), "params": {"provider": "postmark"}},
        "sendgrid, another key": posting.sendgrid(text=SECRET_TEXT),
        "no such provider": {**posting.raw(body, token=TOKEN), "params": {"provider": CANARY}},
    }


@pytest.mark.parametrize("name", forgeries())
async def test_a_forgery_is_refused(mark: Target, name: str) -> None:
    """With one short line; nothing is stored."""
    with mark.unmoved():
        check_refusal(await post(mark, forgeries()[name]), 400, 401, 403)


async def test_a_bomb_is_refused(mark: Target) -> None:
    """What unpacks to more than there is room for, or has too many fields; without the token not a byte is read."""
    zeros = gzip.compress(b"Subject: x\r\n\r\n" + bytes(40_000_000))
    packed = {"Content-Encoding": "gzip"}
    fields = {f"f{number}": "x" for number in range(3_000)}
    with mark.unmoved():
        for request, status in (
            ({"data": zeros, "headers": {**posting.raw(b"", token=TOKEN)["headers"], **packed}}, 413),
            ({"data": zeros, "headers": packed}, 401),
            ({"data": fields, "params": {"provider": "mailgun"}}, 403),
            (posting.postmark() | {"json": None, "data": b"[" * 200_000}, 403),
        ):
            check_refusal(await post(mark, request), status)
        head = f"POST {posting.URL} HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n".encode()
        assert (await mark.raw(head)).startswith(b"HTTP/1.1 401 ")


def horrors() -> dict[str, bytes]:
    """Mails that are made to be hard to read."""
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(2_000)
    )
    flat = b"--b\r\n\r\nx\r\n" * 20_000 + b"--b--\r\n"
    kind = 'multipart/mixed; boundary="b"'
    return {
        "deep": mail("", Content_Type="text/plain").partition(b"Content-Type")[0] + deep,
        "flat": mail("", Content_Type=kind) + flat,
        "quotes": mail("On " * 33_000),
        "arrows": mail("> " * 50_000),
        "brackets": mail("x", From="(" * 1_500 + "kim@example.com"),
        "many senders": mail("x", From=", ".join(f"a{n}@example.com" for n in range(900))),
        "many recipients": mail("x", To=", ".join(f"support+t{n}-x@acme.example" for n in range(900))),
        "many ids": mail("x", References=" ".join(f"<{n}@x>" for n in range(2_000))),
        "long header": mail("x", Subject="s" * 300_000),
        "odd charset": mail("x", Content_Type="text/plain; charset=unknown-8bit").replace(b"\r\nx", b"\r\n\xff\xfe"),
        "broken base64": mail("%%%=", Content_Transfer_Encoding="base64"),
        "zeros": mail("\0" * 1_000, Subject="\0\0"),
        "html": mail("<div>" * 20_000, Content_Type="text/html"),
    }


@pytest.mark.parametrize("name", horrors())
async def test_a_hostile_mail_is_taken_and_holds_nothing_up(mark: Target, name: str) -> None:
    """It is kept like any other, and the server answers others meanwhile."""
    raw = horrors()[name].replace(b"Subject: ", b"Subject: " + CANARY.encode() + b" ", 1)
    posted = asyncio.create_task(post(mark, posting.raw(b"", token=TOKEN) | {"data": io.BytesIO(stated(raw))}))
    slowest = 0.0
    while not posted.done():
        began = time.monotonic()
        assert 200 == (await mark.send("GET", "/healthz")).status
        slowest = max(slowest, time.monotonic() - began)
        await asyncio.sleep(0.01)
    assert 200 == (await posted).status
    assert slowest < 1.5  # a fifth of that on a quiet machine
    await mark.stage.operators.at_rest()


async def talk(*lines: bytes) -> bytes:
    """Say something to the listener and read what it says until it, or ten seconds, end it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", SMTP_PORT)
    try:
        async with asyncio.timeout(10):
            for line in lines:
                writer.write(line)
            writer.write(b"QUIT\r\n")
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "lines",
    [
        [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 30],
        [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 100, b"\r\n"],
        [b"EHLO " + b"x" * 100_000 + b"\r\n"],
        [b"EHLO x\r\n", b"MAIL FROM:<" + CANARY.encode() + b"@x> SIZE=99999999999999999999\r\n"],
        [b"EHLO x\r\n", b"MAIL FROM:<a@x>\r\n", f"RCPT TO:<{CANARY}@elsewhere.example>\r\n".encode(), b"DATA\r\n"],
        [b"EHLO x\r\n", b"MAIL FROM:<\xff\xfe>\r\n", b"RCPT TO:<\x00>\r\n", b"VRFY support\r\n", b"EXPN x\r\n"],
        [b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<a@x>\r\nDATA\r\n.\r\n"],
        [b"DATA\r\n", b"RCPT TO:<support@acme.example>\r\n", b"AUTH PLAIN AGEAYg==\r\n", b"STARTTLS\r\n"],
    ],
    ids=range(8),
)
async def test_nonsense_by_smtp_is_refused(mark: Target, lines: list[bytes]) -> None:
    """The listener says no and goes on; it relays nothing and stores nothing."""
    with mark.unmoved():
        assert b"250 2.0.0" not in await talk(*lines)
        assert (await talk(b"EHLO x\r\n")).startswith(b"220 ")


async def test_a_victim_is_not_flooded_in_her_name(mark: Target) -> None:
    """Forty mails in somebody's name bring her a handful of letters, without a word that the forger chose."""
    victim = "victim@example.com"
    for number in range(40):
        raw = mail(f"{SECRET_TEXT} {number}", From=f'"{CANARY} Ltd" <{victim}>', Subject=f"{CANARY} {number}")
        assert 200 == (await post(mark, posting.raw(raw, token=TOKEN))).status
    await mark.stage.operators.at_rest()
    letters = await mark.stage.mailbox(victim).letters()
    assert 1 <= len(letters) <= 11
    assert not [letter for letter in letters if CANARY in f"{letter['subject']}{letter['text']}{letter['to']}"]


async def test_two_mail_robots_come_to_rest(mark: Target) -> None:
    """A robot that looks like a person and answers every letter at once gets no more than a handful a day."""
    robot = "robot@example.com"
    for number in range(25):
        raw = stated(mail(f"You said something. {number}", From=robot), PASS)
        assert 200 == (await post(mark, posting.raw(raw, token=TOKEN))).status
    await mark.stage.operators.at_rest()
    assert len(await mark.stage.mailbox(robot).letters()) <= 11


async def test_nobody_reads_mails_without_the_operators_token(mark: Target) -> None:
    """The preview is theirs; what comes in by the webhook's token is not read out by it."""
    for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}):
        answer = await mark.request("POST", "/api/v1/email/preview", data=mail(SECRET_TEXT), headers=headers)
        check_refusal(answer, 401)
