"""The channel and the playground's Slack speak to each other over the wire, with all that goes wrong between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from channels.slack import slack_api, slack_events, slack_sweep, slack_team
from channels.slack.channel import Slack
from channels.staff import Note, Posted
from playground.app import standalone
from state.errors import RetryLater
from state.messages import Acted
from tests.channels.slack import slack
from tests.channels.slack.slack import CASE
from tests.channels.world import World
from tests.harness.waiting import until
from tests.playground.conftest import Json, options_for, post
from tests.playground.slacks import BOT, GUEST, OTHER, ROBIN, SAM, SLACK, SUPPORT, TEAM, act, calls, say, workspace

DRAFT = Note(key="18-9", kind="internal", author="Draft, not sent", text="We & you: <3\n\n*Soon*.", sendable=True)


@dataclass(kw_only=True)
class Office:
    """The channel, what stands behind it, and a client of the pretended Slack."""

    channel: Slack
    world: World
    client: aiohttp.ClientSession
    place: str = ""

    @property
    def root(self) -> str:
        """The card's ts."""
        return self.place.partition("/")[2]

    async def opened(self) -> None:
        """Post the card."""
        posted = await self.channel.open_case(CASE, again=False)
        assert "done" == posted.state, posted
        self.place = posted.place or ""

    async def press(self, user: str, action: str, **more: Any) -> Json:
        """Use an element of the card, or of another message."""
        return await act(self.client, "press", user=user, action_id=action, **{"ts": self.root, **more})

    async def told(self, user: str, number: int = 1) -> str:
        """What one person alone was told last."""

        async def look() -> list[str] | None:
            shown = [m["text"] for m in (await workspace(self.client))["messages"] if m["only_for"] == user]
            return shown if len(shown) >= number else None

        return (await until(look, "words to one person"))[-1]

    async def fault(self, kind: str, path: str, **more: Any) -> None:
        """Switch a trouble on."""
        status, answer = await post(self.client, f"{SLACK}/faults", json={"kind": kind, "path": path, **more})
        assert status < 300, answer


@pytest.fixture(params=["http", "socket"])
def way(request: pytest.FixtureRequest) -> str:
    """The two ways in."""
    return str(request.param)


@pytest.fixture
def patience_s() -> float:
    """How long the pretended Slack waits for us; short only where it waits in vain."""
    return 20.0


@pytest.fixture
async def office(  # noqa: PLR0917 - fixtures
    way: str, world: World, tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch, patience_s: float
) -> AsyncIterator[Office]:
    """Both on one server, connected by one of the two ways, with a card in the channel."""
    monkeypatch.setattr(slack_api, "RATE", 1_000.0)
    base = f"http://127.0.0.1:{free_port}"
    options = options_for(tmp_path, base, public_url=base, slack_retries_s=(0.3, 0.5, 0.5), slack_patience_s=patience_s)
    world.settings = slack.slack_settings(
        f"{base}{SLACK}/api",
        SLACK_BOT_TOKEN=options.slack_bot_token,
        SLACK_SIGNING_SECRET=options.slack_signing_secret,
        SLACK_APP_TOKEN=options.slack_app_token if way == "socket" else "",
        SLACK_SUPPORT_CHANNEL=SUPPORT,
    )
    channel = Slack(world.ports())
    app = standalone(options)
    app.add_routes(channel.routes())
    async with TestServer(app, port=free_port), aiohttp.ClientSession(base) as client:
        await channel.start()
        found = Office(channel=channel, world=world, client=client)
        if way == "socket":
            await until(lambda: _connected(client), "the socket")
        await found.opened()
        yield found
        await channel.close()


async def _connected(client: aiohttp.ClientSession) -> bool:
    async with client.get(f"{SLACK}/info") as response:
        return bool((await response.json())["sockets"])


async def test_a_day_in_the_office(office: Office) -> None:
    """Card, approval, take-over, modal, commands, words in the thread, a draft that is sent: each by its people."""
    await office.press(SAM, "approve")
    await office.press(ROBIN, "take_over")
    await office.press(ROBIN, "priority", value="urgent")
    await office.press(ROBIN, "reply")
    (view,) = [each["view"] for each in (await workspace(office.client))["views"] if each["open"]]
    await act(office.client, "submit", user=ROBIN, view_id=view["id"], values={"text": "Hello <b>Kim</b> & co"})
    assert [] == [each for each in (await workspace(office.client))["views"] if each["open"]]
    await say(office.client, "among us", thread_ts=office.root)
    await say(office.client, "!reply One more & that", thread_ts=office.root)
    await say(office.client, f"<@{BOT}> status of 18492", thread_ts=office.root)
    await act(office.client, "command", user=SAM, command="/ticket", text="resolve 18")
    assert "done" == (await office.channel.post(office.place, DRAFT, again=False)).state
    (shown,) = [m for m in (await workspace(office.client))["messages"] if "Draft" in m["text"]]
    await office.press(ROBIN, "send", ts=shown["ts"])
    await until(lambda: _marked(office, shown["ts"]), "the mark on the draft")
    await office.press(SAM, "send", ts=shown["ts"], stale=True)
    assert [
        (SAM, "approve", ""),
        (ROBIN, "take_over", ""),
        (ROBIN, "priority", "urgent"),
        (ROBIN, "reply", "Hello <b>Kim</b> & co"),
        (ROBIN, "reply", "One more & that"),
        (ROBIN, "ask", "status of 18492"),
        (SAM, "resolve", ""),
        (ROBIN, "reply", DRAFT.text),
    ] == [(each.staff.removeprefix(f"{TEAM}/"), each.verb, each.text) for each in office.world.acts]
    assert {office.place, None} == {each.place for each in office.world.acts}


