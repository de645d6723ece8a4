"""Buttons, modals and commands: what the bot is sent, and how its answers are shown."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook.async_client import AsyncWebhookClient

from playground import slack_rows
from tests.playground.conftest import Bot, Json, post
from tests.playground.slacks import CARD, GUEST, OTHER, ROBIN, SAM, SLACK, SUPPORT, TEAM, act, sdk, workspace

MODAL: Json = {
    "type": "modal",
    "callback_id": "draft",
    "private_metadata": "ticket-7",
    "title": {"type": "plain_text", "text": "Reply"},
    "submit": {"type": "plain_text", "text": "Send"},
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "text",
            "label": {"type": "plain_text", "text": "Text"},
            "element": {"type": "plain_text_input", "action_id": "value", "multiline": True},
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A card that the bot has posted."""

    ts: str


@pytest.fixture
async def card(client: aiohttp.ClientSession, bot: Bot) -> Sent:
    """A card with two buttons in the support channel; what the bot heard of it is forgotten."""
    sent = await sdk(client).chat_postMessage(channel=SUPPORT, text="card", blocks=CARD)
    await bot.until(lambda: len(bot.slack) == 1)
    bot.slack.clear()
    return Sent(ts=str(sent["ts"]))


async def press(client: aiohttp.ClientSession, card: Sent, user: str = SAM, **more: object) -> Json:
    """Press Approve."""
    return await act(client, "press", user=user, ts=card.ts, action_id="approve", **more)


async def test_a_click_has_everything(client: aiohttp.ClientSession, bot: Bot, card: Sent) -> None:
    """Signed form with one field: who, where, the exact message and the button's own value."""
    await press(client, card)
    (heard,) = bot.slack
    assert SignatureVerifier("signing-secret").is_valid_request(heard.body, heard.headers)
    assert ["payload"] == list(heard.form)
    said = heard.payload
    assert ("block_actions", SAM, TEAM, TEAM) == (
        said["type"],
        said["user"]["id"],
        said["user"]["team_id"],
        said["team"]["id"],
    )
    assert (card.ts, SUPPORT) == (said["container"]["message_ts"], said["container"]["channel_id"])
    assert ("card", "decision") == (said["message"]["text"], said["message"]["blocks"][1]["block_id"])
    (action,) = said["actions"]
    assert ("approve", "decision", "t1", "button") == tuple(
        action[name] for name in ("action_id", "block_id", "value", "type")
    )
    assert said["trigger_id"]
    assert said["response_url"].startswith("http")


@pytest.mark.parametrize("user,team", [(GUEST, TEAM), (OTHER, "T0OTHER001"), ("U0NOBODY01", "T0ELSE0001")])
async def test_anybody_can_click(client: aiohttp.ClientSession, bot: Bot, card: Sent, user: str, team: str) -> None:
    """Slack asks nobody for permission; it says truly who it was."""
    await press(client, card, user, **({"team": team} if user == "U0NOBODY01" else {}))
    assert (user, team) == (bot.slack[0].payload["user"]["id"], bot.slack[0].payload["user"]["team_id"])


async def test_double_clicks_and_stale_buttons(client: aiohttp.ClientSession, bot: Bot, card: Sent) -> None:
    """A click can be doubled; a button that an update took away can still be clicked by who did not see it."""
    await press(client, card, clicks=2)
    assert 2 == len({heard.payload["trigger_id"] for heard in bot.slack})
    await press(client, card, copies=2)
    assert (4, 3) == (len(bot.slack), len({heard.body for heard in bot.slack}))
    await sdk(client).chat_update(channel=SUPPORT, ts=card.ts, text="done")
    status, _ = await post(
        client, f"{SLACK}/act", json={"act": "press", "user": SAM, "ts": card.ts, "action_id": "approve"}
    )
    assert 404 == status
    bot.slack.clear()
    await press(client, card, stale=True)
    clicks = [heard.payload for heard in bot.slack if "payload" in heard.form]
    assert ["t1"] == [click["actions"][0]["value"] for click in clicks]


async def test_the_response_url_works_five_times(client: aiohttp.ClientSession, bot: Bot, card: Sent) -> None:
    """The vendor's webhook client answers: to one person, to all, in place of the card; the sixth time is refused."""
    await press(client, card)
    hook = AsyncWebhookClient(str(bot.slack[0].payload["response_url"]))
    assert 200 == (await hook.send(text="only you")).status_code
    await hook.send(text="all of you", response_type="in_channel")
    await hook.send(text="decided", replace_original=True)
    found = {message["text"]: message["only_for"] for message in (await workspace(client))["messages"]}
    await bot.until(lambda: len(bot.slack) == 3)
    assert {None, "message_changed"} == {heard.event.get("subtype") for heard in bot.slack[1:]}
    assert {"only you": SAM, "all of you": None, "decided": None} == found
    assert 400 == (await hook.send(text="x", blocks=[{"type": "sektion"}])).status_code
    await hook.send(text="", delete_original=True)
    last = await hook.send(text="too late")
    assert (200, "ok") == (last.status_code, last.body)
    last = await hook.send(text="too late")
    assert (404, "used_url") == (last.status_code, last.body)


