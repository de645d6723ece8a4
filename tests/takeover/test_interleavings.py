"""The bot never speaks while a person has the conversation: random orders of everything, over the real store."""

from __future__ import annotations

import pytest

from tests.takeover import interleavings

RUNS = {"sqlite": 120, "postgresql": 25}


@pytest.fixture(params=["migrated_sqlite_url", pytest.param("migrated_postgres_url", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database of either kind."""
    return str(request.getfixturevalue(request.param))


async def test_the_bot_is_silent_while_a_person_speaks(url: str) -> None:
    """And every kind of step was taken, so that silence means something."""
    spoke, seen = await interleavings.many(url, RUNS[url.partition(":")[0]], seed=7)
    assert [] == spoke
    assert seen["refused"] > 5
    assert min(seen.values()) > 0
    assert 14 == len(seen)


async def test_a_store_without_the_rule_is_found_out(migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same runs over a store whose commit does not look at who has the conversation."""
    monkeypatch.setattr("state.sql.turns._is_bots", lambda _: False)
    spoke, _ = await interleavings.many(migrated_sqlite_url, 60, seed=7)
    assert spoke
