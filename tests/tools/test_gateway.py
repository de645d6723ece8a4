"""The gateway as a door: what it admits and refuses, what lookups answer, what is counted and audited."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.shop import (
    CALLER,
    ORDER,
    Counter,
    Key,
    World,
    confirmed,
    get_order,
    open_shop,
    order_keyed,
    perform,
    shout,
)
from tools.arguments import hash_of
from tools.base import MOST_OUT, SYSTEM, Context, Outcome, Proposal, declare, tool
from tools.catalog import Catalog
from tools.gateway import Gateway
from tools.http import Systems


@pytest.mark.parametrize(
    "script, state, reason, asked",
    [
        ("ok", "succeeded", "", 1),
        ("500", "succeeded", "", 2),
        ("reset 500", "succeeded", "", 3),
        ("429", "succeeded", "", 2),
        ("500 500 500 500", "failed", "unavailable", 3),
        ("429 429 429", "failed", "busy", 3),
        ("garbled garbled garbled", "failed", "unavailable", 3),
        ("huge", "failed", "too_large", 1),
        ("404", "failed", "not_found", 1),
        ("400", "failed", "rejected", 1),
        ("401", "failed", "denied", 1),
    ],
)
async def test_looking_up(world: World, script: str, state: str, reason: str, asked: int) -> None:
    """A lookup is repeated at most twice, and only where that can help."""
    shop, gateway, count = world
    shop.effects.append(("k", None))
    shop.gets.extend(script.split())
    outcome = await gateway.look_up("get_order", {"key": "k"}, caller=CALLER, timeout=5)
    assert (state, reason, asked) == (outcome.state, outcome.reason, shop.got)
    assert count.seen[-1] == ("call", "get_order", reason or "ok")
    assert asked == len(outcome.attempts) == outcome.attempts[-1].n
    assert (outcome.attempts[-1].reason, outcome.attempts) == (reason or "ok", outcome.audit[0].attempts)


async def test_a_lookup_keeps_its_deadline(world: World) -> None:
    """A slow system is given up on, within the time given."""
    shop, gateway, _ = world
    shop.gets.extend(["late"] * 3)
    outcome = await gateway.look_up("get_order", {"key": "k"}, caller=CALLER, timeout=0.2)
    assert ("failed", "timeout") == (outcome.state, outcome.reason)
    assert outcome.ms < 500


@pytest.mark.parametrize(
    "name, arguments, reason, message",
    [
        ("drop_tables", {}, "unknown_tool", "there is no tool named 'drop_tables'"),
        ("count_orders", {"key": "k"}, "unknown_tool", "there is no tool named 'count_orders'"),
        ("order_keyed", ORDER, "policy", "order_keyed writes; that needs consent to its exact terms first"),
        ("get_order", {}, "invalid", "key: is missing"),
        ("get_order", {"key": 7}, "invalid", "key: must be a valid string"),
        ("get_order", {"key": "k", "x": 1}, "invalid", "x: is not an argument of this tool"),
        ("get_order", "key=k", "invalid", "the arguments must be one JSON object"),
        ("get_order", {"key": "k" * 40_000}, "invalid", "the arguments are 40010 bytes long; at most 32768 are taken"),
        ("get_order", {"key": "\ud800"}, "invalid", "the arguments cannot be written as JSON"),
        ("get_order", {"key": {1, 2}}, "invalid", "the arguments cannot be written as JSON"),
    ],
)
async def test_what_no_lookup_comes_of(world: World, name: str, arguments: object, reason: str, message: str) -> None:
    """Invented tools, bad arguments and writes are refused with a reason, counted, audited, and never called."""
    shop, gateway, count = world
    outcome = await gateway.look_up(name, arguments, caller=CALLER, timeout=5)
    assert ("failed", reason, message) == (outcome.state, outcome.reason, outcome.message)
    assert shop.got == shop.posted == 0
    assert len(outcome.audit) == 1
    assert outcome.audit[0].verdict == reason
    assert outcome.result is None
    assert count.seen == [
        ("schema" if reason == "invalid" else "policy", "unknown" if name == "drop_tables" else name, reason)
    ]


async def test_the_engine_may_use_internal_tools(world: World) -> None:
    """They exist for the engine's own calls alone, and no model hears of them."""
    _, gateway, _ = world
    outcome = await gateway.look_up("count_orders", {"key": "k"}, caller=replace(CALLER, actor=SYSTEM), timeout=5)
    assert outcome.state == "succeeded"
    assert "count_orders" not in {each.name for each in gateway.functions()}
    assert "count_orders" not in {each.name for each in gateway.eligible(replace(CALLER, actor=SYSTEM))}


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"item": "tea", "customer_id": "C-2"}, "customer_id: is not an argument of this tool"),
        ({"item": "tea", "count": 0}, "count: must be greater than or equal to 1"),
        ({"item": "t" * 21}, "item: string should have at most 20 characters"),
    ],
)
async def test_what_cannot_be_proposed(world: World, arguments: object, message: str) -> None:
    """Identity is never an argument, and the full model is asked, not the provider's schema."""
    _, gateway, _ = world
    outcome = await gateway.propose("order_keyed", arguments, caller=CALLER)
    assert isinstance(outcome, Outcome)
    assert ("failed", "invalid", message) == (outcome.state, outcome.reason, outcome.message)


