"""Slack's own framework, Bolt, works against the pretended Slack: an app of a few listeners, as its manual shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from playground.app import standalone
from tests.playground.conftest import Json, options_for, serving
from tests.playground.slacks import CARD, ROBIN, SAM, SLACK, SUPPORT, act, say, settled, workspace
from tests.playground.test_slack_clicks import MODAL


@asynccontextmanager
async def bolted(folder: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A playground and an app made with Bolt, each knowing where the other is."""
    places: Json = {}

    async def take(request: web.Request) -> web.Response:
        made: AsyncApp = places["app"]
        return await to_aiohttp_response(await made.async_dispatch(await to_bolt_request(request)))

    front = web.Application()
    front.router.add_post("/slack/events", take)
    async with (
        serving(front) as bot_url,
        serving(standalone(options_for(folder, bot_url))) as url,
        aiohttp.ClientSession(url) as client,
        aiohttp.ClientSession() as own,
    ):
        slack = AsyncWebClient(token="xoxb-test", base_url=f"{url}{SLACK}/api", session=own)
        places["app"] = listening(AsyncApp(client=slack, signing_secret="signing-secret"))
        yield client


def listening(app: AsyncApp) -> AsyncApp:
    """Add the listeners."""

    async def mentioned(event: Json, say: AsyncSay) -> None:
        await say(text="card", blocks=CARD, thread_ts=event["ts"])

    async def approve(ack: AsyncAck, body: Json, client: AsyncWebClient, respond: AsyncRespond) -> None:
        await ack()
        where = body["container"]
        text = f"approved by {body['user']['id']}"
        await client.chat_update(channel=where["channel_id"], ts=where["message_ts"], text=text, blocks=[])
        await respond("thank you")

    async def reply(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        await ack(f"opening for {body['user_name']}")
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    async def submitted(ack: AsyncAck, view: Json) -> None:
        await ack()
        typed = view["state"]["values"]["text"]["value"]["value"]
        await app.client.chat_postMessage(channel=SUPPORT, text=f"sent: {typed}")

    async def anything() -> None:
        return

    app.event("app_mention")(mentioned)
    app.event("message")(anything)
    app.action("approve")(approve)
    app.command("/reply")(reply)
    app.view("draft")(submitted)
    return app


async def test_an_app_made_with_bolt(tmp_path: Path) -> None:
    """It is mentioned and answers in the thread, takes a click, opens a modal by a command and takes what is typed."""
    async with bolted(tmp_path) as client:
        asked = await say(client, "@bot a card, please", ROBIN)
        found = await settled(client, lambda news: any(m["text"] == "card" for m in news["messages"]))
        card = next(message for message in found["messages"] if message["text"] == "card")
        assert asked["ts"] == card["thread_ts"]
        clicked = await act(client, "press", user=SAM, ts=card["ts"], action_id="approve", value="t1")
        assert [200] == [answer["status"] for answer in clicked["answers"]]
        await settled(client, lambda news: any(m["text"] == "thank you" for m in news["messages"]))
        told = {message["text"]: message["only_for"] for message in (await workspace(client))["messages"]}
        assert (None, SAM) == (told[f"approved by {SAM}"], told["thank you"])
        await act(client, "command", user=ROBIN, command="/reply", text="7", channel=SUPPORT)
        view = (await settled(client, lambda news: bool(news["views"])))["views"][0]
        await act(client, "submit", user=ROBIN, view_id=view["view"]["id"], values={"value": "Dear Kim"})
        found = await settled(client, lambda news: any("sent: Dear Kim" == m["text"] for m in news["messages"]))
    assert not found["views"][0]["open"]
    assert "opening for robin" in {message["text"] for message in found["messages"]}
