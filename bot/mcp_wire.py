"""What MCP says on the wire: requests read and checked, answers made, in both eras of the protocol. Pure.

Up to 2025-11-25 a client begins with `initialize`; from 2026-07-28 on each request stands alone, names its version, and
`server/discover` says what a server is. Source: https://modelcontextprotocol.io/specification
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = dict[str, Any]

HANDSHAKE = ("2025-03-26", "2025-06-18", "2025-11-25")
MODERN = ("2026-07-28",)
META = "io.modelcontextprotocol/"
VERSION, CAPABILITIES, SERVER = f"{META}protocolVersion", f"{META}clientCapabilities", f"{META}serverInfo"

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022
STATUS = {METHOD_NOT_FOUND: 404}
LONGEST_ID = 200
INFO = {"name": "throughline", "title": "Throughline", "version": "1"}


class Refused(Exception):
    """A request that is answered with an error of JSON-RPC."""

    def __init__(self, code: int, message: str, *, id: str | int | None = None, data: Any = None) -> None:  # noqa: A002, ANN401
        """Take what is answered."""
        super().__init__(message)
        self.code, self.id, self.data = code, id, data


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """One request, or a notification (`id` None). `modern`: it stands alone."""

    id: str | int | None
    method: str
    params: JSON = field(default_factory=dict)
    modern: bool = False

    @property
    def meta(self) -> JSON:
        """What is said besides the parameters."""
        found = self.params.get("_meta")
        return found if isinstance(found, dict) else {}


def read(body: bytes, headers: Mapping[str, str]) -> Rpc:
    """Read one request. Raises Refused."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(PARSE_ERROR, "The body is not JSON.") from error
    if not isinstance(given, dict) or given.get("jsonrpc") != "2.0" or not isinstance(given.get("method"), str):
        raise Refused(INVALID_REQUEST, "The body must be one JSON-RPC request.")
    params = given.get("params")
    if not isinstance(params, dict | None):
        raise Refused(INVALID_REQUEST, "params must be an object.")
    rpc = Rpc(id=_id(given), method=given["method"], params=params or {}, modern=_is_modern(headers))
    _check_version(rpc, headers)
    return rpc


def _id(given: JSON) -> str | int | None:
    if "id" not in given:
        return None
    found = given["id"]
    if isinstance(found, bool) or not isinstance(found, str | int) or len(str(found)) > LONGEST_ID:
        raise Refused(INVALID_REQUEST, "id must be a short string or a whole number.")
    return found


def _is_modern(headers: Mapping[str, str]) -> bool:
    named = headers.get("MCP-Protocol-Version")
    return named is not None and named not in HANDSHAKE


def _check_version(rpc: Rpc, headers: Mapping[str, str]) -> None:
    """In the newer era a request says twice what it is, and both must agree."""
    if not rpc.modern:
        return
    asked = rpc.meta.get(VERSION) if rpc.id is not None else headers.get("MCP-Protocol-Version")
    if rpc.id is not None:
        if VERSION not in rpc.meta or CAPABILITIES not in rpc.meta:
            raise Refused(INVALID_PARAMS, f"params._meta needs {VERSION} and {CAPABILITIES}.", id=rpc.id)
        name = rpc.params.get("name") if rpc.method == "tools/call" else headers.get("Mcp-Name")
        told = (headers.get("MCP-Protocol-Version"), headers.get("Mcp-Method"), headers.get("Mcp-Name"))
        if told != (asked, rpc.method, name):
            raise Refused(HEADER_MISMATCH, "The headers do not say what the body says.", id=rpc.id)
    if asked not in MODERN:
        data = {"supported": [*MODERN, *HANDSHAKE], "requested": asked}
        raise Refused(UNSUPPORTED_VERSION, "Unsupported protocol version", id=rpc.id, data=data)


def initialized(asked: object, instructions: str) -> JSON:
    """The answer to `initialize`: the version that was asked for, if it is one of ours."""
    version = asked if asked in HANDSHAKE else HANDSHAKE[-1]
    tools = {"tools": {"listChanged": False}}
    return {"protocolVersion": version, "capabilities": tools, "serverInfo": INFO, "instructions": instructions}


def discovered(instructions: str) -> JSON:
    """The answer to `server/discover`."""
    return {"supportedVersions": [*MODERN], "capabilities": {"tools": {}}, "instructions": instructions, **FRESH}


FRESH: JSON = {"ttlMs": 0, "cacheScope": "private"}


def answer(rpc: Rpc, result: JSON) -> JSON:
    """A result on the wire."""
    if rpc.modern:
        meta = {**result.get("_meta", {}), SERVER: INFO}
        result = {**result, "resultType": "complete", "_meta": meta}
    return {"jsonrpc": "2.0", "id": rpc.id, "result": result}


def refusal(error: Refused) -> JSON:
    """An error on the wire."""
    told: JSON = {"code": error.code, "message": str(error)}
    return {"jsonrpc": "2.0", "id": error.id, "error": told if error.data is None else {**told, "data": error.data}}
