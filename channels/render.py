"""Replies made fit for a channel: safe HTML, WhatsApp's markup, parts within a limit, numbered choices. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import nh3
import re2
from markdown_it import MarkdownIt

from state.messages import Choice

# Both parsers grow faster than the text; at this length hostile input takes a third of a second.
HTML_LIMIT = 8_000
GRAPHEME_LIMIT = 32  # how far to look back for the start of a character made of many code points

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
_TAGS = {
    "p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto"}
_ZWNJ, _ZWJ, _SELECTOR = "\u200c", "\u200d", "\ufe0f"
_JOINERS = frozenset({_ZWNJ, _ZWJ})
_SENTENCE_ENDS = (". ", "! ", "? ", "\u3002", "\uff01", "\uff1f")  # the last three: Chinese, Japanese

# Invisible characters that hide text or turn its direction; the joiners are left to `_drop_stray_joiners`.
_HIDDEN_RANGES = (
    (0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x034F, 0x034F), (0x061C, 0x061C),
    (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200B), (0x200E, 0x200F),
    (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xD800, 0xDFFF), (0xFE00, 0xFE0D),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0xFFFE, 0xFFFF), (0xE0000, 0xE0FFF),
)  # fmt: skip
_HIDDEN: dict[int, None] = {code: None for first, last in _HIDDEN_RANGES for code in range(first, last + 1)}
_LINE_ENDS = {0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
_CLEANING: dict[int, str | None] = {**_HIDDEN, **_LINE_ENDS}

_BOLD = re2.compile(r"\*\*([^*\n]+)\*\*|__([^_\n]+)__")
_HEADING = re2.compile(r"(?m)^#{1,6} +(.+)$")
_LINK = re2.compile(r"\[([^\[\]\n]+)\]\(((?:https?://|mailto:)[^()\s]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message of a reply: its text, and the choices a channel shows as buttons."""

    text: str
    choices: tuple[Choice, ...] = ()


def clean(text: str) -> str:
    """Remove control, direction, zero-width and tag characters, which nobody sees; unify line ends."""
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_CLEANING)
    return _drop_stray_joiners(text) if _ZWJ in text or _ZWNJ in text else text


def _drop_stray_joiners(text: str) -> str:
    """Keep a joiner only where scripts and emoji need it: single, between characters that are not ASCII."""
    around = zip("\0" + text[:-1], text, text[1:] + "\0", strict=True)
    return "".join(here for before, here, after in around if here not in _JOINERS or _joins(before, after))


def _joins(before: str, after: str) -> bool:
    return not any(side.isascii() or side.isspace() or side in _JOINERS for side in (before, after))


def html(text: str) -> str:
    """Render markdown to HTML that is safe to insert: few tags, absolute links only, no images."""
    rendered = _MARKDOWN.render(clean(text)[:HTML_LIMIT])
    return nh3.clean(
        rendered,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )


def whatsapp(text: str) -> str:
    """Put markdown's bold, headings and links into WhatsApp's own marks; everything else stays as it is."""
    text = clean(text)
    if "](" in text:
        text = _LINK.sub(r"\1 (\2)", text)
    if "#" in text:
        text = _HEADING.sub(r"*\1*", text)
    if "**" in text or "__" in text:
        text = _BOLD.sub(r"*\1\2*", text)
    return text


def numbered(text: str, choices: Sequence[Choice]) -> str:
    """Add choices as numbered lines, for a channel without buttons."""
    if not choices:
        return text
    lines = menu(choices)
    return "\n".join([f"{text.rstrip()}\n\nReply {numbers(len(lines))}:".lstrip(), *lines])


def menu(choices: Sequence[Choice]) -> list[str]:
    """Give choices as numbered lines."""
    return [f"{number}. {' '.join(clean(choice.label).split())}" for number, choice in enumerate(choices, 1)]


def numbers(count: int) -> str:
    """Write `1`, `1 or 2`, `1, 2 or 3`; a long list as `with a number from 1 to n`."""
    if count > 4:
        return f"with a number from 1 to {count}"
    *head, last = [str(number) for number in range(1, count + 1)]
    return f"{', '.join(head)} or {last}" if head else last


def parts(text: str, choices: Sequence[Choice] = (), *, limit: int, buttons: int = 0) -> tuple[Part, ...]:
    """Split a reply into messages of a channel.

    Choices go with the last one: as buttons where the channel has enough of them, else as numbered text.
    """
    as_buttons = tuple(choices) if len(choices) <= buttons else ()
    if as_buttons or not choices:
        texts = split(text, limit) or [""]
        return (*(Part(text=piece) for piece in texts[:-1]), Part(text=texts[-1], choices=as_buttons))
    whole = numbered(text, choices)
    if measure(whole) <= limit:
        return (Part(text=whole),)
    menu = numbered("", choices)  # kept in one piece: a menu torn in two is answered wrongly
    return tuple(Part(text=piece) for piece in (*split(text, limit), *split(menu, limit)))


def measure(text: str) -> int:
    """Count as the strictest provider does: in UTF-16 code units, so an emoji is two."""
    return len(text) if text.isascii() else len(text) + sum(char > "\uffff" for char in text)


def split(text: str, limit: int) -> list[str]:
    """Cut text into pieces of at most `limit` (see `measure`) at a paragraph, line, sentence or word.

    Only white space at the cuts is lost. A word longer than the limit, such as a URL, is cut between
    whole characters.
    """
    if limit < 2:
        raise ValueError("a limit below 2 has no room for an emoji")
    pieces: list[str] = []
    rest = text.strip()
    while measure(rest) > limit:
        cut = _best_cut(rest, _fitting(rest, limit))
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def _fitting(text: str, limit: int) -> int:
    """Tell how many code points from the start of a longer text stay within the limit."""
    if text[: limit + 1].isascii():
        return limit
    used = accumulate(2 if char > "\uffff" else 1 for char in text)
    return next(index for index, units in enumerate(used) if units > limit)


def _best_cut(text: str, end: int) -> int:
    """Choose where to cut text that goes on after `end`; in its first half only when there is no other space."""
    window, half = text[: end + 1], end // 2
    for mark in ("\n\n", "\n"):
        if (found := window.rfind(mark, half)) > 0:
            return found
    ends = [window.rfind(mark, half, end + (1 if len(mark) > 1 else 0)) for mark in _SENTENCE_ENDS]
    if (found := max(ends)) > 0:
        return found + 1
    if (found := max(window.rfind(" "), window.rfind("\n"), window.rfind("\t"))) > 0:
        return found
    return _between_characters(text, end)


def _between_characters(text: str, end: int) -> int:
    """Step back out of a character made of several code points: accents, emoji families, flags."""
    for cut in range(end, max(end - GRAPHEME_LIMIT, 0), -1):
        if not _inside_character(text, cut):
            return cut
    return end


def _inside_character(text: str, cut: int) -> bool:
    before, after = text[cut - 1], text[cut]
    if before == _ZWJ or after in _JOINERS or after == _SELECTOR or "\U0001f3fb" <= after <= "\U0001f3ff":
        return True
    if _is_flag_half(before) and _is_flag_half(after):
        return _flag_halves_before(text, cut) % 2 == 1
    return unicodedata.category(after).startswith("M")


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flag_halves_before(text: str, cut: int) -> int:
    start = cut
    while start > 0 and _is_flag_half(text[start - 1]):
        start -= 1
    return cut - start
