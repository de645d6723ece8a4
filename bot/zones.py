"""Time zones in text, as IANA names: by name, city, offset, abbreviation or country. Pure.

What may be several is given as several, so that the question can name them. The names are those of the IANA database
(`tzdata`); only cities that it does not name, and abbreviations, stand here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from bot import countries, names, words

_AREAS = words.bag("Africa America Asia Atlantic Australia Europe Indian Pacific Antarctica")
_ORDINARY = words.bag(
    "male nome center easter troll reunion canary resolute midway wake south north west knox casey davis"
)
_OFFSET = words.pattern(r"(?:\b(?:utc|gmt)\s*([+\-])\s*|(?:^|\s)([+\-]))([0-9]{1,2})(?::?([0-5][0-9]))?\b")
_NAME = words.pattern(r"\b[a-z]{2,12}/[a-z0-9_+\-]{1,32}(?:/[a-z0-9_+\-]{1,32})?")
_TOKEN = words.pattern(r"\p{L}+")
_FILLERS = words.bag("time zone timezone my the is its in im i am we are on standard daylight please use local")
_ZONE = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
_CITIES = {
    "America/New_York": "boston|washington|washington dc|miami|atlanta|philadelphia|nyc|new york city|eastern time",
    "America/Chicago": "dallas|houston|austin|minneapolis|central time",
    "America/Denver": "salt lake city|mountain time",
    "America/Los_Angeles": "san francisco|seattle|san diego|portland|las vegas|pacific time",
    "America/Toronto": "montreal|ottawa", "America/Sao_Paulo": "rio de janeiro|brasilia",
    "Europe/Berlin": "munich|münchen|hamburg|frankfurt|cologne|köln|stuttgart|central european time",
    "Europe/Zurich": "geneva|basel|bern", "Europe/Rome": "milan|naples|roma", "Europe/Madrid": "barcelona|valencia",
    "Europe/Paris": "lyon|marseille", "Europe/London": "edinburgh|manchester|glasgow|birmingham",
    "Europe/Amsterdam": "rotterdam|the hague", "Europe/Brussels": "antwerp|brüssel", "Europe/Vienna": "wien",
    "Europe/Kyiv": "kyiv", "Asia/Kolkata": "mumbai|delhi|new delhi|bangalore|bengaluru|chennai|hyderabad",
    "Asia/Shanghai": "beijing|shenzhen|guangzhou", "Asia/Tokyo": "osaka|kyoto", "Asia/Dubai": "abu dhabi",
    "Asia/Jerusalem": "tel aviv", "Africa/Johannesburg": "cape town|durban", "Australia/Sydney": "canberra",
    "Pacific/Auckland": "wellington", "America/Mexico_City": "guadalajara",
}  # fmt: skip
_SHORT = {
    "UTC": ("Etc/UTC",), "GMT": ("Etc/GMT",), "BST": ("Europe/London",), "WET": ("WET",), "WEST": ("WET",),
    "CET": ("CET",), "CEST": ("CET",), "MEZ": ("CET",), "MESZ": ("CET",), "EET": ("EET",), "EEST": ("EET",),
    "EST": _ZONE[:1], "EDT": _ZONE[:1], "ET": _ZONE[:1], "CDT": _ZONE[1:2], "CT": _ZONE[1:2], "MDT": _ZONE[2:3],
    "MT": _ZONE[2:3], "PST": _ZONE[3:], "PDT": _ZONE[3:], "PT": _ZONE[3:], "MSK": ("Europe/Moscow",),
    "CST": ("America/Chicago", "Asia/Shanghai"), "MST": ("America/Denver", "America/Phoenix"),
    "IST": ("Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"), "AST": ("America/Halifax", "Asia/Riyadh"),
    "ADT": ("America/Halifax",), "AKST": ("America/Anchorage",), "AKDT": ("America/Anchorage",),
    "HST": ("Pacific/Honolulu",), "BRT": ("America/Sao_Paulo",), "PKT": ("Asia/Karachi",), "JST": ("Asia/Tokyo",),
    "KST": ("Asia/Seoul",), "SGT": ("Asia/Singapore",), "HKT": ("Asia/Hong_Kong",), "SAST": ("Africa/Johannesburg",),
    "WAT": ("Africa/Lagos",), "CAT": ("Africa/Maputo",), "EAT": ("Africa/Nairobi",), "NZST": ("Pacific/Auckland",),
    "NZDT": ("Pacific/Auckland",), "AEST": ("Australia/Sydney", "Australia/Brisbane"), "AEDT": ("Australia/Sydney",),
    "ACST": ("Australia/Darwin", "Australia/Adelaide"), "ACDT": ("Australia/Adelaide",), "AWST": ("Australia/Perth",),
}  # fmt: skip
_PARTS = {
    210: ("Asia/Tehran",), 270: ("Asia/Kabul",), 330: ("Asia/Kolkata",), 345: ("Asia/Kathmandu",),
    390: ("Asia/Yangon",), 525: ("Australia/Eucla",), 570: ("Australia/Darwin", "Australia/Adelaide"),
    630: ("Australia/Lord_Howe",), 765: ("Pacific/Chatham",), -210: ("America/St_Johns",), -570: ("Pacific/Marquesas",),
}  # fmt: skip
"""Zones whose offset (in minutes) is no whole hour."""


@cache
def _known() -> Mapping[str, str]:
    """Every IANA name by its lower-case form."""
    return {row[0].casefold(): row[0] for row in names.rows("zones")}


@cache
def _places() -> Mapping[names.Words, str]:
    """City → zone: the names of the database, older ones included, and the few that it lacks."""
    current = [row[2] for row in names.rows("zoneinfo/zone.tab")]
    found: dict[names.Words, str] = {}
    for zone in (*current, *sorted(_known().values())):
        area, _, city = zone.partition("/")
        if area in _AREAS:
            found.setdefault(names.key(city.rsplit("/", 1)[-1].replace("_", " ")), zone)
    found |= {names.key(city): zone for zone, cities in _CITIES.items() for city in cities.split("|")}
    return {city: zone for city, zone in found.items() if city and " ".join(city) not in _ORDINARY}


@cache
def of_country(code: str) -> str | None:
    """The zone of a country whose clocks all show the same; else None."""
    zones = [row[2] for row in names.rows("zoneinfo/zone.tab") if row[0] == code]
    return zones[0] if zones and all(_offsets(zone) == _offsets(zones[0]) for zone in zones) else None


def _offsets(zone: str) -> tuple[object, ...]:
    """What a zone's clocks are ahead of UTC, in winter and in summer."""
    days = (datetime(2026, month, 1, 12, tzinfo=UTC) for month in (1, 7))
    return tuple(day.astimezone(ZoneInfo(zone)).utcoffset() for day in days)


