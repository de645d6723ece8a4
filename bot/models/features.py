"""A text as features for the classifier: word stems, their neighbours, groups of like words. Learns nothing."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, pairwise

from bot import dates, extract, words
from bot.models import background, spelling

MOST_WORDS = 60
MOST_GROUPS = 8
LEAST_WORDS = 3
WEIGHTS = {"w": 1.0, "b": 0.6, "s": 1.0, "p": 1.0}
COMMON_WEIGHT = 0.4
_NUMBER = words.pattern(r"(?:\b(?:inv|ord)[\-_]?|#)?\b[0-9][0-9.,]*\b")
_FEW = words.pattern(r"(?:^|\s)[0-9]{1,3}\b")
_CODE = words.pattern(r"\b[a-z]{1,4}[\-_]?[0-9][0-9a-z\-]*\b")
_TAIL = words.pattern(
    r"[\s,.!]+(?:(?:many |and )?thank(?:s| you)(?: so much| very much| a lot| in advance)?(?: for your help)?"
    r"|(?:best|kind|warm) regards.*|regards.*|best wishes.*|cheers.*)[\s.!]*$"
)
_POLITE = frozenset({"hi", "hello", "hey", "dear", "please", "pls", "plz", "thanks", "thx"})


def features(text: str, speller: spelling.Speller | None = None) -> list[str]:
    """Stems (w:), neighbours (b:), groups of like words (s:) and pairs of these (p:), each once.

    Numbers, dates, amounts and addresses stand for their kind. With a speller, unknown words become known ones.
    """
    stems = [stem(word) for word in _core(words.words(_masked(text)))[:MOST_WORDS]]
    if speller:
        stems = [speller.nearest(one) for one in stems]
    groups = sorted({LIKE[one] for one in stems if one in LIKE})[:MOST_GROUPS]
    found = [f"w:{one}" for one in stems]
    found += [f"b:{one} {two}" for one, two in pairwise(["^", *stems, "$"])]
    found += [f"s:{one}" for one in groups]
    found += [f"p:{one} {two}" for one, two in combinations(groups, 2)]
    return list(dict.fromkeys(found))


def weight(name: str) -> float:
    """How much a feature counts by its kind; a word everybody uses counts little."""
    return COMMON_WEIGHT if name[0] == "w" and name[2:] in background.COMMON else WEIGHTS[name[0]]


def is_content(name: str) -> bool:
    """Whether a feature is a word that says what a text is about."""
    return name[0] == "w" and name[2:] not in background.COMMON


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """The stem of a word; words everybody uses stay whole."""
    return word if word in background.COMMON else words.stem(words.squeeze(word))


def _masked(text: str) -> str:
    text = words.clean(text).lower()
    head = _TAIL.sub("", text)
    if len(head.split()) >= LEAST_WORDS:
        text = head
    if any(char.isdigit() or char == "@" for char in text):
        text = extract.EMAIL.sub(" xxemail ", text)
        text = extract.AMOUNT.sub(" xxamount ", dates.ANY.sub(" xxdate ", text))
        text = _CODE.sub(" xxcode ", _NUMBER.sub(" xxnumber ", _FEW.sub(" xxfew ", text)))
    return text


def _core(said: list[str]) -> list[str]:
    """Without words of politeness, when enough others are left."""
    left = [word for word in said if word not in _POLITE]
    return left if len(left) >= LEAST_WORDS else said


LIKE = {stem(word): stem(group) for word, group in background.ALIKE.items()}
