"""The HTTP twin, the event stream, the origins and the files, as browsers and others ask for them."""

from __future__ import annotations

import asyncio
import gzip
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, WSServerHandshakeError

from channels.web import web_http
from channels.web.channel import Web
from tests.channels.conftest import Serve
from tests.channels.web.client import PATIENCE_S, Chat, Frame
from tests.channels.world import PUBLIC, World, settings

HELLO = {"type": "hello", "visitor": None, "identity": None, "after": 0}


def message(text: str = "hi", **fields: object) -> Frame:
    """A client's message."""
    return {"type": "message", "id": str(uuid.uuid4()), "text": text, **fields}


async def greeted(chat: Chat) -> str:
    """A new visitor's token."""
    status, welcome = await chat.post(HELLO)
    assert 200 == status
    return str(welcome["visitor"])


async def test_the_twin_takes_and_gives_the_same_frames(chat: Chat) -> None:
    """Hello gives the welcome, a message its ack, GET what came, all by the visitor's token."""
    token = await greeted(chat)
    frame = message("check invoice 18492")
    assert (200, {"type": "ack", "id": frame["id"], "seq": 2}) == await chat.post(frame, token=token)
    assert (200, {"type": "ack", "id": frame["id"], "seq": 2}) == await chat.post(frame, token=token)
    chat.world.say("s1", "It is paid.")
    status, answer = await chat.get(token=token)
    assert (200, 4) == (status, answer["seq"])
    assert ["check invoice 18492", "It is paid."] == [m["text"] for m in answer["messages"]]
    assert ["It is paid."] == [m["text"] for m in (await chat.get(2, token=token))[1]["messages"]]
    assert 1 == len(chat.world.inbound)


async def test_a_visitor_without_a_session_has_no_messages(chat: Chat) -> None:
    """Nothing was said yet."""
    assert (200, {"messages": [], "seq": 0}) == await chat.get(token=await greeted(chat))


@pytest.mark.parametrize("token", [None, "nonsense", "a.b.c"])
async def test_without_a_token_nothing_is_taken_or_given(chat: Chat, token: str | None) -> None:
    """A missing token and a foreign one are answered alike."""
    assert 401 == (await chat.post(message(), token=token))[0]
    assert 401 == (await chat.get(token=token))[0]
    assert [] == chat.world.inbound


async def test_the_token_is_never_read_from_the_address(chat: Chat) -> None:
    """A token in the URL would end in logs; it is not looked at."""
    token = await greeted(chat)
    async with chat.client.get(f"/chat/messages?token={token}&visitor={token}", headers={"Origin": PUBLIC}) as response:
        assert 401 == response.status


GOOD_ID = "00000000-0000-4000-8000-000000000000"
BAD: list[tuple[object, int]] = [
    (b"not json", 400),
    (b"[]", 400),
    (b"\xff\xfe", 400),
    ({"type": "message"}, 400),
    ({"type": "message", "id": "1", "text": "x"}, 400),
    ({"type": "message", "id": GOOD_ID, "text": "x", "user_id": "u1"}, 400),
    ({"type": "message", "id": GOOD_ID, "text": " "}, 400),
    ({"type": "message", "id": GOOD_ID, "text": "x" * 8001}, 413),
    (b'{"type":"message","text":"' + b"x" * 17_000 + b'"}', 413),
]


@pytest.mark.parametrize("body, status", BAD, ids=lambda value: str(value)[:40])
async def test_junk_is_refused_by_name(chat: Chat, body: object, status: int) -> None:
    """What breaks the contract is answered by an error frame and stored nowhere."""
    found, error = await chat.post(body, token=await greeted(chat))
    assert (status, "error") == (found, error["type"])
    assert [] == chat.world.inbound


async def test_a_frame_must_be_declared_as_json(chat: Chat) -> None:
    """A form of a foreign page cannot post one."""
    headers = {"Content-Type": "text/plain"}
    assert 415 == (await chat.post(message(), token=await greeted(chat), headers=headers))[0]


async def test_a_packed_body_gains_nothing(chat: Chat) -> None:
    """The limit counts unpacked bytes."""
    bomb = gzip.compress(b" " * 5_000_000)
    headers = {"Content-Encoding": "gzip"}
    assert 413 == (await chat.post(bomb, token=await greeted(chat), headers=headers))[0]


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "9" * 30, "²"])
async def test_a_cursor_must_be_a_number(chat: Chat, after: str) -> None:
    """Anything else is refused."""
    assert 400 == (await chat.get(after, token=await greeted(chat)))[0]


