"""Dates in text, absolute and relative to a given day. Knows no clock; an ambiguous date is no date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from bot import words

_MONTH_NAMES = (
    ("january", "jan", "januar"), ("february", "feb", "februar"), ("march", "mar", "märz"), ("april", "apr"),
    ("may", "mai"), ("june", "jun", "juni"), ("july", "jul", "juli"), ("august", "aug"), ("september", "sept", "sep"),
    ("october", "oct", "oktober", "okt"), ("november", "nov"), ("december", "dec", "dezember", "dez"),
)  # fmt: skip
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names}
_DAY_NAMES = (
    ("monday", "mon", "montag"), ("tuesday", "tue", "tues", "dienstag"), ("wednesday", "wed", "mittwoch"),
    ("thursday", "thu", "thur", "thurs", "donnerstag"), ("friday", "fri", "freitag"), ("saturday", "sat", "samstag"),
    ("sunday", "sun", "sonntag"),
)  # fmt: skip
_DAYS = {name: number for number, names in enumerate(_DAY_NAMES) for name in names}
_NEAR = {
    "yesterday": -1,
    "gestern": -1,
    "today": 0,
    "heute": 0,
    "tonight": 0,
    "tomorrow": 1,
    "morgen": 1,
    "übermorgen": 2,
}
_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_COUNTS |= {"a": 1, "an": 1}
_M = "(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + ")"
_FULL_DAY = "(?:" + "|".join(name for name in _DAYS if len(name) > 5) + ")"
_ANY_DAY = "(?:" + "|".join(sorted(_DAYS, key=len, reverse=True)) + ")"
_TH = r"(?:st|nd|rd|th|\.)?"

_ISO = r"\b[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:t[0-9:.]+z?)?\b"
_DOTTED = r"\b[0-9]{1,2}\.[0-9]{1,2}\.(?:[0-9]{4}|[0-9]{2})\b"
_SLASHED = r"\b[0-9]{1,2}[/\-][0-9]{1,2}[/\-](?:[0-9]{4}|[0-9]{2})\b"
_DAY_MONTH = rf"\b[0-9]{{1,2}}{_TH}\s+(?:of\s+)?{_M}\b\.?(?:,?\s+[0-9]{{4}}\b)?"
_MONTH_DAY = rf"\b{_M}\.?\s+[0-9]{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+[0-9]{{4}}\b)?"
_MONTH_YEAR = rf"\b{_M}\.?,?\s+[0-9]{{4}}\b"
ANY = words.pattern(f"{_ISO}|{_DOTTED}|{_SLASHED}|{_DAY_MONTH}|{_MONTH_DAY}|{_MONTH_YEAR}")
"""Everything that is written like a date, a month with its year included."""

_NUMERIC = words.pattern(f"{_ISO}|{_DOTTED}|{_SLASHED}")
_NAMED = words.pattern(f"{_DAY_MONTH}|{_MONTH_DAY}")
_RELATIVE = words.pattern(
    r"\bin\s+([0-9]{1,3}|[a-z]{1,6})\s+(day|week|month)s?\b"
    r"|\b([0-9]{1,3}|[a-z]{1,6})\s+(day|week|month)s?\s+(?:ago|from now)\b"
)
_WEEKDAY = words.pattern(rf"\b(?:(next|this|on|by|until)\s+({_ANY_DAY})|({_FULL_DAY}))\b")
_PART = words.pattern(r"[0-9]+|\p{L}+")


def find(text: str, today: date | None = None) -> Iterator[str]:
    """ISO dates named in a text. Without `today` only dates that name their year."""
    for match in _NUMERIC.finditer(text):
        yield from _iso(_numeric(match.group(0)))
    for match in _NAMED.finditer(text):
        yield from _iso(_named(match.group(0).lower(), today))
    if today:
        yield from _relative(text.lower(), today)


def _iso(found: date | None) -> Iterator[str]:
    if found:
        yield found.isoformat()


def _numeric(text: str) -> date | None:
    """2026-03-04, 4.3.2026, 3/4/2026; with slashes only when the day cannot be the month."""
    first, second, third, *_ = (int(part) for part in _PART.findall(text)[:3])
    if len(text.split("-", maxsplit=1)[0]) == 4:
        return _date(first, second, third)
    year = third if third > 99 else 2000 + third
    if "." in text or first > 12:
        return _date(year, second, first)
    return _date(year, first, second) if second > 12 or first == second else None


def _named(text: str, today: date | None) -> date | None:
    parts = _PART.findall(text)
    month = next(_MONTHS[part] for part in parts if part in _MONTHS)
    numbers = [int(part) for part in parts if part.isdigit()]
    year = next((n for n in numbers if n > 999), None)
    if year:
        return _date(year, month, numbers[0])
    if today is None:
        return None
    found = _date(today.year, month, numbers[0])
    return _date(today.year + 1, month, numbers[0]) if found and found < today else found


def _relative(text: str, today: date) -> Iterator[str]:
    if "day after tomorrow" in text:
        yield (today + timedelta(days=2)).isoformat()
        text = text.replace("day after tomorrow", " ")
    for word in words.words(text):
        if word in _NEAR:
            yield (today + timedelta(days=_NEAR[word])).isoformat()
    for match in _RELATIVE.finditer(text):
        yield from _iso(_counted(match, today))
    for match in _WEEKDAY.finditer(text):
        yield from _iso(_weekday(match.group(1), _DAYS[match.group(2) or match.group(3)], today))


def _counted(match: object, today: date) -> date | None:
    groups = match.groups()  # type: ignore[attr-defined]  # re2 publishes no types
    count, unit = groups[0] or groups[2], groups[1] or groups[3]
    number = int(count) if count.isdigit() else _COUNTS.get(count)
    if number is None:
        return None
    back = -1 if match.group(0).endswith("ago") else 1  # type: ignore[attr-defined]
    if unit == "month":
        return _add_months(today, back * number)
    return today + timedelta(days=back * number * (7 if unit == "week" else 1))


def _weekday(word: str | None, weekday: int, today: date) -> date:
    """The coming one; "next" means the one of next week."""
    if word == "next":
        return today + timedelta(days=7 - today.weekday() + weekday)
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def _add_months(day: date, months: int) -> date | None:
    years, month = divmod(day.month - 1 + months, 12)
    days = (_date(day.year + years, month + 1, min(day.day, last)) for last in (31, 30, 29, 28))
    return next((found for found in days if found), None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
