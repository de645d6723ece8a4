"""What of a model's own words may be said: never our instructions, no pictures, links to our own sites alone. Pure.

A model says what whoever wrote last wants to hear. A link is a way out of the house for what the conversation holds,
opened by the person who trusts us, or by their mail program by itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import re2

from bot import words

RUN = 8
"""So many words in a row that stand in the instructions are no coincidence."""
_PICTURE = re2.compile(r"!\[([^\[\]\n]*)\]\((?:[^()\n]|\([^()\n]*\))*\)|!\[([^\[\]\n]*)\]\[[^\[\]\n]*\]")
_LINK = re2.compile(r"\[([^\[\]\n]*)\]\(\s*((?:[^()\n]|\([^()\n]*\))*?)\s*\)")
_NAMED = re2.compile(r"(?m)^ {0,3}\[[^\[\]\n]+\]:\s*\S.*$")
_ADDRESS = words.pattern(
    r"<?\b(?:[a-z][a-z0-9+.\-]{1,15}:)?//[^\s<>]+>?"
    r"|\b(?:javascript|data|vbscript|file|tel|sms):[^\s<>]+"
    r"|\bwww\.[^\s<>]+"
    r"|(?:^|[^@\w.\-/])((?:[a-z0-9\-]{1,63}\.){1,8}[a-z]{2,24}(?::[0-9]{1,5})?[/?#][^\s<>]*"
    r"|(?:[a-z0-9\-]{1,63}\.){2,8}[a-z]{2,24})"
)
GONE = "(link removed)"


def gives_away(text: str, instructions: str, marked: str) -> bool:
    """Whether a text quotes the instructions, or holds their mark, however it is spaced, or backwards."""
    bare = "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())
    if marked and (marked in bare or marked[::-1] in bare):
        return True
    return not _runs(text).isdisjoint(_known_runs(instructions))


@lru_cache(maxsize=8)
def _known_runs(text: str) -> frozenset[tuple[str, ...]]:
    return _runs(text)


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    found = "".join(char.casefold() if char.isalnum() else " " for char in unicodedata.normalize("NFKC", text)).split()
    return frozenset(tuple(found[at : at + RUN]) for at in range(len(found) - RUN + 1))


def without_links(text: str, origins: Collection[str]) -> str:
    """The text without pictures, and without addresses of other sites; a link's own words stay where it stood."""
    text = _PICTURE.sub(lambda found: found.group(1) or found.group(2) or "", text)
    text = _LINK.sub(lambda found: found.group(0) if _is_ours(found.group(2), origins) else found.group(1), text)
    text = _NAMED.sub("", text)
    return str(_ADDRESS.sub(lambda found: _kept(found, origins), text))


def _kept(found: Any, origins: Collection[str]) -> str:  # noqa: ANN401  re2 publishes no types
    whole = str(found.group(0))
    bare = str(found.group(1) or whole)
    before = whole[: len(whole) - len(bare)]
    return whole if _is_ours(bare.strip("<>()"), origins) else f"{before}{GONE}"


def _is_ours(address: str, origins: Collection[str]) -> bool:
    """Whether an address is on one of our own sites, said in full."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return False
    return f"{parts.scheme.lower()}://{parts.netloc.lower()}" in origins
