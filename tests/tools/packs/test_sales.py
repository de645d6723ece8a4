"""The packs of sales against Acme as the playground pretends it: own meetings and leads only, one of each per key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from state.identity import Assurance
from tests.tools import writes
from tests.tools.conftest import KIM, Acme
from tools.base import Caller, Outcome
from tools.packs import leads, sales

SCOPES = frozenset({sales.READ, sales.MEET, leads.LEAD})
OWNER = replace(KIM, scopes=SCOPES, workflow="a workflow")
SAM = replace(OWNER, user_id="U-2", customer_id=None)
JO = replace(SAM, user_id="U-3")
TERMS: dict[str, Any] = {
    "meeting_type": "product_demo",
    "duration": "30",
    "time_zone": "Europe/Berlin",
    "email": "sam@initech.example",
}
LEAD: dict[str, Any] = {
    "email": "sam@initech.example",
    "company": "Initech",
    "employees": 40,
    "industry": "software",
    "country": "US",
    "size": "small",
    "interest": "support_bot",
    "urgency": "now",
}
CHANGE = {name: value for name, value in LEAD.items() if name not in {"email", "company"}}


async def look_up(acme: Acme, name: str, caller: Caller = SAM, /, **arguments: Any) -> Outcome:
    """Look something up, past the cache."""
    return await acme.gateway.look_up(name, arguments, caller=caller, timeout=5, fresh=True)


async def write(acme: Acme, name: str, caller: Caller = SAM, /, *, key: str = "A-1", **arguments: Any) -> Outcome:
    """Propose a write and carry it out."""
    return await writes.perform(acme.gateway, name, arguments, caller, action_id=key)


async def slots(acme: Acme, **changes: object) -> Any:  # noqa: ANN401  JSON
    """What is offered for half an hour."""
    wanted: dict[str, Any] = {"duration": "30", "time_zone": "Europe/Berlin", **changes}
    found = await look_up(acme, "list_meeting_slots", **wanted)
    assert found.state == "succeeded", found.message
    return found.result


async def test_times_are_offered_by_the_customers_clocks(acme: Acme) -> None:
    """A few, each with its moment and its words; the same moment reads otherwise elsewhere."""
    found = await slots(acme)
    assert (True, False, None, "Europe/Berlin") == (found["exact"], found["gone"], found["picked"], found["zone"])
    assert 1 <= len(found["slots"]) <= 5
    first = found["slots"][0]
    assert first["label"].split()[-1] in first["local"]
    elsewhere = (await slots(acme, time_zone="Asia/Tokyo", starts_at=first["value"]))["picked"]
    assert elsewhere["value"] == first["value"]
    assert elsewhere["local"] != first["local"]


async def test_a_time_that_was_picked_stays_while_it_is_free(acme: Acme) -> None:
    """It is found among all that are free, not only among those that are shown; gone when somebody has it."""
    value = (await slots(acme))["slots"][-1]["value"]
    found = await slots(acme, starts_at=value)
    assert (value, False) == (found["picked"]["value"], found["gone"])
    assert "succeeded" == (await write(acme, "schedule_demo", JO, **TERMS, starts_at=value)).state
    found = await slots(acme, starts_at=value)
    assert (None, True) == (found["picked"], found["gone"])


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_days_out_of_reach_are_no_defect(acme: Acme, day: str) -> None:
    """The past is today; in a thousand years nothing is free."""
    assert bool((await slots(acme, day=day))["slots"]) is (day < "2000")


async def test_another_day_is_offered_where_nobody_works(acme: Acme) -> None:
    """On a Saturday there is nothing, so the next days are offered, and it says so."""
    today = datetime.now(UTC).date()
    saturday = today + timedelta(days=(5 - today.weekday() - 1) % 7 + 1)
    found = await slots(acme, day=saturday.isoformat())
    assert not found["exact"]
    assert found["slots"]
    assert found["slots"][0]["value"] > saturday.isoformat()


@pytest.mark.parametrize(
    "changes",
    [
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc/passwd"},
        {"duration": "20"},
        {"part_of_day": "night"},
        {"starts_at": "2026-13-40T00:00:00Z"},
        {"starts_at": "soon"},
    ],
)
async def test_odd_arguments_never_reach_the_calendar(acme: Acme, changes: dict[str, object]) -> None:
    """What is no zone, length or moment is refused before anything is asked."""
    arguments: dict[str, Any] = {"duration": "30", "time_zone": "Europe/Berlin", **changes}
    outcome = await look_up(acme, "list_meeting_slots", **arguments)
    assert ("failed", "invalid") == (outcome.state, outcome.reason)


async def test_a_meeting_is_booked_once_and_is_ones_own(acme: Acme) -> None:
    """Lost answers make no second one; whoever booked it reads it, anybody else finds none."""
    value = (await slots(acme))["slots"][0]["value"]
    await acme.fault(kind="lost_answer", path="/v1/meetings", method="POST")
    made = await write(acme, "schedule_demo", **TERMS, starts_at=value)
    assert ("succeeded", "booked") == (made.state, made.result["status"])
    (entry,) = await acme.ledger()
    assert ("meeting", "U-2", None) == (entry["kind"], entry["body"]["contact"], entry["body"]["customer_id"])
    number = made.result["meeting_id"]
    own = await look_up(acme, "get_meeting", meeting_id=number)
    assert ("Europe/Berlin", "30", "Dana Reyes") == (own.result["zone"], own.result["duration"], own.result["host"])
    for caller, wanted in ((JO, number), (OWNER, number), (SAM, "MT-9999")):
        assert "not_found" == (await look_up(acme, "get_meeting", caller, meeting_id=wanted)).reason
    refused = await write(acme, "schedule_demo", JO, key="A-2", **TERMS, starts_at=value)
    assert ("failed", "slot_taken") == (refused.state, refused.code)


async def test_the_address_on_file_is_the_customers_own(acme: Acme) -> None:
    """Nobody else has one; and who is not proven learns nothing."""
    assert {"email": "kim@example.com"} == (await look_up(acme, "get_contact_address", OWNER)).result
    assert {"email": None} == (await look_up(acme, "get_contact_address", SAM)).result
    forged = replace(OWNER, assurance=Assurance.CLAIMED)
    assert "assurance" == (await look_up(acme, "get_contact_address", forged)).reason


async def test_a_lead_is_made_once_and_is_ones_own(acme: Acme) -> None:
    """Whoever had it made finds it and may add to it; to anybody else it is only known that there is one."""
    await acme.fault(kind="lost_answer", path="/v1/leads", method="POST")
    made = await write(acme, "create_lead", **LEAD)
    assert ("succeeded", {"lead_id": "LD-1001"}) == (made.state, made.result)
    mine, theirs = [await look_up(acme, "find_lead", who, email="SAM@initech.example") for who in (SAM, JO)]
    assert {"known": True, "own": True, "lead_id": "LD-1001"} == mine.result
    assert {"known": True, "own": False, "lead_id": None} == theirs.result
    assert {"known": False, "own": False, "lead_id": None} == (
        await look_up(acme, "find_lead", email="no@initech.example")
    ).result
    assert "Initech" == (await look_up(acme, "get_lead", email="sam@initech.example")).result["company"]
    assert "not_found" == (await look_up(acme, "get_lead", JO, email="sam@initech.example")).reason
    refused = await write(acme, "create_lead", JO, key="A-2", **LEAD)
    assert ("failed", "lead_exists") == (refused.state, refused.code)
    assert 1 == len(await acme.ledger())


async def test_a_lead_of_somebody_else_is_not_touched(acme: Acme) -> None:
    """An update needs the lead to be the person's own at the moment of writing; it is applied once."""
    refused = await write(acme, "update_lead", SAM, **CHANGE, lead_id="LD-0902")
    assert "failed" == refused.state
    assert [] == await acme.ledger()
    await acme.fault(kind="lost_answer", path="/v1/lead_updates", method="POST")
    made = await write(acme, "update_lead", OWNER, key="A-2", **CHANGE, lead_id="LD-0902")
    assert ("succeeded", {"lead_id": "LD-0902"}) == (made.state, made.result)
    (entry,) = await acme.ledger()
    assert ("lead_update", "LD-0902") == (entry["kind"], entry["body"]["lead_id"])


@pytest.mark.parametrize(
    "domain,found,contradictions",
    [
        ("initech.example", True, []),
        ("HOOLI.example", True, ["country", "employees"]),
        ("nobody.example", False, []),
        (None, False, []),
    ],
)
async def test_companies(acme: Acme, domain: str | None, found: bool, contradictions: list[str]) -> None:
    """One picture of what registers say; of whom none knows, and of no domain, there is none."""
    outcome = await look_up(acme, "enrich_company", domain=domain)
    assert (found, contradictions) == (outcome.result["found"], outcome.result["contradictions"])


@pytest.mark.parametrize("name", ["find_lead", "get_lead", "enrich_company", "get_contact_address"])
async def test_what_a_workflow_works_out_is_no_answer_to_a_model(acme: Acme, name: str) -> None:
    """Outside of a workflow's steps nobody calls these, and no model hears of them."""
    outcome = await look_up(acme, name, replace(SAM, workflow=None), email="pat@globex.example")
    assert ("failed", "step") == (outcome.state, outcome.reason)
    assert name not in {one.name for one in acme.gateway.functions()}
