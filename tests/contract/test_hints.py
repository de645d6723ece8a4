"""What every kind of hints holds, within one process and through Redis, with Redis healthy, gone, slow or lying."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from redis.asyncio import Redis

from state import hints as hints_module
from state import redis_hints
from state.hints import FEED_SIZE, Feed, Hints, Limiter, LocalHints, make_hints, well_formed
from state.redis_hints import Breaker, RedisHints
from tests import servers

KEY = b"k" * 32
PATIENCE_S = 5.0


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine take its time where the test is not about slowness."""
    monkeypatch.setattr(redis_hints, "PATIENCE_S", 2.0)


@asynccontextmanager
async def running(made: Hints) -> AsyncIterator[Hints]:
    """Start hints and close them at the end."""
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture(params=["local", "redis"])
async def hints(request: pytest.FixtureRequest) -> AsyncIterator[Hints]:
    """Each kind in turn."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else None
    async with running(make_hints(url, KEY)) as made:
        await until(lambda: made.healthy)
        yield made


async def until(true: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110  # the condition lies in another process or a background task
            await asyncio.sleep(0.005)


async def heard_across(sender: Hints, feed: Feed, topic: str) -> None:
    """Publish until the other side hears it."""
    async with asyncio.timeout(PATIENCE_S):
        sender.publish(topic, {"id": "again"})
        while await feed.get(0.05) is None:
            sender.publish(topic, {"id": "again"})


async def test_every_subscriber_of_a_topic_hears_in_order(hints: Hints) -> None:
    """Two subscribers get both hints in order; a subscriber of another topic gets none."""
    async with hints.subscribe("a") as one, hints.subscribe("a") as two, hints.subscribe("b") as other:
        hints.publish("a", {"id": "1", "seq": 7})
        hints.publish("a", {"id": "2", "text": "zwölf", "final": False, "none": None})
        for feed in (one, two):
            assert {"id": "1", "seq": 7} == await feed.get(PATIENCE_S)
            assert {"id": "2", "text": "zwölf", "final": False, "none": None} == await feed.get(PATIENCE_S)
        assert await other.get(0.01) is None
        assert await one.get(0.01) is None


async def test_a_slow_reader_loses_the_oldest(hints: Hints) -> None:
    """A feed is bounded: the newest are kept, and the loss is counted."""
    async with hints.subscribe("a") as feed:
        for n in range(FEED_SIZE + 10):
            hints.publish("a", {"n": n})
        assert {"n": 10} == await feed.get(PATIENCE_S)
        assert feed.dropped == 10


async def test_iteration_ends_with_the_hints(hints: Hints) -> None:
    """Closing ends every feed after what it still holds."""
    async with hints.subscribe("a") as feed:
        hints.publish("a", {"n": 1})
        await hints.close()
        assert [{"n": 1}] == [payload async for payload in feed]
        assert await feed.get(PATIENCE_S) is None


async def test_a_copy_is_published(hints: Hints) -> None:
    """Changing the payload afterwards, or what one subscriber got, changes nothing for others."""
    payload: dict[str, hints_module.Scalar] = {"n": 1}
    async with hints.subscribe("a") as one, hints.subscribe("a") as two:
        hints.publish("a", payload)
        payload["n"] = 2
        got = await one.get(PATIENCE_S)
        assert got is not None
        got["n"] = 3
        assert {"n": 1} == await two.get(PATIENCE_S)


async def test_odd_topics_and_payloads_harm_nobody(hints: Hints) -> None:
    """Any text may be a topic; what is no payload is dropped without a word."""
    for topic in ("", "*", "a\r\nFLUSHALL\r\n", "\ud800", "x" * 100_000):
        async with hints.subscribe(topic) as feed:
            hints.publish(topic, {"n": ["list"]})  # type: ignore[dict-item]
            hints.publish(topic, {"text": "x" * 20_000})
            hints.publish(topic, {"n": 1})
            assert {"n": 1} == await feed.get(PATIENCE_S)


async def test_a_limit_holds_per_key(hints: Hints) -> None:
    """So many uses are allowed and no more; another key is not touched."""
    assert [True] * 3 + [False] * 2 == [await hints.allow("a", 3, 60.0) for _ in range(5)]
    assert await hints.allow("b", 3, 60.0)
    assert not await hints.allow("c", 0, 60.0)


async def test_a_limit_frees_up(hints: Hints) -> None:
    """Uses come back with time."""
    assert await hints.allow("a", 1, 0.05)
    async with asyncio.timeout(PATIENCE_S):
        while not await hints.allow("a", 1, 0.05):  # noqa: ASYNC110  # time itself is waited for
            await asyncio.sleep(0.005)


def test_the_limiter_spreads_uses_evenly() -> None:
    """After a burst of ten in ten seconds, one more is free each second."""
    now = 100.0
    limiter = Limiter(clock=lambda: now)
    assert [True] * 10 + [False] == [limiter.allow("a", 10, 10.0) for _ in range(11)]
    now = 101.0
    assert [True, False] == [limiter.allow("a", 10, 10.0) for _ in range(2)]


def test_the_limiter_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of keys does not grow memory without end."""
    monkeypatch.setattr(hints_module, "MAX_KEYS", 100)
    limiter = Limiter(clock=lambda: 1.0)
    for n in range(1_000):
        limiter.allow(str(n), 5, 60.0)
    assert len(limiter._full_at) <= 101


