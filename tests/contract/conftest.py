"""The store under test, over either database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from state.store import Store
from tests.contract import stores


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database of the test's own."""
    kind = "migrated_sqlite_url" if request.param == "sqlite" else "migrated_postgres_url"
    return str(request.getfixturevalue(kind))


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    """An open store."""
    opened = await stores.open_store(store_url)
    yield opened
    await opened.close()
