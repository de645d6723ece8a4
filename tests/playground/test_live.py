"""The live view shows what the operators' API says, and copes when there is nothing to show."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import aiohttp
import pytest

from playground.app import standalone
from playground.live import visitor_of
from tests.playground.conftest import KIM, Bot, Json, get, options_for, serving

LIVE = "/playground/live?customer=C-1001"


def token(payload: object) -> str:
    """Make a token with this payload; nobody checks its signature here."""
    return f"e30.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip('=')}.x"


def user(name: str, channel: str) -> Json:
    """Make a user as the operators' API gives it."""
    identity = {"channel": channel, "address": "a", "assurance": "channel"}
    return {"users": [{"id": name, "session": f"of-{name}", "identities": [identity]}]}


def session(bot: Bot, name: str, **more: object) -> None:
    """Give a session one event."""
    bot.api[f"/api/v1/sessions/{name}"] = {"id": name, "task": None, **more}
    bot.api[f"/api/v1/sessions/{name}/events"] = {"events": [{"seq": 7, "kind": "MessageReceived", "data": {}}]}


async def test_one_person_on_two_channels(client: aiohttp.ClientSession, bot: Bot) -> None:
    """The visitor's token names the website's side, the customer's number the phone's; both are one user."""
    bot.api |= {"web:v1": user("ann", "web"), f"whatsapp:{KIM}": user("ann", "whatsapp")}
    session(bot, "of-ann", task={"workflow": "refund"})
    live = await get(client, LIVE, headers={"X-Visitor": token({"sub": "v1"})})
    assert ("ok", True, True) == (live["state"], live["people"]["same"], live["fresh"])
    assert ("refund", [7], []) == (
        live["session"]["task"]["workflow"],
        [e["seq"] for e in live["events"]],
        live["ledger"],
    )


async def test_two_strangers_are_shown_apart(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Until somebody proves it, the two are different people, and the page may look at either."""
    bot.api |= {"web:v1": user("ann", "web"), f"whatsapp:{KIM}": user("kim", "whatsapp")}
    session(bot, "of-ann")
    session(bot, "of-kim")
    visitor = f"&visitor={token({'sub': 'v1'})}"
    website, phone = await get(client, LIVE + visitor), await get(client, f"{LIVE}{visitor}&view=phone")
    assert (False, "of-ann", "of-kim") == (website["people"]["same"], website["session"]["id"], phone["session"]["id"])


async def test_whoever_is_shown_instead_is_waited_for_briefly(client: aiohttp.ClientSession, bot: Bot) -> None:
    """While the visitor has not written the phone's conversation is shown; the visitor's first word is seen soon."""
    bot.api |= {f"whatsapp:{KIM}": user("kim", "whatsapp")}
    session(bot, "of-kim")
    for view in ("web", "phone"):
        assert "ok" == (await get(client, f"{LIVE}&view={view}&session=of-kim&after=7"))["state"]
    assert ["2", "20"] == bot.waits


async def test_the_mailbox_is_watched_too(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Who writes from the customer's address is looked up, and the page may look at that conversation."""
    bot.api |= {f"whatsapp:{KIM}": user("kim", "whatsapp"), "email:kim@example.com": user("kim", "email")}
    session(bot, "of-kim")
    live = await get(client, f"{LIVE}&view=mail")
    assert ("kim", True, "of-kim") == (live["people"]["mail"]["id"], live["people"]["same"], live["session"]["id"])
    bot.api["email:kim@example.com"] = user("lee", "email")
    session(bot, "of-lee")
    live = await get(client, f"{LIVE}&view=mail")
    assert (False, "of-lee") == (live["people"]["same"], live["session"]["id"])


async def test_nobody_has_written_yet(client: aiohttp.ClientSession) -> None:
    """Nothing is quiet, not an error."""
    assert "quiet" == (await get(client, LIVE))["state"]


@pytest.mark.parametrize(
    "url,token_used,state", [("http://127.0.0.1:9", "api-token", "offline"), (None, "x", "refused")]
)
async def test_a_bot_that_is_not_there(bot: Bot, tmp_path: Path, url: str | None, token_used: str, state: str) -> None:
    """The page is told in one word why it sees nothing; Acme's ledger is there all the same."""
    options = options_for(tmp_path, url or bot.url, api_token=token_used)
    async with serving(standalone(options)) as own, aiohttp.ClientSession(own) as client:
        live = await get(client, LIVE)
    assert (state, []) == (live["state"], live["ledger"])


async def test_only_demo_customers_can_be_watched(client: aiohttp.ClientSession) -> None:
    """The view is no way around the operators' token."""
    async with client.get("/playground/live?customer=C-7") as response:
        assert 404 == response.status


@pytest.mark.parametrize(
    "given,visitor",
    [
        (token({"sub": "v1"}), "v1"),
        (token([]), None),
        (token({"sub": 1}), None),
        ("a.b", None),
        ("a.!.c", None),
        ("", None),
    ],
)
def test_reading_the_visitor(given: str, visitor: str | None) -> None:
    """A token that makes no sense is no visitor."""
    assert visitor == visitor_of(given)
