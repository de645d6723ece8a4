"""The calibration: it learns which facts make a thing likely."""

from __future__ import annotations

import pytest

from bot.models import logistic


def test_it_learns_a_threshold() -> None:
    """Rows that hold above one half make larger facts likelier, with the border in between."""
    rows = [((n / 20,), n > 10, 1.0) for n in range(21)]
    found = logistic.fit(rows)
    assert logistic.probability(found, (0.9,)) > 0.7
    assert logistic.probability(found, (0.1,)) < 0.3
    assert 0.35 < logistic.probability(found, (0.5,)) < 0.65


def test_outcomes_of_one_kind_are_no_reason_to_fail() -> None:
    """Where everything held, it is just likely."""
    found = logistic.fit([((1.0, 0.0), True, 1.0)] * 5)
    assert logistic.probability(found, (1.0, 0.0)) > 0.5


def test_extreme_facts_do_not_overflow() -> None:
    """A probability stays one."""
    assert logistic.probability((0.0, 1e9), (1e9,)) == pytest.approx(1.0)
    assert logistic.probability((0.0, -1e9), (1e9,)) == pytest.approx(0.0)


def test_linear_systems_are_solved() -> None:
    """Two equations, a zero on the diagonal."""
    assert logistic.solve([[0.0, 2.0], [3.0, 1.0]], [4.0, 5.0]) == pytest.approx([1.0, 2.0])
