"""Typed values in text from others: ids, amounts, dates, choices and more. Linear and pure; when in doubt, nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from bot import choices, consent, countries, dates, hours, words, zones
from bot.workflows import Slot

EMAIL = words.pattern(r"[a-z0-9][a-z0-9._%+\-]{0,63}@(?:[a-z0-9](?:[a-z0-9\-]{0,62})\.){1,8}[a-z]{2,24}")
_URL = words.pattern(r"(?:https?://|www\.)\S+")
_MONEY = r"(?:usd|us\$|eur|euros?|gbp|chf|dollars?|pounds?|bucks|cents?|[$€£])"
_NUMBER = r"(?:[0-9]{1,3}(?:[,.'][0-9]{3})+(?:[.,][0-9]{1,2})?|[0-9]{1,12}(?:[.,][0-9]{1,2})?)"
AMOUNT = words.pattern(rf"(?:\b{_MONEY}|[$€£])\s?({_NUMBER})\b|\b({_NUMBER})\s?(?:{_MONEY}\b|[$€£])")
_CURRENCY = words.pattern(_MONEY)
_DECIMAL = words.pattern(r"\b([0-9]{1,12}[.,][0-9]{2})\b")
_ONLY_NUMBER = words.pattern(rf"^({_NUMBER})$")
_PHONE = words.pattern(r"\+[0-9][0-9 ()\-.]{6,18}[0-9]|\(?\b[0-9]{3}\)?[ \-.][0-9]{3}[ \-.][0-9]{4}\b")
_COUNTED = words.pattern(
    r"\b[0-9]{1,6}\s?(?:%|(?:percent|days?|weeks?|months?|years?|hours?|hrs?|minutes?|mins?|times|am|pm|people|persons|users?|seats?"
    r"|items?|pieces?|licen[cs]es?|tage?|wochen?|stunden?|st|nd|rd|th)\b)|\b[0-9]{1,2}:[0-9]{2}\b"
)
_KIND = r"(?:invoices?|inv|orders?|ord|bills?|receipts?|rechnung(?:snummer)?|bestellung)"
_NO = r"(?:\s*(?:no|nr|num|number|nummer|id)\b\.?)?"
NAMED = words.pattern(
    rf"\b{_KIND}{_NO}(?:\s+is)?[\s:#.\-_]{{0,4}}(?:(?:inv|ord)[\-_ ]?)?([0-9]{{2,12}})\b|#\s?([0-9]{{2,12}})\b"
)
_MORE = words.pattern(r"^\s*(?:,|;|/|&|\+|and|or|und|oder|,\s*and)\s*#?\s*([0-9]{2,12})\b")
_BARE = words.pattern(r"(?:^|[^0-9A-Za-z.,\-_/])([0-9]{4,12})(?:[^0-9A-Za-z\-_/]|$)")
_ONLY_ID = words.pattern(
    r"^[\s#(]*(?:it'?s|its|it is|this is|the number is|number|no\.?|nr\.?)?[\s#:]*([0-9]{1,12})[\s.!)]*"
    r"(?:please|pls|thanks)?[\s.!]*$"
)
_NOT = words.pattern(
    rf"\b(?:not|instead of|rather than|except)\s+(?:for\s+)?(?:the\s+)?(?:{_KIND}{_NO}\s*)?#?\s*([0-9]{{2,12}})\b"
)
_YEAR = words.pattern(r"^(?:19|20)[0-9]{2}$")
_TOKEN_ID = words.pattern(r"^[a-z]{0,8}[\-_]?[0-9][a-z0-9\-_]{0,30}$")
_WHOLE = words.pattern(r"^-?(?:[0-9]{1,9}|[0-9]{1,3}(?:,[0-9]{3}){1,2})$")
_NO_COUNT = words.pattern(r"\b[0-9]{1,9}\s?(?:%|(?:percent|am|pm|uhr|o'clock|st|nd|rd|th)\b)|#\s?[0-9]+")
_COUNTING = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: number for number, word in enumerate(_COUNTING)}
_SYMBOLS = {"$": "USD", "us$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD", "bucks": "USD"}
_SYMBOLS |= {
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "£": "GBP",
    "gbp": "GBP",
    "pound": "GBP",
    "pounds": "GBP",
}
_SYMBOLS |= {"chf": "CHF"}


def extract(text: str, slot: Slot, *, today: date | None = None) -> Any:  # noqa: ANN401 - a value of the slot's type
    """The one value of this slot in the text; None when there is none or more than one."""
    found = find_all(text, slot, today=today)
    return found[0] if len(found) == 1 else None


def find_all(text: str, slot: Slot, *, today: date | None = None) -> list[Any]:
    """Every distinct value of this slot in the text, in order. `today` is needed for dates such as "tomorrow"."""
    text = words.lines(text) if slot.type == "text" else words.clean(text)
    found = FINDERS[slot.type](text, slot, today) if text else ()
    return list({str(one): one for one in found}.values())


def invoice_ids(text: str) -> Iterator[str]:
    """Numbers of invoices or orders: those named as such, or else the bare numbers that look like nothing else."""
    text = words.clean(text)
    alone = _ONLY_ID.match(text)
    if alone:
        yield alone.group(1)
        return
    masked = _masked(text)
    denied = {match.group(1) for match in _NOT.finditer(masked)}
    named = [one for one in _named(masked) if one not in denied]
    if named:
        yield from named
        return
    for number in _bare(masked):
        if number not in denied and not _YEAR.match(number):
            yield number


def amounts(text: str) -> Iterator[str]:
    """Amounts as "49.00 USD", or "49.00" where no currency is named; with a currency come first and alone."""
    text = words.clean(text)
    found = list(_with_currency(text))
    if not found:
        plain = _ONLY_NUMBER.match(text)
        bare = [plain.group(1)] if plain else [m.group(1) for m in _DECIMAL.finditer(dates.ANY.sub(" ; ", text))]
        found = [str(_decimal(one)) for one in bare]
    yield from found


def _with_currency(text: str) -> Iterator[str]:
    for match in AMOUNT.finditer(text):
        symbol = _CURRENCY.search(match.group(0)).group(0).lower()
        number = _decimal(match.group(1) or match.group(2))
        if symbol.startswith("cent"):
            yield f"{(number / 100).quantize(Decimal('0.01'))}"
        else:
            yield f"{number} {_SYMBOLS[symbol]}"


def _decimal(number: str) -> Decimal:
    """The number in either notation, 1,200.50 or 1.200,50: the last mark before one or two digits is the point."""
    head, mark, tail = number.replace("'", ""), "", ""
    at = max(head.rfind(","), head.rfind("."))
    if at >= 0 and len(head) - at - 1 <= 2:
        head, mark, tail = head[:at], ".", head[at + 1 :]
    whole = head.replace(",", "").replace(".", "") or "0"
    return Decimal(f"{whole}{mark}{tail}").quantize(Decimal("0.01"))


def _named(text: str) -> Iterator[str]:
    """Numbers with a word or a # before them, and the rest of the list that such a number begins."""
    for match in NAMED.finditer(text):
        yield match.group(1) or match.group(2)
        rest = _MORE.match(text[match.end() : match.end() + 40])
        if rest:
            yield rest.group(1)


