"""Decisions on a billing address: which words it is read from, what is still missing, whether it is new. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.decided import Decision, Facts, Rule
from tools import countries

PARTS = ("street", "city", "region", "postal_code", "country")
LONGEST, LONGEST_PART = 300, 60


def address_text(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """The words to read: the address, with a line for each part that was asked for since.

    Parts belong to the address they were asked for: with another one they are void.
    """
    whole = str(slots.get("address") or "")
    same = slots.get("address_read") in {None, whole}
    parts = {name: slots.get(name) if same else None for name in PARTS}
    lines = [f"{name}: {_one_line(value)}" for name, value in parts.items() if value]
    return Decision(
        outcome="text",
        values={"text": "\n".join([whole[:LONGEST], *lines])},
        slots={"address_read": whole, **parts},
    )


def address_terms(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """What is still missing; else the old and the new address, and whether they differ."""
    found, current = facts["parsed"], facts["current"]
    unsure = [name for name in PARTS if name in (found.get("unsure") or ())]
    values = {name: found.get(name) for name in PARTS} | {"new": "", "old": line_of(current)}
    if {"street", "city", "postal_code"} <= set(unsure):
        return Decision(outcome="unreadable", values=values)
    if unsure:
        return Decision(outcome=f"needs_{unsure[0]}", values=values)
    values["new"] = line_of(found)
    if all(str(found.get(name) or "") == str(current.get(name) or "") for name in PARTS):
        return Decision(outcome="unchanged", reason="unchanged", values=values)
    return Decision(outcome="new", values=values)


def address_line(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """The address that is on file now, in one line."""
    return Decision(outcome="shown", values={"line": line_of(facts["record"])})


def line_of(address: Facts) -> str:
    """An address in one line, with the name of its country."""
    place = " ".join(str(address[name]) for name in ("region", "postal_code") if address.get(name))
    country = countries.known().get(str(address.get("country")), address.get("country"))
    return ", ".join(str(part) for part in (address.get("street"), address.get("city"), place, country) if part)


def _one_line(value: Any) -> str:  # noqa: ANN401 - a slot's value
    return " ".join(str(value).replace(",", " ").replace(";", " ").split())[:LONGEST_PART]


DECISIONS: Mapping[str, Rule] = {
    "address_text": Rule(
        decide=address_text,
        outcomes=frozenset({"text"}),
        values=frozenset({"text"}),
        slots=frozenset({"address_read", *PARTS}),
    ),
    "address_terms": Rule(
        decide=address_terms,
        outcomes=frozenset({"new", "unchanged", "unreadable", *(f"needs_{name}" for name in PARTS)}),
        reasons=frozenset({"unchanged"}),
        values=frozenset({*PARTS, "new", "old"}),
        facts=frozenset({"parsed", "current"}),
    ),
    "address_line": Rule(
        decide=address_line,
        outcomes=frozenset({"shown"}),
        values=frozenset({"line"}),
        facts=frozenset({"record"}),
    ),
}
