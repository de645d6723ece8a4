"""Patterns for text from strangers: RE2, which takes time by the length of the text and nothing else. Pure."""

from __future__ import annotations

from typing import Any

import re2


def compiled(pattern: str, *, groups: bool = False) -> Any:  # noqa: ANN401 - re2 publishes no types
    """Compile a pattern. Those for text in lower case are cheapest: RE2 folds case by larger automata."""
    options = re2.Options()
    options.never_capture = not groups
    options.log_errors = False
    options.max_mem = 64 << 20  # the tables of words make large automata
    return re2.compile(pattern, options)


def has(pattern: Any, text: str) -> bool:  # noqa: ANN401 - see above
    """Say whether a pattern is found. Bytes spare RE2's binding a count of characters."""
    return pattern.search(text.encode("utf-8", "replace")) is not None
