"""Addresses read and written, and the order of proof."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.identity import Address, Assurance


@pytest.mark.parametrize("text", ["whatsapp:+15550101001", "web:abc", "email:ann@x.io", "slack:T1/U2", "web:a:b"])
def test_an_identity_reads_back_as_it_was_written(text: str) -> None:
    """The channel ends at the first colon; the rest is the channel's own spelling."""
    assert text == str(Address.parse(text))


@pytest.mark.parametrize("text", ["", ":", "web:", ":abc", "web", "+15550101001"])
def test_half_an_identity_is_none(text: str) -> None:
    """Both parts are needed."""
    with pytest.raises(ValueError, match="an identity is written channel:address"):
        Address.parse(text)


@given(st.text(min_size=1).filter(lambda text: ":" not in text), st.text(min_size=1))
def test_every_address_survives(channel: str, address: str) -> None:
    """Whatever a channel calls somebody, it is read back the same."""
    written = Address(channel=channel, address=address)
    assert written == Address.parse(str(written))


def test_proof_is_ordered() -> None:
    """A claim is less than what a channel says, and that is less than a token."""
    levels = [Assurance.CLAIMED, Assurance.CHANNEL, Assurance.VERIFIED]
    assert levels == sorted(Assurance, key=lambda level: level.rank)
    for n, have in enumerate(levels):
        assert [needed <= n for needed in range(3)] == [have.covers(needed) for needed in levels]
