"""A breaker opens after failures in a row, and one probe closes it."""

from __future__ import annotations

from state.breaker import Breaker


def test_failures_in_a_row_open_it_and_one_probe_closes_it() -> None:
    """Open after two failures; after the pause one call passes, the next waits for what becomes of it."""
    breaker = Breaker(opens_after=2, pause_s=10.0)
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
    breaker = Breaker(opens_after=2, pause_s=10.0, failures=2, open_until=10.0)
    assert 0.0 == breaker.wait(10.0)
    breaker.settle(reached=False, now=10.0)
    assert 10.0 == breaker.wait(10.0)


def test_a_cancelled_probe_lets_the_next_one_through() -> None:
    """Nothing was learned, so nothing changes, and the backend is not shut out for ever."""
    breaker = Breaker(opens_after=2, pause_s=10.0, failures=2, open_until=10.0)
    assert 0.0 == breaker.wait(10.0)
    breaker.settle(reached=None, now=10.0)
    assert (0.0, 2) == (breaker.wait(10.0), breaker.failures)


def test_single_failures_do_not_open_it() -> None:
    """Only failures in a row count."""
    breaker = Breaker(opens_after=2, pause_s=10.0)
    for reached in (False, True, False, True, False):
        breaker.settle(reached=reached, now=0.0)
    assert 0.0 == breaker.wait(0.0)
