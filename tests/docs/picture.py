"""Makes the README's picture from the running server, in Chromium. Not a test.

Run: .venv/bin/python -m tests.docs.picture
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, ViewportSize, expect

from tests.browser.serving import ROOT, Server, free_port
from tests.harness.chromium import chromium

PICTURE = ROOT / "docs/images/playground.png"
VIEW: ViewportSize = {"width": 1440, "height": 900}
PATIENCE = 20_000


STEPS = (
    "Start the tour",
    "Sign in and ask",
    "Say “Yes” on the phone",
    "Let Robin press Approve",
    "Let Sam press Approve",
    "Press it three times more",
    "Open the letter",
    "Send the answer",
)


async def play(page: Page) -> None:
    """The guided tour, to its end."""
    for button in STEPS:
        await page.get_by_role("button", name=button).click(timeout=PATIENCE)
    await expect(page.locator("#tour-count")).to_have_text("Done", timeout=PATIENCE)
    await expect(page.locator("#thread")).to_contain_text("You are welcome", timeout=PATIENCE)
    await page.locator(".mail").last.click()
    await page.get_by_role("button", name="Close thread").click()
    await page.get_by_role("button", name="Close the tour").last.click()
    await page.mouse.click(1, 1)


@asynccontextmanager
async def opened(view: ViewportSize) -> AsyncIterator[Page]:
    """The page of a server that was started for it."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(port=free_port(), home=Path(folder))
        await server.start()
        try:
            async with chromium() as browser:
                page = await browser.new_page(viewport=view, color_scheme="light", reduced_motion="reduce")
                await page.goto(server.url)
                yield page
        finally:
            await server.stop()


async def main() -> None:
    """Play, and take the picture."""
    async with opened(VIEW) as page:
        await play(page)
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=PICTURE)


if __name__ == "__main__":
    asyncio.run(main())
