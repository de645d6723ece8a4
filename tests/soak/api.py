"""A shop over HTTP that misbehaves by plan; a process of its own, whose books outlive it and the bot.

`POST /orders/<tool>` takes an order `{"order", "reference", "pid"}`; for `keyed` and `blind` the `Idempotency-Key`
makes a repeated call the same order, for the others every call is one more. `GET /orders/<tool>?reference=` reads back.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from tests.soak import plan
from tests.soak.ledger import Effect, Ledger

KEYED = frozenset({"keyed", "blind"})
PHRASES = {200: "OK", 404: "Not Found", 409: "Conflict", 422: "Unprocessable", 429: "Busy", 500: "Error", 503: "Down"}
ERRORS = {422: "no_stock", 409: "idempotency_key_in_progress"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, and the line it came by."""

    verb: str
    tool: str
    order: str
    reference: str
    key: str
    pid: int
    line: asyncio.StreamWriter

    def answer(self, status: int, body: Json | None = None, *, times: int = 1, cut: int | None = None) -> None:
        """Answer; several times over, or only the first `cut` bytes before the line breaks."""
        wrong = {"error": {"code": ERRORS.get(status, "error"), "message": PHRASES[status]}}
        data = orjson.dumps(body if status == 200 else wrong)
        again = "Retry-After: 1\r\n" if status == 429 else ""
        head = f"HTTP/1.1 {status} {PHRASES[status]}\r\nContent-Type: application/json\r\n{again}"
        whole = f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data
        self.line.write((whole * times)[: None if cut is None else len(whole) - cut])
        if cut is not None:
            self.line.close()

    def drop(self) -> None:
        """Break the line without a word."""
        self.line.transport.abort()


@dataclass(slots=True, kw_only=True)
class Shop:
    """Takes orders once per key, or once per call. `late_s`: longer than any caller waits; `pause_s`: than a lease.

    `only`: what may happen to a call that writes, where that is not all of it; nothing then happens to the others.
    """

    ledger: Ledger
    seed: int
    late_s: float
    pause_s: float
    only: tuple[str, ...] = ()
    calm: bool = False
    under_way: set[str] = field(default_factory=set)
    later: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                await self._take(head, reader, writer)
                await writer.drain()
        writer.close()

    async def _take(self, head: str, reader: asyncio.StreamReader, line: asyncio.StreamWriter) -> None:
        method, target, _ = head.split(" ", 2)
        fields = dict(row.lower().split(": ", 1) for row in head.split("\r\n")[1:] if ": " in row)
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        url = urlsplit(target)
        given: Json = orjson.loads(body) if body else {k: v[0] for k, v in parse_qs(url.query).items()}
        if url.path in {"/calm", "/health"}:
            self.calm = self.calm or url.path == "/calm"
            if self.calm and self.later:
                await asyncio.wait(self.later)  # the books are not compared before what comes late is in them
            line.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            return
        call = Call(
            verb="write" if method == "POST" else "read",
            tool=url.path.rpartition("/")[2],
            order=str(given["order"]),
            reference=str(given["reference"]),
            key=fields.get("idempotency-key", ""),
            pid=int(given["pid"]),
            line=line,
        )
        await (self._write(call) if call.verb == "write" else self._read(call))

    async def _read(self, call: Call) -> None:
        n = self.ledger.calls("read", call.order) + 1
        fault = "fine" if self.calm or self.only else plan.of_read(self.seed, call.tool, call.order, n)
        self.ledger.call("read", call.order, call.reference, fault)
        found = self.ledger.find(call.reference)
        body = {"found": _shown(found) if found else None}
        match fault:
            case "500" | "429" | "down":
                call.answer(503 if fault == "down" else int(fault))
            case "reset unread":
                call.drop()
            case "hangs":
                await self._hang(call)
            case "half an answer":
                call.answer(200, body, cut=5)
            case _:
                call.answer(200, body)

    async def _write(self, call: Call) -> None:
        """Strike as planned. What a key has done already it does again without an effect, whatever strikes."""
        n = self.ledger.calls("write", call.order) + 1
        fault = "fine" if self.calm else plan.of_write(self.seed, call.order, n, self.only)
        self.ledger.call("write", call.order, call.reference, fault)
        await STRIKES[fault](self, call)

    def apply(self, call: Call) -> Effect | None:
        """The effect: one per key where keys count, else one per call. None for what was refused for good."""
        if self.ledger.is_refused(call.reference):
            return None
        known = self.ledger.find(call.key) if call.tool in KEYED else None
        return known or self.ledger.apply(call.tool, call.order, call.reference)

    def settle(self, call: Call, *, times: int = 1, cut: int | None = None) -> None:
        """Apply and answer, as an honest shop does."""
        if call.tool in KEYED and call.key in self.under_way:
            call.answer(409)
            return
        done = self.apply(call)
        if done is None:
            call.answer(422)
        else:
            call.answer(200, _shown(done), times=times, cut=cut)

    async def dropped(self, call: Call) -> None:
        """Apply, and say nothing."""
        self.apply(call)
        call.drop()

    async def answered_late(self, call: Call) -> None:
        """Apply, and answer when nobody listens any more."""
        done = self.apply(call)
        await asyncio.sleep(self.late_s)
        if done:
            call.answer(200, _shown(done))
        call.drop()

    async def applied_late(self, call: Call) -> None:
        """Apply when nobody listens any more; until then the key is in use."""
        if call.tool in KEYED and call.key in self.under_way:
            call.answer(409)
            return
        self.under_way.add(call.key)
        task = asyncio.create_task(self._later(call))
        self.later.add(task)
        task.add_done_callback(self.later.discard)
        await asyncio.wait([task])
        call.drop()

    async def _later(self, call: Call) -> None:
        await asyncio.sleep(self.late_s)
        self.under_way.discard(call.key)
        self.apply(call)

    async def twice(self, call: Call) -> None:
        """Answer twice on one line."""
        self.settle(call, times=2)

    async def half(self, call: Call) -> None:
        """Apply, and break off amid the answer."""
        self.settle(call, cut=5)

    async def dies_after(self, call: Call) -> None:
        """Apply and die."""
        self.apply(call)
        os._exit(1)

    async def dies_first(self, call: Call) -> None:
        """Die with the request in hand."""
        del call
        os._exit(1)

    async def fails_after(self, call: Call) -> None:
        """Apply and claim to have failed."""
        self.apply(call)
        call.answer(500)

    async def refused(self, call: Call) -> None:
        """Turn it down for good, unless it was taken already."""
        if self.ledger.find(call.reference) or call.key in self.under_way:
            self.settle(call)
            return
        self.ledger.refuse(call.reference)
        call.answer(422)

    async def paused_after(self, call: Call) -> None:
        """Apply, with the caller asleep until its lease is over; the answer waits for it."""
        done = self.apply(call)
        await self._asleep(call)
        if done:
            call.answer(200, _shown(done))
        else:
            call.answer(422)

    async def paused_first(self, call: Call) -> None:
        """The same, applied at the end."""
        await self._asleep(call)
        self.settle(call)

    async def _asleep(self, call: Call) -> None:
        self.ledger.pause(call.pid)
        await asyncio.sleep(self.pause_s)
        self.ledger.wake(call.pid)

    async def killed_after(self, call: Call) -> None:
        """Apply, and see the caller die before the answer."""
        self.settle_quietly(call)
        _kill(call.pid)

    async def killed_first(self, call: Call) -> None:
        """See the caller die, and apply what it sent."""
        _kill(call.pid)
        self.settle_quietly(call)

    def settle_quietly(self, call: Call) -> None:
        """Apply; there is nobody to answer."""
        self.apply(call)
        call.drop()

    async def _hang(self, call: Call) -> None:
        await asyncio.sleep(self.late_s)
        call.drop()


