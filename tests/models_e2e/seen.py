"""What tests look at besides the conversation: figures, the log, requests; and models that misbehave. Holds no test."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from tests import openai_planner
from tests.harness.outside import Json
from tests.harness.stage import Stage
from tests.openai_script import Rule, Step

ONE_API = pytest.mark.parametrize("backend", ["openai_responses"], indirect=True)
"""For what does not depend on how an API writes things down."""
PAID = "Invoice 18492 is paid: 49.00 USD"
RULES = "work with simple rules"
PERSON = "A person will take this over"


async def figures(stage: Stage) -> dict[str, float]:
    """What /metrics shows now, by name and labels as they stand there."""
    async with stage.http.get(f"{stage.place.url}/metrics") as response:
        lines = [line for line in (await response.text()).splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How much the figures grow from a moment on."""

    before: dict[str, float]

    @classmethod
    async def begin(cls, stage: Stage) -> Counted:
        """Remember the figures of now."""
        return cls(before=await figures(stage))

    async def grown(self, stage: Stage, name: str) -> float:
        """How much one figure grew."""
        return (await figures(stage)).get(name, 0.0) - self.before.get(name, 0.0)


async def events(stage: Stage, kind: str) -> list[Json]:
    """What events of a kind say, over all sessions, in order."""
    found: list[Json] = []
    for row in await stage.operators.sessions():
        found += [event["data"] for event in await stage.operators.events(row["id"], kind)]
    return found


async def outcomes(stage: Stage) -> list[str]:
    """How the attempts at the model ended."""
    return [called["outcome"] for called in await events(stage, "ModelCalled")]


async def degraded(stage: Stage) -> list[str]:
    """Where turns went that could not go the usual way."""
    return [event["to"] for event in await events(stage, "TurnDegraded")]


def first_fails(*steps: Step) -> Rule:
    """A model whose every call fails once before it is answered, each in another way."""
    troubles = itertools.cycle(steps)
    is_well = itertools.cycle((False, True))
    return lambda request: openai_planner.plan(request) if next(is_well) else next(troubles)
