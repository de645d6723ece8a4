"""Yes and no, read strictly: a text counts only if all of it is a yes (or a no) and politeness. Never guesses."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from bot import words

MOST_WORDS = 14
Phrases = dict[str, list[tuple[str, ...]]]


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    """The phrases of a text, separated by commas."""
    return frozenset(tuple(phrase.split()) for phrase in text.split(",") if phrase.split())


STRONG = _phrases("""
    yes, y, ye, yep, yup, yeah, yea, yah, ya, yess, yessir, aye, yes i do, i do, i am, yes i am, sure, sure
    thing, surely, certainly, definitely, absolutely, totally, of course, indeed, affirmative, you bet, by all
    means, confirm, confirmed, i confirm, i can confirm, i agree, agreed, agree, i accept, accept, accepted,
    approve, approved, i approve, proceed, please proceed, go ahead, go for it, do it, do that, do so, please
    do, make it so, lets do it, lets do that, lets go, im sure, i am sure, correct, thats correct, that is
    correct, thats right, that is right, exactly, ja, jep, jo, jawohl, klar, na klar, gern, gerne, genau,
    einverstanden, mach das, oui, si, sí, 👍, ✅, ✔, 👌, 🆗
""")
WEAK = _phrases("""
    ok, okay, okey, okie, k, kk, alright, all right, fine, right, thats fine, that is fine, thats ok, thats
    okay, its fine, fine by me, fine with me, works for me, sounds good, sounds great, looks good, looks right,
    passt
""")
NO = _phrases("""
    no, n, nope, nah, na, nay, never, no way, no thanks, no thank you, not really, not now, not today, not yet,
    not anymore, definitely not, certainly not, absolutely not, of course not, surely not, sure not, rather not,
    i would rather not, id rather not, better not, i prefer not to, please dont, dont, do not, dont do it, dont
    do that, do not do it, do not do that, please do not, i do not, i dont, i dont want that, i dont want it, i
    dont want to, i do not want that, i do not want it, i do not want to, dont want to, stop, stop it, stop
    that, cancel, cancel it, cancel that, cancel this, abort, never mind, nevermind, nvm, forget it, forget
    that, forget about it, leave it, keep it, i changed my mind, changed my mind, i decline, decline, declined,
    reject, rejected, i refuse, refuse, negative, no need, not necessary, hold off, nein, nee, nö, ne, nein
    danke, lieber nicht, bitte nicht, auf keinen fall, abbrechen, stopp, lass es, non, 👎, ❌, ✖, 🚫
""")
POLITE = _phrases("""
    please, pls, plz, now, then, just, it, that, this, so, for me, with it, with that, with this, well, oh, ah,
    hi, hello, hey, right away, immediately, asap, today, bitte, mate, sir, you can, you may, i said, 🙂, 😀, 😊,
    😃, 🙏, 😄, 😁, 🎉
""")
CLOSING = _phrases("""
    thanks, thank you, thx, ty, many thanks, thanks a lot, thank you very much, cheers, danke, no problem, no
    worries, all good, great, cool, perfect, good, nice, awesome, very good, wonderful
""")


def _index(*groups: tuple[str, Iterable[tuple[str, ...]]]) -> dict[str, list[tuple[tuple[str, ...], str]]]:
    """First word → (phrase, kind), longest first."""
    found: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for phrase, kind in chain.from_iterable(((p, kind) for p in phrases) for kind, phrases in groups):
        found.setdefault(phrase[0], []).append((phrase, kind))
    for options in found.values():
        options.sort(key=lambda option: -len(option[0]))
    return found


_INDEX = _index(("yes", STRONG), ("weak", WEAK), ("no", NO), ("polite", POLITE), ("closing", CLOSING))


def yes_no(text: str, *, yes: str = "", no: str = "") -> bool | None:
    """True for an unmistakable yes, False for an unmistakable no, else None.

    `yes` and `no` are the labels that were shown: their words add nothing of substance when they come with the answer.
    A word of any other substance ("yes but …"), a question mark, or a yes together with a no makes it None.
    """
    said = [words.squeeze(word) for word in words.words(text)]
    if not said or len(said) > MOST_WORDS:
        return None
    labels = (words.words(yes), words.words(no))
    if said in labels:
        return said == labels[0]
    kinds = _kinds(said, frozenset(labels[0]), frozenset(chain(*labels)))
    return _verdict(kinds) if kinds else None


def _verdict(kinds: set[str]) -> bool | None:
    if "no" in kinds:
        return None if kinds & {"yes", "weak"} else False
    if "no label" in kinds:
        return None
    if "yes" in kinds or ("weak" in kinds and "closing" not in kinds):
        return True
    return None


def _kinds(said: list[str], yes_words: frozenset[str], label_words: frozenset[str]) -> set[str] | None:
    """Which kinds of phrase a text is made of, or None when something else is in it."""
    kinds: set[str] = set()
    at = 0
    while at < len(said):
        phrase, kind = _longest(said, at)
        if not phrase:
            if said[at] not in label_words and said[at] not in {"the", "my"}:
                return None
            kind = "label" if said[at] in yes_words else "no label"
        kinds.add(kind)
        at += max(1, len(phrase))
    return kinds


def _longest(said: list[str], at: int) -> tuple[tuple[str, ...], str]:
    for phrase, kind in _INDEX.get(said[at], ()):
        if tuple(said[at : at + len(phrase)]) == phrase:
            return phrase, kind
    return (), ""
