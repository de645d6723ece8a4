"""What staff press in Slack: every click an act, once; drafts sent word for word; replies written in a modal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from channels.slack import slack_blocks, slack_events
from channels.staff import Note
from state.messages import Acted
from tests.channels.conftest import Post
from tests.channels.slack import slack
from tests.channels.slack.slack import (
    ROBIN,
    ROOT,
    SAM,
    SUPPORT,
    TEAM,
    Workspace,
    button,
    whispered,
)
from tests.channels.world import World

Json = dict[str, Any]

# --- clicks


@pytest.mark.parametrize(
    "name, value, verb, text",
    [
        ("take_over", "", "take_over", ""),
        ("assign_me", "", "assign", f"{TEAM}/{ROBIN}"),
        ("priority", "urgent", "priority", "urgent"),
        ("resolve", "unsolved", "resolve", "unsolved"),
        ("resolve", "solved", "resolve", "solved"),
    ],
)
async def test_the_buttons_of_a_card_are_acts(  # noqa: PLR0917 - a row of the table above
    post: Post, world: World, workspace: Workspace, name: str, value: str, verb: str, text: str
) -> None:
    """On the card's ticket, by who pressed; he is told what came of it."""
    assert (200, "") == await post(slack.interaction(slack.click(button(name, value))))
    (act,) = world.acts
    assert (verb, text, "tk-1", f"{SUPPORT}/{ROOT}") == (act.verb, act.text, act.ticket, act.place)
    assert f"{TEAM}/{ROBIN}" == act.staff
    told = await whispered(workspace)
    assert ("Done.", ROBIN, ROOT) == (told["text"], told["user"], told["thread_ts"])


@pytest.mark.parametrize("name", ["approve", "deny"])
async def test_an_approval_names_the_request_and_nothing_else(post: Post, world: World, name: str) -> None:
    """The hash of the arguments that were shown comes along; no amount does."""
    action = button(name)
    assert {"t": "tk-1", "a": "ac-1", "h": "h-1"} == json.loads(action["value"])
    await post(slack.interaction(slack.click(action, user=SAM)))
    (act,) = world.acts
    assert (name, "tk-1", "ac-1", "h-1", f"{TEAM}/{SAM}") == (
        act.verb,
        act.ticket,
        act.action,
        act.args_hash,
        act.staff,
    )


async def test_a_click_is_one_act_however_often_it_comes(post: Post, world: World) -> None:
    """Slack's repeat is the same click; pressing again is another one, and so is another person's."""
    payload = slack.click(button("approve"), user=ROBIN)
    for age in (0, 1):
        assert 200 == (await post(slack.interaction(payload, age_s=age)))[0]
    assert 1 == len(world.acts)
    await post(slack.interaction(slack.click({**button("approve"), "action_ts": "9.9"}, user=ROBIN)))
    await post(slack.interaction({**payload, "user": {"id": SAM, "team_id": TEAM}}))
    assert [ROBIN, ROBIN, SAM] == [act.staff.partition("/")[2] for act in world.acts]
    assert 3 == len({act.provider_id for act in world.acts})


async def test_a_late_click_is_told_what_was_decided(post: Post, world: World, workspace: Workspace) -> None:
    """Where nobody else sees it."""
    world.refusal = Acted(done=False, reason="decided", message="This was already approved by Sam.")
    assert (200, "") == await post(slack.interaction(slack.click(button("approve"))))
    assert "This was already approved by Sam." == (await whispered(workspace))["text"]


async def test_a_reply_is_written_in_a_modal(post: Post, world: World, workspace: Workspace) -> None:
    """The button opens it, its text is the act; twice submitted is once sent."""
    payload = slack.click(button("reply"))
    assert (200, "") == await post(slack.interaction(payload))
    (opened,) = workspace.named("views.open")
    assert (payload["trigger_id"], []) == (opened["trigger_id"], world.acts)
    answer = slack.submission(opened["view"], "Your refund is on its way.\n<b>Kim</b>")
    for age in (0, 1):
        assert (200, "") == await post(slack.interaction(answer, age_s=age))
    (act,) = world.acts
    assert ("reply", "tk-1", "Your refund is on its way.\n<b>Kim</b>") == (act.verb, act.ticket, act.text)


