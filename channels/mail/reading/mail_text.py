"""What the customer wrote: the visible text of a mail without quotes, attributions and signatures. Pure.

Time grows with the number of lines and nothing else. Never takes away more than it can name a mark for, and never
leaves nothing: then all of it counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from channels.mail.reading import mail_end
from channels.mail.reading import mail_marks as marks
from channels.mail.reading import mail_signs as signs
from channels.mail.reading.mail_lines import STRONG, Lines

CANDIDATES = 400  # so many places are looked at closely; what is beyond stays as it is
CLOSE_LOOK = 40  # likewise: lines of a quote, quotes and answers of a mail
SIGNED = 200  # and lines of signatures, into which somebody may have written
_STARTS, _ENDS = frozenset({"--", "==", "__", "*-", "**", "##"}), frozenset(":*-_\uff1a")
_FIRST = frozenset({"from", "sent", "date", "subject"})  # what a header block begins with


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    kind: str  # delimiter, forwarded, original, block, attribution
    start: int
    end: int
    certain: bool = True


@dataclass(slots=True, kw_only=True)
class _Plan:
    """What becomes of the lines: `dropped` go, weak quotes from `quotes` on go, `end` on goes, `tail` on stays."""

    quotes: int
    end: int
    tail: int
    dropped: set[int] = field(default_factory=set)


def visible(lines: Lines, *, reply: bool = False, forwarded: bool = False) -> str:
    """Give what the customer wrote; all of it, if nothing is theirs alone."""
    return own(lines, reply=reply, forwarded=forwarded) or full(lines)


def own(lines: Lines, *, reply: bool = False, forwarded: bool = False, whole: bool = True) -> str:
    """Give what is the customer's alone. `reply` and `forwarded` say what the headers know of the mail.

    `whole`: there is no other text before this one.
    """
    plan = _plan(lines, forwarded=forwarded)
    plan.dropped.update(range(mail_end.banner(lines.texts)))
    regions = _regions(lines, list(_runs(_kept(lines, plan, reply=reply))), whole=whole)
    if plan.tail < len(lines.texts):
        regions.append(lines.texts[plan.tail :])
    return _joined(regions)


def _regions(lines: Lines, runs: Sequence[range], *, whole: bool) -> list[list[str]]:
    """Take the signatures off what stays; what is left below a quote may be nothing else."""
    edge = len(runs) - CLOSE_LOOK
    told = {index for index in islice(sorted(lines.signed), SIGNED) if signs.is_told(lines.texts[index])}
    regions: list[list[str]] = []
    for at, run in enumerate(runs):
        rows = [lines.texts[index] for index in run if index not in lines.signed or index in told]
        if at < CLOSE_LOOK or at >= edge:
            mail_end.trim(rows, whole=whole)
        whole = whole and not any(rows)
        regions.append(rows)
    return regions


def full(lines: Lines) -> str:
    """Give everything but our own delimiter line."""
    return _joined([[text for text in lines.texts if not marks.is_delimiter(text)]])


def _joined(regions: Sequence[list[str]]) -> str:
    return "\n\n".join(part for region in regions if (part := "\n".join(region).strip("\n").rstrip()))


def _plan(lines: Lines, *, forwarded: bool) -> _Plan:
    size = len(lines.texts)
    plan = _Plan(quotes=size, end=size, tail=size)
    for mark in _marks(lines):
        if mark.kind == "forwarded" or (forwarded and mark.kind in {"original", "block"}):
            plan.tail = mark.start
            break
        if _quote_follows(lines, mark.end):
            plan.dropped.update(range(mark.start, mark.end))
            plan.quotes = min(plan.quotes, mark.start)
        elif mark.kind == "attribution" and _nothing_follows(lines, mark):
            plan.end = mark.start
            break
        elif (mark.certain or _follows_machine(lines, mark)) and _settle(lines, plan, mark):
            break
    return plan


def _settle(lines: Lines, plan: _Plan, mark: _Mark) -> bool:
    """Decide on a mark with unmarked text below it; true when nothing further down matters."""
    above = [
        text
        for index, text in enumerate(lines.texts[: mark.start])
        if text and not lines.quoted[index] and index not in plan.dropped
    ]
    if not above and mark.kind == "delimiter":
        plan.dropped.update(range(mark.start, mark.end))
        return False
    if not above or marks.announces_answers(above):
        plan.tail = mark.start
    else:
        plan.end = mark.start
    return True


def _nothing_follows(lines: Lines, mark: _Mark) -> bool:
    """Say whether an attribution ends the mail, because its client quoted nothing."""
    texts = lines.texts
    return (
        mark.start > 0
        and len(texts) <= mark.end + 1
        and not any(texts[mark.end :])
        and marks.is_dated(" ".join(texts[mark.start : mark.end]))
    )


def _follows_machine(lines: Lines, mark: _Mark) -> bool:
    """Say whether a mail program's own line stands above a mark, since that ends what its user wrote."""
    before = mark.start - 2 if mark.start > 1 and not lines.texts[mark.start - 1] else mark.start - 1
    return before > 0 and signs.is_machine_made(lines.texts[before])


def _quote_follows(lines: Lines, end: int) -> bool:
    after = end + 1 if end < len(lines.texts) and not lines.texts[end] else end
    return after < len(lines.texts) and lines.quoted[after] > 0


def _marks(lines: Lines) -> Iterator[_Mark]:
    """Find the marks from top to bottom, each line belonging to one at most."""
    reached = 0
    for index in _candidates(lines):
        if index >= reached and (mark := _mark_at(lines, index, reached)):
            yield mark
            reached = mark.end


