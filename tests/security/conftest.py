"""One server per module, forked from one process that has everything imported; its log is searched at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.harness.processes import Preloaded, preloaded
from tests.security.target import Target, target


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def launcher() -> AsyncIterator[Preloaded]:
    """A way to start servers that costs next to nothing."""
    async with preloaded() as one:
        yield one


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """Settings that a module's server has beside the usual ones; a module overrides it."""
    return {}


@pytest.fixture(scope="module")
def tuning() -> dict[str, Any]:
    """Times that a module's server has other than fast; a module overrides it."""
    return {}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a module's server."""
    return tmp_path_factory.mktemp("target")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mark(
    home: Path, launcher: Preloaded, migrated_file: Path, settings: dict[str, str], tuning: dict[str, Any]
) -> AsyncIterator[Target]:
    """The module's server."""
    async with target(home, launcher, migrated_file, tuning, **settings) as one:
        yield one
