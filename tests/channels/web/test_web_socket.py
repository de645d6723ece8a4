"""The WebSocket by the wire contract: greeting, acks, resuming, live frames, junk, slow readers, going away."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from aiohttp import WSServerHandshakeError

from state.identity import Address
from tests.channels.web.client import Chat, until


def web_address(chat: Chat, token: str) -> Address:
    """The address behind a visitor's token."""
    visitor = chat.channel._desk.visitor_of(token)
    assert visitor
    return Address(channel="web", address=visitor)


async def test_a_new_visitor_is_welcomed_with_a_token_and_nothing_else(chat: Chat) -> None:
    """A browser without a token gets one, sequence 0 and no messages."""
    async with chat.visit() as socket:
        assert {"type": "welcome", "visitor": socket.token, "seq": 0, "messages": []} == socket.welcome
        assert socket.token


async def test_a_message_is_acknowledged_and_committed(chat: Chat) -> None:
    """The ack carries the client's id and the number in the session; the engine got what was written."""
    async with chat.visit() as socket:
        client_id = await socket.say("check invoice 18492")
        assert {"type": "ack", "id": client_id, "seq": 2} == await socket.next()
    (message,) = chat.world.inbound
    assert ("web", "web", "check invoice 18492") == (message.channel, message.account, message.text)
    assert message.provider_id == f"{message.sender.address}:{client_id}"
    assert message.assurance == "channel"


async def test_the_ack_precedes_every_frame_of_its_turn(chat: Chat) -> None:
    """Even when the reply is committed before the acceptance returns, the ack is first."""
    chat.world.instant_reply = "It is paid."
    async with chat.visit() as socket:
        for _ in range(20):
            client_id = await socket.say("check invoice 18492")
            frames = [await socket.next()]
            while frames[-1]["type"] != "message":
                frames.append(await socket.next())
            assert frames[0]["type"] == "ack"
            assert frames[0]["id"] == client_id
            assert [f["text"] for f in frames if f["type"] == "message"] == ["It is paid."]


async def test_a_resent_message_gets_the_same_ack_and_counts_once(chat: Chat) -> None:
    """The client's id makes a repetition harmless, on the same socket and on the next one."""
    async with chat.visit() as socket:
        client_id = await socket.say("hello")
        first = await socket.next("ack")
        await socket.say("hello", id=client_id)
        assert first == await socket.next("ack")
    async with chat.visit(token=socket.token) as again:
        await again.say("hello", id=client_id)
        assert first == await again.next("ack")
    assert 1 == len(chat.world.inbound)


async def test_a_choice_reaches_the_engine_as_its_token(chat: Chat) -> None:
    """A pressed button is a message without text and with the choice's value."""
    async with chat.visit() as socket:
        await socket.send({"type": "choice", "id": str(uuid.uuid4()), "value": "tok-123"})
        assert "ack" == (await socket.next())["type"]
    assert ("", "tok-123") == (chat.world.inbound[0].text, chat.world.inbound[0].choice)


async def test_replies_arrive_live_with_safe_html(chat: Chat) -> None:
    """A committed reply is sent at once, its markdown as clean HTML."""
    async with chat.visit() as socket:
        await socket.say("hi")
        await socket.next("ack")
        chat.world.say("s1", "**Paid** <script>alert(1)</script>")
        message = await socket.next("message")
    assert "<p><strong>Paid</strong> &lt;script&gt;alert(1)&lt;/script&gt;</p>\n" == message["html"]


async def test_passing_frames_are_passed_on(chat: Chat) -> None:
    """Typing, deltas, discards and the mode come as they happen, garbage does not."""
    async with chat.visit() as socket:
        await socket.say("hi")
        await socket.next("ack")
        publish = chat.world.hints.publish
        await _subscribed(chat, "session:s1")
        publish("session:s1", {"typing": True})
        publish("session:s1", {"nonsense": "x"})
        publish("session:s1", {"delta": 5, "turn": "t1"})
        publish("session:s1", {"delta": "It is", "turn": "t1"})
        publish("session:s1", {"discard": "t1"})
        publish("session:s1", {"mode": "staff"})
        publish("session:s1", {"mode": "king"})
        publish("session:s1", {"typing": False})
        frames = [await socket.next() for _ in range(5)]
    assert frames == [
        {"type": "typing", "on": True},
        {"type": "delta", "turn": "t1", "text": "It is"},
        {"type": "discard", "turn": "t1"},
        {"type": "status", "mode": "staff"},
        {"type": "typing", "on": False},
    ]


async def test_a_reconnect_gets_exactly_what_was_missed(chat: Chat) -> None:
    """`after` resumes: nothing twice, nothing lost, in order."""
    async with chat.visit() as socket:
        await socket.say("hi")
        seq = (await socket.next("ack"))["seq"]
    chat.world.say("s1", "one")
    last = chat.world.say("s1", "two")
    async with chat.visit(token=socket.token, after=seq) as again:
        assert ["one", "two"] == [m["text"] for m in again.welcome["messages"]]
        assert last == again.welcome["seq"]
        chat.world.say("s1", "three")
        assert "three" == (await again.next("message"))["text"]


