"""Which of some labelled choices a text means: by label, number, or the words they have in common. Never guesses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot import words

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINALS_SHORT = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th")
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_AROUND = words.bag("""
    the one option number choice no nr please pls i take want would like id choose pick answer it is its
""")
_SMALL = words.bag("""
    a an and are at be been but by do for from had has have i im in is it its just me my no not of on or our so than
    that the their them then there this to us was we were what with you your yes please one because why would will can
    could
""")
_AROUND_OFFERED = _AROUND | words.bag(
    "at on for the th st nd rd of works work fine good great perfect lets do us me ok okay"
)
_CLOCK = words.pattern(r"\b([0-9]{1,2})(?:[:.]([0-9]{2}))?\s?([ap]\.?m\b\.?)")
ENOUGH = 0.6
MARGIN = 0.2


def find(text: str, choices: Mapping[str, str], hints: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """The values a text may mean: one when it is clear, several when it names several, none when it names none."""
    said = words.words(text)
    for means in (_by_label, _by_number):
        value = means(said, choices)
        if value is not None:
            return [value]
    hinted = _by_hints(said, choices, hints or {})
    return hinted or _by_overlap(said, choices)


def pick(text: str, offered: Mapping[str, str]) -> list[str]:
    """The values a text may mean among those offered just now: by label, by number, or by what only some labels say."""
    said = words.words(_CLOCK.sub(_in_24_hours, words.clean(text)))
    for means in (_by_label, _by_number):
        value = means(said, offered)
        if value is not None:
            return [value]
    left = [word for word in said if word not in _AROUND_OFFERED]
    labels = {value: words.words(label) for value, label in offered.items()}
    return [value for value, own in labels.items() if left and all(_begins(word, own) for word in left)]


def _begins(word: str, label: Sequence[str]) -> bool:
    """Whether a label has the word, or one that it is short for: tue, dec."""
    return word in label or (len(word) > 2 and word.isalpha() and any(own.startswith(word) for own in label))


def _in_24_hours(match: Any) -> str:  # noqa: ANN401 - re2 publishes no types
    """The time as labels write it: 2 pm is 14:00."""
    hour, minute, half = match.group(1), match.group(2) or "00", match.group(3).lower()[0]
    return f"{int(hour) % 12 + (12 if half == 'p' else 0):02}:{minute}"


def _by_label(said: list[str], choices: Mapping[str, str]) -> str | None:
    for value, label in choices.items():
        if said and said in (words.words(label), words.words(value), words.words(value.replace("_", " "))):
            return value
    return None


def _by_number(said: list[str], choices: Mapping[str, str]) -> str | None:
    """The nth, when a number or ordinal is all that is said."""
    left = [word for word in said if word not in _AROUND]
    if not left and said.count("one") == 1:
        left = ["one"]
    if len(left) != 1:
        return None
    values, word = list(choices), left[0]
    if word == "last" and values:
        return values[-1]
    at = int(word) - 1 if word.isdecimal() and len(word) < 4 else _place(word)
    return values[at] if 0 <= at < len(values) else None


def _place(word: str) -> int:
    for names in (_ORDINALS, _ORDINALS_SHORT, _NUMBERS):
        if word in names:
            return names.index(word)
    return -1


def _by_hints(said: list[str], choices: Mapping[str, str], hints: Mapping[str, Sequence[str]]) -> list[str]:
    """Values one of whose phrases stands in the text; a longer phrase beats a shorter one that overlaps it."""
    found: list[tuple[int, int, str]] = []
    for value in choices:
        for hint in hints.get(value, ()):
            phrase = words.words(hint)
            found += [(at, at + len(phrase), value) for at in _places(said, phrase)]
    found.sort(key=lambda hit: (hit[0] - hit[1], hit[0]))
    taken: set[int] = set()
    kept: list[tuple[int, str]] = []
    for start, end, value in found:
        if taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            kept.append((start, value))
    return list(dict.fromkeys(value for _, value in sorted(kept)))


def _places(said: list[str], phrase: list[str]) -> list[int]:
    if not phrase:
        return []
    return [at for at in range(len(said) - len(phrase) + 1) if said[at : at + len(phrase)] == phrase]


def _by_overlap(said: list[str], choices: Mapping[str, str]) -> list[str]:
    """The value most of whose label's own words are said, when it is clearly ahead."""
    spoken = {words.stem(word) for word in said if word not in _SMALL}
    scored = sorted(((_share(spoken, label), value) for value, label in choices.items()), reverse=True)
    if not scored or scored[0][0] < ENOUGH:
        return []
    ahead = [value for score, value in scored if scored[0][0] - score < MARGIN]
    return [value for value in choices if value in ahead]


def _share(spoken: set[str], label: str) -> float:
    own = {words.stem(word) for word in words.words(label) if word not in _SMALL}
    return sum(any(_alike(word, other) for other in spoken) for word in own) / len(own) if own else 0.0


def _alike(word: str, other: str) -> bool:
    """Equal, or one slip of the finger apart when long enough."""
    if word == other:
        return True
    if min(len(word), len(other)) < 5 or abs(len(word) - len(other)) > 1:
        return False
    short, long = sorted((word, other), key=len)
    at = next((i for i, char in enumerate(short) if char != long[i]), len(short))
    rest_short, rest_long = short[at:], long[at:]
    if len(short) == len(long):
        swapped = rest_short[:2] == rest_long[1::-1] and rest_short[2:] == rest_long[2:]
        return swapped or rest_short[1:] == rest_long[1:]
    return rest_short == rest_long[1:]
