"""What a thread of messages says, in its own words: the sentences that carry most of it, and its topics. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import re2

LONGEST_SENTENCE = 300
TOPICS = 5
SHORTEST_TOPIC = 4
_ENDS = re2.compile(r"[^.!?\n]+[.!?]*")
_WORDS = re2.compile(r"[\pL][\pL\pN'\x{2019}-]*")
# Words that say nothing of what a thread is about.
_COMMON = """
    a about after again all also am an and any are as at be because been before being but by can cannot could did do
    does doing done for from get gets got had has have having he hello help hers hi him his how i if in into is it its
    just know let like me more most my need no not now of off on once only or other our out over please same she should
    since so some still such than thank thanks that the their them then there these they thing this those to too try
    tried trying under up us very want was we well were what when where which while who why will with would you your
    yours dear best regards kind today yesterday really there's it's i'm don't can't doesn't won't
"""
COMMON = frozenset(_COMMON.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Sentences taken word for word, in their order; topics, the most frequent first."""

    sentences: tuple[str, ...]
    topics: tuple[str, ...]


def summarize(messages: Sequence[str], most: int) -> Summary:
    """The `most` sentences that say most of what is said, by how often their words occur and how early they stand."""
    sentences = list(dict.fromkeys(one for message in messages for one in _sentences(message)))
    weights = Counter(word for sentence in sentences for word in set(_content(sentence)))
    ranked = sorted(range(len(sentences)), key=lambda n: (-_score(sentences[n], weights, n), n))
    chosen = sorted(ranked[:most])
    topics = [word for word, _ in weights.most_common() if len(word) >= SHORTEST_TOPIC]
    return Summary(sentences=tuple(sentences[n] for n in chosen), topics=tuple(topics[:TOPICS]))


def _sentences(message: str) -> list[str]:
    found = (" ".join(piece.split()) for piece in _ENDS.findall(message))
    return [piece[:LONGEST_SENTENCE] for piece in found if _content(piece)]


def _content(sentence: str) -> list[str]:
    """The words that carry meaning."""
    return [word for word in (found.casefold() for found in _WORDS.findall(sentence)) if word not in COMMON]


def _score(sentence: str, weights: Counter[str], place: int) -> float:
    """How much of the thread a sentence carries: a long one is not better for being long; the first counts more."""
    words = set(_content(sentence))
    return sum(weights[word] for word in words) / (len(words) + 2) + (1.0 if place == 0 else 0.0)
