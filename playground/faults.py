"""Switchable trouble for the pretended services. Faults live in memory and are gone after a restart."""

import asyncio
import contextlib
import fnmatch
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from playground import http

Refuse = Callable[[int], web.Response]
FOREVER_MS = 120_000


@dataclass(slots=True, kw_only=True)
class Fault:
    """One kind of trouble for the next `times` requests whose path matches."""

    kind: str
    path: str
    times: int
    ms: int
    status: int
    method: str
    code: str = ""


@dataclass(slots=True, kw_only=True)
class Faults:
    """The faults that are switched on for one service; `requests` names the kinds that strike requests."""

    requests: Iterable[str]
    events: Iterable[str] = ()
    usual: int = 500  # the status of a fault that names none
    active: list[Fault] = field(default_factory=list)

    def take(self, kinds: Iterable[str], path: str, method: str, query: str = "") -> Fault | None:
        """Use up one occurrence of the first fault that fits, if there is one; its path may have a query, too."""
        for fault in self.active:
            if fault.kind in kinds and fault.method in {"*", method} and _fits(fault, path, query):
                fault.times -= 1
                if fault.times <= 0:
                    self.active.remove(fault)
                return fault
        return None

    def look(self, kind: str) -> Fault | None:
        """Return a fault that holds for as long as it is switched on, without using it up."""
        return next((fault for fault in self.active if fault.kind == kind), None)

    def parse(self, wanted: dict[str, Any]) -> Fault:
        """Read one fault as it came, with defaults for what is left out."""
        kinds = [*self.requests, *self.events]
        if wanted.get("kind") not in kinds:
            raise http.bad_request(f"kind must be one of: {', '.join(kinds)}")
        return Fault(
            kind=wanted["kind"],
            path=str(wanted.get("path") or "*"),
            times=http.whole(wanted, "times", default=1, least=1),
            ms=http.whole(wanted, "ms", default=0, least=0),
            status=http.whole(wanted, "status", default=self.usual, least=400),
            method=str(wanted.get("method") or "*").upper(),
            code=str(wanted.get("code") or ""),
        )


def _fits(fault: Fault, path: str, query: str) -> bool:
    return fnmatch.fnmatch(path, fault.path) or ("?" in fault.path and fnmatch.fnmatch(f"{path}?{query}", fault.path))


def routes(faults: Faults) -> list[web.RouteDef]:
    """Build the three routes by which a test switches faults on, looks at them and clears them."""

    async def switch_on(request: web.Request) -> web.Response:
        faults.active.append(faults.parse(await http.json_object(request)))
        return http.answer({"faults": faults.active}, status=201)

    async def show(_: web.Request) -> web.Response:
        return http.answer({"faults": faults.active})

    async def clear(_: web.Request) -> web.Response:
        faults.active.clear()
        return http.answer({"faults": []})

    return [web.post("/faults", switch_on), web.get("/faults", show), web.delete("/faults", clear)]


def striking(faults: Faults, *, mount: str, refuse: Refuse) -> Middleware:
    """Build the middleware that lets faults strike; paths are matched without what precedes `mount`."""

    @web.middleware
    async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.partition(mount)[2] or "/"
        if path == "/faults":
            return await handler(request)
        fault = faults.take(faults.requests, path, request.method, request.query_string)
        if fault is None:
            return await handler(request)
        return await ACTS[fault.kind](fault, request, handler, refuse)

    return strike


async def _latency(fault: Fault, request: web.Request, handler: Handler, _: Refuse) -> web.StreamResponse:
    await asyncio.sleep(fault.ms / 1000)
    return await handler(request)


async def _late(fault: Fault, request: web.Request, handler: Handler, _: Refuse) -> web.StreamResponse:
    response = await handler(request)
    await asyncio.sleep(fault.ms / 1000)
    return response


async def _twice(_: Fault, request: web.Request, handler: Handler, __: Refuse) -> web.StreamResponse:
    await request.read()  # keeps the body for the second run
    await handler(request)
    return await handler(request)


async def _error(fault: Fault, _: web.Request, __: Handler, refuse: Refuse) -> web.StreamResponse:
    return refuse(fault.status)


async def _rate_limited(fault: Fault, _: web.Request, __: Handler, refuse: Refuse) -> web.StreamResponse:
    response = refuse(429)
    response.headers["Retry-After"] = str(max(1, -(-fault.ms // 1000)))
    return response


async def _timeout(fault: Fault, request: web.Request, _: Handler, refuse: Refuse) -> web.StreamResponse:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout((fault.ms or FOREVER_MS) / 1000):
            # aiohttp tells no handler that its caller left, hence the look every 20 ms
            while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    return _hang_up(request, refuse)


async def _accept_then_hang(fault: Fault, request: web.Request, handler: Handler, refuse: Refuse) -> web.StreamResponse:
    with contextlib.suppress(web.HTTPException):
        await handler(request)
    return await _timeout(fault, request, handler, refuse)


async def _lost_answer(_: Fault, request: web.Request, handler: Handler, refuse: Refuse) -> web.StreamResponse:
    with contextlib.suppress(web.HTTPException):
        await handler(request)
    return _hang_up(request, refuse)


async def _reset(_: Fault, request: web.Request, __: Handler, refuse: Refuse) -> web.StreamResponse:
    return _hang_up(request, refuse)


def _hang_up(request: web.Request, refuse: Refuse) -> web.Response:
    """Drop the connection hard; the answer that is returned then reaches nobody."""
    transport = request.transport
    if transport is not None:
        peer = transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return refuse(500)


Act = Callable[[Fault, web.Request, Handler, Refuse], Awaitable[web.StreamResponse]]
ACTS: dict[str, Act] = {
    "latency": _latency,  # waits `ms`, then works as usual
    "error": _error,  # answers `status`, applies nothing
    "timeout": _timeout,  # applies nothing and stays silent for `ms` (two minutes), then hangs up
    "lost_answer": _lost_answer,  # applies and commits, then breaks the connection
    "reset": _reset,  # breaks the connection before anything is applied
    "rate_limited": _rate_limited,  # 429 with Retry-After of `ms`, in whole seconds
    "late": _late,  # applies, then answers after `ms`
    "twice": _twice,  # works on one request two times, as a repeating proxy does
    "accept_then_hang": _accept_then_hang,  # applies and commits, then stays silent like `timeout`
}
REQUEST_KINDS = tuple(ACTS)
