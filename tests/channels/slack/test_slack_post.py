"""Cards, lines and files in Slack over real HTTP: once each, at its pace, and what each of its refusals means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from channels.slack import slack_api, slack_blocks, slack_post
from channels.slack.channel import Slack
from channels.slack.slack_api import Api, Pace, Refused
from channels.staff import Note
from tests.channels.slack import slack
from tests.channels.slack.slack import CASE, ROOT, SUPPORT, Workspace
from tests.channels.world import World
from tests.harness.waiting import until

Json = dict[str, Any]
PLACE = f"{SUPPORT}/{ROOT}"
LINE = Note(key="18-7", kind="customer", author="Kim", text="Hi <!channel> & all", channel="web chat")


@pytest.fixture
async def desk(workspace: Workspace, world: World) -> AsyncIterator[Slack]:
    """The channel, pointed at the workspace."""
    world.settings = slack.slack_settings(workspace.base)
    channel = Slack(world.ports())
    await channel.start()
    yield channel
    await channel.close()


async def test_a_card_begins_a_thread(desk: Slack, workspace: Workspace) -> None:
    """In the support channel, with nothing unfolded, and known again by its ticket."""
    posted = await desk.open_case(CASE, again=False)
    (sent,) = workspace.named("chat.postMessage")
    assert ("done", f"{SUPPORT}/{workspace.messages[0]['ts']}") == (posted.state, posted.place)
    assert (SUPPORT, False, False) == (sent["channel"], sent["unfurl_links"], sent["unfurl_media"])
    assert {"ticket": "tk-1", "number": 18} == sent["metadata"]["event_payload"]
    assert "thread_ts" not in sent
    assert slack_blocks.card(CASE).blocks == sent["blocks"]


async def test_a_card_that_got_through_is_found_and_shown_as_it_is_now(desk: Slack, workspace: Workspace) -> None:
    """Its answer was lost; there are not two threads."""
    first = await desk.open_case(CASE, again=False)
    await desk.open_case(replace(CASE, ticket="tk-2"), again=True)
    again = await desk.open_case(replace(CASE, status="pending"), again=True)
    assert (first.place, "done") == (again.place, again.state)
    assert 2 == len(workspace.messages)
    (shown,) = workspace.named("chat.update")
    assert "pending" in shown["text"]


async def test_a_line_is_posted_once(desk: Slack, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into its thread, harmless; a second attempt looks through the whole thread first."""
    monkeypatch.setattr(slack_api, "RATE", 1_000.0)
    for number in range(5):
        await desk.post(PLACE, replace(LINE, key=f"18-{number}"), again=False)
    assert "done" == (await desk.post(PLACE, LINE, again=True)).state
    assert "done" == (await desk.post(PLACE, LINE, again=True)).state
    assert 6 == len(workspace.messages)
    sent = workspace.messages[-1]
    assert (ROOT, {"key": "18-7"}) == (sent["thread_ts"], sent["metadata"]["event_payload"])
    assert "<!channel>" not in sent["text"]
    assert ("plain_text", LINE.text) == (sent["blocks"][1]["text"]["type"], sent["blocks"][1]["text"]["text"])


async def test_a_long_line_is_a_file_once(desk: Slack, workspace: Workspace) -> None:
    """All of it, in three steps, and found again by its name."""
    long = replace(LINE, text="A long story. <!here> " * 2_000)
    for again in (False, True):
        assert "done" == (await desk.post(PLACE, long, again=again)).state
    assert [long.text.encode()] == workspace.uploads
    (shared,) = workspace.named("files.completeUploadExternal")
    assert (SUPPORT, ROOT) == (shared["channel_id"], shared["thread_ts"])
    assert ("<!here>" in shared["initial_comment"], "Kim" in shared["initial_comment"]) == (False, True)


async def test_a_file_goes_nowhere_else(desk: Slack, workspace: Workspace) -> None:
    """An upload address on another host is not used."""
    workspace.upload_base = "http://127.0.0.1:1"
    posted = await desk.post(PLACE, replace(LINE, text="x" * 20_000), again=False)
    assert ("gone", "foreign_upload_url", []) == (posted.state, posted.reason, workspace.uploads)


async def test_a_card_that_changes_is_shown_so(desk: Slack, workspace: Workspace) -> None:
    """In place; nothing rings."""
    assert "done" == (await desk.update_case(PLACE, CASE)).state
    (sent,) = workspace.named("chat.update")
    assert (SUPPORT, ROOT, slack_blocks.card(CASE).blocks) == (sent["channel"], sent["ts"], sent["blocks"])


