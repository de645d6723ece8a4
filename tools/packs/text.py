"""Transforms of text: bounded, by rule, and they say what they are not sure of. They reach no other system."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from state.identity import Assurance
from tools import addresses, bills, summaries
from tools.base import Context, tool
from tools.fields import Record

Part = Literal["street", "city", "region", "postal_code", "country"]


class AddressText(Record):
    """An address as somebody wrote it; lines such as `city: Boston` name a part."""

    text: Annotated[str, Field(min_length=1, max_length=addresses.LONGEST, description="The address as it was written")]


class NormalizedAddress(Record):
    """An address in its parts. `unsure`: the parts that are missing or not certain; ask for them."""

    street: Annotated[str | None, Field(max_length=addresses.LONGEST)]
    city: Annotated[str | None, Field(max_length=addresses.LONGEST)]
    region: Annotated[str | None, Field(max_length=addresses.LONGEST)]
    postal_code: Annotated[str | None, Field(max_length=addresses.LONGEST)]
    country: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 code of two letters")]
    unsure: Annotated[list[Part], Field(max_length=5)]


@tool(kind="transform", assurance=Assurance.CLAIMED)
async def normalize_address(arguments: AddressText, context: Context) -> NormalizedAddress:  # noqa: ARG001 - one shape
    """Split a postal address into street, city, region, postal code and country code, and name what is unsure."""
    found = addresses.read(arguments.text)
    return NormalizedAddress.model_validate({name: getattr(found, name) for name in NormalizedAddress.model_fields})


class Thread(Record):
    """The messages of one conversation, oldest first."""

    messages: Annotated[list[Annotated[str, Field(max_length=4_000)]], Field(min_length=1, max_length=50)]
    most_sentences: Annotated[int, Field(ge=1, le=10, description="How many sentences at most")] = 3


class ThreadSummary(Record):
    """What a thread says: sentences of its own, in their order, and its topics."""

    sentences: Annotated[list[Annotated[str, Field(max_length=summaries.LONGEST_SENTENCE)]], Field(max_length=10)]
    topics: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=summaries.TOPICS)]


@tool(kind="transform", assurance=Assurance.CLAIMED)
async def summarize_ticket_thread(arguments: Thread) -> ThreadSummary:
    """Summarize the messages of a ticket in sentences taken from them word for word, and name the topics."""
    found = summaries.summarize(arguments.messages, arguments.most_sentences)
    return ThreadSummary(sentences=list(found.sentences), topics=[word[:60] for word in found.topics])


class Mail(Record):
    """A mail, or a message without a subject, that may hold a bill."""

    subject: Annotated[str, Field(max_length=bills.LONGEST_SUBJECT, description="Empty where there is none")]
    text: Annotated[str, Field(max_length=bills.LONGEST, description="The text as it was written")]


class Entity(Record):
    """A value, if there is one, and whether it is certain."""

    value: Annotated[str | None, Field(max_length=bills.LONGEST_NAME)]
    certain: bool


class MailEntities(Record):
    """What a mail says of a bill: amounts as `480.00 USD`, days as ISO dates. `amounts`: all there are, in order."""

    vendor_name: Entity
    invoice_number: Entity
    purchase_order: Entity
    total: Entity
    issued_on: Entity
    due_on: Entity
    amounts: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=bills.MOST_AMOUNTS)]


@tool(kind="transform", assurance=Assurance.CLAIMED)
async def extract_entities_from_email(arguments: Mail) -> MailEntities:
    """Read a vendor's bill out of a mail: vendor, number, purchase order, total, days, each with its certainty."""
    found = bills.read(arguments.subject, arguments.text)
    names = (name for name in MailEntities.model_fields if name != "amounts")
    entities = {name: Entity(**asdict(getattr(found, name))) for name in names}
    return MailEntities(**entities, amounts=list(found.amounts))


TOOLS = [normalize_address, summarize_ticket_thread, extract_entities_from_email]
