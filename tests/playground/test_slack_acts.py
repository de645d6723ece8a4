"""What people write reaches the bot signed, complete and as often as Slack would send it."""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from playground.slack_acts import as_sent
from playground.slack_wire import rich, sign
from tests.playground.conftest import Bot, get, post
from tests.playground.slacks import BOT, OTHER, ROBIN, SAM, SLACK, SUPPORT, TEAM, act, say, sdk, settled, workspace

VERIFIER = SignatureVerifier("signing-secret")


def test_signing_as_published() -> None:
    """The vendor's published example comes out the same."""
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    made = sign(body.encode(), timestamp="1531420618", secret="8f742231b10e8888abcd99yyyzzz85a5")
    assert "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503" == made


async def test_a_message_reaches_the_bot(client: aiohttp.ClientSession, bot: Bot) -> None:
    """One signed event with the outer and inner fields, and the vendor's verifier takes it."""
    message = await say(client, "Grüße 👋", ROBIN)
    (heard,) = bot.slack
    assert VERIFIER.is_valid_request(heard.body, heard.headers)
    outer, inner = json.loads(heard.body), heard.event
    assert (TEAM, "event_callback", False) == (outer["team_id"], outer["type"], outer["is_ext_shared_channel"])
    assert outer["event_id"].startswith("Ev")
    assert ("message", ROBIN, "Grüße 👋", SUPPORT, "channel", TEAM) == tuple(
        inner[name] for name in ("type", "user", "text", "channel", "channel_type", "team")
    )
    assert message["ts"] == inner["ts"] == inner["event_ts"]
    assert abs(time.time() - int(heard.headers["X-Slack-Request-Timestamp"])) < 10


async def test_a_mention_comes_as_two_events(client: aiohttp.ClientSession, bot: Bot) -> None:
    """`message` and `app_mention`: the same ts, two event ids. In direct messages there is one."""
    await say(client, "@bot status of 18492")
    first, second = bot.slack
    assert {"message", "app_mention"} == {first.event["type"], second.event["type"]}
    assert first.event["ts"] == second.event["ts"]
    assert f"<@{BOT}> status of 18492" == first.event["text"]
    assert json.loads(first.body)["event_id"] != json.loads(second.body)["event_id"]
    await say(client, "@bot psst", channel="D0ROBIN001")
    assert (3, "im") == (len(bot.slack), bot.slack[2].event["channel_type"])


async def test_a_reply_names_its_thread(client: aiohttp.ClientSession, bot: Bot) -> None:
    """A reply carries the root's ts and who wrote the root; a thread that is not there is 404."""
    card = await sdk(client).chat_postMessage(channel=SUPPORT, text="card")
    await say(client, "on it", SAM, thread_ts=card["ts"])
    heard = [each.event for each in bot.slack if each.event.get("user") == SAM]
    assert [(card["ts"], BOT)] == [(event["thread_ts"], event["parent_user_id"]) for event in heard]
    status, _ = await post(
        client, f"{SLACK}/act", json={"act": "write", "user": SAM, "text": "x", "thread_ts": "1.000001"}
    )
    assert 404 == status


