"""The page in a real browser: the phone works, the panel shows, nothing is cut off, nobody is shut out."""

from __future__ import annotations

from typing import Literal

import aiohttp
import pytest
from playwright.async_api import ViewportSize, expect

from tests.playground.conftest import KIM, Bot, Json, Value, get, send
from tests.playground.page.conftest import Visit, findings

SMALL: ViewportSize = {"width": 320, "height": 640}
PANES = (
    ("Phone", ".handset"),
    ("Inside", ".inside"),
    ("Mailbox", ".mailbox"),
    ("Slack", ".slack"),
    ("Website", ".site"),
)
WIDTH = "document.documentElement.scrollWidth"

pytestmark = pytest.mark.asyncio(loop_scope="session")


def knows(bot: Bot) -> None:
    """Let the bot know Kim by her phone, in the middle of a refund."""
    identity = {"channel": "whatsapp", "address": KIM, "assurance": "channel"}
    bot.api[f"whatsapp:{KIM}"] = {"users": [{"id": "u1", "session": "s1", "identities": [identity]}]}
    task = {
        "workflow": "refund",
        "step": "request",
        "slots": {"invoice_id": "18492", "eligibility_status": "eligible"},
        "confirmation": "pending",
        "question": {"slot": "confirmation", "choices": ["Yes, refund it", "No, leave it as it is"]},
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


def works(bot: Bot) -> None:
    """Let staff have had their part: an approval, a ticket, a person who took over."""
    knows(bot)
    asked = {"action": "a1", "title": "Refund", "scope": "billing:approve", "why": "above the limit"}
    found = [
        event(4, "TicketOpened", ticket="k1", number=7, subject="Refund of 20001", reason="approval"),
        event(5, "ApprovalRequested", **asked, lines=[["Amount", "900.00 USD"]]),
        event(6, "ApprovalDecided", action="a1", approved=True, name="Sam", staff="T1/U2"),
        event(7, "StaffTookOver", staff="T1/U1", name="Robin", ticket="k1"),
    ]
    ticket = {"id": "k1", "number": 7, "subject": "Refund of 20001", "status": "open", "assignee_name": "Robin"}
    holder = {"staff": "T1/U1", "name": "Robin", "since": 0}
    session = bot.api["/api/v1/sessions/s1"]
    bot.api["/api/v1/sessions/s1"] = {**session, "mode": "staff", "holder": holder, "tickets": [ticket]}
    bot.api["/api/v1/sessions/s1/events"] = {"events": [*EVENTS, *found]}


async def test_the_panel_shows_what_staff_did(bot: Bot, visit: Visit) -> None:
    """Who has the conversation, who approved what, which tickets there are; and the log can be narrowed to it."""
    works(bot)
    page = await visit()
    await expect(page.locator("#holder")).to_have_text("Robin has the conversation; the bot is silent")
    rows = page.locator("#cases li")
    await expect(rows.first).to_contain_text("Approved by Sam")
    await expect(rows.first).to_contain_text("900.00 USD")
    await expect(rows.last).to_contain_text("Ticket 7")
    shown = page.locator("#events > li:visible")
    await page.get_by_label("Kind of event").select_option("Staff")
    await expect(shown).to_have_count(3)
    await page.get_by_label("Kind of event").select_option("Tickets")
    await expect(shown).to_have_count(1)
    await expect(shown).to_contain_text("Ticket 7 opened")


async def test_a_small_screen_cuts_nothing_off(bot: Bot, visit: Visit) -> None:
    """At 320 px one part is seen at a time, and nothing is wider than the screen."""
    knows(bot)
    page = await visit(viewport=SMALL)
    for name, part in PANES:
        await page.get_by_role("button", name=name, exact=True).click()
        await expect(page.locator(part)).to_be_visible()
        assert 320 == await page.evaluate(WIDTH)


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


async def test_what_to_ask_for_is_a_press_away(visit: Visit) -> None:
    """The list opens by keyboard, axe finds nothing in it, Escape closes it, and focus is back where it was."""
    page = await visit()
    more = page.get_by_role("button", name="What else?")
    await more.press("Enter")
    ideas = page.get_by_role("dialog", name="What to ask for")
    await expect(ideas.get_by_role("button", name="Dispute a bill")).to_contain_text("18493")
    assert [] == await findings(page)
    await page.keyboard.press("Escape")
    await expect(ideas).to_be_hidden()
    await expect(more).to_be_focused()