async def test_a_number_that_json_cannot_carry_is_refused(world: World) -> None:
    """A whole number as text may have any length; it is an answer, no defect of ours."""
    _, gateway, _ = world
    made = await gateway.propose("order_keyed", {**ORDER, "count": "9" * 30}, caller=CALLER)
    assert isinstance(made, Outcome)
    assert ("failed", "invalid") == (made.state, made.reason)


async def test_a_lookup_cannot_be_proposed(world: World) -> None:
    """There is nothing to consent to."""
    outcome = await world[1].propose("get_order", {"key": "k"}, caller=CALLER)
    assert isinstance(outcome, Outcome)
    assert outcome.reason == "policy"


async def test_a_proposal_is_bound_by_its_hash(world: World) -> None:
    """The hash covers tool, version and all arguments, defaults and identity included, in any order."""
    _, gateway, _ = world
    one = await gateway.propose("order_keyed", {"item": "tea", "count": None}, caller=CALLER)
    two = await gateway.propose("order_keyed", {"count": 1, "item": "tea"}, caller=CALLER)
    assert isinstance(one, Proposal)
    assert isinstance(two, Proposal)
    assert {"item": "tea", "count": 1, "customer_id": "C-1"} == one.arguments == two.arguments
    assert one.args_hash == two.args_hash == hash_of(order_keyed, two.arguments)
    others = [
        await gateway.propose("order_keyed", {"item": "tea", "count": 2}, caller=CALLER),
        await gateway.propose("order_keyed", {"item": "tea"}, caller=replace(CALLER, customer_id="C-2")),
        await gateway.propose("order_unkeyed", {"item": "tea"}, caller=CALLER),
    ]
    assert len({one.args_hash, *(each.args_hash for each in others if isinstance(each, Proposal))}) == 4


async def test_the_audit_tells_who_did_what_for_whom(world: World) -> None:
    """One line per call: actor, person, tool and version, all arguments, result, verdict, confirmation, action."""
    _, gateway, _ = world
    outcome = await perform(gateway, await confirmed(gateway, "order_keyed"))
    (line,) = outcome.audit
    assert ("bot", "U-1", "S-1", "order_keyed@1") == (line.actor, line.user_id, line.session_id, line.tool)
    assert ("allowed", {"order": 1}, "Q-1", "A-1") == (line.verdict, line.result, line.confirmation, line.action)
    assert {"item": "tea", "count": 1, "customer_id": "C-1"} == line.arguments


async def test_identity_is_not_shown(world: World) -> None:
    """What is shown of a lookup's arguments leaves out what came from the session; the audit has it all."""
    async with open_shop() as (_, systems):
        gateway = Gateway(Catalog([replace(order_keyed, kind="lookup", effect=None, probe=None)]), systems)
        outcome = await gateway.look_up("order_keyed", ORDER, caller=CALLER, timeout=5)
    assert {"item": "tea", "count": 1} == outcome.arguments
    assert outcome.audit[0].arguments["customer_id"] == "C-1"


