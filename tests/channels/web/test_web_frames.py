"""Frames that break the contract, over a real socket: each is named, none changes anything."""

from __future__ import annotations

import json

import pytest

from channels.web import web_frames, web_socket
from tests.channels.web.client import Chat, Frame

NOT_A_UUID = ["1", "", "0" * 36, "{00000000-0000-4000-8000-000000000000}", None, 7]
GOOD_ID = "00000000-0000-4000-8000-000000000000"
JUNK: list[str | Frame] = [
    "",
    "not json",
    "[]",
    '"hello"',
    "NaN",
    '{"type":"message","id":"' + GOOD_ID + '","text":NaN}',
    '{"type":"message","id":"' + GOOD_ID + '","text":NaN,"x":"\\ud83d"}',
    '"\\ud83d' + "[" * 5000,
    '["\\ud83d",' + "[" * 8000 + "]" * 8000 + "]",
    "[" * 5000 + "]" * 5000,
    {},
    {"type": "welcome"},
    {"type": ["message"], "id": GOOD_ID, "text": "x"},
    {"type": "message", "id": GOOD_ID},
    {"type": "message", "id": GOOD_ID, "text": 5},
    {"type": "message", "id": GOOD_ID, "text": {"deep": 1}},
    {"type": "message", "id": GOOD_ID, "text": "x", "session_id": "s1"},
    {"type": "message", "id": GOOD_ID, "text": "x", "verified": True},
    {"type": "choice", "id": GOOD_ID},
    {"type": "choice", "id": GOOD_ID, "value": ""},
    {"type": "choice", "id": GOOD_ID, "value": "x" * 300},
    {"type": "hello", "visitor": None, "identity": None, "after": 0},
    *({"type": "message", "id": wrong, "text": "x"} for wrong in NOT_A_UUID),
]


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: str(junk)[:60])
async def test_junk_is_named_and_changes_nothing(chat: Chat, junk: str | Frame) -> None:
    """A frame that breaks the contract gets an error that says how; the socket lives on."""
    async with chat.visit() as socket:
        await socket.send(junk)
        error = await socket.next()
        assert ("error", "bad_frame") == (error["type"], error["code"])
        assert error["message"].endswith(".")
        await socket.say("still here")
        assert "ack" == (await socket.next())["type"]
    assert 1 == len(chat.world.inbound)


async def test_repeated_junk_closes(chat: Chat) -> None:
    """Ten refused frames are no mistake any more."""
    async with chat.visit() as socket:
        for _ in range(web_socket.MOST_STRIKES):
            await socket.send(b"\x00\x01")
        assert 1008 == await socket.closed()


@pytest.mark.parametrize(
    "text, code", [("x" * 8001, "too_long"), (" \n\t ", "empty"), ("\u200b\u2066\U000e0041", "empty")]
)
async def test_texts_that_cannot_be_taken(chat: Chat, text: str, code: str) -> None:
    """Too long and empty texts are refused with the client's id; nothing is stored."""
    async with chat.visit() as socket:
        client_id = await socket.say(text)
        error = await socket.next()
        assert (code, client_id) == (error["code"], error["id"])
    assert [] == chat.world.inbound


async def test_a_frame_over_16_kb_closes_with_1009(chat: Chat) -> None:
    """The size is checked before anything is read."""
    async with chat.visit() as socket:
        await socket.send(json.dumps({"type": "message", "id": GOOD_ID, "text": "x" * 17_000}))
        assert 1009 == await socket.closed()
    assert [] == chat.world.inbound


async def test_a_frame_of_16_kb_is_taken(chat: Chat) -> None:
    """The limit itself is allowed."""
    async with chat.visit() as socket:
        frame = json.dumps({"type": "message", "id": GOOD_ID, "text": ""})
        await socket.send(frame + " " * (web_frames.FRAME_LIMIT - len(frame)))
        assert "empty" == (await socket.next())["code"]


async def test_half_an_emoji_loses_no_message(chat: Chat) -> None:
    """A browser that cut a text in the wrong place is not told that its JSON is wrong."""
    async with chat.visit() as socket:
        await socket.send('{"type":"message","id":"' + GOOD_ID + '","text":"thanks \\ud83d"}')
        assert "ack" == (await socket.next())["type"]
    assert "thanks" == chat.world.inbound[0].text


async def test_invisible_characters_are_taken_out(chat: Chat) -> None:
    """Text that a person cannot see does not reach the engine."""
    async with chat.visit() as socket:
        await socket.say("pay\u202e\u200b 5\U000e0041\x00")
        await socket.next("ack")
    assert "pay 5" == chat.world.inbound[0].text


async def test_the_first_frame_must_be_hello(chat: Chat) -> None:
    """Anything readable that is not hello closes the connection."""
    async with chat.open() as socket:
        await socket.say("hi")
        assert 1008 == await socket.closed()
    assert [] == chat.world.inbound


async def test_silence_is_closed(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that never says hello is not kept."""
    monkeypatch.setattr(web_socket, "HELLO_S", 0.05)
    async with chat.open() as socket:
        assert 1008 == await socket.closed()
