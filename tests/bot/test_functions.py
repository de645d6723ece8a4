"""What a model is told of a workflow: a strict schema of what a customer may set, each choice with its meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import functions, workflows
from tests import openai_checks

FLOWS = workflows.load(Path(__file__).parents[2] / "config" / "workflows")


@pytest.mark.parametrize("name", FLOWS)
def test_a_workflows_schema_is_one_the_api_takes(name: str) -> None:
    """All properties required, all nullable, nothing else permitted, no word the API refuses."""
    assert [] == list(openai_checks._schema_faults(functions.schema(FLOWS[name]), name, depth=0))


def test_a_model_is_not_told_of_what_policy_decides() -> None:
    """Identity, verdict and consent are no arguments."""
    assert ["invoice_id", "refund_reason"] == list(functions.schema(FLOWS["refund"])["properties"])


def test_each_choice_is_told_with_its_meaning() -> None:
    """The names of choices are for us; what they mean stands in the description, and null stays possible."""
    reason = functions.schema(FLOWS["refund"])["properties"]["refund_reason"]

    assert None in reason["enum"]
    for choice, label in FLOWS["refund"].slots["refund_reason"].choices.items():
        assert choice in reason["enum"]
        assert f"{choice}: {label}" in reason["description"]
