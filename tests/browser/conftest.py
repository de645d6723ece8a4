"""A browser and a server for the tests of this folder, each started once; what a test changes is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ViewportSize

from tests.browser.chat import WATCH, Chat
from tests.browser.serving import Server, free_port
from tests.browser.shop import Shop
from tests.harness.chromium import chromium

DESK: ViewportSize = {"width": 1024, "height": 768}

NewChat = Callable[..., Awaitable[Chat]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything that drives the browser."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium."""
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def listed_shop() -> AsyncIterator[Shop]:
    """A site that the server's operator has listed."""
    shop = Shop()
    await shop.open()
    yield shop
    await shop.close()


@pytest_asyncio.fixture(loop_scope="session")
async def shop() -> AsyncIterator[Shop]:
    """A site that nobody has listed."""
    shop = Shop()
    await shop.open()
    yield shop
    await shop.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory, listed_shop: Shop) -> AsyncIterator[Server]:
    """One server for all tests that leave it running."""
    settings = {"WEB_ALLOWED_ORIGINS": listed_shop.origin}
    one = Server(port=free_port(), home=tmp_path_factory.mktemp("server"), settings=settings)
    try:
        await one.start()
        yield one
    finally:
        await one.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def own_server(tmp_path: Path) -> AsyncIterator[Server]:
    """A server of the test's own, not started yet."""
    one = Server(port=free_port(), home=tmp_path)
    try:
        yield one
    finally:
        await one.kill()


@pytest_asyncio.fixture(loop_scope="session")
async def new_chat(browser: Browser) -> AsyncIterator[NewChat]:
    """Make pages that know nothing of each other; an error in a page fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    async def make(
        *,
        viewport: ViewportSize = DESK,
        color_scheme: Literal["light", "dark"] = "light",
        reduced_motion: Literal["reduce", "no-preference"] = "no-preference",
    ) -> Chat:
        context = await browser.new_context(
            viewport=viewport,
            color_scheme=color_scheme,
            reduced_motion=reduced_motion,
        )
        contexts.append(context)
        await context.add_init_script(WATCH)
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return Chat(page)

    yield make
    for context in contexts:
        await context.close()
    assert errors == []
