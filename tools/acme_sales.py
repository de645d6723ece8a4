"""What Acme's sales API sends, read as strictly as `tools.acme` reads the rest. Asks nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from tools.acme import Sent, Written

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class Slot(Sent):
    """A time at which somebody at Acme is free."""

    starts_at: Moment
    ends_at: Moment


class Meeting(Sent):
    """A meeting that was booked."""

    meeting_id: str
    key: str
    contact: str
    meeting_type: str
    starts_at: Moment
    duration_minutes: int
    time_zone: str
    email: str
    host: str
    status: str


class Lead(Sent):
    """A lead as it stands. `contact`: on whose behalf we made it; `customer_id`: whose it is at Acme."""

    lead_id: str
    contact: str | None = None
    customer_id: str | None = None
    email: str
    company: str
    size: str
    interest: str
    urgency: str
    updates: int = 0


class LeadUpdate(Written):
    """Something added to a lead."""

    update_id: str
    lead_id: str
    contact: str


class Made(Written):
    """A lead that was made just now."""

    lead_id: str
    contact: str


class Company(Sent):
    """What one register says of a company."""

    domain: str
    name: str | None = None
    industry: str | None = None
    employees: Annotated[int | None, Field(ge=0)] = None
    country: str | None = None
    confidence: Annotated[float, Field(ge=0, le=1)]


def iso(moment: datetime) -> str:
    """A moment as Acme writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
