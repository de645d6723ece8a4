"""Acme's lists are read whole; what was written is found again by its key, and only by whose it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.test_openapi import KIM
from tools import acme, acme_asked, failures
from tools.base import Context
from tools.http import Systems

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


class Answering(Context):
    """A context whose Acme answers what the test says, and keeps what it was asked."""

    answers: list[Any]
    asked: list[dict[str, str]]

    async def get(self, system: str, path: str, params: Any = None) -> Any:  # noqa: ANN401 - JSON
        """Answer the next."""
        self.asked.append(dict(params))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def answering(*answers: Any, key: str | None = None) -> Answering:
    """A context with these answers; the last one again and again."""
    made = Answering(caller=KIM, systems=Systems({}), timeout=5, key=key)
    object.__setattr__(made, "answers", list(answers))
    object.__setattr__(made, "asked", [])
    return made


@pytest.mark.parametrize(
    "key, owner, found",
    [("A-1", "C-1", "AD-1"), ("A-1", "C-2", None), ("A-2", "C-1", None), (None, "C-1", None)],
)
async def test_what_was_written_is_read_back_by_its_key_for_its_owner(
    key: str | None, owner: str, found: str | None
) -> None:
    """Another key's is another write, somebody else's is nobody's, and without a key nothing is ours."""
    context = answering({"addresses": [{**OURS, "key": "A-0", "address_id": "AD-0"}, OURS]}, key=key)
    made = await acme_asked.written(context, "addresses", acme.AddressChange, customer_id=owner)
    assert found == (made.address_id if made else None)
    assert [{"key": key or ""}] == context.asked


async def test_an_answer_without_the_list_is_no_answer() -> None:
    """It is not taken for "nothing was written"."""
    with pytest.raises(failures.Unavailable):
        await acme_asked.written(answering({}, key="A-1"), "addresses", acme.AddressChange)


async def test_a_list_is_read_to_its_end() -> None:
    """Page by page; one without an end is refused, since half of it would mislead."""
    pages = [{"things": [1, 2], "next_cursor": "2"}, {"things": [3], "next_cursor": None}]
    context = answering(*pages)
    assert [1, 2, 3] == await acme_asked.every_page(context, "/v1/things", "things", {"owner": "C-1"})
    assert [None, "2"] == [asked.get("cursor") for asked in context.asked]
    assert {"C-1"} == {asked["owner"] for asked in context.asked}
    with pytest.raises(failures.Unavailable, match="too many"):
        await acme_asked.every_page(answering(pages[0]), "/v1/things", "things")
