"""Free times as a customer reads them: by their own clocks, few, spread out. Pure; asks no calendar and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

PartOfDay = Literal["morning", "afternoon", "evening"]
MOST = 5
PARTS: dict[PartOfDay, tuple[int, int]] = {"morning": (5, 12), "afternoon": (12, 17), "evening": (17, 22)}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def wanted(
    starts: Iterable[datetime], zone: ZoneInfo, *, day: date | None, part: PartOfDay | None
) -> tuple[list[datetime], bool]:
    """The starts on the day and in the part of the day that were asked for; else all from that day on, and False."""
    later = sorted({start for start in starts if day is None or start.astimezone(zone).date() >= day})
    exact = [start for start in later if _fits(start.astimezone(zone), day, part)]
    return (exact, True) if exact else (later, False)


def few(starts: Sequence[datetime], zone: ZoneInfo, *, most: int = MOST) -> list[datetime]:
    """At most so many of them: spread over one day, or the first of each half of the days."""
    days = {start.astimezone(zone).date() for start in starts}
    if len(starts) <= most:
        return list(starts)
    if len(days) == 1:
        return [starts[round(n * (len(starts) - 1) / (most - 1))] for n in range(most)]
    halves: dict[tuple[date, bool], datetime] = {}
    for start in starts:
        local = start.astimezone(zone)
        halves.setdefault((local.date(), local.hour < 12), start)
    return list(halves.values())[:most]


def labels(starts: Iterable[datetime], zone: ZoneInfo) -> dict[datetime, str]:
    """`Tuesday 1 December 10:00` for each; where the clocks are set back, with the offset, so that no two are equal."""
    plain = {start: _label(start.astimezone(zone)) for start in starts}
    double = {text for text in plain.values() if list(plain.values()).count(text) > 1}
    return {
        start: f"{text} ({start.astimezone(zone):UTC%z})" if text in double else text for start, text in plain.items()
    }


def span(start: datetime, minutes: int, zone: ZoneInfo) -> str:
    """`Tuesday 1 December 2026, 10:00 to 10:30`, with the other day too where it goes on past midnight."""
    begin, end = start.astimezone(zone), (start + timedelta(minutes=minutes)).astimezone(zone)
    until = f"{end:%H:%M}" if begin.date() == end.date() else f"{_DAYS[end.weekday()]} {end:%H:%M}"
    return f"{_DAYS[begin.weekday()]} {begin.day} {_MONTHS[begin.month - 1]} {begin.year}, {begin:%H:%M} to {until}"


def zone_words(zone: ZoneInfo) -> str:
    """The zone as people say it: its IANA name, or UTC+2 for one of those whose names have the sign turned round."""
    if not zone.key.startswith("Etc/"):
        return zone.key
    ahead = f"{datetime(2026, 1, 1, tzinfo=zone):%z}"
    return "UTC" if ahead == "+0000" else f"UTC{ahead[0]}{int(ahead[1:3])}"


def _fits(local: datetime, day: date | None, part: PartOfDay | None) -> bool:
    first, last = PARTS[part] if part else (0, 24)
    return (day is None or local.date() == day) and first <= local.hour < last


def _label(local: datetime) -> str:
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"
