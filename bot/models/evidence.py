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
LEARNED = 0.98
NEAR_FEATURES = 14
NEAR_POSTINGS = 300
NEAR_TEXTS = 24
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
        self._set_bayes()
        self._set_vectors(docs)
        self._rows = _regress([(label, self._unit(found)) for label, found in docs], classes, rounds)

    def view(self, found: Sequence[str]) -> View:
        """Every view of one text."""
        weights = self._weigh(found)
        norm = _norm(weights) or 1.0
        unit = {name: weight / norm for name, weight in weights.items()}
        bayes, middle, near = self._bayes(found), self._middle(unit), self._near(unit)
        learned = self._learned(found)
        a, b, c, d = SHARES
        scores = [
            a * one + b * two + c * three + d * four
            for one, two, three, four in zip(bayes, middle, near, learned, strict=True)
        ]
        return View(scores=scores, bayes=bayes, middle=middle, near=near, learned=learned, known=self._known(weights))

    # naive Bayes

    def _set_bayes(self) -> None:
        self._floor = [log(SMOOTH / (size + SMOOTH)) for size in self._sizes]
        self._odds = {name: self._odd(counts) for name, counts in self._counts.items()}

    def _odd(self, counts: Counter[int]) -> list[tuple[int, float]]:
        """By how much each class that has a feature exceeds the floor of those that do not."""
        scale = self._total / sum(counts.values())
        return [
            (label, log((count * scale + SMOOTH) / (self._sizes[label] + SMOOTH)) - self._floor[label])
            for label, count in counts.items()
        ]

    def _bayes(self, found: Sequence[str]) -> list[float]:
        scores, total = [0.0] * self._classes, 0.0
        for name in found:
            rows = self._odds.get(name)
            if rows is None:
                continue
            weight = features.weight(name)
            total += weight
            for label, odd in rows:
                scores[label] += weight * odd
        scale = 1.0 / sqrt(1.0 + total)
        return [(score + total * floor) * scale for score, floor in zip(scores, self._floor, strict=True)]

    # middles and neighbours

    def _rare(self, frequency: int) -> float:
        return log(1 + (self._total + 1) / (1 + frequency))

    def _weigh(self, found: Sequence[str]) -> dict[str, float]:
        """Each feature with its weight: the rarer in the training texts, the heavier."""
        unseen = self._rare(0)
        return {name: features.weight(name) * self._rarity.get(name, unseen) for name in found}

    def _set_vectors(self, docs: Sequence[Doc]) -> None:
        sums: list[dict[str, float]] = [defaultdict(float) for _ in range(self._classes)]
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._texts: list[tuple[int, dict[str, float]]] = []
        for number, (label, found) in enumerate(docs):
            weights = self._weigh(found)
            norm = _norm(weights) or 1.0
            unit = {name: weight / norm for name, weight in weights.items()}
            self._texts.append((label, unit))
            for name, weight in unit.items():
                sums[label][name] += weight
                self._postings[name].append(number)
        self._middles: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for label, total in enumerate(sums):
            length = _norm(total) or 1.0
            for name, weight in total.items():
                self._middles[name].append((label, weight / length))

    def _middle(self, unit: Mapping[str, float]) -> list[float]:
        scores = [0.0] * self._classes
        for name, weight in unit.items():
            for label, middle in self._middles.get(name, ()):
                scores[label] += weight * middle
        return scores

    def _near(self, unit: Mapping[str, float]) -> list[float]:
        """The cosine with the nearest text of each class, looked for among those that share a rare feature."""
        rare = heapq.nlargest(NEAR_FEATURES, (n for n in unit if n in self._postings), key=unit.__getitem__)
        shared: dict[int, float] = defaultdict(float)
        for name in rare:
            for number in self._postings[name][:NEAR_POSTINGS]:
                shared[number] += unit[name]
        scores = [0.0] * self._classes
        for number in heapq.nlargest(NEAR_TEXTS, shared, key=shared.__getitem__):
            label, other = self._texts[number]
            cosine = sum(weight * other[name] for name, weight in unit.items() if name in other)
            scores[label] = max(scores[label], cosine)
        return scores

    # regression

    @staticmethod
    def _unit(found: Sequence[str]) -> list[tuple[str, float]]:
        weights = [(name, features.WEIGHTS[name[0]]) for name in found]
        norm = sqrt(sum(w * w for _, w in weights)) or 1.0
        return [(name, weight / norm) for name, weight in weights]

    def _learned(self, found: Sequence[str]) -> list[float]:
        scores = [0.0] * self._classes
        for name, weight in self._unit(found):
            row = self._rows.get(name)
            if row:
                scores = [score + weight * one for score, one in zip(scores, row, strict=True)]
        return scores

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
    return sqrt(sum(w * w for w in weights.values()))


def _regress(rows: list[tuple[int, list[tuple[str, float]]]], classes: int, rounds: int) -> dict[str, list[float]]:
    """Softmax regression by plain gradient descent, in a fixed random order; feature → weight per class."""
    order = random.Random(7)
    found: dict[str, list[float]] = defaultdict(lambda: [0.0] * classes)
    for turn in range(rounds):
        order.shuffle(rows)
        rate = RATE * (1 - turn / rounds)
        for label, unit in rows:
            _descend(found, label, unit, rate, classes)
    return dict(found)


def _descend(
    found: dict[str, list[float]], label: int, unit: list[tuple[str, float]], rate: float, classes: int
) -> None:
    scores = [0.0] * classes
    rows = [(found[name], weight) for name, weight in unit]
    for row, weight in rows:
        scores = [score + weight * one for score, one in zip(scores, row, strict=False)]
    top = max(scores)
    shares = [exp(score - top) for score in scores]
    total = sum(shares)
    if shares[label] > LEARNED * total:
        return
    # classes that are out of the question learn nothing from this text
    slopes = [(n, -rate * share / total) for n, share in enumerate(shares) if share > 0.005 * total and n != label]
    slopes.append((label, rate * (1 - shares[label] / total)))
    for row, weight in rows:
        for n, slope in slopes:
            row[n] += weight * slope
