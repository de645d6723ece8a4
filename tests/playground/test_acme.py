"""Acme's billing API keeps its word about tokens, dates, filters, pages and limits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from playground.app import standalone
from tests.playground.conftest import ACME, get, options_for, serving

V1 = "/playground/acme/v1"
EXACT = {
    "invoice_id", "customer_id", "status", "amount", "currency", "issued_on", "due_date", "paid_on", "refunded_on",
}  # fmt: skip


def days_ago(days: int) -> str:
    """Give the date some days before today."""
    return (datetime.now(UTC).date() - timedelta(days=days)).isoformat()


async def test_an_invoice_has_exactly_the_agreed_fields(client: aiohttp.ClientSession) -> None:
    """Invoice 18492 is paid, 49.00 USD, five days old, and due after two weeks."""
    invoice = await get(client, f"{V1}/invoices/18492", headers=ACME)
    assert set(invoice) == EXACT
    assert ("paid", "49.00", "USD", "C-1001") == tuple(
        invoice[n] for n in ("status", "amount", "currency", "customer_id")
    )
    assert (days_ago(5), days_ago(5)) == (invoice["issued_on"], invoice["paid_on"])
    assert date.fromisoformat(invoice["issued_on"]) + timedelta(days=14) == date.fromisoformat(invoice["due_date"])


@pytest.mark.parametrize(
    "number,status,amount,age",
    [("18493", "open", "120.00", None), ("18401", "paid", "49.00", 200), ("20001", "paid", "900.00", 3)],
)
async def test_the_demo_invoices(
    client: aiohttp.ClientSession, number: str, status: str, amount: str, age: int | None
) -> None:
    """The invoices that the documentation names are as it says."""
    invoice = await get(client, f"{V1}/invoices/{number}", headers=ACME)
    assert (status, amount) == (invoice["status"], invoice["amount"])
    assert invoice["paid_on"] == (days_ago(age) if age else None)


async def test_a_customer_is_found_by_exact_phone_and_email(client: aiohttp.ClientSession) -> None:
    """A look-up takes the whole address; a part of one finds nobody."""
    by_phone = await get(client, f"{V1}/customers", params={"phone": "+15550101001"}, headers=ACME)
    by_email = await get(client, f"{V1}/customers", params={"email": "Lee@example.com"}, headers=ACME)
    by_part = await get(client, f"{V1}/customers", params={"phone": "+1555010100"}, headers=ACME)
    assert ["C-1001"] == [c["customer_id"] for c in by_phone["customers"]]
    assert ["C-1002"] == [c["customer_id"] for c in by_email["customers"]]
    assert [] == by_part["customers"]


async def test_a_customer_and_a_subscription(client: aiohttp.ClientSession) -> None:
    """A customer has a plan and a count of refunds; the subscription renews in the future."""
    customer = await get(client, f"{V1}/customers/C-1001", headers=ACME)
    subscription = await get(client, f"{V1}/customers/C-1001/subscription", headers=ACME)
    assert ("pro", 0, "kim@example.com") == (customer["plan"], customer["refunds_last_12_months"], customer["email"])
    assert ("pro", "active") == (subscription["plan"], subscription["status"])
    assert subscription["renews_on"] > days_ago(0)


async def test_invoices_come_in_pages_newest_first(client: aiohttp.ClientSession) -> None:
    """The cursor leads through all invoices once, in order of their date."""
    seen: list[dict[str, str]] = []
    cursor: str | None = "0"
    while cursor is not None:
        params = {"limit": "3", "cursor": cursor}
        page = await get(client, f"{V1}/customers/C-1001/invoices", params=params, headers=ACME)
        assert len(page["invoices"]) <= 3
        seen, cursor = seen + page["invoices"], page["next_cursor"]
    dates = [invoice["issued_on"] for invoice in seen]
    assert len(seen) == len({invoice["invoice_id"] for invoice in seen}) == 10
    assert sorted(dates, reverse=True) == dates


async def test_invoices_are_filtered_by_status(client: aiohttp.ClientSession) -> None:
    """`status=open` gives the one open invoice."""
    page = await get(client, f"{V1}/customers/C-1001/invoices", params={"status": "open"}, headers=ACME)
    assert ["18493"] == [invoice["invoice_id"] for invoice in page["invoices"]]


@pytest.mark.parametrize(
    "path,status,code",
    [
        ("/invoices/1", 404, "invoice_not_found"),
        ("/customers/C-9", 404, "customer_not_found"),
        ("/refunds/RF-1", 404, "refund_not_found"),
        ("/refunds/%F0%9F%92%A3", 404, "refund_not_found"),
        ("/customers/C-1001/invoices?limit=0", 400, "bad_request"),
        ("/customers/C-1001/invoices?cursor=x", 400, "bad_request"),
        ("/customers/C-1001/invoices?status=late", 400, "bad_request"),
    ],
)
async def test_errors_have_one_shape(client: aiohttp.ClientSession, path: str, status: int, code: str) -> None:
    """Every error is `{"error": {"code", "message"}}` with a fitting status."""
    async with client.get(V1 + path, headers=ACME) as response:
        assert (status, code) == (response.status, (await response.json())["error"]["code"])


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic acme-token"}])
async def test_without_the_token_nothing_is_answered(client: aiohttp.ClientSession, header: dict[str, str]) -> None:
    """A missing or wrong token is 401."""
    async with client.get(f"{V1}/invoices/18492", headers=header) as response:
        assert 401 == response.status


async def test_too_many_requests_are_told_to_wait(tmp_path: Path) -> None:
    """Beyond its rate Acme answers 429 with Retry-After."""
    options = options_for(tmp_path, "http://127.0.0.1:9", rate=1)
    async with serving(standalone(options)) as url, aiohttp.ClientSession(url, headers=ACME) as client:
        answers = []
        for _ in range(3):
            async with client.get(f"{V1}/invoices/18492") as response:
                answers.append((response.status, response.headers.get("Retry-After")))
    assert [(200, None), (200, None), (429, "1")] == answers
