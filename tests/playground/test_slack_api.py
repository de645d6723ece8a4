"""The pretended Web API, called by Slack's own client: what it takes, refuses and lists."""

from __future__ import annotations

from collections.abc import Awaitable

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.playground.conftest import Bot, Json
from tests.playground.slacks import BOT, CARD, GUEST, OTHER, ROBIN, SAM, SUPPORT, TEAM, calls, say, sdk, workspace


async def refused(answer: Awaitable[object]) -> str:
    """Return the word with which a call is refused."""
    with pytest.raises(SlackApiError) as caught:
        await answer
    return str(caught.value.response["error"])


async def test_the_token_says_who_it_is(client: aiohttp.ClientSession) -> None:
    """`auth.test` names team, bot user and bot; another token or none is refused."""
    found = await sdk(client).auth_test()
    assert (TEAM, BOT, "B0BOT00001") == (found["team_id"], found["user_id"], found["bot_id"])
    assert "invalid_auth" == await refused(sdk(client, "xoxb-other").auth_test())
    assert "not_authed" == await refused(sdk(client, "").auth_test())


async def test_people_are_who_they_are(client: aiohttp.ClientSession) -> None:
    """Staff, a guest and a stranger can be told apart; strangers have no address."""
    slack = sdk(client)
    staff, guest, other = [(await slack.users_info(user=user))["user"] for user in (SAM, GUEST, OTHER)]
    assert (TEAM, False, "sam@acme.example") == (staff["team_id"], staff["is_restricted"], staff["profile"]["email"])
    assert (True, False) == (guest["is_restricted"], guest["is_ultra_restricted"])
    assert ("T0OTHER001", True) == (other["team_id"], other["is_stranger"])
    assert "email" not in other["profile"]
    assert "user_not_found" == await refused(slack.users_info(user="U0NOBODY01"))
    assert SAM == (await slack.users_lookupByEmail(email="sam@acme.example"))["user"]["id"]


async def test_a_message_and_its_thread(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Timestamps rise; the thread lists its root first; the root counts replies; metadata comes only when asked."""
    slack, metadata = sdk(client), {"event_type": "sent", "event_payload": {"outbox": "o1"}}
    root = await slack.chat_postMessage(channel=SUPPORT, text="card", blocks=CARD, metadata=metadata)
    sent = [
        await slack.chat_postMessage(channel=SUPPORT, text=text, thread_ts=root["ts"], unfurl_links=False)
        for text in ("one", "two")
    ]
    assert [root["ts"], *(each["ts"] for each in sent)] == sorted({root["ts"], *(each["ts"] for each in sent)})
    found = (await slack.conversations_replies(channel=SUPPORT, ts=root["ts"]))["messages"]
    assert ["card", "one", "two"] == [message["text"] for message in found]
    assert (2, sent[1]["ts"], root["ts"]) == (found[0]["reply_count"], found[0]["latest_reply"], found[0]["thread_ts"])
    assert "metadata" not in found[0]
    shown = await slack.conversations_replies(channel=SUPPORT, ts=root["ts"], include_all_metadata=True, limit=1)
    assert metadata == shown["messages"][0]["metadata"]
    assert ("B0BOT00001", BOT) == (found[1]["bot_id"], found[1]["user"])
    assert 3 == len([call for call in await calls(client, "chat.postMessage") if call["ok"]])


async def test_pages_follow_the_cursor(client: aiohttp.ClientSession) -> None:
    """History comes newest first, without replies, page by page; `oldest` leaves out what is known."""
    slack = sdk(client)
    sent = [await slack.chat_postMessage(channel=SUPPORT, text=str(number)) for number in range(5)]
    await slack.chat_postMessage(channel=SUPPORT, text="reply", thread_ts=sent[0]["ts"])
    seen: list[str] = []
    async for page in await slack.conversations_history(channel=SUPPORT, limit=2):
        seen += [message["text"] for message in page["messages"]]
    assert ["4", "3", "2", "1", "0"] == seen
    later = await slack.conversations_history(channel=SUPPORT, oldest=sent[3]["ts"])
    assert ["4"] == [message["text"] for message in later["messages"]]
    assert "invalid_cursor" == await refused(slack.conversations_history(channel=SUPPORT, cursor="?"))


async def test_an_update_replaces_text_and_blocks(client: aiohttp.ClientSession) -> None:
    """What is left out vanishes; somebody else's message cannot be changed or deleted."""
    slack = sdk(client)
    card = await slack.chat_postMessage(channel=SUPPORT, text="card", blocks=CARD)
    await slack.chat_update(channel=SUPPORT, ts=card["ts"], text="approved by Sam")
    (message,) = (await slack.conversations_history(channel=SUPPORT))["messages"]
    assert ("approved by Sam", True) == (message["text"], "blocks" not in message)
    theirs = await say(client, "hello")
    assert "cant_update_message" == await refused(slack.chat_update(channel=SUPPORT, ts=theirs["ts"], text="x"))
    assert "cant_delete_message" == await refused(slack.chat_delete(channel=SUPPORT, ts=theirs["ts"]))
    await slack.chat_delete(channel=SUPPORT, ts=card["ts"])
    assert "message_not_found" == await refused(slack.chat_update(channel=SUPPORT, ts=card["ts"], text="x"))
    assert 1 == len((await slack.conversations_history(channel=SUPPORT))["messages"])


def block(**changes: object) -> list[Json]:
    """One section, changed."""
    return [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}, **changes}]


def button(**changes: object) -> list[Json]:
    """One button, changed."""
    element = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Yes"}, **changes}
    return [{"type": "actions", "elements": [element]}]


