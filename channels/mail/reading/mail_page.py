"""A page of HTML being written out as lines: where breaks fall, and what each line is part of. Reads no HTML itself."""

from __future__ import annotations

import html as entities
from dataclasses import dataclass, field

from channels.mail.reading import mail_tags as tags
from channels.mail.reading.mail_lines import STRONG, WEAK, Lines

ROWS_LIMIT = 5_000  # of one preformatted text; what follows is one more row
_BASIC = (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"))
_ENTERING = frozenset({tags.OPEN, tags.ITEM})
_LAYOUT = tags.CITE | tags.QUOTE | tags.SIGNATURE | tags.ATTRIBUTION  # lines of their own


@dataclass(slots=True)
class Page:
    """The open elements, the line being written, and the lines that are finished.

    `literal`: references stay as they stand but for the common ones, when there are too many of them or one is so long
    that reading it would take for ever.
    """

    flags: int = 0
    literal: bool = False
    texts: list[str] = field(default_factory=list)
    _quoted: list[int] = field(default_factory=list)
    _cuts: set[int] = field(default_factory=set)
    _attributed: set[int] = field(default_factory=set)
    _signed: set[int] = field(default_factory=set)
    _line: list[str] = field(default_factory=list)
    _line_flags: int = 0
    _gap: int = 0  # what comes before the next text: 0 nothing, 1 a new line, 2 a blank line
    _in_row: bool = False  # a cell of this row is finished
    _ruled: set[int] = field(default_factory=set)
    _cut: bool = False
    _rule: bool = False
    _bullet: str = ""
    _open: list[tuple[str, int, int]] = field(default_factory=list)  # name, flags outside, space after
    _count: dict[str, int] = field(default_factory=dict)
    _lists: list[int] = field(default_factory=list)  # the next number, or -1 for bullets

    def write(self, text: str) -> None:
        """Add a piece of text to the line."""
        if self.flags & tags.HIDDEN:
            return
        if "&" in text:
            text = _unescape_basic(text) if self.literal else entities.unescape(text)
        if self.flags & tags.PRE:
            self._write_rows(text)
        elif text.strip(" \t\r\n\f"):
            self._begin()
            self._line.append(text.replace("\t", " ") if "\t" in text else text)
        elif self._line and not self._gap:
            self._line.append(" ")

    def _write_rows(self, text: str) -> None:
        for number, row in enumerate(text.split("\n", ROWS_LIMIT)):
            if number:
                self._break()
            if row:
                self._begin()
                self._line.append(row)

    def obey(self, tag: tags.Tag) -> None:
        """Do what a tag says."""
        action, name, flags, gap, alt = tag
        if action in _ENTERING:
            self._gap = max(self._gap, gap)
            self._open.append((name, self.flags, gap))
            self._count[name] = self._count.get(name, 0) + 1
            if flags:
                self._enter(flags)
            if action == tags.ITEM:
                self._enter_item(name)
        elif action == tags.CLOSE:
            self._close(name, gap)
        elif action == tags.BREAK:
            self._break()
        elif alt:
            self.write(alt)
        else:
            self._gap = max(self._gap, gap)

    def _enter(self, own: int) -> None:
        if own & tags.IN_REPLY and self.flags & tags.REPLY:
            own |= tags.CITE
        if own & tags.CUT:
            self._gap, self._cut = max(self._gap, 1), True
        elif own & tags.RULED:
            self._gap, self._rule = max(self._gap, 1), True
        if own & _LAYOUT & ~self.flags:
            self._gap = max(self._gap, 1)
        self.flags |= own & tags.LASTING

    def _enter_item(self, name: str) -> None:
        """Go on with a list or a row of a table."""
        if name in {"ol", "ul"}:
            self._lists.append(1 if name == "ol" else -1)
        elif name == "li":
            number = self._lists[-1] if self._lists else -1
            self._bullet = f"{number}. " if number > 0 else "- "
            if number > 0:
                self._lists[-1] += 1
        elif name in {"td", "th"}:
            if self._in_row and self._line and not self.flags & tags.HIDDEN:
                self._gap = 0  # a cell goes on in the line of its row
                self._line.append("\t")
        else:
            self._in_row = False

    def _close(self, name: str, gap: int) -> None:
        """Leave an element, and those inside it that were never closed."""
        if self._count.get(name):
            inner = ""
            while inner != name:
                inner, before, gap = self._open.pop()
                self._count[inner] -= 1
                if self.flags != before:
                    if (self.flags ^ before) & _LAYOUT and not self._gap:
                        self._gap = 1
                    self.flags = before
            if name in {"ol", "ul", "td", "th", "tr"}:
                self._leave_item(name)
                if len(self._lists) > 0:
                    gap = min(gap, 1)
        self._gap = max(self._gap, gap)

    def _leave_item(self, name: str) -> None:
        if name in {"td", "th"}:
            self._in_row = True
        elif name == "tr":
            self._in_row = False
        elif self._lists:
            self._lists.pop()

    def _break(self) -> None:
        """Break the line where the page says so; a second time, leave a blank line."""
        if self._gap:
            self._end_line()
            self._gap = 0
        if self._line:
            self._end_line()
        else:
            self._blank()

    def _begin(self) -> None:
        if self._gap:
            self._end_line()
            if self._gap > 1:
                self._blank()
            self._gap = 0
        if self._line:
            return
        self._line_flags = self.flags
        if self._cut:
            self._cuts.add(len(self.texts))
            self._cut = False
        if self._rule:
            self._ruled.add(len(self.texts))
            self._rule = False
        if self._bullet:
            self._line.append(self._bullet)
            self._bullet = ""

    def _end_line(self) -> None:
        if not self._line:
            return
        flags, text = self._line_flags, "".join(self._line)
        self._line.clear()
        if flags & tags.PRE:
            text = text.rstrip()
        elif "\t" in text:
            text = "\t".join(" ".join(cell.split()) for cell in text.split("\t")).rstrip()
        else:
            text = " ".join(text.split())  # no-break spaces too
        if not text:
            self._blank()
            return
        if flags & tags.ATTRIBUTION:
            self._attributed.add(len(self.texts))
        if flags & tags.SIGNATURE:
            self._signed.add(len(self.texts))
        self.texts.append(text)
        self._quoted.append(STRONG if flags & tags.CITE else WEAK if flags & tags.QUOTE else 0)

    def _blank(self) -> None:
        if self.texts and self.texts[-1]:
            self.texts.append("")
            self._quoted.append(self._quoted[-1] if self.flags & (tags.CITE | tags.QUOTE) else 0)

    def finish(self) -> Lines:
        """End the last line and give all of them."""
        self._end_line()
        return Lines(
            texts=self.texts,
            quoted=self._quoted,
            cuts=frozenset(self._cuts),
            attributed=frozenset(self._attributed),
            signed=frozenset(self._signed),
            ruled=frozenset(self._ruled),
        )


def _unescape_basic(text: str) -> str:
    for reference, char in _BASIC:
        text = text.replace(reference, char)
    return text
