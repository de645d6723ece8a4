"""What training texts say about a new one: four views of which class it resembles, added up. Decides nothing.

The views: how much likelier each feature is in a class than overall (naive Bayes), how close the text is to the middle
of a class, how close to its nearest training text, and a softmax regression, which learns what tells classes apart.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

from bot.models import features

Doc = tuple[int, list[str]]
"""The class of a training text, and its features."""
SMOOTH = 1.0
SHARES = (0.5, 6.0, 5.0, 2.0)
RATE = 5.0
LEAST = 0.005
NEAR_POSTINGS = 1_500
NEAR_TEXTS = 24
CLOSE = 24
"""Of more classes than this, only so many that come closest are looked at by the costlier views."""
FAR = -50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The classes' scores for one text, and the single views that they were added up from."""

    scores: list[float]
    bayes: list[float]
    middle: list[float]
    near: list[float]
    learned: list[float]
    known: list[float]


class Evidence:
    """Trained once from labelled texts; then asked for views."""

    def __init__(self, docs: Sequence[Doc], classes: int, *, rounds: int) -> None:
        """Learn from texts of so many classes; `rounds`: how often the regression sees each."""
        self._classes = classes
        self._total = len(docs)
        self._sizes = [0] * classes
        self._counts: dict[str, Counter[int]] = defaultdict(Counter)
        for label, found in docs:
            self._sizes[label] += 1
            for name in found:
                self._counts[name][label] += 1
        self._rarity = {name: self._rare(sum(counts.values())) for name, counts in self._counts.items()}
        self._set_rows()
        self._set_vectors(docs)
        self._regress(docs, rounds)

    def view(self, found: Sequence[str]) -> View:
        """Every view of one text."""
        weights = self._weigh(found)
        norm = _norm(weights) or 1.0
        unit = {name: weight / norm for name, weight in weights.items()}
        bayes, middle = self._rough(unit)
        near, learned = self._near(unit), self._learned(found, self._close(bayes, middle))
        a, b, c, d = SHARES
        scores = [
            a * one + b * two + c * three + d * four
            for one, two, three, four in zip(bayes, middle, near, learned, strict=True)
        ]
        return View(scores=scores, bayes=bayes, middle=middle, near=near, learned=learned, known=self._known(weights))

    # naive Bayes, and the middles of classes

    def _set_rows(self) -> None:
        """For each feature, the classes that have it, and by how much it speaks for each of them."""
        self._floor = [log(SMOOTH / (size + SMOOTH)) for size in self._sizes]
        lengths = [0.0] * self._classes
        for name, counts in self._counts.items():
            for label, count in counts.items():
                lengths[label] += (count * self._rarity[name] * features.weight(name)) ** 2
        self._rows = {name: self._row(name, counts, lengths) for name, counts in self._counts.items()}

    def _row(self, name: str, counts: Counter[int], lengths: list[float]) -> list[tuple[int, float, float]]:
        weight, scale = features.weight(name), self._total / sum(counts.values())
        found = []
        for label, count in counts.items():
            odds = log((count * scale + SMOOTH) / (self._sizes[label] + SMOOTH)) - self._floor[label]
            found.append((label, weight * odds, count * self._rarity[name] * weight / sqrt(lengths[label])))
        return found

    def _rough(self, unit: Mapping[str, float]) -> tuple[list[float], list[float]]:
        """How likely each class is by its features, and how near its middle."""
        bayes, middle, total = [0.0] * self._classes, [0.0] * self._classes, 0.0
        for name, part in unit.items():
            rows = self._rows.get(name)
            if rows is None:
                continue
            total += features.weight(name)
            for label, odds, weight in rows:
                bayes[label] += odds
                middle[label] += part * weight
        scale = 1.0 / sqrt(1.0 + total)
        return [(one + total * floor) * scale for one, floor in zip(bayes, self._floor, strict=True)], middle

    def _close(self, bayes: Sequence[float], middle: Sequence[float]) -> Sequence[int]:
        """The classes worth a closer look."""
        if self._classes <= CLOSE:
            return range(self._classes)
        rough = [SHARES[0] * one + SHARES[1] * two for one, two in zip(bayes, middle, strict=True)]
        return heapq.nlargest(CLOSE, range(self._classes), key=rough.__getitem__)

    # neighbours

    def _rare(self, frequency: int) -> float:
        return log(1 + (self._total + 1) / (1 + frequency))

    def _weigh(self, found: Sequence[str]) -> dict[str, float]:
        """Each feature with its weight: the rarer in the training texts, the heavier."""
        unseen = self._rare(0)
        return {name: features.weight(name) * self._rarity.get(name, unseen) for name in found}

    def _set_vectors(self, docs: Sequence[Doc]) -> None:
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._texts: list[tuple[int, dict[str, float]]] = []
        for number, (label, found) in enumerate(docs):
            weights = self._weigh(found)
            norm = _norm(weights) or 1.0
            self._texts.append((label, {name: weight / norm for name, weight in weights.items()}))
            for name in found:
                self._postings[name].append(number)

    def _near(self, unit: Mapping[str, float]) -> list[float]:
        """The cosine with the nearest text of each class, looked for among those that share the rarest features."""
        shared: dict[int, float] = defaultdict(float)
        left = NEAR_POSTINGS
        for name in sorted((n for n in unit if n in self._postings), key=lambda n: len(self._postings[n])):
            numbers, weight = self._postings[name], unit[name]
            left -= len(numbers)
            if left < 0:
                break
            for number in numbers:
                shared[number] += weight
        scores = [0.0] * self._classes
        for number in heapq.nlargest(NEAR_TEXTS, shared, key=shared.__getitem__):
            label, other = self._texts[number]
            cosine = sum(weight * other[name] for name, weight in unit.items() if name in other)
            scores[label] = max(scores[label], cosine)
        return scores

    # regression

    def _regress(self, docs: Sequence[Doc], rounds: int) -> None:
        """Softmax regression by plain gradient descent, in a fixed random order; feature → weight per class."""
        self._learnt: dict[str, list[float]] = {
            name: [0.0] * self._classes
            for name, counts in self._counts.items()
            if name[0] in "ws" or sum(counts.values()) > 1
        }
        rows = [(label, self._unit(found), self._look(found)) for label, found in docs]
        order = random.Random(7)
        for turn in range(rounds):
            order.shuffle(rows)
            rate = RATE * (1 - turn / rounds)
            for label, unit, among in rows:
                _descend(label, unit, among, rate)

    def _look(self, found: Sequence[str]) -> Sequence[int]:
        """The classes a training text is told apart from."""
        if self._classes <= CLOSE:
            return range(self._classes)
        weights = self._weigh(found)
        norm = _norm(weights) or 1.0
        return self._close(*self._rough({name: weight / norm for name, weight in weights.items()}))

    def _unit(self, found: Sequence[str]) -> list[tuple[list[float], float]]:
        """The learned rows of a text's features, each with the feature's part."""
        known = [(self._learnt[name], features.WEIGHTS[name[0]]) for name in found if name in self._learnt]
        norm = sqrt(sum(features.WEIGHTS[name[0]] ** 2 for name in found)) or 1.0
        return [(row, weight / norm) for row, weight in known]

    def _learned(self, found: Sequence[str], among: Sequence[int]) -> list[float]:
        unit = self._unit(found)
        scores = [sum([weight * row[n] for row, weight in unit]) for n in among]
        if len(among) == self._classes:
            return scores
        whole = [min(scores)] * self._classes
        for n, score in zip(among, scores, strict=True):
            whole[n] = score
        return whole

    def _known(self, weights: Mapping[str, float]) -> list[float]:
        """For each class, the share of the text's words that were ever seen in it."""
        total, scores = 0.0, [0.0] * self._classes
        for name, weight in weights.items():
            if name[0] != "w":
                continue
            total += weight
            for label in self._counts.get(name, ()):
                scores[label] += weight
        return [score / (total or 1.0) for score in scores]


def _norm(weights: Mapping[str, float]) -> float:
    return sqrt(sum([w * w for w in weights.values()]))


def _descend(label: int, unit: list[tuple[list[float], float]], among: Sequence[int], rate: float) -> None:
    """Move the weights of one text's features so that its class gains and those it is taken for lose."""
    scores = [sum([weight * row[n] for row, weight in unit]) for n in among]
    top = max(scores)
    shares = [exp(score - top) for score in scores]
    total = sum(shares)
    # classes that are out of the question learn nothing from this text
    slopes = [
        (n, rate * ((n == label) - share / total))
        for n, share in zip(among, shares, strict=True)
        if n == label or share > LEAST * total
    ]
    if len(slopes) == 1 and slopes[0][0] == label:
        return
    for row, weight in unit:
        for n, slope in slopes:
            row[n] += weight * slope
