"""One request to an outside API, as values. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

SAFE = frozenset({"GET", "HEAD"})
"""Methods that only read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: an encoded path, query parameters, and a body that goes as JSON, or as a form when `form` is set."""

    path: str
    method: str = "GET"
    params: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None
    form: bool = False
    key: str | None = None

    def headers(self, key_header: str) -> dict[str, str]:
        """The headers that depend on the request."""
        key = {key_header: self.key} if self.key else {}
        if self.body is None:
            return key
        return {"Content-Type": "application/x-www-form-urlencoded" if self.form else "application/json", **key}

    def payload(self) -> bytes | None:
        """The body as it is sent."""
        if self.body is None:
            return None
        return urlencode(list(flat(self.body))).encode() if self.form else orjson.dumps(self.body)


def flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Name a value's parts as forms do (`a[b]`, `c[0]`), since HTML knows no nesting; what is null is left out."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from flat(inner, f"{name}[{number}]")
    elif value is not None:
        yield name, ("true" if value else "false") if isinstance(value, bool) else str(value)
