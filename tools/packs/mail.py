"""The mail pack: a letter to the customer themselves. It knows no mail server: letters leave by the outbox."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tools import failures
from tools.base import Context, FromSession, tool

NOT_THEIRS = "That address is not known to be yours, so nothing was sent there."


class Record(BaseModel):
    """A record of this pack."""

    model_config = ConfigDict(extra="forbid")


class Letter(Record):
    """A letter to the customer."""

    customer_id: Annotated[str, FromSession("customer_id")]
    to: Annotated[
        str,
        Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$", description="The customer's own e-mail address"),
    ]
    subject: Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\r\n]+$", description="One line")]
    text: Annotated[str, Field(min_length=1, max_length=4_000, description="Plain text")]


class Sent(Record):
    """A letter on its way."""

    to: str
    subject: str
    letter_id: str


@tool(kind="transact", effect="transactional", scopes=("mail:send",))
async def send_email(arguments: Letter, context: Context) -> Sent:
    """Send the customer a letter, to an address that is known to be theirs."""
    if context.mail is None:
        raise failures.Declined("No letter can be sent from here.", code="no_mail")
    letter = await context.mail.post(to=arguments.to, subject=arguments.subject, text=arguments.text)
    if letter is None:
        raise failures.Declined(NOT_THEIRS, code="not_theirs")
    return Sent(to=arguments.to, subject=arguments.subject, letter_id=letter)


TOOLS = [send_email]
