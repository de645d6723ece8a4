"""Operators call tools for customers: each write once per key, in the customer's own log, without a word to them."""

from __future__ import annotations

import asyncio
import io
from functools import partial
from typing import Any

import orjson
import pytest
from yarl import URL

from state.reducers import KEEP_ACTIONS
from tests.contract import stores
from tests.flows.desk import Desk
from tests.flows.told import EVERYWHERE, NOTICE, asked_for_consent, refunded
from tests.harness import workspace
from tests.harness.outside import KIM, KIMS_PHONE, LEE
from tests.harness.places import API_TOKEN, ROBIN, SAM
from tests.harness.stage import Stage

WHOM = "customer:" + KIM
REFUND: dict[str, Any] = {"invoice_id": "18492", "amount": "49.00 USD", "refund_reason": "other"}
WRITE = "create_refund_request"


@EVERYWHERE
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


@pytest.mark.parametrize("whom", ["whatsapp:+15550101001", "email:kim@example.com", "customer:C-1001"])
async def test_a_customer_on_file_need_not_have_written(whom: str, stage: Stage) -> None:
    """An operator names them by an address or their number; whoever comes from it later is the same person."""
    status, told = await stage.operators.call(WRITE, REFUND, user=whom, key="k1")
    assert (200, "succeeded") == (status, told["state"])
    assert ["C-1001"] == [row["customer"] for row in await stage.outside.ledger()]
    session = await stage.operators.session_of(whom)
    await stage.phone().ask("hello")
    assert session == await stage.operators.session_of(f"whatsapp:{KIMS_PHONE}")
    status, found = await stage.operators.call("get_invoice", {"invoice_id": "20001"}, user=whom)
    assert (422, "not_found") == (status, found["error"]["code"])


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


async def test_a_limit_of_the_tool_asks_staff(desk: Desk) -> None:
    """Above it the call waits for an approver; then it is done, the same key says so, the customer heard nothing."""
    call = desk.stage.operators.call
    web = await desk.stage.web(customer=LEE)
    await web.ask("hello")
    large = {**REFUND, "invoice_id": "20001", "amount": "900.00 USD"}
    status, told = await call(WRITE, large, user=f"customer:{LEE}", key="k1")
    assert (202, "awaiting_approval", f"/api/v1/actions/{told['action']}") == (status, told["state"], told["see"])
    assert [] == await desk.stage.outside.ledger()
    assert "role" == (await desk.decide("approve", who=ROBIN)).reason
    assert (await desk.decide("approve", who=SAM)).done
    await desk.stage.operators.at_rest()
    status, told = await call(WRITE, large, user=f"customer:{LEE}", key="k1")
    assert (200, "succeeded") == (status, told["state"])
    shown = await desk.stage.operators.get(f"/actions/{told['action']}")
    assert ("succeeded", "operator", SAM) == (shown["state"], shown["actor"], shown["approval"]["staff"])
    assert {"resolved"} == {ticket["status"] for ticket in await desk.stage.operators.tickets()}
    assert 1 == len(web.said_by_bot())


@pytest.mark.parametrize("how", ["denied", "expired"])
async def test_without_an_approval_nothing_is_done(desk: Desk, how: str) -> None:
    """A no, and nobody's word in time, are final under that key; the customer hears nothing of it."""
    call = desk.stage.operators.call
    web = await desk.stage.web(customer=LEE)
    await web.ask("hello")
    large = {**REFUND, "invoice_id": "20001", "amount": "900.00 USD"}
    await call(WRITE, large, user=f"customer:{LEE}", key="k1")
    if how == "denied":
        assert (await desk.decide("deny", who=SAM, text="not this one")).done
    else:
        await stores.execute(desk.services.parts.store, "UPDATE actions SET expires_at = 0")
        await desk.happened("ApprovalExpired")
    await desk.stage.operators.at_rest()
    code = {"denied": "declined"}.get(how, how)
    for _ in range(2):
        status, told = await call(WRITE, large, user=f"customer:{LEE}", key="k1")
        assert (422, code, code) == (status, told["state"], told["error"]["code"])
    assert [] == await desk.stage.outside.ledger()
    assert {"resolved"} == {ticket["status"] for ticket in await desk.stage.operators.tickets()}
    assert 1 == len(web.said_by_bot())


async def test_a_task_of_the_customers_own_goes_on(stage: Stage) -> None:
    """A call in the middle of a question neither answers it nor ends it: the same yes works after it."""
    web = await stage.web(customer=KIM)
    terms = await asked_for_consent(web)
    status, told = await stage.operators.call(WRITE, {**REFUND, "invoice_id": "18493"}, user=WHOM, key="k1")
    assert (422, "rejected") == (status, told["error"]["code"])
    said = len(web.said_by_bot())

    answer = await web.click(terms, "Yes")

    assert NOTICE in answer["text"]
    assert said + 1 == len(web.said_by_bot())
    assert ["18492"] == await refunded(stage)


