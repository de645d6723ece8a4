"""The page in a real browser: the phone works, the panel shows, nothing is cut off, nobody is shut out."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

import aiohttp
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, ViewportSize, async_playwright, expect

from tests.playground.conftest import KIM, Bot, Json, Value, get, send

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-quic"]
DESK: ViewportSize = {"width": 1280, "height": 800}
SMALL: ViewportSize = {"width": 360, "height": 740}
WIDTH = "document.documentElement.scrollWidth"

pytestmark = pytest.mark.browser
Visit = Callable[..., Awaitable[Page]]


@pytest.fixture
async def visit(client: aiohttp.ClientSession) -> AsyncIterator[Visit]:
    """Open the page as a new visitor; an error in it fails the test."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no Chromium here; on Debian: apt-get install chromium")
    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)

        async def make(*, viewport: ViewportSize = DESK, scheme: Literal["light", "dark"] = "light") -> Page:
            page = await browser.new_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
            page.on("pageerror", lambda error: errors.append(str(error)))
            await page.goto(str(client._base_url))
            return page

        yield make
        await browser.close()
    assert [] == errors


def knows(bot: Bot) -> None:
    """Let the bot know Kim by her phone, in the middle of a refund."""
    identity = {"channel": "whatsapp", "address": KIM, "assurance": "channel"}
    bot.api[f"whatsapp:{KIM}"] = {"users": [{"id": "u1", "session": "s1", "identities": [identity]}]}
    task = {
        "workflow": "refund",
        "step": "request",
        "slots": {"invoice_id": "18492", "eligibility_status": "eligible"},
        "confirmation": "pending",
        "question": "Refund 49.00 USD?",
    }
    bot.api["/api/v1/sessions/s1"] = {"id": "s1", "mode": "bot", "task": task, "tasks": [], "tickets": []}
    bot.api["/api/v1/sessions/s1/events"] = {"events": EVENTS}


def event(seq: int, kind: str, **data: Value) -> Json:
    """Make an event as the operators' API gives it."""
    return {"seq": seq, "kind": kind, "at": 1_790_000_000_000, "channel": "whatsapp", "turn": "t1", "data": data}


EVENTS = [
    event(1, "MessageReceived", text="<img src=x onerror=alert(1)> refund please"),
    event(2, "ToolSucceeded", tool="get_invoice", result={"status": "paid"}, ms=12),
    event(3, "SomethingNew", colour="blue"),
]


async def test_the_phone_sends_and_shows(client: aiohttp.ClientSession, bot: Bot, visit: Visit) -> None:
    """What is typed reaches the webhook, an answer appears, and text with HTML in it stays text."""
    page = await visit()
    field = page.get_by_role("textbox", name="WhatsApp message")
    await field.fill("<b>hi</b>")
    await field.press("Enter")
    await bot.until(lambda: bool(bot.webhooks))
    await send(client, Body="**Hello**\nKim & Co")
    shown = page.get_by_role("log", name="WhatsApp conversation").locator(".bubble > p")
    await expect(shown).to_have_text(["<b>hi</b>", "**Hello**\nKim & Co"])
    assert "<b>hi</b>" == bot.webhooks[0][0]["Body"]
    await expect(page.locator(".bubble.own svg[aria-label=delivered]")).to_have_count(1)


async def test_the_panel_shows_what_the_bot_knows(bot: Bot, visit: Visit) -> None:
    """Task, slots and events appear; a kind nobody taught the page is shown all the same; the filter narrows."""
    knows(bot)
    page = await visit()
    await expect(page.locator(".steps [aria-current=step]")).to_have_text("Request")
    await expect(page.locator(".slots dd")).to_have_text(["18492", "Eligible", "Pending"])
    rows = page.locator("#events > li:visible")
    await expect(rows).to_have_count(3)
    await expect(rows.last).to_contain_text("colour = blue")
    await page.get_by_label("Words in an event").fill("invoice")
    await expect(rows).to_have_count(1)
    await rows.first.locator("summary").press("Enter")
    await expect(rows.first.locator("pre")).to_contain_text('"status": "paid"')
    assert 0 == await page.locator("#events img").count()


async def test_a_small_screen_cuts_nothing_off(bot: Bot, visit: Visit) -> None:
    """At 360 px one part is seen at a time, and nothing is wider than the screen."""
    knows(bot)
    page = await visit(viewport=SMALL)
    for name, part in (("Phone", ".handset"), ("Inside", ".inside"), ("Website", ".site")):
        await page.get_by_role("button", name=name, exact=True).click()
        await expect(page.locator(part)).to_be_visible()
        assert 360 == await page.evaluate(WIDTH)


async def test_without_the_bot_the_page_says_so(visit: Visit) -> None:
    """No widget and no conversation is a sentence, not an empty box."""
    page = await visit()
    await expect(page.get_by_text("The web chat could not be loaded")).to_be_visible()
    await expect(page.get_by_text("nothing yet")).to_be_visible()


async def test_restoring_asks_first(client: aiohttp.ClientSession, visit: Visit) -> None:
    """Only a yes empties the phones."""
    await client.post(f"/playground/phone/{KIM}/messages", json={"text": "hi"})
    page = await visit()
    await page.get_by_role("button", name="Restore demo data").click()
    await page.get_by_role("button", name="Cancel").click()
    assert 1 == len(await get(client, f"/playground/phone/{KIM}/transcript"))
    await page.get_by_role("button", name="Restore demo data").click()
    await page.get_by_role("button", name="Restore", exact=True).click()
    await expect(page.locator(".bubble")).to_have_count(0)
    assert [] == await get(client, f"/playground/phone/{KIM}/transcript")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(
    client: aiohttp.ClientSession, bot: Bot, visit: Visit, scheme: Literal["light", "dark"]
) -> None:
    """Roles, names and contrast are right, with the explanation open and closed."""
    knows(bot)
    await client.post(f"/playground/phone/{KIM}/messages", json={"text": "hi"})
    page = await visit(scheme=scheme)
    await expect(page.locator("#events > li")).to_have_count(3)
    assert [] == await findings(page)
    await page.get_by_role("button", name="How this works").click()
    await expect(page.get_by_role("heading", name="Five things to try")).to_be_visible()
    assert [] == await findings(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="How this works")).to_be_focused()


async def findings(page: Page) -> list[str]:
    """Return what axe has to say, as rule and place."""
    found = await Axe().run(page)
    return [f"{one['id']}: {node['target']}" for one in found.response["violations"] for node in one["nodes"]]