async def test_a_refused_reply_stays_in_the_modal(post: Post, world: World) -> None:
    """With the reason, so that the words are not lost."""
    world.refusal = Acted(done=False, reason="role", message="Your role does not allow this.")
    view = slack_blocks.reply_modal({"t": "tk-1", "c": SUPPORT, "p": ROOT}, ticket="#18 Refund")
    status, text = await post(slack.interaction(slack.submission(view, "Hello")))
    assert (200, "errors", "Your role does not allow this.") == (
        status,
        json.loads(text)["response_action"],
        json.loads(text)["errors"]["text"],
    )


async def test_a_modal_that_cannot_be_opened_is_said(post: Post, workspace: Workspace) -> None:
    """The person presses again."""
    workspace.fail("views.open", "expired_trigger_id")
    assert (200, "") == await post(slack.interaction(slack.click(button("reply"))))
    assert "press the button once more" in (await whispered(workspace))["text"]


# --- drafts

WORDS = [
    "Your invoice 18492 was paid.",
    "Tom & Jerry <3 *bold* `code`\n\n  indented &amp; <!channel>",
    "line\n" * 1_000 + "end",
    "x" * 6_000,
    "👋" * 2_000,
]


def draft(text: str) -> list[Json]:
    """A draft as it is shown."""
    shown = slack_blocks.note(Note(key="18-7", kind="internal", author="Draft", text=text, sendable=True))
    assert shown is not None
    return shown.blocks


def escaped(blocks: list[Json]) -> list[Json]:
    """Blocks as a Slack that escapes plain text would hand them back, trimmed."""
    found: list[Json] = json.loads(json.dumps(blocks))
    for block in found:
        if "text" in block:
            text = block["text"]["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            block["text"]["text"] = text.strip()
    return found


@pytest.mark.parametrize("text", WORDS, ids=lambda text: text[:20])
async def test_a_draft_is_sent_word_for_word(post: Post, world: World, text: str) -> None:
    """However Slack hands its text back, and once, whoever presses."""
    blocks = draft(text)
    for user, shown in ((ROBIN, blocks), (ROBIN, blocks), (SAM, escaped(blocks))):
        body = {"ts": "1700000009.1", "thread_ts": ROOT, "blocks": shown}
        assert (
            200 == (await post(slack.interaction(slack.click(button("send", blocks=blocks), user=user, shown=body))))[0]
        )
    (act,) = world.acts
    assert ("reply", f"{SUPPORT}/{ROOT}", ROBIN) == (act.verb, act.place, act.staff.partition("/")[2])
    assert text == act.text


async def test_an_escaped_draft_is_sent_as_it_was_written(post: Post, world: World) -> None:
    """No entity reaches the customer."""
    blocks = draft(WORDS[1])
    body = {"ts": "1700000009.1", "thread_ts": ROOT, "blocks": escaped(blocks)}
    await post(slack.interaction(slack.click(button("send", blocks=blocks), shown=body)))
    assert [WORDS[1]] == [act.text for act in world.acts]


async def test_a_draft_that_was_changed_is_not_sent(post: Post, world: World, workspace: Workspace) -> None:
    """Only what was shown under this button."""
    blocks = draft("We owe you 5 USD.")
    forged = json.loads(json.dumps(blocks).replace("5 USD", "500 USD"))
    body = {"ts": "1700000009.1", "thread_ts": ROOT, "blocks": forged}
    assert 200 == (await post(slack.interaction(slack.click(button("send", blocks=blocks), shown=body))))[0]
    assert slack_events.NOT_READ_BACK == (await whispered(workspace))["text"]
    assert [] == world.acts
