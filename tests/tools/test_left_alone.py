"""An outside API that does not answer is left alone for a while; then one call looks whether it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from state.breaker import Breaker
from tools import failures
from tools.guard import Guarded
from tools.http import MAX_BODY, Endpoint, Systems

OPENS = 3


class Api:
    """Answers with a status that the test sets, and counts."""

    def __init__(self) -> None:
        self.status, self.asked, self.body = 500, 0, b"{}"

    async def answer(self, _: web.Request) -> web.Response:
        """Answer as it is set."""
        self.asked += 1
        return web.Response(body=self.body, status=self.status)


World = tuple[Api, Systems, Guarded]


async def serving(pause_s: float) -> AsyncIterator[World]:
    """An API and the clients that reach it."""
    api, app = Api(), web.Application()
    app.router.add_route("*", "/v1", api.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        endpoint = Endpoint(base_url=str(server.make_url("")).rstrip("/"), token="t")
        systems = Systems({"shop": endpoint}, None, lambda: Breaker(opens_after=OPENS, pause_s=pause_s, probe_s=0.01))
        yield api, systems, systems["shop"]
        await systems.close()


@pytest.fixture
async def down() -> AsyncIterator[World]:
    """An API that failed so often that it is left alone."""
    async for world in serving(pause_s=30.0):
        for _ in range(OPENS):
            await tried(world[2])
        yield world


@pytest.fixture
async def flaky() -> AsyncIterator[World]:
    """An API that is asked again at once after it was left alone."""
    async for world in serving(pause_s=0.0):
        for _ in range(OPENS):
            await tried(world[2])
        yield world


async def tried(system: Guarded) -> Exception | None:
    """Write once; what was raised."""
    try:
        await system.post("/v1", {}, key="K", timeout=5)
    except (failures.NotSent, failures.Uncertain, failures.NotFound, failures.Throttled) as error:
        return error
    return None


async def test_nothing_is_sent_while_it_is_left_alone(down: World) -> None:
    """A write is provably not sent, and whoever asks hears when the next try is; it is told to operators."""
    api, systems, system = down
    words = r"did not answer 3 times in a row; next try in (29|30) s"
    with pytest.raises(failures.NotSent, match=words) as refused:
        await system.post("/v1", {}, key="K", timeout=5)
    assert refused.value.after is not None
    assert 28 < refused.value.after <= 30
    with pytest.raises(failures.NotSent, match=words):
        await system.get("/v1", timeout=5)
    assert api.asked == OPENS
    left = systems.left_alone()["shop"]
    assert left is not None
    assert 28 < left <= 30


async def test_one_call_finds_out_that_it_is_back(flaky: World) -> None:
    """After that everything passes."""
    api, systems, system = flaky
    assert isinstance(await tried(system), failures.Uncertain)
    assert systems.left_alone() == {"shop": 0.0}
    api.status = 200
    assert [None, None] == [await tried(system), await tried(system)]
    assert systems.left_alone() == {"shop": None}


@pytest.mark.parametrize("status, kept", [(404, True), (429, True), (200, True), (503, False)])
async def test_whatever_is_answered_shows_that_it_is_there(status: int, *, kept: bool) -> None:
    """A refusal ends the row of failures; an error goes on with it."""
    async for api, systems, system in serving(pause_s=30.0):
        for answer in (500, 500, status, 500, 500):
            api.status = answer
            await tried(system)
        assert (systems.left_alone()["shop"] is None) is kept


async def test_an_answer_that_is_too_long_is_one() -> None:
    """Who asks for much has no answer, and everybody else goes on."""
    async for api, systems, system in serving(pause_s=30.0):
        api.status, api.body = 200, b" " * (MAX_BODY + 1)
        for _ in range(OPENS):
            assert isinstance(await tried(system), failures.Uncertain)
        assert systems.left_alone() == {"shop": None}


async def test_who_had_no_time_has_learned_nothing() -> None:
    """A call with hardly any time left says nothing of the API, nor does one that was never made."""
    async for _, systems, system in serving(pause_s=30.0):
        for timeout in (0.0, 0.000_01) * OPENS:
            with pytest.raises((failures.NotSent, failures.Uncertain)):
                await system.post("/v1", {}, key="K", timeout=timeout)
        assert systems.left_alone() == {"shop": None}
