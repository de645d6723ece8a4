"""Hints through Redis for several processes; the only file that imports its client. Losing Redis costs latency only.

Nothing read from Redis is trusted: a message counts only when it was sealed with the deployment's key for its topic.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from state.hints import Fanout, Feed, Limiter, Payload, Scalar, well_formed

T = TypeVar("T")

PATIENCE_S = 0.05  # one exchange with Redis; slower counts as down
CONNECT_S = 1.0  # the listener's exchanges, which nobody waits for
WAITING = 5_000  # hints on their way out
BATCH = 200
PING_S = 10.0
RETRY_S = (0.1, 0.25, 0.5, 1.0)
NONCE = 12
ALWAYS = "tl:all"  # a channel that is always subscribed, so that the connection is one of a subscriber from the start

# KEYS[1] when the key is free again, in ms; ARGV: ms per use, ms of the whole limit
ALLOW = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local start = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
if start - now > ARGV[2] - ARGV[1] then return 0 end
local free = start + ARGV[1]
redis.call('SET', KEYS[1], free, 'PX', math.max(1, math.ceil(free - now)))
return 1
"""

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Breaker:
    """Stops asking after `limit` failures in a row, for ever longer up to `longest_s`; then one may try."""

    limit: int = 3
    first_s: float = 0.5
    longest_s: float = 5.0
    failures: int = 0
    closed_at: float = 0.0

    def open(self, now: float) -> bool:
        """Whether nobody should ask now."""
        return self.failures >= self.limit and now < self.closed_at

    def failed(self, now: float) -> None:
        """Note a failure."""
        self.failures += 1
        beyond = min(self.failures - self.limit, 10)
        if beyond >= 0:
            self.closed_at = now + min(self.longest_s, self.first_s * 2**beyond)

    def worked(self) -> None:
        """Note an answer."""
        self.failures = 0


