"""What every tool of every pack holds: a strict schema, declared effects, no identity in a model's hands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from config import outside
from state.identity import Assurance
from tests.harness.places import ROOT
from tools import PACKS, mcp, openapi, policy, schema
from tools.base import SYSTEM, Caller, Outcome, Tool
from tools.catalog import Catalog
from tools.gateway import Gateway
from tools.http import Systems

ALL = list(Catalog.load())
MCP = {
    "list_orders": {"tool": "orders_of", "arguments": {"customer": {"from": "customer_id"}}},
    "check_stock": {"tool": "stock", "anyone": True, "result": ["item", "left"]},
    "order_item": {"tool": "order", "kind": "transact", "anyone": True, "arguments": {"request_id": {"from": "key"}}},
}
IDENTITY = {"customer_id", "user_id", "session_id", "actor", "scopes", "assurance", "senders"}
KNOWN = frozenset(
    {"type", "enum", "description", "properties", "required", "additionalProperties", "items", "anyOf", "pattern"}
) | {"format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems"}

DATA = ROOT / "tests" / "tools" / "data"


def foreign() -> list[Tool]:
    """Tools by tools.yaml, of an OpenAPI document and of an MCP server; and those of a deployment's own pack."""
    shop = outside.McpServer.model_validate({"command": ["shop"], "pin": "mcp_shop.json", "tools": MCP})
    given, _ = outside.load(DATA / "tools.yaml", {})
    both = given.model_copy(update={"mcp": {"shop": shop}})
    return [*openapi.tools(both), *mcp.tools(both), *Catalog.load(["examples.shop.pack"], built_in=())]


FOREIGN = foreign()
whatever_its_origin = pytest.mark.parametrize("tool", ALL + FOREIGN, ids=[tool.id for tool in ALL + FOREIGN])
every_tool = pytest.mark.parametrize("tool", ALL, ids=[tool.id for tool in ALL])


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every schema within a schema."""
    yield node
    inner = [*node.get("properties", {}).values(), *node.get("anyOf", ())]
    for one in inner + ([node["items"]] if "items" in node else []):
        yield from nodes(one)


def allow(tool: Tool, who: Caller) -> policy.Decision:
    """What policy says before any limit."""
    return policy.decide(tool, who, now=datetime.now(UTC))


def caller(**changes: Any) -> Caller:
    """Somebody who may do everything, but for the changes."""
    return Caller(
        **{
            "actor": SYSTEM,
            "session_id": "S",
            "user_id": "U",
            "channel": "web",
            "assurance": Assurance.VERIFIED,
            "customer_id": "C",
            "scopes": frozenset(scope for tool in ALL + FOREIGN for scope in tool.scopes),
            "workflow": "W",
            **changes,
        }
    )


def test_every_pack_has_tools() -> None:
    """A row in PACKS leads to a module with a list."""
    assert set(PACKS) == {name for name in PACKS if list(Catalog.load(built_in=[name]))}


@whatever_its_origin
def test_its_schema_is_strict(tool: Tool) -> None:
    """Providers take it as it is: known words only, closed objects, everything required, an object at the root."""
    assert tool.schema["type"] == "object"
    assert "anyOf" not in tool.schema
    for node in nodes(tool.schema):
        assert set(node) <= KNOWN
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert list(node["properties"]) == node["required"]


@whatever_its_origin
async def test_the_door_checks_what_it_is_given(tool: Tool) -> None:
    """What it does not declare is refused before anything is called, and so are arguments of the session."""
    gateway = Gateway(Catalog([tool]), Systems({}))
    for extra in ({"no_such_argument": 1}, dict.fromkeys(tool.identity, "C-9")):
        if extra:
            outcome = await gateway.look_up(tool.name, extra, caller=caller(), timeout=1)
            made = await gateway.propose(tool.name, extra, caller=caller())
            refused = outcome if tool.kind != "transact" else made
            assert isinstance(refused, Outcome)
            assert ("failed", "invalid") == (refused.state, refused.reason)


@every_tool
def test_models_never_name_a_person(tool: Tool) -> None:
    """Who it is about comes from the session; a model can neither see nor give it."""
    assert not IDENTITY & {name for node in nodes(tool.schema) for name in node.get("properties", ())}
    assert tool.internal or set(tool.identity) == IDENTITY & set(tool.arguments.model_fields)


@every_tool
def test_its_words_are_there(tool: Tool) -> None:
    """A description, models and fields that say what they are."""
    assert tool.description.endswith(".")
    for model in (tool.arguments, tool.result, *schema.nested_models(tool.result)):
        assert model.__doc__


@every_tool
def test_a_write_says_how_it_is_made_certain(tool: Tool) -> None:
    """Only writes have an effect, they all say which kind, and need a scope, proof and somebody it belongs to."""
    assert (tool.kind == "transact") == (tool.effect is not None)
    if tool.kind == "transact":
        assert tool.scopes
        assert {"customer_id", "user_id"} & set(tool.identity.values())
        assert tool.assurance.covers(Assurance.CHANNEL)
        assert tool.probe is not None or tool.effect == "transactional"


@whatever_its_origin
def test_policy_guards_it(tool: Tool) -> None:
    """All that is declared is asked for: without scope, proof or customer the door is shut."""
    assert allow(tool, caller()).allowed
    if tool.scopes:
        assert not allow(tool, caller(scopes=frozenset())).allowed
    if tool.needs_customer:
        assert not allow(tool, caller(customer_id=None)).allowed
    if tool.assurance is not Assurance.CLAIMED:
        assert not allow(tool, caller(assurance=Assurance.CLAIMED)).allowed
    assert allow(tool, caller(actor="bot")).allowed is not tool.internal
    assert allow(tool, caller(workflow=None)).allowed is not tool.inside
