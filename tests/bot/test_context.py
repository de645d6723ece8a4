"""How long texts are shortened for a prompt. What a whole prompt looks like is seen on the wire, in models_e2e."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot import context


@given(text=st.text(max_size=400), most=st.integers(min_value=30, max_value=300))
def test_a_text_is_never_longer_than_it_may_be(text: str, most: int) -> None:
    """A short one stays as it is; of a long one the beginning and the end stay."""
    found = context.shortened(text, most)

    assert len(found) <= most
    if len(text) <= most:
        assert text == found
    else:
        assert text.startswith(found[:10])
        assert text.endswith(found[-10:])