async def test_the_bot_hears_itself(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Slack tells an app of its own messages, edits and deletions, marked with its bot id."""
    sent = await sdk(client).chat_postMessage(channel=SUPPORT, text="one")
    await sdk(client).chat_update(channel=SUPPORT, ts=sent["ts"], text="two")
    await sdk(client).chat_delete(channel=SUPPORT, ts=sent["ts"])
    await bot.until(lambda: len(bot.slack) == 3)
    told = {each.event.get("subtype"): each.event for each in bot.slack}
    assert "B0BOT00001" == told[None]["bot_id"]
    assert ("two", "one") == (
        told["message_changed"]["message"]["text"],
        told["message_changed"]["previous_message"]["text"],
    )
    assert sent["ts"] == told["message_deleted"]["deleted_ts"]


async def test_edits_deletions_and_reactions(client: aiohttp.ClientSession, bot: Bot) -> None:
    """People change what is theirs, and nothing else."""
    message = await say(client, "frist")
    await act(client, "edit", user=ROBIN, ts=message["ts"], text="first")
    await act(client, "react", user=SAM, ts=message["ts"], name="thumbsup")
    assert 403 == (await post(client, f"{SLACK}/act", json={"act": "delete", "user": SAM, "ts": message["ts"]}))[0]
    await act(client, "delete", user=ROBIN, ts=message["ts"])
    kinds = [each.event.get("subtype") or each.event["type"] for each in bot.slack]
    assert ["message", "message_changed", "reaction_added", "message_deleted"] == kinds
    (left,) = (await workspace(client))["messages"]
    assert (True, "first") == (left["deleted"], left["text"])


async def test_a_stranger_in_a_shared_channel(client: aiohttp.ClientSession, bot: Bot) -> None:
    """By Slack Connect another team's person writes; the channel and the event say so."""
    await act(client, "share")
    await say(client, "hi", OTHER)
    assert ("T0OTHER001", "T0OTHER001") == (bot.slack[0].event["team"], bot.slack[0].event["user_team"])
    assert json.loads(bot.slack[0].body)["is_ext_shared_channel"]
    assert (await sdk(client).conversations_info(channel=SUPPORT))["channel"]["is_ext_shared"]
    await act(client, "share", shared=False)
    assert not (await sdk(client).conversations_info(channel=SUPPORT))["channel"]["is_ext_shared"]


async def test_a_failed_event_is_tried_three_more_times(client: aiohttp.ClientSession, bot: Bot) -> None:
    """The same event with number and reason, signed each time; then Slack gives up."""
    bot.slack_answers += [web.Response(status=status) for status in (500, 404, 503, 500)]
    await say(client, "hi")
    found = await settled(client, lambda news: news["deliveries"][0]["state"] == "failed")
    assert [500, 404, 503, 500] == [attempt["status"] for attempt in found["deliveries"][0]["attempts"]]
    assert 1 == len({heard.body for heard in bot.slack})
    assert [(None, None), *[(str(n), "http_error") for n in (1, 2, 3)]] == [
        (heard.headers.get("X-Slack-Retry-Num"), heard.headers.get("X-Slack-Retry-Reason")) for heard in bot.slack
    ]
    assert all(VERIFIER.is_valid_request(heard.body, heard.headers) for heard in bot.slack)


async def test_no_retry_is_obeyed(client: aiohttp.ClientSession, bot: Bot) -> None:
    """A refusal that says so is final."""
    bot.slack_answers.append(web.Response(status=500, headers={"X-Slack-No-Retry": "1"}))
    await say(client, "hi")
    await settled(client, lambda news: news["deliveries"][0]["state"] == "failed")
    assert 1 == len(bot.slack)


async def test_duplicates_and_exact_replays(client: aiohttp.ClientSession, bot: Bot) -> None:
    """One event twice at once, once more byte for byte with its old signature, and once signed anew as a retry."""
    await say(client, "hi", copies=2)
    (delivery,) = await get(client, f"{SLACK}/deliveries")
    await act(client, "replay", delivery=delivery["n"])
    await act(client, "replay", delivery=delivery["n"], fresh=True, retry=2)
    assert 1 == len({heard.body for heard in bot.slack})
    signatures = [heard.headers["X-Slack-Signature"] for heard in bot.slack]
    assert (4, signatures[1]) == (len(signatures), signatures[2])
    assert "2" == bot.slack[3].headers["X-Slack-Retry-Num"]
    assert 1 == len((await workspace(client))["messages"])


async def test_events_come_in_another_order(client: aiohttp.ClientSession, bot: Bot) -> None:
    """One is held back until it is released, or by a fault until the next has gone."""
    held = await act(client, "write", user=ROBIN, text="first", hold=True)
    await say(client, "second")
    await act(client, "release", delivery=held["deliveries"][0]["n"])
    assert ["second", "first"] == [heard.event["text"] for heard in bot.slack]
    await post(client, f"{SLACK}/faults", json={"kind": "shuffled_events"})
    await say(client, "third")
    await say(client, "fourth")
    await bot.until(lambda: len(bot.slack) == 4)
    assert ["fourth", "third"] == [heard.event["text"] for heard in bot.slack[2:]]


async def test_events_get_lost_and_doubled(client: aiohttp.ClientSession, bot: Bot) -> None:
    """The channel shows both messages; the bot hears one of them, twice."""
    await post(client, f"{SLACK}/faults", json={"kind": "lost_event", "path": "/event"})
    await say(client, "lost")
    await post(client, f"{SLACK}/faults", json={"kind": "duplicate_event"})
    await say(client, "twice")
    assert ["twice", "twice"] == [heard.event["text"] for heard in bot.slack]
    assert 2 == len((await workspace(client))["messages"])


@pytest.mark.parametrize(
    "wanted,valid",
    [
        ({"body": "not json"}, True),
        ({"json": {"type": "url_verification", "challenge": "c"}}, True),
        ({"payload": {"type": "block_actions", "user": {"id": SAM, "team_id": TEAM}}}, True),
        ({"body": "x", "signature": "wrong"}, False),
        ({"body": "x", "signature": "none"}, False),
        ({"body": "x", "timestamp": "1600000000"}, False),
    ],
)
async def test_forged_requests(client: aiohttp.ClientSession, bot: Bot, wanted: dict[str, str], valid: bool) -> None:
    """Anything can be sent, rightly signed or not."""
    assert 200 == (await act(client, "raw", **wanted))["status"]
    assert valid is VERIFIER.is_valid_request(bot.slack[0].body, bot.slack[0].headers)


async def test_bytes_that_are_no_text(client: aiohttp.ClientSession, bot: Bot) -> None:
    """A body that is not UTF-8, under a charset nobody knows, signed as any other."""
    await act(client, "raw", hex="ff00", type="text/plain; charset=latin-99")
    (heard,) = bot.slack
    at, signature = heard.headers["X-Slack-Request-Timestamp"], heard.headers["X-Slack-Signature"]
    assert b"\xff\x00" == heard.body
    assert sign(heard.body, timestamp=at, secret="signing-secret") == signature


async def test_headers_that_make_no_sense(client: aiohttp.ClientSession, bot: Bot) -> None:
    """A time that is no number, and a header that is not there."""
    await act(client, "raw", body="x", timestamp="abc", headers={"Content-Type": None, "X-Extra": 1})
    assert ("abc", "1") == (bot.slack[0].headers["X-Slack-Request-Timestamp"], bot.slack[0].headers["X-Extra"])


async def test_the_page_waits_for_news(client: aiohttp.ClientSession) -> None:
    """A long poll ends with the change it waited for, and shows only what changed."""
    await say(client, "one")
    version = (await workspace(client))["version"]
    waiting = asyncio.create_task(get(client, f"{SLACK}/events?after={version}&wait=10"))
    await act(client, "write", user=SAM, text="two", wait=False)
    assert ["two"] == [message["text"] for message in (await waiting)["messages"]]
    info = await get(client, f"{SLACK}/info")
    assert (TEAM, BOT, SUPPORT) == (info["team"]["id"], info["me"], info["support"])


async def test_a_reset_empties_the_workspace(client: aiohttp.ClientSession) -> None:
    """After it there is nothing, and nothing strikes."""
    await say(client, "hi")
    await post(client, f"{SLACK}/faults", json={"kind": "error"})
    await post(client, "/playground/reset")
    found = await workspace(client)
    assert ([], [], 0) == (found["messages"], found["deliveries"], found["version"])
    assert [] == (await get(client, f"{SLACK}/faults"))["faults"]


@pytest.mark.parametrize(
    "typed,sent",
    [
        ("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"),
        ("see https://a.example/x?y=1&z=2 now", "see <https://a.example/x?y=1&amp;z=2> now"),
        ("to kim@example.com", "to <mailto:kim@example.com|kim@example.com>"),
        ("@Throughline and <@U0SAM00001>", f"<@{BOT}> and <@U0SAM00001>"),
        ("bob@bot.example", "<mailto:bob@bot.example|bob@bot.example>"),
    ],
)
def test_how_the_client_marks_text_up(typed: str, sent: str) -> None:
    """Three characters are escaped; mentions, links and addresses stand in brackets."""
    assert sent == as_sent(typed)


def test_the_pieces_of_a_message() -> None:
    """Mentions, links and text, unescaped, as in Slack's rich text."""
    assert [
        {"type": "user", "user_id": BOT},
        {"type": "text", "text": " a < b, see "},
        {"type": "link", "url": "https://a.example/?x=1&y=2"},
        {"type": "text", "text": " or "},
        {"type": "link", "url": "mailto:kim@example.com", "text": "kim@example.com"},
    ] == rich(as_sent("@bot a < b, see https://a.example/?x=1&y=2 or kim@example.com"))
