"""Makes the README's picture from the running server, in Chromium. Not a test.

Run: .venv/bin/python -m tests.docs.picture
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from tests.browser.serving import ROOT, Server, free_port

PICTURE = ROOT / "docs/images/playground.png"
WIDTH, HEIGHT = 1440, 900
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-quic"]
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


async def main() -> None:
    """Start a server, play, take the picture."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(port=free_port(), home=Path(folder))
        await server.start()
        try:
            async with async_playwright() as playwright:
                chromium = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
                page = await chromium.new_page(
                    viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", reduced_motion="reduce"
                )
                await page.goto(server.url)
                await play(page)
                PICTURE.parent.mkdir(parents=True, exist_ok=True)
                await page.screenshot(path=PICTURE)
                await chromium.close()
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
