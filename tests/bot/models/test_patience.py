"""When to ask again and when to leave a backend alone, by table and without a clock."""

from __future__ import annotations

import pytest

from bot.models.base import ModelDown, ModelRefused, ModelWrong
from bot.models.patience import ModelError, RetryPolicy, next_wait

POLICY = RetryPolicy(retries=2, first_wait=1.0, max_wait=3.0, shortest=0.5, opens_after=2, pause=10.0)


@pytest.mark.parametrize(
    "error, failures, left, wait",
    [
        (ModelDown(), 1, 60.0, 1.0),
        (ModelDown(), 2, 60.0, 2.0),
        (ModelDown(), 3, 60.0, None),
        (ModelDown(), 1, 1.4, None),
        (ModelDown(), 1, 1.5, 1.0),
        (ModelDown(after=5.0), 1, 60.0, 5.0),
        (ModelDown(after=0.1), 1, 60.0, 1.0),
        (ModelDown(after=5.0), 1, 5.4, None),
        (ModelDown(after=3600.0), 1, 60.0, None),
        (ModelWrong(), 1, 60.0, 0.0),
        (ModelWrong(), 1, 0.4, None),
        (ModelWrong(), 2, 60.0, None),
        (ModelWrong(again=False), 1, 60.0, None),
        (ModelRefused(), 1, 60.0, None),
    ],
)
def test_the_next_wait(error: ModelError, failures: int, left: float, wait: float | None) -> None:
    """Back off when it is down, ask once more when it is wrong, never when it refuses or the time is short."""
    assert wait == next_wait(POLICY, error, failures=failures, left=left, chance=0.0)


def test_chance_shortens_a_backoff_but_never_the_servers_own_word() -> None:
    """Callers are kept apart by up to half the pause; Retry-After is a minimum."""
    assert 0.5 == next_wait(POLICY, ModelDown(), failures=1, left=60, chance=1.0)
    assert 5.0 == next_wait(POLICY, ModelDown(after=5.0), failures=1, left=60, chance=1.0)


def test_a_backoff_has_a_ceiling() -> None:
    """However often it failed, a pause of ours stays bounded."""
    patient = RetryPolicy(retries=9, first_wait=1.0, max_wait=3.0)
    assert 3.0 == next_wait(patient, ModelDown(), failures=8, left=60, chance=0.0)
