"""Addresses out of text: what is read, what is unsure; whatever is written, there is an answer of bounded size."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools import addresses
from tools.addresses import PARTS

ELM = ("12 Elm Street", "Boston", "MA", "02110", "US")
BERLIN = ("Hauptstraße 5", "Berlin", "", "10115", "DE")
READ = {
    "12 Elm Street\nBoston, MA 02110\nUSA": ELM,
    "12 elm Street\nBoston, ma 02110": ("12 elm Street", *ELM[1:]),
    "12 Elm Street Boston MA 02110": ELM,
    "my new address is 12 Elm Street, Boston, Massachusetts 02110, United States": ELM,
    "Please send my bills to 12 Elm Street, Boston, MA 02110, thanks": ELM,
    "street: 12 Elm Street\nZIP code: 02110\ncity: Boston\nstate: MA\ncountry: usa": ELM,
    "12 Elm Street\ncity: Boston\nregion: Massachusetts\npostal_code: 02110\ncountry: US": ELM,
    "Hauptstraße 5, 10115 Berlin, Germany": BERLIN,
    "Hauptstraße 5 D-10115 Berlin Deutschland": BERLIN,
    "we moved to Hauptstraße 5\n10115 Berlin\nDE": BERLIN,
    "5 Oak Ave, Toronto, ON m5v 2t6": ("5 Oak Ave", "Toronto", "ON", "M5V 2T6", "CA"),
    "10 Downing Street, London SW1A 2AA, UK": ("10 Downing Street", "London", "", "SW1A 2AA", "GB"),
    "Keizersgracht 1, 1015 CN Amsterdam, NL": ("Keizersgracht 1", "Amsterdam", "", "1015 CN", "NL"),
    "Level 3, 5 George St, Sydney NSW 2000, Australia": ("Level 3, 5 George St", "Sydney", "NSW", "2000", "AU"),
    "Rua Augusta 100, 1100-053 Lisboa, Portugal": ("Rua Augusta 100", "Lisboa", "", "1100-053", "PT"),
    "8 Queen's Road, Central, Hong Kong": ("8 Queen's Road", "Central", "", "", "HK"),
}
UNSURE = {
    "12 Elm Street": {"city", "postal_code", "country"},
    "12 Elm Street, Boston": {"postal_code", "country"},
    "12 Elm Street, Boston, MA 02110, Germany": {"country"},
    "Hauptstraße 5, 10115 Berlin": {"country"},
    "12 Elm Street, Boston, USA": {"region", "postal_code"},
    "12 Elm Street, Boston, MA 0211, USA": {"postal_code"},
    "Rose Cottage, Ely CB7 4DL, England": {"street"},
    "street: Rose Cottage\nEly CB7 4DL, England": {"city"},
    "hello there": {"street", "city", "postal_code", "country"},
    "": {"street", "city", "postal_code", "country"},
}


@pytest.mark.parametrize("text", READ)
def test_an_address_is_read(text: str) -> None:
    """Every part, in the form that Acme takes, and nothing left unsure."""
    found = addresses.read(text)
    assert READ[text] == tuple(getattr(found, name) for name in PARTS)
    assert [] == found.unsure


@pytest.mark.parametrize("text", UNSURE)
def test_what_is_missing_or_doubtful_is_named(text: str) -> None:
    """No part is guessed."""
    assert UNSURE[text] == set(addresses.read(text).unsure)


@given(st.text(max_size=700))
@settings(deadline=None)
def test_any_text_has_an_answer(text: str) -> None:
    """Bounded, the same each time, and with a whole address only when every part has its form."""
    found = addresses.read(text)
    assert found == addresses.read(text)
    assert all(len(getattr(found, name) or "") <= addresses.LONGEST for name in PARTS)
    if not found.unsure:
        assert found.street
        assert found.city
        assert found.country
        assert len(found.country) == 2
