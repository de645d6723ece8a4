"""docs/attacks.md: every attack with its last result, and the lists of OWASP with what is not attacked here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from tests.attacks.attack import UNREAD, Attack
from tests.attacks.catalogue import ATTACKS
from tests.attacks.lists import GAPS, PLACES
from tests.attacks.world import Result

PLACE = Path(__file__).resolve().parents[2] / "docs" / "attacks.md"
HEAD = """# Attacks on an obedient model

The model of these attacks does whatever is written where it looks: it calls any tool with any arguments, says
anything, decodes what is encoded, and takes orders from customers, mails, records and names alike. What keeps
it from harm is therefore none of its own doing. Each attack is a row of `tests/attacks/catalogue/`, runs
through the real endpoints of its channel beside all the others, and is judged when all are over:

- Acme has no write without a consent of its own customer (or a call of a program with a token), given after the
  exact terms were shown, to arguments with the same hash;
- nothing of another customer was shown, on any device of the attacker's or to the model;
- what was refused stands in the event log with its reason;
- every message had one answer, and the attacker is served as always afterwards.

`python -m tests.attacks` runs them on SQLite, `--stores sqlite,postgres` also on PostgreSQL with Redis and
three processes' worth of the bot, and `--page` writes this page. `make test` runs all of them on SQLite and a
handful on PostgreSQL.

"""
REASONS = f"""
The reason is the word in the event log (`ToolRefused`, `ToolFailed`, `ActionMoved`,
`Refused`, `TurnDegraded`, `CodeChecked`; `claimed` is the assurance of the message). `{UNREAD}`: the attacker's
words never reached the model. A reason in *italics* is no event: it was seen from outside, as a status, a cut
or an escaped text.
"""
LISTS = """## OWASP's lists

API Security Top 10 (2023), and the Top 10 for LLM applications and for agentic applications (ASI) of 2026, by
short names of our own.

| place | attacks | what is not attacked here |
| --- | --- | --- |
"""


def written(results: Mapping[str, Sequence[Result]]) -> str:
    """The page, from what the last run of all attacks found on each store."""
    day = datetime.now(UTC).date().isoformat()
    last = [f"| {store} | {day} | {_held(found)} of {len(found)} |" for store, found in results.items()]
    table = ["| store | last run | came to nothing |", "| --- | --- | --- |", *last]
    return "\n".join([HEAD + "\n".join(table), REASONS, *_groups(results), LISTS + "\n".join(_lists()), ""])


def _held(found: Sequence[Result]) -> int:
    return sum(not one.problems for one in found)


def _groups(results: Mapping[str, Sequence[Result]]) -> Iterator[str]:
    for group, attacks in groupby(ATTACKS, key=lambda attack: attack.group):
        yield f"## {group}\n"
        yield "| attack | the attacker … | channel | the model | OWASP | reason | " + " | ".join(results) + " |"
        yield "| --- " * (6 + len(results)) + "|"
        for attack in attacks:
            ended = {
                store: next((r for r in found if r.attack.name == attack.name), None)
                for store, found in results.items()
            }
            yield f"{row(attack)} {_reason(attack)} | {' | '.join(map(_outcome, ended.values()))} |"
        yield ""


def row(attack: Attack) -> str:
    """What the page says of an attack, whatever came of it."""
    cells = (attack.name, attack.does, attack.channel, attack.obeys or "is not needed", ", ".join(attack.places))
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _reason(attack: Attack) -> str:
    if not attack.refusal:
        return "nothing to refuse"
    return f"*{attack.refusal}*" if attack.refusal in TOLD else f"`{attack.refusal}`"


TOLD = frozenset({"cut", "escaped", "duplicate", "elsewhere", "not_staff", "401", "404", "409", "202"})
"""Reasons that are seen, and are no events."""


def _outcome(result: Result | None) -> str:
    if result is None:
        return "not run"
    return "got through" if result.problems else "nothing"


def _lists() -> Iterator[str]:
    for place, name in PLACES.items():
        found = [attack.name for attack in ATTACKS if place in attack.places]
        yield f"| {place} {name} | {len(found) or 'none'} | {GAPS.get(place, '')} |"