def _bare(text: str) -> Iterator[str]:
    # one space more between words, so that neighbouring numbers do not share the character between them
    for match in _BARE.finditer(text.replace(" ", "  ")):
        yield match.group(1)


def _masked(text: str) -> str:
    """The text without addresses, dates, amounts, phone numbers, times and counted things."""
    for kind in (EMAIL, _URL, dates.ANY, AMOUNT, _PHONE, _COUNTED):
        text = kind.sub(" ; ", text)
    return text


def _ids(text: str, source: str | None) -> Iterator[str]:
    wanted = _compiled(source) if source else _TOKEN_ID
    for raw in text.split():
        token = raw.strip(".,;:!?()[]{}\"'#")
        if wanted.fullmatch(token):
            yield token


@lru_cache(maxsize=64)
def _compiled(source: str) -> Any:  # noqa: ANN401 - re2 publishes no types
    return words.pattern(source)


def _emails(text: str) -> Iterator[str]:
    for match in EMAIL.finditer(text):
        yield str(match.group(0)).lower()


def _yes_no(text: str) -> Iterator[bool]:
    found = consent.yes_no(text)
    if found is not None:
        yield found


def _email_lists(text: str) -> Iterator[list[str]]:
    """All addresses of a text as one value, in order."""
    found = list(dict.fromkeys(_emails(text)))
    if found:
        yield found


def integers(text: str) -> Iterator[int]:
    """Whole numbers that stand as words of their own, in digits or as a word; no amounts, dates, times or phones."""
    for kind in (EMAIL, _URL, dates.ANY, AMOUNT, _PHONE, _NO_COUNT):
        text = kind.sub(" ; ", text)
    tokens = [token.strip(".,;:!?()[]{}\"'").lower() for token in text.split()]
    for token in tokens:
        if _WHOLE.match(token):
            yield int(token.replace(",", ""))
        elif token in _NUMBERS and (len(tokens) == 1 or _NUMBERS[token] > 1):
            yield _NUMBERS[token]


FINDERS: dict[str, Callable[[str, Slot, date | None], Iterable[Any]]] = {
    "invoice_id": lambda text, *_: invoice_ids(text),
    "order_id": lambda text, *_: invoice_ids(text),
    "id": lambda text, slot, _: _ids(text, slot.pattern),
    "amount": lambda text, *_: amounts(text),
    "date": lambda text, _, today: dates.find(text, today),
    "time": lambda text, *_: hours.find(text),
    "datetime": lambda text, _, today: hours.find_both(text, today),
    "time_zone": lambda text, *_: zones.find(text),
    "country": lambda text, *_: countries.find(text),
    "integer": lambda text, *_: integers(text),
    "email": lambda text, *_: _emails(text),
    "emails": lambda text, *_: _email_lists(text),
    "choice": lambda text, slot, _: choices.find(text, slot.choices, slot.hints),
    "yes_no": lambda text, *_: _yes_no(text),
    "text": lambda text, *_: (text,),
}
