"""Time zones, times, countries, numbers, lists of addresses and texts of several lines, as customers write them."""

from __future__ import annotations

from datetime import date
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import countries, extract, proposals, zones
from bot.workflows import Slot, SlotType

TODAY = date(2026, 11, 18)  # a Wednesday


@pytest.mark.parametrize(
    "text,found",
    [
        ("Europe/Berlin", ["Europe/Berlin"]), ("europe/berlin please", ["Europe/Berlin"]),
        ("America/Argentina/Buenos_Aires", ["America/Argentina/Buenos_Aires"]), ("I live in berlin", ["Europe/Berlin"]),
        ("I am in São Paulo", ["America/Sao_Paulo"]), ("sao paulo", ["America/Sao_Paulo"]),
        ("Munich", ["Europe/Berlin"]), ("New York, eastern time", ["America/New_York"]),
        ("my time is UTC+2", ["Etc/GMT-2"]), ("utc +02:00", ["Etc/GMT-2"]), ("GMT-5", ["Etc/GMT+5"]),
        ("+2", ["Etc/GMT-2"]), ("UTC", ["Etc/UTC"]), ("UTC+5:30", ["Asia/Kolkata"]), ("UTC+25", []),
        ("UTC+9:30", ["Australia/Darwin", "Australia/Adelaide"]), ("my timezone is PST", ["America/Los_Angeles"]),
        ("est", ["America/New_York"]), ("CST", ["America/Chicago", "Asia/Shanghai"]),
        ("I am in IST", ["Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"]), ("das ist gut", []),
        ("Germany", ["Europe/Berlin"]), ("the US", []), ("it is in the center", []), ("at 3 pm", []), ("", []),
        ("I have 2 +3 seats", []), ("Lima or Bogotá", ["America/Lima", "America/Bogota"]),
    ],
)  # fmt: skip
def test_time_zones(text: str, found: list[str]) -> None:
    """By name, city, offset, abbreviation or country; what may be several is several, what is unclear is none."""
    assert extract.find_all(text, Slot(type="time_zone")) == found


@pytest.mark.parametrize(
    "text,found",
    [
        ("3pm", ["15:00"]), ("3 p.m.", ["15:00"]), ("3:30 PM", ["15:30"]), ("12 am", ["00:00"]), ("15:00", ["15:00"]),
        ("12pm", ["12:00"]), ("9:05", ["09:05"]), ("14.30 Uhr", ["14:30"]), ("at 14.30", ["14:30"]), ("13pm", []),
        ("15h", ["15:00"]), ("noon", ["12:00"]), ("at 3", ["03:00", "15:00"]), ("3 in the afternoon", ["15:00"]),
        ("tonight at 8", ["20:00"]), ("from 10:00 to 11:00", ["10:00", "11:00"]), ("25:00", []), ("5 seats", []),
        ("49.00", []),
        ("invoice 18492", []), ("4.3.2026", []), ("2026-11-19", []), ("soon", []),
    ],
)  # fmt: skip
def test_times(text: str, found: list[str]) -> None:
    """In twelve and twenty-four hours; dates, amounts and counts are no times."""
    assert extract.find_all(text, Slot(type="time")) == found


@pytest.mark.parametrize(
    "text,found",
    [
        ("tomorrow at 3pm", ["2026-11-19T15:00"]), ("next Tuesday 14:30", ["2026-11-24T14:30"]),
        ("14.30 Uhr am 20.11.2026", ["2026-11-20T14:30"]), ("2026-11-19T15:00", ["2026-11-19T15:00"]),
        ("2026-11-19 15:00:30Z", ["2026-11-19T15:00+00:00"]), ("2026-11-19T15:00+0200", ["2026-11-19T15:00+02:00"]),
        ("friday at 9", ["2026-11-20T09:00", "2026-11-20T21:00"]), ("tomorrow", []), ("3pm", []),
        ("tomorrow at 3pm or Friday at 4pm", ["2026-11-19T15:00", "2026-11-20T16:00"]), ("2026-19-39T15:00", []),
    ],
)  # fmt: skip
def test_days_with_times(text: str, found: list[str]) -> None:
    """A day and a time become one value; one of them alone is none."""
    assert extract.find_all(text, Slot(type="datetime"), today=TODAY) == found


