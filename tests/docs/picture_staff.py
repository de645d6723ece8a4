"""Makes the picture of the page on staff: the playground's Slack while a refund waits for approval. Not a test.

Run: .venv/bin/python -m tests.docs.picture_staff
"""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, ViewportSize, expect

from tests.browser.serving import ROOT
from tests.docs.picture import PATIENCE, opened

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
    """Play, and take the picture of Slack's pane."""
    async with opened(VIEW) as page:
        await play(page)
        await page.locator('[data-pane="slack"]').screenshot(path=PICTURE)


if __name__ == "__main__":
    asyncio.run(main())
