"""What a visitor does with the widget on the demo page: read, write, choose, come back. The server stays up."""

from __future__ import annotations

import re
import uuid
from typing import Literal

import pytest
from playwright.async_api import expect

from tests.browser.chat import Chat
from tests.browser.conftest import NewChat
from tests.browser.serving import Server, identity

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = '<img src=x onerror="window.harmed=1"> <b>bold</b> & &lt;i&gt; <script>window.harmed=1</script>'
WIDE = "document.documentElement.scrollWidth"
INNER = """() => [...document.querySelector('throughline-chat').shadowRoot.querySelectorAll('*')]
  .filter((node) => node.getClientRects().length && !node.closest('.heard'))
  .filter((node) => node.getBoundingClientRect().right > innerWidth + 0.5 || node.scrollWidth > node.clientWidth + 1
    && getComputedStyle(node).overflowX !== 'visible')
  .map((node) => node.className || node.tagName)"""
SLOW_SIGN_IN = """(token) => {
  const slow = () => new Promise((done) => { window.finish = () => done(token); });
  document.querySelector('throughline-chat').identify(slow);
}"""
SMALL = """() => [...document.querySelector('throughline-chat').shadowRoot.querySelectorAll('button, textarea')]
  .filter((node) => node.getClientRects().length)
  .filter((node) => Math.min(node.offsetWidth, node.offsetHeight) < 24).map((node) => node.outerHTML)"""


async def _tab_to(chat: Chat, name: str) -> None:
    """Press Tab until the button of that name has the focus."""
    for _ in range(30):
        await chat.page.keyboard.press("Tab")
        focused = await chat.focused()
        if await focused.count() and await focused.get_attribute("aria-label") == name:
            return
    pytest.fail(f"{name} cannot be reached with Tab")


async def test_whole_conversation_by_keyboard_alone(server: Server, new_chat: NewChat) -> None:
    """Tab, Enter, Shift+Enter and Escape suffice; the focus goes to the input and comes back to the launcher."""
    chat = await new_chat()
    await chat.page.goto(f"{server.url}/chat")
    await _tab_to(chat, "Open chat")
    await chat.page.keyboard.press("Enter")
    await expect(chat.input).to_be_focused()
    await chat.page.keyboard.type("good morning")
    await chat.page.keyboard.press("Shift+Enter")
    await chat.page.keyboard.type("is anybody there?")
    await chat.page.keyboard.press("Enter")
    assert await chat.answer(0)
    assert await chat.by("user") == ["good morning\nis anybody there?"]
    await chat.page.keyboard.press("Escape")
    await expect(chat.launcher).to_be_focused()
    await expect(chat.launcher).to_have_attribute("aria-expanded", "false")
    await expect(chat.log).to_be_hidden()


async def test_everything_has_a_role_and_a_name(server: Server, new_chat: NewChat) -> None:
    """The accessibility tree holds the dialog, the log before its content, the status lines and named buttons."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    dialog = chat.page.get_by_role("dialog", name="Acme support")
    tree = await dialog.aria_snapshot()
    for line in ('log "Conversation"', 'textbox "Your message"', 'button "Send"', 'button "Close chat"', "status"):
        assert line in tree
    await expect(chat.log).to_have_attribute("aria-live", re.compile("off|polite"))
    await expect(chat.page.get_by_role("button", name="Hide chat")).to_have_attribute("aria-expanded", "true")
    await chat.ask("hello")
    await expect(chat.log).to_have_attribute("aria-live", "polite")
    tree = await chat.log.aria_snapshot()
    assert "You" in tree
    assert "hello" in tree
    assert "time" in tree


async def test_authors_are_named_in_words(server: Server, new_chat: NewChat) -> None:
    """Who wrote a message is text, not colour: for every message, seen or heard."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    await chat.ask("hello")
    await chat.ask("hello again")
    authors = await chat.page.locator("throughline-chat [role=log] .message b").all_text_contents()
    assert len(authors) == 4
    assert all(authors)
    assert authors[0] == authors[2] == "You"
    assert authors[1] == authors[3] != "You"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(server: Server, new_chat: NewChat, scheme: Literal["light", "dark"]) -> None:
    """Closed, empty, in conversation and with a banner: no serious finding, contrast included."""
    chat = await new_chat(color_scheme=scheme, reduced_motion="reduce")  # half-way through a fade contrast is low
    await chat.page.goto(f"{server.url}/chat")
    assert await chat.faults() == []
    await chat.visit(f"{server.url}/chat")
    assert await chat.faults() == []
    await chat.call("identify", identity("C-1001"))
    await chat.heard("welcome", count=2)
    await chat.ask("I want a refund for invoice 18492")
    assert await chat.faults() == []
    await chat.page.context.set_offline(True)
    await expect(chat.banner).to_contain_text("offline")
    assert await chat.faults() == []