REFUSALS: list[tuple[str, int, dict[str, str], tuple[str, str, float | None]]] = [
    ("ratelimited", 429, {"Retry-After": "7"}, ("retry", "ratelimited", 7.0)),
    ("ratelimited", 429, {}, ("retry", "ratelimited", 1.0)),
    ("ratelimited", 200, {"Retry-After": "soon"}, ("retry", "ratelimited", 1.0)),
    ("", 500, {}, ("retry", "http_500", None)),
    ("", 503, {}, ("retry", "http_503", None)),
    ("internal_error", 200, {}, ("retry", "internal_error", 60.0)),
    ("a_new_one", 200, {}, ("retry", "a_new_one", 60.0)),
    ("thread_not_found", 200, {}, ("retry", "thread_lost", None)),
    ("invalid_auth", 200, {}, ("gone", "invalid_auth", None)),
    ("token_revoked", 200, {}, ("gone", "token_revoked", None)),
    ("account_inactive", 401, {}, ("gone", "account_inactive", None)),
    ("missing_scope", 200, {}, ("gone", "missing_scope", None)),
    ("channel_not_found", 200, {}, ("gone", "channel_not_found", None)),
    ("not_in_channel", 200, {}, ("gone", "not_in_channel", None)),
    ("is_archived", 200, {}, ("gone", "is_archived", None)),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda row: f"{row[0]}-{row[1]}")
async def test_every_refusal_has_its_meaning(desk: Slack, workspace: Workspace, refusal: Any) -> None:  # noqa: ANN401
    """One request each; the SDK repeats nothing."""
    error, status, headers, expected = refusal
    for method in ("chat.postMessage", "chat.update"):
        workspace.fail(method, error, status=status, **headers)
    posted = await desk.post(PLACE, LINE, again=False)
    assert expected == (posted.state, posted.reason, posted.after)
    assert (1, []) == (len(workspace.named("chat.postMessage")), workspace.messages)


