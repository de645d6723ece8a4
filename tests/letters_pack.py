"""A pack of letters, with a record of the customer that says whose address it is, or does not answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict

from tools import failures
from tools.base import Context, FromSession, tool

MINE = "kim@example.com"
WORKFLOW = """
name: write_me
title: Write a letter
goal: The customer wants a letter.
needs_customer: true
review: none
examples:
  - write me a letter
  - send me a letter
  - I want a letter by mail
  - mail me something
  - please write to me
  - a letter please
slots:
  to: {type: email, ask: where}
steps:
  - name: send
    kind: act
    needs: [to]
    calls: [{tool: send_email, arguments: {to: "{to}", subject: "Hello", text: "Words for you."}, fact: letter}]
    confirm: terms
    say: sent
replies:
  where: "Where to?"
  terms: "Shall I write to {to}?"
  sent: "It is on its way to {letter.to}."
"""


class Whose(BaseModel):
    """Whose record."""

    model_config = ConfigDict(extra="forbid")

    customer_id: Annotated[str, FromSession("customer_id")]


class Customer(BaseModel):
    """The record."""

    model_config = ConfigDict(extra="forbid")

    email: str


class Register:
    """Where the records are kept."""

    silent = False


@tool(kind="lookup", version=2)
async def get_customer(arguments: Whose, context: Context) -> Customer:
    """Look the customer up."""
    del arguments, context
    if Register.silent:
        raise failures.Unavailable("no answer")
    return Customer(email=MINE)


TOOLS = [get_customer]
