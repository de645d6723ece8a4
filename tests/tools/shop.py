"""A small outside API that fails as told and counts its effects, and tools that use it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import BaseModel, ConfigDict, Field

from state.identity import Assurance
from state.session import Action
from tests.tools.writes import agreed
from tools import failures
from tools.base import Caller, Context, FromSession, Outcome, tool
from tools.gateway import Gateway
from tools.http import Endpoint, Systems

CALLER = Caller(
    actor="bot",
    session_id="S-1",
    user_id="U-1",
    channel="web",
    assurance=Assurance.CHANNEL,
    customer_id="C-1",
    scopes=frozenset({"shop"}),
)


class Shop:
    """Takes orders. Each POST (and each GET) uses up one word of its script; without one it works."""

    def __init__(self, *, keyed: bool) -> None:
        self.keyed = keyed
        self.effects: list[tuple[str, Any]] = []
        self.posts: deque[str] = deque()
        self.gets: deque[str] = deque()
        self.posted = self.got = 0

    async def order(self, request: web.Request) -> web.StreamResponse:
        """Take an order as the script says."""
        self.posted += 1
        word = self.posts.popleft() if self.posts else "ok"
        if word in {"ok", "lost", "late", "applied_500", "garbled", "huge"}:
            self._apply(request.headers.get("Idempotency-Key", ""), await request.json())
        return await self._answer(word, request, {"order": len(self.effects)})

    async def find(self, request: web.Request) -> web.StreamResponse:
        """Find an order by key as the script says."""
        self.got += 1
        word = self.gets.popleft() if self.gets else "ok"
        found = [n for n, (key, _) in enumerate(self.effects, 1) if key == request.query["key"]]
        return await self._answer(word, request, {"order": found[0] if found else None})

    def _apply(self, key: str, body: Any) -> None:  # noqa: ANN401  JSON
        if not self.keyed or key not in {known for known, _ in self.effects}:
            self.effects.append((key, body))

    async def _answer(self, word: str, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if word in {"lost", "reset"}:
            hang_up(request)
        elif word == "late":
            await asyncio.sleep(0.5)
        elif word == "garbled":
            return web.Response(text="<html>", content_type="application/json")
        elif word == "huge":
            return web.Response(text=" " * 1_000_001)
        elif word not in {"ok", "twice"}:
            status = int(word.rpartition("_")[2])
            wrong = {"error": {"code": "no_stock", "message": "Sold out."}}
            return web.json_response(wrong, status=status, headers={"Retry-After": "0"})
        return web.json_response(body)


def hang_up(request: web.Request) -> None:
    """Drop the connection hard."""
    assert request.transport is not None
    peer: socket.socket = request.transport.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


@asynccontextmanager
async def open_shop(*, keyed: bool = True) -> AsyncIterator[tuple[Shop, Systems]]:
    """A shop that is open, and the systems that reach it."""
    shop = Shop(keyed=keyed)
    app = web.Application()
    app.add_routes([web.post("/v1/orders", shop.order), web.get("/v1/orders", shop.find)])
    async with TestServer(app, host="127.0.0.1") as server:
        systems = Systems({"shop": Endpoint(base_url=str(server.make_url("")).rstrip("/"), token="t")})
        try:
            yield shop, systems
        finally:
            await systems.close()


class Strict(BaseModel):
    """Refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class Order(Strict):
    """What to order."""

    item: Annotated[str, Field(max_length=20, description="What it is called")]
    count: Annotated[int, Field(ge=1)] = 1
    customer_id: Annotated[str, FromSession("customer_id")]


class Receipt(Strict):
    """What was ordered."""

    order: int


class Key(Strict):
    """Which order to look up."""

    key: str


async def find_order(arguments: Order, context: Context) -> Receipt | None:
    """Read an order back."""
    found = await context.get("shop", "/v1/orders", {"key": context.key or ""})
    return Receipt(order=found["order"]) if found["order"] else None


async def place(arguments: Order, context: Context) -> Receipt:
    """Send an order."""
    return Receipt.model_validate(await context.post("shop", "/v1/orders", arguments.model_dump()))


@tool(kind="transact", effect="keyed", probe=find_order, scopes=("shop",))
async def order_keyed(arguments: Order, context: Context) -> Receipt:
    """Order where keys are known, and can be read back."""
    return await place(arguments, context)


@tool(kind="transact", effect="keyed", scopes=("shop",))
async def order_keyed_blind(arguments: Order, context: Context) -> Receipt:
    """Order where keys are known, but nothing can be read back."""
    return await place(arguments, context)


@tool(kind="transact", effect="probeable", probe=find_order, scopes=("shop",))
async def order_unkeyed(arguments: Order, context: Context) -> Receipt:
    """Order where keys mean nothing, but can be read back."""
    return await place(arguments, context)


@tool(kind="lookup", scopes=("shop",))
async def get_order(arguments: Key, context: Context) -> Receipt:
    """Look up an order."""
    found = await context.get("shop", "/v1/orders", {"key": arguments.key})
    if found["order"] is None:
        raise failures.NotFound("There is no such order.")
    return Receipt(order=found["order"])


@tool(kind="lookup", internal=True)
async def count_orders(arguments: Key, context: Context) -> Receipt:
    """Count for the engine."""
    return Receipt(order=0)


@tool(kind="transform")
async def shout(arguments: Key, context: Context) -> Key:
    """Write louder; longer words than ten letters are a defect."""
    if len(arguments.key) > 10:
        raise KeyError(arguments.key)
    return Key(key=arguments.key.upper())


TOOLS = [get_order, order_keyed, order_keyed_blind, order_unkeyed, count_orders, shout]
ORDER = {"item": "tea"}


class Counter:
    """Keeps what was counted."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str]] = []

    def __call__(self, event: str, *, tool: str, reason: str, ms: int) -> None:
        """Keep one."""
        self.seen.append((event, tool, reason))


World = tuple[Shop, Gateway, Counter]


async def confirmed(gateway: Gateway, name: str, *, action_id: str = "A-1") -> Action:
    """An action whose exact terms were agreed to."""
    return agreed(await gateway.propose(name, ORDER, caller=CALLER), action_id=action_id, terms="One tea.")


async def perform(gateway: Gateway, action: Action, *, timeout: float = 5.0, caller: Caller = CALLER) -> Outcome:
    """Carry an action out."""
    return await gateway.perform(action, caller=caller, timeout=timeout, confirmation="Q-1")
