"""Slack's two sides for tests: requests signed as it signs them, and a small workspace behind its Web API."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import web

from channels.slack import slack_blocks
from channels.slack.slack_verify import sign
from channels.staff import ApprovalView, Case
from config.settings import Settings
from tests.channels.world import settings
from tests.harness.waiting import until

PATH = "/slack/events"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # the one of Slack's published example
TEAM, SUPPORT, BOT, BOT_ID = "T0TEAM", "C0SUPPORT", "U0BOT", "B0BOT"
ROBIN, SAM, GUEST = "U0ROBIN", "U0SAM", "U0GUEST"
ROOT = "1700000000.000100"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"

Json = dict[str, Any]
Answer = tuple[int, Json | str, dict[str, str]]


def slack_settings(base: str = "http://127.0.0.1:1/api", **env: str) -> Settings:
    """The settings of a workspace."""
    usual = {
        "SLACK_BOT_TOKEN": "xoxb-of-the-tests",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_SUPPORT_CHANNEL": SUPPORT,
        "SLACK_API_BASE": base,
    }
    return settings(**{name: text for name, text in (usual | env).items() if text})


def signed(
    body: bytes, kind: str = JSON, *, secret: str = SECRET, age_s: float = 0, retry: int = 0, **headers: str
) -> Json:
    """The body and headers of a request that Slack signed."""
    timestamp = str(int(time.time() - age_s))
    told = {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": sign(secret, raw=body, timestamp=timestamp)}
    again = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"} if retry else {}
    return {"data": body, "headers": {"Content-Type": kind, **told, **again, **headers}}


def event(inner: Json, **changes: Any) -> Json:
    """What the Events API sends."""
    return {
        "token": "x",
        "team_id": TEAM,
        "api_app_id": "A1",
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(6)}",
        "event_time": 1,
        "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        "is_ext_shared_channel": False,
        "event": inner,
        **changes,
    }


def message(text: str, **changes: Any) -> Json:
    """A person's message in a ticket's thread."""
    return {
        "type": "message",
        "user": ROBIN,
        "text": text,
        "team": TEAM,
        "channel": SUPPORT,
        "channel_type": "channel",
        "ts": f"{time.time():.6f}",
        "thread_ts": ROOT,
        **changes,
    }


def click(action: Json, *, user: str = ROBIN, team: str = TEAM, shown: Json | None = None, **changes: Any) -> Json:
    """What Slack posts when somebody uses an element of a card (or of another message, if it is given)."""
    body = {"ts": ROOT, "type": "message", "user": BOT, "bot_id": BOT_ID, **(shown or {})}
    thread = {"thread_ts": body["thread_ts"]} if "thread_ts" in body else {}
    return {
        "type": "block_actions",
        "user": {"id": user, "team_id": team, "username": "somebody"},
        "team": {"id": TEAM, "domain": "acme"},
        "api_app_id": "A1",
        "trigger_id": f"t-{secrets.token_hex(4)}",
        "container": {"type": "message", "message_ts": body["ts"], "channel_id": SUPPORT, **thread},
        "channel": {"id": SUPPORT, "name": "support"},
        "message": body,
        "response_url": "https://hooks.slack.com/actions/x",
        "actions": [{"action_ts": f"{time.time():.6f}", **action}],
        **changes,
    }


def used(element: Json, block: Json, value: str = "") -> Json:
    """The action that using an element of a block makes."""
    found = {"action_id": element["action_id"], "block_id": block["block_id"], "type": element["type"]}
    if "options" in element:
        return found | {"selected_option": next(o for o in element["options"] if o["value"] == value)}
    return found | {"value": element["value"]}


def submission(view: Json, text: str, *, user: str = ROBIN) -> Json:
    """What Slack posts when somebody submits a modal."""
    state = {"values": {"text": {"text": {"type": "plain_text_input", "value": text}}}}
    return {
        "type": "view_submission",
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM},
        "trigger_id": f"t-{secrets.token_hex(4)}",
        "view": {"id": "V1", "hash": "1.a", **view, "state": state},
    }


def interaction(payload: Json, **more: Any) -> Json:
    """A signed request with an interaction."""
    return signed(urlencode({"payload": orjson.dumps(payload)}).encode(), FORM, **more)


def command(name: str, text: str, *, user: str = ROBIN, team: str = TEAM, **more: Any) -> Json:
    """A signed request with a slash command."""
    form = {
        "token": "x",
        "team_id": team,
        "team_domain": "acme",
        "channel_id": SUPPORT,
        "user_id": user,
        "command": name,
        "text": text,
        "trigger_id": f"t-{secrets.token_hex(4)}",
        "response_url": "https://hooks.slack.com/commands/x",
    }
    return signed(urlencode(form).encode(), FORM, **more)


CASE = Case(
    ticket="tk-1",
    number=18,
    subject="Refund",
    status="open",
    priority="normal",
    reason="refund",
    customer="Kim",
    known="signed in",
    channels=("web",),
    mode="bot",
    approvals=(
        ApprovalView(
            action="ac-1",
            args_hash="h-1",
            title="Refund 900.00 USD",
            why="above 500.00 USD",
            lines=(("invoice", "20001"), ("amount", "900.00 USD")),
            expires=1_800_000_000_000,
        ),
    ),
)


def said(text: str, **changes: Any) -> Json:
    """A signed request that tells of a message in a ticket's thread."""
    return signed(orjson.dumps(event(message(text, **changes))))


