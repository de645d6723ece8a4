"""Names of a fixed list found in a text by their words: cities, countries. Pure; accents and case do not count."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import TypeVar

from bot import words

LONGEST = 7
Words = tuple[str, ...]
T = TypeVar("T")


def key(text: str) -> Words:
    """The words of a name without accents, in lower case: São Paulo → (sao, paulo)."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    return tuple(words.words("".join(char for char in plain if not unicodedata.combining(char))))


def find(text: str, table: Mapping[Words, T]) -> Iterator[T]:
    """What the names in a text stand for, in order; the longest name at each place."""
    said = key(text)
    place = 0
    while place < len(said):
        longest = min(LONGEST, len(said) - place)
        length = next((n for n in range(longest, 0, -1) if said[place : place + n] in table), 0)
        if length:
            yield table[said[place : place + length]]
        place += length or 1


def rows(name: str) -> Iterator[list[str]]:
    """The rows of a table of the IANA time zone database, without its comments."""
    text = (resources.files("tzdata") / name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")
