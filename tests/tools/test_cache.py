"""What is answered from memory, to whom, and until when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import errors
from tests.tools.shop import CALLER, TOOLS, Counter, Shop, confirmed, get_order, open_shop, perform
from tools import cache
from tools.base import Caller, declare
from tools.cache import Cache, Key
from tools.catalog import Catalog
from tools.gateway import Gateway
from tools.limits import Limits

CACHED = [replace(tool, cache_s=30.0) if tool.name == "get_order" else tool for tool in TOOLS]
World = tuple[Shop, Gateway, Counter]


class Clock:
    """Time as told."""

    now = 0.0

    def __call__(self) -> float:
        """The time now."""
        return self.now


@pytest.fixture
async def cached() -> AsyncIterator[World]:
    """A shop with one order whose answer is kept."""
    async with open_shop() as (shop, systems):
        shop.effects.append(("k", None))
        count = Counter()
        yield shop, Gateway(Catalog(CACHED), systems, count, limits=Limits(version="p1")), count


async def ask(gateway: Gateway, caller: Caller = CALLER, *, fresh: bool = False) -> tuple[str, bool]:
    """Look the order up."""
    outcome = await gateway.look_up("get_order", {"key": "k"}, caller=caller, timeout=5, fresh=fresh)
    return outcome.state, outcome.cached


async def test_the_same_question_is_asked_once(cached: World) -> None:
    """The second answer comes from memory: counted, audited as such, without an attempt; a copy of its own."""
    shop, gateway, count = cached
    first = await gateway.look_up("get_order", {"key": "k"}, caller=CALLER, timeout=5)
    first.result["order"] = "changed by who got it"
    second = await gateway.look_up("get_order", {"key": "k"}, caller=CALLER, timeout=5)
    assert ({"order": 1}, 1) == (second.result, shop.got)
    assert (True, (), True) == (second.cached, second.attempts, second.audit[0].cached)
    assert [("cache", "get_order", "miss"), ("call", "get_order", "ok")] == count.seen[:2]
    assert [("cache", "get_order", "hit"), ("call", "get_order", "ok")] == count.seen[2:]


@pytest.mark.parametrize(
    "caller",
    [
        replace(CALLER, user_id="U-2"),
        replace(CALLER, customer_id="C-2"),
        replace(CALLER, wrote=7),
    ],
)
async def test_nobody_else_gets_it(cached: World, caller: Caller) -> None:
    """Another person, another customer number, or the same person after a write: asked anew."""
    shop, gateway, _ = cached
    await ask(gateway)
    assert ("succeeded", False) == await ask(gateway, caller)
    assert shop.got == 2


async def test_another_policy_or_version_asks_anew(cached: World) -> None:
    """The key holds both."""
    tool, other = replace(get_order, cache_s=5.0), replace(get_order, version=2, cache_s=5.0)
    keys = {cache.key_of(one, {"key": "k"}, CALLER, policy) for one in (tool, other) for policy in ("p1", "p2")}
    assert len(keys) == 4
    assert cache.key_of(tool, {"a": 1, "b": 2}, CALLER, "") == cache.key_of(tool, {"b": 2, "a": 1}, CALLER, "")


async def test_fresh_passes_it_by_and_renews_it(cached: World) -> None:
    """Whoever must be sure asks; what comes of it is kept."""
    shop, gateway, count = cached
    await ask(gateway)
    assert ("succeeded", False) == await ask(gateway, fresh=True)
    assert ("succeeded", True) == await ask(gateway)
    assert shop.got == 2
    assert [reason for event, _, reason in count.seen if event == "cache"] == ["miss", "hit"]


async def test_the_door_is_watched_all_the_same(cached: World) -> None:
    """Who may not ask gets nothing out of memory either."""
    _, gateway, _ = cached
    await ask(gateway)
    assert ("failed", False) == await ask(gateway, replace(CALLER, scopes=frozenset()))


async def test_failures_and_parts_are_not_kept(cached: World) -> None:
    """Only a whole answer is."""
    shop, gateway, _ = cached
    shop.gets.extend(["404"])
    assert ("failed", False) == await ask(gateway)
    assert ("succeeded", False) == await ask(gateway)


async def test_a_write_empties_it(cached: World) -> None:
    """Whatever the person's other sessions know: what was looked up for this customer is asked anew."""
    gateway = cached[1]
    other = replace(CALLER, user_id="U-2")
    stranger = replace(CALLER, user_id="U-3", customer_id="C-3")
    for caller in (CALLER, other, stranger):
        await ask(gateway, caller)
    assert (await perform(gateway, await confirmed(gateway, "order_keyed"))).state == "succeeded"
    assert [False, False, True] == [(await ask(gateway, caller))[1] for caller in (CALLER, other, stranger)]


def test_only_a_lookup_may_be_kept() -> None:
    """And not for ever."""
    with pytest.raises(errors.BadInput, match="cache_s is for lookups"):
        declare(replace(get_order, cache_s=10_000))
    with pytest.raises(errors.BadInput, match="cache_s is for lookups"):
        declare(replace(next(one for one in TOOLS if one.kind == "transform"), cache_s=1))


def key(number: int, user: str = "U") -> Key:
    """One of many keys."""
    return Key("t@1", str(number).encode(), user, None, "", 0)


def test_an_answer_gets_old() -> None:
    """At its time it is gone."""
    clock = Clock()
    held = Cache(clock=clock)
    held.put(key(1), {"a": 1}, seconds=30)
    clock.now = 29.9
    assert held.get(key(1)) == b'{"a":1}'
    clock.now = 30
    assert held.get(key(1)) is None
    assert (0, 0) == (len(held), held.size)


def test_what_is_used_stays() -> None:
    """When it is full, what was not used for longest goes."""
    held = Cache(entries=2)
    for number in (1, 2):
        held.put(key(number), number, seconds=30)
    held.get(key(1))
    held.put(key(3), 3, seconds=30)
    assert [b"1", None, b"3"] == [held.get(key(number)) for number in (1, 2, 3)]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3_000)), max_size=40))
def test_it_never_outgrows_its_room(puts: list[tuple[int, int]]) -> None:
    """Whatever comes, number and size stay below the bounds, and the size is that of what is there."""
    held = Cache(entries=4, room=20_000)
    for number, length in puts:
        held.put(key(number), "x" * length, seconds=30)
        assert len(held) <= 4
        assert held.size <= 20_000
    for number in range(10):
        held._drop(key(number))
    assert held.size == 0
