"""What Acme sends is read; what was written is found again by its key, and only by whose it is."""

from __future__ import annotations

import pytest

from tools import acme, failures

OURS = {
    "address_id": "AD-1",
    "customer_id": "C-1",
    "key": "A-1",
    "street": "Elm Street 5",
    "city": "Boston",
    "region": "MA",
    "postal_code": "02110",
    "country": "US",
}


@pytest.mark.parametrize(
    "key, owner, found",
    [("A-1", "C-1", "AD-1"), ("A-1", "C-2", None), ("A-2", "C-1", None), (None, "C-1", None)],
)
def test_what_was_written_is_read_back_by_its_key_for_its_owner(key: str | None, owner: str, found: str | None) -> None:
    """Another key's is another write, somebody else's is nobody's, and without a key nothing is ours."""
    data = {"addresses": [{**OURS, "key": "A-0", "address_id": "AD-0"}, OURS]}
    made = acme.read_back(data, "addresses", acme.AddressChange, key=key, customer_id=owner)
    assert found == (made.address_id if made else None)


def test_an_answer_without_the_list_is_no_answer() -> None:
    """It is not taken for "nothing was written"."""
    with pytest.raises(failures.Unavailable):
        acme.read_back({}, "addresses", acme.AddressChange, key="A-1")
