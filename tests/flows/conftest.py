"""Whole conversations with the server in the test's process; after each, the log folded anew gives the same state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.app import Services
from tests.flows.desk import Desk
from tests.harness import trained
from tests.harness.inprocess import performed
from tests.harness.places import Place
from tests.harness.stage import Stage

pytest.register_assert_rewrite("tests.flows.told")
trained.share()
APART = ("web", "worker", "clock")


@pytest.fixture
def tuning() -> dict[str, Any]:
    """Times that a test wants to be other than fast; a test module overrides it, or parametrises it."""
    return {}


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, tuning: dict[str, Any]) -> Place:
    """An empty database, by the name of its store; SQLite unless a test says more."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return Place(home=tmp_path, database_url=request.getfixturevalue("migrated_sqlite_url"), tuning=tuning)
    url, redis = (request.getfixturevalue(name) for name in ("migrated_postgres_url", "redis_url"))
    return Place(home=tmp_path, database_url=url, redis_url=redis, tuning=tuning)


@pytest.fixture
async def performance(place: Place) -> AsyncIterator[tuple[Stage, list[Services]]]:
    """An empty bot with the outside world: on SQLite in one process, or as three over PostgreSQL and Redis."""
    async with performed(place, APART if place.redis_url else ("serve",)) as (one, services):
        yield one, services
        await one.outside.mend()
        await one.operators.at_rest()
        await _refolds(one, services[0])


@pytest.fixture
async def stage(performance: tuple[Stage, list[Services]]) -> AsyncIterator[Stage]:
    """A bot that answers every message: where no person takes part."""
    yield performance[0]
    await performance[0].operators.at_rest()
    await _answered(performance[0])


@pytest.fixture
def desk(performance: tuple[Stage, list[Services]]) -> Desk:
    """A bot with people behind it."""
    return Desk(stage=performance[0], services=performance[1][0])


async def _refolds(stage: Stage, services: Services) -> None:
    """State is nothing but its events: folding the whole log gives what is kept."""
    store = services.parts.store
    for row in await stage.operators.sessions():
        found = await store.session(row["id"])
        assert found
        assert found[1] == await store.refold(row["id"])


async def _answered(stage: Stage) -> None:
    """Every message got an answer: in every session the bot has the last word."""
    for row in await stage.operators.sessions():
        if row["forwarded_to"]:
            continue
        events = await stage.operators.events(row["id"])
        said = [e["seq"] for e in events if e["kind"] == "MessageReceived" and not e["data"].get("erased")]
        replied = [e["seq"] for e in events if e["kind"] == "ReplyQueued" and not e["data"].get("erased")]
        assert not said or max(replied, default=0) > max(said)
