"""Errors by who must react, their words and what they carry."""

from __future__ import annotations

import pytest

from state import errors

TREE = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.BotError)]


@pytest.mark.parametrize("cls", TREE)
def test_an_error_without_words_says_what_it_is(cls: type[errors.BotError]) -> None:
    """The first line of its docstring is its message; given words replace it."""
    assert (cls.__doc__ or "").splitlines()[0] == str(cls())
    assert "the disk is full" == str(cls("the disk is full"))


def test_the_tree_on_top_of_the_module_is_the_tree() -> None:
    """Every error is named there, and nothing else is."""
    drawn = [
        line.strip("│├└─ ").split()[0] for line in (errors.__doc__ or "").splitlines() if line[:1] in "B│├└" and line
    ]
    assert sorted(cls.__name__ for cls in TREE) == sorted(drawn)


def test_errors_carry_what_the_one_who_reacts_needs() -> None:
    """How long to wait, and a word to count by."""
    assert 2.5 == errors.RetryLater("busy", after=2.5).after
    assert errors.Conflict().after is None
    assert ("policy", "scope") == (errors.Rejected().reason, errors.Rejected(reason="scope").reason)
