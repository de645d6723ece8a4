"""Recognises single lines and short runs of them: attributions, header blocks, separators, signatures. Pure, linear.

Every look at a line is bounded (its length, the number of neighbours), so a whole mail costs time by its size only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import re2

from channels import mail_words as words

LINE_LIMIT = 400  # a longer line is text; marks are short
WRAPPED = 4  # an attribution may be wrapped into so many lines
BLOCK_LINES = 40


def _compiled(pattern: str) -> Any:  # noqa: ANN401 - re2 publishes no types
    """Compile a pattern for text in lower case: RE2 folds case by larger automata."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = 64 << 20  # the tables of words make large automata
    return re2.compile(pattern, options)


def _has(pattern: Any, text: str) -> bool:  # noqa: ANN401 - see above
    return (
        pattern.search(text.encode("utf-8", "replace")) is not None
    )  # bytes spare RE2's binding a count of characters


def _phrases(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


_KINDS = {label: kind for kind, labels in words.LABELS.items() for label in labels.split("|")}
_ORIGINAL, _FORWARDED = _phrases(words.ORIGINAL), _phrases(words.FORWARDED)
_BEGIN_FORWARD = _phrases(words.BEGIN_FORWARD)
_ADDRESS = _compiled(r"[^\s<>()\[\]\",;:@]{1,64}@[^\s<>()\[\]\",;:@]{1,255}")
_DATE = _compiled(r"(?:^|[^0-9])(?:(?:19|20)[0-9]{2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4})(?:[^0-9]|$)")
_TIME = _compiled(r"(?:^|[^0-9])[0-9]{1,2}[:.h][0-9]{2}(?:[^0-9]|$)")
_VERB = _compiled(rf"(?:^|[^\pL])(?:{words.VERBS})(?:[^\pL]|$)")
_HINT = _compiled(rf"[0-9@]|{words.VERBS}|zitat|quoting|citando|citat")
_VERB_LAST = _compiled(rf"(?:^|[^\pL])(?:{words.VERBS}) ?$")
_TOLD = _compiled(
    rf"(?:^|[^\pL])(?:(?:{words.TELLING}) (?:{words.VERBS})"
    rf"|(?:{words.VERBS}) (?:{words.TELLING}))(?:[^\pL]|$)"
)
_PREPOSITION = _compiled(rf"^(?:{words.OPENERS})(?:[^\pL]|$)")
_OPENER = _compiled(
    rf"^(?:[0-9]{{1,4}}[ .,:/年-]|(?:{words.OPENERS}|{words.DAYS})(?:[^\pL]|$)|[^ ]{{2,14}} [0-9]{{1,2}}[ ./])"
)
_DATED = rf"(?:.*[^\pL])?(?:{words.DAYS}|(?:{words.MONTHS})\pL{{0,6}})(?:[^\pL]|$)"
_DATED_OPENING = _compiled(rf"^(?:{words.OPENERS})[ .](?:.*(?:[0-9][./:-][0-9]|[0-9]{{4}})|{_DATED})")
_NAMED = _compiled(rf"^[^<>]{{1,80}}<[^<>@ ]{{1,64}}@[^<> ]{{1,200}}> ?(?:{words.VERBS}) .*[0-9]")
_QUOTING = _compiled(r"^(?:zitat von|quoting|citando(?: a)?|citat från|cytowanie) .{2,200}$")
_BY = _compiled(r"^[0-9].{6,40} (?:by|von|from|de|par|da|van|od|przez) [^ ]+@[^ ]+$")
_STANDS = "|".join(rf"(?:{what})(?: [^ ]+){{0,3}} (?:{where})" for what, where in words.INLINE)
_INLINE = _compiled(rf"(?:^|[^\pL])(?:{_STANDS})(?:[^\pL]|$)")
_MACHINE = _compiled(f"^(?:{words.MACHINE})$")
_CLOSING = _compiled(f"^(?:{words.CLOSINGS})$")
_CONTACT = _compiled(words.CONTACT)
_REFERENCE = _compiled(words.REFERENCES)
_SECRECY = _compiled(words.SECRECY)
_NOTICE = tuple(_compiled(group) for group in words.NOTICE)
_MINE = _compiled(rf"(?:^|[^\pL])(?:{words.MINE})(?:[^\pL']|$)")
_LINK_END = _compiled(r" ?[<\[(]?https?://[^ ]{1,300}[>\])]?")
_MORE_LABEL = _compiled(r"^[\pL][\pL -]{0,24}: ")
_RULE = frozenset("-_=*~# ")
_TRIM = " \t\u00a0\u202f*_"


def is_delimiter(line: str) -> bool:
    """Say whether this is our own line above which the answer goes."""
    return words.DELIMITER in line


def is_rule(line: str) -> bool:
    """Say whether a line is drawn, of three or more dashes and the like."""
    return len(line) >= 3 and set(line) <= _RULE


def label(line: str) -> str:
    """Name the kind of header field that a line seems to hold: from, date, to, cc, subject, more, or nothing."""
    colon = line.find(":", 0, 32)
    if colon < 0:
        colon = line.find("\uff1a", 0, 32)
    return _KINDS.get(line[:colon].strip(_TRIM).lower(), "") if colon > 0 else ""


def separator(line: str) -> str:
    """Tell "original" or "forwarded" for a dashed separator or Apple's opening line; else nothing."""
    if len(line) > 120:
        return ""
    phrase = line.strip(" \t\u00a0-_=*>:").lower()
    if line[-1:] == ":" and phrase in _BEGIN_FORWARD:
        return "forwarded"
    if not line.lstrip("* ").startswith(("--", "==", "__")):
        return ""
    if phrase in _ORIGINAL:
        return "original"
    return "forwarded" if phrase in _FORWARDED or phrase.startswith("forwarded by ") else ""


def block_end(texts: Sequence[str], start: int) -> int:
    """Tell where a header block that starts here ends; 0 when it is none."""
    if start and texts[start - 1] and _has(_MORE_LABEL, texts[start - 1][:40]):
        return 0  # a form with more fields, such as a web site sends
    found: dict[str, int] = {}
    last, spare = start, 0
    for index in range(start, min(start + BLOCK_LINES, len(texts))):
        if kind := label(texts[index]):
            found.setdefault(kind, index)
            last, spare = index, 0
        elif texts[index]:
            spare += 1
            if spare > (10 if "@" in texts[index] or ";" in texts[index] else 1):
                break
        elif index + 1 >= len(texts) or not label(texts[index + 1]):
            break
    return last + 1 if _is_block(texts, start, last, found) else 0


def _is_block(texts: Sequence[str], start: int, last: int, found: dict[str, int]) -> bool:
    """Tell a mail's header from a list with labels like it: a journey has From, To and Date, too."""
    kinds = found.keys()
    if "from" not in kinds:
        return {"date", "to"} <= kinds and "@" in texts[found["to"]] and _has(_TIME, texts[found["date"]][:80])
    if len(texts[found["from"]]) > LINE_LIMIT:
        return False
    if "subject" in kinds:
        return not kinds.isdisjoint({"sent", "date", "to"})
    if {"sent", "to"} <= kinds:
        return True
    return not kinds.isdisjoint({"sent", "date"}) and any("@" in text for text in texts[start : last + 1])


def attribution(texts: Sequence[str], last: int, first: int = 0) -> tuple[int, bool] | None:
    """Find the attribution that ends in a line: where it starts, and whether it is certain without quote marks below.

    The shortest run of lines that opens like one is taken, so that text above it stays text.
    """
    run = ""
    ending = (
        f"{texts[last - 1][-LINE_LIMIT:]} {texts[last][-LINE_LIMIT:]}" if last > first else texts[last][-LINE_LIMIT:]
    )
    if not _has(_HINT, ending.lower()):
        return None
    for start in range(last, max(last - WRAPPED, first - 1), -1):
        if not texts[start] or len(texts[start]) > LINE_LIMIT:
            break
        run = f"{texts[start].strip(_TRIM)} {run}".strip().lower()
        if (_has(_OPENER, run) or _has(_NAMED, run)) and (level := _attributes(run)):
            return start - _reaches_up(texts, start, first, run), level > 1
    return _named(texts, last, first)


def _reaches_up(texts: Sequence[str], start: int, first: int, run: str) -> bool:
    """Say whether the line above belongs to an attribution that would do without it: "On Nov 21, 2014,"."""
    above = texts[start - 1][:LINE_LIMIT].lower() if start > first else ""
    if not 0 < len(above.split()) <= 8 or not _has(_DATED_OPENING, above):
        return False
    return above.endswith(",") or not (_has(_PREPOSITION, run) and _has(_DATE, run))


def _named(texts: Sequence[str], last: int, first: int) -> tuple[int, bool] | None:
    """Recognise those that begin with the name: "Ann wrote:", "Ann <ann@…> schrieb am …:"."""
    line = texts[last].strip(_TRIM).lower()
    if len(line) > LINE_LIMIT or not (level := _attributes(line)):
        return None
    wrapped = line.startswith("<") and last > first and 0 < len(texts[last - 1]) < 80
    return (last - 1 if wrapped else last), level > 1


def _attributes(run: str) -> int:
    """Weigh one attribution: 0 none, 1 only with quote marks below it, 2 certain."""
    if (body := _without_end(run)) is None or len(body) > LINE_LIMIT:
        return 0
    address, date = _has(_ADDRESS, body), _has(_DATE, body)
    if not _has(_VERB, body):
        return _verbless(body, address=address, date=date)
    timed = _has(_TIME, body)
    if _has(_TOLD, body):
        return 1 if date and timed else 0  # "At 6/16/2016 08:32 PM, you wrote:"
    if date and (address or run.startswith("--")):
        return 2
    dated = date or timed
    short = _has(_VERB_LAST, body) and len(body.split()) <= 7
    return 1 if dated or address or short else 0


def _verbless(body: str, *, address: bool, date: bool) -> int:
    if _has(_QUOTING, body):
        return 1
    if address and date and _has(_OPENER, body) and _has(_TIME, body):
        return 2
    return 2 if _has(_BY, body) else 0


def _without_end(run: str) -> str | None:
    """Take off the colon, or the dashes around Zoho's form; without either it is no attribution."""
    if run.startswith("--") and run.endswith("--"):
        return run.strip("- ")
    trimmed = run.rstrip(_TRIM)
    return trimmed[:-1].strip(_TRIM) if trimmed.endswith((":", "\uff1a")) else None


def announces_answers(above: Sequence[str]) -> bool:
    """Say whether the text above a quote says that the answers stand inside it, or introduces what follows."""
    tail = [line for line in above[-8:] if line]
    if tail and tail[-1].endswith(":"):
        return True
    return any(_has(_INLINE, line[:LINE_LIMIT].lower()) for line in tail)


def is_machine_made(line: str) -> bool:
    """Say whether a mail program wrote this line below the text: "Sent from my iPhone"."""
    if len(line) > LINE_LIMIT:
        return False
    bare = _LINK_END.sub("", line).replace("[", "").replace("]", "") if "http" in line else line
    bare = " ".join(bare.lower().split()).strip("\"'*_ ()<>[]").rstrip(".!")
    return line == "\u1427" or (4 < len(bare) <= 160 and _has(_MACHINE, bare))  # the former: a tracker's


def is_closing(line: str) -> bool:
    """Say whether a line is nothing but a closing: "Kind regards,"."""
    return len(line) < 60 and _has(_CLOSING, line.strip().rstrip(",.! ").lower())


def is_contact(line: str) -> bool:
    """Say whether a line holds a phone number, an address, a company's form or register."""
    return _has(_CONTACT, line[:200].lower())


def is_prose(line: str) -> bool:
    """Say whether a line reads like a sentence to us rather than like part of a signature."""
    if len(line) > 120 or line.endswith("?") or _has(_REFERENCE, line[:200].lower()):
        return True
    return len(line.split()) >= 8 and line.endswith((".", "!", ":", ","))


def is_notice(paragraph: str) -> bool:
    """Say whether a paragraph is a legal notice: about secrecy, two more things at least, and never "me"."""
    if not 90 <= len(paragraph) <= 5_000:
        return False
    lower = paragraph.lower()
    if not _has(_SECRECY, lower) or _has(_MINE, paragraph):
        return False
    return sum(_has(group, lower) for group in _NOTICE) >= 2
