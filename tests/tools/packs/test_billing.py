"""The billing pack against Acme as the playground pretends it: exact answers, own records only, one refund per key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from playground import records
from state.identity import Assurance
from state.session import Action
from tests.tools.conftest import KIM, Acme
from tests.tools.writes import agreed
from tools.base import SYSTEM, Caller, Outcome
from tools.packs import billing

REFUND = {"invoice_id": "18492", "amount": "49.00 USD", "refund_reason": "not_used"}
ENGINE = replace(KIM, actor=SYSTEM, customer_id=None, assurance=Assurance.CLAIMED, scopes=frozenset())
LEE = replace(KIM, customer_id="C-1002")


def days_ago(count: int) -> str:
    """A day before today, as Acme counts."""
    today: date = datetime.now(UTC).date()
    return (today - timedelta(days=count)).isoformat()


async def look_up(acme: Acme, name: str, *, caller: Caller = KIM, **arguments: object) -> Outcome:
    """Look something up."""
    return await acme.gateway.look_up(name, arguments, caller=caller, timeout=5)


async def confirmed(acme: Acme, *, action_id: str = "A-1", **terms: str) -> Action:
    """A refund whose terms were agreed to."""
    made = await acme.gateway.propose("create_refund_request", {**REFUND, **terms}, caller=KIM)
    return agreed(made, action_id=action_id, terms="49.00 USD back.")


async def test_get_invoice_answers_exactly_four_fields(acme: Acme) -> None:
    """Number, status, amount with currency, due date; nothing else."""
    outcome = await look_up(acme, "get_invoice", invoice_id="#18492")
    expected = {"invoice_id": "18492", "status": "paid", "amount": "49.00 USD", "due_date": days_ago(-9)}
    assert expected == outcome.result


@pytest.mark.parametrize("invoice_id", ["20001", "99999"])
@pytest.mark.parametrize("name", ["get_invoice", "get_refund"])
async def test_another_customers_invoice_is_as_missing_as_none(acme: Acme, name: str, invoice_id: str) -> None:
    """The same reason and the same words, so that numbers cannot be probed."""
    outcome = await look_up(acme, name, invoice_id=invoice_id)
    assert ("failed", "not_found") == (outcome.state, outcome.reason)
    assert invoice_id in outcome.message
    assert outcome.message.replace(invoice_id, "N") in {
        "There is no invoice N on this account.",
        "There is no refund of invoice N on this account.",
    }


@pytest.mark.parametrize("invoice_id", ["", "../customers", "18492/..", "1?x=1", "1\n2", "x" * 33, "%2e%2e"])
async def test_odd_numbers_never_reach_the_api(acme: Acme, invoice_id: str) -> None:
    """What is no invoice number is refused before anything is asked."""
    outcome = await look_up(acme, "get_invoice", invoice_id=invoice_id)
    assert ("failed", "invalid") == (outcome.state, outcome.reason)


async def test_searching_invoices(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    """All own invoices over all pages, newest first, with their dates."""
    monkeypatch.setattr(billing, "PAGE", 3)
    found = (await look_up(acme, "search_invoices")).result
    assert found["complete"]
    assert ["18493", "18492", "18476"] == [one["invoice_id"] for one in found["invoices"]][:3]
    assert len(found["invoices"]) == 10
    assert {
        "invoice_id": "18493",
        "status": "open",
        "amount": "120.00 USD",
        "issued_on": days_ago(3),
        "paid_on": None,
        "due_date": days_ago(-11),
        "refunded_on": None,
    } == found["invoices"][0]


async def test_a_search_is_bounded(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    """More pages than allowed are left out, and the answer says so."""
    monkeypatch.setattr(billing, "PAGE", 1)
    monkeypatch.setattr(billing, "MAX_PAGES", 5)
    found = (await look_up(acme, "search_invoices")).result
    assert (5, False, "too_many") == (len(found["invoices"]), found["complete"], found["rest"])


async def test_what_there_is_of_a_search_counts(acme: Acme) -> None:
    """When a later page does not come, the invoices of the first are the answer, which says that there are more."""
    await acme.fault(kind="error", path="/v1/customers/*/invoices?*cursor=*", times=3)
    outcome = await look_up(acme, "search_invoices")
    assert ("succeeded", 3) == (outcome.state, len(outcome.attempts))
    assert {"unavailable"} == {attempt.reason for attempt in outcome.attempts}
    assert (8, False, "unavailable") == (len(outcome.result.pop("invoices")), *outcome.result.values())
    again = await look_up(acme, "search_invoices")
    assert (10, True, False) == (len(again.result["invoices"]), again.result["complete"], again.cached)


async def test_a_page_that_comes_at_the_second_try_is_no_gap(acme: Acme) -> None:
    """One failure is repeated like any other."""
    await acme.fault(kind="error", path="/v1/customers/*/invoices?*cursor=*", times=1)
    outcome = await look_up(acme, "search_invoices")
    assert (10, True, 2) == (len(outcome.result["invoices"]), outcome.result["complete"], len(outcome.attempts))


@pytest.mark.parametrize(
    "arguments, numbers",
    [
        ({"status": "open"}, ["18493"]),
        ({"status": "refunded", "invoice_id": None}, ["18310"]),
        ({"invoice_id": "18492"}, ["18492"]),
        ({"invoice_id": "18492", "status": "open"}, []),
        ({"since": days_ago(5)}, ["18493", "18492"]),
        ({"since": days_ago(5), "status": "open"}, ["18493"]),
        ({"since": days_ago(1)}, []),
        ({"since": days_ago(5000), "status": "void"}, ["18297"]),
        ({"invoice_id": "20001"}, []),
        ({"invoice_id": "99999"}, []),
    ],
)
async def test_narrowing_a_search(acme: Acme, arguments: dict[str, Any], numbers: list[str]) -> None:
    """By status, by number, by both; another customer's number finds nothing."""
    outcome = await look_up(acme, "search_invoices", **arguments)
    assert numbers == [one["invoice_id"] for one in outcome.result["invoices"]]


