"""The decisions of sales by table and by property: times, addresses, classes of leads, whose data can be trusted."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import decisions, sales_decisions, workflows
from bot.decided import Decision

TODAY = date(2026, 11, 18)
LIMITS = workflows.load(Path(__file__).parents[2] / "config" / "workflows")["lead_enrichment"].limits
GOOD: dict[str, Any] = {
    "found": True,
    "name": "Initech",
    "industry": "software",
    "employees": 42,
    "country": "US",
    "confidence": 0.94,
    "contradictions": [],
}
SAID: dict[str, Any] = {
    "company": "Initech",
    "email": "sam@initech.example",
    "employees": 40,
    "interest": "support_bot",
    "urgency": "now",
}
NOBODY: dict[str, Any] = {"known": False, "own": False, "lead_id": None}
SLOT = {"value": "2026-12-01T15:00:00Z", "label": "Tuesday 1 December 16:00", "local": "in full"}


def decide(name: str, facts: dict[str, Any], slots: dict[str, Any]) -> Decision:
    """Decide, as a workflow does."""
    return decisions.decide(name, facts=facts, slots=slots, limits=LIMITS, today=TODAY)


def quality(
    company: dict[str, Any], said: dict[str, Any] | None = None, lead: dict[str, Any] | None = None
) -> Decision:
    """Whether a lead's data is good enough."""
    facts = {"enriched": {**GOOD, **company}, "crm": {**NOBODY, **(lead or {})}}
    return decide("lead_quality", facts, {**SAID, **(said or {})})


@pytest.mark.parametrize(
    "offered,outcome,note",
    [
        ({"picked": SLOT}, "picked", ""),
        ({}, "open", ""),
        ({"exact": False}, "open", sales_decisions.NOT_THEN),
        ({"gone": True}, "open", sales_decisions.GONE),
        ({"gone": True, "exact": False}, "open", sales_decisions.GONE),
        ({"slots": []}, "none", None),
    ],
)
def test_a_time_is_picked_or_asked_for(offered: dict[str, Any], outcome: str, note: str | None) -> None:
    """Only a time that is still free stands; any other is asked for anew, with the reason."""
    facts = {"offered": {"slots": [SLOT], "exact": True, "gone": False, "picked": None, **offered}}
    found = decide("meeting_time", facts, {"starts_at": SLOT["value"]})
    assert (outcome, note) == (found.outcome, found.values.get("note"))
    assert found.slots == ({} if outcome == "picked" else {"starts_at": None})


@pytest.mark.parametrize(
    "said,on_file,taken",
    [
        (None, "kim@example.com", "kim@example.com"),
        ("other@example.com", "kim@example.com", "other@example.com"),
        (None, None, None),
        ("sam@initech.example", None, "sam@initech.example"),
    ],
)
def test_what_was_said_goes_before_what_is_on_file(said: str | None, on_file: str | None, taken: str | None) -> None:
    """An address on file is only taken where none was said; with neither it is asked for."""
    assert {"email": taken} == decide("own_address", {"contact": {"email": on_file}}, {"email": said}).slots


@pytest.mark.parametrize(
    "people,size",
    [
        (1, "small"),
        (50, "small"),
        (51, "medium"),
        (250, "medium"),
        (251, "large"),
        (1000, "large"),
        (1001, "enterprise"),
    ],
)
def test_companies_are_classed_by_size(people: int, size: str) -> None:
    """The limits of the workflow belong to the class below them."""
    found = decide("lead_class", {}, {**SAID, "employees": people})
    assert ("classified", size) == (found.outcome, found.values["size"])
    assert {"company_size": size} == found.slots


@pytest.mark.parametrize(
    "said",
    [{"employees": 0}, {"employees": 10**7}, {"employees": None}, {"interest": "something_else"}, {"urgency": None}],
)
def test_what_fits_no_class_is_for_a_person(said: dict[str, Any]) -> None:
    """Counts that cannot be, wishes that are none of ours."""
    found = decide("lead_class", {}, {**SAID, **said})
    assert ("unsure", "lead_unsure") == (found.outcome, found.reason)


@given(st.integers(min_value=1, max_value=3_000_000), st.integers(min_value=1, max_value=3_000_000))
def test_classes_never_go_down(one: int, other: int) -> None:
    """Who has more people is in no smaller class."""
    order = ["small", "medium", "large", "enterprise"]
    low, high = (decide("lead_class", {}, {**SAID, "employees": n}).values["size"] for n in sorted((one, other)))
    assert order.index(low) <= order.index(high)


