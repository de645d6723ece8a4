"""Programs call our tools by MCP: with the official client in both eras, and by hand where a client would not go."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import orjson
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from bot import mcp_tokens
from bot.mcp_server import ACTION, KEY
from bot.mcp_tokens import Token
from tests.contract import stores
from tests.flows.desk import Desk
from tests.harness.outside import KIM, LEE
from tests.harness.places import API_TOKEN

EVERYTHING = ["billing:read", "billing:refund"]
REFUND: dict[str, Any] = {"invoice_id": "18492", "amount": "49.00 USD", "refund_reason": "other"}
WRITE = "create_refund_request"


def minted(desk: Desk, *, customer: str = KIM, **more: Any) -> str:
    """A token of this deployment."""
    said = {"name": "reporter", "scopes": EVERYTHING, "user": f"customer:{customer}", "expires": int(time.time()) + 60}
    return mcp_tokens.seal(Token(**{**said, **more}), desk.services.settings.derive(mcp_tokens.LABEL))


@asynccontextmanager
async def connected(desk: Desk, mode: str, token: str) -> AsyncIterator[Client]:
    """The official client, as its documentation shows."""
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
        transport = streamable_http_client(f"{desk.stage.place.url}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


def text(result: CallToolResult) -> str:
    """The words of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


def keyed(key: str) -> Any:  # noqa: ANN401  what the client takes
    """The key of a write."""
    return {KEY: key}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_official_client_reads_and_writes(desk: Desk, mode: str) -> None:
    """It sees what its token may use, looks up, and writes once per key; all is audited under the token's name."""
    await (await desk.stage.web(customer=KIM)).ask("hello")
    async with connected(desk, mode, minted(desk)) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert {"get_invoice", WRITE} <= names
        assert "find_customer" not in names
        found = await client.call_tool("get_invoice", {"invoice_id": "18492"})
        assert found.structured_content
        assert "paid" == found.structured_content["status"]
        told = [await client.call_tool(WRITE, REFUND, meta=keyed("k1")) for _ in range(2)]
        assert told[0].structured_content == told[1].structured_content
        assert not told[0].is_error
        wrong = await client.call_tool("get_invoice", {"invoice_id": "20001"})
        assert wrong.is_error
    (row,) = await desk.stage.outside.ledger()
    assert row["key"] == (told[0].meta or {})[ACTION]
    actors = await stores.rows(desk.services.parts.store, "SELECT DISTINCT actor FROM audit WHERE tool LIKE 'create%'")
    assert ["mcp:reporter"] == [row["actor"] for row in actors]


async def test_a_token_does_what_it_says_and_no_more(desk: Desk) -> None:
    """Another scope, another customer's invoice, an amount above the limit: refused, hidden, or for staff."""
    for customer in (KIM, LEE):
        await (await desk.stage.web(customer=customer)).ask("hello")
    async with connected(desk, "auto", minted(desk, scopes=["billing:read"])) as client:
        assert WRITE not in {tool.name for tool in (await client.list_tools()).tools}
        refused = await client.call_tool(WRITE, REFUND)
        assert "needs the scope billing:refund" in text(refused)
        foreign = await client.call_tool("get_invoice", {"invoice_id": "18492", "customer_id": LEE})
        assert "customer_id: is not an argument of this tool" in text(foreign)
    async with connected(desk, "auto", minted(desk, customer=LEE)) as client:
        large = {**REFUND, "invoice_id": "20001", "amount": "900.00 USD"}
        waits = await client.call_tool(WRITE, large, meta=keyed("k1"))
        assert "awaiting approval" in text(waits)
    assert [] == await desk.stage.outside.ledger()


async def test_a_request_that_comes_again_is_the_same_write(desk: Desk) -> None:
    """Without a key of their own, a session and the request's id tell one write from the next."""
    await (await desk.stage.web(customer=KIM)).ask("hello")
    call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": WRITE, "arguments": REFUND}}
    told = [await posted(desk, call, **{"Mcp-Session-Id": "s1"}) for _ in range(2)]
    assert told[0] == told[1]
    assert not told[0][1]["result"]["isError"]
    _, other = await posted(desk, call, **{"Mcp-Session-Id": "s2"})
    assert "Refund RF-1001 was made for this invoice." in other["result"]["content"][0]["text"]
    assert 1 == len(await desk.stage.outside.ledger())


async def test_what_is_no_request_is_refused(desk: Desk) -> None:
    """Without a token, with a foreign one, from a foreign page, and junk with a good one."""
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert (200, {"jsonrpc": "2.0", "id": 1, "result": {}}) == await posted(desk, ping)
    good = minted(desk)
    forged = mcp_tokens.seal(Token(name="x", scopes=EVERYTHING, expires=2**40), b"another key, thirty-two bytes..!")
    over = minted(desk, expires=int(time.time()) - 1)
    for token in ("", "x", API_TOKEN, good[:-1], f"{good}=", good.swapcase(), forged, over, "tl1..", "tl1.e30.e30"):
        assert 401 == (await posted(desk, ping, Authorization=f"Bearer {token}"))[0], token
    assert 403 == (await posted(desk, ping, Origin="https://evil.example"))[0]
    assert 200 == (await posted(desk, ping, Origin=desk.stage.place.url))[0]
    for junk, status, code in JUNK:
        got, said = await posted(desk, junk)
        assert (status, code) == (got, said["error"]["code"]), junk
    assert 413 == (await posted(desk, io.BytesIO(b" " * 10_000_000)))[0]
    assert [] == await desk.stage.operators.sessions()


JUNK: list[tuple[Any, int, int]] = [
    (b"", 400, -32700),
    (b"{" * 9_000, 400, -32700),
    ([{"jsonrpc": "2.0", "id": 1, "method": "ping"}], 400, -32600),
    ({"id": 1, "method": "ping"}, 400, -32600),
    ({"jsonrpc": "2.0", "id": {}, "method": "ping"}, 400, -32600),
    ({"jsonrpc": "2.0", "id": "x" * 999, "method": "ping"}, 400, -32600),
    ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, 400, -32600),
    ({"jsonrpc": "2.0", "id": 1, "method": "resources/list"}, 404, -32601),
    ({"jsonrpc": "2.0", "id": 1, "method": "server/discover"}, 404, -32601),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "find_customer"}}, 400, -32602),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 7}}, 400, -32602),
    ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": WRITE, "arguments": []}}, 400, -32602),
    (
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": WRITE, "_meta": {KEY: "a b"}}},
        400,
        -32602,
    ),
]


async def posted(desk: Desk, body: object, **headers: str) -> tuple[int, Any]:
    """One request by hand; answers status and body."""
    named = {"Authorization": f"Bearer {minted(desk)}", "Content-Type": "application/json", **headers}
    data = body if isinstance(body, bytes | io.BytesIO) else orjson.dumps(body)
    async with desk.stage.http.post(f"{desk.stage.place.url}/mcp", data=data, headers=named) as response:
        return response.status, await response.json()