async def test_the_customers_own_account(acme: Acme) -> None:
    """Kim's record and subscription; whose they are is not for the caller to say."""
    customer = (await look_up(acme, "get_customer")).result
    assert ("C-1001", "pro", 0) == (customer["customer_id"], customer["plan"], customer["refunds_last_12_months"])
    subscription = (await look_up(acme, "get_subscription_status")).result
    assert ("pro", "active", "49.00 USD") == (subscription["plan"], subscription["status"], subscription["amount"])
    assert (await look_up(acme, "get_customer", customer_id="C-1002")).reason == "invalid"


@pytest.mark.parametrize(
    "caller, reason",
    [
        (replace(KIM, customer_id=None), "customer"),
        (replace(KIM, assurance=Assurance.CLAIMED), "assurance"),
        (replace(KIM, scopes=frozenset()), "scope"),
    ],
)
async def test_strangers_see_nothing(acme: Acme, caller: Caller, reason: str) -> None:
    """Without scope, proof or a known customer no account data is shown."""
    for name in ("get_invoice", "search_invoices", "get_customer", "get_subscription_status", "get_refund"):
        arguments = {"invoice_id": "18492"} if name in {"get_invoice", "get_refund"} else {}
        assert (await look_up(acme, name, caller=caller, **arguments)).reason == reason


async def test_a_refund_from_proposal_to_read_back(acme: Acme) -> None:
    """One entry in Acme's ledger, found again by its invoice, and the invoice says so."""
    outcome = await acme.gateway.perform(await confirmed(acme), caller=KIM, timeout=5, confirmation="Q-1")
    assert {"refund_id": "RF-1001", "status": "requested", "amount": "49.00 USD"} == outcome.result
    assert [("refund", "C-1001", "A-1")] == [(e["kind"], e["customer"], e["key"]) for e in await acme.ledger()]
    found = (await look_up(acme, "get_refund", invoice_id="18492")).result
    assert ("RF-1001", "18492", "49.00 USD") == (found["refund_id"], found["invoice_id"], found["amount"])
    assert (await look_up(acme, "get_invoice", invoice_id="18492")).result["status"] == "refunded"
    assert (await look_up(acme, "get_refund", invoice_id="18492", caller=LEE)).reason == "not_found"


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "error", "rate_limited", "late", "twice", "accept_then_hang"])
async def test_a_refund_in_trouble_is_one_refund(acme: Acme, kind: str) -> None:
    """Whatever happens on the way, the ledger has one entry and the outcome says succeeded."""
    await acme.fault(kind=kind, method="POST", ms=1_000)
    outcome = await acme.gateway.perform(await confirmed(acme), caller=KIM, timeout=2.4, confirmation="Q-1")
    assert ("succeeded", 1) == (outcome.state, len(await acme.ledger()))


