"""The client of outside APIs: every way to fail, named by what it proves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from config.outside import Outside
from config.tuning import Tuning
from state import errors
from tests.tools.shop import hang_up
from tools import failures, http
from tools.http import Endpoint, System, Systems

SAID = {"error": {"code": "no_stock", "message": "Sold out."}}


ANSWERS = {
    "huge": lambda: web.Response(body=b" " * (http.MAX_BODY + 1)),
    "garbled": lambda: web.Response(text="<html>"),
    "empty": lambda: web.Response(status=204),
    "see_other": lambda: web.Response(status=303, headers={"Location": "/v1/echo"}),
    "moved": lambda: web.Response(status=307, headers={"Location": "/v1/echo"}),
    "busy_key": lambda: web.json_response({"error": {"code": "idempotency_key_in_use"}}, status=409),
    "odd_error": lambda: web.json_response(["not", "an", "object"], status=422),
}


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer as the path says."""
    word = request.match_info["word"]
    if word in ANSWERS:
        return ANSWERS[word]()
    if word in TROUBLE:
        await TROUBLE[word](request)
        return web.json_response({})
    if word == "echo":
        shown = {name: request.headers.get(name) for name in ("Authorization", "Idempotency-Key", "Content-Type")}
        return web.json_response({**shown, "query": dict(request.query), "body": await request.text()})
    return web.json_response(SAID, status=int(word), headers={"Retry-After": "7"})


async def reset(request: web.Request) -> None:
    """Drop the connection."""
    hang_up(request)


async def hang(_: web.Request) -> None:
    """Say nothing."""
    await asyncio.sleep(5)


async def stall(request: web.Request) -> None:
    """Stop in the middle."""
    response = web.StreamResponse(headers={"Content-Length": "10"})
    await response.prepare(request)
    await response.write(b"{")
    await asyncio.sleep(5)


TROUBLE = {"reset": reset, "hang": hang, "stall": stall}


@pytest.fixture
async def system() -> AsyncIterator[System]:
    """A client of the API above."""
    app = web.Application()
    app.router.add_route("*", "/v1/{word}", answer)
    async with TestServer(app, host="127.0.0.1") as server:
        systems = Systems({"acme": Endpoint(base_url=str(server.make_url("")).rstrip("/"), token="secret")})
        yield cast("System", systems["acme"].inner)
        await systems.close()


async def test_what_is_sent(system: System) -> None:
    """Bearer token, query, JSON body, and the idempotency key with writes."""
    read = await system.get("/v1/echo", params={"a": "b c&d"}, timeout=2)
    assert ("Bearer secret", {"a": "b c&d"}, None) == (read["Authorization"], read["query"], read["Idempotency-Key"])
    wrote = await system.post("/v1/echo", {"x": "ü"}, key="K-1", timeout=2)
    assert ("K-1", "application/json", '{"x":"ü"}') == (
        wrote["Idempotency-Key"],
        wrote["Content-Type"],
        wrote["body"],
    )
    assert (await system.post("/v1/echo", {}, key=None, timeout=2))["Idempotency-Key"] is None


@pytest.mark.parametrize(
    "word, reading, writing, reason",
    [
        ("reset", failures.Unavailable, failures.Uncertain, "unavailable"),
        ("hang", failures.Unavailable, failures.Uncertain, "timeout"),
        ("stall", failures.Unavailable, failures.Uncertain, "timeout"),
        ("500", failures.Unavailable, failures.Uncertain, "unavailable"),
        ("503", failures.Unavailable, failures.Uncertain, "unavailable"),
        ("408", failures.Unavailable, failures.Uncertain, "unavailable"),
        ("garbled", failures.Unavailable, failures.Uncertain, "unavailable"),
        ("huge", failures.Unavailable, failures.Uncertain, "too_large"),
        ("busy_key", failures.Unavailable, failures.Uncertain, "busy"),
        ("429", failures.Throttled, failures.Throttled, "busy"),
        ("404", failures.NotFound, failures.NotFound, None),
        ("400", failures.Declined, failures.Declined, None),
        ("409", failures.Declined, failures.Declined, None),
        ("422", failures.Declined, failures.Declined, None),
        ("odd_error", failures.Declined, failures.Declined, None),
        ("401", errors.AskHuman, errors.AskHuman, None),
        ("403", errors.AskHuman, errors.AskHuman, None),
        ("moved", errors.AskHuman, errors.AskHuman, None),
    ],
)
async def test_failures_are_named_by_what_they_prove(
    system: System, word: str, reading: type[Exception], writing: type[Exception], reason: str | None
) -> None:
    """The same trouble may be repeated when reading, and leaves doubt when writing."""
    with pytest.raises(reading) as read:
        await system.get(f"/v1/{word}", timeout=0.3)
    with pytest.raises(writing) as wrote:
        await system.post(f"/v1/{word}", {}, key="K", timeout=0.3)
    assert (reading, writing) == (type(read.value), type(wrote.value))
    assert {reason} == {getattr(error.value, "reason", None) for error in (read, wrote)}
    assert "secret" not in f"{read.value} {wrote.value}"


