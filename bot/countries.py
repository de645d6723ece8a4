"""Countries in text, as ISO 3166 codes of two letters. The names come from the IANA database. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from bot import names, words
from tools.countries import OTHER_NAMES, known

__all__ = ["ALONE", "find", "known"]

ALONE = 3
"""A name that is a word or a person's name as well counts in texts of so many words at most."""
_DOUBTFUL = words.bag("chad georgia guinea jersey jordan mali niger oman togo turkey cuba monaco")
_AROUND = words.bag("country the in from its it is we are im i am my our land code based live here please")


@cache
def _by_name() -> Mapping[names.Words, str]:
    found = {names.key(name.split(" (", maxsplit=1)[0]): code for code, name in known().items()}
    found |= {names.key(name.replace("&", "and")): code for code, name in known().items()}
    more = {names.key(name): code for code, others in OTHER_NAMES.items() for name in others}
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
