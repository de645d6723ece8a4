"""Reports are sorted by the words of the shipped workflow; unsure asks once, then goes to the general queue."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import decisions, workflows
from bot.decided import Decision
from bot.triage_decisions import PRIORITIES
from tests.harness.places import ROOT

LIMITS = workflows.load(ROOT / "config" / "workflows")["ticket_triage"].limits
TEXTS = st.text(max_size=200)
AFFECTED = st.sampled_from([None, "me", "team", "everybody"])


def decided(problem: str, details: str | None = None, affected: str | None = None) -> Decision:
    """What becomes of a report."""
    slots: dict[str, Any] = {"problem": problem, "details": details, "affected": affected}
    return decisions.decide("triage", facts={"thread": None}, slots=slots, limits=LIMITS, today=date(2026, 1, 1))


@pytest.mark.parametrize(
    "problem, category, team, priority",
    [
        ("I cannot log in", "login", "accounts", "normal"),
        ("your service is DOWN", "outage", "platform", "high"),
        ("somebody hacked us and the app is down", "security", "security", "urgent"),
        ("please add a dark mode", "feature_request", "product", "low"),
        ("the invoice download is missing", "billing", "billing", "normal"),
        ("the upload crashes", "bug", "product", "normal"),
    ],
)
def test_a_report_is_sorted(problem: str, category: str, team: str, priority: str) -> None:
    """By its words; the graver one where two fit as well."""
    values = decided(problem).values
    assert (category, team, priority) == (values["category"], values["team"], values["priority"])


@pytest.mark.parametrize("affected, priority", [("me", "normal"), ("team", "high"), ("everybody", "urgent")])
def test_how_many_cannot_work_raises_it(affected: str, priority: str) -> None:
    """But never a wish."""
    assert priority == decided("the upload crashes", affected=affected).values["priority"]
    assert "low" == decided("please add a dark mode", affected=affected).values["priority"]


def test_words_within_words_do_not_count() -> None:
    """A download is no outage."""
    assert "unsure" == decided("my downloads").outcome


@given(problem=TEXTS, details=st.none() | TEXTS, affected=AFFECTED)
def test_it_is_always_one_of_the_lists(problem: str, details: str | None, affected: str | None) -> None:
    """It asks at most once; whatever is written, the queue is one of ours, and the same text is sorted alike."""
    found = decided(problem, details, affected)
    rule = LIMITS["categories"][found.values["category"]]
    assert rule["team"] == found.values["team"]
    assert found.values["priority"] in PRIORITIES
    assert not (found.outcome == "unsure" and details)
    assert not (found.outcome == "sorted" and affected is None)
    assert found == decided(problem, details, affected)
