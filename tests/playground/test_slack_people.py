"""Who and what is in the workspace, and modals beyond the first, as the vendor's client sees them."""

from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.playground.conftest import Bot
from tests.playground.slacks import BOT, OTHER, ROBIN, SAM, SUPPORT, act, sdk, workspace
from tests.playground.test_slack_clicks import MODAL


async def trigger(client: aiohttp.ClientSession, bot: Bot) -> str:
    """A fresh trigger id, from a command of Robin's."""
    await act(client, "command", user=ROBIN, command="/reply")
    return str(bot.slack[-1].form["trigger_id"])


async def test_people_and_channels_are_listed(client: aiohttp.ClientSession) -> None:
    """Strangers are members of the channel only while it is shared; the bot is in one channel of two."""
    slack = sdk(client)
    assert {BOT, ROBIN, SAM, OTHER} <= {user["id"] for user in (await slack.users_list())["members"]}
    channels = (await slack.conversations_list())["channels"]
    assert {SUPPORT: True, "C0GENERAL1": False} == {each["id"]: each["is_member"] for each in channels}
    assert OTHER not in (await slack.conversations_members(channel=SUPPORT))["members"]
    await act(client, "share")
    assert OTHER in (await slack.conversations_members(channel=SUPPORT))["members"]


@pytest.mark.parametrize(
    "method,args,word",
    [
        ("conversations.open", {"users": "U0NOBODY01"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@acme.example"}, "users_not_found"),
        ("conversations.replies", {"channel": SUPPORT, "ts": "1.000001"}, "thread_not_found"),
        ("conversations.history", {"channel": SUPPORT, "limit": 0}, ""),
        ("conversations.history", {"channel": SUPPORT, "limit": 5000}, "invalid_limit"),
        ("reactions.remove", {"channel": SUPPORT, "timestamp": "1.000001", "name": "eyes"}, "message_not_found"),
        ("files.getUploadURLExternal", {"filename": "a", "length": -1}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": []}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": [{"id": "F0"}]}, "file_not_found"),
        ("views.open", {"view": "{", "trigger_id": "x"}, "invalid_trigger_id"),
        ("chat.postMessage", {"channel": SUPPORT, "text": "x", "metadata": "{"}, "invalid_arguments"),
        ("chat.postMessage", {"text": "x"}, "channel_not_found"),
    ],
)
async def test_wrong_calls(client: aiohttp.ClientSession, method: str, args: dict[str, object], word: str) -> None:
    """Each has Slack's word; a limit of nothing is the usual one."""
    if not word:
        assert (await sdk(client).api_call(method, json=args))["ok"]
        return
    with pytest.raises(SlackApiError) as caught:
        await sdk(client).api_call(method, json=args)
    assert word == caught.value.response["error"]


async def test_a_reaction_is_taken_back(client: aiohttp.ClientSession) -> None:
    """Once; a second time there is nothing to take."""
    slack = sdk(client)
    sent = await slack.chat_postMessage(channel=SUPPORT, text="x")
    await slack.reactions_add(channel=SUPPORT, timestamp=sent["ts"], name="eyes")
    await slack.reactions_remove(channel=SUPPORT, timestamp=sent["ts"], name="eyes")
    assert [] == (await workspace(client))["messages"][0]["reactions"]
    with pytest.raises(SlackApiError, match="no_reaction"):
        await slack.reactions_remove(channel=SUPPORT, timestamp=sent["ts"], name="eyes")


async def test_a_modal_on_top_of_another(client: aiohttp.ClientSession, bot: Bot) -> None:
    """A click in a modal gives a trigger by which another is pushed; the external id may be used once."""
    slack = sdk(client)
    button = {"type": "button", "action_id": "more", "text": {"type": "plain_text", "text": "More"}, "value": "m"}
    named = {
        **MODAL,
        "external_id": "mine",
        "blocks": [*MODAL["blocks"], {"type": "actions", "elements": [button]}],
    }
    first = (await slack.views_open(trigger_id=await trigger(client, bot), view=named))["view"]
    await act(client, "press", user=ROBIN, view_id=first["id"], action_id="more")
    second = await slack.views_push(trigger_id=str(bot.slack[-1].payload["trigger_id"]), view=MODAL)
    assert (first["id"], first["id"]) == (second["view"]["root_view_id"], second["view"]["previous_view_id"])
    updated = await slack.views_update(external_id="mine", view=MODAL)
    assert first["id"] == updated["view"]["id"]
    for wrong, word in (
        (named, "duplicate_external_id"),
        ({**MODAL, "private_metadata": "x" * 250_000}, "view_too_large"),
    ):
        with pytest.raises(SlackApiError, match=word):
            await slack.views_open(trigger_id=await trigger(client, bot), view=wrong)
    with pytest.raises(SlackApiError, match="not_found"):
        await slack.views_push(trigger_id=await trigger(client, bot), view=MODAL)