async def test_a_flood_of_hints_shows_every_message_once(chat: Chat) -> None:
    """Repeated and early hints do not double or reorder anything."""
    async with chat.visit() as socket:
        await socket.say("hi")
        await socket.next("ack")
        for number in range(100):
            chat.world.say("s1", str(number))
            chat.world.hints.publish("session:s1", {"seq": 1})
        assert [str(n) for n in range(100)] == [(await socket.next("message"))["text"] for _ in range(100)]


async def test_a_lost_hint_costs_at_most_a_second(chat: Chat) -> None:
    """While an answer is due the socket looks for itself."""
    async with chat.visit() as socket:
        await socket.say("hi")
        await socket.next("ack")
        await _subscribed(chat, "session:s1")
        chat.world.say("s1", "no hint told of this", hint=False)
        assert "no hint told of this" == (await socket.next("message"))["text"]


async def test_a_database_that_went_away_only_delays(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed looks again until it is back; the socket stays open."""
    monkeypatch.setattr("channels.web.web_feed.WAITING_S", 0.05)
    async with chat.visit() as socket:
        await socket.say("hi")
        await socket.next("ack")
        await _subscribed(chat, "session:s1")
        chat.world.failing = True
        chat.world.say("s1", "while it was away")
        await until(lambda: "session:s1" not in chat.world.hints._fanout.topics())
        chat.world.failing = False
        assert "while it was away" == (await socket.next("message"))["text"]


async def test_other_tabs_of_the_visitor_see_the_message_and_the_sender_does_not(chat: Chat) -> None:
    """The writing socket shows its own words since the ack; the others get them as a message."""
    async with chat.visit() as first, chat.visit(token=first.token) as second:
        client_id = await first.say("hi")
        assert "ack" == (await first.next())["type"]
        seen = await second.next("message")
        assert ("user", "hi", client_id) == (seen["author"], seen["text"], seen["id"])
        assert "<p>hi</p>" == seen["html"]
        chat.world.say("s1", "hello")
        assert "hello" == (await first.next())["text"]
        assert "hello" == (await second.next("message"))["text"]


async def test_what_people_write_stays_text(chat: Chat) -> None:
    """Markup in a person's message is escaped, not rendered."""
    async with chat.visit() as first, chat.visit(token=first.token) as second:
        await first.say("<b>bold</b>\n**x**")
        assert "<p>&lt;b&gt;bold&lt;/b&gt;<br>**x**</p>" == (await second.next("message"))["html"]


async def test_two_visitors_never_see_each_other(chat: Chat) -> None:
    """Tokens decide; what one writes or gets does not reach the other."""
    async with chat.visit() as ann, chat.visit() as bob:
        await ann.say("my secret")
        await ann.next("ack")
        await bob.say("hello")
        await bob.next("ack")
        chat.world.say("s1", "for Ann")
        chat.world.say("s2", "for Bob")
        assert "for Ann" == (await ann.next("message"))["text"]
        assert "for Bob" == (await bob.next("message"))["text"]
    async with chat.visit(token=bob.token) as again:
        assert ["hello", "for Bob"] == [m["text"] for m in again.welcome["messages"]]


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "x" * 9000, "é"])
async def test_a_token_that_is_not_ours_makes_a_new_visitor(chat: Chat, token: str) -> None:
    """The welcome then carries a fresh token, and a client that had seen messages starts over."""
    async with chat.open(token=token) as socket:
        answer = await socket.hello(after=40)
        if len(token) > 8192:
            assert "bad_frame" == answer["code"]
            return
        assert answer["visitor"] not in {token, None}
        assert answer["reset"] is True


async def test_a_session_that_is_linked_moves_its_sockets(chat: Chat) -> None:
    """The client is welcomed again with a new token and reset, and goes on in the other session."""
    async with chat.visit() as socket:
        await socket.say("hi")
        await socket.next("ack")
        address = web_address(chat, socket.token or "")
        chat.world.say("s9", "older history")
        chat.world.link(address, "s9")
        welcome = await socket.next("welcome")
        assert (True, ["older history"]) == (welcome["reset"], [m["text"] for m in welcome["messages"]])
        assert web_address(chat, welcome["visitor"]) == address
        chat.world.say("s1", "into the frozen one")
        chat.world.say("s9", "goes on here")
        assert "goes on here" == (await socket.next("message"))["text"]


async def test_a_message_that_lands_in_another_session_is_acknowledged_then_moved(chat: Chat) -> None:
    """When the link's hint was lost, the ack still comes first, then the new welcome."""
    async with chat.visit() as socket:
        await socket.say("hi")
        await socket.next("ack")
        chat.world.places[web_address(chat, socket.token or "")] = "s9"
        await socket.say("again")
        assert ["ack", "welcome"] == [(await socket.next())["type"] for _ in range(2)]


