"""Our tools for programs that speak MCP: POST /mcp, by a scoped token. Same gateway, policy and audit.

No second web server and no state: nothing is pushed, so a GET is refused, and any process answers any request.
"""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from aiohttp import web

from bot import api, mcp_tokens, mcp_wire
from bot.api_tools import read_body
from bot.mcp_tokens import Token
from bot.mcp_wire import JSON, Refused, Rpc
from bot.toolbox import Asked, Told, Toolbox
from tools.base import Tool

KEY, REASON, ACTION = "throughline/idempotency-key", "throughline/reason", "throughline/action"
LONGEST_KEY, LONGEST_REASON = 255, 500
INSTRUCTIONS = (
    f"Tools that write may need a person's approval; then the answer says so. Send _meta[{KEY!r}] with a write that you"
    " may have to repeat: the same key is the same write."
)
WORDS = {
    "other": "This key stands for another call: another tool, arguments, version or user.",
    "nobody": "There is no user such as this token acts for.",
    "busy": "Too many calls for this user are under way; try again when some have ended.",
}

NO_RESULT = {
    "succeeded": "It was done; a person found that out, so there is no result to show. Do not repeat it.",
    "erased": "What this call came to was erased with the person's data. Do not repeat it.",
}


class McpServer:
    """The one route, over the toolbox."""

    def __init__(self, toolbox: Toolbox) -> None:
        """Take the tools; keys and origins are the settings'."""
        self._toolbox = toolbox
        self._parts = toolbox.parts
        self._key = self._parts.settings.derive(mcp_tokens.LABEL)
        self._origins = self._parts.settings.origins()

    def routes(self) -> list[web.RouteDef]:
        """Only POST: there is nothing to listen to."""
        return [web.post("/mcp", self.post)]

    async def post(self, request: web.Request) -> web.Response:
        """Answer one request of JSON-RPC."""
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() not in self._origins:
            return api.problem(403, "origin", "This origin may not call tools; see WEB_ALLOWED_ORIGINS.")
        token = self._token(request)
        if token is None:
            refused = api.problem(401, "unauthorized", "This needs a token: python -m bot token.")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        try:
            rpc = mcp_wire.read(await read_body(request), request.headers)
            if rpc.id is None:
                return web.Response(status=202)
            body = mcp_wire.answer(rpc, await self._result(rpc, token, request))
        except Refused as error:
            return api.answer(mcp_wire.refusal(error), status=mcp_wire.STATUS.get(error.code, 400))
        except api.Refusal as error:
            return api.problem(error.status, error.code, str(error))
        response = api.answer(body)
        if rpc.method == "initialize":
            response.headers["Mcp-Session-Id"] = secrets.token_hex(16)  # kept nowhere; it tells requests apart
        return response

    def _token(self, request: web.Request) -> Token | None:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        token = mcp_tokens.read(text.strip(), self._key) if kind.lower() == "bearer" else None
        if token is None or token.name in self._parts.policies.tokens.revoked:
            return None
        return token

    async def _result(self, rpc: Rpc, token: Token, request: web.Request) -> JSON:
        match rpc.method:
            case "initialize" if not rpc.modern:
                return mcp_wire.initialized(rpc.params.get("protocolVersion"), INSTRUCTIONS)
            case "server/discover" if rpc.modern:
                return mcp_wire.discovered(INSTRUCTIONS)
            case "ping":
                return {}
            case "tools/list":
                return {"tools": await self._tools(token), **(mcp_wire.FRESH if rpc.modern else {})}
            case "tools/call":
                return await self._call(rpc, token, request)
        raise Refused(mcp_wire.METHOD_NOT_FOUND, f"There is no method {rpc.method[:64]!r} here.", id=rpc.id)

    def _scopes(self, token: Token) -> frozenset[str]:
        return self._parts.policies.held(token.actor, token.scopes)

    async def _tools(self, token: Token) -> list[JSON]:
        """The tools that this token may use now; of the others it hears nothing."""
        found = await self._toolbox.eligible(token.user, token.actor, self._scopes(token)) or {}
        return [_described(tool) for tool in self._parts.gateway.catalog if tool.name in found and found[tool.name].ok]

    async def _call(self, rpc: Rpc, token: Token, request: web.Request) -> JSON:
        name, given = rpc.params.get("name"), rpc.params.get("arguments")
        arguments = {} if given is None else given
        tool = self._parts.gateway.catalog.get(name) if isinstance(name, str) else None
        if tool is None or tool.internal:
            raise Refused(mcp_wire.INVALID_PARAMS, f"There is no tool {str(name)[:64]!r}.", id=rpc.id)
        if not isinstance(arguments, dict):
            raise Refused(mcp_wire.INVALID_PARAMS, "arguments must be an object.", id=rpc.id)
        told = await self._toolbox.call(
            Asked(
                actor=token.actor,
                scopes=self._scopes(token),
                tool=tool,
                version=None,
                user=token.user,
                arguments=arguments,
                key=_key(rpc, request.headers.get("Mcp-Session-Id")) if tool.kind == "transact" else None,
                reason=_reason(rpc),
            )
        )
        return _told(told)


def _described(tool: Tool) -> JSON:
    reads = tool.kind != "transact"
    return {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": tool.schema,
        "outputSchema": tool.gives,
        "annotations": {"readOnlyHint": reads, "idempotentHint": reads, "openWorldHint": False},
    }


def _key(rpc: Rpc, session: str | None) -> str:
    """What a write counts once by: the given key, else this request of this session, else this very request."""
    if KEY in rpc.meta:
        key = rpc.meta[KEY]
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or any(not "!" <= c <= "~" for c in key):
            raise Refused(mcp_wire.INVALID_PARAMS, f"{KEY}: 1 to {LONGEST_KEY} visible characters", id=rpc.id)
        return f"key:{key}"
    if session and not rpc.modern:
        return f"rpc:{session}:{orjson.dumps(rpc.id).decode()}"
    return f"once:{secrets.token_hex(16)}"


def _reason(rpc: Rpc) -> str:
    reason = rpc.meta.get(REASON, "")
    if not isinstance(reason, str) or len(reason) > LONGEST_REASON:
        raise Refused(mcp_wire.INVALID_PARAMS, f"{REASON}: text of at most {LONGEST_REASON} characters", id=rpc.id)
    return reason


def _told(told: Told) -> JSON:
    """What a call came to, for a model: a result, or words that say what is wrong or missing."""
    meta: JSON = {"_meta": {ACTION: told.action}} if told.action else {}
    result: Any = told.answer.get("result")
    if told.reason == "done" and result is not None:
        text = orjson.dumps(result).decode()
        return {"content": [{"type": "text", "text": text}], "structuredContent": result, "isError": False, **meta}
    if told.reason == "waits":
        state = told.answer["state"].replace("_", " ")
        words = f"Not done yet ({state}); action {told.action}. The same call with the same key says what came of it."
    elif told.reason == "done" and "error" not in told.answer:
        words = NO_RESULT[told.answer["state"]]  # told as an error, since a result would have to be of its schema
    else:
        words = WORDS.get(told.reason) or str(told.answer["error"]["message"])
    return {"content": [{"type": "text", "text": words}], "isError": True, **meta}
