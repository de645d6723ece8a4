"""Free times by the customer's clocks: few, as asked for, never two alike, right when clocks are set."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import meeting_times
from tools.meeting_times import PARTS, PartOfDay

ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
        "Etc/UTC",
    )
]
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001 - UTC
    lambda moment: moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
)
starts = st.lists(moments, max_size=40, unique=True).map(sorted)
zones = st.sampled_from(ZONES)
parts = st.sampled_from([None, *PARTS])


@given(starts, zones, st.dates(date(2026, 1, 1), date(2027, 12, 31)) | st.none(), parts)
def test_what_is_offered_is_what_was_asked_for(
    free: list[datetime], zone: ZoneInfo, day: date | None, part: PartOfDay | None
) -> None:
    """All on that day and in that part; or, said so, any from that day on. Nothing that is not free."""
    found, exact = meeting_times.wanted(free, zone, day=day, part=part)
    assert set(found) <= set(free)
    assert found == sorted(found)
    for start in found:
        local = start.astimezone(zone)
        assert day is None or local.date() >= day
        if exact:
            assert day in {None, local.date()}
            assert part is None or PARTS[part][0] <= local.hour < PARTS[part][1]


@given(starts, zones)
def test_few_are_a_few_of_them(free: list[datetime], zone: ZoneInfo) -> None:
    """At most five, in order, and some whenever there are any."""
    found = meeting_times.few(free, zone)
    assert set(found) <= set(free)
    assert found == sorted(set(found))
    assert min(len(free), 1) <= len(found) <= meeting_times.MOST


def test_the_times_of_one_day_are_spread_over_it() -> None:
    """From the first to the last; over several days it is the first of each half."""
    day = [datetime(2026, 12, 1, 9, tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(16)]
    zone = ZoneInfo("Etc/UTC")
    found = meeting_times.few(day, zone)
    assert (5, day[0], day[-1]) == (len(found), found[0], found[-1])
    assert [9, 12, 9, 12, 9] == [
        start.hour for start in meeting_times.few([*_on(day, 0), *_on(day, 1), *_on(day, 2)], zone)
    ]


def _on(day: list[datetime], later: int) -> list[datetime]:
    return [start + timedelta(days=later) for start in day]


@given(starts, zones)
def test_no_two_labels_are_alike(free: list[datetime], zone: ZoneInfo) -> None:
    """Whoever picks a label picks one moment."""
    found = meeting_times.labels(free, zone)
    assert set(found) == set(free)
    assert len(set(found.values())) == len(free)


def test_the_hour_that_there_is_twice() -> None:
    """When clocks are set back, the two are told apart by their offset."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    zone = ZoneInfo("Europe/Berlin")
    assert ["Sunday 25 October 02:30 (UTC+0200)", "Sunday 25 October 02:30 (UTC+0100)"] == list(
        meeting_times.labels([first, first + timedelta(hours=1)], zone).values()
    )


@pytest.mark.parametrize(
    "moment,zone,words",
    [
        # the US sets its clocks on 8 March 2026, Europe three weeks later: for those weeks New York is five hours away
        ("2026-03-06T15:00Z", "Europe/Berlin", "Friday 6 March 2026, 16:00 to 16:30"),
        ("2026-03-13T14:00Z", "Europe/Berlin", "Friday 13 March 2026, 15:00 to 15:30"),
        ("2026-04-03T14:00Z", "Europe/Berlin", "Friday 3 April 2026, 16:00 to 16:30"),
        ("2026-10-30T14:00Z", "America/New_York", "Friday 30 October 2026, 10:00 to 10:30"),
        ("2026-11-02T15:00Z", "America/New_York", "Monday 2 November 2026, 10:00 to 10:30"),
        ("2026-12-01T14:45Z", "Asia/Tokyo", "Tuesday 1 December 2026, 23:45 to Wednesday 00:15"),
    ],
)
def test_a_span_in_full(moment: str, zone: str, words: str) -> None:
    """By the clocks of the zone on that very day; past midnight with the other day."""
    assert words == meeting_times.span(datetime.fromisoformat(moment), 30, ZoneInfo(zone))


@given(moments, zones, st.sampled_from([15, 30, 45, 60]))
def test_a_span_can_be_read_back(start: datetime, zone: ZoneInfo, minutes: int) -> None:
    """Day and hour in the words are those of the zone at that moment, whatever is done to its clocks."""
    said = meeting_times.span(start, minutes, zone)
    local = start.astimezone(zone)
    day, _, clock = said.partition(", ")
    assert local.replace(tzinfo=None) == datetime.strptime(f"{day} {clock[:5]}", "%A %d %B %Y %H:%M")  # noqa: DTZ007
    assert said.endswith(f"{(start + timedelta(minutes=minutes)).astimezone(zone):%H:%M}")


@pytest.mark.parametrize(
    "zone,words",
    [("Europe/Berlin", "Europe/Berlin"), ("Etc/GMT-2", "UTC+2"), ("Etc/GMT+11", "UTC-11"), ("Etc/UTC", "UTC")],
)
def test_zones_in_words(zone: str, words: str) -> None:
    """A fixed offset reads as people write it."""
    assert words == meeting_times.zone_words(ZoneInfo(zone))
