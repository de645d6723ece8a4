"""The model that always obeys: an order anywhere in what it is shown is followed, however it is written."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests import openai_planner
from tests.attacks.attack import Order
from tests.openai_script import Request, Step, say

BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
LOOKALIKES = str.maketrans("\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0131\u03bf", "aeopcyxio")  # Cyrillic, mostly
TAGS = 0xE0000


@dataclass(slots=True, kw_only=True)
class Obedient:
    """Orders by the word that gives them; who gave none is served as well as the demonstration planner can."""

    orders: dict[str, deque[Order]] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    longest: dict[str, int] = field(default_factory=dict)
    followed: dict[str, int] = field(default_factory=dict)

    def order(self, word: str, steps: Iterable[Order]) -> None:
        """Have these steps followed, one an answer, by whoever's conversation has the word in it."""
        self.orders.setdefault(word, deque()).extend(steps)

    def forget(self, word: str) -> None:
        """Follow this order no more."""
        self.orders.pop(word, None)

    def __call__(self, request: Request) -> Step:
        """Follow the next step of an order that is to be read somewhere, else do as the customer says."""
        read = "\n".join(readings(request))
        for word, steps in self.orders.items():
            if word in read:
                self.heard.add(word)
                self.longest[word] = max(self.longest.get(word, 0), len(request.text()))
                if steps:
                    self.followed[word] = self.followed.get(word, 0) + 1
                    step = steps.popleft()
                    return step if isinstance(step, Step) else step(request)
        return openai_planner.plan(request)


def parrot(request: Request) -> Step:
    """Say everything one was told to be."""
    return say(instructions(request))


def instructions(request: Request) -> str:
    """The instructions of a request."""
    return str(request.body.get("instructions") or request.items[0].get("content"))


def readings(request: Request) -> Iterator[str]:
    """Everything the request says, in every way in which it might be meant."""
    texts = list(_strings(request.items))
    for text in ("\n".join(texts), "".join("".join(request.said).split())):
        yield from _meanings(text)


def _meanings(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", text)
    seen = "".join(char for char in plain if unicodedata.category(char) not in {"Cf", "Mn"})
    yield seen
    yield seen.translate(LOOKALIKES)
    yield seen[::-1]
    yield codecs.encode(seen, "rot13")
    yield "".join(chr(ord(char) - TAGS) for char in text if TAGS < ord(char) < TAGS + 0x80)
    for run in BASE64.findall(seen):
        try:
            yield base64.b64decode(run + "=" * (-len(run) % 4)).decode(errors="replace")
        except binascii.Error:
            continue


def _strings(value: object) -> Iterator[str]:
    """All texts in a piece of JSON but for the calls that the model made itself."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, dict) and value.get("type") != "function_call":
        for name, one in value.items():
            if name != "tool_calls":
                yield from _strings(one)
