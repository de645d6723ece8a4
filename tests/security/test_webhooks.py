"""Twilio's webhooks forged, replayed, altered, oversized: refused, nothing stored, nothing told."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
from urllib.parse import parse_qsl

import pytest

from tests.channels.whatsapp.twilio import FORM
from tests.security import twilio_forgeries as twilio
from tests.security.target import CANARY, Answer, Target, check_refusal
from tests.security.twilio_forgeries import STATUS, WEBHOOK, Post

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Twilio's second scheme is on too."""
    return {"TWILIO_SIGNING_KEYS": f"{twilio.SHARED_ID}:{twilio.SHARED}"}


async def post(mark: Target, one: Post) -> Answer:
    """Send one POST."""
    return await mark.request("POST", one.path, data=one.data, headers=one.headers)


@pytest.mark.parametrize("name", twilio.forgeries("http://127.0.0.1:1"))
@pytest.mark.parametrize("path", [WEBHOOK, STATUS])
async def test_a_forgery_is_refused(mark: Target, name: str, path: str) -> None:
    """403 with one short line for everything that Twilio did not sign just so; nothing is stored."""
    forged = twilio.forgeries(mark.url)[name]
    if path == STATUS and name == "signed for another path":
        path = WEBHOOK + "/../status"  # for the other webhook it would be right
    aimed = Post(path=forged.path.replace(WEBHOOK, path), headers=forged.headers, data=forged.data)
    with mark.unmoved():
        check_refusal(await post(mark, aimed if path == STATUS else forged), 403, 404)


@pytest.mark.parametrize("name", twilio.bombs("http://127.0.0.1:1"))
async def test_a_bomb_is_refused(mark: Target, name: str) -> None:
    """What is too large, or does not unpack, is refused before it costs anything."""
    with mark.unmoved():
        check_refusal(await post(mark, twilio.bombs(mark.url)[name]), 400, 403, 413, 415)


async def test_an_oversized_body_without_a_length_is_refused(mark: Target) -> None:
    """A chunked body is cut off at the limit, whatever it had said about its length."""
    with mark.unmoved():
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        head = f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['Content-Type']}\r\n".encode()
        answer = await mark.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 5 + b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


async def test_a_packed_body_that_is_signed_is_taken_as_unpacked(mark: Target) -> None:
    """Packing is the wire's business: the signature is over what was packed."""
    right = twilio.right(mark.url, "SMpacked", "hello")
    answer = await post(
        mark, Post(headers={**right.headers, "Content-Encoding": "gzip"}, data=gzip.compress(right.data))
    )
    assert 200 == answer.status
    await mark.stage.operators.at_rest()


async def test_a_message_replayed_is_no_second_one(mark: Target) -> None:
    """The same bytes again are thanked for and change nothing, at once and eight days later."""
    await mark.stage.phone("+15550199999").ask("hi")  # so that the carrier knows of an open window for the answer
    right = twilio.right(mark.url, "SMreplayed", "hello")
    assert 200 == (await post(mark, right)).status
    await mark.stage.operators.at_rest()
    with mark.unmoved():
        for _ in range(3):
            answer = await post(mark, right)
            assert (200, "text/xml") == (answer.status, answer.headers["Content-Type"])
        for table, column in (("inbox", "at"), ("events", "at"), ("sessions", "in_at"), ("sessions", "created_at")):
            mark.run_sql(f"UPDATE {table} SET {column} = {column} - {8 * DAY_MS}")
        assert 200 == (await post(mark, right)).status
        await mark.stage.operators.at_rest()


async def test_a_status_for_a_reply_that_never_was_changes_nothing(mark: Target) -> None:
    """Signed, and about an id of nobody's: thanked for, nothing kept."""
    fields = [("MessageSid", "SMnobody"), ("MessageStatus", "delivered")]
    with mark.unmoved():
        path = f"{STATUS}?outbox={CANARY}%00%0d%0a"
        answer = await post(mark, twilio.signed(mark.url + path, fields, path=path))
    assert 200 == answer.status


ODD = {
    "not UTF-8": b"Body=%FF%FE%80&From=whatsapp%3A%2B15550199998&MessageSid=SModd1",
    "raw bytes": b"Body=\xff\xfe\x80&From=whatsapp%3A%2B15550199998&MessageSid=SModd2",
    "NUL and direction": b"Body=a%00b%E2%80%AEc&From=whatsapp%3A%2B15550199998&MessageSid=SModd3",
    "line ends in ids": b"Body=x&From=whatsapp%3A%2B1555%0D%0A0199998&MessageSid=SM%0D%0Aodd4",
    "half an emoji": b"Body=%ED%A0%BD&From=whatsapp%3A%2B15550199998&MessageSid=SModd5",
    "long id": b"Body=x&From=whatsapp%3A%2B15550199998&MessageSid=" + b"S" * 5_000,
    "long account": b"Body=x&From=whatsapp%3A%2B15550199998&MessageSid=SModd6&AccountSid=" + b"A" * 90_000,
    "long sender": b"Body=x&MessageSid=SModd7&From=" + b"9" * 5_000,
    "no sender": b"Body=x&MessageSid=SModd8",
    "nothing": b"",
    "names without values": b"Body&From&MessageSid&&&=&=x",
    "numbers that are none": b"Body=x&From=whatsapp%3A%2B15550199998&MessageSid=SModd9&NumMedia=1e99&Latitude=NaN",
    "letters in the number": b"Body=x&From=whatsapp%3A%2B1555%D9%A0199998&MessageSid=SModd10",
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("charset", ["", "; charset=%%%junk", "; charset=utf-7", '; charset="\\"'])
async def test_what_is_signed_is_never_a_fault(mark: Target, name: str, charset: str) -> None:
    """However odd, what carries the right signature is taken or thanked for, and never an error of ours."""
    body = ODD[name]
    headers = {"Content-Type": FORM["Content-Type"] + charset, twilio.SIGNATURE: _signed(mark.url + WEBHOOK, body)}
    answer = await mark.request("POST", WEBHOOK, data=body, headers=headers)
    assert 200 == answer.status, answer.text
    await mark.stage.operators.at_rest()


def _signed(url: str, body: bytes) -> str:
    """The signature over fields that need not be text."""
    fields = parse_qsl(body.decode(errors="surrogateescape"), keep_blank_values=True, errors="surrogateescape")
    text = url + "".join(name + value for name, value in sorted(set(fields)))
    mac = hmac.new(twilio.TOKEN.encode(), text.encode(errors="surrogateescape"), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()
