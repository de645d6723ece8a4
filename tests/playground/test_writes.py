"""Disputes, addresses and changes of plan: each takes effect once for its key, and shows where it is looked for."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.playground.conftest import ACME, Json, Value, get, post

V1 = "/playground/acme/v1"
DISPUTE = {"customer_id": "C-1001", "invoice_id": "18493", "reason": "wrong_amount"}
ADDRESS = {"customer_id": "C-1001", "street": "12 Elm Street", "city": "Boston", "region": "MA"} | {
    "postal_code": "02110",
    "country": "US",
}
PLAN: Json = {"customer_id": "C-1001", "plan": "pro", "seats": 7, "effective": "now"} | {
    "amount": "67.00",
    "currency": "USD",
}
TASK: Json = {"customer_id": "C-1001", "item": "webhook", "due_on": "2099-01-31"}
INVITE: Json = {"customer_id": "C-1001", "email": "jo@initech.example", "user_role": "member"}
KINDS = {
    "dispute": ("disputes", DISPUTE, "DP-1001", "dispute_id"),
    "address": ("addresses", ADDRESS, "AD-1001", "address_id"),
    "plan": ("subscription_changes", PLAN, "SC-1001", "change_id"),
    "task": ("onboarding_tasks", TASK, "TK-1001", "task_id"),
    "invite": ("invites", INVITE, "IV-1001", "invite_id"),
}
WRONG: list[tuple[str, Json, int, str]] = [
    ("dispute", {"invoice_id": "20001"}, 404, "invoice_not_found"),
    ("dispute", {"invoice_id": "18297"}, 409, "invoice_not_disputable"),
    ("dispute", {"reason": "I am cross"}, 422, "invalid_field"),
    ("address", {"country": "Germany"}, 422, "invalid_field"),
    ("address", {"street": " "}, 422, "invalid_field"),
    ("address", {"region": 7}, 422, "invalid_field"),
    ("address", {"customer_id": "C-9"}, 404, "customer_not_found"),
    ("plan", {"plan": "gold"}, 422, "invalid_field"),
    ("plan", {"seats": "7"}, 422, "invalid_field"),
    ("plan", {"seats": 0}, 422, "invalid_field"),
    ("plan", {"seats": 51}, 422, "too_many_seats"),
    ("plan", {"amount": "66.00"}, 422, "amount_mismatch"),
    ("plan", {"effective": "yesterday"}, 422, "invalid_field"),
    ("plan", {"seats": 5, "amount": "49.00"}, 409, "plan_unchanged"),
    ("plan", {"customer_id": "C-9"}, 404, "customer_not_found"),
    ("task", {"item": "a party"}, 422, "invalid_field"),
    ("task", {"due_on": "soon"}, 422, "invalid_field"),
    ("task", {"due_on": "2020-01-01"}, 422, "invalid_field"),
    ("task", {"customer_id": "C-9"}, 404, "customer_not_found"),
    ("invite", {"email": "jo at initech"}, 422, "invalid_field"),
    ("invite", {"user_role": "king"}, 422, "invalid_field"),
    ("invite", {"email": "Kim@example.com"}, 409, "already_member"),
]


async def write(client: aiohttp.ClientSession, kind: str, key: str, **changes: Value) -> tuple[int, Value]:
    """Ask for one write of a kind."""
    path, body, _, _ = KINDS[kind]
    return await post(client, f"{V1}/{path}", json={**body, **changes}, headers={**ACME, "Idempotency-Key": key})


@pytest.mark.parametrize("kind", KINDS)
async def test_a_write_takes_effect_once_and_is_read_back(client: aiohttp.ClientSession, kind: str) -> None:
    """Five requests with one key are one effect; it is found by number, key and customer; another body is refused."""
    path, body, number, name = KINDS[kind]
    answers = await asyncio.gather(*(write(client, kind, "key-1") for _ in range(5)))
    status, made = answers[0]
    assert (201, number) == (status, made[name])
    assert all(answer == answers[0] for answer in answers)
    assert body.items() <= made.items()
    assert made == await get(client, f"{V1}/{path}/{number}", headers=ACME)
    for query in ({"key": "key-1"}, {"customer_id": "C-1001"}):
        assert [made] == (await get(client, f"{V1}/{path}", params=query, headers=ACME))[path]
    assert [] == (await get(client, f"{V1}/{path}", params={"customer_id": "C-1002"}, headers=ACME))[path]
    assert [(kind, made)] == [(e["kind"], e["body"]) for e in await get(client, "/playground/acme/ledger")]
    assert "idempotency_key_reused" == (await write(client, kind, "key-1", note="more"))[1]["error"]["code"]


@pytest.mark.parametrize("kind, changes, status, code", WRONG)
async def test_a_wrong_request_changes_nothing(
    client: aiohttp.ClientSession, kind: str, changes: Json, status: int, code: str
) -> None:
    """Each mistake has its own code, and its key stays free."""
    got, answer = await write(client, kind, "key-1", **changes)
    assert (status, code) == (got, answer["error"]["code"])
    assert [] == await get(client, "/playground/acme/ledger")
    assert 201 == (await write(client, kind, "key-1"))[0]


async def test_an_invoice_is_disputed_once(client: aiohttp.ClientSession) -> None:
    """Another key is told the number of the dispute that there is; a refunded invoice is not disputed."""
    await write(client, "dispute", "key-1")
    error = (await write(client, "dispute", "key-2"))[1]["error"]
    assert ("already_disputed", "DP-1001") == (error["code"], error["dispute_id"])


async def test_a_new_address_is_the_customers(client: aiohttp.ClientSession) -> None:
    """It is on file afterwards, and the same once more is refused."""
    before = (await get(client, f"{V1}/customers/C-1001", headers=ACME))["billing_address"]
    assert {"street": "12 Orchard Street", "city": "Albany", "country": "US"}.items() <= before.items()
    await write(client, "address", "key-1")
    after = (await get(client, f"{V1}/customers/C-1001", headers=ACME))["billing_address"]
    assert {name: ADDRESS[name] for name in after} == after
    assert "address_unchanged" == (await write(client, "address", "key-2"))[1]["error"]["code"]


async def test_a_change_of_plan_holds_at_once_or_from_the_renewal_on(client: aiohttp.ClientSession) -> None:
    """Now: the subscription is as agreed. At renewal: it stays, and what is to come stands beside it, once."""
    assert ["starter", "pro", "enterprise"] == [
        plan["plan"] for plan in (await get(client, f"{V1}/plans", headers=ACME))["plans"]
    ]
    path = f"{V1}/customers/C-1001/subscription"
    await write(client, "plan", "key-1")
    now = await get(client, path, headers=ACME)
    assert ("pro", 7, "67.00", None) == (now["plan"], now["seats"], now["amount"], now["scheduled_change"])
    less = {"plan": "starter", "seats": 2, "amount": "19.00", "effective": "renewal"}
    assert 201 == (await write(client, "plan", "key-2", **less))[0]
    then = await get(client, path, headers=ACME)
    assert ("pro", "starter", then["renews_on"]) == (
        then["plan"],
        then["scheduled_change"]["plan"],
        then["scheduled_change"]["effective_on"],
    )
    assert "change_scheduled" == (await write(client, "plan", "key-3", seats=8, amount="76.00"))[1]["error"]["code"]
