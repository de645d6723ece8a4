"""Writes over a real API that loses, delays and refuses: what is repeated, and what is said about the effect."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from config.tool_rules import DAYS, ApprovalAbove, Hours, ToolPolicies, ToolRules
from state import faults
from state.identity import Assurance
from state.ledger import Spent
from state.session import Approval
from tests.tools.shop import CALLER, TOOLS, Key, Order, Receipt, World, confirmed, find_order, perform, place
from tools import failures
from tools.base import Caller, Context, tool
from tools.catalog import Catalog
from tools.gateway import Gateway
from tools.http import Endpoint, Systems
from tools.limits import Limits
from tools.request import Request

unkeyed_shop = pytest.mark.parametrize("world", [False], indirect=True)
YOUNG, OLD = 60_000, 24 * 3_600_000


@pytest.mark.parametrize(
    "script, state, reason, effects",
    [
        ("ok", "succeeded", "", 1),
        ("lost", "succeeded", "", 1),
        ("reset", "succeeded", "", 1),
        ("500", "succeeded", "", 1),
        ("applied_500", "succeeded", "", 1),
        ("garbled", "succeeded", "", 1),
        ("lost reset", "succeeded", "", 1),
        ("lost lost lost", "unknown", "unavailable", 1),
        ("reset reset reset", "unknown", "unavailable", 0),
        ("huge", "unknown", "too_large", 1),
        ("429", "succeeded", "", 1),
        ("429 429 429", "failed", "busy", 0),
        ("lost 429 429", "unknown", "busy", 1),
        ("401", "failed", "denied", 0),
        ("lost 401", "unknown", "denied", 1),
        ("404", "failed", "not_found", 0),
        ("422", "failed", "rejected", 0),
        ("409", "failed", "rejected", 0),
        ("lost 409", "succeeded", "", 1),
        ("reset 409", "failed", "rejected", 0),
    ],
)
async def test_a_keyed_write(world: World, script: str, state: str, reason: str, effects: int) -> None:
    """With a key a write is repeated while that helps; its effect is never doubled and never claimed wrongly."""
    shop, gateway, _ = world
    shop.posts.extend(script.split())
    outcome = await perform(gateway, await confirmed(gateway, "order_keyed"))
    assert (state, reason, effects) == (outcome.state, outcome.reason, len(shop.effects))
    assert ({"order": 1} if state == "succeeded" else None) == outcome.result


@pytest.mark.parametrize(
    "script, state, effects",
    [("409", "failed", 0), ("lost 409", "unknown", 1), ("reset 409", "unknown", 0), ("reset 422", "failed", 0)],
)
async def test_a_conflict_may_be_with_an_earlier_attempt(world: World, script: str, state: str, effects: int) -> None:
    """Which cannot be read back here, and may be still under way; any other answer to a key is the first one's."""
    shop, gateway, _ = world
    shop.posts.extend(script.split())
    outcome = await perform(gateway, await confirmed(gateway, "order_keyed_blind"))
    assert (state, "rejected", effects) == (outcome.state, outcome.reason, len(shop.effects))


@unkeyed_shop
@pytest.mark.parametrize(
    "script, state, reason, effects",
    [
        ("ok", "succeeded", "", 1),
        ("lost", "unknown", "unavailable", 1),
        ("reset", "unknown", "unavailable", 0),
        ("500", "unknown", "unavailable", 0),
        ("applied_500", "unknown", "unavailable", 1),
        ("garbled", "unknown", "unavailable", 1),
        ("429", "failed", "busy", 0),
        ("401", "failed", "denied", 0),
        ("422", "failed", "rejected", 0),
    ],
)
async def test_an_unkeyed_write_is_sent_once(world: World, script: str, state: str, reason: str, effects: int) -> None:
    """Without a key nothing that may have left is ever sent again."""
    shop, gateway, _ = world
    shop.posts.extend(script.split())
    outcome = await perform(gateway, await confirmed(gateway, "order_unkeyed"))
    assert (state, reason, effects) == (outcome.state, outcome.reason, len(shop.effects))
    assert shop.posted == 1


@pytest.mark.parametrize(
    "world, name, state",
    [(True, "order_keyed", "succeeded"), (False, "order_unkeyed", "unknown")],
    indirect=["world"],
)
async def test_a_late_answer(world: World, name: str, state: str) -> None:
    """An answer after the deadline leaves doubt: resolved by the key, honest without one."""
    shop, gateway, _ = world
    shop.posts.append("late")
    outcome = await perform(gateway, await confirmed(gateway, name), timeout=0.4)
    assert (state, 1) == (outcome.state, len(shop.effects))


