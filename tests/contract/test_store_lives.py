"""The store's contract: whatever order people write, link and unlink in, no message is lost and none is another's."""

from __future__ import annotations

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