@pytest.mark.parametrize(
    "payload",
    [None, [], "x", {1: 2}, {"a": []}, {"a": {}}, {"a": "x" * 20_000}, {str(n): n for n in range(17)}],
)
def test_what_is_no_payload(payload: object) -> None:
    """Only small flat objects are payloads."""
    assert not well_formed(payload)


def test_the_breaker_opens_closes_and_waits_longer() -> None:
    """Three failures open it; a trial that fails doubles the wait up to the longest; one answer closes it."""
    breaker = Breaker()
    for _ in range(2):
        breaker.failed(10.0)
    assert not breaker.open(10.0)
    breaker.failed(10.0)
    assert breaker.open(10.4)
    assert not breaker.open(10.6)
    breaker.failed(10.6)
    assert breaker.open(11.5)
    for _ in range(100):
        breaker.failed(20.0)
    assert breaker.open(24.9)
    assert not breaker.open(25.1)
    breaker.worked()
    assert not breaker.open(20.0)


async def test_no_url_means_local() -> None:
    """Without Redis everything stays in the process."""
    assert isinstance(make_hints(None, KEY), LocalHints)


@asynccontextmanager
async def two_processes(url: str, *, other_key: bytes = KEY) -> AsyncIterator[tuple[RedisHints, RedisHints]]:
    """Two hints on one Redis, as two processes have them."""
    async with AsyncExitStack() as stack:
        here, there = RedisHints(url, KEY), RedisHints(url, other_key)
        for made in (here, there):
            await stack.enter_async_context(running(made))
            await until(lambda made=made: made.healthy)  # type: ignore[misc]
        yield here, there


async def test_hints_cross_processes_once(redis_url: str) -> None:
    """The other process hears each hint once and in order, and so does the one that published."""
    async with two_processes(redis_url) as (here, there), there.subscribe("a") as far, here.subscribe("a") as near:
        for n in range(500):
            here.publish("a", {"n": n})
            if n % 50 == 49:
                assert [n - 49 + i for i in range(50)] == [(await far.get(PATIENCE_S) or {})["n"] for i in range(50)]
                assert [n - 49 + i for i in range(50)] == [(await near.get(0) or {})["n"] for i in range(50)]
        assert await far.get(0.02) is None
        assert await near.get(0.02) is None


async def test_a_topic_can_be_left_and_joined_again(redis_url: str) -> None:
    """Quick changes of mind leave the subscription as it was last wanted."""
    async with two_processes(redis_url) as (here, there):
        for _ in range(20):
            async with there.subscribe("a") as feed:
                await heard_across(here, feed, "a")
            async with there.subscribe("a"):
                pass
        assert not there._heard
        assert not there._channels


async def test_a_limit_is_shared(redis_url: str) -> None:
    """Two processes count the same uses."""
    async with two_processes(redis_url) as (here, there):
        assert [True, True, False] == [
            await here.allow("a", 2, 60.0),
            await there.allow("a", 2, 60.0),
            await here.allow("a", 2, 60.0),
        ]


async def test_forged_hints_are_ignored(redis_url: str) -> None:
    """Garbage, another deployment's hints and a true hint moved to another topic are never delivered (A90)."""
    async with two_processes(redis_url, other_key=b"x" * 32) as (here, stranger), here.subscribe("a") as feed:
        channel = here._channel("a")
        sealed_elsewhere = RedisHints(redis_url, KEY)._seal(here._channel("b"), {"id": "moved"})
        raw: Redis = Redis.from_url(redis_url)
        for body in (b"", b"{}", b'{"id":"1"}', b"\x00" * 100, b"x" * 1_000_000, sealed_elsewhere):
            assert await raw.publish(channel, body) == 1
        stranger.publish("a", {"id": "forged"})
        true = RedisHints(redis_url, KEY)
        await raw.publish(channel, true._seal(channel, {"id": "true"}))
        await raw.aclose()
        assert {"id": "true"} == await feed.get(PATIENCE_S)
        assert await feed.get(0.02) is None


