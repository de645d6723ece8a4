"""A mail's text by lines: what its source knew of each, and what clients tore apart mended. Pure; decides nothing.

Time grows with the number of lines and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from channels.mail.reading import mail_marks as marks

TEXT_LIMIT = 200_000
LINES_LIMIT = 10_000  # what follows is one more line, whatever is in it
MENDED = 400  # so many torn places are looked at closely; what is beyond stays as it is
WRAPPED_FROM = 70  # a line that is shorter was not wrapped
WEAK, STRONG = 1, 2  # quoted by a mark that people also type (">"), or by one that only programs make


@dataclass(slots=True, kw_only=True)
class Lines:
    """A text by lines: no white space at line ends, no two blank lines together; what its source knew of each."""

    texts: list[str]
    quoted: list[int]
    cuts: frozenset[int] = frozenset()  # here begins an element that holds what is answered
    attributed: frozenset[int] = frozenset()
    signed: frozenset[int] = frozenset()
    ruled: frozenset[int] = frozenset()  # here begins an element with a line drawn above it


def split(text: str) -> Lines:
    """Make lines of a plain text; quotes are lines that begin with `>`."""
    rows = marks.joined_addresses(text[:TEXT_LIMIT]).split("\n", LINES_LIMIT)
    rows = [row if row == "-- " else row.rstrip() for row in rows]
    if "[cid:" in text:  # where Outlook shows a picture
        rows = ["" if row.startswith("[cid:") and row.endswith("]") else row for row in rows]
    texts = rows[:1] + [row for above, row in pairwise(rows) if row or above]
    if ":\n>" in text or ":\n\n>" in text:
        texts = _parted(texts)
    quoted = [WEAK if ">" in row[:8] and row.lstrip()[:1] == ">" else 0 for row in texts]
    if "<" in text:
        _unquote_wrapped(texts, quoted)
    if " >>>\n" in text:
        quoted = [
            0 if row.startswith(">>> ") and marks.is_groupwise(row) else mark
            for row, mark in zip(texts, quoted, strict=True)
        ]
    if WEAK in quoted:
        _quote_torn(texts, quoted)
    return Lines(texts=texts, quoted=quoted)


def _parted(rows: list[str]) -> list[str]:
    """Give an attribution a line of its own that stands behind the last words of an answer, above a quote."""
    found = [
        index
        for index, (row, below) in enumerate(pairwise(rows))
        if row[-1:] == ":" and row[:1] != ">" and (below[:1] == ">" or (not below and _starts_quote(rows, index + 2)))
    ]
    for index in reversed(found[:MENDED]):
        if at := marks.shared(rows[index]):
            rows[index : index + 1] = [rows[index][:at].rstrip(" -"), rows[index][at:]]
    return rows


def _starts_quote(rows: Sequence[str], index: int) -> bool:
    return index < len(rows) and rows[index][:1] == ">"


def _unquote_wrapped(texts: Sequence[str], quoted: list[int]) -> None:
    """Clear the bracket that closes a link or an address of the line above: it marks no quote."""
    for index in range(1, len(texts)):
        if quoted[index] and not quoted[index - 1] and "<" in (above := texts[index - 1]):
            opened = above[above.rfind("<") :]
            if ">" not in opened and ("@" in opened or "://" in opened):
                quoted[index] = 0


def _quote_torn(texts: Sequence[str], quoted: list[int]) -> None:
    """Mark the pieces that a client tore out of the quote around them: links, and what follows a comma."""
    between = [
        index
        for index, (above, own, below) in enumerate(zip(quoted, quoted[1:], quoted[2:], strict=False), 1)
        if above and below and not own
    ]
    for index in between[:MENDED]:
        if _is_torn(texts[index - 1], texts[index]):
            quoted[index] = WEAK


def _is_torn(above: str, row: str) -> bool:
    piece = row.strip(" >")
    if " " not in piece and piece[-1:] in {")", ">"}:
        link = above[above.rfind("(http") :] if "(http" in above else ""
        return piece.startswith(("(http", "<http")) or (bool(link) and ")" not in link)
    return len(above) >= WRAPPED_FROM and above[-1:] == "," and row[:1].islower()
