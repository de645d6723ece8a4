"""The widget as a person meets it: by roles, names and keys. Looks inside only to read what is shown."""

from __future__ import annotations

import asyncio
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, Page, expect

SHOWN = "[...document.querySelector('throughline-chat').shadowRoot.querySelectorAll('[role=log] .message')]"
TEXTS = f"""() => {SHOWN}.map((node) => [
  ['user', 'bot', 'staff', 'system'].find((kind) => node.classList.contains(kind)),
  node.querySelector('.text').innerText,
])"""
WATCH = """window.heard = [];
for (const name of ['welcome', 'message', 'status', 'identity-invalid'])
  addEventListener(`throughline:${name}`, (event) => heard.push([name, event.detail]));"""
HEARD = """([name, count]) => new Promise((done) => {
  const look = () => {
    const details = heard.filter(([known]) => known === name).map(([, detail]) => detail);
    if (details.length >= count) done(details);
    else setTimeout(look, 20);
  };
  look();
})"""
PATIENCE_S = 20
MINOR = {"minor", "moderate"}


class Chat:
    """One page with the widget on it; `WATCH` runs in it first and notes what the widget tells the page."""

    def __init__(self, page: Page) -> None:
        """Take a page; nothing is loaded yet."""
        self.page = page
        self.launcher = page.get_by_role("button", name="Open chat")
        self.log = page.get_by_role("log", name="Conversation")
        self.input = page.get_by_role("textbox", name="Your message")
        self.banner = page.locator("throughline-chat .banner")

    async def visit(self, url: str) -> None:
        """Load a page and open the chat."""
        await self.page.goto(url)
        await self.open()

    async def open(self) -> None:
        """Press the launcher and wait for the connection."""
        await self.launcher.click()
        await self.heard("welcome")

    async def reload(self) -> None:
        """Load the page again and open the chat."""
        await self.visit(self.page.url)

    async def say(self, text: str) -> None:
        """Type a message and send it with Enter."""
        await self.input.fill(text)
        await self.input.press("Enter")

    async def ask(self, text: str) -> str:
        """Send a message and give the bot's answer."""
        before = len(await self.by("bot"))
        await self.say(text)
        return await self.answer(before)

    async def answer(self, before: int) -> str:
        """Wait for a message of the bot after those there were, and give it; a letter may stand below it."""
        bots = self.page.locator("throughline-chat [role=log] .message.bot")
        await expect(bots.nth(before)).to_be_visible(timeout=20_000)
        return (await self.by("bot"))[before]

    async def shown(self) -> list[tuple[str, str]]:
        """Give what is in the log: author and text, in order."""
        return [(author, text) for author, text in await self.page.evaluate(TEXTS)]

    async def by(self, author: str) -> list[str]:
        """Give the texts of one author."""
        return [text for who, text in await self.shown() if who == author]

    async def heard(self, name: str, *, count: int = 1) -> list[Any]:
        """Wait until the widget has told the page something that often; give the details."""
        async with asyncio.timeout(PATIENCE_S):
            details: list[Any] = await self.page.evaluate(HEARD, [name, count])
        return details

    async def call(self, method: str, *arguments: str) -> None:
        """Call a method of the element, as the host page does."""
        script = "([name, rest]) => document.querySelector('throughline-chat')[name](...rest)"
        await self.page.evaluate(script, [method, list(arguments)])

    async def unsent(self) -> list[Any]:
        """Give what the widget keeps until it is acknowledged."""
        found: list[Any] = await self.page.evaluate(
            "Object.values(localStorage).flatMap((value) => JSON.parse(value).outbox ?? [])",
        )
        return found

    async def focused(self) -> Locator:
        """Give the element that has the focus, inside the widget or on the page."""
        handle = self.page.locator("throughline-chat :focus")
        return handle if await handle.count() else self.page.locator(":focus")

    async def faults(self) -> list[str]:
        """Give what axe finds on the whole page and is serious or critical."""
        found = await Axe().run(self.page)
        return [
            f"{rule['id']}: {node['html'][:200]}"
            for rule in found.response["violations"]
            if rule["impact"] not in MINOR
            for node in rule["nodes"]
        ]
