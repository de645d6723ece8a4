"""What staff type in Slack: among themselves by default, to the customer only by a word or a command."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from channels.slack import slack_events
from state.messages import Acted, StaffAct
from tests.channels.conftest import Post
from tests.channels.slack import slack
from tests.channels.slack.slack import (
    BOT,
    ROBIN,
    ROOT,
    SAM,
    SUPPORT,
    TEAM,
    Workspace,
    said,
    whispered,
)
from tests.channels.world import World
from tests.harness.waiting import until

Json = dict[str, Any]

# --- words in a thread


async def test_plain_messages_stay_among_staff(post: Post, world: World) -> None:
    """Nothing is sent, nothing is kept; a command by its name alone is no command."""
    for text in (
        "He is right, refund it",
        "reply: sorry",
        "! reply sorry",
        "/reply 18 sorry",
        "!replying now",
        "`!reply x`",
    ):
        assert 200 == (await post(said(text)))[0]
    assert [] == world.acts


async def test_a_reply_is_what_begins_with_the_word(post: Post, world: World) -> None:
    """As the person typed it: no entities, no ids, links by their address."""
    text = "!Reply Tom &amp; I say: <https://acme.example/help|acme.example/help>, or <mailto:a@b.c|a@b.c> &lt;3\nBye"
    assert (200, "") == await post(said(text, ts="5.1"))
    (act,) = world.acts
    assert (
        StaffAct(
            channel="slack",
            account=TEAM,
            provider_id=f"message:{SUPPORT}:5.1",
            staff=f"{TEAM}/{ROBIN}",
            verb="reply",
            place=f"{SUPPORT}/{ROOT}",
            text="Tom & I say: https://acme.example/help, or a@b.c <3\nBye",
            raw=act.raw,
        )
        == act
    )


@pytest.mark.parametrize(
    "text, expected",
    [
        ("<@U0BOT> status of 18492", ("ask", "status of 18492")),
        ("hey <@U0BOT> what is open?", ("ask", "hey what is open?")),
        ("<@U0BOT> draft", ("draft", "")),
        ("<@U0BOT> Draft: in Spanish, please", ("draft", "in Spanish, please")),
        ("<@U0BOT> summarise", ("summarize", "")),
        ("<@U0BOT> Summary.", ("summarize", "")),
        ("<@U0BOT|throughline> draft", ("draft", "")),
    ],
)
async def test_the_bot_is_asked_by_a_mention(post: Post, world: World, text: str, expected: tuple[str, str]) -> None:
    """Slack tells of a mention by two events, in any order; it is one question."""
    ts = "6.1"
    kinds = ("app_mention", "message")
    for kind in kinds:
        assert 200 == (await post(said(text, ts=ts, type=kind)))[0]
    assert [expected] == [(act.verb, act.text) for act in world.acts]


async def test_a_reply_with_a_file_is_not_sent_by_halves(post: Post, world: World, workspace: Workspace) -> None:
    """The person is told; a file without a word for us stays among staff."""
    files = [{"id": "F1", "name": "terms.pdf"}]
    assert 200 == (await post(said("!reply See the file", subtype="file_share", files=files)))[0]
    assert slack_events.NO_FILES == (await whispered(workspace))["text"]
    assert 200 == (await post(said("look at this", subtype="file_share", files=files)))[0]
    assert ([], 1) == (world.acts, len(workspace.named("chat.postEphemeral")))


async def test_an_event_that_comes_four_times_acts_once(post: Post, world: World) -> None:
    """Slack's retries are signed anew; the same bytes again are not even looked at."""
    body = orjson.dumps(slack.event(slack.message("!reply Hello")))
    first = slack.signed(body)
    for request in (first, first, *(slack.signed(body, retry=number, age_s=number) for number in (1, 2, 3))):
        assert 200 == (await post(request))[0]
    assert 1 == len(world.acts)


async def test_events_out_of_order_each_act(post: Post, world: World) -> None:
    """Slack promises no order."""
    for ts in ("9.3", "9.1", "9.2"):
        await post(said(f"!reply {ts}", ts=ts))
    assert ["9.3", "9.1", "9.2"] == [act.text for act in world.acts]


async def test_a_retry_is_taken_when_the_first_was_not(post: Post, world: World) -> None:
    """After a 503 the same request may be the only copy."""
    body = orjson.dumps(slack.event(slack.message("!reply Hello")))
    request = slack.signed(body)
    world.failing = True
    assert 503 == (await post(request))[0]
    world.failing = False
    assert 200 == (await post({**request, "headers": {**request["headers"], "X-Slack-Retry-Num": "1"}}))[0]
    assert 1 == len(world.acts)


