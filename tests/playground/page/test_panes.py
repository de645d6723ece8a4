"""The team's Slack and the mailbox on the page, in a real browser: by keyboard, as text, and as the wire has it."""

from __future__ import annotations

from typing import Literal

import aiohttp
import pytest
from playwright.async_api import expect

from tests.playground import mails
from tests.playground.conftest import Bot, Json
from tests.playground.page.conftest import Visit, findings
from tests.playground.slacks import OTHER, ROBIN, SAM, SUPPORT, sdk

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOSTILE = "<img src=x onerror=alert(1)>"


def plain(text: str) -> Json:
    """Make a text object."""
    return {"type": "plain_text", "text": text}


def card() -> list[Json]:
    """A ticket's card with everything that ours have."""
    sure = {
        "title": plain("Approve this?"),
        "text": plain("900.00 USD"),
        "confirm": plain("Approve"),
        "deny": plain("No"),
    }
    approve = {"type": "button", "action_id": "approve", "text": plain("Approve"), "value": "t1", "style": "primary"}
    options = [{"text": plain(name), "value": name} for name in ("normal", "high")]
    choose = {"type": "static_select", "action_id": "priority", "placeholder": plain("Priority"), "options": options}
    return [
        {"type": "header", "text": plain("#7 Refund")},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": f"*Customer*\n{HOSTILE.replace('<', '&lt;')}"}]},
        {"type": "divider"},
        {"type": "section", "text": {"type": "mrkdwn", "text": f"Ask <@{SAM}> or see <https://acme.example|the page>"}},
        {"type": "actions", "block_id": "decision", "elements": [{**approve, "confirm": sure}, choose]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Expires <!date^1790000000^{date}|soon>"}]},
    ]


async def posted(client: aiohttp.ClientSession, bot: Bot) -> str:
    """Let the bot post the card, and hear of it itself; returns the card's name."""
    answer = await sdk(client).chat_postMessage(channel=SUPPORT, text="Ticket #7", blocks=card())
    await bot.until(lambda: bool(bot.slack))
    bot.slack.clear()
    return str(answer["ts"])


async def test_a_card_is_approved_by_keyboard(client: aiohttp.ClientSession, bot: Bot, visit: Visit) -> None:
    """Who acts is chosen, the button asks first, and the bot hears who pressed what; what customers wrote is text."""
    await posted(client, bot)
    page = await visit()
    await expect(page.get_by_role("heading", name="#7 Refund")).to_be_visible()
    await expect(page.locator("#channel")).to_contain_text(HOSTILE)
    await expect(page.locator("#channel .mention")).to_have_text("@Sam Okafor")
    assert 0 == await page.locator("#channel img").count()
    await page.get_by_role("radio", name="Robin").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("radio", name="Sam")).to_be_checked()
    await page.get_by_role("button", name="Approve").press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("900.00 USD")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Approve").press("Enter")
    await page.get_by_role("dialog").get_by_role("button", name="Approve").press("Enter")
    await bot.until(lambda: bool(bot.slack))
    assert 1 == len(bot.slack)
    heard = bot.slack[0].payload
    assert (SAM, "approve", "t1") == (
        heard["user"]["id"],
        heard["actions"][0]["action_id"],
        heard["actions"][0]["value"],
    )


async def test_what_is_for_one_person_is_seen_by_one(client: aiohttp.ClientSession, visit: Visit) -> None:
    """An ephemeral message says so, and is not there for anybody else."""
    await sdk(client).chat_postEphemeral(channel=SUPPORT, user=ROBIN, text="Your role does not allow this.")
    page = await visit()
    whisper = page.get_by_text("Your role does not allow this.")
    await expect(whisper).to_be_visible()
    await expect(page.get_by_text("Only visible to you")).to_be_visible()
    await page.get_by_role("radio", name="Sam").check(force=True)
    await expect(whisper).to_have_count(0)


async def test_threads_and_commands(client: aiohttp.ClientSession, bot: Bot, visit: Visit) -> None:
    """What is written in a thread belongs to it, a slash command is one, and a stranger writes as a stranger."""
    ts = await posted(client, bot)
    page = await visit()
    await page.get_by_role("button", name="Open thread").click()
    field = page.get_by_role("textbox", name="Reply in the thread")
    await expect(field).to_be_focused()
    await field.fill("@bot summarize")
    await field.press("Enter")
    await bot.until(lambda: len(bot.slack) == 2)  # the message, and that it mentions the bot
    assert [ts, ts] == [heard.event["thread_ts"] for heard in bot.slack]
    await page.get_by_role("button", name="Close thread").click()
    await page.get_by_role("radio", name="Olli").check(force=True)
    await page.get_by_role("textbox", name="Message to #support").fill("/ticket take 7")
    await page.keyboard.press("Enter")
    await bot.until(lambda: len(bot.slack) == 3)
    form = bot.slack[2].form
    assert (OTHER, "/ticket", "take 7") == (form["user_id"], form["command"], form["text"])


