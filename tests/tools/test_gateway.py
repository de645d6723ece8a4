"""The gateway over a real API that loses, delays and refuses: what it admits, repeats, and says about the effect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from state import faults
from state.identity import Assurance
from state.session import Action
from tests.tools.shop import CALLER, TOOLS, Key, Shop, open_shop, order_keyed
from tools import attempts, failures
from tools.base import SYSTEM, Caller, Context, Outcome, Proposal, tool
from tools.catalog import Catalog
from tools.gateway import Gateway, hash_of
from tools.http import Endpoint, Systems

ORDER = {"item": "tea"}
YOUNG, OLD = 60_000, 24 * 3_600_000


class Counter:
    """Keeps what was counted."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []

    def __call__(self, event: str, *, tool: str, reason: str, ms: int) -> None:
        """Keep one."""
        self.seen.append((event, tool, reason))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let repeats follow at once."""
    monkeypatch.setattr(attempts, "FIRST_WAIT", 0.001)


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Shop, Gateway, Counter]]:
    """A shop that knows keys, and the gateway to it."""
    count = Counter()
    async with open_shop(keyed=getattr(request, "param", True)) as (shop, systems):
        yield shop, Gateway(Catalog(TOOLS), systems, count), count


World = tuple[Shop, Gateway, Counter]
unkeyed_shop = pytest.mark.parametrize("world", [False], indirect=True)


def confirmed(gateway: Gateway, name: str, *, action_id: str = "A-1") -> Action:
    """An action whose exact terms were agreed to."""
    made = gateway.propose(name, ORDER, caller=CALLER)
    assert isinstance(made, Proposal)
    return Action(
        id=action_id,
        task="T",
        tool=made.tool,
        version=made.version,
        arguments=made.arguments,
        args_hash=made.args_hash,
        terms="One tea.",
        state="dispatched",
    )


async def perform(gateway: Gateway, action: Action, *, timeout: float = 5.0, caller: Caller = CALLER) -> Outcome:
    """Carry an action out."""
    return await gateway.perform(action, caller=caller, timeout=timeout, confirmation="Q-1")


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
    outcome = await perform(gateway, confirmed(gateway, "order_keyed"))
    assert (state, reason, effects) == (outcome.state, outcome.reason, len(shop.effects))
    assert ({"order": 1} if state == "succeeded" else None) == outcome.result


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
    outcome = await perform(gateway, confirmed(gateway, "order_unkeyed"))
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
    outcome = await perform(gateway, confirmed(gateway, name), timeout=0.4)
    assert (state, 1) == (outcome.state, len(shop.effects))


async def test_an_unreachable_system_had_no_effect(free_port: int) -> None:
    """Connection refused is proof: failed, not unknown, key or not."""
    systems = Systems({"shop": Endpoint(base_url=f"http://127.0.0.1:{free_port}", token="t")})
    gateway = Gateway(Catalog(TOOLS), systems)
    for name in ("order_keyed", "order_unkeyed"):
        outcome = await perform(gateway, confirmed(gateway, name))
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
    outcome = await perform(gateway, confirmed(gateway, "order_unkeyed"))
    assert ("succeeded", 1) == (outcome.state, len(shop.effects))


async def test_two_at_once_are_one(world: World) -> None:
    """Even if two processes sent the same action, its key makes it one effect."""
    shop, gateway, _ = world
    action = confirmed(gateway, "order_keyed")
    await asyncio.gather(*(perform(gateway, action) for _ in range(5)))
    assert len(shop.effects) == 1


@pytest.mark.parametrize("change", ["item", "customer_id", "args_hash", "version"])
async def test_changed_terms_are_not_carried_out(world: World, change: str) -> None:
    """Arguments, customer, hash or version other than those agreed to: nothing is sent."""
    shop, gateway, _ = world
    action = confirmed(gateway, "order_keyed")
    if change in {"item", "customer_id"}:
        action = replace(action, arguments={**action.arguments, change: "other"})
    else:
        action = replace(action, **{change: 2 if change == "version" else "0" * 64})  # type: ignore[arg-type]
    outcome = await perform(gateway, action)
    assert ("failed", "unknown_tool" if change == "version" else "changed") == (outcome.state, outcome.reason)
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
    outcome = await perform(gateway, confirmed(gateway, "order_keyed"), caller=caller)
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
    action = confirmed(gateway, name)
    if applied:
        shop.effects.append((action.id, action.arguments))
    outcome = await gateway.settle(action, dispatched_ms_ago=ago, caller=CALLER, timeout=5)
    assert (state, posts) == (outcome.state, shop.posted)
    assert (1 if applied or posts else 0) == len(shop.effects)


async def test_settling_while_reading_back_fails(world: World) -> None:
    """With a key the write is repeated although it cannot be read back; without luck it stays unknown."""
    shop, gateway, _ = world
    shop.gets.extend(["500"])
    action = confirmed(gateway, "order_keyed")
    assert (await gateway.settle(action, dispatched_ms_ago=0, caller=CALLER, timeout=5)).state == "succeeded"
    shop.gets.extend(["500"])
    shop.posts.extend(["429"] * 3)
    other = confirmed(gateway, "order_keyed", action_id="A-2")
    assert (await gateway.settle(other, dispatched_ms_ago=0, caller=CALLER, timeout=5)).state == "unknown"
    assert len(shop.effects) == 1


@pytest.mark.parametrize("caller", [replace(CALLER, customer_id="C-2"), replace(CALLER, scopes=frozenset())])
async def test_settling_for_a_changed_caller(world: World, caller: Caller) -> None:
    """Reading back is always allowed; sending again is not when policy or identity changed."""
    shop, gateway, _ = world
    action = confirmed(gateway, "order_keyed")
    outcome = await gateway.settle(action, dispatched_ms_ago=0, caller=caller, timeout=5)
    assert ("unknown", 0, 1) == (outcome.state, shop.posted, shop.got)
    shop.effects.append((action.id, None))
    assert (await gateway.settle(action, dispatched_ms_ago=0, caller=caller, timeout=5)).state == "succeeded"


@pytest.mark.parametrize("change", [{"args_hash": "0" * 64}, {"version": 9}, {"tool": "get_order"}, {"arguments": {}}])
async def test_settling_what_cannot_be_trusted(world: World, change: dict[str, object]) -> None:
    """Stored arguments that do not fit their hash are neither sent nor asked about."""
    shop, gateway, _ = world
    action = replace(confirmed(gateway, "order_keyed"), **change)  # type: ignore[arg-type]
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
        await perform(gateway, confirmed(gateway, "order_keyed"))
    assert effects == len(shop.effects)


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
    outcome = gateway.propose("order_keyed", arguments, caller=CALLER)
    assert isinstance(outcome, Outcome)
    assert ("failed", "invalid", message) == (outcome.state, outcome.reason, outcome.message)


async def test_a_lookup_cannot_be_proposed(world: World) -> None:
    """There is nothing to consent to."""
    outcome = world[1].propose("get_order", {"key": "k"}, caller=CALLER)
    assert isinstance(outcome, Outcome)
    assert outcome.reason == "policy"


async def test_a_proposal_is_bound_by_its_hash(world: World) -> None:
    """The hash covers tool, version and all arguments, defaults and identity included, in any order."""
    _, gateway, _ = world
    one = gateway.propose("order_keyed", {"item": "tea", "count": None}, caller=CALLER)
    two = gateway.propose("order_keyed", {"count": 1, "item": "tea"}, caller=CALLER)
    assert isinstance(one, Proposal)
    assert isinstance(two, Proposal)
    assert {"item": "tea", "count": 1, "customer_id": "C-1"} == one.arguments == two.arguments
    assert one.args_hash == two.args_hash == hash_of(order_keyed, two.arguments)
    others = [
        gateway.propose("order_keyed", {"item": "tea", "count": 2}, caller=CALLER),
        gateway.propose("order_keyed", {"item": "tea"}, caller=replace(CALLER, customer_id="C-2")),
        gateway.propose("order_unkeyed", {"item": "tea"}, caller=CALLER),
    ]
    assert len({one.args_hash, *(each.args_hash for each in others if isinstance(each, Proposal))}) == 4


async def test_the_audit_tells_who_did_what_for_whom(world: World) -> None:
    """One line per call: actor, person, tool and version, all arguments, result, verdict, confirmation, action."""
    _, gateway, _ = world
    outcome = await perform(gateway, confirmed(gateway, "order_keyed"))
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


async def test_what_a_caller_may_see(world: World) -> None:
    """Eligibility follows policy and says why not."""
    _, gateway, _ = world
    found = {each.name: each for each in gateway.eligible(replace(CALLER, scopes=frozenset()))}
    assert found["shout"].ok
    assert (False, "get_order needs the scope shop") == (found["get_order"].ok, found["get_order"].why)


async def test_functions_keep_the_catalogs_order(world: World) -> None:
    """The list given to a model is stable whatever the order of the names."""
    _, gateway, _ = world
    assert ["get_order", "shout"] == [each.name for each in gateway.functions(["shout", "get_order", "count_orders"])]
    assert "customer_id" not in gateway.functions(["order_keyed"])[0].schema["properties"]