async def test_nothing_readable_passes_through_redis(redis_url: str) -> None:
    """Streamed text crosses Redis sealed, under a name that says nothing."""
    raw: Redis = Redis.from_url(redis_url)
    async with running(RedisHints(redis_url, KEY)) as here, raw.pubsub() as listener:
        await until(lambda: here.healthy)
        await listener.psubscribe("*")
        await listener.get_message(timeout=PATIENCE_S)
        message = None
        async with asyncio.timeout(PATIENCE_S):
            while message is None:
                here.publish("session-canary", {"text": "canary"})
                message = await listener.get_message(timeout=0.05)
    await raw.aclose()
    assert b"canary" not in message["channel"] + message["data"]


async def test_redis_killed_and_started_again(own_redis: servers.Redis) -> None:
    """While Redis is gone nothing raises and this process still hears itself; afterwards the others hear again."""
    async with two_processes(own_redis.url) as (here, there), there.subscribe("a") as far, here.subscribe("a") as near:
        await heard_across(here, far, "a")
        own_redis.kill()
        await until(lambda: not here.healthy and not there.healthy)
        while await near.get(0) is not None:
            pass
        here.publish("a", {"n": 1})
        assert {"n": 1} == await near.get(PATIENCE_S)
        assert [True, False] == [await here.allow("a", 2, 60.0) for _ in range(2)]
        own_redis.start()
        await heard_across(here, far, "a")
        await until(lambda: here.healthy and there.healthy)


async def test_redis_down_at_the_start(own_redis: servers.Redis) -> None:
    """Hints start without Redis and find it when it comes."""
    own_redis.kill()
    async with running(RedisHints(own_redis.url, KEY)) as here, here.subscribe("a") as feed:
        assert not here.healthy
        here.publish("a", {"n": 1})
        assert {"n": 1} == await feed.get(PATIENCE_S)
        own_redis.start()
        await until(lambda: here.healthy)


async def test_flushall_costs_nothing_but_counters(redis_server: servers.Redis, redis_url: str) -> None:
    """After FLUSHALL hints go on and limits start afresh."""
    async with two_processes(redis_url) as (here, there), there.subscribe("a") as feed:
        assert not [await here.allow("a", 1, 60.0) for _ in range(2)][1]
        redis_server.flush()
        assert await here.allow("a", 1, 60.0)
        await heard_across(here, feed, "a")


async def test_a_slow_redis_is_not_waited_for(own_redis: servers.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Redis paused a limit is answered from memory within its patience, and soon without asking at all."""
    monkeypatch.setattr(redis_hints, "PATIENCE_S", 0.05)
    async with running(RedisHints(own_redis.url, KEY)) as here:
        await until(lambda: here.healthy)
        raw: Redis = Redis.from_url(own_redis.url)
        await raw.execute_command("CLIENT", "PAUSE", "2000", "ALL")  # type: ignore[no-untyped-call]
        for n in range(4):
            assert await here.allow(str(n), 2, 60.0)
        assert not here.healthy
        began = time.perf_counter()
        for n in range(100):
            assert await here.allow(f"more {n}", 2, 60.0)
        here.publish("a", {"n": 1})
        assert time.perf_counter() - began < 0.3
        await raw.aclose()


async def test_a_quiet_connection_is_kept(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is met with a ping, and its answer keeps the connection."""
    monkeypatch.setattr(redis_hints, "PING_S", 0.02)
    async with two_processes(redis_url) as (here, there), there.subscribe("a") as feed:
        assert await feed.get(0.2) is None
        assert there.healthy
        await heard_across(here, feed, "a")


async def test_a_frozen_redis_is_noticed(own_redis: servers.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that keeps the connection but answers nothing counts as down, until it thaws."""
    monkeypatch.setattr(redis_hints, "PING_S", 0.05)
    monkeypatch.setattr(redis_hints, "CONNECT_S", 0.2)
    async with two_processes(own_redis.url) as (here, there), there.subscribe("a") as feed:
        await heard_across(here, feed, "a")
        assert own_redis.process is not None
        own_redis.process.send_signal(signal.SIGSTOP)
        await until(lambda: not there.healthy)
        own_redis.process.send_signal(signal.SIGCONT)
        await until(lambda: here.healthy and there.healthy)
        await heard_across(here, feed, "a")


async def test_a_closed_feed_takes_nothing() -> None:
    """What comes after the end is dropped, and so is what is no payload."""
    feed = Feed()
    feed.put({"n": 1})
    feed.close()
    feed.put({"n": 2})
    assert [{"n": 1}] == [payload async for payload in feed]