async def test_a_write_may_be_answered_with_another_address(system: System) -> None:
    """As web forms are, once they were taken: that proves nothing to the contrary. A read is sent nowhere else."""
    with pytest.raises(failures.Uncertain):
        await system.post("/v1/see_other", {}, key="K", timeout=2)
    with pytest.raises(errors.AskHuman):
        await system.get("/v1/see_other", timeout=2)


async def test_what_the_other_side_said_is_kept(system: System) -> None:
    """Code and message of a refusal, and how long it asks us to wait."""
    with pytest.raises(failures.Declined, match=r"Sold out\.") as declined:
        await system.get("/v1/422", timeout=2)
    assert declined.value.code == "no_stock"
    for word in ("429", "503"):
        with pytest.raises(failures.Unavailable) as busy:
            await system.get(f"/v1/{word}", timeout=2)
        assert busy.value.after == 7


async def test_an_empty_answer_is_none(system: System) -> None:
    """A 204 says nothing, and that is fine."""
    assert await system.get("/v1/empty", timeout=2) is None


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nothing_sent_is_provable(free_port: int, scheme: str, system: System) -> None:
    """Connection refused, a failed TLS handshake and no time at all leave no byte behind."""
    port = free_port if scheme == "http" else int(system._base.rpartition(":")[2])
    systems = Systems({"acme": Endpoint(base_url=f"{scheme}://127.0.0.1:{port}", token="t")})
    with pytest.raises(failures.NotSent):
        await systems["acme"].post("/v1/echo", {}, key="K", timeout=2)
    with pytest.raises(failures.NotSent):
        await systems["acme"].post("/v1/echo", {}, key="K", timeout=0)
    await systems.close()


async def test_closing_and_going_on(system: System) -> None:
    """Closed connections are opened again when needed; closing twice is harmless."""
    systems = Systems({"acme": Endpoint(base_url=system._base, token="t")})
    for _ in range(2):
        await systems["acme"].get("/v1/echo", timeout=2)
        await systems.close()
        await systems.close()


def test_a_system_that_is_not_connected() -> None:
    """A person must set its address; the words say which."""
    with pytest.raises(errors.AskHuman, match="ACME_API_BASE"):
        Systems({})["acme"]


def test_systems_of_settings() -> None:
    """Acme is there when its address and token are."""
    settings: Any = SimpleNamespace(
        acme_api_base="http://127.0.0.1:1/acme", acme_api_token=SecretStr("t"), outside=Outside(), tuning=Tuning()
    )
    assert cast("System", Systems.of(settings)["acme"].inner)._base == "http://127.0.0.1:1/acme"
    settings.acme_api_token = None
    with pytest.raises(errors.AskHuman):
        Systems.of(settings)["acme"]


@pytest.mark.parametrize(
    "value, seconds",
    [
        ("3", 3.0),
        (" 0 ", 0.0),
        (None, None),
        ("", None),
        ("-1", None),
        ("9" * 10, None),
        ("9" * 50, None),
        ("soon", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00", 0.0),
    ],
)
def test_reading_retry_after(value: str | None, seconds: float | None) -> None:
    """Seconds count, a date that is past is now, and nonsense counts as nothing said."""
    assert seconds == http.retry_after(value)


def test_a_date_to_come_is_waited_for() -> None:
    """As RFC 9110 has it."""
    found = http.retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True))
    assert found is not None
    assert 50 < found <= 60
