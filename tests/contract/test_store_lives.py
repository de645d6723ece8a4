"""The store's contract: whatever order people write, link and unlink in, no message is lost and none is another's."""

from __future__ import annotations

import asyncio
import random

import pytest

from state.store import Store
from tests.contract.lives import Life

LIVES, STEPS = 6, 60


@pytest.mark.parametrize("seed", range(LIVES))
async def test_links_and_partings_in_any_order(store: Store, seed: int) -> None:
    """Every event is readable by just the user whose identity wrote it; each message once; answered or waiting."""
    life = Life(store=store, chance=random.Random(seed))
    for _ in range(3):
        await life.go(STEPS // 3)
        await life.check()


@pytest.mark.parametrize("seed", range(2))
async def test_links_and_partings_at_once(store: Store, seed: int) -> None:
    """Four at a time, on the same few people: whoever wins, it comes out as if they had come one after another."""
    life = Life(store=store, chance=random.Random(100 + seed))
    for _ in range(2):
        await asyncio.gather(*(life.go(STEPS // 6) for _ in range(4)))
        await life.check()
    assert life.wrote
