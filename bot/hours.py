"""Times of day in text, alone or with a day, in ISO form. Knows no clock; what may be morning or evening is both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from bot import dates, words

_CLOCK = words.pattern(
    r"\b([01]?[0-9]|2[0-4])(?:(?::|h)([0-5][0-9])(?::[0-5][0-9])?|\.([0-5][0-9]))?"
    r"(?:\s*(a\.?m\b\.?|p\.?m\b\.?|uhr\b|o'?clock\b|h\b|in the \w+)|\b)"
)
_BEFORE = words.pattern(r"(?:\bat|\bum|\bby|@)\s*$")
_NAMED = words.pattern(r"\b(noon|midday|mittags?|midnight|mitternacht)\b")
_PART = words.pattern(r"\b(in the (?:morning|afternoon|evening)|at night|tonight|morgens|nachmittags|abends)\b")
_STAMP = words.pattern(
    r"\b([0-9]{4}-[0-9]{2}-[0-9]{2})[t ]([0-2][0-9]:[0-5][0-9])(?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
    r"\s?(z\b|[+\-][0-9]{2}:?[0-9]{2}\b)?"
)
MOST = 6


def find(text: str) -> Iterator[str]:
    """Times as HH:MM, in order: 3pm, 15:00, 14.30 Uhr, noon; "at 3" may be both 03:00 and 15:00."""
    text = dates.ANY.sub(" ; ", _STAMP.sub(r" \2 ", text))
    part = _PART.search(text)
    late = _is_late(part.group(0).lower()) if part else None
    for match in _NAMED.finditer(text):
        yield "12:00" if match.group(1).lower().startswith(("no", "midd", "mittag")) else "00:00"
    for match in _CLOCK.finditer(text):
        yield from _read(match, before=bool(_BEFORE.search(text[max(0, match.start() - 8) : match.start()])), late=late)


def _is_late(part: str) -> bool:
    return not part.endswith(("morning", "morgens"))


def _read(match: object, *, before: bool, late: bool | None) -> Iterator[str]:
    whole, colon, dot, mark = (match.group(n) for n in range(1, 5))  # type: ignore[attr-defined]  # re2 has no types
    hour, minute, mark = int(whole), int(colon or dot or 0), (mark or "").lower().replace(".", "")
    if hour == 24 or not (colon or mark or before) or (dot and not (mark or before)):
        return
    if mark in {"am", "pm"}:
        if 1 <= hour <= 12:
            yield f"{hour % 12 + (12 if mark == 'pm' else 0):02d}:{minute:02d}"
    elif hour > 12 or hour == 0 or whole.startswith("0") or (colon and late is None) or mark in {"uhr", "h"}:
        yield f"{hour:02d}:{minute:02d}"
    elif late is not None:
        yield f"{hour % 12 + (12 if late else 0):02d}:{minute:02d}"
    else:
        yield f"{hour % 12:02d}:{minute:02d}"
        yield f"{hour % 12 + 12:02d}:{minute:02d}"


def find_both(text: str, today: date | None = None) -> Iterator[str]:
    """A day with a time as 2026-11-19T15:00; an offset that was written stays. Without both there is nothing."""
    stamps = [found for match in _STAMP.finditer(text) for found in _stamp(match)]
    if stamps:
        yield from stamps
        return
    days = list(dict.fromkeys(dates.find(text, today)))
    times = list(dict.fromkeys(find(text)))
    pairs = zip(days, times, strict=True) if len(days) == len(times) else ((d, t) for d in days for t in times)
    for _, (day, time) in zip(range(MOST), pairs, strict=False):
        yield f"{day}T{time}"


def _stamp(match: object) -> Iterator[str]:
    day, time, offset = (match.group(n) for n in range(1, 4))  # type: ignore[attr-defined]
    try:
        found = datetime.fromisoformat(f"{day}T{time}{(offset or '').upper()}")
    except ValueError:
        return
    yield found.isoformat(timespec="minutes")
