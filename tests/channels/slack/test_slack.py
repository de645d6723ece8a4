"""Slack's requests over real HTTP: taken when signed, by the right people, committed before they are acknowledged."""

from __future__ import annotations

import io
import json
from typing import Any

import orjson
import pytest

from channels.slack import slack_team
from channels.slack.channel import Slack
from state.messages import Acted
from tests.channels.conftest import Client, Post, Serve
from tests.channels.slack import slack
from tests.channels.slack.slack import (
    BOT,
    CASE,
    GUEST,
    PATH,
    ROBIN,
    Workspace,
    button,
    said,
    whispered,
)
from tests.channels.world import World

Json = dict[str, Any]

# --- what is not Slack's, and what is not understood


async def test_the_handshake_is_answered_as_plain_text(staff: Client) -> None:
    """And only when it is signed: no page can be made of it."""
    challenge = "<script>alert(1)</script>"
    body = orjson.dumps({"type": "url_verification", "challenge": challenge, "token": "x"})
    async with staff.post(PATH, **slack.signed(body)) as response:
        assert (200, challenge) == (response.status, await response.text())
        assert ("text/plain", "nosniff") == (response.content_type, response.headers["X-Content-Type-Options"])
    async with staff.post(PATH, data=body, headers={"Content-Type": slack.JSON}) as response:
        assert (401, False) == (response.status, challenge in await response.text())


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=00"},
        {"X-Slack-Request-Timestamp": "abc"},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "1" * 400},
    ],
    ids=str,
)
async def test_a_request_that_slack_did_not_sign_is_refused(post: Post, world: World, headers: dict[str, str]) -> None:
    """401, also for a time that is no number."""
    request = said("!reply Hello")
    request["headers"] |= headers
    assert 401 == (await post(request))[0]
    assert [] == world.acts


@pytest.mark.parametrize("age", [-302, 302])
async def test_an_old_or_a_future_request_is_refused(post: Post, world: World, age: int) -> None:
    """Five minutes either way."""
    body = orjson.dumps(slack.event(slack.message("!reply Hello")))
    assert 401 == (await post(slack.signed(body, age_s=age)))[0]
    assert [] == world.acts


JUNK: list[tuple[bytes, str]] = [
    (b"", slack.JSON),
    (b"not json", slack.JSON),
    (b"[1,2]", slack.JSON),
    (b"null", slack.JSON),
    (b"\xff\xfe\x00", slack.JSON),
    (b"[" * 5_000, slack.JSON),
    (b"payload=not+json", slack.FORM),
    (b"payload=%5B1%5D", slack.FORM),
    (b"\xff\xfe=\xff", slack.FORM),
    (b"&" * 5_000 + b"a=1&" * 500, slack.FORM),
    (b"{}", "text/plain; charset=nonsense"),
    (b'{"type":["event_callback"],"event":7}', slack.JSON),
    (b'{"type":"event_callback","event":{"type":"message","text":{"a":1},"ts":5,"channel":[],"user":"U1"}}', "x"),
    (b'{"type":"block_actions","actions":"x","container":[],"user":null}', slack.JSON),
    (b'{"type":"block_actions","actions":[{"action_id":"deny","value":"{"}],"container":{"channel_id":"C"}}', "x"),
    (b'{"type":"view_submission","view":{"callback_id":"reply","private_metadata":"[1]","state":3}}', slack.JSON),
    (b'{"command":"/ticket","text":5}', slack.JSON),
    (b'{"type":"event_callback","event":{"type":"tokens_revoked","tokens":7}}', slack.JSON),
]  # fmt: skip


@pytest.mark.parametrize("body, kind", JUNK, ids=lambda part: str(part)[:60])
async def test_signed_junk_is_acknowledged_and_changes_nothing(
    post: Post, world: World, body: bytes, kind: str
) -> None:
    """It changes nothing. Never a 500, and never a repeat of what nobody can read."""
    assert 200 == (await post(slack.signed(body, kind)))[0]
    assert [] == world.acts


