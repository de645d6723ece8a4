"""Countries by ISO 3166 code, with the names people use for them. The list is the IANA database's. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import resources

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "US": ("usa", "united states of america", "the states", "u s a", "america"),
    "GB": ("uk", "united kingdom", "great britain", "england", "scotland", "wales", "northern ireland"),
    "DE": ("deutschland",), "AT": ("österreich",), "CH": ("schweiz", "suisse"), "NL": ("holland", "the netherlands"),
    "ES": ("españa",), "IT": ("italia",), "CZ": ("czechia",), "RU": ("russian federation",), "TR": ("türkiye",),
    "AE": ("uae", "emirates"), "KR": ("korea", "republic of korea"), "VN": ("viet nam",), "IE": ("éire",),
    "CI": ("ivory coast",), "CV": ("cabo verde",), "MM": ("burma",), "SZ": ("swaziland",), "MK": ("macedonia",),
    "CN": ("peoples republic of china",), "VA": ("vatican",), "BA": ("bosnia",), "CD": ("dr congo",),
}  # fmt: skip


@cache
def known() -> Mapping[str, str]:
    """Code → name, as the database has it."""
    text = (resources.files("tzdata") / "zoneinfo/iso3166.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return {row[0]: row[1] for row in rows}


def named(text: str) -> str | None:
    """The code of the country that a text is the name of, all of it; None when it is none."""
    return _by_name().get(_key(text))


@cache
def _by_name() -> Mapping[str, str]:
    found = {_key(name.split(" (", maxsplit=1)[0]): code for code, name in known().items()}
    return found | {_key(name): code for code, names in OTHER_NAMES.items() for name in names}


def _key(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold().replace("&", " and ").replace(".", " ").replace("-", " "))
    return " ".join("".join(char for char in plain if not unicodedata.combining(char)).split())