@pytest.mark.parametrize("kind, entries", [("lost_answer", 1), ("reset", 0), ("error", 0)])
async def test_a_refund_in_lasting_trouble_is_settled_later(acme: Acme, kind: str, entries: int) -> None:
    """It ends as unknown, and is settled without a second effect when Acme is well again."""
    await acme.fault(kind=kind, method="POST", times=3)
    action = await confirmed(acme)
    outcome = await acme.gateway.perform(action, caller=KIM, timeout=5, confirmation="Q-1")
    assert ("unknown", entries) == (outcome.state, len(await acme.ledger()))
    outcome = await acme.gateway.settle(action, dispatched_ms_ago=5_000, caller=KIM, timeout=5)
    assert ("succeeded", 1) == (outcome.state, len(await acme.ledger()))


@pytest.mark.parametrize(
    "terms, reason, code",
    [
        ({"invoice_id": "18493", "amount": "120.00 USD"}, "rejected", "invoice_not_paid"),
        ({"amount": "48.00 USD"}, "rejected", "amount_mismatch"),
        ({"amount": "49.00 EUR"}, "rejected", "currency_mismatch"),
        ({"invoice_id": "18310", "amount": "29.00 USD"}, "rejected", "already_refunded"),
        ({"invoice_id": "20001", "amount": "900.00 USD"}, "not_found", ""),
    ],
)
async def test_acme_says_no(acme: Acme, terms: dict[str, str], reason: str, code: str) -> None:
    """A refusal is final, named by Acme's own word, and leaves no entry."""
    outcome = await acme.gateway.perform(await confirmed(acme, **terms), caller=KIM, timeout=5, confirmation="Q-1")
    assert ("failed", reason, code) == (outcome.state, outcome.reason, outcome.code)
    assert [] == await acme.ledger()


async def test_a_second_refund_of_an_invoice_is_refused(acme: Acme) -> None:
    """Another action for the same invoice meets Acme's own rule."""
    for action_id, state in (("A-1", "succeeded"), ("A-2", "failed")):
        action = await confirmed(acme, action_id=action_id)
        outcome = await acme.gateway.perform(action, caller=KIM, timeout=5, confirmation="Q-1")
        assert state == outcome.state
    assert len(await acme.ledger()) == 1


@pytest.mark.parametrize(
    "change",
    [{"amount": "49"}, {"amount": "49.00"}, {"amount": "-49.00 USD"}, {"refund_reason": "because"}, {"note": "x"}],
)
async def test_terms_that_are_none(acme: Acme, change: dict[str, str]) -> None:
    """Amounts without currency, unknown reasons and extra fields are no terms of a refund."""
    made = await acme.gateway.propose("create_refund_request", {**REFUND, **change}, caller=KIM)
    assert isinstance(made, Outcome)
    assert made.reason == "invalid"


@pytest.mark.parametrize(
    "address, customer",
    [
        ({"phone": "+15550101001"}, "C-1001"),
        ({"email": "Lee@Example.com"}, "C-1002"),
        ({"phone": "+15550109999"}, None),
        ({"email": "kim@example.com.evil.test"}, None),
    ],
)
async def test_whose_address_it_is(acme: Acme, address: dict[str, str], customer: str | None) -> None:
    """The engine learns which one customer has an address; no match is no customer."""
    outcome = await look_up(acme, "find_customer", caller=ENGINE, **address)
    assert customer == (outcome.result and outcome.result["customer_id"])
    assert outcome.reason == ("" if customer else "not_found")


async def test_an_address_of_several_is_nobodys(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    """That more than one customer has it is an answer of its own, and names none of them."""
    other = replace(records.CUSTOMERS["C-1002"], phone="+15550101001")
    monkeypatch.setitem(records.CUSTOMERS, "C-1002", other)
    outcome = await look_up(acme, "find_customer", caller=ENGINE, phone="+15550101001")
    assert ("rejected", "several", None) == (outcome.reason, outcome.code, outcome.result)


@pytest.mark.parametrize("address", [{}, {"phone": "+15550101001", "email": "kim@example.com"}, {"phone": "*"}])
async def test_the_directory_is_never_listed(acme: Acme, address: dict[str, str]) -> None:
    """Exactly one address is asked for; an empty question would list everybody."""
    assert (await look_up(acme, "find_customer", caller=ENGINE, **address)).reason == "invalid"


async def test_the_directory_is_for_the_engine_alone(acme: Acme) -> None:
    """A model that invents the call is told that there is no such tool."""
    assert (await look_up(acme, "find_customer", phone="+15550101001")).reason == "unknown_tool"
