"""The pack of payables against Acme: a vendor's addresses open what is theirs alone, and a bill is posted once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from state.session import Action
from tests.tools.conftest import KIM as READER
from tests.tools.conftest import Acme
from tools.base import Caller, Outcome, Proposal
from tools.packs import payables

SCOPES = frozenset({payables.READ, payables.POST})
KIM = replace(READER, scopes=SCOPES, workflow="invoice_intake")
SAM = replace(KIM, user_id="U-2", customer_id=None, senders=("whatsapp:+15550109009", "email:Sam@initech.example"))
NOBODY = replace(KIM, user_id="U-3", customer_id=None)
BILL = {
    "vendor_id": "V-201",
    "invoice_number": "INV-2207",
    "purchase_order": "PO-3001",
    "amount": "480.00 USD",
    "due_on": "2099-01-31",
}
SAMS = {**BILL, "vendor_id": "V-202", "purchase_order": "PO-3003", "amount": "2400.00 USD"}


async def look_up(acme: Acme, name: str, caller: Caller, **arguments: object) -> Outcome:
    """Look something up."""
    return await acme.gateway.look_up(name, arguments, caller=caller, timeout=5, fresh=True)


async def post(acme: Acme, caller: Caller, bill: dict[str, Any], *, key: str = "A-1") -> Outcome:
    """Propose a bill and post it."""
    made = await acme.gateway.propose("post_vendor_invoice", bill, caller=caller)
    assert isinstance(made, Proposal), made
    action = Action(
        id=key,
        task="T",
        tool=made.tool,
        version=made.version,
        arguments=made.arguments,
        args_hash=made.args_hash,
        terms="as shown",
        state="dispatched",
    )
    return await acme.gateway.perform(action, caller=caller, timeout=5, confirmation="event:1")


@pytest.mark.parametrize(
    "caller, vendor",
    [
        (KIM, "V-201"),
        (SAM, "V-202"),
        (replace(NOBODY, senders=("whatsapp:+15550109001",)), "V-202"),
        (NOBODY, None),
        (replace(NOBODY, senders=("email:nobody@initech.example", "slack:sam@initech.example")), None),
        (replace(KIM, senders=("email:sam@initech.example",)), None),
    ],
)
async def test_a_vendor_is_found_by_addresses_on_file(acme: Acme, caller: Caller, vendor: str | None) -> None:
    """By customer number, mail or phone; whoever could be two is none."""
    found = await look_up(acme, "find_vendor", caller)
    assert (vendor is not None, vendor) == (found.result["found"], found.result["vendor_id"])


async def test_another_vendors_things_are_as_missing_as_none(acme: Acme) -> None:
    """Orders and bills, for strangers and for other vendors."""
    own = await look_up(acme, "get_purchase_order", SAM, vendor_id="V-202", purchase_order="3003")
    other = await look_up(acme, "get_purchase_order", SAM, vendor_id="V-202", purchase_order="PO-3001")
    absent = await look_up(acme, "get_purchase_order", SAM, vendor_id="V-202", purchase_order="PO-9")
    assert ("PO-3003", "2400.00 USD") == (own.result["purchase_order"], own.result["open"])
    assert absent.result == other.result
    assert not other.result["found"]
    for name, number in (("get_purchase_order", "purchase_order"), ("find_vendor_invoices", "invoice_number")):
        for caller in (SAM, NOBODY):
            asked = await look_up(acme, name, caller, vendor_id="V-201", **{number: "INV-2190"})
            assert ("failed", "not_found") == (asked.state, asked.reason)


async def test_a_posted_bill_is_found_however_it_is_spelt(acme: Acme) -> None:
    """Its number tells it, not its dashes."""
    for spelt in ("INV-2190", "INV2190", "INV_21-90"):
        found = await look_up(acme, "find_vendor_invoices", KIM, vendor_id="V-201", invoice_number=spelt)
        assert ["VI-0901"] == [one["bill_id"] for one in found.result["invoices"]]


@pytest.mark.parametrize("kind", ["", "lost_answer", "twice"])
async def test_a_bill_is_posted_once_whatever_happens(acme: Acme, kind: str) -> None:
    """One entry with its key; its own sender reads it back, and nobody else."""
    if kind:
        await acme.fault(kind=kind, method="POST")
    outcome = await post(acme, SAM, SAMS)
    assert ("succeeded", {"bill_id": "VI-1001", "invoice_number": "INV-2207"}) == (outcome.state, outcome.result)
    assert [("vendor_invoice", "A-1")] == [(e["kind"], e["key"]) for e in await acme.ledger()]
    assert "2400.00 USD" == (await look_up(acme, "get_vendor_invoice", SAM, bill_id="VI-1001")).result["amount"]
    for caller, number in ((KIM, "VI-1001"), (SAM, "VI-9")):
        assert "not_found" == (await look_up(acme, "get_vendor_invoice", caller, bill_id=number)).reason


@pytest.mark.parametrize(
    "caller, changes, reason, code",
    [
        (NOBODY, {}, "not_found", ""),
        (SAM, {"vendor_id": "V-201"}, "not_found", ""),
        (SAM, {"purchase_order": "PO-3001"}, "not_found", "order_not_found"),
        (SAM, {"amount": "2400.01 USD"}, "rejected", "amount_mismatch"),
    ],
)
async def test_what_is_not_theirs_or_not_ordered_is_not_posted(
    acme: Acme, caller: Caller, changes: dict[str, Any], reason: str, code: str
) -> None:
    """Whatever was shown and agreed to before."""
    outcome = await post(acme, caller, {**SAMS, **changes})
    assert ("failed", reason) == (outcome.state, outcome.reason)
    assert outcome.code in {"", code}
    assert [] == await acme.ledger()


async def test_the_same_bill_is_not_posted_again(acme: Acme) -> None:
    """Another key is no way round it."""
    await post(acme, KIM, BILL)
    assert "duplicate_invoice" == (await post(acme, KIM, {**BILL, "invoice_number": "INV2207"}, key="A-2")).code
    assert 1 == len(await acme.ledger())