async def test_staff_with_the_conversation_do_not_hold_it_up(desk: Desk) -> None:
    """A call is carried out while a person speaks with the customer, and leaves the conversation theirs."""
    web = await desk.stage.web(customer=KIM)
    await web.ask("I want to talk to a person")
    assert (await desk.act("take_over")).done
    status, told = await desk.stage.operators.call(WRITE, REFUND, user=WHOM, key="k1")
    assert (200, "succeeded") == (status, told["state"])
    session = await desk.stage.operators.session(await desk.stage.operators.session_of(WHOM))
    assert "staff" == session["mode"]
    assert [] == await desk.notes()


@pytest.mark.parametrize("tuning", [{"unknown_probe_s": [0.1, 0.8]}])
@pytest.mark.parametrize("happened", [True, False])
async def test_what_stays_unknown_is_for_staff(desk: Desk, *, happened: bool) -> None:
    """They get the evidence and settle it; the caller is told what they found, the customer nothing at all."""
    slack, outside = workspace.Workspace(outside=desk.stage.outside), desk.stage.outside
    web = await desk.stage.web(customer=KIM)
    await web.ask("hello")
    await outside.break_acme("error", "/v1/refunds*", times=1_000)
    calling = asyncio.create_task(desk.stage.operators.call(WRITE, REFUND, user=WHOM, key="k1"))
    await slack.press(
        await slack.card(with_button="happened"), "happened" if happened else "not_happened", workspace.ROBIN
    )
    status, told = await calling
    assert (status, told["state"]) == ((200, "succeeded") if happened else (422, "failed")), told
    await outside.mend()
    assert (status, told) == await desk.stage.operators.call(WRITE, REFUND, user=WHOM, key="k1")
    await desk.stage.operators.at_rest()
    assert {"resolved"} == {ticket["status"] for ticket in await desk.stage.operators.tickets()}
    assert 1 == len(web.said_by_bot())
    assert [] == await outside.ledger()


async def test_what_is_no_call_changes_nothing(desk: Desk) -> None:
    """Unknown tools and users, strange keys, versions and bodies: a short answer, and nothing on record."""
    await (await desk.stage.web(customer=KIM)).ask("hello")
    store = desk.services.parts.store
    before = await stores.rows(store, "SELECT COUNT(*) AS n FROM events")
    good: dict[str, Any] = {"user": WHOM, "arguments": REFUND, "reason": ""}
    call = partial(_posted, desk.stage)
    for tool in ("invented", "find_customer", "%00", "x" * 999):
        assert 404 == (await call(good, tool=tool))[0]
    assert (404, "unknown_tool") == await call(good, version="99")
    for version in ("x", "-1", "", "1" * 99):
        assert (400, "bad_version") == await call(good, version=version)
    for user in ("customer:C-9999", "x", ":", "operators:other", "web:%", "x\0"):
        assert (404, "unknown_user") == await call({**good, "user": user})
    for key in (None, "", "a b", "k" * 256, "k\u00e9", "k\tk"):
        assert (400, "key_missing" if key is None else "bad_key") == await call(good, key=key)
    for body in (b"", b"[]", b"null", b"{" * 60_000, b"\xff", {**good, "more": 1}, {**good, "arguments": []},
                 {**good, "user": 7}, {**good, "reason": "x" * 501}):  # fmt: skip
        assert (400, "bad_body") == await call(body)
    for large in ({**good, "arguments": {"x": "y" * 40_000}}, b" " * 1_000_000, io.BytesIO(b" " * 10_000_000)):
        assert (413, "too_large") == await call(large)
    assert before == await stores.rows(store, "SELECT COUNT(*) AS n FROM events")
    assert [] == await stores.rows(store, "SELECT tool FROM calls")
    assert 200 == (await call(good))[0]


async def _posted(
    stage: Stage, body: object, *, tool: str = WRITE, key: str | None = "k1", version: str | None = None
) -> tuple[int, str]:
    """One call by hand; answers its status and the error's code."""
    headers = {"Authorization": f"Bearer {API_TOKEN}", **({} if key is None else {"Idempotency-Key": key})}
    data = body if isinstance(body, bytes | io.BytesIO) else orjson.dumps(body)
    url = URL(f"{stage.place.url}/api/v1/tools/{tool}/call", encoded=True)
    query = {} if version is None else {"version": version}
    async with stage.http.post(url.update_query(query), data=data, headers=headers) as response:
        return response.status, (await response.json()).get("error", {}).get("code", "")


async def test_every_tool_is_listed(desk: Desk) -> None:
    """With what it takes and gives; for a user, also whether it may be called for them, and why not."""
    await (await desk.stage.web()).ask("hello")
    get = desk.stage.operators.get
    rows = {row["name"]: row for row in (await get("/tools"))["tools"]}
    assert {tool.name for tool in desk.services.parts.gateway.catalog if not tool.internal} == rows.keys()
    refund = rows[WRITE]
    assert ("transact", [1], "keyed", ["customer_id"]) == tuple(
        refund[name] for name in ("kind", "versions", "effect", "from_session")
    )
    assert "refund_id" in refund["result"]["properties"]
    (session,) = await desk.stage.operators.sessions()
    known = {row["name"]: row for row in (await get("/tools", user=session["user_id"]))["tools"]}
    assert (False, f"{WRITE} needs a known customer; this person is not") == (
        known[WRITE]["eligible"],
        known[WRITE]["why"],
    )
