"""The chat's WebSocket and its HTTP twin against strangers: foreign pages, junk, floods, other people's tokens."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from channels import tokens
from config import keys
from tests.harness.outside import KIM
from tests.harness.places import SECRETS
from tests.security.frames import ID, JSON, JUNK, Wire, choice, frame, greeted, message, wire
from tests.security.target import CANARY, Answer, Target, check_refusal

pytestmark = pytest.mark.asyncio(loop_scope="session")
CODES = {"bad_frame", "too_long", "empty"}
ORIGINS = {
    "another site": "https://evil.example",
    "null": "null",
    "empty": "",
    "another port": "http://127.0.0.1:1",
    "another scheme": "https://127.0.0.1:{port}",
    "ours as a prefix": "http://127.0.0.1:{port}.evil.example",
    "ours as a user": "http://127.0.0.1:{port}@evil.example",
    "ours as a path": "http://evil.example/http://127.0.0.1:{port}",
    "ours with a slash": "http://127.0.0.1:{port}/",
    "by another name": "http://localhost:{port}",
    "a list": "http://127.0.0.1:{port}, https://evil.example",
    "a file": "file://",
    "an extension": "chrome-extension://aaaa",
}


async def post(mark: Target, data: bytes | AsyncIterator[bytes], **headers: str) -> Answer:
    """Send one frame by the HTTP twin, as a page of ours unless told otherwise."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await mark.request("POST", "/chat/messages", data=data, headers={"Origin": mark.url, **JSON, **named})


