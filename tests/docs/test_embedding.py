"""The README's web page: its script tag, policy, token function and sign-in code, together in a real browser."""

from __future__ import annotations

import runpy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from tests import servers
from tests.browser.chat import Chat
from tests.browser.serving import SECRET, Server
from tests.docs.examples import example
from tests.harness.chromium import chromium

README = "README.md"
BOT = "https://bot.example.com"
PAGE = '<!doctype html><html lang="en"><title>A site</title><button id="sign-out">Sign out</button>{tag}{more}</html>'


def _as_in(name: str, server: Server) -> str:
    """An example with the server's address in the place of the invented one."""
    text = example(README, name).replace(BOT, server.url)
    return text.replace(BOT.replace("https", "wss"), server.url.replace("http", "ws"))


def _site(server: Server, folder: Path) -> web.Application:
    """A customer's site as the README describes it."""
    module = folder / "identity.py"
    module.write_text(example(README, "identity.py"))
    chat_token = runpy.run_path(str(module))["chat_token"]
    body = PAGE.format(tag=_as_in("embed.html", server), more='<script src="/site.js" defer></script>')
    policy = {"Content-Security-Policy": " ".join(_as_in("policy", server).split())}

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type="text/html", headers=policy)

    async def script(_: web.Request) -> web.Response:
        return web.Response(text=example(README, "identity.js"), content_type="text/javascript")

    async def token(_: web.Request) -> web.Response:
        return web.Response(text=chat_token("C-1001", SECRET))

    site = web.Application()
    site.add_routes([web.get("/", page), web.get("/site.js", script), web.post("/chat-token", token)])
    return site


@asynccontextmanager
async def _visiting(site: web.Application, port: int) -> AsyncIterator[Page]:
    """The site in a browser."""
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with chromium() as browser:
            page = await browser.new_page()
            await page.goto(f"http://127.0.0.1:{port}/")
            yield page
    finally:
        await runner.cleanup()


@pytest.mark.browser
async def test_the_chat_on_a_site_of_ones_own(tmp_path: Path) -> None:
    """A signed-in customer is known to the bot at once; after signing out the chat knows nobody."""
    port = servers.free_port()
    server = Server(
        port=servers.free_port(), home=tmp_path, settings={"WEB_ALLOWED_ORIGINS": f"http://127.0.0.1:{port}"}
    )
    await server.start()
    try:
        async with _visiting(_site(server, tmp_path), port) as page:
            chat = Chat(page)
            await chat.launcher.click()
            assert "Invoice 18492 is paid" in await chat.ask("check invoice 18492")
            await page.get_by_role("button", name="Sign out").click()
            await expect(page.locator("throughline-chat [role=log] .message")).to_have_count(0)
            assert "sign in" in await chat.ask("check invoice 18492")
    finally:
        await server.stop()
