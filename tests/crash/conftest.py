"""What the crash tests stand on: databases of either store, and servers that start quickly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests import servers
from tests.crash.databases import Cluster, Databases, Files
from tests.harness.processes import Preloaded, preloaded

BOTH = [pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Databases:
    """Empty databases of the store that the test names."""
    if request.param == "sqlite":
        return Files(template=request.getfixturevalue("migrated_file"), folder=tmp_path / "files")
    server: servers.Postgres = request.getfixturevalue("postgres_server")
    return Cluster(server=server, template=request.getfixturevalue("migrated_template"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def forked() -> AsyncIterator[Preloaded]:
    """A preloaded bot to be forked: one for all, since importing and learning is dearer than many a test."""
    async with preloaded() as one:
        yield one
