"""PostgreSQL stopped as by a crash, Redis killed, under load: what was acknowledged stays, all recovers by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from state import migrations
from tests import servers
from tests.crash.load import Crowd, crowd
from tests.harness.deployment import Deployment, deployed
from tests.harness.places import Place
from tests.harness.processes import Preloaded, answers, playground
from tests.harness.stage import Stage, staged
from tests.harness.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SEVERAL = ("web", "worker", "worker", "clock")


@asynccontextmanager
async def _under_load(place: Place, forked: Preloaded) -> AsyncIterator[tuple[Stage, Deployment, Crowd]]:
    """Four processes and twenty customers who never pause."""
    async with (
        playground(place),
        deployed(place, forked, commands=SEVERAL) as bot,
        staged(place) as stage,
        crowd(stage, webs=10, phones=10) as people,
    ):
        await people.progress(2)
        yield stage, bot, people


@pytest.fixture
def migrated(own_postgres: servers.Postgres) -> str:
    """A migrated database on a cluster that may be killed."""
    url = own_postgres.create()
    migrations.upgrade(url)
    return url


@pytest.mark.crash
@pytest.mark.timeout(400)
async def test_databases_die_under_load(
    own_postgres: servers.Postgres, own_redis: servers.Redis, migrated: str, forked: Preloaded, tmp_path: Path
) -> None:
    """No acknowledged message is lost or doubled; no process of ours had to be started again; 503 while it is down."""
    place = Place(home=tmp_path, database_url=migrated, redis_url=own_redis.url)
    async with _under_load(place, forked) as (stage, bot, people):
        await asyncio.to_thread(own_postgres.stop, "immediate")
        await _refused_while_away(stage)
        await asyncio.to_thread(own_postgres.start)
        await people.progress(2)

        await asyncio.to_thread(own_redis.kill)
        await people.progress(2)
        assert await answers(stage.http, f"{place.url}/readyz")
        await asyncio.to_thread(own_redis.start)
        await people.progress(2)

        await people.end()
        verdict = await people.verdict()
        assert {"lost": 0, "doubled": 0, "resent": 0} == {k: v for k, v in verdict.items() if k != "acknowledged"}
        assert verdict["acknowledged"] >= 160
        assert [[], [], [], []] == [member.codes for member in bot.members]


async def _refused_while_away(stage: Stage) -> None:
    """While the database is away nothing is taken, by any door, and the operator is told."""
    sid = await stage.phone().write("hello?", at_once=True)

    async def tried() -> int | None:
        found = next(m for m in await stage.phone().transcript() if m["sid"] == sid)
        status: int | None = found["webhook"]["status"]
        return status

    assert 503 == await until(tried, "the first call of the webhook")
    async with stage.http.get(f"{stage.place.url}/readyz") as response:
        assert 503 == response.status
        assert "database" in (await response.json())["reasons"][0]
    hello = {"type": "hello", "visitor": None, "identity": None, "after": 0}
    headers = {"Origin": stage.place.url}
    async with stage.http.post(f"{stage.place.url}/chat/messages", json=hello, headers=headers) as response:
        assert 503 == response.status
        assert response.headers["Retry-After"]


@pytest.mark.crash
@pytest.mark.timeout(300)
async def test_a_server_that_starts_before_its_redis(
    migrated_postgres_url: str, own_redis: servers.Redis, forked: Preloaded, tmp_path: Path
) -> None:
    """Without Redis at the start it is ready with a warning, answers, and finds Redis when it comes."""
    own_redis.kill()
    place = Place(home=tmp_path, database_url=migrated_postgres_url, redis_url=own_redis.url)
    async with playground(place), deployed(place, forked, commands=SEVERAL), staged(place) as stage:
        async with stage.http.get(f"{place.url}/readyz") as response:
            assert (await response.json())["warnings"]
        assert await stage.phone().ask("check invoice 18492")

        await asyncio.to_thread(own_redis.start)

        await until(lambda: _without_warnings(stage), "Redis to be found")
        assert await stage.phone().ask("check invoice 18493")


async def _without_warnings(stage: Stage) -> bool:
    async with stage.http.get(f"{stage.place.url}/readyz") as response:
        return not (await response.json())["warnings"]
