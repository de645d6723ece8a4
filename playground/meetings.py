"""Acme's calendar of demos: when its people are free, and the meetings booked with them. It sends no invitation."""

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playground import writes
from playground.writes import Answer, refuse

Json = dict[str, Any]
Span = tuple[datetime, datetime]
ZONE = ZoneInfo("America/New_York")
OPENS, CLOSES = time(9), time(17)
LUNCH = (time(12), time(13))
GRID = timedelta(minutes=30)
NOTICE = timedelta(hours=1)
HORIZON_DAYS = 60
DURATIONS = (15, 30, 45, 60)
TYPES = ("product_demo", "technical_deep_dive", "onboarding_call")
NEEDED = ("meeting_type", "starts_at", "time_zone", "email", "contact")


def free(first: date, days: int, *, minutes: int, taken: Sequence[Span], now: datetime) -> Iterator[datetime]:
    """Yield every start, in UTC, at which a meeting of so many minutes fits on these days, as Acme's clocks count."""
    length = timedelta(minutes=minutes)
    for day in (first + timedelta(days=n) for n in range(days)):
        blocked = [*_closed(day), *taken]
        for start in _grid(day):
            span = (start, start + length)
            late = now + NOTICE <= start <= now + timedelta(days=HORIZON_DAYS)
            if late and span[1] <= _at(day, CLOSES) and not any(_overlap(span, other) for other in blocked):
                yield start


def booked(db: sqlite3.Connection) -> list[Span]:
    """Return the times that meetings take."""
    made = writes.search(db, KIND.name)
    return [(datetime.fromisoformat(one["starts_at"]), datetime.fromisoformat(one["ends_at"])) for one in made]


def show(start: datetime, minutes: int) -> Json:
    """Render a free time as the API gives it."""
    return {"starts_at": _iso(start), "ends_at": _iso(start + timedelta(minutes=minutes))}


def _grid(day: date) -> Iterator[datetime]:
    if day.weekday() > 4:
        return
    start = _at(day, OPENS)
    while start < _at(day, CLOSES):
        yield start
        start += GRID


def _closed(day: date) -> Iterator[Span]:
    """Lunch, and meetings of Acme's own: two on each day, on no two days of a week at the same times."""
    yield _at(day, LUNCH[0]), _at(day, LUNCH[1])
    for hour in (9 + day.toordinal() % 3, 13 + day.toordinal() * 7 % 4):
        yield _at(day, time(hour)), _at(day, time(hour + 1))


def _at(day: date, clock: time) -> datetime:
    """A time of Acme's clocks; none of them is ever set while it works."""
    return datetime.combine(day, clock, ZONE).astimezone(UTC)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _decide(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | Json:
    return writes.wrong_texts(request, NEEDED) or _wrong_choice(request) or _taken(db, request, now) or _made(request)


def _wrong_choice(request: Json) -> Answer | None:
    if request["meeting_type"] not in TYPES:
        return refuse(422, "invalid_field", f"meeting_type must be one of: {', '.join(TYPES)}.", field="meeting_type")
    if request.get("duration_minutes") not in DURATIONS:
        return refuse(422, "invalid_field", "duration_minutes must be 15, 30, 45 or 60.", field="duration_minutes")
    try:
        zoned = datetime.fromisoformat(request["starts_at"]).tzinfo is not None
    except ValueError:
        zoned = False
    return None if zoned else refuse(422, "invalid_field", "starts_at must be an ISO time with its offset.")


def _taken(db: sqlite3.Connection, request: Json, now: datetime) -> Answer | None:
    start = datetime.fromisoformat(request["starts_at"]).astimezone(UTC)
    day = start.astimezone(ZONE).date()
    if start in free(day, 1, minutes=request["duration_minutes"], taken=booked(db), now=now):
        return None
    return refuse(409, "slot_taken", "This time is not free.")


def _made(request: Json) -> Json:
    start = datetime.fromisoformat(request["starts_at"])
    fields = {name: request[name] for name in (*NEEDED, "duration_minutes")}
    return {
        **fields,
        **show(start, request["duration_minutes"]),
        "customer_id": request.get("customer_id"),
        "host": "Dana Reyes",
        "status": "booked",
    }


KIND = writes.Kind(
    name="meeting", path="meetings", id="meeting_id", prefix="MT", decide=_decide, filters=("contact", "email")
)