async def test_too_much_at_once_is_429(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frame is refused with its id."""
    monkeypatch.setattr("channels.web.web_desk.MESSAGES", (1, 60.0))
    token = await greeted(chat)
    await chat.post(message(), token=token)
    frame = message()
    status, error = await chat.post(frame, token=token)
    assert (429, "too_fast", frame["id"]) == (status, error["code"], error["id"])


@pytest.mark.parametrize("how", ["failing", "draining"])
async def test_what_cannot_be_committed_is_503(chat: Chat, how: str) -> None:
    """Without a database, and while draining, nothing is acknowledged."""
    token = await greeted(chat)
    chat.world.failing, chat.world.ready = how == "failing", how != "draining"
    assert 503 == (await chat.post(message(), token=token))[0]
    assert [] == chat.world.inbound


# --- origins


FOREIGN = [
    "https://evil.example",
    "null",
    "http://bot.example.com",
    "https://bot.example.com.evil.example",
    "https://shop.example.com:8443",
]
ALLOWED = [PUBLIC, "https://shop.example.com", "HTTPS://Shop.Example.com"]


@pytest.mark.parametrize("origin", [*FOREIGN, None])
async def test_foreign_origins_are_refused_everywhere(chat: Chat, origin: str | None) -> None:
    """At the upgrade and on every HTTP route; no origin at all is refused too."""
    headers = {"Origin": origin} if origin else {}
    with pytest.raises(WSServerHandshakeError, match="403"):
        await chat.client.ws_connect("/chat/ws", headers=headers)
    token = await greeted(chat)
    known = {**headers, "Authorization": f"Bearer {token}"}
    async with chat.client.post("/chat/messages", headers=known, json=message()) as response:
        assert 403 == response.status
        assert "Access-Control-Allow-Origin" not in response.headers
    for path in ("/chat/messages", "/chat/events"):
        async with chat.client.get(path, headers=known) as response:
            assert 403 == response.status
        async with chat.client.options(path, headers=headers) as response:
            assert 403 == response.status
    assert [] == chat.world.inbound


@pytest.mark.parametrize("origin", ALLOWED)
async def test_listed_origins_are_let_in_and_echoed(chat: Chat, origin: str) -> None:
    """Their pages may read the answers, by name and without credentials."""
    async with chat.open(origin=origin) as socket:
        assert "welcome" == (await socket.hello())["type"]
    async with chat.client.options("/chat/messages", headers={"Origin": origin}) as response:
        assert (204, origin) == (response.status, response.headers["Access-Control-Allow-Origin"])
        assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
        assert "Origin" in response.headers["Vary"]
    async with chat.client.post("/chat/messages", headers={"Origin": origin}, json=HELLO) as response:
        assert (200, origin) == (response.status, response.headers["Access-Control-Allow-Origin"])
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert not response.cookies


async def test_a_page_of_our_own_reads_without_an_origin(chat: Chat) -> None:
    """Browsers send no Origin with a GET to the page's own server, but say that it is the same."""
    token = await greeted(chat)
    for site, status in (("same-origin", 200), ("cross-site", 403), ("same-site", 403), ("none", 403)):
        headers = {"Authorization": f"Bearer {token}", "Sec-Fetch-Site": site}
        async with chat.client.get("/chat/messages", headers=headers) as response:
            assert status == response.status
        async with chat.client.post("/chat/messages", headers=headers, json=message()) as response:
            assert 403 == response.status


@pytest.mark.parametrize("playground", ["0", "1"])
async def test_localhost_is_allowed_with_the_playground_only(serve: Serve, playground: str) -> None:
    """On the same port, and on no other."""
    world = World(settings=settings(PLAYGROUND=playground, PORT="8123"))
    client = await serve(Web(world.ports()))
    for host in ("localhost", "127.0.0.1"):
        for port in (8123, 8124):
            async with client.post(
                "/chat/messages", headers={"Origin": f"http://{host}:{port}"}, json=HELLO
            ) as response:
                assert (200 if playground == "1" and port == 8123 else 403) == response.status


# --- the event stream


@asynccontextmanager
async def stream(
    chat: Chat, token: str, *, after: int = 0, last: str = "", forwarded: str = ""
) -> AsyncIterator[Events]:
    """Open the event stream."""
    known = {"Origin": PUBLIC, "Authorization": f"Bearer {token}"}
    known |= {name: value for name, value in (("Last-Event-ID", last), ("X-Forwarded-For", forwarded)) if value}
    async with chat.client.get(f"/chat/events?after={after}" if after else "/chat/events", headers=known) as response:
        assert 200 == response.status
        assert "text/event-stream" == response.content_type
        yield Events(response)


class Events:
    """The events of a stream, one by one."""

    def __init__(self, response: ClientResponse) -> None:
        """Take an open response."""
        self._response = response

    async def block(self) -> str:
        """The next block of lines."""
        async with asyncio.timeout(PATIENCE_S):
            return (await self._response.content.readuntil(b"\n\n")).decode().strip()

    async def next(self) -> tuple[str | None, Frame]:
        """The id and the frame of the next event."""
        while "data:" not in (block := await self.block()):
            pass
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        frame: dict[str, Any] = json.loads(lines["data"])
        return lines.get("id"), frame


async def test_the_stream_replays_what_was_missed_and_goes_on(chat: Chat) -> None:
    """Every message is one event whose id is its number; nothing comes twice."""
    token = await greeted(chat)
    await chat.post(message("hi"), token=token)
    chat.world.say("s1", "one")
    async with stream(chat, token, after=2) as events:
        assert ("4", "one") == _told(await events.next())
        chat.world.say("s1", "two")
        assert ("6", "two") == _told(await events.next())
        chat.world.hints.publish("session:s1", {"typing": True})
        assert (None, {"type": "typing", "on": True}) == await events.next()
    async with stream(chat, token, last="4") as events:
        assert ("6", "two") == _told(await events.next())


async def test_the_stream_begins_before_the_first_message(chat: Chat) -> None:
    """A visitor without a session gets its first reply on the stream that was open before."""
    chat.world.instant_reply = "hello"
    token = await greeted(chat)
    async with stream(chat, token) as events:
        assert "retry: 2000" == await events.block()
        frame = message("hi")
        assert 200 == (await chat.post(frame, token=token))[0]
        told = [await events.next() for _ in range(2)]
        assert [(frame["id"], "user"), ("hello", "bot")] == [
            (told[0][1]["id"], told[0][1]["author"]),
            (told[1][1]["text"], told[1][1]["author"]),
        ]


async def test_a_stream_with_a_strange_cursor_starts_over(chat: Chat) -> None:
    """A number from another life gets a welcome with reset."""
    token = await greeted(chat)
    await chat.post(message("hi"), token=token)
    async with stream(chat, token, after=99) as events:
        _, welcome = await events.next()
        assert ("welcome", True, 2) == (welcome["type"], welcome["reset"], welcome["seq"])


async def test_an_idle_stream_says_that_it_lives(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment keeps proxies from closing it."""
    monkeypatch.setattr(web_http, "KEEP_ALIVE_S", 0.05)
    async with stream(chat, await greeted(chat)) as events:
        assert "retry: 2000" == await events.block()
        assert ": still here" == await events.block()


async def test_closing_ends_the_streams(chat: Chat) -> None:
    """Clients come back after a restart; closing does not wait for them."""
    async with stream(chat, await greeted(chat)) as events:
        await events.block()
        async with asyncio.timeout(2.5):
            await chat.channel.close()
        assert "" == await events.block()


async def test_one_host_gets_only_so_many_connections(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted by the address that our own proxy names last; a client cannot choose it."""
    monkeypatch.setattr("channels.web.channel.SOCKETS_PER_HOST", 1)
    token = await greeted(chat)
    async with stream(chat, token, forwarded="203.0.113.7"):
        headers = {"Origin": PUBLIC, "X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
        with pytest.raises(WSServerHandshakeError, match="429"):
            await chat.client.ws_connect("/chat/ws", headers=headers)
        async with stream(chat, token, forwarded="203.0.113.8"):
            pass
    async with stream(chat, token, forwarded="203.0.113.7"):
        pass


def _told(event: tuple[str | None, Frame]) -> tuple[str | None, str]:
    return event[0], event[1]["text"]


# --- the files


@pytest.mark.parametrize("path, kind", [("/chat", "text/html"), ("/chat/widget.js", "text/javascript")])
async def test_files_are_served_packed_and_known_again(chat: Chat, path: str, kind: str) -> None:
    """The type is right, gzip is used when offered, and an unchanged file is not sent again."""
    async with chat.client.get(path, headers={"Accept-Encoding": "identity"}) as plain:
        body = await plain.read()
        assert (200, kind, "utf-8") == (plain.status, plain.content_type, plain.charset)
        assert "nosniff" == plain.headers["X-Content-Type-Options"]
    async with chat.client.get(path, headers={"Accept-Encoding": "br, gzip"}) as packed:
        assert "gzip" == packed.headers["Content-Encoding"]
        assert body == await packed.read()
    async with chat.client.get(path, headers={"If-None-Match": plain.headers["ETag"]}) as again:
        assert (304, b"") == (again.status, await again.read())


async def test_any_page_may_embed_the_widget(chat: Chat) -> None:
    """The script is readable across origins; whether it may chat is decided later."""
    async with chat.client.get("/chat/widget.js", headers={"Origin": "https://evil.example"}) as response:
        assert "*" == response.headers["Access-Control-Allow-Origin"]
