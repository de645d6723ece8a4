"""Decisions about lists that are shown to the customer: what is in them, whether more is to come. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from bot import replies
from bot.decided import Decision, Facts, Rule

FEW = 3
MOST = 40


def invoices_found(facts: Facts, slots: Facts, limits: Facts, today: date) -> Decision:  # noqa: ARG001 - one shape for all
    """Whether all invoices are there, and how they are shown: the first few in short, each on a line of its own."""
    found = facts["invoices"]
    listed = found["invoices"]
    numbers = ", ".join(str(one["invoice_id"]) for one in listed[:FEW])
    values = {
        "count": len(listed),
        "some": f"{numbers}, …" if len(listed) > FEW else numbers,
        "lines": "\n".join(_line(one) for one in listed[:MOST]),
    }
    if not listed and found["complete"]:
        return Decision(outcome="none", reason="no_invoices", values=values)
    if found["rest"] == "too_many" or len(listed) > MOST:
        return Decision(outcome="too_many", reason="too_many", values=values)
    return Decision(outcome="all" if found["complete"] else "partly", reason="partly", values=values)


def _line(one: Mapping[str, Any]) -> str:
    return f"{one['invoice_id']}: {replies.money(one['amount'])}, {one['status']}, {replies.day(one['issued_on'])}"


DECISIONS: Mapping[str, Rule] = MappingProxyType(
    {
        "invoices_found": Rule(
            decide=invoices_found,
            outcomes=frozenset({"all", "partly", "too_many", "none"}),
            reasons=frozenset({"no_invoices"}),
            values=frozenset({"count", "some", "lines"}),
            facts=frozenset({"invoices"}),
        )
    }
)
