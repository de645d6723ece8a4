"""Switchable trouble for Slack: what the bot's calls meet, what still took effect, and that all are counted."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from playground.app import standalone
from tests.playground.conftest import Bot, Json, get, options_for, post, serving
from tests.playground.slacks import SLACK, SUPPORT, act, calls, say, sdk, settled, workspace

API = f"{SLACK}/api/chat.postMessage"
TOKEN = {"Authorization": "Bearer xoxb-test"}


async def fault(client: aiohttp.ClientSession, kind: str, **more: str | int) -> None:
    """Switch a fault on."""
    assert 201 == (await post(client, f"{SLACK}/faults", json={"kind": kind, **more}))[0]


async def posted(client: aiohttp.ClientSession) -> list[str]:
    """The texts in the channel."""
    return [message["text"] for message in (await workspace(client))["messages"]]


async def test_too_many_requests(client: aiohttp.ClientSession) -> None:
    """429 with Retry-After, posts nothing, and is counted."""
    await fault(client, "rate_limited", path="/api/chat.*", ms=2_000)
    with pytest.raises(SlackApiError) as caught:
        await sdk(client).chat_postMessage(channel=SUPPORT, text="x")
    response = caught.value.response
    assert (429, "2", "ratelimited") == (response.status_code, response.headers["Retry-After"], response["error"])
    assert [] == await posted(client)
    assert [(429, "ratelimited")] == [(c["status"], c["error"]) for c in await calls(client, "chat.postMessage")]


async def test_one_message_a_second_after_a_short_burst(client: aiohttp.ClientSession) -> None:
    """While the limit is on, three go at once, the fourth must wait; other channels are not touched."""
    await fault(client, "channel_limit", ms=60_000)
    slack = sdk(client)
    for number in range(3):
        await slack.chat_postMessage(channel=SUPPORT, text=str(number))
    with pytest.raises(SlackApiError) as caught:
        await slack.chat_postMessage(channel=SUPPORT, text="3")
    assert 429 == caught.value.response.status_code
    assert 1 <= int(caught.value.response.headers["Retry-After"]) <= 60
    await slack.chat_postMessage(channel="U0ROBIN001", text="elsewhere")
    async with client.delete(f"{SLACK}/faults"):
        await slack.chat_postMessage(channel=SUPPORT, text="free again")


@pytest.mark.parametrize(
    "kind,code,word", [("token_revoked", "", "token_revoked"), ("api_error", "fatal_error", "fatal_error")]
)
async def test_slacks_own_refusals(client: aiohttp.ClientSession, kind: str, code: str, word: str) -> None:
    """Said with status 200, as often as asked for."""
    await fault(client, kind, code=code, times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError, match=word):
            await sdk(client).auth_test()
    await sdk(client).auth_test()


@pytest.mark.parametrize("kind,effect", [("error", []), ("lost_answer", ["x"]), ("reset", [])])
async def test_broken_answers(client: aiohttp.ClientSession, kind: str, effect: list[str]) -> None:
    """A 503, an answer that is lost after the message is there, a connection that breaks before."""
    await fault(client, kind, path="/api/chat.postMessage", status=503)
    with pytest.raises((SlackApiError, aiohttp.ClientError)):
        await sdk(client).chat_postMessage(channel=SUPPORT, text="x")
    assert effect == await posted(client)
    assert [bool(effect)] == [call["ok"] for call in await calls(client, "chat.postMessage")]


async def test_silence_after_the_effect(client: aiohttp.ClientSession) -> None:
    """The message is there, and no answer comes before the caller gives up."""
    await fault(client, "accept_then_hang", path="/api/*")
    with pytest.raises(TimeoutError):
        async with client.post(API, json={"channel": SUPPORT, "text": "x"}, headers=TOKEN, timeout=BRIEF):
            pass
    assert ["x"] == await posted(client)


BRIEF = aiohttp.ClientTimeout(total=0.3)


async def test_the_page_is_not_struck(client: aiohttp.ClientSession) -> None:
    """A fault on everything meets only what the bot calls."""
    await fault(client, "error")
    await say(client, "hi")
    assert ["hi"] == await posted(client)


async def test_a_slow_bot_hears_it_again(bot: Bot, tmp_path: Path) -> None:
    """An answer that does not come in time is `http_timeout`; nobody there is `connection_failed`."""
    dead = options_for(tmp_path, "http://127.0.0.1:9", slack_patience_s=0.2)
    async with serving(standalone(dead)) as url, aiohttp.ClientSession(url) as client:
        await say(client, "hi")
        found = await settled(client, lambda news: news["deliveries"][0]["state"] == "failed")
        assert {"connection_failed"} == {attempt["reason"] for attempt in found["deliveries"][0]["attempts"]}


async def test_what_was_said_survives_a_stop(bot: Bot, tmp_path: Path) -> None:
    """Messages and calls are in the file; an event not yet taken is brought after the start."""
    away = options_for(tmp_path, "http://127.0.0.1:9", slack_retries_s=(60.0,))
    async with serving(standalone(away)) as url, aiohttp.ClientSession(url) as client:
        await say(client, "are you there?")
        before = await workspace(client)
    async with serving(standalone(options_for(tmp_path, bot.url))) as url, aiohttp.ClientSession(url) as client:
        await bot.until(lambda: len(bot.slack) == 1)
        await settled(client, lambda news: news["deliveries"][0]["state"] == "delivered")
        assert [m["ts"] for m in before["messages"]] == [m["ts"] for m in (await workspace(client))["messages"]]
        assert before["messages"][0]["ts"] < (await say(client, "good"))["ts"]


async def test_a_click_that_a_stop_cut_off_is_not_repeated(bot: Bot, tmp_path: Path) -> None:
    """Unlike events: the person saw an error. What is left in the file counts as failed after the start."""
    async with serving(standalone(options_for(tmp_path, bot.url))) as url, aiohttp.ClientSession(url) as client:
        await act(client, "command", user="U0SAM00001", command="/reply")
    with sqlite3.connect(tmp_path / "playground.db") as db:  # as a kill between the two commits leaves it
        db.execute("UPDATE delivery SET state = 'pending', attempts = '[]'")
    db.close()
    async with serving(standalone(options_for(tmp_path, bot.url))) as url, aiohttp.ClientSession(url) as client:
        (left,) = await get(client, f"{SLACK}/deliveries")
        assert ("failed", "stopped") == (left["state"], left["attempts"][0]["reason"])
    assert 1 == len(bot.slack)


async def test_clicks_get_lost_and_doubled(client: aiohttp.ClientSession, bot: Bot) -> None:
    """The person whose command is lost is told so; a doubled one reaches the bot twice."""
    for kind in ("lost_event", "duplicate_event"):
        await fault(client, kind, path="/command")
        await act(client, "command", user="U0SAM00001", command=f"/{kind}")
    assert ["/duplicate_event"] * 2 == [heard.form["command"] for heard in bot.slack]
    assert ['/lost_event failed with the error "dispatch_failed"'] == await posted(client)


async def test_without_a_secret_there_is_only_the_socket(bot: Bot, tmp_path: Path) -> None:
    """With nobody on a socket an event is not taken, and nothing is posted unsigned."""
    options = options_for(tmp_path, bot.url, slack_signing_secret="")
    async with serving(standalone(options)) as url, aiohttp.ClientSession(url) as client:
        await say(client, "hi")
        found = await settled(client, lambda news: news["deliveries"][0]["state"] == "failed")
    assert {("socket", "connection_failed")} == {
        (attempt["by"], attempt["reason"]) for attempt in found["deliveries"][0]["attempts"]
    }
    assert [] == bot.slack


async def test_without_a_token_there_is_no_slack(bot: Bot, tmp_path: Path) -> None:
    """The part is off and says so."""
    async with (
        serving(standalone(options_for(tmp_path, bot.url, slack_bot_token=""))) as url,
        aiohttp.ClientSession(url) as client,
    ):
        answer: Json = await get(client, f"{SLACK}/info")
        assert "slack_is_off" == answer["error"]["code"]
        assert not (await get(client, "/playground/info"))["parts"]["slack"]


async def test_an_unknown_act_is_refused(client: aiohttp.ClientSession) -> None:
    """The answer names what there is."""
    status, answer = await post(client, f"{SLACK}/act", json={"act": "shout"})
    assert (400, True) == (status, "press" in answer["error"]["message"])
    assert 400 == (await post(client, f"{SLACK}/act", json={"act": "write", "text": "who?"}))[0]
    await asyncio.gather(*(act(client, "write", user="U0SAM00001", text="x") for _ in range(5)))
    assert 5 == len({message["ts"] for message in (await workspace(client))["messages"]})
