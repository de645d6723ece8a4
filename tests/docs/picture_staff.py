"""Makes the picture of the page on staff: the playground's Slack while a refund waits for approval. Not a test.

Run: .venv/bin/python -m tests.docs.picture_staff
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from playwright.async_api import Page, ViewportSize, async_playwright, expect

from tests.browser.serving import ROOT, Server, free_port
from tests.docs.picture import ARGUMENTS, PATIENCE

PICTURE = ROOT / "docs/images/staff.png"
VIEW: ViewportSize = {"width": 1500, "height": 1240}


async def play(page: Page) -> None:
    """The guided tour until somebody must approve, then the ticket's thread."""
    count = page.locator("#tour-count")
    for button, then in (
        ("Start the tour", "Step 1 of 7"),
        ("Sign in and ask", "Step 2 of 7"),
        ("Say “Yes” on the phone", "Step 3 of 7"),
        ("Let Robin press Approve", "Step 4 of 7"),
    ):
        await page.get_by_role("button", name=button).click()
        await expect(count).to_have_text(then, timeout=PATIENCE)
    await expect(page.get_by_role("log", name="Messages in #support")).to_contain_text("Your role", timeout=PATIENCE)


async def main() -> None:
    """Start a server, play, and take the picture of Slack's pane."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(port=free_port(), home=Path(folder))
        await server.start()
        try:
            async with async_playwright() as playwright:
                chromium = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
                page = await chromium.new_page(viewport=VIEW, color_scheme="light", reduced_motion="reduce")
                await page.goto(server.url)
                await play(page)
                await page.locator('[data-pane="slack"]').screenshot(path=PICTURE)
                await chromium.close()
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