@pytest.mark.parametrize(
    "changes",
    [
        {"subtype": "message_changed"},
        {"subtype": "bot_message"},
        {"subtype": "channel_join"},
        {"bot_id": "B2"},
        {"user": BOT},
        {"edited": {"ts": "1"}},
        {"user": ""},
    ],
    ids=str,
)
async def test_edits_bots_and_ourselves_are_not_heard(post: Post, world: World, changes: Json) -> None:
    """There is no loop, and no second sending of edited words."""
    assert 200 == (await post(said("!reply Hello", **changes)))[0]
    assert [] == world.acts


async def test_a_mention_elsewhere_is_told_how_it_works_once(post: Post, world: World, workspace: Workspace) -> None:
    """To the one who asked alone."""
    for kind in ("app_mention", "message"):
        assert 200 == (await post(said("<@U0BOT> hello", ts="7.1", thread_ts="", type=kind)))[0]
    assert slack_events.USAGE == (await whispered(workspace))["text"]
    world.refusal = Acted(done=False, reason="no_ticket", message="There is no such ticket.")
    assert 200 == (await post(said("<@U0BOT> hello", ts="7.2")))[0]
    told = await until(lambda: _told(workspace, 2), "two hints")
    assert [(ROBIN, SUPPORT, "7.1", slack_events.USAGE), (ROBIN, SUPPORT, ROOT, slack_events.USAGE)] == [
        (each["user"], each["channel"], each["thread_ts"], each["text"]) for each in told
    ]
    assert [] == world.acts


async def _told(workspace: Workspace, number: int) -> list[Json] | None:
    told = workspace.named("chat.postEphemeral")
    return told if len(told) >= number else None


# --- commands


@pytest.mark.parametrize(
    "name, text, expected",
    [
        ("/reply", "18 Hello,  you &amp; me", ("reply", 18, "Hello,  you & me")),
        ("/reply", "#18 if a < b", ("reply", 18, "if a < b")),
        ("/ticket", "take 18", ("take_over", 18, "")),
        ("/ticket", " BACK  #18 ", ("hand_back", 18, "")),
        ("/ticket", "assign 18 <@U0SAM|sam>", ("assign", 18, f"{TEAM}/{SAM}")),
        ("/ticket", "assign 18", ("assign", 18, "")),
        ("/ticket", "resolve 18 unsolved", ("resolve", 18, "unsolved")),
        ("/ticket", "priority 18 high", ("priority", 18, "high")),
        ("/ticket", "draft 18 in Spanish", ("draft", 18, "in Spanish")),
        ("/ticket", "summarize 18", ("summarize", 18, "")),
        ("/ticket", "ask 18 status of 18492", ("ask", 18, "status of 18492")),
    ],
)
async def test_commands_are_acts(
    post: Post, world: World, name: str, text: str, expected: tuple[str, int, str]
) -> None:
    """The answer comes with the response, for the person alone; the same request twice acts once."""
    request = slack.command(name, text)
    status, body = await post(request)
    assert (200, {"response_type": "ephemeral", "text": "Done."}) == (status, json.loads(body))
    assert 200 == (await post(request))[0]
    assert [expected] == [(act.verb, act.number, act.text) for act in world.acts]


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("/ticket", "", "/ticket take 18"),
        ("/ticket", "help", "/ticket take 18"),
        ("/ticket", "take", "/ticket take 18"),
        ("/ticket", "take it", "/ticket take 18"),
        ("/ticket", "assign 18 @sam", "Name somebody by mention"),
        ("/ticket", "delete 18", "/ticket take 18"),
        ("/reply", "", "Nothing was sent"),
        ("/reply", "Hello there", "Nothing was sent"),
        ("/reply", "18", "Nothing was sent"),
        ("/reply", "²³ hello", "Nothing was sent"),
    ],
)
async def test_commands_that_say_too_little_are_told_how(
    post: Post, world: World, name: str, text: str, words: str
) -> None:
    """Nothing is guessed: least of all to which customer words go."""
    status, body = await post(slack.command(name, text))
    assert (200, "ephemeral", True) == (status, json.loads(body)["response_type"], words in json.loads(body)["text"])
    assert [] == world.acts
