"""A postal address out of text: street, city, region, postal code, country. By rule; what no rule tells is unsure.

Lines such as `city: Boston` say what a part is, and win over what the rest of the text looks like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import re2

from tools import countries
from tools.regions import ANY_POSTAL, POSTAL, REGIONS, WITHOUT_POSTAL

PARTS = ("street", "city", "region", "postal_code", "country")
LONGEST = 500
LONGEST_HOUSE = 4
"""A longer number at the end of the first piece is no house's, but a postal code."""
_LABELS = {
    "street": "street", "address": "street", "street address": "street", "city": "city", "town": "city",
    "state": "region", "region": "region", "province": "region", "zip": "postal_code", "zip code": "postal_code",
    "zipcode": "postal_code", "postal code": "postal_code", "postcode": "postal_code", "post code": "postal_code",
    "postal_code": "postal_code", "country": "country",
}  # fmt: skip
_LABEL = re2.compile(r"(?i)^(" + "|".join(sorted(_LABELS, key=len, reverse=True)) + r")\s*[:=]\s*(.*)$")
_PREAMBLE = re2.compile(r"(?i)^[^0-9]{0,80}\b(?:to|is|it'?s|at|address|use|now)\b\s*:?\s+(\S.*)$")
_SUFFIX = (
    r"street|st|avenue|ave|road|rd|lane|ln|drive|dr|way|boulevard|blvd|court|ct|place|pl|square|sq|terrace|parkway|pkwy"
    r"|highway|hwy|close|crescent|row|walk"
)
_UNIT = r"(?:,?\s+(?:apt|apartment|suite|ste|unit|floor|fl|no|#)\.?\s*#?[0-9a-z\-]{1,8})?"
_STREET_FIRST = re2.compile(rf"(?i)^([0-9]+[a-z]?\s+.*?\b(?:{_SUFFIX})\b\.?{_UNIT})\s+(\D.*)$")
_NUMBER_LAST = re2.compile(r"^(\D+?\s[0-9]{1,5}[a-zA-Z]?)\s+((?:[A-Z]{1,2}-)?[0-9]{4,5}(?:\s?[A-Z]{2})?\s+\D+)$")
_ZIP_FIRST = re2.compile(
    r"^(?:[A-Z]{1,2}-)?([0-9]{4}\s?[A-Z]{2}|[0-9]{3}\s[0-9]{2}|[0-9]{2,4}-[0-9]{3}|[0-9]{4,6})\s+(\D+)$"
)
_ZIP_LAST = re2.compile(
    r"(?i)^(.*?)[\s]*\b([0-9]{3,5}-[0-9]{4}|[A-Z][0-9][A-Z]\s?[0-9][A-Z][0-9]|[A-Z]{1,2}[0-9][A-Z0-9]?\s?[0-9][A-Z]{2}"
    r"|[0-9]{4,6})$"
)
_ZIP_ALONE = re2.compile(rf"^(?:{ANY_POSTAL})$")
_POLITE = re2.compile(r"(?i)[ ,.!]*\b(?:please|pls|thanks|thank you)[ .!]*$")
_DIGIT = re2.compile(r"[0-9]")


@dataclass(slots=True, kw_only=True)
class Address:
    """What was read; a part that is not there is None, and one that is not certain stands in `unsure`."""

    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    unsure: list[str] = field(default_factory=list)


def read(text: str) -> Address:
    """Read an address, and say which parts are missing or not certain."""
    said, segments = _labelled(text[:LONGEST])
    found = Address()
    _country(found, segments)
    if len(segments) == 1:
        segments[:] = _split(segments[0])
    _codes(found, segments)
    _names(found, segments)
    for name, value in said.items():
        setattr(found, name, value)
    found.country = _code(found.country)
    found.unsure = [name for name, holds in _CHECKS.items() if not holds(found)]
    if "street" not in said and found.street and not _DIGIT.search(found.street):
        found.unsure.insert(0, "street")  # it may be any words
    return found


def _labelled(text: str) -> tuple[dict[str, str], list[str]]:
    """The parts that are named, and the rest in pieces."""
    said: dict[str, str] = {}
    rest: list[str] = []
    for line in text.splitlines():
        for raw in line.replace(";", ",").split(","):
            piece = _POLITE.sub("", " ".join(raw.split())).strip(" .")
            label = _LABEL.match(piece)
            if label and label.group(2):
                said[_LABELS[label.group(1).lower()]] = label.group(2).strip()
            elif piece:
                rest.append(piece)
    if rest:
        opening = _PREAMBLE.match(rest[0])
        rest[0] = opening.group(1) if opening and _DIGIT.search(opening.group(1)) else rest[0]
    return said, rest


