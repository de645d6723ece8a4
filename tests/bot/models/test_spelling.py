"""Misspelt words find the known word that was meant, and only when it is near."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models.spelling import Speller

SPELLER = Speller(["refund", "invoice", "status", "person", "account", "paid", "xxnumber", "abbreviation"])


@pytest.mark.parametrize(
    "word,meant",
    [
        ("refund", "refund"), ("refnud", "refund"), ("refudn", "refund"), ("refun", "refund"), ("refunds", "refund"),
        ("invocie", "invoice"), ("stauts", "status"), ("abreviatoin", "abbreviation"), ("piad", "paid"),
        ("weather", "weather"), ("rf", "rf"), ("18492", "18492"), ("re1und", "re1und"), ("", ""),
        ("x" * 100, "x" * 100),
    ],
)  # fmt: skip
def test_the_nearest_known_word(word: str, meant: str) -> None:
    """One slip in a short word, two in a long one; short words, codes and strange ones stay as they are."""
    assert SPELLER.nearest(word) == meant


@given(word=st.text(max_size=50))
def test_any_word_has_an_answer(word: str) -> None:
    """It is the word itself or a known one."""
    assert SPELLER.nearest(word) in {word, "refund", "invoice", "status", "person", "account", "paid", "abbreviation"}
