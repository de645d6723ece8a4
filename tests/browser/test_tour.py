"""The guided tour in a real browser over every wire: website, WhatsApp, Slack and mail, with one refund at Acme."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.chat import Chat
from tests.browser.conftest import NewChat
from tests.browser.serving import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")
PATIENCE = 25_000
DESK = {"width": 1440, "height": 900}


class Tour:
    """The panel, as a newcomer uses it: one button."""

    def __init__(self, page: Page) -> None:
        """Take a page; nothing is loaded yet."""
        self.page = page
        self.count = page.locator("#tour-count")
        self.told = page.locator("#tour-happened")

    async def press(self, button: str, *, then: str) -> None:
        """Press the step's button and wait until what it causes has really happened."""
        await self.page.get_by_role("button", name=button).click()
        await expect(self.count).to_have_text(then, timeout=PATIENCE)

    async def to_approval(self) -> None:
        """Begin, ask on the website, and say yes from the phone."""
        await self.press("Start the tour", then="Step 1 of 7")
        await self.press("Sign in and ask", then="Step 2 of 7")
        await self.press("Say “Yes” on the phone", then="Step 3 of 7")


async def ledger(server: Server) -> list[tuple[object, object]]:
    """What Acme did for Lee, as Acme counts it: kind and customer."""
    found = await server.get("/playground/acme/ledger?customer=C-1002")
    return [(entry["kind"], entry["customer"]) for entry in found]


def slack(page: Page) -> Locator:
    """The team's channel."""
    return page.get_by_role("log", name="Messages in #support")


async def visited(new_chat: NewChat, server: Server) -> Tour:
    """A newcomer's page."""
    tour = Tour((await new_chat(viewport=DESK, reduced_motion="reduce")).page)
    await tour.page.goto(server.url)
    return tour


async def test_the_tour_by_clicks(server: Server, new_chat: NewChat) -> None:
    """Seven buttons: asked, confirmed, refused to the wrong person, approved, counted once, the letter, its answer."""
    tour = await visited(new_chat, server)
    page = tour.page
    await tour.to_approval()
    await expect(page.locator("#bubbles")).to_contain_text("a colleague has to approve it")
    assert [] == await ledger(server)
    await tour.press("Let Robin press Approve", then="Step 4 of 7")
    await expect(slack(page)).to_contain_text("Your role does not allow this")
    assert [] == await ledger(server)
    await tour.press("Let Sam press Approve", then="Step 5 of 7")
    await expect(page.locator("#cases")).to_contain_text("Approved by Sam")
    await tour.press("Press it three times more", then="Step 6 of 7")
    await expect(page.locator("#ledger-count")).to_have_text("1 refund")
    assert [("refund", "C-1002")] == await ledger(server)
    await tour.press("Open the letter", then="Step 7 of 7")
    await expect(page.locator(".letter-text")).to_contain_text("This is to confirm your refund.")
    await expect(page.locator("#bubbles")).to_contain_text("Your refund number is")
    await tour.press("Send the answer", then="Done")
    thread = page.get_by_role("log", name="Messages in the thread")
    await expect(thread).to_contain_text("Will it be on this month", timeout=PATIENCE)
    await expect(thread).not_to_contain_text("reply above")
    await expect(page.locator("#people .joined")).to_have_count(3)
    assert [] == await Chat(page).faults()
    await page.get_by_role("button", name="Close the tour").last.click()
    await expect(page.locator("#tour")).to_be_hidden()
    assert [("refund", "C-1002")] == await ledger(server)


async def test_the_tour_can_be_begun_again_in_the_middle(server: Server, new_chat: NewChat) -> None:
    """What was left open is withdrawn, the demo data are as new, and the next round gets as far."""
    tour = await visited(new_chat, server)
    await tour.to_approval()
    await tour.page.get_by_role("button", name="Start the tour over").click()
    await tour.to_approval()
    await tour.press("Let Robin press Approve", then="Step 4 of 7")
    assert [] == await ledger(server)


async def test_a_takeover_by_hand(server: Server, new_chat: NewChat) -> None:
    """A customer asks for a person; who takes over answers, and the page says who has the conversation."""
    page = (await new_chat(viewport=DESK, reduced_motion="reduce")).page
    await page.goto(server.url)
    await page.get_by_role("button", name="Close the tour").click()
    await page.get_by_role("textbox", name="WhatsApp message").fill("talk to a person")
    await page.keyboard.press("Enter")
    card = slack(page).locator(".message").filter(has_text="Kim Berger")
    await card.get_by_role("button", name="Take over").press("Enter")
    holder = page.locator("#holder")
    await expect(holder).to_contain_text("Robin has the conversation", timeout=PATIENCE)
    await card.get_by_role("button", name="Reply to customer").press("Enter")
    dialog = page.get_by_role("dialog", name="Reply to customer")
    await dialog.get_by_role("textbox").fill("This is Robin. How can I help?")
    await dialog.get_by_role("button", name="Send to customer").press("Enter")
    await expect(page.locator("#bubbles")).to_contain_text("This is Robin.", timeout=PATIENCE)
    await expect(dialog).to_have_count(0)
    await card.get_by_role("button", name="Hand back").press("Enter")
    await expect(holder).to_contain_text("The bot has the conversation", timeout=PATIENCE)
