"""Takes off the end of a text what signs it: names behind dashes, contact lines, machines' lines, legal notices. Pure.

Only what it can name a mark for goes; a question or a sentence to us among the lines keeps them all.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.mail.reading import mail_marks as marks
from channels.mail.reading import mail_signs as signs

CLOSE_LOOK = 40  # so many lines at the end of a text are looked at closely
SIGNATURE = 60
_DASHES = frozenset({"-- ", "--", "\u2014", "\u2013"})


def trim(rows: list[str], *, whole: bool = True) -> None:
    """Take the signature off the end. `whole`: this is all of the text so far, so its first line is no signature."""
    first = int(whole)
    _drop_machine_made(rows, first=first)
    _drop_below_dashes(rows, first=first)
    _drop_machine_made(rows, first=first)
    _drop_contacts(rows)
    _drop_name(rows)


def _drop_machine_made(rows: list[str], *, first: int) -> None:
    """Take off, from the end, what programs and lawyers add."""
    taken = 0
    while rows and taken < CLOSE_LOOK:
        if not rows[-1] or (taken and (marks.is_rule(rows[-1]) or signs.is_heading(rows[-1]))):
            rows.pop()
        elif signs.is_machine_made(rows[-1]):
            rows.pop()
            taken += 1
        elif (start := _appendix(rows)) >= first:
            del rows[start:]
            taken += 1
        else:
            break


def _appendix(rows: Sequence[str]) -> int:
    """Tell where a last paragraph starts that is a legal notice or a mailing list's footer; -1 if it is neither."""
    start = len(rows) - 1
    while start > 0 and rows[start - 1] and len(rows) - start < 40:
        start -= 1
    paragraph = " ".join(rows[start:])
    if (
        (marks.is_rule(rows[start]) or rows[start] == "__")
        and len(rows) - start <= 8
        and "mailing list" in paragraph.lower()
    ):
        return start
    return start if signs.is_notice(paragraph) else -1


def _drop_below_dashes(rows: list[str], *, first: int) -> None:
    while rows and rows[-1] in _DASHES:
        rows.pop()  # what was below is gone already
    for index in range(max(first, len(rows) - SIGNATURE), len(rows)):
        if rows[index] in _DASHES and _is_signature(rows, index):
            del rows[index:]
            return


def _is_signature(rows: Sequence[str], dashes: int) -> bool:
    """Tell a signature from lines that a person parted with dashes; programs write a space behind theirs."""
    sure = rows[dashes] == "-- "
    below = [row for row in rows[dashes + 1 :] if row]
    if len(below) > (25 if sure else 12) or any(row.endswith("?") for row in below):
        return False
    if sure:  # somebody may have gone on writing below it
        gap = rows.index("", dashes + 2) if "" in rows[dashes + 2 :] else len(rows)
        return not any(signs.is_meant(row) for row in rows[gap:])
    announced = dashes > 0 and rows[dashes - 1].endswith(":")
    return not announced and not any(signs.is_prose(row) and not signs.is_machine_made(row) for row in below)


def _drop_contacts(rows: list[str]) -> None:
    """Take off the contact lines below a closing and a name; nothing, when any line among them may be meant for us."""
    first = max(0, len(rows) - CLOSE_LOOK)
    closing = next((at for at in range(len(rows) - 1, first - 1, -1) if signs.is_closing(rows[at])), None)
    below = [at for at in range(closing + 1, len(rows)) if rows[at]] if closing is not None else []
    block = [rows[at] for at in below[1:]]
    if any(signs.is_prose(row) for row in block) or not any(signs.is_sure_contact(row) for row in block):
        return
    if sum(signs.is_contact(row) for row in block) >= 2:
        del rows[below[0] + 1 :]


def _drop_name(rows: list[str]) -> None:
    """Take off a name behind a dash that stands below a finished text; in a text with other dashes it is an item."""
    if len(rows) < 3 or rows[-2] or not signs.is_signed_name(rows[-1]):
        return
    if rows[-3][-1:] in {".", "!"} and not any(row.lstrip()[:1] == "-" for row in rows[-CLOSE_LOOK:-1]):
        del rows[-1]


def banner(texts: Sequence[str]) -> int:
    """Tell how many lines at the top a mail server or a mail program put there: a warning, or its own line."""
    start = 0 if not texts or texts[0] else 1
    end = start
    while end < min(len(texts), 8) and texts[end]:
        end += 1
    if end == start + 1 and signs.is_machine_made(texts[start]):
        return end
    return end if end > start and signs.is_banner(" ".join(texts[start:end])) else 0
