"""Maps a misspelt word to one of a known vocabulary, or leaves it. Knows no language."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

SHORTEST = 4
LONGEST = 24


class Speller:
    """A vocabulary that can be asked for the known word closest to an unknown one."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        """Index the words of at least SHORTEST letters by their pairs of letters."""
        self._words = frozenset(vocabulary)
        self._index: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self._words):
            if len(word) >= SHORTEST and word.isalpha():
                for piece in _pieces(word):
                    self._index[piece].append(word)

    def nearest(self, word: str) -> str:
        """The word itself when known or when nothing is near enough; else the known word at the smallest distance."""
        if word in self._words or not SHORTEST <= len(word) <= LONGEST or not word.isalpha():
            return word
        pieces = sorted(_pieces(word))  # in a fixed order: ties must fall the same way in every process
        shared = Counter(known for piece in pieces for known in self._index.get(piece, ())[:200])
        best, least = word, (3, "")
        for known, count in shared.most_common(8):
            if 2 * count < len(pieces) - 1:
                break  # one slip spoils at most two or three of a word's pairs of letters
            distance = _distance(word, known)
            if distance <= _allowed(word, known) and (distance, known) < least:
                best, least = known, (distance, known)
        return best


def _pieces(word: str) -> set[str]:
    padded = f"<{word}>"
    return {padded[at : at + 2] for at in range(len(padded) - 1)}


def _allowed(word: str, known: str) -> int:
    shorter = min(len(word), len(known))
    return 2 if shorter >= 8 else 1 if shorter >= SHORTEST else 0


def _distance(one: str, other: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours; 3 stands for more than 2."""
    if abs(len(one) - len(other)) > 2:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        older, before, row = before, row, [i, *([0] * len(other))]
        for j, b in enumerate(other, start=1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], older[j - 2] + 1)
    return min(row[-1], 3)
