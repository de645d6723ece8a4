"""Acme's calendar, leads and registers: times that are free, one booking for each, leads that are made once."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import meetings
from tests.playground.conftest import ACME, Json, Value, get, post

V1 = "/playground/acme/v1"
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
LEAD = {
    "email": "sam@initech.example",
    "company": "Initech",
    "size": "small",
    "interest": "support_bot",
    "urgency": "now",
    "contact": "U-1",
    "employees": 40,
}


async def send(client: aiohttp.ClientSession, path: str, key: str | None, body: Json) -> tuple[int, Value]:
    """Write something."""
    headers = {**ACME, **({"Idempotency-Key": key} if key else {})}
    return await post(client, f"{V1}/{path}", json=body, headers=headers)


async def free_times(client: aiohttp.ClientSession, **query: str) -> list[str]:
    """The times that the calendar offers."""
    params = {"from": datetime.now(UTC).date().isoformat(), **query}
    found = await get(client, f"{V1}/calendar", params=params, headers=ACME)
    assert found["time_zone"] == "America/New_York"
    return [slot["starts_at"] for slot in found["slots"]]


def meeting(starts_at: str, **changes: Value) -> Json:
    """A booking that is in order."""
    fields = {"meeting_type": "product_demo", "duration_minutes": 30, "time_zone": "Europe/Berlin"}
    return {**fields, "email": "sam@initech.example", "contact": "U-1", "starts_at": starts_at, **changes}


@given(DAYS, st.sampled_from(meetings.DURATIONS))
def test_every_free_time_is_within_working_hours(day: date, minutes: int) -> None:
    """From nine to five by New York's clocks, never over lunch, never at a weekend, whenever clocks are set."""
    now = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=3)
    found = list(meetings.free(day, 7, minutes=minutes, taken=[], now=now))
    assert found
    for start in found:
        begin, end = (moment.astimezone(meetings.ZONE) for moment in (start, start + timedelta(minutes=minutes)))
        assert begin.weekday() < 5
        assert begin.hour >= 9
        assert (end.hour, end.minute) <= (17, 0)
        assert (end.hour, end.minute) <= (12, 0) or begin.hour >= 13
    assert all(one < other for one, other in pairwise(found))


@given(DAYS, st.sampled_from(meetings.DURATIONS), st.sampled_from(meetings.DURATIONS))
def test_what_is_taken_is_free_no_more(day: date, minutes: int, taken: int) -> None:
    """Nothing that is offered overlaps a meeting that was booked."""
    now = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=1)
    first = next(meetings.free(day, 7, minutes=taken, taken=[], now=now))
    span = (first, first + timedelta(minutes=taken))
    for start in meetings.free(day, 7, minutes=minutes, taken=[span], now=now):
        assert start >= span[1] or start + timedelta(minutes=minutes) <= span[0]


