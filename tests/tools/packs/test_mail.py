"""The mail pack: a letter goes to an address that is known to be the customer's, or nowhere."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.tools.shop import CALLER
from tools import failures
from tools.base import Context
from tools.http import Systems
from tools.packs import mail

LETTER = mail.Letter(customer_id="C-1", to="kim@example.com", subject="Hello", text="Words")


class Post:
    """Takes letters to one address."""

    async def post(self, *, to: str, subject: str, text: str) -> str | None:
        """Take one."""
        return f"{subject}: {text}" if to == "kim@example.com" else None


def context(post: Post | None) -> Context:
    """What the tool gets."""
    return Context(caller=CALLER, systems=Systems({}), timeout=1.0, key="k", mail=post)


async def test_a_letter_goes_to_the_customer_and_to_nobody_else() -> None:
    """Another address is refused without effect, and so is any where there is no mail."""
    sent = await mail.send_email.run(LETTER, context(Post()))
    assert mail.Sent(to="kim@example.com", subject="Hello", letter_id="Hello: Words") == sent
    for letter, post in ((LETTER.model_copy(update={"to": "eve@example.com"}), Post()), (LETTER, None)):
        with pytest.raises(failures.Declined):
            await mail.send_email.run(letter, context(post))


@pytest.mark.parametrize("change", [{"subject": "a\nBcc: eve@example.com"}, {"to": "kim"}, {"text": "x" * 4_001}])
def test_subject_and_text_are_bounded(change: dict[str, str]) -> None:
    """A subject is one line; a text has an end."""
    with pytest.raises(ValidationError):
        mail.Letter.model_validate({**LETTER.model_dump(), **change})
