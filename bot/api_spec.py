"""GET /api/openapi.json: the operators' API as an OpenAPI document, every tool with its own arguments and result.

It is made of the routes themselves and of what their handlers say, so it cannot name one that is not there.
Source: OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.0.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import re2
from aiohttp import web

from bot import api, api_tools
from config.settings import Settings
from tools.base import Tool
from tools.catalog import Catalog

Json = dict[str, Any]
PATH = "/api/openapi.json"
CALL = "/api/v1/tools/{name}/call"
_IN_PATH = re2.compile(r"\{(\w+)\}")
_IN_QUERY = re2.compile(r"[?&](\w+)=")
KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "What counts once, for ever: 1 to 255 visible characters.",
    "schema": {"type": "string", "maxLength": api_tools.MAX_KEY},
}
ERROR: Json = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
            "required": ["code", "message"],
        }
    },
    "required": ["error"],
}


class ApiSpec:
    """The handler. `routes`: every route of the process, of which those below `/api/` are told."""

    def __init__(self, settings: Settings, catalog: Catalog, routes: Iterable[web.AbstractRouteDef]) -> None:
        """Keep what the document is made of: routes and tools stay as they are while the process lives."""
        self._settings = settings
        self._made_of = (settings.public_url, catalog, tuple(routes))
        self._document: Json = {}

    def routes(self) -> list[web.RouteDef]:
        """The one route, behind the token: it tells which tools there are."""
        return [web.get(PATH, api.behind_token(self._settings, self.spec))]

    async def spec(self, _: web.Request) -> web.Response:
        """This document, made when somebody first asks: a start need not wait for it."""
        self._document = self._document or await asyncio.to_thread(document, *self._made_of)
        return api.answer(self._document)


def document(url: str, catalog: Catalog, routes: Iterable[web.AbstractRouteDef]) -> Json:
    """The whole document."""
    paths: dict[str, Json] = {}
    for route in routes:
        if isinstance(route, web.RouteDef) and route.path.startswith("/api/"):
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    for tool in catalog:
        if not tool.internal:
            paths[CALL.replace("{name}", tool.name)] = {"post": _tool(tool)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Throughline, the operators' API", "version": "1"},
        "servers": [{"url": url}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Error": ERROR},
        },
    }


def _operation(route: web.RouteDef) -> Json:
    """A route by what its handler says: `?limit=&before=: …` names what may stand in the query."""
    words = inspect.getdoc(route.handler) or ""
    named, _, rest = words.partition(": ") if words.startswith("`?") else ("", "", words)
    found: Json = {"summary": (rest or words).strip().splitlines()[0] if words else route.path}
    found["parameters"] = [*_parameters(route.path, "path", _IN_PATH), *_parameters(named, "query", _IN_QUERY)]
    if route.path == CALL:
        found["parameters"].append(KEY)
    if route.method == "POST":
        body = api_tools.Body.model_json_schema() if route.path == CALL else {"type": "object"}
        found["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return {**found, "responses": _responses({"type": "object"})}


def _parameters(text: str, place: str, pattern: Any) -> Iterator[Json]:  # noqa: ANN401 - RE2 has no types
    for found in pattern.finditer(text):
        yield {"name": found[1], "in": place, "required": place == "path", "schema": {"type": "string"}}


def _responses(good: Json, *, writes: bool = False) -> Json:
    errors = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    found: Json = {"200": {"description": "Done.", "content": {"application/json": {"schema": good}}}}
    if writes:
        found["202"] = {"description": "It waits for approval, or is still under way; `see` says where to look."}
    return {**found, "default": {"description": "Refused, with the reason.", **errors}}


def _tool(tool: Tool) -> Json:
    """The call of one tool, with its own arguments and result."""
    body = api_tools.Body.model_json_schema()
    body["properties"] = {**body["properties"], "arguments": tool.schema}
    done = {
        "type": "object",
        "properties": {
            "action": {"type": ["string", "null"]},
            "state": {"type": "string"},
            "result": tool.gives,
        },
    }
    writes = tool.kind == "transact"
    return {
        "operationId": f"call_{tool.name}",
        "summary": tool.description.splitlines()[0],
        "parameters": [{**KEY, "required": writes}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": _responses(done, writes=writes),
    }
