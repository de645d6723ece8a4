"""Signed identities over the wire: believed, refused aloud, and never another's history."""

from __future__ import annotations

import time
import uuid

import pytest

from tests.channels.test_tokens import token
from tests.channels.web.client import Chat


def statement(customer: str = "C-1001", **changes: object) -> str:
    """A host site's token, as of now."""
    now = time.time()
    return token({"alg": "HS256"}, {"sub": customer, "iat": now, "exp": now + 300, **changes})


async def test_a_signed_visitor_gets_the_customers_session(chat: Chat) -> None:
    """What was said elsewhere is in the welcome, and the visitor's token is its own."""
    chat.world.say("c-C-1001", "from WhatsApp")
    async with chat.visit(identity=statement()) as socket:
        assert ["from WhatsApp"] == [m["text"] for m in socket.welcome["messages"]]
        await socket.say("any update?")
        await socket.next("ack")
    assert ["from WhatsApp", "any update?"] == [m["text"] for m in chat.world.sessions["c-C-1001"]]


async def test_signing_in_starts_over_where_the_session_changes(chat: Chat) -> None:
    """The client is told to forget what it shows; the same visitor goes on."""
    async with chat.visit() as socket:
        await socket.say("hi")
        await socket.next("ack")
    async with chat.visit(token=socket.token, after=2, identity=statement()) as again:
        assert again.welcome["reset"] is True
        assert chat.channel._desk.visitor_of(socket.token) == chat.channel._desk.visitor_of(again.token)
    async with chat.visit(token=again.token, identity=statement()) as third:
        assert "reset" not in third.welcome


async def test_a_browser_of_another_customer_becomes_a_new_visitor(chat: Chat) -> None:
    """On a shared device the second person gets a token of her own and nothing of the first one's."""
    async with chat.visit(identity=statement("C-1001")) as kim:
        await kim.say("Kim's secret")
        await kim.next("ack")
    async with chat.visit(token=kim.token, after=2, identity=statement("C-1002")) as lee:
        assert (True, []) == (lee.welcome["reset"], lee.welcome["messages"])
        assert chat.channel._desk.visitor_of(lee.token) != chat.channel._desk.visitor_of(kim.token)
        await lee.say("hello")
        await lee.next("ack")
    assert ["hello"] == [m["text"] for m in chat.world.sessions["c-C-1002"]]


def bad() -> dict[str, dict[str, object]]:
    """Claims that must be refused, as of now: a run of all tests takes longer than some of these times."""
    now = time.time()
    return {
        "expired": {"exp": now - 1},
        "too long": {"exp": now + 3600},
        "of the future": {"iat": now + 120},
        "for another": {"aud": "https://else.example"},
    }


@pytest.mark.parametrize("why", [*bad(), "junk", "unsigned"])
async def test_a_rejected_identity_is_said_and_closed(chat: Chat, why: str) -> None:
    """Error `identity_invalid` and close code 4401, never silent anonymity; by HTTP the same with 401."""
    unsigned = statement().rpartition(".")[0] + "."
    given = {"junk": "junk", "unsigned": unsigned}.get(why) or statement("C-1001", **bad()[why])
    async with chat.open() as socket:
        error = await socket.hello(identity=given)
        assert ("error", "identity_invalid") == (error["type"], error["code"])
        assert given not in error["message"]
        assert 4401 == await socket.closed()
    status, error = await chat.post({"type": "hello", "visitor": None, "identity": given, "after": 0})
    assert (401, "identity_invalid") == (status, error["code"])
    assert {} == chat.world.places


async def test_two_customers_never_see_each_other(chat: Chat) -> None:
    """By socket and by HTTP, live and replayed."""
    async with chat.visit(identity=statement("C-1001")) as kim, chat.visit(identity=statement("C-1002")) as lee:
        await kim.say("Kim's secret")
        await kim.next("ack")
        await lee.say("hello")
        await lee.next("ack")
        chat.world.say("c-C-1001", "for Kim")
        chat.world.say("c-C-1002", "for Lee")
        assert "for Kim" == (await kim.next("message"))["text"]
        assert "for Lee" == (await lee.next("message"))["text"]
        _, kims = await chat.get(token=kim.token)
        _, lees = await chat.get(token=lee.token)
    assert ["Kim's secret", "for Kim"] == [m["text"] for m in kims["messages"]]
    assert ["hello", "for Lee"] == [m["text"] for m in lees["messages"]]


async def test_an_identity_is_no_visitor_token(chat: Chat) -> None:
    """Nor the other way round: each is for its purpose alone."""
    async with chat.visit() as socket:
        pass
    frame = {"type": "message", "id": str(uuid.uuid4()), "text": "hi"}
    assert 401 == (await chat.post(frame, token=statement()))[0]
    async with chat.open() as other:
        assert "identity_invalid" == (await other.hello(identity=socket.token))["code"]
