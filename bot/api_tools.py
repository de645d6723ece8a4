"""Operators call tools: GET /api/v1/tools, POST /api/v1/tools/{name}/call. One call per Idempotency-Key, for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot import api
from bot.toolbox import Asked, Told, Toolbox
from tools import schema
from tools.base import OPERATOR, Tool

MAX_BODY = 65_536
MAX_ARGUMENTS = 32_768
MAX_KEY = 255
MAX_VERSION = 9
REFUSED = {
    "other": (
        409,
        "key_used",
        "This Idempotency-Key stands for another call: another tool, arguments, version or user.",
    ),
    "nobody": (404, "unknown_user", "There is no such user."),
    "busy": (429, "busy", "Too many calls for this user are under way; try again when some have ended."),
}


class Body(BaseModel):
    """What a call says of itself."""

    model_config = ConfigDict(extra="forbid", strict=True)
    user: Annotated[str, Field(min_length=1, max_length=400)] | None = None
    arguments: dict[str, Any] = {}
    reason: Annotated[str, Field(max_length=500)] = ""


@dataclass(frozen=True, slots=True)
class ToolsApi:
    """The two handlers."""

    toolbox: Toolbox

    def routes(self) -> list[web.RouteDef]:
        """Both routes, behind the token."""
        settings = self.toolbox.parts.settings
        return [
            web.get("/api/v1/tools", api.behind_token(settings, self.tools)),
            web.post("/api/v1/tools/{name}/call", api.behind_token(settings, self.call)),
        ]

    async def tools(self, request: web.Request) -> web.Response:
        """`?user=`: every tool, and with a user whether it may be called for them, and why not."""
        user = request.query.get("user") or None
        found = None
        if user is not None:
            found = await self.toolbox.eligible(user, OPERATOR, self._scopes())
            if found is None:
                return api.problem(*REFUSED["nobody"])
        catalog = self.toolbox.parts.gateway.catalog
        shown = [
            described(tool, [one.version for one in catalog.versions(tool.name)])
            for tool in catalog
            if not tool.internal
        ]
        for row in shown:
            if found is not None:
                row |= {"eligible": found[row["name"]].ok, "why": found[row["name"]].why or None}
        return api.answer({"tools": shown})

    async def call(self, request: web.Request) -> web.Response:
        """Call a tool for a user; `?version=` names one of its versions."""
        try:
            asked = await self._asked(request)
        except api.Refusal as error:
            return api.problem(error.status, error.code, str(error))
        return answered(await self.toolbox.call(asked))

    async def _asked(self, request: web.Request) -> Asked:
        version = _version(request)
        name = request.match_info["name"]
        key = _key(request)
        body = _body(await read_body(request))
        tool = self.toolbox.parts.gateway.catalog.get(name, version)
        if tool is None or tool.internal:
            what = f"tool {name[:64]!r}" if version is None else f"version {version} of a tool {name[:64]!r}"
            raise api.Refusal(404, "unknown_tool", f"There is no {what}.")
        if key is None and tool.kind == "transact":
            raise api.Refusal(400, "key_missing", f"{name} writes, so it needs the header Idempotency-Key.")
        return Asked(
            actor=OPERATOR,
            scopes=self._scopes(),
            tool=tool,
            version=version,
            user=body.user,
            arguments=body.arguments,
            key=key,
            reason=body.reason,
        )

    def _scopes(self) -> frozenset[str]:
        return self.toolbox.parts.policies.held(OPERATOR, self.toolbox.scopes())


def described(tool: Tool, versions: list[int]) -> dict[str, Any]:
    """A tool as operators see it; arguments that come from the session are not among those they give."""
    return {
        "name": tool.name,
        "version": tool.version,
        "versions": sorted(versions),
        "kind": tool.kind,
        "description": tool.description,
        "arguments": tool.schema,
        "result": tool.gives,
        "from_session": sorted(tool.identity),
        "scopes": sorted(tool.scopes),
        "assurance": tool.assurance.value,
        "needs_customer": tool.needs_customer,
        "effect": tool.effect,
        "deprecated": tool.deprecated or None,
    }


def answered(told: Told) -> web.Response:
    """The answer on the wire."""
    if told.reason in REFUSED:
        response = api.problem(*REFUSED[told.reason])
        if told.reason == "busy":
            response.headers["Retry-After"] = "1"
        return response
    body = {"action": told.action, **told.answer}
    if told.reason == "waits":
        return api.answer({**body, "see": f"/api/v1/actions/{told.action}"}, status=202)
    return api.answer(body, status=422 if "error" in body else 200)


async def read_body(request: web.Request) -> bytes:
    """The body, up to its bound: who sends more is not read to the end."""
    if (request.content_length or 0) > MAX_BODY:
        raise api.Refusal(413, "too_large", f"The body has more than {MAX_BODY} bytes.")
    body = bytearray()
    async for chunk in request.content.iter_chunked(MAX_BODY):
        body += chunk
        if len(body) > MAX_BODY:
            raise api.Refusal(413, "too_large", f"The body has more than {MAX_BODY} bytes.")
    return bytes(body)


def _body(raw: bytes) -> Body:
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise api.Refusal(400, "bad_body", "The body must be a JSON object: user, arguments, reason.")
    try:
        body = Body.model_validate(given)
    except ValidationError as error:
        raise api.Refusal(400, "bad_body", schema.explain(error)) from error
    if len(orjson.dumps(body.arguments)) > MAX_ARGUMENTS:
        raise api.Refusal(413, "too_large", f"The arguments have more than {MAX_ARGUMENTS} bytes.")
    return body


def _key(request: web.Request) -> str | None:
    given = request.headers.getall("Idempotency-Key", [])
    if not given:
        return None
    key = given[0]
    if len(given) > 1 or not 0 < len(key) <= MAX_KEY or any(not "!" <= sign <= "~" for sign in key):
        raise api.Refusal(400, "bad_key", f"Idempotency-Key: give it once, 1 to {MAX_KEY} visible characters (ASCII).")
    return key


def _version(request: web.Request) -> int | None:
    text = request.query.get("version")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_VERSION):
        raise api.Refusal(400, "bad_version", "version: must be a whole number.")
    return int(text)
