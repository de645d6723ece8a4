"""The decisions of getting started, by table and by property."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import decisions, workflows
from bot.decided import Decision

TODAY = date(2026, 11, 18)
SHIPPED = workflows.load(Path(__file__).parents[2] / "config" / "workflows")["onboarding"]
ITEMS = [{"item": name, "title": name.title(), "due_on": "2026-12-01"} for name in ("profile", "tour", "webhook")]
NAMES = st.lists(st.sampled_from(["profile", "tour", "webhook", "other"]), unique=True)
ADDRESSES = st.lists(st.sampled_from([f"p{n}@x.example" for n in range(20)] + ["KIM@x.example"]), max_size=20)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    name: st.none() | st.sampled_from(list(SHIPPED.slots[name].choices))
    for name in ("role", "duty", "organisation", "inviting")
}
CLASSED: dict[str, Any] = {"role": "admin", "organisation": "company", "inviting": "nobody"}


def decide(name: str, facts: dict[str, Any], slots: dict[str, Any]) -> Decision:
    """Decide, as the workflow does."""
    return decisions.decide(name, facts=facts, slots=slots, limits=SHIPPED.limits, today=TODAY)


def classed(**slots: Any) -> tuple[str, Any, Any]:
    """What becomes of what was said."""
    found = decide("onboarding_class", {}, {**CLASSED, **slots})
    return found.outcome, found.slots["user_role"], found.slots["organisation_kind"]


@pytest.mark.parametrize(
    "slots, expected",
    [
        ({}, ("classified", "admin", "company")),
        ({"role": None}, ("needs_role", None, "company")),
        ({"role": "unsure"}, ("needs_duty", None, "company")),
        ({"role": "unsure", "duty": "code"}, ("classified", "developer", "company")),
        ({"organisation": None}, ("needs_organisation", "admin", None)),
        ({"organisation": "unsure"}, ("needs_people", "admin", None)),
        ({"organisation": "unsure", "people": 0}, ("needs_people", "admin", None)),
        ({"organisation": "unsure", "people": 1}, ("classified", "admin", "solo")),
        ({"organisation": "unsure", "people": 2}, ("classified", "admin", "company")),
        ({"inviting": None}, ("needs_inviting", "admin", "company")),
        ({"inviting": None, "emails": ["p1@x.example"]}, ("classified", "admin", "company")),
        ({"inviting": "some"}, ("needs_emails", "admin", "company")),
        ({"inviting": "some", "emails": [f"p{n}@x.example" for n in range(16)]}, ("too_many", "admin", "company")),
        ({"inviting": "nobody", "emails": [f"p{n}@x.example" for n in range(16)]}, ("classified", "admin", "company")),
    ],
)
def test_who_somebody_is(slots: dict[str, Any], expected: tuple[str, Any, Any]) -> None:
    """Named, or found by what else they say; else asked for."""
    assert expected == classed(**slots)


@given(st.fixed_dictionaries(VALUES), st.none() | st.integers(-1, 10**9), ADDRESSES)
def test_only_what_is_certain_is_classed(said: dict[str, Any], people: int | None, emails: list[str]) -> None:
    """A class is there exactly when nothing has to be asked for it, and it is one that Acme knows."""
    found = decide("onboarding_class", {}, {**said, "people": people, "emails": emails})
    role, organisation = found.slots["user_role"], found.slots["organisation_kind"]
    assert role is None or role in SHIPPED.slots["user_role"].choices
    assert organisation is None or organisation in SHIPPED.slots["organisation_kind"].choices
    if found.outcome in {"classified", "too_many"}:
        assert role
        assert organisation
    asked = found.outcome.removeprefix("needs_")
    assert asked == found.outcome or SHIPPED.steps[2].outcomes[found.outcome].ask == asked


@given(NAMES)
def test_nothing_is_made_that_is_there(there: list[str]) -> None:
    """The open items and those on the list are the checklist, each once."""
    tasks = [{"item": name} for name in there]
    found = decide("onboarding_tasks", {"tasks": {"tasks": tasks}, "checklist": {"items": ITEMS}}, {})
    names = [one["item"] for one in found.values["open"]]
    assert sorted([*names, *(name for name in there if name != "other")]) == sorted(one["item"] for one in ITEMS)
    assert found.outcome == ("open" if names else "none")
    assert not found.values["is_large"]


@given(ADDRESSES, ADDRESSES, st.sampled_from([None, "some", "nobody"]))
def test_nobody_is_invited_twice_or_unasked(wanted: list[str], there: list[str], inviting: str | None) -> None:
    """Only who was named, not who is invited, never the customer; many of them need staff."""
    facts = {
        "invited": {"invites": [{"email": one} for one in there]},
        "on_list": {"tasks": [{}]},
        "account": {"email": "kim@x.example"},
    }
    found = decide("onboarding_team", facts, {"emails": wanted, "inviting": inviting})
    named = [one["email"] for one in found.values["open"]]
    assert len(named) == len(set(named))
    left = {*map(str.lower, wanted)} - {*map(str.lower, there), "kim@x.example"}
    assert set(named) == (set() if inviting == "nobody" else left)
    assert found.values["is_large"] == (len(named) > 5)
    assert "1 task is" in found.values["note"]


@pytest.mark.parametrize(
    "made, invited, outcome",
    [
        (["profile", "tour", "webhook"], ["p1@x.example"], "complete"),
        (["profile", "webhook"], ["p1@x.example"], "incomplete"),
        (["profile", "tour", "webhook"], [], "incomplete"),
    ],
)
def test_what_is_there_in_the_end_is_told(made: list[str], invited: list[str], outcome: str) -> None:
    """By what was read back alone."""
    facts = {
        "tasks_now": {"tasks": [{"item": name, "due_on": "2026-12-01"} for name in made]},
        "invites_now": {"invites": [{"email": one} for one in invited]},
        "wanted": {"items": ITEMS},
        "owner": {"email": "kim@x.example"},
    }
    found = decide("onboarding_done", facts, {"emails": ["p1@x.example", "kim@x.example"], "inviting": "some"})
    assert outcome == found.outcome
    assert 4 == len([line for text in found.values.values() for line in text.splitlines()])
    assert (outcome == "complete") == (not found.values["missing"])


@pytest.mark.parametrize(
    "wish, tasks, outcome",
    [("status", 1, "told"), ("status", 0, "begins"), ("begin", 1, "begins"), (None, 1, "begins")],
)
def test_how_far_it_is_can_be_asked(wish: str | None, tasks: int, outcome: str) -> None:
    """Who has nothing yet begins."""
    task = {"title": "Complete your profile", "status": "open", "due_on": "2026-12-01"}
    invite = {"email": "p1@x.example", "status": "pending"}
    facts = {"tasks": {"tasks": [task] * tasks}, "invites": {"invites": [invite] * tasks}}
    found = decide("onboarding_progress", facts, {"wish": wish})
    assert outcome == found.outcome
    assert ("Invite for p1@x.example: pending" in found.values["lines"]) == bool(tasks)