@pytest.mark.parametrize("kind", ["reaction_added", "team_join", "something_new", "app_rate_limited"])
async def test_events_that_nobody_listens_for_are_acknowledged(post: Post, world: World, kind: str) -> None:
    """A refusal would have the subscription switched off."""
    assert 200 == (await post(slack.signed(orjson.dumps(slack.event({"type": kind, "user": ROBIN})))))[0]
    assert 200 == (await post(slack.signed(orjson.dumps({"type": kind, "minute_rate_limited": 5}))))[0]
    assert [] == world.acts


# --- who may


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"user": GUEST}, slack_team.GUEST),
        ({"user": "U0ELSE", "user_team": "T0OTHER"}, slack_team.STRANGER),
        ({"user": "U0ELSE", "team": "T0OTHER"}, slack_team.STRANGER),
    ],
)
async def test_guests_and_strangers_do_nothing(
    post: Post, world: World, workspace: Workspace, changes: Json, words: str
) -> None:
    """They are told so, once."""
    for kind in ("app_mention", "message"):
        assert 200 == (await post(said("<@U0BOT> draft", ts="8.1", type=kind, **changes)))[0]
    assert words == (await whispered(workspace))["text"]
    assert ([], 1) == (world.acts, len(workspace.named("chat.postEphemeral")))


@pytest.mark.parametrize(
    "flags",
    [{"is_stranger": True}, {"team_id": "T0OTHER"}, {"is_ultra_restricted": True}, {"deleted": True}, {"is_bot": True}],
    ids=str,
)
async def test_what_slack_says_of_a_person_counts(post: Post, world: World, workspace: Workspace, flags: Json) -> None:
    """Whatever the request says."""
    workspace.people[ROBIN] |= flags
    assert 200 == (await post(slack.interaction(slack.click(button("take_over")))))[0]
    status, text = await post(slack.command("/reply", "18 hello"))
    assert (200, "ephemeral") == (status, json.loads(text)["response_type"])
    assert [] == world.acts


@pytest.mark.parametrize(
    "changes",
    [{"is_ext_shared_channel": True}, {"authorizations": [{"team_id": "T0OTHER"}]}, {"team_id": "T0OTHER"}],
    ids=str,
)
async def test_nothing_is_done_from_a_shared_channel(post: Post, world: World, changes: Json) -> None:
    """People of another company read along there."""
    body = orjson.dumps(slack.event(slack.message("!reply Hello"), **changes))
    assert 200 == (await post(slack.signed(body)))[0]
    assert [] == world.acts


async def test_people_are_asked_for_once(post: Post, world: World, workspace: Workspace) -> None:
    """Ten clicks are one look-up."""
    for number in range(3):
        await post(said(f"!reply {number}"))
    assert (3, 1, 1) == (len(world.acts), len(workspace.named("users.info")), len(workspace.named("auth.test")))


async def test_who_cannot_be_looked_up_is_asked_to_come_again(post: Post, world: World, workspace: Workspace) -> None:
    """Slack repeats the event; nobody acts unknown."""
    workspace.fail("users.info", "internal_error")
    body = orjson.dumps(slack.event(slack.message("!reply Hello")))
    assert 503 == (await post(slack.signed(body)))[0]
    assert [] == world.acts
    assert 200 == (await post(slack.signed(body, retry=1)))[0]
    assert 1 == len(world.acts)


async def test_a_pause_that_slack_wants_holds_for_whoever_asks(post: Post, workspace: Workspace) -> None:
    """Requests that come meanwhile are no reason to ask again."""
    workspace.fail("users.info", "ratelimited", status=429, **{"Retry-After": "30"})
    assert [503] * 3 == [(await post(said("!reply Hello")))[0] for _ in range(3)]
    assert 1 == len(workspace.named("users.info"))


async def test_nobody_acts_while_slack_does_not_say_who_we_are(post: Post, world: World, workspace: Workspace) -> None:
    """An answer without a team is none, and not kept."""
    workspace.answers["auth.test"] = [(200, {"ok": True}, {})] * 2
    assert 503 == (await post(said("!reply Hello", team="")))[0]
    assert [] == world.acts


