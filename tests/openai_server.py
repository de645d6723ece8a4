"""A scripted OpenAI-compatible server on loopback: answers what a test told it to, refuses what the real one would.

`python -m tests.openai_server --port 9101` runs it with the demonstration planner.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import sys
from collections import deque
from typing import Self

from aiohttp import web

from tests import openai_checks, openai_planner, openai_shapes
from tests.openai_script import Api, Request, Rule, Step, call, call_badly, fault, say

__all__ = ["OpenAIServer", "Request", "Rule", "Step", "call", "call_badly", "fault", "say"]

MODELS = ("gpt-6.1-terra", "gpt-6-luna", "gpt-4o-mini")
REFUSALS = {
    "rate_limit": (429, "rate_limit_exceeded"),
    "quota": (429, "insufficient_quota"),
    "status": (None, "server_error"),  # the step says which
}
NO_ANSWER = {"not_json": "<html>gateway</html>", "not_object": '["surprise"]', "hang": "", "disconnect": ""}


class OpenAIServer:
    """Answers from a queue of steps, then by a rule. Keeps every request; at the end no step may be left over."""

    def __init__(self, *steps: Step, rule: Rule | None = None) -> None:
        """Take the first steps, and the rule that answers when they are used up."""
        self.steps = deque(steps)
        self.rule = rule
        self.requests: list[Request] = []
        self.refused: list[openai_checks.Problem] = []
        self.unscripted = 0
        self.arrived = asyncio.Event()  # a first request is there
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.url = ""

    def script(self, *steps: Step) -> None:
        """Add steps to the queue."""
        self.steps.extend(steps)

    @property
    def last(self) -> Request:
        """The newest request."""
        return self.requests[-1]

    async def start(self, *, port: int = 0) -> None:
        """Listen on loopback; `url` is what OPENAI_BASE_URL wants."""
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/responses", self._responses)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/_script", self._take_script)
        app.router.add_get("/_requests", self._show_requests)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def close(self) -> None:
        """Let every hanging answer go, and stop."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        await self.close()
        if kind is None:
            self.check_consumed()

    def check_consumed(self) -> None:
        """Fail when a step was never asked for, or a request came that nobody had scripted."""
        assert not self.steps, f"steps left over: {list(self.steps)}"
        assert not self.unscripted, f"{self.unscripted} requests without a step"

    async def _chat(self, http: web.Request) -> web.StreamResponse:
        return await self._answer(http, "chat")

    async def _responses(self, http: web.Request) -> web.StreamResponse:
        return await self._answer(http, "responses")

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response(openai_shapes.models(MODELS))

    async def _take_script(self, http: web.Request) -> web.Response:
        """Take steps as JSON, for runs in which the server is a process of its own."""
        for raw in await http.json():
            calls = tuple((made["name"], made["arguments"]) for made in raw.pop("calls", []))
            self.steps.append(Step(calls=calls, **raw))
        return web.json_response({"steps": len(self.steps)})

    async def _show_requests(self, _: web.Request) -> web.Response:
        return web.json_response([{"api": request.api, "body": request.body} for request in self.requests])

    async def _answer(self, http: web.Request, api: Api) -> web.StreamResponse:
        request = Request(api=api, body=await http.json(), headers=http.headers)
        self.requests.append(request)
        self.arrived.set()
        problem = openai_checks.first_problem(request)
        if problem:
            self.refused.append(problem)
            kind = "invalid_request_error"
            refusal = openai_shapes.error(message=problem.message, kind=kind, code=problem.code, param=problem.param)
            return web.json_response(refusal, status=problem.status, headers={"x-request-id": "req_scripted"})
        step = self._next_step(request)
        if step.fault:
            return await self._fail(http, request, step)
        return web.json_response(openai_shapes.answer(request, step, len(self.requests)))

    def _next_step(self, request: Request) -> Step:
        if self.steps:
            return self.steps.popleft()
        if self.rule:
            return self.rule(request)
        self.unscripted += 1
        return fault("status", status=500, code="unscripted")

    async def _fail(self, http: web.Request, request: Request, step: Step) -> web.StreamResponse:
        if step.fault in REFUSALS:
            return _refuse(step)
        if step.fault in {"stall", "truncate"}:
            return await self._break_off(http, request, step)
        if step.fault == "hang":
            await self._closing.wait()
        if step.fault in {"hang", "disconnect"}:
            _cut(http)
        if step.fault in NO_ANSWER:
            return web.Response(text=NO_ANSWER[step.fault], content_type="application/json")
        scripted = dataclasses.replace(step, text="Half an ans") if step.fault == "incomplete" else step
        return web.json_response(openai_shapes.answer(request, scripted, len(self.requests)))

    async def _break_off(self, http: web.Request, request: Request, step: Step) -> web.StreamResponse:
        """Send half of an answer; then say nothing more, or hang up."""
        text = json.dumps(openai_shapes.answer(request, step, len(self.requests))).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(text))})
        await response.prepare(http)
        await response.write(text[: len(text) // 2])
        if step.fault == "stall":
            await self._closing.wait()
        _cut(http)
        return response


def _refuse(step: Step) -> web.Response:
    status, code = REFUSALS[step.fault or ""]
    named = step.code or code
    body = openai_shapes.error(message="Refused (scripted server).", kind=named, code=named)
    return web.json_response(
        body, status=status or step.status, headers={"x-request-id": "req_scripted", **step.headers}
    )


def _cut(http: web.Request) -> None:
    if http.transport is not None:
        http.transport.abort()


async def _run(port: int) -> None:
    server = OpenAIServer(rule=openai_planner.plan)
    await server.start(port=port)
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9101)
    try:
        asyncio.run(_run(parser.parse_args().port))
    except KeyboardInterrupt:
        sys.exit(130)
