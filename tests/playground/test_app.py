"""The playground as a whole: mounted in another server or alone, its page, its reset."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from playground.app import build, page
from tests.playground.conftest import ACME, MESSAGES, TWILIO, Bot, get, options_for, post, serving, transcript, write


async def test_it_can_be_mounted_in_another_server(bot: Bot, tmp_path: Path) -> None:
    """As a sub-application it serves the same paths, and the page is a handler for `GET /`."""
    app = web.Application()
    app.router.add_get("/", page)
    app.add_subapp("/playground", build(options_for(tmp_path, bot.url)))
    async with serving(app) as url, aiohttp.ClientSession(url) as client:
        assert "18492" == (await get(client, "/playground/acme/v1/invoices/18492", headers=ACME))["invoice_id"]
        assert [] == (await get(client, MESSAGES, headers=TWILIO))["messages"]
        async with client.get("/") as response:
            assert "Throughline" in await response.text()


@pytest.mark.parametrize(
    "name",
    [
        "style.css",
        "inside.css",
        "page.js",
        "ideas.js",
        "ideas.json",
        "phone.js",
        "inside.js",
        "words.js",
        "dom.js",
        "icon.svg",
    ],
)
async def test_the_page_finds_all_its_files(client: aiohttp.ClientSession, name: str) -> None:
    """What the page loads is served, and nothing of it comes from elsewhere."""
    async with client.get(f"/playground/static/{name}") as response:
        assert 200 == response.status
        assert "https://" not in await response.text()


async def test_the_page_allows_no_foreign_scripts(client: aiohttp.ClientSession) -> None:
    """The policy names this server and the bot, nobody else."""
    async with client.get("/") as response:
        policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self' https://bot.example;" in policy or "script-src 'self';" in policy
    assert "default-src 'self'" in policy


async def test_pages_of_other_sites_cannot_write(client: aiohttp.ClientSession) -> None:
    """A foreign Origin is 403, our own passes."""
    foreign, own = {"Origin": "https://evil.example"}, {"Origin": "https://bot.example"}
    assert 403 == (await post(client, "/playground/reset", headers=foreign))[0]
    assert 200 == (await post(client, "/playground/reset", headers=own))[0]


async def test_a_reset_forgets_messages_and_faults(client: aiohttp.ClientSession) -> None:
    """After a reset the phones are empty and nothing strikes."""
    await write(client, "hi")
    await post(client, "/playground/acme/faults", json={"kind": "error"})
    await post(client, "/playground/reset")
    assert [] == await transcript(client)
    assert [] == (await get(client, "/playground/acme/faults"))["faults"]


async def test_the_page_learns_whom_to_show(client: aiohttp.ClientSession) -> None:
    """Both customers with their numbers, and where the widget is."""
    info = await get(client, "/playground/info")
    assert ["+15550101001", "+15550101002"] == [customer["phone"] for customer in info["customers"]]
    assert "/chat/widget.js" == info["widget"]
