"""Kinds of arguments that several packs have: an address, a zone, money. They check form, never whose it is."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from config.money import CURRENCIES, Money
from tools.base import FromSession


class Record(BaseModel):
    """Frozen, and refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be a time zone of the IANA list, such as Europe/Berlin")
    return value


def _amount(value: str) -> str:
    Money.parse(value)
    return value


def _currency(value: str) -> str:
    if value not in CURRENCIES:
        raise ValueError("must be a currency code of ISO 4217, such as USD")
    return value


Amount = Annotated[
    str,
    Field(pattern=r"^[0-9]{1,9}\.[0-9]{2} [A-Z]{3}$", description="Amount and currency, such as 49.00 USD"),
    AfterValidator(_amount),
]
"""Money as limits read it. Text, since a number in JSON is not exact and has no currency."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="Such as USD"), AfterValidator(_currency)]
Moment = Annotated[AwareDatetime, Field(description="Date and time with its offset, such as 2026-07-03T09:00+02:00")]
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