async def test_an_unreachable_system_had_no_effect(free_port: int) -> None:
    """Connection refused is proof: failed, not unknown, key or not."""
    systems = Systems({"shop": Endpoint(base_url=f"http://127.0.0.1:{free_port}", token="t")})
    gateway = Gateway(Catalog(TOOLS), systems)
    for name in ("order_keyed", "order_unkeyed"):
        outcome = await perform(gateway, await confirmed(gateway, name))
        assert ("failed", "unavailable") == (outcome.state, outcome.reason)
    await systems.close()


async def test_what_was_never_sent_may_be_repeated_without_a_key(world: World) -> None:
    """NotSent is the one failure after which an unkeyed write is tried again."""
    shop, gateway, _ = world
    refusals = [failures.NotSent(), failures.NotSent()]
    original = gateway.catalog.get("order_unkeyed")
    assert original is not None

    async def run(arguments: Key, context: Context) -> Key:
        if refusals:
            raise refusals.pop()
        return await original.run(arguments, context)  # type: ignore[return-value]

    gateway.catalog = Catalog([replace(original, run=run)])
    outcome = await perform(gateway, await confirmed(gateway, "order_unkeyed"))
    assert ("succeeded", 1) == (outcome.state, len(shop.effects))


@tool(kind="transact", effect="probeable", probe=find_order, scopes=("shop",))
async def look_and_order(arguments: Order, context: Context) -> Receipt:
    """Order after a look at what is there."""
    await context.get("shop", "/v1/orders", {"key": "another"})
    return await place(arguments, context)


@tool(kind="transact", effect="probeable", probe=find_order, scopes=("shop",))
async def order_and_look(arguments: Order, context: Context) -> Receipt:
    """Order, then look at what is there."""
    made = await place(arguments, context)
    await context.request("shop", Request(path="/v1/orders", params=(("key", "another"),)))
    return made


@unkeyed_shop
@pytest.mark.parametrize("name, state, posted", [("look_and_order", "failed", 0), ("order_and_look", "unknown", 1)])
async def test_what_is_read_in_vain_before_a_write_proves_that_none_left(
    world: World, name: str, state: str, posted: int
) -> None:
    """So nobody has to look what became of it; after the write it proves nothing."""
    shop, gateway, _ = world
    gateway = Gateway(Catalog([look_and_order, order_and_look]), gateway._systems)
    shop.gets.extend(["500"] * 9)
    outcome = await perform(gateway, await confirmed(gateway, name))
    assert (state, "unavailable", posted) == (outcome.state, outcome.reason, shop.posted)


async def test_two_at_once_are_one(world: World) -> None:
    """Even if two processes sent the same action, its key makes it one effect."""
    shop, gateway, _ = world
    action = await confirmed(gateway, "order_keyed")
    await asyncio.gather(*(perform(gateway, action) for _ in range(5)))
    assert len(shop.effects) == 1


@pytest.mark.parametrize("change", ["item", "customer_id", "args_hash", "version"])
async def test_changed_terms_are_not_carried_out(world: World, change: str) -> None:
    """Arguments, customer, hash or version other than those agreed to: nothing is sent."""
    shop, gateway, _ = world
    action = await confirmed(gateway, "order_keyed")
    if change in {"item", "customer_id"}:
        action = replace(action, arguments={**action.arguments, change: "other"})
    else:
        action = replace(action, **{change: 2 if change == "version" else "0" * 64})  # type: ignore[arg-type]
    outcome = await perform(gateway, action)
    assert ("failed", "version" if change == "version" else "changed") == (outcome.state, outcome.reason)
    assert shop.posted == 0


@pytest.mark.parametrize(
    "caller, reason",
    [
        (replace(CALLER, customer_id="C-2"), "changed"),
        (replace(CALLER, customer_id=None), "customer"),
        (replace(CALLER, scopes=frozenset()), "scope"),
        (replace(CALLER, assurance=Assurance.CLAIMED), "assurance"),
        (replace(CALLER, tools=frozenset({"get_order"})), "step"),
    ],
)
async def test_policy_is_asked_again_when_carried_out(world: World, caller: Caller, reason: str) -> None:
    """What was allowed when proposed may not be any more: nothing is sent."""
    shop, gateway, count = world
    outcome = await perform(gateway, await confirmed(gateway, "order_keyed"), caller=caller)
    assert ("failed", reason, 0) == (outcome.state, outcome.reason, shop.posted)
    assert ("policy", "order_keyed", reason) in count.seen