async def test_narrow_screen_needs_no_sideways_scrolling(server: Server, new_chat: NewChat) -> None:
    """At 320 px nothing sticks out, not even a word without spaces, and every target is 24 px or more."""
    chat = await new_chat(viewport={"width": 320, "height": 568})
    await chat.visit(f"{server.url}/chat")
    await chat.ask("hello")
    await chat.ask("w" * 300)
    assert await chat.page.evaluate(WIDE) <= 320
    assert await chat.page.evaluate(INNER) == []
    assert await chat.page.evaluate(SMALL) == []


async def test_nothing_moves_for_those_who_want_it_so(server: Server, new_chat: NewChat) -> None:
    """With reduced motion there are no running animations."""
    chat = await new_chat(reduced_motion="reduce")
    await chat.visit(f"{server.url}/chat")
    await chat.say("hello")
    assert await chat.page.evaluate("document.getAnimations().length") == 0


async def test_markup_in_a_message_stays_text(server: Server, new_chat: NewChat) -> None:
    """What a visitor writes is shown as written, now and after a reload, and runs nothing."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    await chat.ask(HOSTILE)
    assert await chat.by("user") == [HOSTILE]
    await chat.reload()
    assert await chat.by("user") == [HOSTILE]
    inside = chat.page.locator("throughline-chat [role=log]")
    assert await inside.locator("img, script, .user .text b").count() == 0
    assert await chat.page.evaluate("window.harmed") is None


async def test_reload_resumes_without_doubles(server: Server, new_chat: NewChat) -> None:
    """After a reload the same messages stand in the same order, and the conversation goes on."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    await chat.ask("hello")
    await chat.ask("talk to a person")
    before = await chat.shown()
    await chat.reload()
    assert await chat.shown() == before
    await chat.ask("thank you")
    assert [text for author, text in await chat.shown() if author == "user"] == [
        "hello",
        "talk to a person",
        "thank you",
    ]
    assert await chat.unsent() == []


async def _take_first_choice(chat: Chat) -> list[str]:
    """Go back from the input to the newest buttons with Shift+Tab and press Enter, twice; give their names."""
    group = chat.page.get_by_role("group", name="Choose an answer").last
    names = await group.get_by_role("button").all_inner_texts()
    assert len(names) > 1
    for _ in names:
        await chat.page.keyboard.press("Shift+Tab")
    await expect(group.get_by_role("button").first).to_be_focused()
    before = len(await chat.by("bot"))
    await chat.page.keyboard.press("Enter")
    await chat.page.keyboard.press("Enter")
    await expect(chat.input).to_be_focused()
    await expect(group.get_by_role("button", disabled=True)).to_have_count(len(names))
    await expect(group.get_by_role("button", name=f"{names[0]}, chosen")).to_be_disabled()
    assert await chat.answer(before)
    return names