def button(name: str, value: str = "", blocks: list[Json] | None = None) -> Json:
    """The action of an element of a card or a note, as it is really shown."""
    for block in blocks or slack_blocks.card(CASE).blocks:
        for element in block.get("elements", []):
            if element.get("action_id") == name:
                return used(element, block, value)
    raise AssertionError(f"there is no {name}")


async def whispered(workspace: Workspace) -> Json:
    """What one person was told."""

    async def look() -> Json | None:
        told = workspace.named("chat.postEphemeral")
        return told[-1] if told else None

    return await until(look, "words to one person")


@dataclass
class Workspace:
    """Slack's Web API. `answers` of a method are used up one by one before it works as usual."""

    calls: list[tuple[str, Json]] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    messages: list[Json] = field(default_factory=list)
    uploads: list[bytes] = field(default_factory=list)
    channel: Json = field(default_factory=lambda: {"id": SUPPORT, "is_member": True})
    people: dict[str, Json] = field(
        default_factory=lambda: {
            ROBIN: {"id": ROBIN, "team_id": TEAM},
            SAM: {"id": SAM, "team_id": TEAM},
            GUEST: {"id": GUEST, "team_id": TEAM, "is_restricted": True},
        }
    )
    hang: str = ""
    base: str = ""
    upload_base: str = ""
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    acknowledged: list[Json] = field(default_factory=list)

    def app(self) -> web.Application:
        """The API as it is served."""
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self.serve)
        app.router.add_post("/upload/{id}", self.take)
        app.router.add_get("/socket", self.dial)
        return app

    def fail(self, method: str, error: str = "", *, status: int = 200, **headers: str) -> None:
        """Have the next call of a method fail."""
        self.answers[method].append((status, {"ok": False, "error": error} if error else {}, headers))

    def named(self, method: str) -> list[Json]:
        """The arguments of all calls of a method."""
        return [arguments for name, arguments in self.calls if name == method]

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a call."""
        method = request.match_info["method"]
        arguments: Json = {**request.query}
        if request.content_type == JSON:
            arguments |= await request.json()
        else:
            arguments |= {name: str(value) for name, value in (await request.post()).items()}
        self.calls.append((method, arguments))
        answers = self.answers[method]
        if answers:
            status, body, headers = answers.pop(0)
            if isinstance(body, str):
                return web.Response(text=body, status=status, headers=headers)
            return web.json_response(body, status=status, headers=headers)
        found = getattr(self, "_" + method.replace(".", "_"))(arguments)
        if self.hang == method:
            await asyncio.sleep(3600)
        return web.json_response({"ok": True, **found})

    async def take(self, request: web.Request) -> web.Response:
        """Take a file's bytes."""
        self.uploads.append(await request.read())
        return web.Response(text="OK")

    async def dial(self, request: web.Request) -> web.WebSocketResponse:
        """Greet whoever dials in, and take acknowledgements."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.sockets.append(socket)
        async for frame in socket:
            self.acknowledged.append(orjson.loads(frame.data))
        return socket

    def _auth_test(self, _: Json) -> Json:
        return {"team_id": TEAM, "user_id": BOT, "bot_id": BOT_ID}

    def _conversations_info(self, _: Json) -> Json:
        return {"channel": self.channel}

    def _users_info(self, arguments: Json) -> Json:
        return {"user": self.people[arguments["user"]]}

    def _views_open(self, arguments: Json) -> Json:
        return {"view": {"id": "V1", **arguments["view"]}}

    def _chat_postEphemeral(self, _: Json) -> Json:  # noqa: N802 - Slack's word
        return {"message_ts": "1"}

    def _chat_postMessage(self, arguments: Json) -> Json:  # noqa: N802 - Slack's word
        ts = f"1700000000.{len(self.messages):06d}"
        self.messages.append({"ts": ts, **arguments})
        return {"ts": ts, "channel": arguments["channel"]}

    def _chat_update(self, arguments: Json) -> Json:
        return {"ts": arguments["ts"]}

    def _conversations_history(self, _: Json) -> Json:
        return {"messages": [m for m in reversed(self.messages) if "thread_ts" not in m]}

    def _conversations_replies(self, arguments: Json) -> Json:
        found = [m for m in self.messages if m.get("thread_ts") == arguments["ts"]]
        start = int(arguments.get("cursor") or 0)
        more = {"response_metadata": {"next_cursor": str(start + 3)}} if len(found) > start + 3 else {}
        return {"messages": found[start : start + 3], **more}

    def _files_getUploadURLExternal(self, _: Json) -> Json:  # noqa: N802 - Slack's word
        return {"upload_url": f"{self.upload_base}/upload/F1", "file_id": "F1"}

    def _files_completeUploadExternal(self, arguments: Json) -> Json:  # noqa: N802 - Slack's word
        name = self.named("files.getUploadURLExternal")[-1]["filename"]
        self.messages.append({"ts": "2", "thread_ts": arguments["thread_ts"], "files": [{"id": "F1", "name": name}]})
        return {"files": [{"id": "F1"}]}

    def _apps_connections_open(self, _: Json) -> Json:
        return {"url": self.upload_base.replace("http://", "ws://") + "/socket"}