@pytest.mark.parametrize(
    "world, name, ago, applied, state, posts",
    [
        (True, "order_keyed", YOUNG, True, "succeeded", 0),
        (True, "order_keyed", YOUNG, False, "succeeded", 1),
        (True, "order_keyed", OLD, True, "succeeded", 0),
        (True, "order_keyed", OLD, False, "unknown", 0),
        (True, "order_keyed_blind", YOUNG, True, "succeeded", 1),
        (True, "order_keyed_blind", YOUNG, False, "succeeded", 1),
        (True, "order_keyed_blind", OLD, True, "unknown", 0),
        (False, "order_unkeyed", YOUNG, True, "succeeded", 0),
        (False, "order_unkeyed", YOUNG, False, "unknown", 0),
    ],
    indirect=["world"],
)
async def test_settling(world: World, name: str, ago: int, *, applied: bool, state: str, posts: int) -> None:
    """After a crash: read back first, repeat only with a key that is still known, else say that it is unknown."""
    shop, gateway, _ = world
    action = await confirmed(gateway, name)
    if applied:
        shop.effects.append((action.id, action.arguments))
    outcome = await gateway.settle(action, dispatched_ms_ago=ago, caller=CALLER, timeout=5)
    assert (state, posts) == (outcome.state, shop.posted)
    assert (1 if applied or posts else 0) == len(shop.effects)


async def test_nothing_is_sent_while_a_person_decides(world: World) -> None:
    """It is read back only: their word must not be overtaken by a write that leaves meanwhile."""
    shop, gateway, _ = world
    action = await confirmed(gateway, "order_keyed")
    outcome = await gateway.settle(action, dispatched_ms_ago=0, caller=CALLER, timeout=5, only_read=True)
    assert ("unknown", 0) == (outcome.state, shop.posted)
    shop.effects.append((action.id, action.arguments))
    outcome = await gateway.settle(action, dispatched_ms_ago=0, caller=CALLER, timeout=5, only_read=True)
    assert ("succeeded", 0) == (outcome.state, shop.posted)


async def test_settling_while_reading_back_fails(world: World) -> None:
    """With a key the write is repeated although it cannot be read back; without luck it stays unknown."""
    shop, gateway, _ = world
    shop.gets.extend(["500"])
    action = await confirmed(gateway, "order_keyed")
    assert (await gateway.settle(action, dispatched_ms_ago=0, caller=CALLER, timeout=5)).state == "succeeded"
    shop.gets.extend(["500"])
    shop.posts.extend(["429"] * 3)
    other = await confirmed(gateway, "order_keyed", action_id="A-2")
    assert (await gateway.settle(other, dispatched_ms_ago=0, caller=CALLER, timeout=5)).state == "unknown"
    assert len(shop.effects) == 1


@pytest.mark.parametrize("caller", [replace(CALLER, customer_id="C-2"), replace(CALLER, scopes=frozenset())])
async def test_settling_for_a_changed_caller(world: World, caller: Caller) -> None:
    """Reading back is always allowed; sending again is not when policy or identity changed."""
    shop, gateway, _ = world
    action = await confirmed(gateway, "order_keyed")
    outcome = await gateway.settle(action, dispatched_ms_ago=0, caller=caller, timeout=5)
    assert ("unknown", 0, 1) == (outcome.state, shop.posted, shop.got)
    shop.effects.append((action.id, None))
    assert (await gateway.settle(action, dispatched_ms_ago=0, caller=caller, timeout=5)).state == "succeeded"


@pytest.mark.parametrize("change", [{"args_hash": "0" * 64}, {"version": 9}, {"tool": "get_order"}, {"arguments": {}}])
async def test_settling_what_cannot_be_trusted(world: World, change: dict[str, object]) -> None:
    """Stored arguments that do not fit their hash are neither sent nor asked about."""
    shop, gateway, _ = world
    action = replace(await confirmed(gateway, "order_keyed"), **change)  # type: ignore[arg-type]
    outcome = await gateway.settle(action, dispatched_ms_ago=0, caller=CALLER, timeout=5)
    assert ("unknown", 0, 0) == (outcome.state, shop.posted, shop.got)


