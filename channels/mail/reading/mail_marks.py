"""Recognises single lines and short runs of them: attributions, header blocks, separators, signatures. Pure, linear.

Every look at a line is bounded (its length, the number of neighbours), so a whole mail costs time by its size only.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.mail.reading import mail_words as words
from channels.mail.reading.mail_patterns import compiled, has

LINE_LIMIT = 400  # a longer line is text; marks are short
WRAPPED = 4  # an attribution may be wrapped into so many lines
BLOCK_LINES = 40
MAILTO_LIMIT = 20


def _phrases(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


_KINDS = {label: kind for kind, labels in words.LABELS.items() for label in labels.split("|")}
_ORIGINAL, _FORWARDED = _phrases(words.ORIGINAL), _phrases(words.FORWARDED)
_BEGIN_FORWARD = _phrases(words.BEGIN_FORWARD)
_ADDRESS = compiled(r"[^\s<>()\[\]\",;:@]{1,64}@[^\s<>()\[\]\",;:@]{1,255}")
_DATE = compiled(r"(?:^|[^0-9])(?:(?:19|20)[0-9]{2}|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4})(?:[^0-9]|$)")
_TIME = compiled(r"(?:^|[^0-9])[0-9]{1,2}[:.h][0-9]{2}(?:[^0-9]|$)")
_VERB = compiled(rf"(?:^|[^\pL])(?:{words.VERBS})(?:[^\pL]|$)")
_HINT = compiled(rf"[0-9@]|{words.VERBS}|zitat|quoting|citando|citat")
_VERB_LAST = compiled(rf"(?:^|[^\pL])(?:{words.VERBS}) ?$")
_TOLD = compiled(
    rf"(?:^|[^\pL])(?:(?:{words.TELLING}) (?:{words.VERBS})"
    rf"|(?:{words.VERBS}) (?:{words.TELLING}))(?:[^\pL]|$)"
)
_PREPOSITION = compiled(rf"^(?:{words.OPENERS})(?:[^\pL]|$)")
_OPENER = compiled(
    rf"^(?:[0-9]{{1,4}}[ .,:/年-]|(?:{words.OPENERS}|{words.DAYS})(?:[^\pL]|$)|[^ ]{{2,14}} [0-9]{{1,2}}[ ./])"
)
_DATED = rf"(?:.*[^\pL])?(?:{words.DAYS}|(?:{words.MONTHS})\pL{{0,6}})(?:[^\pL]|$)"
_DATED_OPENING = compiled(rf"^(?:{words.OPENERS})[ .](?:.*(?:[0-9][./:-][0-9]|[0-9]{{4}})|{_DATED})")
_NAMED = compiled(rf"^[^<>]{{1,80}}<[^<>@ ]{{1,64}}@[^<> ]{{1,200}}> ?(?:{words.VERBS}) .*[0-9]")
_QUOTING = compiled(r"^(?:zitat von|quoting|citando(?: a)?|citat från|cytowanie) .{2,200}$")
_BARE_VERB = compiled(rf"<[^<>@ ]{{1,64}}@[^<> ]{{1,200}}>+ (?:{words.VERBS}) ?$")
_BARE_ADDRESS = compiled(
    r"^[0-9]{4}[/.-][0-9]{1,2}[/.-][0-9]{1,2}( [0-9:]{4,8})?( [^<> ]+){1,8} ?<[^<>@ ]{1,64}@[^<> ]{1,200}>$"
)
_GROUPWISE = compiled(r"^>>> [^>].{2,200}[0-9]{4},? .{0,6}[0-9]{1,2}[:.][0-9]{2}(?: [ap]m)? >>>$")
_BEHIND_DASH = compiled(r"^.{2,80}@.{2,80} \x{2013} .{4,40}[0-9]{1,2}[:.][0-9]{2}(?: [ap]m)?$")
_NOTES = compiled(r"^.{2,60} ---[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4} [0-9:]{4,8}(?: [ap]m)?---")
_GENERATED = compiled(
    rf"^(?:- )?(?:{words.OPENERS})[ .].{{4,45}}[0-9]{{1,2}}[:.h][0-9]{{2}}"
    r"(?: ?[ap]\.?m\.?| uhr)?(?: [+-][0-9]{4}| gmt[^ ,]*)?"
    rf"(?:, .{{2,60}} (?:{words.VERBS})| (?:{words.VERBS}) .{{2,60}})$"
)
_GENERATED_AFTER = compiled(
    rf"^[^@:]{{2,60}} (?:{words.VERBS}) (?:{words.OPENERS}) (?:{words.DAYS})[.,]+ "
    r".{6,40}[0-9]{1,2}[:.h][0-9]{2}(?: uhr)?$"
)
_YOURS = compiled(rf"(?:^|[^\pL])(?:{words.YOURS})(?:[^\pL]|$)")
_SHARED = compiled(
    rf"[ -](?:{words.SHARED})\.? (?:(?i:{words.DAYS}|{words.MONTHS})[^ ]{{0,10}}|[0-9]{{1,4}}[ ./-][^ ]*)"
    rf" .*(?:{words.VERBS}).*:$"
)
_IN_ONE_LINE = compiled(rf" \*?(?:{words.LABELS['sent']}|{words.LABELS['date']})\*? ?:\*? .*[0-9]")
_MAILTO = compiled(r"\n\n?<\nmailto:(.{1,200})\n> ", groups=True)
_BY = compiled(r"^[0-9].{6,40} (?:by|von|from|de|par|da|van|od|przez) [^ ]+@[^ ]+$")
_STANDS = "|".join(rf"(?:{what})(?: [^ ]+){{0,3}} (?:{where})" for what, where in words.INLINE)
_INLINE = compiled(rf"(?:^|[^\pL])(?:{_STANDS})(?:[^\pL]|$)")
_MORE_LABEL = compiled(r"^[\pL][\pL -]{0,24}: ")
_RULE = frozenset("-_=*~# ")
_TRIM = " \t\u00a0\u202f*_"


def joined_addresses(text: str) -> str:
    """Put the address back into an attribution that a client broke over lines of their own."""
    return str(_MAILTO.sub(r" <\1> ", text, MAILTO_LIMIT)) if "<\nmailto:" in text else text


def shared(line: str) -> int:
    """Tell where an attribution begins that stands behind other words in its line; 0 if none does."""
    if len(line) > LINE_LIMIT or not (found := _SHARED.search(line)):
        return 0
    start = int(found.start()) + 1
    run = line[start:].lower()
    return start if has(_DATE, run) and has(_TIME, run) and _attributes(run) else 0


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
    """Tell "original" or "forwarded" for a dashed separator or Apple's opening line; else nothing.

    The header below may have lost its line breaks and stand behind it.
    """
    phrase = line[:120].strip(" \t\u00a0-_=*>:").lower()
    if line[-1:] == ":" and phrase in _BEGIN_FORWARD:
        return "forwarded"
    if not line.lstrip("* ").startswith(("--", "==", "__")):
        return ""
    phrase, dashes, behind = phrase.partition("--")
    phrase = phrase.strip()
    if len(line) > 120 and not (dashes and label(behind.lstrip("- "))):
        return ""
    if phrase in _ORIGINAL:
        return "original"
    return "forwarded" if phrase in _FORWARDED or phrase.startswith("forwarded by ") else ""


def block_end(texts: Sequence[str], start: int) -> int:
    """Tell where a header block that starts here ends; 0 when it is none."""
    if start and texts[start - 1] and has(_MORE_LABEL, texts[start - 1][:40]):
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
        return {"date", "to"} <= kinds and "@" in texts[found["to"]] and has(_TIME, texts[found["date"]][:80])
    sender = texts[found["from"]]
    if len(sender) > LINE_LIMIT:
        return False
    if len(kinds) == 1:
        return "@" in sender and has(_TIME, sender) and has(_IN_ONE_LINE, sender.lower())
    if "subject" in kinds:
        return not kinds.isdisjoint({"sent", "date", "to"})
    if {"sent", "to"} <= kinds:
        return True
    return not kinds.isdisjoint({"sent", "date"}) and any("@" in text for text in texts[start : last + 1])


def ruled_end(texts: Sequence[str], start: int) -> int:
    """Tell where a header block ends that has a line drawn above it, in whatever language; 0 when it is none.

    It names a sender, or holds three labels at least, an address and a time.
    """
    end = start
    while end < min(start + BLOCK_LINES, len(texts)) and ":" in texts[end][:32]:
        end += 1
    block = " ".join(texts[start:end])[: 4 * LINE_LIMIT]
    if end - start >= 3 and has(_ADDRESS, block) and has(_TIME, block):
        return end
    return start + 1 if label(texts[start]) == "from" else 0


def attribution(texts: Sequence[str], last: int, first: int = 0) -> tuple[int, bool] | None:
    """Find the attribution that ends in a line: where it starts, and whether it is certain without quote marks below.

    The shortest run of lines that opens like one is taken, so that text above it stays text.
    """
    run = ""
    ending = (
        f"{texts[last - 1][-LINE_LIMIT:]} {texts[last][-LINE_LIMIT:]}" if last > first else texts[last][-LINE_LIMIT:]
    )
    if not has(_HINT, ending.lower()):
        return None
    for start in range(last, max(last - WRAPPED, first - 1), -1):
        if not texts[start] or len(texts[start]) > LINE_LIMIT:
            break
        run = f"{texts[start].strip(_TRIM)} {run}".strip().lower()
        if (has(_OPENER, run) or has(_NAMED, run)) and (level := _attributes(run)):
            return start - _reaches_up(texts, start, first, run), level > 1
    return _named(texts, last, first)


def _reaches_up(texts: Sequence[str], start: int, first: int, run: str) -> bool:
    """Say whether the line above belongs to an attribution that would do without it: "On Nov 21, 2014,"."""
    above = texts[start - 1][:LINE_LIMIT].lower() if start > first else ""
    if not 0 < len(above.split()) <= 8 or not has(_DATED_OPENING, above):
        return False
    return above.endswith(",") or not (has(_PREPOSITION, run) and has(_DATE, run))


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
        return _bare(run)
    address, date = has(_ADDRESS, body), has(_DATE, body)
    if not has(_VERB, body):
        return _verbless(body, address=address, date=date)
    timed = has(_TIME, body)
    if has(_TOLD, body):
        return 1 if date and timed else 0  # "At 6/16/2016 08:32 PM, you wrote:"
    if date and (address or run.startswith("--") or _is_generated(body)):
        return 2
    dated = date or timed
    short = has(_VERB_LAST, body) and len(body.split()) <= 7
    return 1 if dated or address or short else 0


def _bare(run: str) -> int:
    """Weigh one without a colon: the verb ends it behind the address, or it is only date and address."""
    if len(run) > LINE_LIMIT:
        return 0
    if has(_BARE_VERB, run):
        return 2 if has(_DATE, run) and has(_TIME, run) else 0
    if has(_GROUPWISE, run):
        return 2
    return int(has(_BARE_ADDRESS, run) or (has(_DATE, run) and has(_BEHIND_DASH, run)))


def is_groupwise(line: str) -> bool:
    """Say whether this is GroupWise's attribution, which begins and ends with what others quote by."""
    return line.endswith(" >>>") and len(line) <= LINE_LIMIT and has(_GROUPWISE, line.lower())


