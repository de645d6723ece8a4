"""Twilio's two sides for tests: webhooks signed as it signs them, and a Messages API that can be made to fail."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.channels.world import ACCOUNT, FROM, PUBLIC, TOKEN

WEBHOOK = "/whatsapp/webhook"
SID = "SM0123456789abcdef0123456789abcdef"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def fields(**changes: str) -> dict[str, str]:
    """A message as Twilio posts it, with a blank field and one that ends in a space."""
    return {
        "MessageSid": SID,
        "SmsMessageSid": SID,
        "AccountSid": ACCOUNT,
        "From": "whatsapp:+15550101001",
        "To": FROM,
        "Body": "Hi é 👋 ",
        "NumMedia": "0",
        "ButtonText": "",
        "ProfileName": "Kim",
        "WaId": "15550101001",
        "MessageType": "text",
        "SomethingNew": "a field nobody knows",
        **changes,
    }


def signature(url: str, pairs: Iterable[tuple[str, str]], *, secret: str = TOKEN, digest: str = "sha1") -> str:
    """Sign a URL and its fields."""
    text = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), digest).digest()).decode()


def webhook(
    form: dict[str, str] | list[tuple[str, str]], *, path: str = WEBHOOK, secret: str = TOKEN
) -> dict[str, Any]:
    """The body and headers of a signed webhook."""
    pairs = list(form.items()) if isinstance(form, dict) else form
    headers = {**FORM, "X-Twilio-Signature": signature(PUBLIC + path, pairs, secret=secret)}
    return {"data": urlencode(pairs).encode(), "headers": headers}


def json_webhook(body: bytes, *, path: str = WEBHOOK, told: bytes | None = None) -> tuple[str, dict[str, Any]]:
    """The path, body and headers of a signed JSON webhook; `told` is the body whose hash is signed."""
    full = f"{path}?bodySHA256={hashlib.sha256(told if told is not None else body).hexdigest()}"
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": signature(PUBLIC + full, [])}
    return full, {"data": body, "headers": headers}


@dataclass
class Provider:
    """The Messages API. `answers` are used up one by one before it works as usual."""

    posts: list[dict[str, str]] = field(default_factory=list)
    lists: list[dict[str, str]] = field(default_factory=list)
    typings: list[dict[str, str]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    list_status: int = 200
    page_size: int = 50
    hang: bool = False
    drop: bool = False
    authorization: str = ""

    def app(self) -> web.Application:
        """The API as it is served."""
        app = web.Application()
        base = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        app.router.add_post(base, self.create)
        app.router.add_get(base, self.search)
        app.router.add_post("/v2/Indicators/Typing.json", self.typing)
        return app

    async def create(self, request: web.Request) -> web.Response:
        """Take a message, or fail as told."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.authorization = request.headers["Authorization"]
        self.posts.append(form)
        if self.answers:
            status, body, headers = self.answers.pop(0)
            return web.json_response(body, status=status, headers=headers)
        message = self.add(form.get("Body") or _templated(form), to=form["To"])
        if self.hang:
            await asyncio.sleep(3600)
        if self.drop and request.transport is not None:
            request.transport.abort()
        return web.json_response(message, status=201)

    def add(
        self, body: str, *, to: str = "whatsapp:+15550101001", age_s: float = 0, **changes: object
    ) -> dict[str, Any]:
        """Have a message in the list."""
        made = datetime.fromtimestamp(datetime.now(UTC).timestamp() - age_s, UTC)
        message = {
            "sid": f"SM{len(self.messages):032d}",
            "body": body,
            "to": to,
            "from": FROM,
            "status": "queued",
            "error_code": None,
            "direction": "outbound-api",
            "date_created": format_datetime(made),
            **changes,
        }
        self.messages.insert(0, message)
        return message

    async def search(self, request: web.Request) -> web.Response:
        """List messages newest first, in pages."""
        self.lists.append(dict(request.query))
        if self.list_status != 200:
            return web.json_response({}, status=self.list_status)
        wanted = [m for m in self.messages if m["to"] == request.query["To"]]
        start = int(request.query.get("Page", "0")) * self.page_size
        page = wanted[start : start + self.page_size]
        more = len(wanted) > start + self.page_size
        query = urlencode({"To": request.query["To"], "Page": start // self.page_size + 1})
        following = f"{request.path}?{query}" if more else None
        return web.json_response({"messages": page, "next_page_uri": following})

    async def typing(self, request: web.Request) -> web.Response:
        """Note a typing indicator."""
        self.typings.append({name: str(value) for name, value in (await request.post()).items()})
        return web.json_response({"success": True})


def _templated(form: dict[str, str]) -> str:
    """A template's words with its variables, as the list shows them."""
    variables = json.loads(form["ContentVariables"])
    return f"News on your request {variables['1']}:\n{variables['2']}"
