"""The page's own lists are held against what the bot has: workflows, their steps, kinds of events and of writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import re2

from bot.models.intents import Intents
from bot.workflows import Workflow, load
from playground.acme_writes import KINDS as WRITES
from playground.records import CUSTOMERS
from state import events as ev

STATIC = Path("playground/static")
WORKFLOWS = load(Path("config/workflows"))
SMALL_TALK = {"greeting", "thanks"}
IDEAS = [idea for group in json.loads((STATIC / "ideas.json").read_text()) for idea in group["ideas"]]


@pytest.fixture(scope="module")
def intents() -> Intents:
    """The offline model's classifier over the shipped workflows."""
    return Intents({name: list(workflow.examples) for name, workflow in WORKFLOWS.items()})


def table(name: str, file: str) -> dict[str, str]:
    """The rows of a table in one of the page's scripts: name → what follows it in its line."""
    text = (STATIC / file).read_text().partition(f"const {name} = {{")[2].partition("\n};")[0]
    return dict(re2.findall(r"(?m)^  (\w+): (.*)$", text))


def test_every_workflow_can_be_tried_with_a_press() -> None:
    """Whoever adds a workflow gives the page's visitors an example of it."""
    assert set(WORKFLOWS) - SMALL_TALK == {idea["workflow"] for idea in IDEAS}


@pytest.mark.parametrize("customer", sorted(CUSTOMERS)[:2])
def test_examples_are_understood_as_what_they_stand_for(intents: Intents, customer: str) -> None:
    """Each sentence leads to its workflow, for each customer of the page."""
    said = [
        (idea["workflow"], idea["say"] if isinstance(idea["say"], str) else idea["say"][customer]) for idea in IDEAS
    ]
    assert [] == [(name, text) for name, text in said if intents.classify(text).intent != name]


def steps(workflow: Workflow) -> str:
    """Its steps as the page writes them."""
    return f"[{', '.join(json.dumps(step.name) for step in workflow.steps)}],"


def test_the_page_knows_the_steps_of_every_workflow() -> None:
    """The line of steps is drawn from the page's own table; a workflow of one step needs none."""
    assert {n: steps(w) for n, w in WORKFLOWS.items() if len(w.steps) > 1} == table("STEPS", "inside.js")


def test_the_page_has_words_for_every_event() -> None:
    """No event of ours is shown by its bare name."""
    assert set(ev.KINDS) == set(table("KINDS", "words.js"))


def test_the_page_has_words_for_every_write_of_acme() -> None:
    """No entry of the ledger is shown as JSON."""
    assert {kind.name for kind in WRITES} == set(table("ENTRIES", "inside.js"))
