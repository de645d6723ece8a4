"""When to ask again and when to leave a backend alone, by table and without a clock."""

from __future__ import annotations

import pytest

from bot.models.base import ModelDown, ModelRefused, ModelWrong
from bot.models.breaker import Breaker, ModelError, RetryPolicy, next_wait

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


def test_failures_in_a_row_open_it_and_one_probe_closes_it() -> None:
    """Open after two failures; after the pause one call passes, the next waits for what becomes of it."""
    breaker = Breaker(policy=POLICY)
    for now in (0.0, 1.0):
        assert 0.0 == breaker.wait(now)
        breaker.settle(reached=False, now=now)
    assert 9.0 == breaker.wait(2.0)
    assert 0.0 == breaker.wait(11.0)
    assert breaker.wait(11.0) > 0
    breaker.settle(reached=True, now=12.0)
    assert [0.0, 0.0] == [breaker.wait(12.0), breaker.wait(12.0)]


def test_a_failed_probe_opens_it_again() -> None:
    """The pause begins anew with every failed probe."""
    breaker = Breaker(policy=POLICY, failures=2, open_until=10.0)
    assert 0.0 == breaker.wait(10.0)
    breaker.settle(reached=False, now=10.0)
    assert 10.0 == breaker.wait(10.0)


def test_a_cancelled_probe_lets_the_next_one_through() -> None:
    """Nothing was learned, so nothing changes, and the backend is not shut out for ever."""
    breaker = Breaker(policy=POLICY, failures=2, open_until=10.0)
    assert 0.0 == breaker.wait(10.0)
    breaker.settle(reached=None, now=10.0)
    assert (0.0, 2) == (breaker.wait(10.0), breaker.failures)


def test_single_failures_do_not_open_it() -> None:
    """Only failures in a row count."""
    breaker = Breaker(policy=POLICY)
    for reached in (False, True, False, True, False):
        breaker.settle(reached=reached, now=0.0)
    assert 0.0 == breaker.wait(0.0)
