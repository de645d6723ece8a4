"""A refund takes effect once for its key, and the ledger counts it."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.playground.conftest import ACME, Json, Value, get, post

REFUNDS = "/playground/acme/v1/refunds"
LEDGER = "/playground/acme/ledger"
GOOD = {
    "invoice_id": "18492",
    "customer_id": "C-1001",
    "amount": "49.00",
    "currency": "USD",
    "reason": "charged twice",
}


async def refund(client: aiohttp.ClientSession, key: str | None, **changes: Value) -> tuple[int, Value]:
    """Ask for a refund."""
    headers = {**ACME, **({"Idempotency-Key": key} if key is not None else {})}
    return await post(client, REFUNDS, json={**GOOD, **changes}, headers=headers)


async def test_a_refund_is_applied_and_can_be_read_back(client: aiohttp.ClientSession) -> None:
    """It has a number, is found by number, invoice and key, and changes the invoice and the customer's count."""
    status, made = await refund(client, "key-1", note="as agreed")
    assert (201, "RF-1001", "requested", "as agreed") == (status, made["refund_id"], made["status"], made["note"])
    assert made == await get(client, f"{REFUNDS}/RF-1001", headers=ACME)
    for query in ({"invoice_id": "18492"}, {"key": "key-1"}, {"customer_id": "C-1001"}):
        assert [made] == (await get(client, REFUNDS, params=query, headers=ACME))["refunds"]
    assert [] == (await get(client, REFUNDS, params={"key": "key-2"}, headers=ACME))["refunds"]
    invoice = await get(client, "/playground/acme/v1/invoices/18492", headers=ACME)
    customer = await get(client, "/playground/acme/v1/customers/C-1001", headers=ACME)
    assert ("refunded", 1) == (invoice["status"], customer["refunds_last_12_months"])
    assert invoice["refunded_on"] is not None


async def test_the_same_key_gives_the_same_answer_and_one_effect(client: aiohttp.ClientSession) -> None:
    """Ten requests at once with one key are one refund, one ledger row and ten equal answers."""
    answers = await asyncio.gather(*(refund(client, "key-1") for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    ledger = await get(client, LEDGER)
    assert [("refund", "C-1001", "key-1", 1)] == [(e["kind"], e["customer"], e["key"], e["n"]) for e in ledger]
    assert answers[0][1] == ledger[0]["body"]


async def test_the_same_key_with_another_body_is_refused(client: aiohttp.ClientSession) -> None:
    """A key belongs to one request."""
    await refund(client, "key-1")
    status, answer = await refund(client, "key-1", reason="another reason")
    assert (409, "idempotency_key_reused") == (status, answer["error"]["code"])


async def test_another_key_cannot_refund_again(client: aiohttp.ClientSession) -> None:
    """A refunded invoice is refused with the number of its refund."""
    await refund(client, "key-1")
    status, answer = await refund(client, "key-2")
    assert (409, "already_refunded", "RF-1001") == (status, answer["error"]["code"], answer["error"]["refund_id"])
    assert 1 == len(await get(client, LEDGER))


@pytest.mark.parametrize(
    "changes,status,code",
    [
        ({"amount": "48.00"}, 422, "amount_mismatch"),
        ({"amount": 49}, 422, "invalid_field"),
        ({"currency": "EUR"}, 422, "currency_mismatch"),
        ({"reason": " "}, 422, "invalid_field"),
        ({"note": 1}, 422, "invalid_field"),
        ({"invoice_id": "1"}, 404, "invoice_not_found"),
        ({"customer_id": "C-1002"}, 404, "invoice_not_found"),
        ({"invoice_id": "18493", "amount": "120.00"}, 409, "invoice_not_paid"),
        ({"invoice_id": "18310", "amount": "29.00"}, 409, "already_refunded"),
    ],
)
async def test_a_wrong_request_changes_nothing(
    client: aiohttp.ClientSession, changes: Json, status: int, code: str
) -> None:
    """Each mistake has its own code, and its key stays free."""
    got, answer = await refund(client, "key-1", **changes)
    assert (status, code) == (got, answer["error"]["code"])
    assert [] == await get(client, LEDGER)
    assert 201 == (await refund(client, "key-1"))[0]


@pytest.mark.parametrize("key", [None, "", "x" * 256])
async def test_without_a_usable_key_nothing_is_refunded(client: aiohttp.ClientSession, key: str | None) -> None:
    """A key of 1 to 255 characters is needed."""
    status, answer = await refund(client, key)
    assert (400, "idempotency_key_required") == (status, answer["error"]["code"])


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
async def test_a_body_that_is_no_object_is_a_clear_error(client: aiohttp.ClientSession, body: bytes) -> None:
    """Junk is 400, never 500."""
    status, answer = await post(client, REFUNDS, data=body, headers={**ACME, "Idempotency-Key": "k"})
    assert (400, "bad_request") == (status, answer["error"]["code"])


async def test_the_ledger_is_filtered_by_customer_and_reset(client: aiohttp.ClientSession) -> None:
    """Each customer's effects can be counted; a reset starts at number one again."""
    await refund(client, "key-1")
    lees = {"invoice_id": "20001", "customer_id": "C-1002", "amount": "900.00"}
    await refund(client, "key-2", **lees)
    assert ["key-2"] == [entry["key"] for entry in await get(client, f"{LEDGER}?customer=C-1002")]
    await post(client, "/playground/reset")
    assert [] == await get(client, LEDGER)
    assert "RF-1001" == (await refund(client, "key-3"))[1]["refund_id"]
