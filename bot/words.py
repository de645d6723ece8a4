"""Text from others made comparable: cleaned, capped, cut into words. Keeps no state and understands nothing."""

from __future__ import annotations

import unicodedata
from typing import Any

import re2

CAP = 4_000
_QUOTES = str.maketrans(dict.fromkeys("\u2019\u2018\u00b4`", "'") | dict.fromkeys("\u201c\u201d\u201e", '"'))
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_SKIN = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff\ufe0e\ufe0f")


def bag(text: str) -> frozenset[str]:
    """The words of a list written as a text."""
    return frozenset(text.split())


def pattern(source: str) -> Any:  # noqa: ANN401 - re2 publishes no types
    """Compile an RE2 pattern that ignores case and prints nothing when it is wrong. Raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    return re2.compile(source, options)


_WORD = pattern(r"[\p{L}\p{M}]+(?:'[\p{L}]+)*|\p{Nd}+(?:[.,:]\p{Nd}+)*|\?|[\p{So}\x{1F000}-\x{1FAFF}✅✔❌✖]")


def clean(text: str) -> str:
    """At most CAP characters, composed, without invisible or control characters, with plain quotes and dashes."""
    text = text[:CAP]
    if text.isascii() and text.isprintable():
        return text.replace("`", "'").strip()
    text = text.encode("utf-8", "replace").decode().translate(_QUOTES).translate(_DASHES)
    kept = (_visible(char) for char in unicodedata.normalize("NFKC", text)[:CAP])
    return "".join(kept).strip()


def lines(text: str) -> str:
    """A text of several lines made clean line by line, without empty ones."""
    return "\n".join(line for line in map(clean, text[:CAP].splitlines()) if line)


def _visible(char: str) -> str:
    if char in _SKIN:
        return ""
    category = unicodedata.category(char)
    if category == "Cc":
        return " "
    return "" if category in {"Cf", "Cs", "Co", "Cn"} else char


def words(text: str) -> list[str]:
    """Lower-case words, numbers, question marks and emoji of a text; apostrophes are dropped (don't → dont)."""
    return [word.replace("'", "") for word in _WORD.findall(clean(text).lower())]


def squeeze(word: str) -> str:
    """A word with letters that are drawn out made single: yesss → yes, nooo → no. Two in a row stay."""
    runs: list[list[str]] = []
    for char in word:
        if runs and runs[-1][0] == char:
            runs[-1].append(char)
        else:
            runs.append([char])
    return "".join(run[0] if len(run) > 2 else "".join(run) for run in runs)


def stem(word: str) -> str:
    """A crude English stem, so that invoices, refunded and charging meet invoice, refund and charge."""
    if len(word) <= 3 or not word.isascii():
        return word
    for ending in (
        "ations",
        "ation",
        "ments",
        "ment",
        "ings",
        "ing",
        "edly",
        "ies",
        "ied",
        "ed",
        "es",
        "ly",
        "s",
        "e",
        "y",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)]
    return word
