"""An answer to what was offered just now: by label, number, or the words that only some of the labels have."""

from __future__ import annotations

import pytest

from bot import choices

OFFERED = {
    "a": "Tuesday 1 December 10:00",
    "b": "Tuesday 1 December 14:30",
    "c": "Wednesday 2 December 10:00",
}


@pytest.mark.parametrize(
    "text,meant",
    [
        ("Tuesday 1 December 14:30", "b"),
        ("the second one", "b"),
        ("2", "b"),
        ("last", "c"),
        ("tue at 10am", "a"),
        ("2:30 pm please", "b"),
        ("2.30 p.m.", "b"),
        ("Wednesday works for me", "c"),
        ("let's do wed", "c"),
        ("10:00", "ac"),
        ("tuesday", "ab"),
        ("friday", ""),
        ("9", ""),
        ("Tuesday at 11", ""),
        ("not Tuesday", ""),
        ("can we do Wednesday afternoon instead", ""),
        ("please", ""),
        ("", ""),
    ],
)
def test_what_was_offered_is_picked(text: str, meant: str) -> None:
    """One when it is clear, several when the words fit several, none when anything else is said besides."""
    assert list(meant) == choices.pick(text, OFFERED)