async def test_saying_too_much_at_once_is_refused(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a message is refused with its id, so that the client can send it later."""
    monkeypatch.setattr("channels.web.web_desk.MESSAGES", (2, 60.0))
    async with chat.visit() as socket:
        for _ in range(2):
            await socket.say("hi")
            await socket.next("ack")
        client_id = await socket.say("hi")
        error = await socket.next()
    assert ("too_fast", client_id, 2) == (error["code"], error["id"], len(chat.world.inbound))


async def test_without_a_database_nothing_is_acknowledged(chat: Chat) -> None:
    """The socket closes with 1013, so that the client keeps its message and comes back."""
    async with chat.visit() as socket:
        chat.world.failing = True
        await socket.say("hi")
        assert 1013 == await socket.closed()
    assert [] == chat.world.inbound


async def test_a_hello_without_a_database_is_told_to_come_back(chat: Chat) -> None:
    """The same for the greeting."""
    chat.world.failing = True
    async with chat.open() as socket:
        await socket.send({"type": "hello"})
        assert 1013 == await socket.closed()


async def test_draining_takes_no_message(chat: Chat) -> None:
    """While going down a message is left to the client, and no socket is opened."""
    async with chat.visit() as socket:
        chat.world.ready = False
        await socket.say("hi")
        assert 1012 == await socket.closed()
    with pytest.raises(WSServerHandshakeError, match="503"):
        async with chat.open():
            pass
    assert [] == chat.world.inbound


async def test_closing_tells_every_client_to_resume(chat: Chat) -> None:
    """All sockets close with 1012 within two seconds, with the number to resume after."""
    async with chat.visit() as first, chat.visit() as second:
        await first.say("hi")
        await first.next("ack")
        async with asyncio.timeout(2.5):
            closing = asyncio.create_task(chat.channel.close())
            assert [1012, 1012] == [await first.closed(), await second.closed()]
            await closing


async def test_a_slow_reader_is_given_up(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that never reads is cut off while others go on; its queue stays bounded."""
    monkeypatch.setattr("channels.web.web_pipe.SEND_S", 0.3)
    async with chat.visit() as slow, chat.visit() as quick:
        for socket in (slow, quick):
            await socket.say("hi")
            await socket.next("ack")
        connection = slow.wire._response.connection
        assert connection is not None
        transport = connection.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        text = "x" * 7_900
        for number in range(2_000):
            chat.world.say("s1", text, hint=False)
            if number % 20 == 0:
                chat.world.hints.publish("session:s1", {"seq": number})
                await asyncio.sleep(0)
        await until(lambda: len(chat.channel._connections) == 1)
        chat.world.say("s2", "still quick")
        assert "still quick" == (await quick.next("message"))["text"]
        transport.resume_reading()
        assert await slow.closed() in {4008, 1013}


async def test_a_client_that_does_not_go_is_cut_off(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing waits two seconds for a client that does not answer, no longer."""
    monkeypatch.setattr("channels.web.channel.GOODBYE_S", 0.1)
    async with chat.visit() as socket:
        connection = socket.wire._response.connection
        assert connection is not None
        transport = connection.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        async with asyncio.timeout(1.5):
            await chat.channel.close()
        await until(lambda: not chat.channel._connections)
        transport.resume_reading()


async def test_what_comes_too_late_about_an_answer_is_not_shown(chat: Chat) -> None:
    """Typing and streamed text that were queued behind the finished message stay away."""
    async with chat.visit() as socket:
        await socket.say("hi")
        await socket.next("ack")
        await _subscribed(chat, "session:s1")
        publish = chat.world.hints.publish
        chat.world.say("s1", "the whole", hint=False)
        publish("session:s1", {"seq": 1})
        publish("session:s1", {"typing": True})
        publish("session:s1", {"delta": "the", "turn": "t1"})
        assert "the whole" == (await socket.next())["text"]
        await until(lambda: not _waiting(chat))
        publish("session:s1", {"delta": " whole", "turn": "t1"})
        publish("session:s1", {"delta": "another", "turn": "t2"})
        assert ("delta", "t2") == ((frame := await socket.next())["type"], frame["turn"])


def _waiting(chat: Chat) -> bool:
    """Whether some feed has hints that nobody has read."""
    (connection,) = chat.channel._connections
    return bool(connection.feed._news._waiting) or connection.feed._marks > 0


async def test_streamed_text_is_withdrawn_when_some_of_it_was_lost(chat: Chat) -> None:
    """Deltas beyond what a feed holds are lost; what was shown of the turn is then taken back."""
    async with chat.visit() as socket:
        await socket.say("hi")
        await socket.next("ack")
        await _subscribed(chat, "session:s1")
        chat.world.hints.publish("session:s1", {"delta": "first", "turn": "t1"})
        assert "first" == (await socket.next("delta"))["text"]
        for number in range(600):
            chat.world.hints.publish("session:s1", {"delta": str(number), "turn": "t1"})
        chat.world.say("s1", "the whole")
        frames = [await socket.next()]
        while frames[-1]["type"] != "message":
            frames.append(await socket.next())
    assert [{"type": "discard", "turn": "t1"}] == [f for f in frames if f["type"] != "message"]
    assert "the whole" == frames[-1]["text"]


async def _subscribed(chat: Chat, topic: str) -> None:
    """Wait until somebody listens to a topic."""
    await until(lambda: topic in chat.world.hints._fanout.topics())