def _candidates(lines: Lines) -> list[int]:
    special = lines.cuts | lines.attributed | lines.ruled
    found = [
        index
        for index, text in enumerate(lines.texts)
        if text
        and (text[-1] in _ENDS or text[:2] in _STARTS or ":" in text[:32] or index in special or _ends_bare(text))
        if not lines.quoted[index] or _starts_quote(lines, index)
    ]
    return list(islice((index for index in found if _is_promising(lines, index)), CANDIDATES))


def _starts_quote(lines: Lines, index: int) -> bool:
    return lines.quoted[index] == STRONG and (index == 0 or not lines.quoted[index - 1])


def _ends_bare(text: str) -> bool:
    """Say whether a line may be an attribution without a colon: it ends with an address, or a verb behind one."""
    return (
        (text[-1] == ">" and (text[0].isdigit() or text[:4] == ">>> ")) or "> " in text[-14:] or "\u2013" in text[-40:]
    )


def _is_promising(lines: Lines, index: int) -> bool:
    text = lines.texts[index]
    return (
        text[-1] in _ENDS
        or text[:2] in _STARTS
        or _ends_bare(text)
        or index in lines.cuts
        or index in lines.attributed
        or index in lines.ruled
        or (marks.label(text) in _FIRST and not (index and marks.label(lines.texts[index - 1])))
    )


def _mark_at(lines: Lines, index: int, reached: int) -> _Mark | None:
    text = lines.texts[index]
    if kind := "delimiter" if marks.is_delimiter(text) else marks.separator(text):
        if lines.quoted[index] and kind != "forwarded":
            return None
        return _Mark(kind=kind, start=index, end=_past_header(lines, index + 1))
    if lines.quoted[index]:
        return None
    if end := _block_at(lines, index):
        return _Mark(kind="block", start=_above(lines, index), end=end)
    return _attribution_at(lines, index, reached)


def _block_at(lines: Lines, index: int) -> int:
    """Tell where a header block ends that starts here, by its labels or by what the page says; 0 if none does."""
    if index in lines.cuts:
        return index + 1
    if marks.label(lines.texts[index]) in _FIRST and (end := marks.block_end(lines.texts, index)):
        return end
    return marks.ruled_end(lines.texts, index) if index in lines.ruled else 0


def _attribution_at(lines: Lines, index: int, reached: int) -> _Mark | None:
    if index in lines.attributed:
        end = index
        while end < len(lines.texts) and end in lines.attributed:
            end += 1
        return _Mark(kind="attribution", start=index, end=end)
    if not (found := marks.attribution(lines.texts, index, reached)):
        return None
    start, certain = found
    return _Mark(kind="attribution", start=start, end=index + 1, certain=certain)


def _past_header(lines: Lines, start: int) -> int:
    """Go past the header lines or the attribution that may follow a separator, since one mark ends with them."""
    texts = lines.texts
    begin = start + 1 if start < len(texts) and not texts[start] else start
    if begin >= len(texts) or lines.quoted[begin]:
        return start
    if marks.label(texts[begin]) and (end := marks.block_end(texts, begin)):
        return end
    for last in range(begin, min(begin + marks.WRAPPED, len(texts))):
        if marks.attribution(texts, last, begin):
            return last + 1
    return start


def _above(lines: Lines, index: int) -> int:
    """Take in the rule that stands above a header block, or the attribution that leads in to it."""
    before = index - 2 if index > 1 and not lines.texts[index - 1] else index - 1
    if before < 0:
        return index
    text = lines.texts[before]
    return before if marks.is_rule(text) or marks.leads_in(text, close=before == index - 1) else index


def _kept(lines: Lines, plan: _Plan, *, reply: bool) -> list[bool]:
    """Decide for every line above the end whether it stays; quotes are decided by whole blocks."""
    limit = min(plan.end, plan.tail)
    kept = [index not in plan.dropped for index in range(limit)]
    for number, block in enumerate(_blocks(lines.quoted, limit)):
        if _is_quote(lines, plan, block, close=number < CLOSE_LOOK, reply=reply):
            kept[block.start : block.stop] = [False] * len(block)
    return kept


def _blocks(quoted: Sequence[int], limit: int) -> Iterator[range]:
    """Give the runs of quoted lines."""
    return _runs([mark > 0 for mark in quoted[:limit]])


def _is_quote(lines: Lines, plan: _Plan, block: range, *, close: bool, reply: bool) -> bool:
    """Tell a quote from lines that a customer began with `>` for a reason of their own."""
    if lines.quoted[block.start] == STRONG or block.start >= plan.quotes:
        return True
    if not close:
        return reply and plan.quotes == len(lines.texts)
    rows = [lines.texts[index].lstrip() for index in block[:CLOSE_LOOK]]
    bare = [row.lstrip("> ") for row in rows[: marks.WRAPPED]]
    if any(marks.attribution(bare, last) for last in range(len(bare))):
        return True
    return reply and plan.quotes == len(lines.texts) and not _is_own(lines, block, rows)


def _is_own(lines: Lines, block: range, rows: Sequence[str]) -> bool:
    if lines.texts[block.start][:1] != ">" or all(row.startswith(">>>") and row.strip("> ") for row in rows):
        return True  # indented by HTML; a prompt
    return len(rows) == 1 and rows[0][1:3].strip()[:1] in {"=", *"0123456789"}


def _runs(kept: list[bool]) -> Iterator[range]:
    """Give the runs of lines that stay."""
    kept = [*kept, True, False]  # so that there is always a next one
    start, last = kept.index(True), len(kept) - 2
    while start < last:
        stop = min(kept.index(False, start), last)
        yield range(start, stop)
        start = kept.index(True, stop)
