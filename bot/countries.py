"""Countries in text, as ISO 3166 codes of two letters. The names come from the IANA database. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from bot import names, words

ALONE = 3
"""A name that is a word or a person's name as well counts in texts of so many words at most."""
_DOUBTFUL = words.bag("chad georgia guinea jersey jordan mali niger oman togo turkey cuba monaco")
_AROUND = words.bag("country the in from its it is we are im i am my our land code based live here please")
_OTHER_NAMES = {
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
    return {row[0]: row[1] for row in names.rows("zoneinfo/iso3166.tab")}


@cache
def _by_name() -> Mapping[names.Words, str]:
    found = {names.key(name.split(" (", maxsplit=1)[0]): code for code, name in known().items()}
    found |= {names.key(name.replace("&", "and")): code for code, name in known().items()}
    more = {names.key(name): code for code, others in _OTHER_NAMES.items() for name in others}
    bare = {words_[1:]: code for words_, code in found.items() if words_[0] == "the"}
    return {words_: code for words_, code in {**found, **bare, **more}.items() if words_}


def find(text: str) -> Iterator[str]:
    """The countries a text names; a bare code only where it is the whole answer."""
    every = words.words(text)
    said = every if len(every) == 1 else [word for word in every if word not in _AROUND]
    if len(said) == 1 and said[0].upper() in known():
        yield said[0].upper()
        return
    table = _by_name()
    if len(said) > ALONE:
        table = {name: code for name, code in table.items() if len(name) > 1 or name[0] not in _DOUBTFUL}
    yield from names.find(text, table)
