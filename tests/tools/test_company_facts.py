"""What registers say of a company becomes one picture that hides no contradiction."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools import company_facts
from tools.acme_sales import Company

entries = st.builds(
    Company,
    domain=st.just("initech.example"),
    name=st.none() | st.sampled_from(["Initech", "Initech Inc"]),
    industry=st.none() | st.sampled_from(["software", "Software", "energy"]),
    employees=st.none() | st.integers(min_value=0, max_value=100_000),
    country=st.none() | st.sampled_from(["US", "DE"]),
    confidence=st.floats(min_value=0, max_value=1),
)


def entry(**said: object) -> Company:
    """One register's entry."""
    return Company.model_validate({"domain": "initech.example", "confidence": 0.9, **said})


def test_the_surest_register_has_the_first_word() -> None:
    """What it does not know, the next one says."""
    one, other = entry(name="Initech", employees=42, confidence=0.9), entry(employees=40, country="US", confidence=0.5)
    found = company_facts.merged([other, one])
    assert ("Initech", 42, "US", 0.9, ()) == (
        found.name,
        found.employees,
        found.country,
        found.confidence,
        found.contradictions,
    )


def test_contradictions_are_named() -> None:
    """Other countries, other industries, counts that are far apart; not spelling, and not some people more or less."""
    one = entry(industry="software", employees=90, country="US")
    other = entry(industry="energy", employees=12_000, country="IE")
    assert ("industry", "country", "employees") == company_facts.merged([one, other]).contradictions
    assert () == company_facts.merged([one, entry(industry="Software", employees=120, country="US")]).contradictions


def test_nothing_is_known_of_nobody() -> None:
    """No entry, no picture, no confidence."""
    assert company_facts.Picture() == company_facts.merged([])


@given(st.lists(entries, max_size=4))
def test_nothing_is_made_up(found: list[Company]) -> None:
    """Every value was said by a register, and the order of equals aside nothing depends on their order."""
    picture = company_facts.merged(found)
    for name in ("name", "industry", "employees", "country"):
        value = getattr(picture, name)
        said = [getattr(one, name) for one in found]
        assert value in said or (value is None and not any(said))
    assert set(picture.contradictions) == set(company_facts.merged(found[::-1]).contradictions)