@pytest.mark.parametrize("point, effects", [("tool.pre_send", 0), ("tool.sent", 1)])
async def test_crash_points_stand_around_the_request(
    world: World, monkeypatch: pytest.MonkeyPatch, point: str, effects: int
) -> None:
    """A crash before sending has no effect, one after it has; neither is swallowed."""
    shop, gateway, _ = world
    monkeypatch.setattr(faults, "_plan", {point: [(1, "raise")]})
    monkeypatch.setattr(faults, "_passes", {})
    with pytest.raises(faults.Fault):
        await perform(gateway, await confirmed(gateway, "order_keyed"))
    assert effects == len(shop.effects)


class Ledger:
    """Says what was done, and keeps what it was asked."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []

    async def spent(self, session_id: str, tool: str, *, besides: Collection[str] = ()) -> Spent:
        """As often as it was told."""
        self.asked.append((session_id, tool, tuple(besides)))
        return Spent(calls=self.calls)


@pytest.mark.parametrize("calls, state, reason", [(1, "succeeded", ""), (2, "failed", "limit")])
async def test_the_ledger_is_asked_again_at_the_door(world: World, calls: int, state: str, reason: str) -> None:
    """After `dispatched` was committed, leaving out the write itself: of two at once, the later sees the earlier."""
    shop, gateway, _ = world
    action = await confirmed(gateway, "order_keyed")
    ledger = Ledger(calls)
    limits = Limits(tools=ToolPolicies(named={"order_keyed": ToolRules(per_day=2)}), version="v")
    guarded = Gateway(Catalog(TOOLS), gateway._systems, limits=limits, ledger=ledger)
    outcome = await perform(guarded, action)
    assert (state, reason) == (outcome.state, outcome.reason)
    assert ([("S-1", "order_keyed", ("A-1",))], 2 - calls) == (ledger.asked, len(shop.effects))
    assert "v" == outcome.audit[0].policy


@pytest.mark.parametrize(
    "verdict, scope, state",
    [
        ("approved", "shop:approve", "succeeded"),
        ("approved", "other:approve shop:approve", "succeeded"),
        ("approved", "other:approve", "failed"),
        ("denied", "shop:approve", "failed"),
        (None, "shop:approve", "failed"),
    ],
)
async def test_an_approval_is_asked_for_at_the_door(world: World, verdict: str | None, scope: str, state: str) -> None:
    """Of these arguments, by somebody with the scope that is needed now, whoever calls."""
    _, gateway, _ = world
    action = await confirmed(gateway, "order_keyed")
    given = Approval(ticket="T", args_hash=action.args_hash, scope=scope, why="", title="", expires=0, verdict=verdict)
    rule = ToolRules(approval=ApprovalAbove(scope="shop:approve"))
    limits = Limits(tools=ToolPolicies(named={"order_keyed": rule}))
    guarded = Gateway(Catalog(TOOLS), gateway._systems, limits=limits)
    assert state == (await perform(guarded, replace(action, approval=given))).state
    elsewhere = replace(action, approval=replace(given, args_hash="other"))
    assert ("failed", "approval") == ((outcome := await perform(guarded, elsewhere)).state, outcome.reason)


async def test_what_left_already_is_sent_again_out_of_hours(world: World) -> None:
    """Its time was judged when it left; a switch that is off stops it all the same, and a person decides."""
    shop, gateway, _ = world
    action = await confirmed(gateway, "order_keyed_blind")
    never = Hours.model_validate(
        {"days": [DAYS[(datetime.now(UTC).weekday() + 3) % 7]], "from": 9, "to": 10, "time_zone": "UTC"}
    )
    for rule, state in ((ToolRules(off=True), "unknown"), (ToolRules(hours=never, per_day=1), "succeeded")):
        limits = Limits(tools=ToolPolicies(named={"order_keyed_blind": rule}))
        guarded = Gateway(Catalog(TOOLS), gateway._systems, limits=limits, ledger=Ledger(9))
        outcome = await guarded.settle(action, dispatched_ms_ago=YOUNG, caller=CALLER, timeout=5)
        assert (state, 1 if state == "succeeded" else 0) == (outcome.state, len(shop.effects))
