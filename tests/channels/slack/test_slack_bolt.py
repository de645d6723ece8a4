"""Our reading of Slack's requests held against Slack's own framework, Bolt, which the server does not need.

Where the two differ, ours is the one that Slack needs: Bolt answers 404 and 500 to some signed requests, so that Slack
repeats them and in the end switches the subscription off.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest

from channels.slack import slack_blocks
from tests.channels.conftest import Post
from tests.channels.slack import slack
from tests.channels.slack.slack import BOT, BOT_ID, SECRET, TEAM, Workspace, button, said
from tests.channels.world import World

Json = dict[str, Any]
Dispatch = Callable[[Json], Awaitable[int]]
MODAL = slack_blocks.reply_modal({"t": "tk-1", "c": slack.SUPPORT, "p": slack.ROOT}, ticket="#18 Refund")


@pytest.fixture
def heard() -> list[str]:
    """What Bolt's listeners heard, in our words."""
    return []


@pytest.fixture
def bolt(heard: list[str]) -> Dispatch:
    """Bolt with a listener for everything of ours; gives the status that it answers."""
    logging.getLogger("slack_bolt").setLevel(logging.CRITICAL)

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=TEAM, bot_user_id=BOT, bot_id=BOT_ID, bot_token="xoxb-of-the-tests"
        )

    app = AsyncApp(signing_secret=SECRET, authorize=authorize, process_before_response=True)

    def listener(name: str) -> Callable[..., Awaitable[None]]:
        async def listen(ack: Any) -> None:  # noqa: ANN401 - Bolt hands it over by its name
            heard.append(name)
            await ack()

        return listen

    app.event("message")(listener("message"))
    app.event("app_mention")(listener("mention"))
    for name in ("approve", "deny", "take_over", "priority", "reply"):
        app.action(name)(listener(name))
    app.view(slack_blocks.REPLY)(listener("view"))
    app.command("/ticket")(listener("ticket"))

    async def dispatch(request: Json) -> int:
        found = AsyncBoltRequest(body=request["data"].decode(), headers=request["headers"])
        return int((await app.async_dispatch(found)).status)

    return dispatch


REQUESTS: list[tuple[str, str, Callable[[], Json]]] = [
    ("message", "reply", lambda: said("!reply Hello")),
    ("mention", "draft", lambda: said(f"<@{BOT}> draft", type="app_mention")),
    ("approve", "approve", lambda: slack.interaction(slack.click(button("approve")))),
    ("deny", "deny", lambda: slack.interaction(slack.click(button("deny")))),
    ("take_over", "take_over", lambda: slack.interaction(slack.click(button("take_over")))),
    ("priority", "priority", lambda: slack.interaction(slack.click(button("priority", "low")))),
    ("view", "reply", lambda: slack.interaction(slack.submission(MODAL, "Hello"))),
    ("ticket", "take_over", lambda: slack.command("/ticket", "take 18")),
]


@pytest.mark.parametrize("row", REQUESTS, ids=lambda row: row[0])
async def test_bolt_hears_what_we_hear(
    post: Post, world: World, bolt: Dispatch, heard: list[str], row: tuple[str, str, Callable[[], Json]]
) -> None:
    """The same bytes, signed the same way, reach the listener that one would have written for it."""
    theirs, ours, make = row
    request = make()
    assert (200, 200) == (await bolt(request), (await post(request))[0])
    assert ([theirs], [ours]) == (heard, [act.verb for act in world.acts])


@pytest.mark.parametrize("change", ["signature", "body", "old", "future", "unsigned"])
async def test_bolt_refuses_what_we_refuse(post: Post, bolt: Dispatch, heard: list[str], change: str) -> None:
    """With the same status."""
    body = orjson.dumps(slack.event(slack.message("!reply Hello")))
    request = slack.signed(body, age_s={"old": 301, "future": -302}.get(change, 0))
    if change == "signature":
        request = slack.signed(body, secret="another")
    elif change == "body":
        request["data"] += b" "
    elif change == "unsigned":
        request["headers"] = {"Content-Type": slack.JSON}
    assert (401, 401) == (await bolt(request), (await post(request))[0])
    assert [] == heard


async def test_bolt_is_not_asked_since_it_refuses_what_must_be_acknowledged(
    post: Post, bolt: Dispatch, workspace: Workspace
) -> None:
    """An event that nobody listens for: 404 by Bolt, 200 by us."""
    request = slack.signed(orjson.dumps(slack.event({"type": "team_join", "user": {"id": "U1"}})))
    assert (404, 200) == (await bolt(request), (await post(request))[0])