@pytest.mark.parametrize("body", ["", "not json", "[1]", '"x"', "<html>"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/html"])
async def test_an_answer_that_is_none_is_tried_again(desk: Slack, workspace: Workspace, body: str, kind: str) -> None:
    """Whatever stands between us and Slack says."""
    workspace.answers["chat.postMessage"] = [(200, body, {"Content-Type": kind})]
    assert "retry" == (await desk.post(PLACE, LINE, again=False)).state


async def test_no_answer_in_time_is_tried_again(
    desk: Slack, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first may have got through, so the second looks: one message."""
    await desk.update_case(PLACE, CASE)
    monkeypatch.setattr(Api.call, "__kwdefaults__", {"within": 0.2})
    workspace.hang = "chat.postMessage"
    posted = await desk.post(PLACE, LINE, again=False)
    assert ("retry", "no_answer: TimeoutError") == (posted.state, posted.reason)
    workspace.hang = ""
    assert "done" == (await desk.post(PLACE, LINE, again=True)).state
    assert 1 == len(workspace.messages)


async def test_nothing_is_sent_while_slack_wants_a_pause(desk: Slack, workspace: Workspace) -> None:
    """By the method that it was about, until its time is over; it counts each by itself."""
    workspace.fail("chat.postMessage", "ratelimited", status=429, **{"Retry-After": "30"})
    assert 30.0 == (await desk.post(PLACE, LINE, again=False)).after
    for posted in (await desk.post(PLACE, LINE, again=False), await desk.open_case(CASE, again=False)):
        assert ("retry", "ratelimited", True) == (posted.state, posted.reason, 25 < (posted.after or 0) <= 30)
    assert "done" == (await desk.update_case(PLACE, CASE)).state
    assert 1 == len(workspace.named("chat.postMessage"))


async def test_a_burst_is_sent_at_slacks_pace(
    desk: Slack, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would have to wait too long is given back with the time to wait."""
    monkeypatch.setattr(slack_post, "PATIENCE_S", 0.0)
    found = [await desk.post(PLACE, replace(LINE, key=str(n)), again=False) for n in range(5)]
    assert ["done", "done", "done", "later", "later"] == [posted.state for posted in found]
    assert (3, True) == (len(workspace.messages), 0 < (found[-1].after or 0) <= 1)


async def test_whose_turn_it_is_not_is_told_when(
    desk: Slack, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack is not asked whether it is there already; a card that waits for a decision is more patient."""
    monkeypatch.setattr(slack_post, "PATIENCE_S", 0.0)
    for number in range(3):
        await desk.post(PLACE, replace(LINE, key=f"18-{number}"), again=False)
    asked = len(workspace.calls)
    for posted in (
        await desk.post(PLACE, LINE, again=True),
        await desk.open_case(replace(CASE, approvals=()), again=True),
    ):
        assert ("later", "paced") == (posted.state, posted.reason)
        assert 0 < (posted.after or 0) <= 1
    assert asked == len(workspace.calls)
    assert "done" == (await desk.open_case(CASE, again=False)).state


def test_a_pace_is_one_a_second_after_a_burst() -> None:
    """Per channel."""
    pace = Pace()
    assert [0, 0, 0, 1, 2] == [pace.take("C1", now=100.0) for _ in range(5)]
    assert 0 == pace.take("C2", now=100.0)
    assert 1.5 == pace.wait("C1", now=101.5)
    assert 0 == pace.take("C1", now=103.0)


async def test_blocks_that_slack_does_not_take_are_told_in_words(desk: Slack, workspace: Workspace) -> None:
    """Staff hear of it all the same."""
    workspace.fail("chat.postMessage", "invalid_blocks")
    assert "done" == (await desk.open_case(CASE, again=False)).state
    assert [] == workspace.messages[0]["blocks"]
    assert "Ticket #18 Refund" in workspace.messages[0]["text"]


# --- the channel and the token


@pytest.mark.parametrize("flag", ["is_ext_shared", "is_shared", "is_pending_ext_shared"])
async def test_a_shared_channel_is_shown_no_ticket(desk: Slack, workspace: Workspace, flag: str) -> None:
    """Another company would read it; the answer is told without a word sent."""
    workspace.channel[flag] = True
    for posted in (
        await desk.open_case(CASE, again=False),
        await desk.update_case(PLACE, CASE),
        await desk.post(PLACE, LINE, again=False),
    ):
        assert ("gone", "shared_channel") == (posted.state, posted.reason)
    assert [] == workspace.messages


@pytest.mark.parametrize(
    "changes, reason", [({"is_archived": True}, "is_archived"), ({"is_member": False}, "not_in_channel")]
)
async def test_a_channel_that_cannot_be_used_is_gone(
    desk: Slack, workspace: Workspace, changes: Json, reason: str
) -> None:
    """Until somebody mends it."""
    workspace.channel |= changes
    posted = await desk.open_case(CASE, again=False)
    assert ("gone", reason) == (posted.state, posted.reason)


async def test_a_revoked_token_is_gone_until_a_check_succeeds(desk: Slack, workspace: Workspace) -> None:
    """In between nothing more is asked for each ticket."""
    await desk.open_case(CASE, again=False)
    workspace.fail("chat.postMessage", "token_revoked")
    assert "gone" == (await desk.post(PLACE, LINE, again=False)).state
    calls = len(workspace.calls)
    posted = await desk.post(PLACE, LINE, again=False)
    assert ("gone", "token_revoked", calls) == (posted.state, posted.reason, len(workspace.calls))
    await desk._team.check()
    assert "done" == (await desk.post(PLACE, LINE, again=False)).state


async def test_slack_is_not_asked_before_readiness(workspace: Workspace, world: World) -> None:
    """Then it is, by itself."""
    world.settings, world.ready = slack.slack_settings(workspace.base), False
    channel = Slack(world.ports())
    await channel.start()
    assert "retry" == (await _unready(channel)).kind
    assert [] == workspace.calls
    world.ready = True

    async def asked() -> bool | None:
        return bool(workspace.named("conversations.info")) or None

    await until(asked, "a look at the channel")
    await channel.close()


async def _unready(channel: Slack) -> Refused:
    """What a call before the start of the client is."""
    with pytest.raises(Refused) as caught:
        await Api("http://127.0.0.1:1", "t").call("auth_test")
    return caught.value


async def test_an_away_slack_is_tried_again(world: World, free_port: int) -> None:
    """No error leaves the channel."""
    world.settings = slack.slack_settings(f"http://127.0.0.1:{free_port}/api")
    channel = Slack(world.ports())
    await channel.start()
    assert "retry" == (await channel.open_case(CASE, again=True)).state
    await channel.close()


def test_a_refusal_says_nothing_of_what_was_sent() -> None:
    """Errors end in logs."""
    assert "no_answer: ValueError" == str(slack_api.refusal(ValueError("secret words")))
