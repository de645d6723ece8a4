"""A vendor's bill out of a mail: numbers, order, amounts, days, each with whether it is certain. By rule, linear, pure.

A value is certain when it stands where its label says so and nothing else does. Two that differ are both
doubted, and a day that can be read in two ways is none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import re2

from config.money import CURRENCIES

LONGEST = 20_000
LONGEST_SUBJECT = 300
LONGEST_NAME = 120
MOST_AMOUNTS = 20


def _pattern(source: str) -> Any:  # noqa: ANN401 - re2 publishes no types
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    return re2.compile(source, options)


_MARK = r"(?:\s*(?:numbers?|no|nr|nummer|id|ref(?:erence)?)\b\.?)?\s*(?:is\b)?\s*[:#.\-]{0,3}\s*"
_TOKEN = r"([a-z]{0,8}[\-/_ ]?[0-9][a-z0-9\-/_]{0,24})"  # noqa: S105 - the form of a number on paper
_INVOICE = _pattern(rf"\b(?:invoice|bill|inv|rechnung)s?{_MARK}{_TOKEN}")
_BARE_INVOICE = _pattern(r"\b((?:inv|bill|re|rg)[\-_/][0-9][a-z0-9\-/]{0,20})\b")
_ORDER = _pattern(rf"\b(?:purchase order|order|p\.?o\.?|bestellung){_MARK}{_TOKEN}")
_BARE_ORDER = _pattern(r"\b(po[\-_ ]?[0-9]{1,12})\b")
_SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_UPPER = "|".join(sorted(CURRENCIES))
_CODE = rf"(?:\b(?-i:{_UPPER})\b|\b(?:usd|eur|gbp|chf)\b|us\$|[$€£¥])"
_NUMBER = r"([0-9]{1,3}(?:[,.' ][0-9]{3})+(?:[.,][0-9]{1,2})?|[0-9]{1,9}(?:[.,][0-9]{1,2})?)"
_MONEY = _pattern(rf"({_CODE})\s?{_NUMBER}\b|\b{_NUMBER}\s?({_CODE})")
_TOTAL = _pattern(
    r"\b(?:grand total|total|amount due|balance due|balance|to pay|amount payable|gesamtbetrag|summe|amount)\b"
)
_PART = _pattern(r"\b(?:sub[\s\-]?total|net|tax|vat|discount|shipping|deposit|paid|per hour|each)\b")
_DUE = _pattern(r"\b(?:due|payable (?:by|until|before)|pay by|pay until|payment by|please pay|fällig)\b")
_ISSUED = _pattern(r"\b(?:invoice date|bill date|issued|issue date|date of issue|dated|date|datum)\b")
_NAMES = _pattern(
    r"^\s*(?:vendor|supplier|company|from|billed by|seller|lieferant)(?: name)?\s*:\s*(.{2,120})$"
    r"|\b(?:invoice|bill)\b.{0,60}\bfrom\s+((?:[\p{L}\p{N}&.'\-]+\s?){1,6})"
)
_END = _pattern(r"[,;.:(]|\s(?:for|over|dated|due|of|with|and|to|about|purchase|po|order|is|in)\s|\s+-|-\s+")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_ISO = _pattern(r"\b([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})\b")
_DAY_FIRST = _pattern(rf"\b([0-9]{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?{_MONTH},?\s+([0-9]{{4}})\b")
_MONTH_FIRST = _pattern(rf"\b{_MONTH}\s+([0-9]{{1,2}})(?:st|nd|rd|th)?,?\s+([0-9]{{4}})\b")
_DOTS = _pattern(r"\b([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})\b")
_SLASHES = _pattern(r"\b([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})\b")
_DAYS = (_ISO, _DAY_FIRST, _MONTH_FIRST, _DOTS, _SLASHES)
_PLAIN = {0x2013: "-", 0x2014: "-", 0x2212: "-", 0x2019: "'"}
_TAG = _pattern(r"\[#[0-9]+\]|\b(?:re|fw|fwd|aw|wg):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value, if any, and whether it is certain."""

    value: str | None = None
    certain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What was read of a bill. Amounts are written as `480.00 USD`, days as ISO dates; `amounts`: all in order."""

    vendor_name: Found
    invoice_number: Found
    purchase_order: Found
    total: Found
    issued_on: Found
    due_on: Found
    amounts: tuple[str, ...]


def read(subject: str, text: str) -> Bill:
    """Read a bill out of a mail's subject and text. Never fails; what is not there has no value."""
    title = _TAG.sub(" ", _clean(subject[:LONGEST_SUBJECT])).strip()
    lines = [line for line in [title, *map(_clean, text[:LONGEST].splitlines())] if line]
    dayless = [_without(line, _DAYS) for line in lines]
    orders = _numbers(dayless, _ORDER, _BARE_ORDER)
    return Bill(
        vendor_name=_one(_vendors(lines)),
        invoice_number=_one(_numbers([_ordersless(line) for line in dayless], _INVOICE, _BARE_INVOICE)),
        purchase_order=_one(orders),
        total=_total(dayless),
        issued_on=_day(lines, _ISSUED, besides=_DUE),
        due_on=_day(lines, _DUE),
        amounts=tuple(dict.fromkeys(one for line in dayless for one in _amounts(line)))[:MOST_AMOUNTS],
    )


