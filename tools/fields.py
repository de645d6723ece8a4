"""Kinds of arguments that several packs have: an address, a zone, a country. They check form, never whose it is."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from tools.base import FromSession


class Record(BaseModel):
    """Frozen, and refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be a time zone of the IANA list, such as Europe/Berlin")
    return value


Contact = Annotated[str, FromSession("user_id")]
"""On whose behalf something is made, be they a customer or not: the other system keeps it beside what was made."""
TimeZone = Annotated[
    str, Field(max_length=64, description="The customer's time zone, such as Europe/Berlin"), AfterValidator(_zone)
]
Email = Annotated[
    str, Field(pattern=r"^[^@\s<>,;]{1,64}@[^@\s<>,;]{1,190}$", description="An e-mail address, as the person gave it")
]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="Two letters, such as US")]
Words = Annotated[str, Field(min_length=1, max_length=120)]