@pytest.mark.parametrize("name", ORIGINS)
async def test_another_site_gets_no_socket_and_no_answer(mark: Target, name: str) -> None:
    """A page that is not listed is refused before anything is read, on every wire, and no browser may read why."""
    origin = ORIGINS[name].format(port=mark.place.bot_port)
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        async with wire(mark, Origin=origin):
            pass
    with mark.unmoved():
        answers = [
            await post(mark, message(), Origin=origin),
            await mark.send("GET", "/chat/messages?after=0", Origin=origin),
            await mark.send("GET", "/chat/events", Origin=origin),
            await mark.send("OPTIONS", "/chat/messages", Origin=origin, Access_Control_Request_Method="POST"),
        ]
    for answer in answers:
        check_refusal(answer, 403)
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_no_origin_at_all_is_refused(mark: Target) -> None:
    """A browser always says where a socket or a POST comes from; who does not is none, whatever else it says."""
    head = (
        "GET /chat/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    )
    head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-Fetch-Site: same-origin\r\n"
    for extra in ("", "Cookie: visitor=x\r\n", f"Referer: {mark.url}/chat\r\n", "X-Forwarded-Host: x\r\n"):
        assert (await mark.raw(f"{head}{extra}\r\n".encode())).startswith(b"HTTP/1.1 403 ")
    with mark.unmoved():
        for headers in ({}, {"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}):
            check_refusal(await mark.send("POST", "/chat/messages", data=message(), **headers), 403)


@pytest.mark.parametrize("name", JUNK)
async def test_a_junk_frame_is_refused_and_said_to_be(mark: Target, name: str) -> None:
    """Whatever is not a frame of the contract is an error, on both wires, and the connection survives it."""
    if name not in {"not UTF-8", "UTF-16"}:  # these are no text frames at all, see below
        async with wire(mark) as one:
            await one.hello()
            with mark.unmoved():
                await one.send(JUNK[name])
                error = await one.next("error")
            assert error["code"] in CODES
            assert CANARY not in json.dumps(error)
    token = await greeted(mark)
    with mark.unmoved():
        answer = await post(mark, JUNK[name], Authorization=f"Bearer {token}")
    check_refusal(answer, 400, 413)
    assert json.loads(answer.body)["code"] in CODES


@pytest.mark.parametrize("name", ["not UTF-8", "UTF-16"])
async def test_a_text_frame_that_is_no_text_ends_the_connection(mark: Target, name: str) -> None:
    """As the protocol demands."""
    async with wire(mark) as one:
        await one.hello()
        with mark.unmoved():
            await one.send(JUNK[name])
            assert await one.code() in {1007, 1008}


async def test_duplicate_keys_are_read_one_way(mark: Target) -> None:
    """The last counts, everywhere: nobody can be shown one id and have another stored."""
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    token = await greeted(mark)
    for text in ("hello", "hello \\u0041"):  # by the one parser, and by the other
        twice = f'{{"type":"hello","type":"message","id":"{first}","id":"{second}","text":"no","text":"{text}"}}'
        answer = await post(mark, twice.encode(), Authorization=f"Bearer {token}")
        assert (200, second) == (answer.status, json.loads(answer.body)["id"])
    found = await mark.send("GET", "/chat/messages?after=0", Origin=mark.url, Authorization=f"Bearer {token}")
    assert ["hello"] == [m["text"] for m in json.loads(found.body)["messages"] if m["author"] == "user"]


async def test_a_frame_of_17_kilobytes_ends_the_connection(mark: Target) -> None:
    """1009, and 413 on the twin; also when it is packed, or comes in pieces."""
    token, large = await greeted(mark), message("x" * 17_000)
    with mark.unmoved():
        async with wire(mark) as one:
            await one.hello()
            await one.send(large)
            assert 1009 == await one.code()
        for data in (large, _pieces(large)):
            check_refusal(await post(mark, data, Authorization=f"Bearer {token}"), 413)


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 1_000):
        yield data[at : at + 1_000]


async def test_other_content_types_are_refused(mark: Target) -> None:
    """Those that a foreign page's form could send without asking first, and all others."""
    token = await greeted(mark)
    kinds = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "%%%")
    with mark.unmoved():
        for kind in kinds:
            check_refusal(await post(mark, message(), Authorization=f"Bearer {token}", Content_Type=kind), 415)


@pytest.mark.parametrize("first", ["message", "choice", "binary", "junk", "nothing"])
async def test_without_hello_there_is_nothing(mark: Target, first: str) -> None:
    """Who does not begin with hello is not heard."""
    with mark.unmoved():
        async with wire(mark) as one:
            match first:
                case "message":
                    await one.send(message())
                case "choice":
                    await one.send(choice())
                case "binary":
                    await one.socket.send_bytes(frame(type="hello"))
                    await one.send(message())
                case "junk":
                    await one.send(b"GET / HTTP/1.1\r\n\r\n")
                    await one.send(message())
                case "nothing":
                    await one.socket.close()
            assert await one.code() in {1008, 1000}


async def test_hello_twice_changes_nobody(mark: Target) -> None:
    """A connection belongs to whom it greeted first; a second hello, with whatever token, is an error."""
    other, kim = await greeted(mark), await mark.stage.outside.identity(KIM)
    async with wire(mark) as one:
        await one.hello()
        with mark.unmoved():
            for visitor, identity in ((other, None), (None, kim), (other, kim)):
                assert "bad_frame" == (await one.hello(visitor=visitor, identity=identity))["code"]


async def test_binary_frames_are_refused(mark: Target) -> None:
    """Also when they hold a right frame."""
    async with wire(mark) as one:
        await one.hello()
        with mark.unmoved():
            await one.socket.send_bytes(message())
            assert "bad_frame" == (await one.next())["code"]


async def test_a_flood_of_junk_ends_the_connection(mark: Target) -> None:
    """Ten mistakes are no mistakes any more."""
    with mark.unmoved():
        async with wire(mark) as one:
            await one.hello()
            for _ in range(1_000):
                try:
                    await one.send(b"{")
                except ConnectionError:
                    break
            assert await one.code() in {1008, 1006}


async def test_a_flood_of_messages_is_slowed_down(mark: Target) -> None:
    """Of one visitor's messages only so many are taken in a minute, however many sockets they come by."""
    token = await greeted(mark)
    before, began = mark.rows()["inbox"], time.monotonic()
    async with wire(mark) as one, wire(mark) as two:
        for socket in (one, two):
            await socket.hello(visitor=token)
            for number in range(90):
                await socket.send(message(f"hello {number}", id=str(uuid.uuid4())))
        found = [word for socket in (one, two) for word in await _answers(socket, 90)]
    refused, taken = found.count("too_fast"), mark.rows()["inbox"] - before
    assert 180 == refused + taken
    assert taken <= 121 + 2 * (time.monotonic() - began)
    await mark.stage.operators.at_rest()


async def _answers(one: Wire, count: int) -> list[str]:
    """The type of every ack, the code of every error."""
    found: list[str] = []
    while len(found) < count:
        frame = await one.next()
        if frame["type"] in {"ack", "error"}:
            found.append(frame.get("code", "ack"))
    return found


async def test_a_flood_of_pings_and_of_sockets_holds_up_nobody(mark: Target) -> None:
    """Meanwhile another visitor is answered."""
    async with wire(mark) as noisy, wire(mark) as quiet:
        for _ in range(2_000):
            await noisy.socket.ping(b"x" * 100)
        sockets = [asyncio.create_task(greeted(mark)) for _ in range(50)]
        assert "welcome" == (await quiet.hello())["type"]
        await quiet.say("hello")
        assert await quiet.next("message")
        assert 50 == len(set(await asyncio.gather(*sockets)))
    await mark.stage.operators.at_rest()


# --- tokens of others


def visitor_key() -> bytes:
    """The key that signs visitors' tokens, which only the server has."""
    return keys.derive(SECRETS["SECRET_KEY"], tokens.VISITOR_LABEL)


def minted(subject: object, *, key: bytes | None = None, alg: str = "HS256", **changes: object) -> str:
    """A visitor's token, right unless changed."""
    now = int(time.time())
    claims = {"sub": subject, "aud": "visitor", "iat": now, "exp": now + 1_000, **changes}
    return jwt.encode({"alg": alg}, claims, OctKey.import_key(key or visitor_key()), algorithms=["HS256", "HS512"])


def stolen(victim: str) -> dict[str, str]:
    """Tokens that name the victim, by what is wrong with them."""
    head, body, seal = victim.split(".")
    subject = str(jwt.decode(victim, OctKey.import_key(visitor_key())).claims["sub"])
    now = int(time.time())
    unsigned = "eyJhbGciOiJub25lIn0"  # {"alg":"none"}
    return {
        "altered signature": f"{head}.{body}.{seal[:-4]}AAAA",
        "no signature": f"{head}.{body}.",
        "no algorithm": f"{unsigned}.{body}.",
        "algorithm none, signed": f"{unsigned}.{body}.{seal}",
        "another key": minted(subject, key=b"x" * 32),
        "the key itself": minted(subject, key=SECRETS["SECRET_KEY"].encode()),
        "the host site's key": minted(subject, key=SECRETS["WEB_IDENTITY_SECRET"].encode()),
        "another algorithm": minted(subject, alg="HS512"),
        "expired": minted(subject, iat=now - 2_000, exp=now - 1),
        "another audience": minted(subject, aud="operator"),
        "no audience": minted(subject, aud=None),
        "a list of audiences": minted(subject, aud=["visitor"]),
        "no end": minted(subject, exp=None),
        "a list of subjects": minted([subject]),
        "the bare id": subject,
        "with a blank": f" {victim}",
        "twice": f"{victim}.{victim}",
    }


@pytest.mark.parametrize("name", list(stolen(minted("0"))))
async def test_an_altered_token_opens_nobody_elses_chat(mark: Target, name: str) -> None:
    """It makes a new visitor, who sees nothing; the twin answers 401."""
    async with wire(mark) as victim:
        token = (await victim.hello())["visitor"]
        await victim.say("my secret is hidden here")
        await victim.next("message")
    forged = stolen(token)[name]
    with mark.unmoved():
        async with wire(mark) as one:
            welcome = await one.hello(visitor=forged)
            assert ([], 0) == (welcome["messages"], welcome["seq"])
            assert welcome["visitor"] not in {token, forged}
        bearer = {"Origin": mark.url, "Authorization": f"Bearer {forged}"}
        if name != "with a blank":  # a header has none
            for path in ("/chat/messages?after=0", "/chat/events"):
                check_refusal(await mark.request("GET", path, headers=bearer), 401)
            check_refusal(await post(mark, message(), Authorization=f"Bearer {forged}"), 401)


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Basic {token}", "{token}", "Bearer {token} x", "bearer\xff"]
)
async def test_the_twin_needs_the_token_in_its_header(mark: Target, given: str) -> None:
    """In no other form, and not in the address."""
    token = await greeted(mark)
    headers = {"Origin": mark.url, "Authorization": given.format(token=token)}
    with mark.unmoved():
        for path in (
            "/chat/messages?after=0",
            f"/chat/messages?after=0&visitor={token}",
            f"/chat/events?token={token}",
        ):
            check_refusal(await mark.request("GET", path, headers=headers), 401)
        answer = await mark.request("POST", "/chat/messages", data=message(), headers={**headers, **JSON})
        check_refusal(answer, 401)


