"""Socket Mode by the SDK's own client, over a real WebSocket: acknowledged after the commit, dialled anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from channels.slack import slack_socket
from channels.slack.channel import Slack
from tests.channels.slack import slack
from tests.channels.slack.slack import CASE, PATH, SUPPORT, Workspace
from tests.channels.world import World
from tests.harness.waiting import until

Json = dict[str, Any]


@pytest.fixture
def ping_s() -> float:
    """How often the client looks whether its socket lives; short only where that is waited for."""
    return 5.0


@pytest.fixture
async def dialled(
    workspace: Workspace, world: World, monkeypatch: pytest.MonkeyPatch, ping_s: float
) -> AsyncIterator[Slack]:
    """The channel without a signing secret, connected by its app token."""
    monkeypatch.setattr(slack_socket, "PING_S", ping_s)
    world.settings = slack.slack_settings(workspace.base, SLACK_SIGNING_SECRET="", SLACK_APP_TOKEN="xapp-of-the-tests")
    channel = Slack(world.ports())
    await channel.start()
    await until(lambda: _sockets(workspace, 1), "a socket")
    yield channel
    await channel.close()


async def test_a_process_that_takes_no_messages_opens_no_way_in(workspace: Workspace, world: World) -> None:
    """It only posts: no socket is dialled and no thread is read; what is known of the workspace is kept up to date."""
    world.settings = slack.slack_settings(workspace.base, SLACK_APP_TOKEN="xapp-of-the-tests")
    channel = Slack(replace(world.ports(), listens=False))
    await channel.start()

    async def checked() -> bool:
        return bool(workspace.named("conversations.info"))

    await until(checked, "a look at the channel")
    assert "done" == (await channel.open_case(CASE, again=False)).state
    await channel.close()
    assert {"auth.test", "conversations.info", "chat.postMessage"} == {name for name, _ in workspace.calls}
    assert {} == world.cursors


async def _sockets(workspace: Workspace, number: int) -> bool:
    return len(workspace.sockets) >= number


async def _acknowledged(workspace: Workspace, number: int) -> list[Json] | None:
    return workspace.acknowledged if len(workspace.acknowledged) >= number else None


def envelope(kind: str, payload: Json, name: str = "e-1", **more: Any) -> Json:
    """What comes through the socket."""
    return {"type": kind, "envelope_id": name, "payload": payload, **more}


async def test_events_clicks_and_commands_come_by_the_socket(
    dialled: Slack, workspace: Workspace, world: World
) -> None:
    """A command's answer goes back with its acknowledgement."""
    (socket,) = workspace.sockets
    await socket.send_json(envelope("events_api", slack.event(slack.message("!reply Hello")), "e-1"))
    await until(lambda: _acknowledged(workspace, 1), "the event's acknowledgement")
    action = {"action_id": "take_over", "block_id": "case:tk-1", "type": "button", "value": "staff"}
    await socket.send_json(envelope("interactive", slack.click(action), "e-2", accepts_response_payload=True))
    await until(lambda: _acknowledged(workspace, 2), "the click's acknowledgement")
    form = {
        "command": "/ticket",
        "text": "take 18",
        "team_id": slack.TEAM,
        "user_id": slack.ROBIN,
        "channel_id": SUPPORT,
    }
    await socket.send_json(envelope("slash_commands", form, "e-3", accepts_response_payload=True))
    await until(lambda: _acknowledged(workspace, 3), "the command's acknowledgement")
    said = {"response_type": "ephemeral", "text": "Done."}
    assert [{"envelope_id": "e-1"}, {"envelope_id": "e-2"}, {"envelope_id": "e-3", "payload": said}] == (
        workspace.acknowledged
    )
    assert ["reply", "take_over", "take_over"] == [act.verb for act in world.acts]


async def test_what_is_not_committed_is_not_acknowledged(dialled: Slack, workspace: Workspace, world: World) -> None:
    """It comes again, with a number, and is then taken once."""
    (socket,) = workspace.sockets
    payload = slack.event(slack.message("!reply Hello"))
    world.failing = True
    await socket.send_json(envelope("events_api", payload, "e-1"))
    await socket.send_json({"type": "hello"})
    await socket.send_json(envelope("events_api", slack.event({"type": "team_join"}), "e-2"))
    await until(lambda: _acknowledged(workspace, 1), "an acknowledgement")
    world.failing = False
    for number in (1, 2):
        again = envelope("events_api", payload, f"e-{2 + number}", retry_attempt=number, retry_reason="timeout")
        await socket.send_json(again)
    await until(lambda: _acknowledged(workspace, 3), "the acknowledgements of the repeats")
    assert {"e-2", "e-3", "e-4"} == {each["envelope_id"] for each in workspace.acknowledged}
    assert 1 == len(world.acts)


@pytest.mark.parametrize("ping_s", [1.0])
async def test_it_dials_again_when_slack_hangs_up(dialled: Slack, workspace: Workspace, world: World) -> None:
    """With a word before, or without."""
    await workspace.sockets[0].send_json({"type": "disconnect", "reason": "refresh_requested"})
    await until(lambda: _sockets(workspace, 2), "a second socket")
    await workspace.sockets[-1].close()
    number = len(workspace.sockets)
    await until(lambda: _sockets(workspace, number + 1), "another socket")
    await workspace.sockets[-1].send_json(envelope("events_api", slack.event(slack.message("!reply Hello"))))
    await until(lambda: _acknowledged(workspace, 1), "an acknowledgement")
    assert 1 == len(world.acts)


async def test_junk_in_the_socket_ends_nothing(dialled: Slack, workspace: Workspace, world: World) -> None:
    """Frames that nobody understands are passed over."""
    (socket,) = workspace.sockets
    for text in ("", "{", "[]", '{"type":"events_api"}', "null", '{"type":"x","envelope_id":"e-0","payload":{}}'):
        await socket.send_str(text)
    await socket.send_json(envelope("events_api", slack.event(slack.message("!reply Hello"))))
    await until(lambda: _acknowledged(workspace, 2), "acknowledgements")
    assert (1, 1) == (len(workspace.sockets), len(world.acts))


async def test_without_a_signing_secret_no_request_is_slacks(
    dialled: Slack, workspace: Workspace, world: World
) -> None:
    """Not even one that is signed with nothing."""
    (route,) = dialled.routes()
    assert PATH == getattr(route, "path", "")
    body = b'{"type":"url_verification","challenge":"x"}'
    from aiohttp import web
    from aiohttp.test_utils import TestClient

    app = web.Application()
    app.add_routes(dialled.routes())
    async with TestClient(TestServer(app)) as client, client.post(PATH, **slack.signed(body, secret="")) as response:
        assert 401 == response.status
    assert "done" == (await dialled.open_case(CASE, again=False)).state


async def test_closing_hangs_up_though_slack_is_away(world: World, free_port: int) -> None:
    """Within its time."""
    base = f"http://127.0.0.1:{free_port}/api"
    world.settings = slack.slack_settings(base, SLACK_SIGNING_SECRET="", SLACK_APP_TOKEN="xapp-of-the-tests")
    channel = Slack(world.ports())
    await channel.start()

    async def dialling() -> bool:
        return channel._socket is not None and channel._socket._client is not None

    await until(dialling, "the first attempt")
    await channel.close()
    assert not channel._tasks
