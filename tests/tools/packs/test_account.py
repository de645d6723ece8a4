"""The packs of disputes and of the account against Acme: exact answers, own records only, one effect per key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from state.session import Action
from tests.tools.conftest import KIM as READER
from tests.tools.conftest import Acme
from tools.arguments import hash_of
from tools.base import Outcome
from tools.packs import account, disputes

WRITES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "create_dispute": (
        "dispute",
        {"invoice_id": "18493", "dispute_reason": "wrong_amount"},
        {"dispute_id": "DP-1001", "invoice_id": "18493", "amount": "120.00 USD", "status": "open"},
    ),
    "update_billing_address": (
        "address",
        {"street": "12 Elm Street", "city": "Boston", "region": "MA", "postal_code": "02110", "country": "US"},
        {"address_id": "AD-1001", "street": "12 Elm Street", "city": "Boston"},
    ),
    "update_subscription": (
        "plan",
        {"plan_type": "pro", "seats": 7, "effective": "now", "monthly_price": "67.00 USD"},
        {"change_id": "SC-1001", "plan_type": "pro", "seats": 7},
    ),
}
KIM = replace(READER, scopes=READER.scopes | {disputes.DISPUTE, account.ADDRESS, account.PLAN})
LEE = replace(KIM, customer_id="C-1002")


async def look_up(acme: Acme, name: str, **arguments: object) -> Outcome:
    """Look something up, as Kim."""
    return await acme.gateway.look_up(name, arguments, caller=KIM, timeout=5)


def agreed(acme: Acme, name: str, **changes: object) -> Action:
    """A write whose terms were agreed to."""
    tool = acme.gateway.catalog.get(name)
    assert tool
    arguments = {"customer_id": "C-1001", **WRITES[name][1], **changes}
    return Action(
        id="A-1",
        task="T",
        tool=name,
        version=1,
        arguments=arguments,
        args_hash=hash_of(tool, arguments),
        terms="As agreed.",
        state="dispatched",
    )


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("kind", ["", "lost_answer", "reset", "error", "twice"])
async def test_a_write_is_one_write_whatever_happens(acme: Acme, name: str, kind: str) -> None:
    """The ledger has one entry with its key, and the receipt says what was done."""
    if kind:
        await acme.fault(kind=kind, method="POST")
    outcome = await acme.gateway.perform(agreed(acme, name), caller=KIM, timeout=5, confirmation="Q-1")
    entry, _, receipt = WRITES[name]
    assert "succeeded" == outcome.state
    assert receipt.items() <= outcome.result.items()
    assert [(entry, "C-1001", "A-1")] == [(e["kind"], e["customer"], e["key"]) for e in await acme.ledger()]


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("kind, entries", [("lost_answer", 1), ("error", 0)])
async def test_a_write_in_lasting_trouble_is_settled_later(acme: Acme, name: str, kind: str, entries: int) -> None:
    """It ends as unknown, and is settled without a second effect; another customer's look finds no trace of it."""
    await acme.fault(kind=kind, method="POST", times=3)
    action = agreed(acme, name)
    outcome = await acme.gateway.perform(action, caller=KIM, timeout=5, confirmation="Q-1")
    assert ("unknown", entries) == (outcome.state, len(await acme.ledger()))
    outcome = await acme.gateway.settle(action, dispatched_ms_ago=5_000, caller=KIM, timeout=5)
    assert ("succeeded", 1) == (outcome.state, len(await acme.ledger()))


@pytest.mark.parametrize("name", WRITES)
async def test_nobody_writes_for_another(acme: Acme, name: str) -> None:
    """What was agreed to for one customer is not carried out for another, and not without the scope."""
    for caller in (LEE, READER):
        outcome = await acme.gateway.perform(agreed(acme, name), caller=caller, timeout=5, confirmation="Q-1")
        assert outcome.reason in {"changed", "scope"}
    assert [] == await acme.ledger()


@pytest.mark.parametrize(
    "name, changes, code",
    [
        ("create_dispute", {"invoice_id": "18297"}, "invoice_not_disputable"),
        ("update_subscription", {"monthly_price": "1.00 USD"}, "amount_mismatch"),
        ("update_subscription", {"plan_type": "starter", "seats": 6}, "too_many_seats"),
        ("update_subscription", {"seats": 5, "monthly_price": "49.00 USD"}, "plan_unchanged"),
    ],
)
async def test_acme_says_no(acme: Acme, name: str, changes: dict[str, Any], code: str) -> None:
    """A refusal is final, named by Acme's own word, and leaves no entry."""
    outcome = await acme.gateway.perform(agreed(acme, name, **changes), caller=KIM, timeout=5, confirmation="Q-1")
    assert ("failed", "rejected", code) == (outcome.state, outcome.reason, outcome.code)
    assert [] == await acme.ledger()


@pytest.mark.parametrize(
    "name, changes",
    [
        ("create_dispute", {"dispute_reason": "I am cross"}),
        ("update_billing_address", {"country": "Germany"}),
        ("update_billing_address", {"street": ""}),
        ("update_subscription", {"seats": 0}),
        ("update_subscription", {"plan_type": "gold"}),
        ("update_subscription", {"monthly_price": "67"}),
        ("update_subscription", {"effective": "yesterday"}),
    ],
)
async def test_terms_that_are_none(acme: Acme, name: str, changes: dict[str, Any]) -> None:
    """What no such write can have is refused before anything is asked."""
    outcome = await acme.gateway.perform(agreed(acme, name, **changes), caller=KIM, timeout=5, confirmation="Q-1")
    assert ("failed", "invalid") == (outcome.state, outcome.reason)


async def test_what_was_done_is_read_back(acme: Acme) -> None:
    """The dispute by its invoice, the address and the subscription as they now are."""
    for name in WRITES:
        await acme.gateway.perform(
            replace(agreed(acme, name), id=f"A-{name}"), caller=KIM, timeout=5, confirmation="Q-1"
        )
    assert "wrong_amount" == (await look_up(acme, "get_dispute", invoice_id="18493")).result["dispute_reason"]
    assert ["DP-1001"] == [d["dispute_id"] for d in (await look_up(acme, "search_disputes")).result["disputes"]]
    assert [] == (await look_up(acme, "search_disputes", invoice_id="18492")).result["disputes"]
    assert "not_found" == (await look_up(acme, "get_dispute", invoice_id="18492")).reason
    assert WRITES["update_billing_address"][1] == (await look_up(acme, "get_billing_address")).result
    now = (await look_up(acme, "get_subscription_status")).result
    assert (7, "67.00 USD", None) == (now["seats"], now["amount"], now["scheduled_change"])
    theirs = await acme.gateway.look_up("search_disputes", {}, caller=LEE, timeout=5)
    assert [] == theirs.result["disputes"]


async def test_a_change_that_is_still_to_come(acme: Acme) -> None:
    """The subscription stays, and says what comes when."""
    terms = {"plan_type": "starter", "seats": 2, "effective": "renewal", "monthly_price": "19.00 USD"}
    action = agreed(acme, "update_subscription", **terms)
    made = (await acme.gateway.perform(action, caller=KIM, timeout=5, confirmation="Q-1")).result
    now = (await look_up(acme, "get_subscription_status")).result
    assert ("pro", now["renews_on"]) == (now["plan"], made["effective_on"])
    assert {"plan": "starter", "seats": 2, "amount": "19.00 USD", "effective_on": now["renews_on"]} == now[
        "scheduled_change"
    ]
    assert ["starter", "pro", "enterprise"] == [p["plan"] for p in (await look_up(acme, "get_plans")).result["plans"]]