@pytest.mark.parametrize(
    "text,found",
    [
        ("DE", ["DE"]), ("de", ["DE"]), ("it", ["IT"]), ("country: NL", ["NL"]), ("Germany", ["DE"]),
        ("Deutschland", ["DE"]), ("the Netherlands", ["NL"]), ("I live in the UK", ["GB"]), ("USA", ["US"]),
        ("Côte d'Ivoire", ["CI"]), ("12 Main St, Springfield, United States", ["US"]), ("turkey", ["TR"]),
        ("please give Jordan my best regards", []), ("in it", []), ("xx", []), ("", []),
    ],
)  # fmt: skip
def test_countries(text: str, found: list[str]) -> None:
    """By name in any usual form; a code only alone, a name that is a word as well only in few words."""
    assert extract.find_all(text, Slot(type="country")) == found


@pytest.mark.parametrize(
    "text,found",
    [
        ("5", [5]), ("5 seats", [5]), ("five seats", [5]), ("one", [1]), ("that one please", []), ("1,200", [1200]),
        ("-3", [-3]), ("from 5 to 7", [5, 7]), ("49.00 USD", []), ("3pm", []), ("at 3 pm", []), ("50%", []),
        ("on 3 March 2026", []), ("call +1 555 010 1001", []), ("#7", []), ("none", []),
    ],
)  # fmt: skip
def test_whole_numbers(text: str, found: list[int]) -> None:
    """Digits or words, standing alone among words; amounts, dates, times and phones are none."""
    assert extract.find_all(text, Slot(type="integer")) == found


def test_addresses_are_one_list() -> None:
    """All addresses of an answer are one value, each once; without any there is none."""
    slot = Slot(type="emails")
    said = "Ann <Ann@Example.com>, kim@example.com; and ann@example.com"
    assert extract.find_all(said, slot) == [["ann@example.com", "kim@example.com"]]
    assert extract.find_all("just me", slot) == []


def test_a_text_keeps_its_lines() -> None:
    """A postal address keeps its lines; blank ones and what cannot be seen go."""
    said = "  1 Example\u200b Street \r\n\n12207 Berlin\nGermany  "
    assert extract.extract(said, Slot(type="text")) == "1 Example Street\n12207 Berlin\nGermany"


@pytest.mark.parametrize(
    "slot,given_,value",
    [
        ("time_zone", "europe/berlin", "Europe/Berlin"), ("time_zone", "Berlin", None), ("time", "15:00:00", "15:00"),
        ("time", "3pm", None), ("datetime", "2026-11-19T15:00", "2026-11-19T15:00"), ("datetime", "2026-11-19", None),
        ("country", "de", "DE"), ("country", "Germany", None), ("integer", 5, 5), ("integer", "5", 5),
        ("integer", True, None), ("emails", ["A@Example.com", "b@example.com"], ["a@example.com", "b@example.com"]),
        ("emails", ["nobody"], None), ("emails", [], None), ("text", "a\nb", "a\nb"),
    ],
)  # fmt: skip
def test_what_a_model_gives_has_the_slots_form(slot: SlotType, given_: object, value: object) -> None:
    """A model answers in the form it was told; anything else is not taken."""
    assert proposals._formed(Slot(type=slot), given_) == value


def test_every_address_of_a_model_was_said() -> None:
    """One invented address among real ones is enough to take none."""
    slot, said = Slot(type="emails"), "invite ann@example.com and kim@example.com"
    assert proposals._is_said(["ann@example.com", "kim@example.com"], slot, said)
    assert not proposals._is_said(["ann@example.com", "eve@example.com"], slot, said)


KINDS = [Slot(type=kind, choices={"a": "first"} if kind == "choice" else {}) for kind in get_args(SlotType)]
PIECES = st.sampled_from(
    [
        "UTC",
        "+",
        "-",
        "2",
        ":30",
        "3",
        "pm",
        " ",
        "Berlin",
        "Europe/",
        "tomorrow",
        "at ",
        "2026-11-19T",
        "25:61",
        "é",
        ";",
    ]
)


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=120) | st.lists(PIECES, max_size=40).map("".join))
def test_nothing_raises_and_a_value_found_is_found_again(text: str) -> None:
    """Whatever is written, a value in its own form means itself again, so that it can be shown and typed back."""
    for slot in KINDS:
        for value in extract.find_all(text, slot, today=TODAY):
            shown = " ".join(value) if isinstance(value, list) else str(value)
            if slot.type in {"time", "datetime", "time_zone", "country", "integer", "emails"}:
                assert extract.find_all(shown, slot, today=TODAY) == [value]


def test_every_zone_and_country_is_one_that_exists() -> None:
    """All names that can be found can be used: the alias tables name nothing else."""
    found = {*zones._places().values(), *(zone for short in zones._SHORT.values() for zone in short)}
    for zone in {*found, *(zone for part in zones._PARTS.values() for zone in part)}:
        assert zones.named(zone) == ZoneInfo(zone).key
    assert set(countries._by_name().values()) == set(countries.known())