def test_good_data_is_good() -> None:
    """With nothing against it, it may go into the records: as a new lead, or one's own."""
    new = quality({})
    assert ("good", "", True, False) == (new.outcome, new.values["reasons"], new.values["is_new"], new.values["is_own"])
    own = quality({}, lead={"known": True, "own": True, "lead_id": "LD-1"})
    assert ("good", False, True, "LD-1") == (
        own.outcome,
        own.values["is_new"],
        own.values["is_own"],
        own.values["lead_id"],
    )


@pytest.mark.parametrize(
    "company,said,lead,reason",
    [
        ({}, {"email": "sam@gmail.com"}, {}, "anybody has mailboxes"),
        ({"found": False, "name": None}, {}, {}, "No register knows a company with the domain initech.example"),
        ({"industry": None}, {}, {}, "Not known of the company: industry."),
        ({"employees": None, "country": ""}, {}, {}, "Not known of the company: employees, country."),
        ({"contradictions": ["country"]}, {}, {}, "contradict each other: country."),
        ({"confidence": 0.31}, {}, {}, "not sure (31%)"),
        ({"confidence": None}, {}, {}, "not sure (0%)"),
        ({"name": "Globex"}, {}, {}, "The name given is Initech, that domain is Globex's."),
        ({"name": None}, {}, {}, "Not known of the company: name."),
        ({}, {"company": "GmbH"}, {}, "The name given is GmbH"),
        ({}, {"employees": 900}, {}, "They say 900 people, the registers 42."),
        ({}, {"employees": 2}, {}, "They say 2 people, the registers 42."),
        ({}, {}, {"known": True}, "nothing shows that it is this person's"),
    ],
)
def test_each_doubt_is_named(company: dict[str, Any], said: dict[str, Any], lead: dict[str, Any], reason: str) -> None:
    """One rule that is broken is enough, and staff read which."""
    found = quality(company, said, lead)
    assert ("poor", "lead_doubtful", {"data_quality": "poor"}) == (found.outcome, found.reason, found.slots)
    assert reason in found.values["reasons"]


@pytest.mark.parametrize(
    "said,known,same",
    [
        ("initech", "Initech Inc", True),
        ("Initech, Inc.", "Initech", True),
        ("we are called Initech", "Initech", True),
        ("Berger", "Berger Studio", True),
        ("Initech", "Globex", False),
        ("", "Initech", False),
        ("Initech", None, False),
        ("the company", "Initech", False),
    ],
)
def test_names_of_one_company(said: str, known: str | None, same: bool) -> None:
    """The form and small words do not tell companies apart; any other word does."""
    assert same is sales_decisions.same_name(said, known)


@given(
    st.fixed_dictionaries(
        {
            "found": st.booleans(),
            "name": st.none() | st.sampled_from(["Initech", "Globex", ""]),
            "industry": st.none() | st.just("software"),
            "employees": st.none() | st.integers(min_value=0, max_value=10**6),
            "country": st.none() | st.just("US"),
            "confidence": st.floats(min_value=0, max_value=1),
            "contradictions": st.lists(st.sampled_from(["country", "employees"]), unique=True),
        }
    ),
    st.sampled_from(["sam@initech.example", "sam@gmail.com", "sam@GMAIL.com", "sam", ""]),
    st.booleans(),
    st.booleans(),
)
def test_good_means_all_of_it(company: dict[str, Any], email: str, known: bool, own: bool) -> None:
    """Data is good only when everything is there, sure, in agreement, and the person's own; then it can be written."""
    found = quality(company, {"email": email}, {"known": known, "own": own})
    whole = company["found"] and all(company[name] not in {None, ""} for name in LIMITS["required"])
    if found.outcome == "good":
        assert whole
        assert company["confidence"] >= LIMITS["min_confidence"]
        assert not company["contradictions"]
        assert email == "sam@initech.example"
        assert own or not known
        assert all(found.values[name] for name in ("name", "industry", "country"))
    else:
        assert found.values["reasons"].startswith("- ")


@pytest.mark.parametrize(
    "email,domain",
    [
        ("sam@initech.example", "initech.example"),
        (" Sam@INITECH.example ", "initech.example"),
        ("sam@gmail.com", None),
        ("sam", None),
        ("sam@", None),
        (None, None),
    ],
)
def test_a_domain_is_a_companys_own(email: str | None, domain: str | None) -> None:
    """What anybody can have a mailbox at is no company's domain."""
    assert domain == sales_decisions.domain_of(email, LIMITS)
