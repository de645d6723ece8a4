"""The limits of tools in policies.yaml: what ships can be read, every mistake is one clear line, hours are clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from config import policies
from config.money import Money
from config.settings import SHIPPED
from config.tool_rules import Hours

ROLES = "roles: {customer: {scopes: [a]}, boss: {scopes: ['b:approve']}}\n"


def read(tmp_path: Path, tools: str) -> policies.Policies:
    """A policies.yaml with this section."""
    path = tmp_path / "policies.yaml"
    path.write_text(f"{ROLES}tools: {tools}\n", encoding="utf-8")
    return policies.load(path)


def test_what_ships_can_be_read() -> None:
    """The refund's limits are there, and its kind's where it says nothing."""
    found = policies.load(SHIPPED / "policies.yaml")
    row = found.tools.of("create_refund_request", "transact")
    assert row.approval
    assert row.amount_per_day
    assert ("500.00 USD", "billing:approve") == (str(row.approval.above), row.approval.scope)
    assert "amount" == row.amount_argument == row.amount_per_day.argument
    assert found.tools.kinds.transact.per_day == row.per_day


def test_the_version_is_the_files(tmp_path: Path) -> None:
    """Another content is another version; the same content is the same."""
    one, same = read(tmp_path, "{}").version, read(tmp_path, "{}").version
    assert one == same != read(tmp_path, "{kinds: {}}").version
    assert 12 == len(one)


def test_a_named_tool_wins_over_its_kind_and_null_takes_away(tmp_path: Path) -> None:
    """Only what the row says differs from the kind."""
    found = read(
        tmp_path, "{kinds: {transact: {per_day: 5, rate_per_minute: 9}}, named: {pay: {per_day: null, off: true}}}"
    )
    row = found.tools.of("pay", "transact")
    assert (None, 9, True) == (row.per_day, row.rate_per_minute, row.off)
    assert (5, 9, False) == (
        (other := found.tools.of("other", "transact")).per_day,
        other.rate_per_minute,
        other.off,
    )
    assert found.tools.of("find", "lookup").per_day is None


@pytest.mark.parametrize(
    "tools, problem",
    [
        ("{named: {pay: {per_day: 0}}}", "tools.named.pay.per_day: Input should be greater than or equal to 1"),
        ("{named: {pay: {per_week: 1}}}", "tools.named.pay.per_week: Extra inputs are not permitted"),
        (
            "{named: {pay: {amount_per_day: {argument: a, most: 10 DOLLARS}}}}",
            "tools.named.pay.amount_per_day.most: 'DOLLARS' is no currency code of ISO 4217, such as USD or EUR",
        ),
        ("{named: {pay: {amount_per_day: {argument: a, most: 10}}}}", "must be an amount and its currency"),
        ("{named: {pay: {amount_per_day: {argument: a, most: -1 USD}}}}", "'-1' is no amount such as 1000.00"),
        ("{named: {pay: {amount_per_day: {argument: a, most: 1e3x USD}}}}", "'1e3x' is no amount such as 1000.00"),
        ("{named: {pay: {amount_per_day: {argument: a, most: 1.00001 USD}}}}", "at most four decimals"),
        ("{named: {pay: {amount_per_day: {argument: a, most: NaN USD}}}}", "at most four decimals"),
        ("{named: {pay: {approval: {argument: a, scope: 'b:approve'}}}}", "argument and above belong together"),
        (
            "{named: {pay: {approval: {argument: a, above: 1 USD, scope: 'c:approve'}}}}",
            "tools.named.pay.approval.scope: no role has 'c:approve', so nobody could approve",
        ),
        (
            "{kinds: {transact: {approval: {scope: 'c:approve'}}}}",
            "tools.kinds.transact.approval.scope: no role has 'c:approve', so nobody could approve",
        ),
        ("{named: {pay: {hours: {from: 09:00, to: 17:00, time_zone: CET/Nowhere}}}}", "is no time zone of the IANA"),
        ("{named: {pay: {hours: {from: 09:00, to: 25:00, time_zone: UTC}}}}", "is no time of day from 00:00 to 24:00"),
        ("{named: {pay: {hours: {from: early, to: 17:00, time_zone: UTC}}}}", "'early' is no time of day such as"),
        ("{named: {pay: {hours: {from: 09:00, to: 09:00, time_zone: UTC}}}}", "from and to are the same time"),
        ("{named: {pay: {hours: {days: [monday], from: 9, to: 10, time_zone: UTC}}}}", "hours.days.0: Input should"),
        ("{kinds: {lookup: {per_day: 5}}}", "tools.kinds: lookup.per_day: only writes have it"),
        ("{kinds: {transact: {minimum: 2}}}", "tools.kinds: minimum: belongs to one tool, under named"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, tools: str, problem: str) -> None:
    """It names the file, the place and what is wrong there."""
    with pytest.raises(ValueError, match=r"^policies\.yaml[ :]") as caught:
        read(tmp_path, tools)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_version_of_ones_own_is_refused(tmp_path: Path) -> None:
    """It is worked out."""
    path = tmp_path / "policies.yaml"
    path.write_text(f"{ROLES}version: mine\n", encoding="utf-8")
    with pytest.raises(ValueError, match="leave it out"):
        policies.load(path)


@pytest.mark.parametrize(
    "now, open_",
    [
        ("2026-07-03T06:59Z", False),  # a Friday; Berlin is two hours ahead in summer
        ("2026-07-03T07:00Z", True),
        ("2026-07-03T15:29Z", True),
        ("2026-07-03T15:30Z", False),
        ("2026-07-04T10:00Z", False),
        ("2026-01-02T07:30Z", False),  # and one in winter
        ("2026-01-02T08:00Z", True),
    ],
)
def test_hours_go_by_the_clocks_of_their_place(tmp_path: Path, now: str, open_: bool) -> None:
    """Summer and winter, weekdays unless told otherwise; an unquoted 17:30 is a time as well."""
    rows = read(tmp_path, "{named: {pay: {hours: {from: 09:00, to: 17:30, time_zone: Europe/Berlin}}}}").tools
    hours = rows.named["pay"].hours
    assert hours
    assert open_ == hours.covers(datetime.fromisoformat(now).astimezone(UTC))
    assert "mon, tue, wed, thu, fri 09:00-17:30 Europe/Berlin" == str(hours)


@pytest.mark.parametrize(
    "now, open_",
    [("03T21:00", False), ("03T22:00", True), ("04T05:59", True), ("04T06:00", False), ("04T22:30", False)],
)
def test_a_night_belongs_to_the_day_on_which_it_began(now: str, open_: bool) -> None:
    """Friday's night shift ends on Saturday morning, and Saturday has none."""
    hours = Hours.model_validate({"days": ["fri"], "from": "22:00", "to": "06:00", "time_zone": "UTC"})
    assert open_ == hours.covers(datetime.fromisoformat(f"2026-07-{now}+00:00"))


def test_money_is_exact_and_says_what_it_is() -> None:
    """No float in between, and no two ways to write the same."""
    assert "0.10 USD" == str(Money.parse("0.1 USD"))
    assert "1500.00 EUR" == str(Money.parse("1500 EUR"))
    assert "0.0005 BHD" == str(Money.parse("0.0005 BHD"))
    assert 1_000 == Money.parse("0.1 USD").parts
    assert Money(amount=Decimal("0.3"), currency="USD") == Money.parse("0.30 USD")
    assert Money.of("49,00 USD") is Money.of(None) is Money.of("49.00 usd") is None