async def test_a_defect_is_an_outcome(world: World) -> None:
    """A tool that breaks does not break the turn, and its error's words are not shown."""
    _, gateway, _ = world
    outcome = await gateway.look_up("shout", {"key": "secret canary"}, caller=CALLER, timeout=5)
    assert ("failed", "defect", "the tool failed (KeyError)") == (outcome.state, outcome.reason, outcome.message)


@tool(kind="lookup")
async def _odd(arguments: Key, context: Context) -> Key:
    """Answer other things than declared."""
    return Key.model_construct(key=7) if arguments.key == "type" else Key(key="x" * 300_000)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydantic says so itself when it writes the wrong type
@pytest.mark.parametrize("key, reason", [("type", "schema"), ("size", "too_large")])
async def test_a_result_is_checked_against_its_model(key: str, reason: str) -> None:
    """Undeclared or oversized results do not pass, and are counted."""
    count = Counter()
    gateway = Gateway(Catalog([_odd]), Systems({}), count)
    outcome = await gateway.look_up("_odd", {"key": key}, caller=CALLER, timeout=5)
    assert ("failed", reason, None) == (outcome.state, outcome.reason, outcome.result)
    assert ("schema", "_odd", "result") in count.seen


@pytest.mark.parametrize("length, reason", [(1, ""), (30, "invalid"), (8, "too_large")])
async def test_every_tool_has_bounds_of_its_own(length: int, reason: str) -> None:
    """A transform takes and gives no more than it says, and never more than its kind may."""

    async def double(arguments: Key, context: Context) -> Key:
        return Key(key=arguments.key * 2)

    made = declare(replace(shout, name="double", run=double, most_in=30, most_out=20))
    outcome = await Gateway(Catalog([made]), Systems({})).look_up(
        "double", {"key": "x" * length}, caller=CALLER, timeout=5
    )
    assert (reason or "succeeded") == (outcome.reason or outcome.state)
    assert shout.most_out == MOST_OUT["transform"] < get_order.most_out


async def test_what_a_caller_may_see(world: World) -> None:
    """Eligibility follows policy and says why not."""
    _, gateway, _ = world
    found = {each.name: each for each in gateway.eligible(replace(CALLER, scopes=frozenset()))}
    assert found["shout"].ok
    assert (False, "get_order needs the scope shop") == (found["get_order"].ok, found["get_order"].why)


async def test_what_a_caller_may_see_is_worked_out_once_per_kind_of_caller(world: World) -> None:
    """Two customers alike see the same; another scope, proof or unknown customer is worked out for itself."""
    _, gateway, _ = world
    seen = gateway.usable(CALLER)
    assert {each.name for each in gateway.eligible(CALLER) if each.ok} == seen
    assert gateway.usable(replace(CALLER, user_id="U-2", session_id="S-2", customer_id="C-2", wrote=9)) is seen
    for other in (replace(CALLER, scopes=frozenset()), replace(CALLER, tools=frozenset({"shout"}))):
        assert {each.name for each in gateway.eligible(other) if each.ok} == gateway.usable(other) < seen
    unknown = replace(CALLER, customer_id=None)
    assert {each.name for each in gateway.eligible(unknown) if each.ok} == gateway.usable(unknown)


async def test_functions_keep_the_catalogs_order(world: World) -> None:
    """The list given to a model is stable whatever the order of the names."""
    _, gateway, _ = world
    assert ["get_order", "shout"] == [each.name for each in gateway.functions(["shout", "get_order", "count_orders"])]
    assert "customer_id" not in gateway.functions(["order_keyed"])[0].schema["properties"]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner), max_leaves=9
)


@given(arguments=ANYTHING | st.fixed_dictionaries({"item": ANYTHING, "count": ANYTHING}))
def test_whatever_a_model_says_gets_an_answer(arguments: object) -> None:
    """No arguments make the gateway raise; what it proposes is plain JSON with a hash that can be checked again."""
    gateway = Gateway(Catalog([order_keyed]), Systems({}))
    made = asyncio.run(gateway.propose("order_keyed", arguments, caller=CALLER))
    if isinstance(made, Outcome):
        assert made.reason == "invalid"
    else:
        assert made.args_hash == hash_of(order_keyed, orjson.loads(orjson.dumps(made.arguments)))
