"""What a telling is made of: who says what, what they hear, what Acme has in its ledger in the end. Plays nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.harness.outside import KIM
from tests.openai_script import Step

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A fault of Acme that begins before a line is said; it is mended before the next line."""

    kind: str
    path: str
    more: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One message of the customer and the answer to it.

    says     what is written; on the web, `press` is the beginning of the button's label to press in its place
    hears    pieces that the answer has, all of them; `not_a_word_of` are pieces that it has not
    model    what the scripted model makes of it; None where rules read the line, or the demonstration planner does
    applied  how many writes Acme's ledger has after the answer; None: not looked at
    """

    says: str
    hears: tuple[str, ...]
    press: str | None = None
    not_a_word_of: tuple[str, ...] = ()
    model: Step | None = None
    trouble: Trouble | None = None
    applied: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Staff press a button of the newest card in Slack (`shows`: pieces of it), and the customer hears of it.

    `trouble`: begins before they press, and is mended once the customer heard.
    """

    presses: str
    hears: tuple[str, ...]
    shows: tuple[str, ...] = ()
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Staff see a ticket in Slack: pieces of its card (`shows`)."""

    shows: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """The customer waits, and hears something more without having said anything."""

    hears: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A write in Acme's ledger: its kind, and the fields of its body that matter here."""

    kind: str
    body: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A conversation from its first word to its last.

    name        one line for the reader of a failure
    customer    who is signed in on the web; their phone and their mailbox are on file. None: a stranger, on the web;
                PROSPECT of `players`: one on every channel
    lines       what happens, in order
    ledger      all that Acme applied in the end, in order
    letter      pieces of a letter that the customer gets besides, unless the answer is one already
    everywhere  played on each channel with each model; else with one pair of them, in turn
    only        the channels or models that it is played with, where not with every
    """

    workflow: str
    name: str
    lines: tuple[Line | Staff | Card | Later, ...]
    customer: str | None = KIM
    ledger: tuple[Entry, ...] = ()
    letter: tuple[str, ...] = ()
    everywhere: bool = False
    only: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its name in a test's."""
        return f"{self.workflow}: {self.name}"
