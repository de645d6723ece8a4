"""What mail servers on the way said about a sender, in `Authentication-Results` (RFC 8601). Pure; checks nothing.

A claim like any other unless our own server made it. What a sender chose (a mailbox, a comment) stands inside these
headers too, so quotes and comments are read as the standard says, and one that does not come out even says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from channels.mail.reading.mail_mime import Headers

HEADERS_LIMIT = 20
LENGTH_LIMIT = 4_000
_METHODS_LIMIT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One method of an `Authentication-Results` header: `dkim=pass header.d=example.com`."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthResults:
    """One `Authentication-Results` header: who says it, and what."""

    server: str
    verdicts: tuple[Verdict, ...]


def auth_results(headers: Headers) -> tuple[AuthResults, ...]:
    """Read the `Authentication-Results` headers, the topmost (the one added last) first."""
    values = headers.raws("authentication-results")[:HEADERS_LIMIT]
    return tuple(_auth_result(value[:LENGTH_LIMIT]) for value in values)


def _auth_result(value: str) -> AuthResults:
    pieces = list(_pieces(value))
    server = next(iter(pieces[0]), "").lower() if pieces else ""
    found = (_verdict(words) for words in pieces[1 : _METHODS_LIMIT + 1])
    return AuthResults(server=server, verdicts=tuple(verdict for verdict in found if verdict))


def _pieces(value: str) -> Iterator[list[str]]:
    """Split at semicolons and spaces outside of quotes and comments; give nothing if one of these stays open."""
    pieces: list[list[str]] = [[""]]
    quoted = escaped = False
    depth = 0
    for char in value:
        if escaped:
            escaped = False
        elif char == "\\" and (quoted or depth):
            escaped = True
            continue
        elif char == '"' and not depth:
            quoted = not quoted
            continue
        elif not quoted and char in "()":
            depth = depth + 1 if char == "(" else max(0, depth - 1)
            pieces[-1].append("")
            continue
        elif not quoted and not depth and (char == ";" or char.isspace()):
            pieces.extend([[""]] if char == ";" else [])
            pieces[-1].append("")
            continue
        if not depth:
            pieces[-1][-1] += char
    if not quoted and not depth:
        yield from ([word for word in piece if word] for piece in pieces)


def _verdict(words: Sequence[str]) -> Verdict | None:
    pairs = [(name.lower(), value) for name, sign, value in (word.partition("=") for word in words) if sign]
    if not pairs:
        return None
    (method, result), *properties = pairs
    return Verdict(method=method.split("/")[0], result=result.lower(), properties=tuple(properties))