class RedisHints:
    """Hints among all processes that share a Redis and a key. One connection listens, however many subscribe."""

    def __init__(self, url: str, key: bytes) -> None:
        """Keep the address and the shared key; connect to nothing yet."""
        self._url = url
        self._cipher = AESGCM(key)
        self._name_key = hashlib.blake2b(key, person=b"hint-names").digest()
        self._origin = secrets.token_hex(8)
        self._fanout = Fanout()
        self._strict = Limiter()
        self._breaker = Breaker()
        self._outgoing: deque[tuple[str, bytes]] = deque(maxlen=WAITING)
        self._send = asyncio.Event()
        self._topics_changed = asyncio.Event()
        self._heard: dict[str, asyncio.Event] = {}
        self._channels: dict[str, str] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._client: Redis | None = None
        self._listening = False
        self._running = False

    @property
    def healthy(self) -> bool:
        """Whether hints reach other processes at the moment. False costs latency only."""
        return self._listening and not self._breaker.open(time.monotonic())

    async def start(self) -> None:
        """Start sending and listening in the background."""
        self._running = True
        self._client = _connect(self._url, CONNECT_S)
        self._tasks = [asyncio.create_task(self._send_for_ever()), asyncio.create_task(self._listen_for_ever())]

    async def close(self) -> None:
        """End all feeds and connections."""
        self._running = False  # a cancellation can get lost in the client while it connects
        self._outgoing.clear()
        self._fanout.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def publish(self, topic: str, payload: Mapping[str, Scalar]) -> None:
        """Tell this process at once and the others soon; the oldest are lost when Redis is slow or down."""
        given = dict(payload)
        if not well_formed(given):
            return
        self._fanout.tell(topic, given)
        if self._client is not None and not self._breaker.open(time.monotonic()):
            channel = self._channel(topic)
            self._outgoing.append((channel, self._seal(channel, given)))
            self._send.set()

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[Feed]:
        """A feed of a topic's hints; it is live on entry unless Redis is slow or down."""
        channel = self._channel(topic)
        self._channels[channel] = topic
        feed = self._fanout.add(topic)
        self._topics_changed.set()
        try:
            await self._until_heard(channel)
            yield feed
        finally:
            self._fanout.remove(topic, feed)
            if topic not in self._fanout.topics():
                self._channels.pop(channel, None)
                self._heard.pop(channel, None)
                self._topics_changed.set()

    async def allow(self, key: str, limit: int, per_s: float) -> bool:
        """Whether one more use of `key` keeps it at `limit` within `per_s`; without Redis half of it, here alone."""
        if limit < 1:
            return False
        if self._client is not None and not self._breaker.open(time.monotonic()):
            name = f"tl:limit:{self._hash(key)}"
            window = per_s * 1000
            ran = self._client.eval(ALLOW, 1, name, str(window / limit), str(window))
            answer = await self._within_patience(ran)
            if answer is not None:
                return bool(answer)
        return self._strict.allow(key, max(1, limit // 2), per_s)

    async def _until_heard(self, channel: str) -> None:
        if not self._listening:
            return
        heard = self._heard.setdefault(channel, asyncio.Event())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S * 5):
                await heard.wait()

    async def _within_patience(self, asked: Awaitable[T], patience: float | None = None) -> T | None:
        """The answer, or None after a failure, which the breaker takes note of."""
        try:
            async with asyncio.timeout(patience or PATIENCE_S):
                answer = await asked
        except (RedisError, OSError, TimeoutError) as error:
            self._breaker.failed(time.monotonic())
            log.debug("redis_failed", error=type(error).__name__)
            return None
        self._breaker.worked()
        return answer

    async def _send_for_ever(self) -> None:
        if self._client is not None:  # a first connection takes longer than an exchange; nobody waits for it here
            await self._within_patience(self._client.ping(), CONNECT_S)
        while self._running:
            await self._send.wait()
            self._send.clear()
            while self._outgoing and self._client is not None:
                batch = [self._outgoing.popleft() for _ in range(min(BATCH, len(self._outgoing)))]
                pipe = self._client.pipeline(transaction=False)
                for channel, body in batch:
                    pipe.publish(channel, body)
                await self._within_patience(pipe.execute())
                if self._breaker.open(time.monotonic()):
                    self._outgoing.clear()

    async def _listen_for_ever(self) -> None:
        failures = 0
        while self._running:
            began = time.monotonic()
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError) as error:
                if self._listening or not failures:
                    log.warning("redis_lost", error=type(error).__name__)
            self._listening = False
            self._heard.clear()
            failures = 0 if time.monotonic() - began > PING_S else failures + 1
            await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])

    async def _listen(self) -> None:
        """One connection's life; ends by an error, or by a silence that two pings did not break."""
        async with _connect(self._url, None) as client, client.pubsub() as pubsub:
            async with asyncio.timeout(CONNECT_S):
                await pubsub.subscribe(ALWAYS)
            following = {ALWAYS}
            reader = _Reader(pubsub)
            changed = asyncio.ensure_future(self._topics_changed.wait())
            self._topics_changed.set()
            try:
                while self._running:
                    reading = reader.next()
                    both: set[asyncio.Future[Any]] = {reading, changed}
                    await asyncio.wait(both, timeout=PING_S, return_when=asyncio.FIRST_COMPLETED)
                    if reading.done():
                        self._take(reader.take())
                    elif not changed.done():
                        await reader.ping()
                    if changed.done():
                        self._topics_changed.clear()
                        changed = asyncio.ensure_future(self._topics_changed.wait())
                        following = await self._follow(pubsub, following)
            finally:
                changed.cancel()
                reader.cancel()

    async def _follow(self, pubsub: PubSub, following: set[str]) -> set[str]:
        """Subscribe to what is wanted now and unsubscribe from the rest."""
        wanted = {ALWAYS, *self._channels}
        async with asyncio.timeout(CONNECT_S):
            if new := wanted - following:
                await pubsub.subscribe(*new)
            if old := following - wanted:
                await pubsub.unsubscribe(*old)
        for channel in (
            following & self._channels.keys()
        ):  # asked for again before it was let go: no new confirmation will come
            self._heard.setdefault(channel, asyncio.Event()).set()
        return wanted

    def _take(self, message: dict[str, object] | None) -> None:
        """Act on one message from Redis: a confirmed subscription, or a hint that opens with our key."""
        if message is None:
            return
        channel, kind = _text(message.get("channel")), message.get("type")
        self._listening = self._listening or kind == "subscribe"
        if channel not in self._channels:
            return
        if kind == "subscribe":
            self._heard.setdefault(channel, asyncio.Event()).set()
        elif kind == "message":
            payload = self._unseal(channel, message.get("data"))
            if payload is not None:
                self._fanout.tell(self._channels[channel], payload)

    def _channel(self, topic: str) -> str:
        return f"tl:hint:{self._hash(topic)}"

    def _hash(self, name: str) -> str:
        """A name of fixed length and harmless letters, whatever the topic or key is made of."""
        return hashlib.blake2b(name.encode(errors="replace"), key=self._name_key, digest_size=16).hexdigest()

    def _seal(self, channel: str, payload: Payload) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher.encrypt(nonce, orjson.dumps([self._origin, payload]), channel.encode())

    def _unseal(self, channel: str, data: object) -> Payload | None:
        """The payload; None for our own messages and for everything that is not sealed for this channel."""
        if not isinstance(data, bytes) or len(data) < NONCE:
            return None
        try:
            origin, payload = orjson.loads(self._cipher.decrypt(data[:NONCE], data[NONCE:], channel.encode()))
        except (InvalidTag, ValueError):
            return None
        return payload if origin != self._origin and well_formed(payload) else None


class _Reader:
    """Reads one message at a time and can tell a quiet connection from a dead one."""

    def __init__(self, pubsub: PubSub) -> None:
        self._pubsub = pubsub
        self._reading: asyncio.Future[dict[str, object] | None] | None = None
        self._pings = 0

    def next(self) -> asyncio.Future[dict[str, object] | None]:
        """The message being waited for."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._pubsub.get_message(timeout=None))
        return self._reading

    def take(self) -> dict[str, object] | None:
        """The message that has come; raises what went wrong."""
        reading, self._reading = self._reading, None
        self._pings = 0
        return reading.result() if reading else None

    async def ping(self) -> None:
        """Ask for a sign of life; raises TimeoutError when two earlier questions brought none."""
        if self._pings >= 2:
            raise TimeoutError
        self._pings += 1
        async with asyncio.timeout(CONNECT_S):
            await self._pubsub.ping()

    def cancel(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()


def _connect(url: str, patience: float | None) -> Redis:
    """A client that never retries by itself and hands out bytes."""
    client: Redis = Redis.from_url(
        url,
        socket_timeout=patience,
        socket_connect_timeout=CONNECT_S,
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
    )
    return client


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""
