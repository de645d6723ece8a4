"""The widget on pages of other sites: whom the server lets in, strict policies, and the host page's own wishes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import expect
from yarl import URL

from tests import servers
from tests.browser.conftest import NewChat
from tests.browser.serving import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = """<!doctype html><html lang="en"><title>A shop</title><style>* {{ color: red; font: 40px cursive }}</style>
<h1>A shop</h1>{body}<script src="{bot}/chat/widget.js" defer {attributes}></script>"""
INLINE = '<div><throughline-chat inline name="Help desk" lang="de"></throughline-chat></div>'
POLICY = "default-src 'none'; script-src {bot}; connect-src {bot} {socket}; require-trusted-types-for 'script'"
LOOKS = "(node) => [getComputedStyle(node).color, getComputedStyle(node).fontSize]"


class Shop:
    """Another site, on an origin of its own, that embeds the widget."""

    def __init__(self) -> None:
        """Choose an origin; nothing is served yet."""
        self.port = servers.free_port()
        self.origin = f"http://127.0.0.1:{self.port}"

    async def page(self, request: web.Request) -> web.Response:
        """Answer one page, made as the query asks."""
        wish = request.query
        text = PAGE.format(bot=wish["bot"], body=wish.get("body", ""), attributes=wish.get("attributes", ""))
        headers = {"Content-Security-Policy": wish["policy"]} if "policy" in wish else {}
        return web.Response(text=text, content_type="text/html", headers=headers)

    def url(self, bot: Server, **wish: str) -> str:
        """Give the address of a page that embeds that server's widget."""
        return str(URL(self.origin).with_query(bot=bot.url, **wish))


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[Shop]:
    """A site of somebody else's."""
    site = Shop()
    application = web.Application()
    application.router.add_get("/", site.page)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", site.port).start()
    yield site
    await runner.cleanup()


async def test_listed_site_under_a_strict_policy(own_server: Server, shop: Shop, new_chat: NewChat) -> None:
    """One script tag is enough on a listed origin, even where the page allows no inline style and no loose HTML."""
    own_server.settings["WEB_ALLOWED_ORIGINS"] = shop.origin
    await own_server.start()
    chat = await new_chat()
    policy = POLICY.format(bot=own_server.url, socket=own_server.url.replace("http", "ws"))
    await chat.visit(shop.url(own_server, policy=policy))
    assert await chat.ask("hello from the shop")
    await chat.reload()
    assert await chat.by("user") == ["hello from the shop"]


async def test_listed_site_without_websockets(own_server: Server, shop: Shop, new_chat: NewChat) -> None:
    """The plain HTTP way works across origins too."""
    own_server.settings["WEB_ALLOWED_ORIGINS"] = shop.origin
    await own_server.start()
    chat = await new_chat()
    await chat.visit(shop.url(own_server, policy=f"connect-src {own_server.url}"))
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
