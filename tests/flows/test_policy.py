"""Limits and versions in whole conversations: what is asked of staff, what is refused, and with which words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from bot.workflows import Workflow
from config.tool_rules import ToolPolicies
from state.identity import Assurance
from tests.flows.desk import Desk
from tests.flows.told import EVERYWHERE, NOTICE, refunded
from tests.harness.outside import KIM, LEE, Json
from tests.harness.places import SAM
from tests.harness.web import WebClient
from tools.base import Caller, Outcome, Proposal
from tools.catalog import Catalog
from tools.limits import Limits

TOOL = "create_refund_request"
REASON = "I no longer need it"


def limit(desk: Desk, **row: Any) -> None:
    """Give the refund other limits, as another policies.yaml would."""
    tools = ToolPolicies.model_validate({"named": {TOOL: row}})
    desk.services.parts.gateway.limits = Limits(tools=tools, version="of-the-test")


def deploy(desk: Desk, *versions: int) -> None:
    """Have these versions of the refund, as another deploy would."""
    gateway = desk.services.parts.gateway
    one = next(iter(gateway.catalog.versions(TOOL)))
    others = [tool for tool in gateway.catalog if tool.name != TOOL]
    gateway.catalog = Catalog([*others, *(replace(one, version=version) for version in versions)])


async def terms(desk: Desk, customer: str, invoice: str) -> tuple[WebClient, Json]:
    """The refund as far as its terms."""
    web = await desk.stage.web(customer=customer)
    return web, await web.click(await web.ask(f"please refund invoice {invoice}"), REASON)


async def ledger(desk: Desk) -> list[tuple[int, str]]:
    """Version and state of every write there is."""
    found = [await desk.stage.operators.get(f"/actions/{one['action']}") for one in await desk.logged("ActionProposed")]
    return [(row["version"], row["state"]) for row in found]


@EVERYWHERE
async def test_what_goes_beyond_a_days_sum_is_refused(desk: Desk) -> None:
    """The first refund counts for the second, in the database; the refusal has words of its own."""
    limit(desk, amount_per_day={"argument": "amount", "most": "60.00 USD"})
    web, question = await terms(desk, KIM, "18492")
    assert NOTICE in (await web.click(question, "Yes"))["text"]

    store = desk.services.parts.store
    session = (await desk.stage.operators.sessions())[0]["id"]
    spent = await store.spent(session, TOOL)
    assert (1, {"USD": 490_000}) == (spent.calls, spent.sums)
    done = (await desk.logged("ActionProposed"))[0]["action"]
    assert (0, {"USD": 0}) == ((left := await store.spent(session, TOOL, besides=[done])).calls, left.sums)
    assert 0 == (await store.spent(session, "another")).calls

    refused = await desk.services.parts.gateway.propose(
        TOOL, {"invoice_id": "18476", "amount": "49.00 USD", "refund_reason": "other"}, caller=caller(session, KIM)
    )
    assert isinstance(refused, Outcome)
    assert ("limit", "of-the-test") == (refused.reason, refused.audit[0].policy)
    assert "60.00 USD in 24 hours; 11.00 USD is left" in refused.message


def caller(session: str, customer: str) -> Caller:
    """The customer, as a turn would call for them."""
    return Caller(
        actor="customer",
        session_id=session,
        user_id="U",
        channel="web",
        assurance=Assurance.VERIFIED,
        customer_id=customer,
        scopes=frozenset({"billing:read", "billing:refund"}),
    )


async def test_a_limit_says_so_in_words_for_a_customer(desk: Desk) -> None:
    """Nothing of tools and their names; the task ends, and nothing is written."""
    limit(desk, amount_per_day={"argument": "amount", "most": "48.99 USD"})
    _, told = await terms(desk, KIM, "18492")
    assert "beyond what can be done in 24 hours" in told["text"]
    assert TOOL not in told["text"]
    assert [{"tool": TOOL, "reason": "limit"}] == [
        {name: one[name] for name in ("tool", "reason")} for one in await desk.logged("ToolRefused")
    ]
    assert [] == await refunded(desk.stage)


@pytest.mark.parametrize(
    "row, words",
    [
        ({"off": True}, "cannot be done here at the moment"),
        ({"minimum": 2}, "has changed since you agreed, so nothing was changed. A person will look at it"),
        ({"approval": {"scope": "billing:approve"}}, "a colleague has to approve it"),
        ({"per_day": 1}, NOTICE),
    ],
)
async def test_limits_that_change_before_the_yes_hold_for_it(desk: Desk, row: Json, words: str) -> None:
    """They are asked again when the customer agrees, on every path; a count leaves the write itself out."""
    web, question = await terms(desk, KIM, "18492")
    limit(desk, **row)
    assert words in (await web.click(question, "Yes"))["text"]
    assert (["18492"] if words is NOTICE else []) == await refunded(desk.stage)


async def test_a_limit_that_changes_after_the_approval_holds_at_the_door(desk: Desk) -> None:
    """Approved by somebody who may not approve it any more: the write is not sent."""
    web, question = await terms(desk, LEE, "20001")
    await web.click(question, "Yes")
    limit(desk, approval={"scope": "board:approve"})
    assert (await desk.decide("approve", who=SAM)).done
    await desk.stage.operators.at_rest()
    assert [(1, "failed")] == await ledger(desk)
    assert [] == await refunded(desk.stage)


async def test_every_write_of_a_new_workflow_is_reviewed(desk: Desk) -> None:
    """Without words of its own: staff see each argument by its name, and who may decide stands in policies.yaml."""
    flows = cast("dict[str, Workflow]", desk.services.parts.workflows)
    plain = [step.model_copy(update={"approval": None}) for step in flows["refund"].steps]
    flows["refund"] = flows["refund"].model_copy(update={"review": "all", "steps": tuple(plain)})
    limit(desk, per_day=9)
    web, question = await terms(desk, KIM, "18492")
    assert "A colleague has to approve this first" in (await web.click(question, "Yes"))["text"]
    asked = await desk.request()
    assert {"Invoice id": "18492", "Amount": "49.00 USD", "Refund reason": "not_used"} == dict(asked["lines"])
    assert ("writes:approve", "Needs approval: everything this workflow writes is approved by staff.") == (
        asked["scope"],
        asked["why"],
    )
    assert (await desk.decide("approve", who=SAM)).done
    await web.seen(lambda m: NOTICE in m["text"], NOTICE)
    assert ["18492"] == await refunded(desk.stage)


async def test_a_task_ends_with_the_version_it_began_with(desk: Desk) -> None:
    """A deploy adds version 2 between the terms and the yes: this task writes with 1, the next one with 2."""
    web, question = await terms(desk, KIM, "18492")
    deploy(desk, 1, 2)
    assert NOTICE in (await web.click(question, "Yes"))["text"]
    await terms(desk, LEE, "20001")
    assert [(1, "succeeded"), (2, "awaiting_confirmation")] == sorted(await ledger(desk))


async def test_a_version_that_is_gone_has_its_task_start_anew(desk: Desk) -> None:
    """Nobody agreed yet: the customer is told to ask once more, and then it goes on with the new one."""
    web = await desk.stage.web(customer=KIM)
    question = await web.ask("please refund invoice 18492")
    deploy(desk, 2)
    assert "Please ask for it once more" in (await web.click(question, REASON))["text"]
    again = await web.click(await web.ask("please refund invoice 18492"), REASON)
    assert NOTICE in (await web.click(again, "Yes"))["text"]
    assert [(2, "succeeded")] == await ledger(desk)


async def test_what_is_proposed_together_counts_together(desk: Desk) -> None:
    """Two alone are within the limit; the second of both at once is not."""
    limit(desk, amount_per_day={"argument": "amount", "most": "60.00 USD"})
    await terms(desk, KIM, "18492")
    who = caller((await desk.stage.operators.sessions())[0]["id"], KIM)
    gateway = desk.services.parts.gateway
    asked = {"invoice_id": "18476", "amount": "49.00 USD", "refund_reason": "other"}
    first = await gateway.propose(TOOL, asked, caller=who)
    assert isinstance(first, Proposal)
    assert isinstance(await gateway.propose(TOOL, asked, caller=who), Proposal)
    second = await gateway.propose(TOOL, asked, caller=who, together=[first])
    assert isinstance(second, Outcome)
    assert "limit" == second.reason