async def test_what_was_refused_stays_undone(post: Post, world: World) -> None:
    """Though by now it might be done: its author was told that nothing was, and will have said it another way."""
    message = {"ts": "9.1", "text": "!reply Hello"}
    world.refusal = Acted(done=False, reason="role", message="Your role does not allow this.")
    assert 200 == (await post(said(**message)))[0]
    world.refusal = None
    assert 200 == (await post(said(**message)))[0]
    assert [] == world.acts
    assert 200 == (await post(said("!reply Hello")))[0]
    assert 1 == len(world.acts)


async def test_what_the_database_cannot_keep_is_left_out(post: Post, world: World) -> None:
    """PostgreSQL takes no NUL, and a signed request is never a 500."""
    assert 200 == (await post(said("!reply Hel\0lo", ts="9.\x001", thread_ts="8.\x001")))[0]
    assert [("message:C0SUPPORT:9.1", "C0SUPPORT/8.1")] == [(act.provider_id, act.place) for act in world.acts]


# --- when something is away


async def test_a_draining_process_has_everything_come_again(post: Post, world: World) -> None:
    """Events, clicks and commands."""
    world.ready = False
    body = orjson.dumps(slack.event(slack.message("!reply Hello")))
    requests = (slack.signed(body), slack.interaction(slack.click(button("approve"))), slack.command("/reply", "18 hi"))
    assert [503, 503, 503] == [(await post(request))[0] for request in requests]
    assert [] == world.acts


@pytest.mark.parametrize(
    "inner, gone",
    [
        ({"type": "app_uninstalled"}, True),
        ({"type": "tokens_revoked", "tokens": {"bot": [BOT]}}, True),
        ({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}}, False),
    ],
    ids=str,
)
async def test_a_revoked_token_is_known_at_once(
    workspace: Workspace, world: World, serve: Serve, inner: Json, gone: bool
) -> None:
    """Cards are refused from then on, so that staff are told another way; a person's own token is none of ours."""
    world.settings = slack.slack_settings(workspace.base)
    channel = Slack(world.ports())
    client = await serve(channel)
    assert "done" == (await channel.open_case(CASE, again=False)).state
    async with client.post(PATH, **slack.signed(orjson.dumps(slack.event(inner)))) as response:
        assert 200 == response.status
    assert ("gone" if gone else "done") == (await channel.open_case(CASE, again=False)).state


async def test_the_log_keeps_no_words(post: Post, workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither of forged requests nor of genuine ones."""
    secret = "what-nobody-may-read-in-a-log"
    await post(said(f"!reply {secret}"))
    await post({**said(f"!reply {secret}"), "headers": {"Content-Type": slack.JSON}})
    await post(slack.signed(secret.encode()))
    workspace.answers["views.open"] = [(200, {"ok": False, "error": "invalid_arguments", "told": secret}, {})]
    await post(slack.interaction(slack.click(button("reply"))))
    printed = capsys.readouterr()
    assert secret not in printed.out + printed.err


async def test_the_body_has_a_limit(staff: Client) -> None:
    """Refused before anything is computed over it."""
    async with staff.post(PATH, **slack.signed(b"x" * 1_200_000) | {"data": io.BytesIO(b"x" * 1_200_000)}) as response:
        assert 413 == response.status


async def test_other_methods_are_not_there(staff: Client) -> None:
    """One route, by POST."""
    async with staff.get(PATH) as response:
        assert 405 == response.status


async def test_idle_events_are_acknowledged_though_slack_is_away(world: World, serve: Serve, free_port: int) -> None:
    """Nothing need be asked about them; refusals by the score would have the subscription switched off."""
    world.settings = slack.slack_settings(f"http://127.0.0.1:{free_port}/api")
    client = await serve(Slack(world.ports()))
    statuses = []
    for inner in (slack.message("among us"), {"type": "team_join"}, slack.message("!reply x", bot_id="B1")):
        async with client.post(PATH, **slack.signed(orjson.dumps(slack.event(inner)))) as response:
            statuses.append(response.status)
    async with client.post(PATH, **said("!reply Hello")) as response:
        statuses.append(response.status)
    assert [200, 200, 200, 503] == statuses
