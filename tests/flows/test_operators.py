"""Operators call tools for customers: each write once per key, in the customer's own log, without a word to them."""

from __future__ import annotations

import asyncio
from typing import Any

from state.reducers import KEEP_ACTIONS
from tests.flows.desk import Desk
from tests.harness.outside import KIM
from tests.harness.stage import Stage

WHOM = "customer:" + KIM
REFUND: dict[str, Any] = {"invoice_id": "18492", "amount": "49.00 USD", "refund_reason": "other"}
WRITE = "create_refund_request"


async def test_a_write_is_done_once_per_key(stage: Stage) -> None:
    """The second call, and fifty at once, get the first result; another tool, user or other arguments do not."""
    web = await stage.web(customer=KIM)
    await web.ask("hello")
    calls = await asyncio.gather(*(stage.operators.call(WRITE, REFUND, user=WHOM, key="k1") for _ in range(50)))
    status, first = calls[0]
    assert (200, "succeeded") == (status, first["state"]), first
    assert all(one == calls[0] for one in calls)
    assert 1 == len(await stage.outside.ledger())
    assert first["action"] == (await stage.outside.ledger())[0]["key"]
    for tool, arguments, user in (
        (WRITE, {**REFUND, "refund_reason": "not_used"}, WHOM),
        (WRITE, REFUND, None),
        ("get_invoice", {"invoice_id": "18492"}, WHOM),
    ):
        status, refused = await stage.operators.call(tool, arguments, user=user, key="k1")
        assert (409, "key_used") == (status, refused["error"]["code"])
    assert 1 == len(web.said_by_bot())


async def test_lookups_run_at_once(stage: Stage) -> None:
    """They need no key; with one, the first answer stands; what a tool of a customer needs, nobody has not."""
    web = await stage.web(customer=KIM)
    await web.ask("hello")
    status, found = await stage.operators.call("get_invoice", {"invoice_id": "18492"}, user=WHOM)
    assert (200, None, "paid") == (status, found["action"], found["result"]["status"])
    before = await stage.operators.call("get_invoice", {"invoice_id": "18492"}, user=WHOM, key="r1")
    await stage.operators.call(WRITE, REFUND, user=WHOM, key="k1")
    assert before == await stage.operators.call("get_invoice", {"invoice_id": "18492"}, user=WHOM, key="r1")
    _, after = await stage.operators.call("get_invoice", {"invoice_id": "18492"}, user=WHOM)
    assert "refunded" == after["result"]["status"]
    status, refused = await stage.operators.call("get_invoice", {"invoice_id": "18492"})
    assert (422, "customer", "failed") == (status, refused["error"]["code"], refused["state"])
    status, refused = await stage.operators.call("get_invoice", {"invoice_id": "20001"}, user=WHOM)
    assert (422, "not_found") == (status, refused["error"]["code"])
    status, refused = await stage.operators.call("get_invoice", {"invoice_id": "1", "customer_id": "C-1002"}, user=WHOM)
    assert (422, "invalid") == (status, refused["error"]["code"])


async def test_many_writes_leave_a_small_state(desk: Desk) -> None:
    """One after the other, for one user: each once, and the folded state forgets those that are over."""
    web = await desk.stage.web(customer=KIM)
    await web.ask("hello")
    for number in range(20):
        arguments = {**REFUND, "invoice_id": "18492" if number == 7 else "18493"}
        status, told = await desk.stage.operators.call(WRITE, arguments, user=WHOM, key=f"n{number}")
        assert (200 if number == 7 else 422) == status, told
    session = await desk.stage.operators.session_of(WHOM)
    found = await desk.services.parts.store.session(session)
    assert found
    assert KEEP_ACTIONS >= len(found[1].actions)
    assert 1 == len(await desk.stage.outside.ledger())
    again = await desk.stage.operators.call(WRITE, {**REFUND, "invoice_id": "18492"}, user=WHOM, key="n7")
    assert (200, "RF-1001") == (again[0], again[1]["result"]["refund_id"])