async def _marked(office: Office, ts: str) -> bool:
    """Whether a draft's message says who sent it, in the place of its button."""
    (shown,) = [m for m in (await workspace(office.client))["messages"] if m["ts"] == ts]
    said = str(shown["blocks"])
    return (
        f"*Draft, sent to the customer* by <@{ROBIN}>" in said
        and DRAFT.text in str(shown["blocks"][1:]).replace("\\n", "\n")
        and "'send'" not in said
    )


async def test_everything_that_comes_several_times_acts_once(office: Office) -> None:
    """Events, clicks, commands and modals, also at the same moment, also held back and out of order."""
    await office.press(SAM, "approve", copies=4)
    await act(office.client, "command", user=SAM, command="/reply", text="18 Hello", copies=4)
    await say(office.client, f"<@{BOT}> draft", thread_ts=office.root, copies=4)
    assert ["approve", "reply", "draft"] == [each.verb for each in office.world.acts]


@pytest.mark.parametrize("patience_s", [2.0])
async def test_an_event_that_was_not_taken_comes_again(office: Office) -> None:
    """By Slack's own retries, while the database is away."""
    office.world.failing = True
    await act(office.client, "write", user=ROBIN, text="!reply Hello", thread_ts=office.root, wait=False)

    async def tried() -> bool:
        async with office.client.get(f"{SLACK}/deliveries?kind=event") as response:
            return any(each["attempts"] and "!reply" in str(each) for each in await response.json())

    await until(tried, "the first attempt")
    assert [] == office.world.acts
    office.world.failing = False

    async def acted() -> bool:
        return bool(office.world.acts)

    await until(acted, "the retry")
    assert ["Hello"] == [each.text for each in office.world.acts]


async def test_people_of_elsewhere_do_nothing(office: Office) -> None:
    """Guests and strangers, by every way; they are told so."""
    for user in (GUEST, OTHER):
        await office.press(user, "approve")
        await say(office.client, "!reply Hello", user=user, thread_ts=office.root)
        await act(office.client, "command", user=user, command="/reply", text="18 Hello")
    assert slack_team.GUEST == await office.told(GUEST, 3)
    assert slack_team.STRANGER == await office.told(OTHER, 3)
    assert [] == office.world.acts


async def test_a_late_click_is_answered_where_nobody_else_sees_it(office: Office) -> None:
    """Also after the card has changed, since old clients still show its buttons."""
    view = replace(CASE.approvals[0], verdict="approved", name="Sam", at=1_700_000_000_000)
    await office.channel.update_case(office.place, replace(CASE, approvals=(view,)))
    office.world.refusal = Acted(done=False, reason="decided", message="This was already approved by Sam.")
    await office.press(ROBIN, "approve", stale=True)
    assert "This was already approved by Sam." == await office.told(ROBIN)


async def test_a_mention_elsewhere_is_told_how_it_works(office: Office) -> None:
    """Once, though two events tell of it."""
    await say(office.client, f"<@{BOT}> hello?")
    assert slack_events.USAGE == await office.told(ROBIN)
    assert 1 == len(await calls(office.client, "chat.postEphemeral"))


@pytest.mark.parametrize("way", ["http"], indirect=True)
async def test_lost_answers_make_no_second_card_line_or_file(office: Office) -> None:
    """The message is there, its answer is not: the second attempt finds it."""
    long = replace(DRAFT, key="18-10", text="Long words. " * 1_500, sendable=False)
    attempts: list[tuple[str, Callable[[bool], Awaitable[Posted]]]] = [
        (
            "chat.postMessage",
            lambda again: office.channel.open_case(replace(CASE, ticket="tk-2", number=19), again=again),
        ),
        ("chat.postMessage", lambda again: office.channel.post(office.place, DRAFT, again=again)),
        ("files.completeUploadExternal", lambda again: office.channel.post(office.place, long, again=again)),
    ]
    for method, work in attempts:
        await office.fault("lost_answer", f"/api/{method}")
        assert "retry" == (await work(False)).state
        assert "done" == (await work(True)).state
    shown = [message["text"] for message in (await workspace(office.client))["messages"]]
    assert (1, 1, 1) == tuple(sum(word in text for text in shown) for word in ("#19", "We &amp; you", "Long words"))