async def test_a_click_on_what_one_person_sees(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Slack does not send what an ephemeral message says; it can be replaced or taken away."""
    await sdk(client).chat_postEphemeral(channel=SUPPORT, user=SAM, text="card", blocks=CARD)
    (shown,) = (await workspace(client))["messages"]
    await press(client, Sent(ts=shown["ts"]))
    said = bot.slack[0].payload
    assert (True, False) == (said["container"]["is_ephemeral"], "message" in said)
    hook = AsyncWebhookClient(str(said["response_url"]))
    await hook.send(text="sent", replace_original=True)
    (shown,) = (await workspace(client))["messages"]
    assert ("sent", SAM, False) == (shown["text"], shown["only_for"], shown["deleted"])
    await hook.send(text="", delete_original=True)
    assert (await workspace(client))["messages"][0]["deleted"]
    assert 1 == len(bot.slack)


async def test_choosing_from_lists(client: aiohttp.ClientSession, bot: Bot) -> None:
    """A list gives the option that was chosen, a list of people the person; what is not in the list is 404."""
    options = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("low", "high")]
    lists = [
        {"type": "static_select", "action_id": "priority", "options": options},
        {"type": "users_select", "action_id": "assign"},
    ]
    sent = await sdk(client).chat_postMessage(
        channel=SUPPORT, text="card", blocks=[{"type": "actions", "elements": lists}]
    )
    await bot.until(lambda: len(bot.slack) == 1)
    await act(client, "press", user=SAM, ts=sent["ts"], action_id="priority", value="high")
    await act(client, "press", user=SAM, ts=sent["ts"], action_id="assign", value=ROBIN)
    first, second = (heard.payload["actions"][0] for heard in bot.slack[1:])
    assert (options[1], ROBIN) == (first["selected_option"], second["selected_user"])
    wrong = {"act": "press", "user": SAM, "ts": sent["ts"], "action_id": "priority", "value": "urgent"}
    assert 404 == (await post(client, f"{SLACK}/act", json=wrong))[0]


async def test_the_body_of_a_clicks_answer_is_ignored(client: aiohttp.ClientSession, bot: Bot, card: Sent) -> None:
    """As at Slack: it is in the record, and in nobody's sight."""
    bot.slack_answers.append(web.json_response({"text": "nobody sees this"}))
    answer = await press(client, card)
    assert "nobody sees this" in answer["answers"][0]["text"]
    assert ["card"] == [message["text"] for message in (await workspace(client))["messages"]]


async def test_a_trigger_opens_one_modal(client: aiohttp.ClientSession, bot: Bot, card: Sent) -> None:
    """Once, and an invented one never."""
    await press(client, card)
    trigger = str(bot.slack[0].payload["trigger_id"])
    view = (await sdk(client).views_open(trigger_id=trigger, view=MODAL))["view"]
    (shown,) = (await workspace(client))["views"]
    assert (SAM, True, view["id"]) == (shown["user"], shown["open"], shown["view"]["id"])
    for used, word in ((trigger, "exchanged_trigger_id"), ("1.2.3", "invalid_trigger_id")):
        with pytest.raises(SlackApiError, match=word):
            await sdk(client).views_open(trigger_id=used, view=MODAL)


async def test_a_trigger_lives_three_seconds(
    client: aiohttp.ClientSession, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the end of them it opens a modal, and from then on none."""
    now = 1_700_000_000.0
    monkeypatch.setattr(slack_rows, "time", SimpleNamespace(time=lambda: now))
    for _ in range(2):
        await act(client, "command", user=ROBIN, command="/reply")
    in_time, late = (str(request.form["trigger_id"]) for request in bot.slack)
    now += 2.9
    await sdk(client).views_open(trigger_id=in_time, view=MODAL)
    now += 0.1
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await sdk(client).views_open(trigger_id=late, view=MODAL)


async def opened(client: aiohttp.ClientSession, bot: Bot) -> str:
    """Let Robin open the modal by a command; returns its id."""
    await act(client, "command", user=ROBIN, command="/reply")
    trigger = str(bot.slack[-1].form["trigger_id"])
    return str((await sdk(client).views_open(trigger_id=trigger, view=MODAL))["view"]["id"])


async def test_a_modal_is_filled_in_and_sent(client: aiohttp.ClientSession, bot: Bot) -> None:
    """The bot gets the values and its own metadata; an empty answer closes the modal."""
    view = await opened(client, bot)
    answer = await act(client, "submit", user=ROBIN, view_id=view, values={"text": {"value": "Dear Kim"}})
    said = bot.slack[-1].payload
    assert ("view_submission", "draft", "ticket-7") == (
        said["type"],
        said["view"]["callback_id"],
        said["view"]["private_metadata"],
    )
    typed = said["view"]["state"]["values"]["text"]["value"]
    assert {"type": "plain_text_input", "value": "Dear Kim"} == typed
    assert not answer["view"]["open"]


async def test_a_modal_can_be_refused_or_replaced(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Errors leave it open, an update replaces it, trouble is told to the person."""
    view = await opened(client, bot)
    later = {**MODAL, "callback_id": "later"}
    bot.slack_answers += [
        web.json_response({"response_action": "errors", "errors": {"text": "too rude"}}),
        web.json_response({"response_action": "update", "view": later}),
        web.Response(status=500),
    ]
    states = [(await act(client, "submit", user=ROBIN, view_id=view, values={"value": "x"}))["view"] for _ in range(3)]
    assert [(True, {"text": "too rude"}), (True, {})] == [(state["open"], state["errors"]) for state in states[:2]]
    assert "later" == states[1]["view"]["callback_id"]
    assert states[2]["open"]
    assert states[2]["errors"]
    status, _ = await post(client, f"{SLACK}/act", json={"act": "submit", "user": ROBIN, "view_id": view})
    assert 422 == status


async def test_a_modal_is_updated_pressed_and_closed(client: aiohttp.ClientSession, bot: Bot) -> None:
    """`views.update` wants the hash it was given; a closed modal is told of and gone."""
    view = await opened(client, bot)
    buttons = {**MODAL, "blocks": [*MODAL["blocks"], CARD[1]]}
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await sdk(client).views_update(view_id=view, view=buttons, hash="old")
    await sdk(client).views_update(view_id=view, view=buttons)
    await act(client, "press", user=ROBIN, view_id=view, action_id="deny")
    assert ("view", "t2") == (
        bot.slack[-1].payload["container"]["type"],
        bot.slack[-1].payload["actions"][0]["value"],
    )
    await act(client, "close", user=ROBIN, view_id=view)
    assert "view_closed" == bot.slack[-1].payload["type"]
    with pytest.raises(SlackApiError, match="not_found"):
        await sdk(client).views_update(view_id=view, view=MODAL)


@pytest.mark.parametrize(
    "changes",
    [
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"title": {"type": "mrkdwn", "text": "x"}},
        {"private_metadata": "x" * 3001},
        {"blocks": [{"type": "divider"}] * 101},
        {"type": "home"},
    ],
)
async def test_wrong_modals_are_refused(client: aiohttp.ClientSession, bot: Bot, changes: Json) -> None:
    """Titles of 24 characters, 3,000 of metadata, 100 blocks."""
    await act(client, "command", user=ROBIN, command="/reply")
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await sdk(client).views_open(trigger_id=str(bot.slack[-1].form["trigger_id"]), view={**MODAL, **changes})


@pytest.mark.parametrize(
    "answer,text,only_for",
    [
        (web.Response(text="Done."), "Done.", ROBIN),
        (web.json_response({"text": "Done."}), "Done.", ROBIN),
        (web.json_response({"text": "Done.", "response_type": "in_channel"}), "Done.", None),
        (web.Response(status=500), '/reply failed with the error "dispatch_failed"', ROBIN),
        (
            web.json_response({"blocks": [{"type": "x"}]}),
            '/reply failed with the error "invalid_command_response"',
            ROBIN,
        ),
    ],
)
async def test_the_answer_to_a_command_is_shown(
    client: aiohttp.ClientSession, bot: Bot, answer: web.Response, text: str, only_for: str | None
) -> None:
    """To who typed it, to all when it says so; what went wrong is told to who typed it."""
    bot.slack_answers.append(answer)
    await act(client, "command", user=ROBIN, command="/reply", text="T-7 Dear Kim")
    form = bot.slack[0].form
    assert ("/reply", "T-7 Dear Kim", ROBIN, TEAM, SUPPORT) == tuple(
        form[name] for name in ("command", "text", "user_id", "team_id", "channel_id")
    )
    (message,) = (await workspace(client))["messages"]
    assert (text, only_for) == (message["text"], message["only_for"])


async def test_a_command_without_words_shows_nothing(client: aiohttp.ClientSession, bot: Bot) -> None:
    """An empty answer, and an empty object, are an acknowledgement."""
    bot.slack_answers.append(web.json_response({}))
    await act(client, "command", user=ROBIN, command="/reply")
    await act(client, "command", user=ROBIN, command="/reply")
    assert [] == (await workspace(client))["messages"]