def _is_generated(body: str) -> bool:
    """Say whether programs write like this: date, time and a name, and no word of whose it is."""
    return has(_TIME, body) and (has(_GENERATED, body) or has(_GENERATED_AFTER, body)) and not has(_YOURS, body)


def leads_in(line: str, *, close: bool) -> bool:
    """Say whether a line above a header block belongs to it: Notes' first words, or an attribution without a colon.

    `close`: nothing stands between, as where apps write the latter. One that ends like a sentence is a person's.
    """
    lower = line[:LINE_LIMIT].lower()
    if has(_NOTES, lower):
        return True
    if not close or line[-1:] in {":", ".", "!", "?"}:
        return False
    return has(_DATED_OPENING, lower) and has(_VERB, lower) and is_dated(line)


def is_dated(run: str) -> bool:
    """Say whether an attribution has a date and a time, and nobody tells it."""
    lower = run[:LINE_LIMIT].lower()
    return has(_DATE, lower) and has(_TIME, lower) and not has(_TOLD, lower) and not has(_YOURS, lower)


def _verbless(body: str, *, address: bool, date: bool) -> int:
    if has(_QUOTING, body):
        return 1
    if address and date and has(_OPENER, body) and has(_TIME, body):
        return 2
    return 2 if has(_BY, body) else 0


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
    return any(has(_INLINE, line[:LINE_LIMIT].lower()) for line in tail)