async def test_anothers_message_id_is_just_an_id(mark: Target) -> None:
    """The same id from two visitors is two messages; neither hears of the other's."""
    async with wire(mark) as ann, wire(mark) as bob:
        for one, text in ((ann, "the words of Ann"), (bob, "the words of Bob")):
            await one.hello()
            await one.send(message(text, id=ID))
        frames = [await one.next("message") for one in (ann, bob)]
        assert all(f["author"] == "bot" for f in frames)
    tables = mark.rows()
    assert tables["inbox"] >= 2


@pytest.mark.parametrize("after", ["-1", "+1", "1e3", "0x1", "²", "٣", " 1", "9" * 17, "1;2", "%00", "null"])
async def test_a_strange_cursor_is_refused(mark: Target, after: str) -> None:
    """Only digits, and not too many, in the query and in a browser's header."""
    token = await greeted(mark)
    headers = {"Origin": mark.url, "Authorization": f"Bearer {token}"}
    for path in ("/chat/messages", "/chat/events"):
        answer = await mark.request("GET", f"{path}?after={quote(after, safe='%')}", headers=headers)
        check_refusal(answer, 400)
    if after.strip() == after and after.isascii():
        answer = await mark.request("GET", "/chat/messages", headers={**headers, "Last-Event-ID": after})
        check_refusal(answer, 400)
