"""The pack of getting started against Acme: checklists, own tasks and invites only, one effect per key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from state.session import Action
from tests.tools.conftest import KIM as READER
from tests.tools.conftest import Acme
from tools.base import Caller, Outcome, Proposal
from tools.packs import onboarding

KIM = replace(READER, scopes=frozenset({onboarding.READ, onboarding.WRITE}), workflow="onboarding")
LEE = replace(KIM, user_id="U-2", customer_id="C-1002")
WRITES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "create_onboarding_task": (
        "task",
        {"item": "webhook", "due_on": "2099-01-31"},
        {"task_id": "TK-1001", "item": "webhook"},
    ),
    "invite_user": (
        "invite",
        {"email": "jo@initech.example", "user_role": "member"},
        {"invite_id": "IV-1001", "email": "jo@initech.example"},
    ),
}


async def look_up(acme: Acme, name: str, caller: Caller = KIM, **arguments: object) -> Outcome:
    """Look something up."""
    return await acme.gateway.look_up(name, arguments, caller=caller, timeout=5, fresh=True)


async def write(acme: Acme, name: str, caller: Caller = KIM, /, *, key: str = "A-1", **changes: object) -> Outcome:
    """Propose a write and carry it out."""
    made = await acme.gateway.propose(name, {**WRITES[name][1], **changes}, caller=caller)
    assert isinstance(made, Proposal), made
    action = Action(
        id=key,
        task="T",
        tool=name,
        version=1,
        arguments=made.arguments,
        args_hash=made.args_hash,
        terms="as shown",
        state="dispatched",
    )
    return await acme.gateway.perform(action, caller=caller, timeout=5, confirmation="event:1")


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("kind", ["", "lost_answer", "twice"])
async def test_a_write_is_one_write_whatever_happens(acme: Acme, name: str, kind: str) -> None:
    """The ledger has one entry with its key, and the receipt says what was done."""
    if kind:
        await acme.fault(kind=kind, method="POST")
    outcome = await write(acme, name)
    entry, _, receipt = WRITES[name]
    assert ("succeeded", receipt) == (outcome.state, outcome.result)
    assert [(entry, "C-1001", "A-1")] == [(e["kind"], e["customer"], e["key"]) for e in await acme.ledger()]


@pytest.mark.parametrize("name", WRITES)
async def test_what_is_there_already_is_refused(acme: Acme, name: str) -> None:
    """With another key the same thing is not made again, and the code says why."""
    await write(acme, name)
    outcome = await write(acme, name, key="A-2")
    assert ("failed", "rejected") == (outcome.state, outcome.reason)
    assert outcome.code in {"task_exists", "already_invited"}
    assert 1 == len(await acme.ledger())


async def test_a_checklist_is_for_a_role_and_an_organisation(acme: Acme) -> None:
    """Items with a title and a day; another role has others."""
    developer = await look_up(acme, "get_onboarding_checklist", user_role="developer", organisation="agency")
    manager = await look_up(acme, "get_onboarding_checklist", user_role="manager", organisation="solo")
    items = [one["item"] for one in developer.result["items"]]
    assert ["profile", "two_factor", "api_key", "webhook", "client_spaces"] == items
    assert ["profile", "tour", "dashboard"] == [one["item"] for one in manager.result["items"]]
    assert "invalid" == (await look_up(acme, "get_onboarding_checklist", user_role="boss", organisation="x")).reason


async def test_lists_are_ones_own(acme: Acme) -> None:
    """Kim sees what Kim made; Lee sees nothing of it."""
    await write(acme, "create_onboarding_task")
    await write(acme, "invite_user")
    tasks, invites = [await look_up(acme, name) for name in ("list_onboarding_tasks", "list_invites")]
    assert [("TK-1001", "open")] == [(one["task_id"], one["status"]) for one in tasks.result["tasks"]]
    assert [("jo@initech.example", "pending")] == [(one["email"], one["status"]) for one in invites.result["invites"]]
    assert {"tasks": []} == (await look_up(acme, "list_onboarding_tasks", LEE)).result
    assert {"invites": []} == (await look_up(acme, "list_invites", LEE)).result


async def test_own_address_is_not_invited(acme: Acme) -> None:
    """Acme knows it already."""
    assert "already_member" == (await write(acme, "invite_user", email="kim@example.com")).code
