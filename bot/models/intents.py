"""Which of some intents a text means, learned from example texts alone, with a calibrated "none". No network, no numpy.

A logistic model turns the evidence into the probability that the best intent is right. It is fitted on texts which the
classifier was not trained on: parts of the examples left out in turn, everyday texts, and examples whose own intent was
struck out.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp

from bot.models import background, evidence, logistic, spelling
from bot.models.features import features, is_content

NONE = "none"
ALIKE_ENOUGH = 0.67
SEEN_LESS = 1.25
"""What a right guess weighs in the fit: the trials knew fewer examples than the classifier will, so they are unsure."""
STRUCK_OUT = 0.2
RANKED = 5
TRIALS = 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """The best intent (or NONE), the probability that this is right, and the intents in order with their shares."""

    intent: str
    confidence: float
    ranked: tuple[tuple[str, float], ...] = ()


class Intents:
    """A classifier trained once, when it is made; `classify` keeps no state."""

    def __init__(self, examples: Mapping[str, Sequence[str]]) -> None:
        """Learn from the examples of each intent. An intent without examples is never chosen."""
        self.names = [name for name, texts in examples.items() if texts]
        self._none = len(self.names)
        docs = [(n, features(text)) for n, name in enumerate(self.names) for text in dict.fromkeys(examples[name])]
        content = {name for _, found in docs for name in found if is_content(name)}
        docs += [(self._none, found) for found in map(features, background.TEXTS) if _foreign(found, content)]
        docs += [(self._none, features(text)) for text in background.ATTACKS]
        size = len(docs) * (self._none + 1)
        rounds, folds = (6, 3) if size < 20_000 else (6, 3) if size < 200_000 else (4, 2)
        self._speller = spelling.Speller({f[2:] for _, found in docs for f in found if f[0] == "w"})
        self._coefficients = logistic.fit(list(self._trials(docs, folds, rounds))) if self.names else ()
        self._evidence = evidence.Evidence(docs, self._none + 1, rounds=rounds)

    def classify(self, text: str) -> Guess:
        """The intent a text means, or NONE."""
        found = features(text, self._speller)
        if not self.names or not found:
            return Guess(intent=NONE, confidence=1.0)
        view = self._evidence.view(found)
        best = max(range(self._none), key=view.scores.__getitem__)
        sure = logistic.probability(self._coefficients, self._facts(view, best))
        ranked = self._ranked(view.scores)
        if sure < 0.5:
            return Guess(intent=NONE, confidence=round(1 - sure, 4), ranked=ranked)
        return Guess(intent=self.names[best], confidence=round(sure, 4), ranked=ranked)

    def _ranked(self, scores: list[float]) -> tuple[tuple[str, float], ...]:
        top = max(scores)
        shares = [exp(max(-60.0, score - top)) for score in scores]
        total = sum(shares)
        best = heapq.nlargest(RANKED, zip(shares, self.names, strict=False))
        return tuple((name, round(share / total, 4)) for share, name in best)

    def _facts(self, view: evidence.View, best: int) -> tuple[float, ...]:
        """What the confidence rests on, each roughly within -2 … 2."""
        others = [score for n, score in enumerate(view.scores) if n not in {best, self._none}]
        margin = view.scores[best] - max(others, default=view.scores[best] - 8.0)
        return (
            min(margin, 8.0) / 4,
            max(-8.0, min(view.scores[best] - view.scores[self._none], 8.0)) / 4,
            view.middle[best] * 3,
            view.near[best] * 3,
            view.known[best] * 2,
            max(-4.0, min(view.learned[best] - view.learned[self._none], 4.0)) / 2,
        )

    def _trials(self, docs: list[evidence.Doc], folds: int, rounds: int) -> Iterator[logistic.Row]:
        """Facts of texts the classifier had not seen, and whether its best intent was right."""
        for fold in range(folds):
            left_out = docs[fold::folds]
            left_out = left_out[:: max(1, len(docs) // TRIALS)]
            trained = evidence.Evidence(
                [doc for n, doc in enumerate(docs) if n % folds != fold], self._none + 1, rounds=rounds
            )
            for label, found in left_out:
                view = trained.view(found)
                best = max(range(self._none), key=view.scores.__getitem__)
                yield self._facts(view, best), best == label, SEEN_LESS if best == label else 1.0
                if label != self._none and self._none > 1:
                    rest = [n for n in range(self._none) if n != label]
                    second = max(rest, key=view.scores.__getitem__)
                    view.scores[label] = evidence.FAR
                    yield self._facts(view, second), False, STRUCK_OUT


def _foreign(found: Sequence[str], known: set[str]) -> bool:
    """Whether an everyday text is none of this deployment's business: few of its words are in the examples."""
    content = [name for name in found if is_content(name)]
    return not content or sum(name in known for name in content) < ALIKE_ENOUGH * len(content)