@pytest.mark.parametrize("way", ["http"], indirect=True)
async def test_its_limits_and_refusals_are_obeyed(office: Office) -> None:
    """Retry-After, and a token that is no longer good: staff can then be told another way."""
    await office.fault("rate_limited", "/api/chat.postMessage")
    limited = await office.channel.post(office.place, DRAFT, again=False)
    assert ("retry", "ratelimited", True) == (limited.state, limited.reason, (limited.after or 0) >= 1)
    await office.fault("token_revoked", "/api/chat.update")
    gone = await office.channel.update_case(office.place, CASE)
    assert ("gone", "token_revoked") == (gone.state, gone.reason)


@pytest.mark.parametrize("way", ["http"], indirect=True)
async def test_a_channel_that_is_shared_is_shown_nothing_more(office: Office) -> None:
    """From the first event that says so."""
    await act(office.client, "share", shared=True)
    await act(office.client, "write", user=OTHER, text="Hi there", thread_ts=office.root)
    posted = await office.channel.post(office.place, DRAFT, again=False)
    assert ("gone", "shared_channel") == (posted.state, posted.reason)
    await office.press(SAM, "approve")
    assert slack_team.SHARED == await office.told(SAM)
    assert [] == office.world.acts


RAW: list[tuple[Json, int]] = [
    ({"body": "not json"}, 200),
    ({"hex": "fffe00"}, 200),
    ({"body": "payload=%7B", "type": slack.FORM}, 200),
    ({"body": "{}", "type": "application/json; charset=nonsense"}, 200),
    ({"json": {"type": "event_callback"}, "timestamp": "abc"}, 401),
    ({"json": {"type": "event_callback"}, "timestamp": "1"}, 401),
    ({"json": {"type": "event_callback"}, "signature": "wrong"}, 401),
    ({"json": {"type": "event_callback"}, "signature": "none"}, 401),
    ({"json": {"type": "event_callback"}, "headers": {"X-Slack-Request-Timestamp": None}}, 401),
    ({"json": {"type": "url_verification", "challenge": "c"}}, 200),
]


@pytest.mark.parametrize("way", ["http"], indirect=True)
async def test_nothing_raw_is_a_500(office: Office) -> None:
    """Signed junk, unsigned requests, odd times."""
    for wanted, expected in RAW:
        assert expected == (await act(office.client, "raw", **wanted))["status"], wanted
    assert [] == office.world.acts


@pytest.mark.parametrize("way", ["socket"], indirect=True)
async def test_sockets_that_break_are_dialled_again(office: Office) -> None:
    """What is said meanwhile comes by the retry."""
    await act(office.client, "disconnect", reason="refresh_requested")
    await until(lambda: _connected(office.client), "the socket again")
    await say(office.client, "!reply Hello", thread_ts=office.root)

    async def acted() -> bool:
        return bool(office.world.acts)

    await until(acted, "the reply")
    assert ["Hello"] == [each.text for each in office.world.acts]


async def _only_when_asked(office: Office) -> None:
    """Sweep when the test says so, and not in the background as well."""
    for task in office.channel._watching:
        task.cancel()
    await asyncio.gather(*office.channel._watching, return_exceptions=True)


@pytest.mark.parametrize("way", ["http"], indirect=True)
async def test_what_was_said_during_an_outage_is_read_later(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, from the threads: what Slack gave up bringing, and nothing that was heard before or said long ago."""
    await _only_when_asked(office)
    monkeypatch.setattr(slack_sweep, "YOUNG_S", 0.0)
    monkeypatch.setattr(slack_api, "PAGE", 2)
    sweep, hear = office.channel._sweep, office.channel._said
    await say(office.client, "!reply long ago", thread_ts=office.root)
    office.world.acts.clear()  # as though it had been before the channel was first connected
    await sweep.run(hear)
    await say(office.client, "!reply heard", thread_ts=office.root)
    await office.fault("lost_event", "/event", times=9)
    for text in ("among us", "!reply one", f"<@{BOT}> draft", "!reply two"):
        await act(office.client, "write", user=ROBIN, text=text, thread_ts=office.root, wait=False)
    await act(office.client, "write", user=GUEST, text="!reply three", thread_ts=office.root, wait=False)
    assert ["heard"] == [each.text for each in office.world.acts]
    office.world.failing = True
    with pytest.raises(RetryLater):
        await sweep.run(hear)
    office.world.failing = False
    for _ in range(2):
        await sweep.run(hear)
    assert [("reply", "heard"), ("reply", "one"), ("draft", ""), ("reply", "two")] == [
        (each.verb, each.text) for each in office.world.acts
    ]
    assert slack_team.GUEST == await office.told(GUEST)


@pytest.mark.parametrize("way", ["http"], indirect=True)
async def test_what_is_too_old_is_not_done_any_more(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """By then staff have seen that nothing came of it."""
    await _only_when_asked(office)
    monkeypatch.setattr(slack_sweep, "YOUNG_S", 0.0)
    monkeypatch.setattr(slack_sweep, "REACH_S", 0.0)
    await office.channel._sweep.run(office.channel._said)
    await office.fault("lost_event", "/event", times=9)
    await act(office.client, "write", user=ROBIN, text="!reply late", thread_ts=office.root, wait=False)
    await office.channel._sweep.run(office.channel._said)
    assert [] == office.world.acts
