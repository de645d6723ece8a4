"""Tools of an MCP server of the official SDK, over its standard streams: what it says of itself is not law."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import outside
from state import errors
from tests.tools.test_openapi import KIM
from tests.tools.writes import perform
from tools import failures, mcp
from tools.base import Caller, Outcome
from tools.catalog import Catalog
from tools.gateway import Gateway
from tools.http import Systems
from tools.mcp_client import McpSystem, systems
from tools.request import Request

PROGRAM = [sys.executable, "-m", "tests.tools.mcp_shop"]
TOOLS: dict[str, Any] = {
    "check_stock": {"tool": "stock", "anyone": True, "description": "How many are left.", "result": ["item", "left"]},
    "list_orders": {"tool": "orders_of", "arguments": {"customer": {"from": "customer_id"}}},
    "order_item": {
        "tool": "order",
        "kind": "transact",
        "anyone": True,
        "arguments": {"request_id": {"from": "key"}},
        "scopes": ["billing:refund"],
    },
    "make_trouble": {"tool": "trouble", "anyone": True},
    "show_environment": {"tool": "environment", "anyone": True},
}


def given(folder: Path, tools: dict[str, Any], *more: str) -> outside.Outside:
    """What tools.yaml says, in a folder."""
    shop = {"command": [*PROGRAM, *more], "pin": "shop.json", "tools": tools}
    (folder / "tools.yaml").write_text(yaml.safe_dump({"mcp": {"shop": shop}}))
    return outside.load(folder / "tools.yaml", {})[0]


@pytest.fixture(scope="session")
def pinned(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Put the shop's pin into a folder; it is asked for once."""
    home = tmp_path_factory.mktemp("pin")

    async def ask() -> mcp.Pin:
        system = McpSystem("shop", given(home, {}).mcp["shop"], mcp.Pin())
        try:
            return await system.tools(20)
        finally:
            await system.close()

    pin = asyncio.run(ask())
    return lambda folder: mcp.write(folder / "shop.json", pin)


@pytest.fixture
async def shop(
    pinned: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Gateway]:
    """The gateway with the shop's tools."""
    monkeypatch.setenv("HOME", str(tmp_path))
    pinned(tmp_path)
    found = given(tmp_path, TOOLS)
    connected = Systems({}, systems(found))
    yield Gateway(Catalog(mcp.tools(found)), connected)
    await connected.close()


async def look_up(gateway: Gateway, name: str, arguments: dict[str, Any], caller: Caller = KIM) -> Outcome:
    """One lookup."""
    return await gateway.look_up(name, arguments, caller=caller, timeout=20)


async def test_reading(shop: Gateway, tmp_path: Path) -> None:
    """Only the fields that are listed, the customer from the session, our words instead of the server's."""
    stock = await look_up(shop, "check_stock", {"item": "pen"})
    assert {"item": "pen", "left": 7} == stock.result
    assert {"text": "Orders of C-1001: O-1, O-2"} == (await look_up(shop, "list_orders", {})).result
    told = shop.functions()
    assert "IGNORE" not in str(told)
    assert "warehouse" not in str(told)
    assert "policy" == (await look_up(shop, "order_item", {"item": "pen"})).reason
    assert "unknown_tool" == (await look_up(shop, "orders_of", {"customer": "C-1002"})).reason
    assert not (tmp_path / "ledger.txt").exists()


async def test_a_write_has_our_key(shop: Gateway, tmp_path: Path) -> None:
    """Which the server is told; a tool that broke may have done it all the same."""
    done = await perform(shop, "order_item", {"item": "pen"}, KIM)
    assert ("succeeded", {"text": "ordered"}) == (done.state, done.result)
    assert "unknown" == (await perform(shop, "order_item", {"item": "broken"}, KIM)).state
    lines = [line.split() for line in (tmp_path / "ledger.txt").read_text().splitlines()]
    assert {("A-1", "pen"), ("A-1", "broken")} == {(key, item) for key, item in lines}