def plain_number(number: object) -> str:
    """A number as two spellings of it have in common: `INV-2207` and `inv 2207` are the same."""
    return "".join(char for char in str(number or "").casefold() if char.isalnum())


def _clean(line: str) -> str:
    """One line with plain spaces and dashes, without what cannot be seen."""
    line = unicodedata.normalize("NFKC", line).translate(_PLAIN)
    return "".join(char if char.isprintable() else " " for char in line).strip()


def _without(line: str, patterns: Iterable[Any]) -> str:
    for pattern in patterns:
        line = pattern.sub(" ; ", line)
    return line


def _ordersless(line: str) -> str:
    return _without(line, (_ORDER, _BARE_ORDER))


def _one(values: Iterable[str]) -> Found:
    """The one value there is; of several the first, in doubt."""
    found: dict[str, str] = {}
    for value in values:
        found.setdefault(plain_number(value), value)
    return Found(value=next(iter(found.values())), certain=len(found) == 1) if found else Found()


def _numbers(lines: Iterable[str], labelled: Any, bare: Any) -> list[str]:  # noqa: ANN401 - re2 publishes no types
    """Numbers that look like one by themselves, such as PO-3001, else those with their label before them."""
    lines = [_without(line, (_MONEY,)) for line in lines]
    found = [match.group(1) for line in lines for match in bare.finditer(line)]
    found = found or [match.group(1) for line in lines for match in labelled.finditer(line)]
    return ["-".join(one.upper().strip("-/_ ").split()) for one in found]


def _vendors(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        for match in _NAMES.finditer(line):
            name = _END.split(match.group(1) or match.group(2) or "")[0].strip(" .,-")
            if name and "@" not in name:
                yield name[:LONGEST_NAME]


def _amounts(line: str) -> Iterator[str]:
    """Every amount that has a currency."""
    for match in _MONEY.finditer(line):
        code = (match.group(1) or match.group(4)).upper()
        currency = _SYMBOLS.get(code.removeprefix("US"), code)
        if currency in CURRENCIES:
            yield f"{_decimal(match.group(2) or match.group(3))} {currency}"


def _decimal(number: str) -> Decimal:
    """In either notation: the last mark before one or two digits is the point."""
    number = number.replace("'", "").replace(" ", "")
    at = max(number.rfind(","), number.rfind("."))
    whole, cents = (number[:at], number[at + 1 :]) if at >= 0 and len(number) - at - 1 <= 2 else (number, "")
    return Decimal(f"{whole.replace(',', '').replace('.', '') or '0'}.{cents or '0'}").quantize(Decimal("0.01"))


def _total(lines: list[str]) -> Found:
    """The amount that is called the total; else the only one there is."""
    labelled = [one for line in lines for one in _called_total(line)]
    every = list(dict.fromkeys(labelled or [one for line in lines for one in _amounts(line)]))
    return Found(value=every[0], certain=len(every) == 1) if every else Found()


def _called_total(line: str) -> Iterator[str]:
    """The amount behind each word for a total, or before it; not behind one for a part, such as a tax total."""
    for match in _TOTAL.finditer(line):
        if not _PART.search(line[max(0, match.start() - 12) : match.end()]):
            before, after = list(_amounts(line[: match.start()])), list(_amounts(line[match.end() :]))
            yield from after[:1] or before[-1:]


def _day(lines: Iterable[str], label: Any, *, besides: Any = None) -> Found:  # noqa: ANN401 - re2 publishes no types
    """The day that follows a label on its line; what another label says of the line's rest is not its."""
    found: list[str | None] = []
    for line in lines:
        match = label.search(line)
        if match is None or (besides and besides.search(line[: match.end()])):
            continue
        rest = line[match.end() :]
        other = besides.search(rest) if besides else None
        found += list(_days(rest[: other.start()] if other else rest))[:1]
    values = list(dict.fromkeys(found))
    first = next((value for value in values if value), None)
    return Found(value=first, certain=first is not None and len(values) == 1)


def _days(text: str) -> Iterator[str | None]:
    """Days in a text, in order; None for one that can be read in two ways, or does not exist."""
    hits = sorted(
        (match.start(), number, match.groups()) for number, kind in enumerate(_DAYS) for match in kind.finditer(text)
    )
    for _, number, parts in hits:
        yield _as_day(number, parts)


def _as_day(kind: int, parts: tuple[str, str, str]) -> str | None:
    one, two, three = parts
    if kind == 0:
        year, month, day = int(one), int(two), int(three)
    elif kind in {1, 3}:
        year, month, day = int(three), _month(two), int(one)
    elif kind == 2:
        year, month, day = int(three), _month(one), int(two)
    else:
        year, month, day = int(three), int(one), int(two)
        if month <= 12 and day <= 12 and month != day:
            return None  # 3/4 is March or April
        month, day = (day, month) if month > 12 else (month, day)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _month(word: str) -> int:
    return int(word) if word.isdecimal() else _MONTHS.index(word[:3].lower()) + 1