async def test_a_meeting_is_booked_once_and_read_back(client: aiohttp.ClientSession) -> None:
    """Ten requests with one key are one meeting; another key finds the time taken, and the calendar agrees."""
    first, *_ = await free_times(client)
    answers = await asyncio.gather(*(send(client, "meetings", "key-1", meeting(first)) for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    status, made = answers[0]
    assert (201, "MT-1001", "booked", first) == (status, made["meeting_id"], made["status"], made["starts_at"])
    for query in ({"key": "key-1"}, {"contact": "U-1"}, {"email": "sam@initech.example"}):
        assert [made] == (await get(client, f"{V1}/meetings", params=query, headers=ACME))["meetings"]
    assert first not in await free_times(client)
    status, refused = await send(client, "meetings", "key-2", meeting(first, contact="U-2"))
    assert (409, "slot_taken") == (status, refused["error"]["code"])
    ledger = await get(client, "/playground/acme/ledger")
    assert [("meeting", "key-1")] == [(row["kind"], row["key"]) for row in ledger]


@pytest.mark.parametrize(
    "changes,code",
    [
        ({"starts_at": "2020-01-06T15:00:00Z"}, "slot_taken"),
        ({"starts_at": "next week"}, "invalid_field"),
        ({"starts_at": "2026-11-30T15:00:00"}, "invalid_field"),
        ({"meeting_type": "party"}, "invalid_field"),
        ({"duration_minutes": 20}, "invalid_field"),
        ({"duration_minutes": "30"}, "invalid_field"),
        ({"email": ""}, "invalid_field"),
        ({"contact": None}, "invalid_field"),
    ],
)
async def test_what_is_not_in_order_is_not_booked(client: aiohttp.ClientSession, changes: Json, code: str) -> None:
    """Times that are not free, and fields that are not what they must be."""
    first, *_ = await free_times(client)
    status, refused = await send(client, "meetings", "key-1", meeting(first) | changes)
    assert (409 if code == "slot_taken" else 422, code) == (status, refused["error"]["code"])
    assert [] == await get(client, "/playground/acme/ledger")


async def test_a_calendar_needs_a_day(client: aiohttp.ClientSession) -> None:
    """A query that is none is refused, as is a key that is missing."""
    async with client.get(f"{V1}/calendar", params={"from": "soon"}, headers=ACME) as response:
        assert 400 == response.status
    assert 400 == (await send(client, "meetings", None, meeting("2026-11-30T15:00:00Z")))[0]


async def test_a_lead_is_made_once_and_brought_up_to_date(client: aiohttp.ClientSession) -> None:
    """The same address makes no second lead; what is added later shows in the one there is."""
    status, made = await send(client, "leads", "key-1", LEAD)
    assert (201, "LD-1001") == (status, made["lead_id"])
    status, refused = await send(client, "leads", "key-2", {**LEAD, "email": "Sam@Initech.example"})
    assert (409, "lead_exists", "LD-1001") == (status, refused["error"]["code"], refused["error"]["lead_id"])
    change = {"lead_id": "LD-1001", "contact": "U-1", "urgency": "exploring", "employees": 60}
    assert 201 == (await send(client, "lead_updates", "key-3", change))[0]
    assert (await send(client, "lead_updates", "key-3", change)) == (
        await send(client, "lead_updates", "key-3", change)
    )
    (lead,) = (await get(client, f"{V1}/crm/leads", params={"email": "SAM@initech.example"}, headers=ACME))["leads"]
    assert ("exploring", 60, "small", 1) == (lead["urgency"], lead["employees"], lead["size"], lead["updates"])
    ledger = await get(client, "/playground/acme/ledger")
    assert ["lead", "lead_update"] == [row["kind"] for row in ledger]


async def test_leads_that_are_not_there_are_not_changed(client: aiohttp.ClientSession) -> None:
    """Nor is one made that lacks what a lead must have; those from before are found."""
    status, refused = await send(client, "lead_updates", "key-1", {"lead_id": "LD-9", "contact": "U-1"})
    assert (404, "lead_not_found") == (status, refused["error"]["code"])
    assert 422 == (await send(client, "lead_updates", "key-1", {"lead_id": "LD-0901"}))[0]
    assert 422 == (await send(client, "leads", "key-1", {**LEAD, "company": " "}))[0]
    assert 409 == (await send(client, "leads", "key-1", {**LEAD, "email": "pat@globex.example"}))[0]
    found = await get(client, f"{V1}/crm/leads", params={"lead_id": "LD-0902"}, headers=ACME)
    assert ["kim@example.com"] == [lead["email"] for lead in found["leads"]]


@pytest.mark.parametrize("domain,count", [("initech.example", 2), ("Umbrella.example", 1), ("nobody.example", 0)])
async def test_what_registers_say(client: aiohttp.ClientSession, domain: str, count: int) -> None:
    """Several may know a company, or none."""
    found = await get(client, f"{V1}/companies", params={"domain": domain}, headers=ACME)
    assert count == len(found["companies"])
    assert [] == (await get(client, f"{V1}/companies", headers=ACME))["companies"]
