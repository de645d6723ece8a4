"""One picture of a company out of what several registers say; where they contradict each other it says so. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

FAR_APART = 2.0
"""From which factor on two counts of employees are a contradiction, not a matter of date."""


class Register(Protocol):
    """What one register says; whatever it does not know is None."""

    @property
    def name(self) -> str | None:
        """The company's name."""

    @property
    def industry(self) -> str | None:
        """What it does."""

    @property
    def employees(self) -> int | None:
        """How many work there."""

    @property
    def country(self) -> str | None:
        """Where it sits, as an ISO code."""

    @property
    def confidence(self) -> float:
        """How sure the register is, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is known; `contradictions` names the fields in which registers differ."""

    name: str | None = None
    industry: str | None = None
    employees: int | None = None
    country: str | None = None
    confidence: float = 0.0
    contradictions: tuple[str, ...] = ()


def merged(found: Sequence[Register]) -> Picture:
    """The surest register's word for each field, filled up by the others'; nothing is averaged."""
    surest = sorted(found, key=lambda one: -one.confidence)
    if not surest:
        return Picture()
    return Picture(
        name=next((one.name for one in surest if one.name), None),
        industry=next((one.industry for one in surest if one.industry), None),
        employees=next((one.employees for one in surest if one.employees is not None), None),
        country=next((one.country for one in surest if one.country), None),
        confidence=surest[0].confidence,
        contradictions=tuple(_contradictions(surest)),
    )


def _contradictions(found: Sequence[Register]) -> list[str]:
    industries = {one.industry.casefold() for one in found if one.industry}
    countries = {one.country for one in found if one.country}
    counts = [one.employees for one in found if one.employees is not None]
    differing = {
        "industry": len(industries) > 1,
        "country": len(countries) > 1,
        "employees": bool(counts) and max(counts) > FAR_APART * max(1, min(counts)),
    }
    return [name for name, differs in differing.items() if differs]
