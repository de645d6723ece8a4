"""Looks for marks ahead in one text, in time linear over all calls. Holds nothing but where they were last found."""

from __future__ import annotations

from typing import AnyStr, Generic


class Finder(Generic[AnyStr]):
    """`find` for positions that only go up.

    A mark that was found far ahead, or is not there at all, is never looked for again from further back: this is what
    makes thousands of openings without an end cost one search instead of thousands.
    """

    def __init__(self, text: AnyStr) -> None:
        self.text: AnyStr = text
        self._known: dict[AnyStr, int] = {}

    def find(self, mark: AnyStr, start: int) -> int:
        """Tell where the mark next stands at or after `start`; -1 if nowhere."""
        known = self._known.get(mark)
        if known is None or -1 < known < start:
            known = self._known[mark] = self.text.find(mark, start)
        return known