def _answering(status: int) -> Callable[[Shop, Call], Awaitable[None]]:
    async def strike(_: Shop, call: Call) -> None:
        call.answer(status)

    return strike


async def _honest(shop: Shop, call: Call) -> None:
    shop.settle(call)


async def _reset(_: Shop, call: Call) -> None:
    call.drop()


STRIKES: dict[str, Callable[[Shop, Call], Awaitable[None]]] = {
    "fine": _honest,
    "applied, connection dropped": Shop.dropped,
    "applied, answered too late": Shop.answered_late,
    "applied too late": Shop.applied_late,
    "applied, answered twice": Shop.twice,
    "applied, the shop dies": Shop.dies_after,
    "the shop dies first": Shop.dies_first,
    "applied, 500": Shop.fails_after,
    "500": _answering(500),
    "429": _answering(429),
    "reset unread": _reset,
    "hangs": Shop._hang,
    "refused": Shop.refused,
    "applied, half an answer": Shop.half,
    "applied, caller paused": Shop.paused_after,
    "caller paused, then applied": Shop.paused_first,
    "applied, caller killed": Shop.killed_after,
    "caller killed, then applied": Shop.killed_first,
}


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _shown(effect: Effect) -> Json:
    return {"number": f"S-{effect.number}", "order": effect.order}


async def _run(arguments: argparse.Namespace) -> None:
    ledger = Ledger(Path(arguments.ledger))
    ledger.wake()  # whom a shop that died has left asleep
    shop = Shop(
        ledger=ledger,
        seed=arguments.seed,
        late_s=arguments.late,
        pause_s=arguments.pause,
        only=tuple(arguments.only),
    )
    server = await asyncio.start_server(shop.serve, "127.0.0.1", arguments.port)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.api", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ledger", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--late", type=float, required=True)
    parser.add_argument("--pause", type=float, required=True)
    parser.add_argument("--only", action="append", default=[], choices=list(plan.WRITES))
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