async def test_a_connection_that_ended_or_was_half_made_is_made_anew(
    pinned: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waited for one went away, or the server did; of what was under way then nobody knows."""
    monkeypatch.setenv("HOME", str(tmp_path))
    pinned(tmp_path)
    (system,) = systems(given(tmp_path, TOOLS)).values()
    stock = Request(method="POST", path="stock", body={"item": "pen"})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(system.request(stock, timeout=20), timeout=0.05)
    assert 7 == (await system.request(stock, timeout=20))["fields"]["left"]
    with pytest.raises(failures.Uncertain):
        await system.request(
            Request(method="POST", path="order", body={"item": "last", "request_id": "a1"}), timeout=20
        )
    assert 7 == (await system.request(stock, timeout=20))["fields"]["left"]
    await system.close()


async def test_failures_are_named(shop: Gateway) -> None:
    """A refusal is final; silence is not; a long answer is cut."""
    assert ("failed", "rejected") == _of(await look_up(shop, "make_trouble", {"kind": "refuse"}))
    broken = await look_up(shop, "make_trouble", {"kind": "break"})
    assert ("failed", "rejected") == _of(broken)
    assert mcp.MAX_TEXT == len((await look_up(shop, "make_trouble", {"kind": "long"})).result["text"])
    slow = await shop.look_up("make_trouble", {"kind": "slow"}, caller=KIM, timeout=0.5)
    assert ("failed", "timeout") == _of(slow)


def _of(outcome: Outcome) -> tuple[str, str]:
    return outcome.state, outcome.reason


async def test_a_tool_that_changed_since_its_review_is_not_called(
    pinned: Callable[[Path], None], tmp_path: Path
) -> None:
    """The others are; and the model still hears the words that were reviewed."""
    pinned(tmp_path)
    found = given(tmp_path, TOOLS, "changed")
    connected = Systems({}, systems(found))
    gateway = Gateway(Catalog(mcp.tools(found)), connected)
    stock = await look_up(gateway, "check_stock", {"item": "pen"})
    assert ("failed", "denied") == _of(stock)
    assert "mcp pin shop" in stock.message
    assert "succeeded" == (await look_up(gateway, "list_orders", {})).state
    await connected.close()


async def test_a_server_that_is_not_there(pinned: Callable[[Path], None], tmp_path: Path) -> None:
    """Nothing was sent, so even a write may be tried again; a secret of ours does not reach a program."""
    pinned(tmp_path)
    (system,) = systems(given(tmp_path, TOOLS)).values()
    gone = McpSystem("shop", system._server.model_copy(update={"command": ("/nowhere/shop",)}), system._pin)
    with pytest.raises(failures.NotSent):
        await gone.request(Request(method="POST", path="stock", body={"item": "pen"}), timeout=5)
    await gone.close()
    with pytest.raises(errors.AskHuman):
        await gone.get("/stock", timeout=1)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"check_stock": {"tool": "none", "anyone": True}}, "had no tool 'none' when it was pinned"),
        ({"check_stock": {"tool": "stock"}}, "whose records can be got by it"),
        ({"check_stock": {"tool": "stock", "anyone": True, "arguments": {"x": {}}}}, "no such argument"),
        ({"check_stock": {"tool": "stock", "anyone": True, "result": ["cost"]}}, "has no field 'cost'"),
    ],
)
def test_what_is_unsafe_or_unclear_is_refused(
    change: dict[str, Any], words: str, pinned: Callable[[Path], None], tmp_path: Path
) -> None:
    """By name, with the reason."""
    pinned(tmp_path)
    with pytest.raises((errors.BadInput, ValueError)) as found:
        mcp.tools(given(tmp_path, TOOLS | change))
    assert words in str(found.value)


def test_a_server_must_be_pinned(tmp_path: Path) -> None:
    """The command that does it is named."""
    with pytest.raises(errors.BadInput, match="python -m bot mcp pin shop"):
        mcp.tools(given(tmp_path, TOOLS))
    (tmp_path / "shop.json").write_text("{")
    with pytest.raises(errors.BadInput, match="is no pin"):
        mcp.tools(given(tmp_path, TOOLS))


async def test_a_program_sees_no_secret(shop: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of our environment it gets what is listed by name."""
    monkeypatch.setenv("SECRET_KEY", "not for a shop")
    seen = (await look_up(shop, "show_environment", {})).result["text"].split()
    assert "PATH" in seen
    assert "SECRET_KEY" not in seen