async def test_choices_are_taken_by_keyboard_and_once(server: Server, new_chat: NewChat) -> None:
    """Shift+Tab reaches the buttons, Enter takes one; then all are disabled, and Acme is told exactly once."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    await chat.call("identify", identity("C-1001"))
    await chat.heard("welcome", count=2)
    await chat.ask("I want a refund for invoice 18492")
    reasons = await _take_first_choice(chat)
    consents = await _take_first_choice(chat)
    assert consents[0].startswith("Yes")
    assert (await chat.by("user"))[-2:] == [reasons[0], consents[0]]
    written = await server.get("/playground/acme/ledger")
    own = [entry for entry in written if entry["customer"] == "C-1001"]  # others use this server, too
    assert [entry["kind"] for entry in own] == ["refund"]


async def test_two_visitors_see_nothing_of_each_other(server: Server, new_chat: NewChat) -> None:
    """Two browsers on one page are two conversations, and stay so after a reload."""
    ann, bob = await new_chat(), await new_chat()
    for chat, text in ((ann, "this is Ann"), (bob, "this is Bob")):
        await chat.visit(f"{server.url}/chat")
        await chat.ask(text)
    for chat, own in ((ann, "this is Ann"), (bob, "this is Bob")):
        assert await chat.by("user") == [own]
        await chat.reload()
        assert await chat.by("user") == [own]


async def test_another_tab_shows_the_same_conversation(server: Server, new_chat: NewChat) -> None:
    """What is written in one tab appears in the other, once."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    await chat.ask("hello")
    other = Chat(await chat.page.context.new_page())
    await other.visit(f"{server.url}/chat")
    await other.ask("from the other tab")
    await expect(chat.page.locator("throughline-chat .message.bot")).to_have_count(2)
    assert await chat.shown() == await other.shown()


async def test_answers_are_counted_while_the_chat_is_closed(server: Server, new_chat: NewChat) -> None:
    """The launcher says how many messages are new, and forgets it once they were seen."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    await chat.page.keyboard.press("Escape")
    await chat.call("send", "hello")
    await chat.page.get_by_role("button", name="Open chat, 1 new message").click()
    assert len(await chat.shown()) == 2
    await chat.page.keyboard.press("Escape")
    await expect(chat.page.get_by_role("button", name="Open chat", exact=True)).to_be_visible()


async def test_a_refused_identity_is_said_and_not_tried_again(server: Server, new_chat: NewChat) -> None:
    """An expired token closes the chat with words, tells the page once, and a fresh one opens it again."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    customer = f"new-{uuid.uuid4()}"
    await chat.call("identify", identity(customer, lasts_s=-30))
    await expect(chat.banner).to_contain_text("sign-in has ended")
    await chat.say("are you there?")
    assert len(await chat.heard("identity-invalid")) == 1
    await chat.call("identify", identity(customer))
    await chat.answer(0)
    assert await chat.by("user") == ["are you there?"]


async def test_signing_in_joins_what_was_said_before(server: Server, new_chat: NewChat) -> None:
    """A visitor who signs in keeps the words said before, after the customer's older ones."""
    customer = f"new-{uuid.uuid4()}"
    office, phone = await new_chat(), await new_chat()
    await office.visit(f"{server.url}/chat")
    await office.call("identify", identity(customer))
    await office.heard("welcome", count=2)
    await office.ask("from the office")
    await phone.visit(f"{server.url}/chat")
    await phone.ask("from the phone, not signed in")
    await phone.call("identify", identity(customer))
    await phone.heard("welcome", count=2)
    await phone.ask("signed in")
    assert await phone.by("user") == ["from the office", "from the phone, not signed in", "signed in"]
    assert len(await phone.by("bot")) == 3


async def test_a_sign_in_that_comes_after_the_sign_out_counts_for_nothing(server: Server, new_chat: NewChat) -> None:
    """A token that was still being fetched when the visitor signed out is never sent."""
    chat = await new_chat()
    token, sent = identity("C-1001"), list[str]()
    chat.page.on("websocket", lambda socket: socket.on("framesent", lambda payload: sent.append(str(payload))))
    await chat.visit(f"{server.url}/chat")
    await chat.page.evaluate(SLOW_SIGN_IN, token)
    await chat.call("reset")
    await chat.page.evaluate("window.finish()")
    await chat.ask("who am I?")
    assert sum('"hello"' in frame for frame in sent) == 2
    assert not any(token in frame for frame in sent)


async def test_signing_out_leaves_nothing_behind(server: Server, new_chat: NewChat) -> None:
    """After `reset()` neither the page nor its storage knows the visitor, and another customer starts with nothing."""
    chat = await new_chat()
    await chat.visit(f"{server.url}/chat")
    await chat.call("identify", identity("C-1001"))
    await chat.heard("welcome", count=2)
    await chat.ask("this is Kim")
    await chat.call("reset")
    assert await chat.shown() == []
    assert await chat.page.evaluate("localStorage.length") == 0
    await chat.call("identify", identity("C-1002"))
    await chat.heard("welcome", count=3)
    assert "this is Kim" not in await chat.by("user")
