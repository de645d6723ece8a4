"""Sorting what does not work: category, team and priority from the workflow's lists; unsure goes to the general one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import re2

from bot.decided import Decision, Facts, Rule

GENERAL = "other"
SUBJECT = 80
PRIORITIES = ("low", "normal", "high", "urgent")
FIELDS = ("category", "team", "priority", "subject", "summary", "label")


def triage(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """What a report is about, by the words of the workflow's `categories`, and how much it matters.

    unsure: no category has more words for it than the others, and the customer can still say more. at_once: staff must
    see it before anything else is asked. known: who is affected says the rest. sorted: all is known.
    """
    text = f"{slots.get('problem') or ''}\n{slots.get('details') or ''}".casefold()
    category = _category(text, limits["categories"])
    if category is None and not slots.get("details"):
        return Decision(outcome="unsure", values=_values(facts, limits, GENERAL, None, text))
    found = category or GENERAL
    values = _values(facts, limits, found, slots.get("affected"), text)
    if limits["categories"][found].get("at_once"):
        return Decision(outcome="at_once", values=values)
    return Decision(outcome="sorted" if slots.get("affected") else "known", values=values)


def _category(text: str, categories: Mapping[str, Any]) -> str | None:
    """The category with the most words in a text, the graver one first where two have as many; None when none has."""
    scores = {name: sum(_holds(text, word) for word in one.get("words", ())) for name, one in categories.items()}
    best = max(scores.values(), default=0)
    return next((name for name, score in scores.items() if score == best), None) if best else None


def _holds(text: str, word: str) -> bool:
    return bool(re2.search(rf"(?:^|[^\pL\pN]){re2.escape(word.casefold())}(?:[^\pL\pN]|$)", text))


def _values(facts: Facts, limits: Facts, category: str, affected: object, text: str) -> dict[str, Any]:
    rule = limits["categories"][category]
    thread = facts.get("thread") or {}
    sentences = thread.get("sentences") or [text.strip()]
    label = str(rule["label"])
    return {
        "category": category,
        "team": rule["team"],
        "priority": _priority(rule, affected, limits),
        "label": label,
        "subject": f"{label}: {sentences[0]}"[:SUBJECT],
        "summary": "\n".join(f"- {sentence}" for sentence in sentences),
    }


def _priority(rule: Mapping[str, Any], affected: object, limits: Facts) -> str:
    """The category's own, raised by how many people cannot work."""
    at = PRIORITIES.index(rule.get("priority", "normal")) + int(limits["raised_by"].get(str(affected), 0))
    return PRIORITIES[max(0, min(at, len(PRIORITIES) - 1))] if not rule.get("fixed") else str(rule["priority"])


DECISIONS: Mapping[str, Rule] = MappingProxyType(
    {
        "triage": Rule(
            decide=triage,
            outcomes=frozenset({"unsure", "at_once", "known", "sorted"}),
            values=frozenset(FIELDS),
            facts=frozenset({"thread"}),
        ),
    }
)
