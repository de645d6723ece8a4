"""What all that bring things to the bot have in common."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from playground.faults import Faults
from playground.post import Post, Tried, settle
from playground.store import Store
from tests.playground.conftest import options_for


class Errand(Post[int]):
    """Brings numbers to a list."""

    brought: tuple[int, ...] = ()

    async def bring(self, n: int) -> None:
        """Bring one."""
        self.brought = (*self.brought, n)


@pytest.fixture
def errand(tmp_path: Path) -> Errand:
    """One that never needs its store."""
    return Errand(Store(tmp_path / "p.db"), options_for(tmp_path, "http://bot.example"), Faults(requests=()))


async def test_an_attempt_ends_with_the_first_try_or_with_the_work(errand: Errand) -> None:
    """Who waits for the first try does not wait for the retries, nor for ever when there was none."""
    over = asyncio.Event()

    async def patient(tried: Tried) -> None:
        settle(tried)
        await over.wait()

    async def idle(tried: Tried) -> None:
        assert not tried.done()

    async with asyncio.timeout(5), errand.working():
        await errand.attempt(patient)
        assert not over.is_set()
        await errand.attempt(idle)


async def test_what_was_held_back_is_brought_once_or_forgotten(errand: Errand) -> None:
    """Letting go empties the list; so does forgetting, which brings nothing."""
    async with errand.working():
        errand._held.extend((1, 2))
        errand.let_go(errand.bring)
        errand.let_go(errand.bring)
        await asyncio.gather(*errand._tasks)
        errand._held.append(3)
        await errand.forget()
        errand.let_go(errand.bring)
        await asyncio.gather(*errand._tasks)
    assert (1, 2) == errand.brought


async def test_there_is_no_client_before_it_runs(errand: Errand) -> None:
    """Whoever calls too early is told so."""
    with pytest.raises(RuntimeError, match="Errand is not running"):
        _ = errand.client