def named(text: str) -> str | None:
    """The IANA name that a text is, in any case; None when it is none."""
    return _known().get(text.strip().casefold())


def find(text: str) -> Iterator[str]:
    """The zones a text names, by the surest way that finds any."""
    for way in (_by_name, _by_city, _by_offset, _by_short, _by_country):
        found = list(way(text))
        if found:
            yield from found
            return


def _by_name(text: str) -> Iterator[str]:
    whole = named(text)
    if whole and "/" in whole:
        yield whole
        return
    for match in _NAME.finditer(text):
        zone = named(match.group(0)) or named(match.group(0).rstrip("-+_"))
        if zone:
            yield zone


def _by_city(text: str) -> Iterator[str]:
    yield from names.find(text, _places())


def _by_offset(text: str) -> Iterator[str]:
    """UTC+2, GMT-5:30, or +02:00 by itself; a whole hour is a fixed zone, whose name has the sign turned round."""
    for match in _OFFSET.finditer(text):
        sign, hours, minutes = match.group(1) or match.group(2), int(match.group(3)), int(match.group(4) or 0)
        if match.group(1) is None and match.group(4) is None and len(text.strip()) > 3:
            continue  # "+2" within a sentence is any number
        ahead = (hours * 60 + minutes) * (-1 if sign == "-" else 1)
        if minutes:
            yield from _PARTS.get(ahead, ())
        elif -12 * 60 <= ahead <= 14 * 60:
            yield f"Etc/GMT{-ahead // 60:+d}" if ahead else "Etc/UTC"


def _by_short(text: str) -> Iterator[str]:
    """Abbreviations: in capitals, or alone."""
    said = _TOKEN.findall(_OFFSET.sub(" ", text))
    alone = [word for word in said if word.lower() not in _FILLERS]
    for word in said:
        if word.isupper() or (len(alone) == 1 and word == alone[0]):
            yield from _SHORT.get(word.upper(), ())


def _by_country(text: str) -> Iterator[str]:
    for code in countries.find(text):
        zone = of_country(code)
        if zone:
            yield zone
