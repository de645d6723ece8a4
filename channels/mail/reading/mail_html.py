"""HTML of a mail to lines of visible text, in one pass. Runs and fetches nothing; keeps no tag.

Hidden text, comments, styles and pictures are dropped; what mail programs mark as quote, attribution, signature or
reply header is noted on the lines. It reads as browsers do where that matters, and what it cannot read stays text.
"""

from __future__ import annotations

from dataclasses import dataclass

from channels.mail.reading import mail_tags
from channels.mail.reading.mail_find import Finder
from channels.mail.reading.mail_lines import Lines
from channels.mail.reading.mail_page import Page
from channels.mail.reading.mail_patterns import compiled, has

HTML_LIMIT = 1_000_000
TAGS_LEAST = 20  # of every page, however much the others took
TAGS_LIMIT = 8_000  # what follows is not shown: it is the history of a long thread, or an attack
REFERENCES_LIMIT = 10_000  # with more of them only the common ones are read
SHEET_LIMIT = 20_000
ODD_LIMIT = 200  # style sheets, and brackets inside attributes, that are looked into
SPELLINGS_LIMIT = 600  # different tags whose attributes are read
LITERALS_LIMIT = 5_000  # brackets that begin no tag: with more of them it is no HTML, and all of the rest is text


_LONG_NUMBER = compiled(r"&#(?:[0-9]{8}|[xX][0-9A-Fa-f]{7})")


@dataclass(slots=True)
class Budget:
    """What is left to spend on the pages of one mail."""

    tags: int = TAGS_LIMIT
    spellings: int = SPELLINGS_LIMIT
    oddities: int = ODD_LIMIT


def lines(html: str, budget: Budget | None = None) -> Lines:
    """Read a page. Nothing in it makes this fail or take long."""
    budget = budget or Budget()
    budget.tags = max(budget.tags, TAGS_LEAST)
    html = html[:HTML_LIMIT].replace("\r\n", "\n").replace("\0", "")
    page = Page(literal=html.count("&") > REFERENCES_LIMIT or ("&#" in html and has(_LONG_NUMBER, html)))
    reader = _Reader(html, page, budget)
    position = 0
    while budget.tags > 0:
        start = html.find("<", position)
        if start < 0 or reader.literals > LITERALS_LIMIT:
            page.write(html[position:])
            break
        if start > position:
            page.write(html[position:start])
        position = reader.read(start)
    return page.finish()


class _Reader:
    """Reads tags, each spelling once, and tells where the text goes on."""

    def __init__(self, html: str, page: Page, budget: Budget) -> None:
        self.literals = 0
        self._html, self._page, self._budget = html, page, budget
        self._seek = Finder(html)
        self._known: dict[str, mail_tags.Tag] = {}
        self._hidden: set[str] = set()

    def read(self, start: int) -> int:
        """Read what begins with this bracket; give the position behind it."""
        html = self._html
        end = self._seek.find(">", start)
        spelling = html[start + 1 : end]
        if self._budget.spellings <= 0:
            spelling = spelling[:30].partition(" ")[0]  # no attributes any more
        if end > 0 and (tag := self._known.get(spelling)):
            self._budget.tags -= 1
            if tag.action == mail_tags.RAW_TEXT:
                return self._skip(tag.name, end + 1)
            self._page.obey(tag)
            return end + 1
        sign = html[start + 1 : start + 2]
        if not (sign in {"/", "!", "?"} or (sign.isascii() and sign.isalpha())):
            return self._literal(start)
        self._budget.tags -= 1
        if html.startswith("<!--", start):
            end = self._seek.find("-->", start + 2)
            return end + 3 if end >= 0 else len(html)  # as in a browser: all of the rest
        if end < 0:
            self._page.write(html[start:])
            return len(html)
        end = self._end(start, end)
        return self._read_new(html[start + 1 : min(end, start + mail_tags.TAG_LIMIT)], end + 1)

    def _literal(self, start: int) -> int:
        """Take a bracket that begins no tag, and those after it, as text."""
        self.literals += 1
        end = start + 1
        while self._html.startswith("<<", end):
            end += 1
        self._page.write(self._html[start:end])
        return end

    def _read_new(self, spelling: str, after: int) -> int:
        closely = self._budget.spellings > 0
        self._budget.spellings -= 1
        tag = mail_tags.read(spelling, self._hidden, closely=closely)
        if "@" in tag.name:
            self.literals += 1
            self._page.write(f"<{spelling}>")  # an address that somebody forgot to escape
            return after
        if closely:
            self._known[spelling] = tag
        elif len(self._known) < 2 * SPELLINGS_LIMIT:
            self._known[spelling[:30].partition(" ")[0]] = tag
        if tag.action == mail_tags.RAW_TEXT:
            return self._skip(tag.name, after)
        self._page.obey(tag)
        return after

    def _skip(self, name: str, start: int) -> int:
        """Go past what an element holds that shows no text."""
        found = [at for mark in mail_tags.ENDS[name] if (at := self._seek.find(mark, start)) >= 0]
        end = min(found, default=len(self._html))
        if name == "style" and end > start and self._budget.oddities > 0:
            self._budget.oddities -= 1
            hides = mail_tags.hidden_by(self._html[start : min(end, start + SHEET_LIMIT)])
            if not hides <= self._hidden:
                self._hidden |= hides
                self._known.clear()
        return end

    def _end(self, start: int, end: int) -> int:
        """Find the bracket that closes a tag: one inside a quoted attribute does not."""
        while self._budget.oddities > 0:
            if end - start > mail_tags.TAG_LIMIT or not (quote := _open_quote(self._html[start:end])):
                return end
            if (position := self._seek.find(quote, end)) < 0:
                return end
            if (later := self._seek.find(">", position)) < 0:
                return end
            end = later
            self._budget.oddities -= 1
        return end


def _open_quote(tag: str) -> str:
    """Tell which quote a piece of a tag ends inside of, if any."""
    if tag.count('"') % 2 == 0 and tag.count("'") % 2 == 0:
        return ""
    opened, before = "", ""
    for char in tag:
        if opened:
            opened = "" if char == opened else opened
        elif char in {'"', "'"} and before in {"=", " "}:
            opened = char
        before = char
    return opened