@pytest.mark.parametrize(
    "message,word",
    [
        ({"channel": "C0NOWHERE1"}, "channel_not_found"),
        ({"channel": "C0GENERAL1"}, "not_in_channel"),
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"thread_ts": "1600000000.000100"}, "thread_not_found"),
        ({"metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"blocks": block() * 51}, "invalid_blocks"),
        ({"blocks": block(text={"type": "mrkdwn", "text": "x" * 3001})}, "invalid_blocks"),
        ({"blocks": block(text={"type": "mrkdwn", "text": ""})}, "invalid_blocks"),
        ({"blocks": block(text="plain")}, "invalid_blocks"),
        ({"blocks": [{"type": "sektion"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": "not json"}, "invalid_blocks_format"),
        ({"blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"blocks": [{"type": "actions", "elements": []}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}, "invalid_blocks"),
        ({"blocks": button(text={"type": "plain_text", "text": "x" * 76})}, "invalid_blocks"),
        ({"blocks": button(value="x" * 2001)}, "invalid_blocks"),
        ({"blocks": button(text={"type": "mrkdwn", "text": "x"})}, "invalid_blocks"),
        ({"blocks": button(style="green")}, "invalid_blocks"),
        ({"blocks": button(confirm={"title": {"type": "plain_text", "text": "x"}})}, "invalid_blocks"),
        ({"blocks": button(type="static_select", options=["x"])}, "invalid_blocks"),
        ({"blocks": block(block_id="b") + block(block_id="b")}, "invalid_blocks"),
        ({"blocks": block(text={"type": "mrkdwn", "text": "x" * 2900}) * 5}, "msg_blocks_too_long"),
    ],
)
async def test_wrong_messages_have_slacks_words(client: aiohttp.ClientSession, message: Json, word: str) -> None:
    """Each is refused with its word, posts nothing, and is counted as refused."""
    assert word == await refused(
        sdk(client).api_call("chat.postMessage", json={"channel": SUPPORT, "text": "x", **message})
    )
    assert [] == (await workspace(client))["messages"]
    assert [(False, word)] == [(call["ok"], call["error"]) for call in await calls(client, "chat.postMessage")]


async def test_what_just_fits_is_taken(client: aiohttp.ClientSession) -> None:
    """The limits themselves are allowed: 50 blocks, 3,000 characters, 75 on a button, 2,000 in its value."""
    slack = sdk(client)
    await slack.chat_postMessage(channel=SUPPORT, text="x", blocks=block() * 50)
    await slack.chat_postMessage(channel=SUPPORT, text="x" * 40_000)
    long = {"type": "plain_text", "text": "x" * 75}
    await slack.chat_postMessage(channel=SUPPORT, text="x", blocks=button(text=long, value="x" * 2000))
    await slack.chat_postMessage(
        channel=SUPPORT, text="x", blocks=block(text={"type": "mrkdwn", "text": "x" * 3000}) * 4
    )
    sent = await slack.chat_postMessage(channel=SUPPORT, text="x")
    assert "msg_too_long" == await refused(slack.chat_update(channel=SUPPORT, ts=sent["ts"], text="x" * 4001))


async def test_an_ephemeral_message_is_for_one(client: aiohttp.ClientSession) -> None:
    """It is shown to one person and is in no history."""
    slack = sdk(client)
    await slack.chat_postEphemeral(channel=SUPPORT, user=ROBIN, text="only you")
    (message,) = (await workspace(client))["messages"]
    assert (ROBIN, "only you") == (message["only_for"], message["text"])
    assert [] == (await slack.conversations_history(channel=SUPPORT))["messages"]
    assert "user_not_in_channel" == await refused(slack.chat_postEphemeral(channel=SUPPORT, user="U0X", text="x"))


async def test_reactions_and_direct_messages(client: aiohttp.ClientSession) -> None:
    """A reaction counts once; a person's id stands for the direct messages with him."""
    slack = sdk(client)
    sent = await slack.chat_postMessage(channel=ROBIN, text="psst")
    assert "D0ROBIN001" == sent["channel"] == (await slack.conversations_open(users=ROBIN))["channel"]["id"]
    await slack.reactions_add(channel=sent["channel"], timestamp=sent["ts"], name="eyes")
    assert "already_reacted" == await refused(
        slack.reactions_add(channel=sent["channel"], timestamp=sent["ts"], name="eyes")
    )
    (message,) = (await slack.conversations_history(channel=sent["channel"]))["messages"]
    assert [{"name": "eyes", "users": [BOT], "count": 1}] == message["reactions"]


async def test_a_file_goes_up_in_three_steps(client: aiohttp.ClientSession) -> None:
    """The vendor's upload works; the file comes back with the token, a page to sign in without."""
    slack = sdk(client)
    root = await slack.chat_postMessage(channel=SUPPORT, text="card")
    done = await slack.files_upload_v2(
        content="a long letter ä",
        filename="letter ä.txt",
        channel=SUPPORT,
        thread_ts=root["ts"],
        initial_comment="long",
    )
    address = done["file"]["url_private"]
    reply = (await slack.conversations_replies(channel=SUPPORT, ts=root["ts"]))["messages"][1]
    assert ("long", "letter ä.txt") == (reply["text"], reply["files"][0]["name"])
    async with client.get(address, headers={"Authorization": "Bearer xoxb-test"}) as response:
        assert "a long letter ä".encode() == await response.read()
    async with client.get(address) as response:
        assert (200, "text/html") == (response.status, response.content_type)


async def test_an_unknown_method(client: aiohttp.ClientSession) -> None:
    """An unknown method is refused by name."""
    assert "unknown_method" == await refused(sdk(client).api_call("chat.shout"))