def _split(piece: str) -> Iterator[str]:
    """A piece without commas that has the street and the city in it, as two."""
    for form in (_STREET_FIRST, _NUMBER_LAST):
        both = form.match(piece)
        if both:
            yield from both.groups()
            return
    yield piece


def _country(found: Address, segments: list[str]) -> None:
    """A country's name at the end; a code of two letters where it cannot be a state's."""
    if not segments:
        return
    last = segments[-1]
    code = last.upper()
    if countries.named(last):
        found.country = countries.named(last)
        segments.pop()
    elif code in countries.known() and last.isupper() and len(segments) > 1:
        if code.casefold() not in REGIONS["US"] or _ZIP_FIRST.match(segments[-2]):
            found.country = code
            segments.pop()
    else:
        _country_within(found, segments)


def _country_within(found: Address, segments: list[str]) -> None:
    """A country's name after a city and postal code: `London SW1A 1AA UK`."""
    words = segments[-1].split()
    for count in (3, 2, 1):
        name = " ".join(words[-count:])
        if len(words) > count and countries.named(name):
            found.country = countries.named(name)
            segments[-1] = " ".join(words[:-count])
            return


def _codes(found: Address, segments: list[str]) -> None:
    """The postal code, with the city or the region beside it: from the end on, since a street has numbers as well."""
    for place in range(len(segments) - 1, -1, -1):
        piece = segments[place]
        first = _ZIP_FIRST.match(piece)
        if first:
            found.postal_code, found.city = first.groups()
            del segments[place]
            return
        last = _ZIP_LAST.match(piece)
        if last and (place > 0 or len(last.group(2)) > LONGEST_HOUSE):
            found.postal_code = last.group(2)
            segments[place] = last.group(1)
            _region(found, segments, place)
            return


def _region(found: Address, segments: list[str], place: int) -> None:
    """A state or province at the end of the piece that had the postal code, or alone in the piece before it."""
    words = segments[place].split()
    for count in (3, 2, 1):
        name = " ".join(words[-count:]).casefold()
        country = _country_of(name, found)
        if len(words) >= count and country:
            found.region = REGIONS[country][name]
            found.country = country if found.country in {None, country} else None  # two countries are none
            segments[place] = " ".join(words[:-count])
            break
    segments[:] = [piece for piece in segments if piece]


def _country_of(name: str, found: Address) -> str | None:
    """The country that has a region of this name, and postal codes such as the one that was read."""
    fitting = [country for country, regions in REGIONS.items() if name in regions]
    code = (found.postal_code or "").upper()
    return next((country for country in fitting if re2.fullmatch(POSTAL[country], code)), None)


def _names(found: Address, segments: list[str]) -> None:
    """What is left: the street first, then the city, and perhaps the region after it."""
    left = list(segments)
    if found.region is None and len(left) > 1:
        country = found.country or "US"
        code = REGIONS.get(country, {}).get(left[-1].casefold())
        if code and (found.country or len(left) > 2):
            found.region = code
            left.pop()
    if found.city is None and len(left) > 1:
        found.city = left.pop()
    if left:
        found.street = ", ".join(left)


def _code(text: str | None) -> str | None:
    if text is None or text.upper() in countries.known():
        return text.upper() if text else None
    return countries.named(text)


def _has_street(found: Address) -> bool:
    return found.street is not None and 2 < len(found.street) <= 200 and any(map(str.isalpha, found.street))


def _has_city(found: Address) -> bool:
    return found.city is not None and 1 < len(found.city) <= 200 and not _DIGIT.search(found.city)


def _has_region(found: Address) -> bool:
    """Where addresses have regions it must be one of them; elsewhere there is none."""
    regions = REGIONS.get(found.country or "")
    if regions is None:
        found.region = found.region or ""
        return True
    found.region = regions.get((found.region or "").casefold())
    return found.region is not None


def _has_postal_code(found: Address) -> bool:
    if found.country in WITHOUT_POSTAL:
        found.postal_code = found.postal_code or ""
        return True
    found.postal_code = " ".join((found.postal_code or "").upper().split()) or None
    form = POSTAL.get(found.country or "", ANY_POSTAL)
    return found.postal_code is not None and re2.fullmatch(form, found.postal_code) is not None


def _has_country(found: Address) -> bool:
    return found.country is not None


_CHECKS = {
    "street": _has_street,
    "city": _has_city,
    "region": _has_region,
    "postal_code": _has_postal_code,
    "country": _has_country,
}
