"""What a decision is, and what a workflow may know of one before it runs. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An outcome; why (`reason`, the workflow's reply that says it); values for templates; slots that policy sets."""

    outcome: str
    reason: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    slots: dict[str, Any] = field(default_factory=dict)


Decide = Callable[[Facts, Facts, Facts, date], Decision]
"""facts, slots, limits, today → decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A decision as workflows may name it, with what it can say: outcomes, reasons, and the names of its values."""

    decide: Decide
    outcomes: frozenset[str]
    reasons: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    slots: frozenset[str] = frozenset()
