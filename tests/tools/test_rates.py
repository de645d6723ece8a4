"""How often one person may use one tool, and what they are told then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from config.tool_rules import Kinds, ToolPolicies, ToolRules
from tests.tools.shop import CALLER, TOOLS, Counter, Shop, confirmed, open_shop, perform
from tools.base import SYSTEM, Caller
from tools.catalog import Catalog
from tools.gateway import Gateway
from tools.rates import Rates

RULES = ToolPolicies(
    kinds=Kinds(lookup=ToolRules(rate_per_minute=3), transact=ToolRules(rate_per_minute=2)),
    named={"count_orders": ToolRules(rate_per_minute=1)},
)
World = tuple[Shop, Gateway, Counter]


@pytest.fixture
async def limited() -> AsyncIterator[World]:
    """A shop whose lookups are limited to three a minute and whose writes to two."""
    tools = [replace(tool, cache_s=30.0) if tool.name == "get_order" else tool for tool in TOOLS]
    async with open_shop() as (shop, systems):
        shop.effects.append(("k", None))
        count = Counter()
        yield shop, Gateway(Catalog(tools), systems, count, rates=Rates(rules=RULES)), count


async def ask(gateway: Gateway, caller: Caller = CALLER, *, fresh: bool = True) -> str:
    """Look the order up; what came of it."""
    outcome = await gateway.look_up("get_order", {"key": "k"}, caller=caller, timeout=5, fresh=fresh)
    return outcome.reason or outcome.state


async def test_a_lookup_too_often_is_refused_with_the_time(limited: World) -> None:
    """Nothing is sent, the refusal says when there is room again, and it is counted as policy's."""
    shop, gateway, count = limited
    assert ["succeeded"] * 3 == [await ask(gateway) for _ in range(3)]
    outcome = await gateway.look_up("get_order", {"key": "k"}, caller=CALLER, timeout=5, fresh=True)
    assert ("failed", "rate", 20) == (outcome.state, outcome.reason, outcome.after)
    assert outcome.message == "get_order was used too often just now; try again in 20 seconds"
    assert outcome.audit[0].verdict == "rate"
    assert (3, ("policy", "get_order", "rate")) == (shop.got, count.seen[-1])


async def test_everybody_has_a_limit_of_their_own(limited: World) -> None:
    """One person's flood is not another's; what comes from memory costs nothing."""
    _, gateway, _ = limited
    for _ in range(3):
        await ask(gateway)
    assert "rate" == await ask(gateway)
    assert "succeeded" == await ask(gateway, replace(CALLER, user_id="U-2"))
    assert ["succeeded"] * 5 == [await ask(gateway, fresh=False) for _ in range(5)]


async def test_the_engine_is_not_limited(limited: World) -> None:
    """Its own questions are not a person's."""
    _, gateway, _ = limited
    engine = replace(CALLER, actor=SYSTEM)
    found = [await gateway.look_up("count_orders", {"key": "k"}, caller=engine, timeout=5) for _ in range(5)]
    assert {"succeeded"} == {outcome.state for outcome in found}


async def test_a_write_too_often_is_not_sent(limited: World) -> None:
    """It fails without an effect, though it was agreed to."""
    shop, gateway, _ = limited
    for number in (1, 2):
        action = await confirmed(gateway, "order_keyed", action_id=f"A-{number}")
        assert (await perform(gateway, action)).state == "succeeded"
    outcome = await perform(gateway, await confirmed(gateway, "order_keyed", action_id="A-3"))
    assert ("failed", "rate", 30) == (outcome.state, outcome.reason, outcome.after)
    assert shop.posted == 2
