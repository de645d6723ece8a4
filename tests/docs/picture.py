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
WIDTH, HEIGHT = 1280, 800
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-quic"]
BOT = "throughline-chat [role=log] .message.bot"
PATIENCE = 20_000


async def in_the_chat(page: Page, text: str, answer: str) -> None:
    """Write on the website and wait for the answer."""
    box = page.get_by_role("textbox", name="Your message")
    await box.fill(text)
    await box.press("Enter")
    await expect(page.locator(BOT).last).to_contain_text(answer, timeout=PATIENCE)


async def on_the_phone(page: Page, text: str, answer: str) -> None:
    """Write from the phone and wait until both sides show the answer."""
    box = page.get_by_role("textbox", name="WhatsApp message")
    await box.fill(text)
    await box.press("Enter")
    await expect(page.locator("#bubbles")).to_contain_text(answer, timeout=PATIENCE)
    await expect(page.locator(BOT).last).to_contain_text(answer, timeout=PATIENCE)


async def play(page: Page) -> None:
    """The README's two minutes: asked on the website, confirmed on the phone."""
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator("#site-who")).to_contain_text("Kim", timeout=PATIENCE)
    await in_the_chat(page, "check invoice 18492", "49.00 USD")
    await on_the_phone(page, "any update?", "49.00 USD")
    await in_the_chat(page, "I want a refund for 18492", "Why would you like")
    await page.locator("throughline-chat").get_by_role("button", name="I was charged twice").click()
    await expect(page.locator(BOT).last).to_contain_text("Please confirm this refund", timeout=PATIENCE)
    await on_the_phone(page, "yes please", "Your refund number is")
    await expect(page.locator("#ledger-count")).to_contain_text("1 refund", timeout=PATIENCE)
    await expect(page.locator("#events")).to_contain_text("Task done", timeout=PATIENCE)
    await expect(page.locator("#events li").last).to_contain_text("Bot", timeout=PATIENCE)


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