async def test_a_modal_is_filled_in(client: aiohttp.ClientSession, bot: Bot, visit: Visit) -> None:
    """A modal of the bot opens for who pressed, is sent off with its values, and is gone."""
    await posted(client, bot)
    page = await visit()
    await page.get_by_role("combobox", name="Priority").select_option("high")
    await bot.until(lambda: bool(bot.slack))
    element = {"type": "plain_text_input", "action_id": "text", "multiline": True}
    block = {"type": "input", "block_id": "text", "label": plain("Your words"), "element": element}
    view = {
        "type": "modal",
        "callback_id": "reply",
        "title": plain("Reply"),
        "submit": plain("Send"),
        "blocks": [block],
    }
    await sdk(client).views_open(trigger_id=bot.slack[0].payload["trigger_id"], view=view)
    dialog = page.get_by_role("dialog", name="Reply")
    await dialog.get_by_role("textbox", name="Your words").fill("It is on its way.")
    await dialog.get_by_role("button", name="Send").click()
    await bot.until(lambda: len(bot.slack) == 2)
    values = bot.slack[1].payload["view"]["state"]["values"]
    assert "It is on its way." == values["text"]["text"]["value"]
    await expect(dialog).to_have_count(0)


async def test_a_letter_is_read_and_answered(client: aiohttp.ClientSession, bot: Bot, visit: Visit) -> None:
    """Its HTML can do and load nothing, its headers can be read, and the answer goes where Reply-To says."""
    letter = mails.letter()
    page_of_it = f"<p>it is on its way</p><img src='https://elsewhere.example/seen'>{HOSTILE}"
    letter.clear_content()
    letter.set_content("it is on its way")
    letter.add_alternative(page_of_it, subtype="html")
    page = await visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await mails.send(client, letter)
    await page.get_by_role("button", name="Unread. Acme Support").click()
    await page.get_by_role("button", name="HTML").click()
    frame = page.locator("iframe.letter-frame")
    assert "" == await frame.get_attribute("sandbox")
    await expect(page.frame_locator("iframe.letter-frame").get_by_text("on its way")).to_be_visible()
    assert [] == [url for url in asked if "elsewhere" in url]
    await page.get_by_role("button", name="Headers").click()
    await expect(page.locator(".letter-headers")).to_contain_text("<o1@acme.example>")
    await page.get_by_role("button", name="Reply", exact=True).click()
    await page.get_by_role("combobox", name="Written with").select_option("outlook")
    await page.get_by_role("textbox", name="Text").fill("Thank you!")
    await page.get_by_role("button", name="Send mail").click()
    await bot.until(lambda: bool(bot.mails))
    message = bot.mails[0].message
    assert (mails.REPLY_TO, "<o1@acme.example>") == (message["To"].addresses[0].addr_spec, message["In-Reply-To"])
    await expect(page.locator(".mail[aria-current]")).to_contain_text("To ")


async def test_a_forged_sender_is_found_out(bot: Bot, visit: Visit) -> None:
    """The page says what happens to it, and the mail server says that the check failed."""
    page = await visit()
    await page.get_by_role("button", name="New mail").click()
    await page.get_by_role("combobox", name="From").select_option(label="Forged: Lee Tanaka <lee@example.com>")
    await expect(page.get_by_text("will see that it is forged")).to_be_visible()
    await page.get_by_role("textbox", name="Subject").fill("My invoice")
    await page.get_by_role("textbox", name="Text").fill("What is on invoice 20001?")
    await page.get_by_role("button", name="Send mail").click()
    await bot.until(lambda: bool(bot.mails))
    message = bot.mails[0].message
    assert "lee@example.com" in message["From"]
    assert "dmarc=fail" in message["Authentication-Results"]


async def test_the_tour_is_offered_once(visit: Visit) -> None:
    """A newcomer is asked; who closes it finds it in the header, and is not asked again."""
    page = await visit()
    panel = page.get_by_role("region", name="New here? Take the two-minute tour")
    await expect(panel).to_be_visible()
    await panel.get_by_role("button", name="Close the tour").click()
    await expect(panel).to_be_hidden()
    await page.reload()
    await expect(page.get_by_text("nothing yet")).to_be_visible()
    await expect(panel).to_be_hidden()
    await page.get_by_role("button", name="Take the tour").press("Enter")
    await expect(page.get_by_role("button", name="Start the tour")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Take the tour")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(
    client: aiohttp.ClientSession, bot: Bot, visit: Visit, scheme: Literal["light", "dark"]
) -> None:
    """Roles, names and contrast of cards, threads, letters, and of writing one."""
    await posted(client, bot)
    await sdk(client).chat_postEphemeral(channel=SUPPORT, user=ROBIN, text="You alone.")
    await mails.send(client, mails.letter())
    page = await visit(scheme=scheme)
    await page.get_by_role("button", name="Unread. Acme Support").click()
    await expect(page.get_by_role("button", name="Approve")).to_be_visible()
    assert [] == await findings(page)
    await page.get_by_role("button", name="Open thread").click()
    await page.get_by_role("button", name="Headers").click()
    assert [] == await findings(page)
    await page.get_by_role("button", name="Reply", exact=True).click()
    assert [] == await findings(page)
