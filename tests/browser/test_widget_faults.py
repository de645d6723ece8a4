"""What a visitor sees when the server or the network goes away, and that nothing is lost or doubled by it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewChat
from tests.browser.serving import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

NO_SOCKETS = "window.WebSocket = class { constructor() { throw new DOMException('blocked', 'SecurityError'); } }"
NO_STORAGE = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
)


async def test_message_written_while_the_server_is_dead_arrives_once(own_server: Server, new_chat: NewChat) -> None:
    """After a kill the banner says so in words, the message waits, and the restarted server has it exactly once."""
    await own_server.start()
    chat = await new_chat()
    await chat.visit(f"{own_server.url}/chat")
    await chat.ask("before the outage")
    await own_server.kill()
    await expect(chat.banner).to_contain_text("connection is lost")
    await chat.say("during the outage")
    await expect(chat.log).to_contain_text("Will be sent when you are connected")
    assert len(await chat.unsent()) == 1
    await own_server.start()
    assert await chat.answer(1)
    await expect(chat.banner).to_be_empty()
    assert await chat.unsent() == []
    await chat.reload()
    assert await chat.by("user") == ["before the outage", "during the outage"]
    assert len(await chat.by("bot")) == 2


async def test_page_reloaded_with_an_unsent_message_sends_it_once(own_server: Server, new_chat: NewChat) -> None:
    """The outbox outlives the page: it is sent under the same id when both are back."""
    await own_server.start()
    chat = await new_chat()
    await chat.visit(f"{own_server.url}/chat")
    await chat.ask("hello")
    await own_server.kill()
    await chat.say("please keep this")
    address = chat.page.url
    await chat.page.goto("about:blank")
    await own_server.start()
    await chat.visit(address)
    assert await chat.answer(1)
    assert await chat.by("user") == ["hello", "please keep this"]
    assert await chat.unsent() == []


async def test_deploy_is_not_noticed(own_server: Server, new_chat: NewChat) -> None:
    """A server that says goodbye and comes back finds the visitor again, without anybody's doing."""
    await own_server.start()
    chat = await new_chat()
    await chat.visit(f"{own_server.url}/chat")
    await chat.ask("before")
    await own_server.stop()
    await own_server.start()
    await chat.heard("welcome", count=2)
    await chat.ask("after")
    assert await chat.by("user") == ["before", "after"]


async def test_without_network_the_chat_says_so_and_catches_up(server: Server, new_chat: NewChat) -> None:
    """Offline is said in words; when the network is back the message goes out at once."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    await chat.page.context.set_offline(True)
    await expect(chat.banner).to_contain_text("You are offline")
    await chat.say("hello from the tunnel")
    await chat.page.context.set_offline(False)
    await chat.answer(0)
    assert await chat.by("user") == ["hello from the tunnel"]


async def test_without_websockets_plain_http_serves(server: Server, new_chat: NewChat) -> None:
    """Where WebSockets are blocked the same frames go by POST and an event stream, and a reload resumes."""
    chat = await new_chat()
    await chat.page.add_init_script(NO_SOCKETS)
    await chat.visit(f"{server.url}/chat")
    await chat.ask("hello by post")
    await chat.ask("and once more")
    before = await chat.shown()
    await chat.reload()
    assert await chat.shown() == before


async def test_without_storage_the_page_remembers(server: Server, new_chat: NewChat) -> None:
    """Where the browser refuses storage, the conversation works as long as the page lives."""
    chat = await new_chat()
    await chat.page.add_init_script(NO_STORAGE)
    await chat.visit(f"{server.url}/chat")
    await chat.ask("hello")
    assert await chat.by("user") == ["hello"]


async def test_too_long_a_message_is_refused_in_words(server: Server, new_chat: NewChat) -> None:
    """A text beyond the limit is marked as not sent; the connection recovers and does not try it again."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    await chat.call("send", "x" * 70_000)
    await expect(chat.log).to_contain_text("Not sent.", timeout=20_000)
    await chat.ask("a shorter one")
    assert await chat.unsent() == []
