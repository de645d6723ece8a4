"""The widget on pages of other sites: whom the server lets in, strict policies, and the host page's own wishes."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NewChat
from tests.browser.serving import Server
from tests.browser.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

INLINE = '<div><throughline-chat inline name="Help desk" lang="de"></throughline-chat></div>'
POLICY = "default-src 'none'; script-src {bot}; connect-src {bot} {socket}; require-trusted-types-for 'script'"
LOOKS = "(node) => [getComputedStyle(node).color, getComputedStyle(node).fontSize]"


async def test_listed_site_under_a_strict_policy(server: Server, listed_shop: Shop, new_chat: NewChat) -> None:
    """One script tag is enough on a listed origin, even where the page allows no inline style and no loose HTML."""
    chat = await new_chat()
    policy = POLICY.format(bot=server.url, socket=server.url.replace("http", "ws"))
    await chat.visit(listed_shop.url(server, policy=policy))
    assert await chat.ask("hello from the shop")
    await chat.reload()
    assert await chat.by("user") == ["hello from the shop"]


async def test_listed_site_without_websockets(server: Server, listed_shop: Shop, new_chat: NewChat) -> None:
    """The plain HTTP way works across origins too."""
    chat = await new_chat()
    await chat.visit(listed_shop.url(server, policy=f"connect-src {server.url}"))
    assert await chat.ask("hello by post")


async def test_unlisted_site_is_refused(server: Server, shop: Shop, new_chat: NewChat) -> None:
    """On an origin that is not listed no connection comes up, by neither way; the page says so and keeps the text."""
    chat = await new_chat()
    await chat.page.goto(shop.url(server))
    await chat.launcher.click()
    await chat.say("let me in")
    await chat.heard("status", count=8)  # by turns connecting and waiting
    await expect(chat.banner).to_contain_text("connection is lost")
    assert len(await chat.unsent()) == 1
    assert await chat.by("bot") == []


async def test_style_of_the_page_stays_outside(server: Server, shop: Shop, new_chat: NewChat) -> None:
    """A page's loud style sheet does not reach into the widget."""
    chat = await new_chat(color_scheme="light")
    await chat.page.goto(shop.url(server))
    await chat.launcher.click()
    await chat.say("hello")
    text = chat.page.locator("throughline-chat .user .text")
    assert await text.evaluate(LOOKS) == ["rgb(255, 255, 255)", "15px"]


async def test_page_with_an_element_of_its_own(server: Server, shop: Shop, new_chat: NewChat) -> None:
    """An inline element fills its box in its own language, and no launcher is added."""
    chat = await new_chat()
    await chat.page.goto(shop.url(server, body=INLINE))
    region = chat.page.get_by_role("region", name="Help desk")
    await expect(region.get_by_role("textbox", name="Ihre Nachricht")).to_be_visible()
    await expect(chat.page.locator("throughline-chat")).to_have_count(1)
    await expect(chat.page.locator("throughline-chat .launcher")).to_be_hidden()


async def test_page_that_wants_to_wait(server: Server, shop: Shop, new_chat: NewChat) -> None:
    """With `data-manual` nothing appears until the page makes the element; calls made before are not lost."""
    chat = await new_chat()
    await chat.page.goto(shop.url(server, attributes="data-manual"))
    await expect(chat.page.locator("throughline-chat")).to_have_count(0)
    await chat.page.evaluate(
        "throughline.push(['open']); document.body.append(document.createElement('throughline-chat'))"
    )
    await expect(chat.input).to_be_focused()
