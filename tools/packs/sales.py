"""Acme's calendar: free times and meetings with its people. Whoever asks need not be a customer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from tools import acme, acme_asked, acme_sales, failures, meeting_times
from tools.base import Context, tool
from tools.fields import Contact, Email, Record, TimeZone
from tools.meeting_times import PartOfDay

READ = "sales:read"
MEET = "sales:meet"
DAYS = 21
"""How far one look into the calendar reaches."""


def _moment(value: str) -> str:
    return acme_sales.iso(datetime.fromisoformat(value))


Duration = Annotated[Literal["15", "30", "45", "60"], Field(description="How long it takes, in minutes")]
MeetingType = Annotated[
    Literal["product_demo", "technical_deep_dive", "onboarding_call"], Field(description="What the meeting is for")
]
StartsAt = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", description="When it begins, in UTC"),
    AfterValidator(_moment),
]


class Nothing(Record):
    """Nothing to choose."""


class ContactAddress(Record):
    """The address on file for whoever is known; null for everybody else."""

    email: str | None


@tool(kind="lookup", scopes=(READ,), inside=True)
async def get_contact_address(arguments: Nothing, context: Context) -> ContactAddress:  # noqa: ARG001 - one shape for all
    """Look up the e-mail address on file of the customer who asks, if they are one."""
    if context.caller.customer_id is None:
        return ContactAddress(email=None)
    data = await context.get(acme.NAME, f"/v1/customers/{quote(context.caller.customer_id, safe='')}")
    return ContactAddress(email=acme.Customer.model_validate(data).email)


class SlotSearch(Record):
    """Which free times to list, and one that was chosen before, to see whether it still is one."""

    duration: Duration
    time_zone: TimeZone
    day: Annotated[date | None, Field(description="From this day on, by the customer's clocks")] = None
    part_of_day: Annotated[PartOfDay | None, Field(description="Only in this part of the day")] = None
    starts_at: StartsAt | None = None


class MeetingSlot(Record):
    """A free time: when it begins in UTC, and the same by the customer's clocks, in short and in full."""

    value: str
    label: str
    local: str


class MeetingSlots(Record):
    """A few free times by the customer's clocks, whose zone is `zone` in words.

    `exact`: they are on the day and in the part of the day that were asked for.

    `picked`: the time that was chosen before, if it is still free and still what was asked for; `gone`: it is not free.
    """

    zone: str
    exact: bool
    slots: list[MeetingSlot]
    picked: MeetingSlot | None
    gone: bool


@tool(kind="lookup", scopes=(READ,))
async def list_meeting_slots(arguments: SlotSearch, context: Context) -> MeetingSlots:
    """List free times for a meeting with our team, by the customer's own clocks."""
    zone, minutes = ZoneInfo(arguments.time_zone), int(arguments.duration)
    first = _within_reach(arguments.day, datetime.now(UTC).date())
    params = {
        "from": (first - timedelta(days=1)).isoformat(),  # the customer's day may begin on the day before, there
        "days": str(DAYS),
        "duration_minutes": arguments.duration,
    }
    data = await context.get(acme.NAME, "/v1/calendar", params)
    starts = [acme_sales.Slot.model_validate(one).starts_at for one in acme.listed(data, "slots")]
    fitting, exact = meeting_times.wanted(starts, zone, day=arguments.day, part=arguments.part_of_day)
    labels = meeting_times.labels(fitting, zone)
    shown = {acme_sales.iso(start): _slot(start, minutes, zone, labels[start]) for start in fitting}
    return MeetingSlots(
        zone=meeting_times.zone_words(zone),
        exact=exact,
        slots=[shown[acme_sales.iso(start)] for start in meeting_times.few(fitting, zone)],
        picked=shown.get(arguments.starts_at or ""),
        gone=arguments.starts_at not in {None, *map(acme_sales.iso, starts)},
    )


def _within_reach(day: date | None, today: date) -> date:
    """The day to look from; nothing is free before today, or in years."""
    return min(max(day or today, today), today + timedelta(days=366))


def _slot(start: datetime, minutes: int, zone: ZoneInfo, label: str) -> MeetingSlot:
    return MeetingSlot(value=acme_sales.iso(start), label=label, local=meeting_times.span(start, minutes, zone))


class MeetingRequest(Record):
    """The exact terms of a meeting. The address is what the person says; nothing is sent to it from here."""

    user_id: Contact
    meeting_type: MeetingType
    starts_at: StartsAt
    duration: Duration
    time_zone: TimeZone
    email: Email


class MeetingReceipt(Record):
    """A meeting that was booked."""

    meeting_id: str
    status: str


async def _find_meeting(arguments: MeetingRequest, context: Context) -> MeetingReceipt | None:
    """Read a meeting back by its key."""
    found = await acme_asked.written(context, "meetings", acme_sales.Meeting, contact=arguments.user_id)
    return MeetingReceipt(meeting_id=found.meeting_id, status=found.status) if found else None


@tool(kind="transact", effect="keyed", probe=_find_meeting, scopes=(MEET,))
async def schedule_demo(arguments: MeetingRequest, context: Context) -> MeetingReceipt:
    """Book a meeting with our team at one of its free times."""
    body = {
        "meeting_type": arguments.meeting_type,
        "starts_at": arguments.starts_at,
        "duration_minutes": int(arguments.duration),
        "time_zone": arguments.time_zone,
        "email": arguments.email,
        "contact": arguments.user_id,
        "customer_id": context.caller.customer_id,
    }
    made = acme_sales.Meeting.model_validate(await context.post(acme.NAME, "/v1/meetings", body))
    return MeetingReceipt(meeting_id=made.meeting_id, status=made.status)


class OneMeeting(Record):
    """One of the person's own meetings."""

    user_id: Contact
    meeting_id: Annotated[str, Field(pattern=r"^[A-Z]{2}-[0-9]{1,9}$", description="Its number, such as MT-1001")]


class Meeting(Record):
    """A meeting as it stands, by the customer's clocks."""

    meeting_id: str
    meeting_type: str
    local: str
    zone: str
    duration: str
    email: str
    host: str
    status: str


@tool(kind="lookup", scopes=(READ,))
async def get_meeting(arguments: OneMeeting, context: Context) -> Meeting:
    """Look up a meeting that this person booked: its time, length, host and status."""
    missing = f"There is no meeting {arguments.meeting_id} of yours."
    try:
        data = await context.get(acme.NAME, f"/v1/meetings/{quote(arguments.meeting_id, safe='')}")
    except failures.NotFound as error:
        raise failures.NotFound(missing) from error
    found = acme_sales.Meeting.model_validate(data)
    if found.contact != arguments.user_id:
        raise failures.NotFound(missing)
    zone = ZoneInfo(found.time_zone)
    return Meeting(
        meeting_id=found.meeting_id,
        meeting_type=found.meeting_type,
        local=meeting_times.span(found.starts_at, found.duration_minutes, zone),
        zone=meeting_times.zone_words(zone),
        duration=str(found.duration_minutes),
        email=found.email,
        host=found.host,
        status=found.status,
    )


async def _meetings(params: dict[str, str], context: Context) -> list[acme_sales.Meeting]:
    data = await context.get(acme.NAME, "/v1/meetings", params)
    return [acme_sales.Meeting.model_validate(one) for one in acme.listed(data, "meetings")]


TOOLS = [get_contact_address, list_meeting_slots, get_meeting, schedule_demo]
