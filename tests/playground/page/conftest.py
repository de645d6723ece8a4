"""The page in one Chromium for all tests of this folder; the playground behind it is each test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Literal

import aiohttp
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

from playground.app import standalone
from tests.harness import chromium as harness
from tests.playground.conftest import Bot, options_for, serving

DESK: ViewportSize = {"width": 1280, "height": 800}
Visit = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything that drives the browser."""
    for item in items:
        if "visit" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The system's Chromium."""
    async with harness.chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def bot() -> AsyncIterator[Bot]:
    """The stand-in for the bot, listening."""
    stand_in = Bot()
    async with serving(stand_in.application()) as stand_in.url:
        yield stand_in


@pytest_asyncio.fixture(loop_scope="session")
async def client(bot: Bot, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a playground that was started afresh."""
    async with serving(standalone(options_for(tmp_path, bot.url))) as url, aiohttp.ClientSession(url) as session:
        yield session


@pytest_asyncio.fixture(loop_scope="session")
async def visit(client: aiohttp.ClientSession, chromium: Browser) -> AsyncIterator[Visit]:
    """Open the page as a new visitor; an error in it fails the test."""
    errors: list[str] = []
    contexts: list[BrowserContext] = []

    async def make(*, viewport: ViewportSize = DESK, scheme: Literal["light", "dark"] = "light") -> Page:
        context = await chromium.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(str(client._base_url))
        return page

    yield make
    for context in contexts:
        await context.close()
    assert [] == errors


async def findings(page: Page) -> list[str]:
    """Return what axe has to say, as rule and place."""
    found = await Axe().run(page)
    return [f"{one['id']}: {node['target']}" for one in found.response["violations"] for node in one["nodes"]]
