"""Acme's disputes: which there are, one of an invoice, and opening one. Speaks to its API only through the context."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from tools import acme, acme_asked, failures
from tools.base import Context, tool
from tools.fields import Record
from tools.packs.billing import READ, CustomerId, InvoiceId, OneInvoice

DISPUTE = "billing:dispute"
PAGE = 100
DisputeReason = Literal[
    "duplicate_charge", "wrong_amount", "not_authorised", "service_not_received", "cancelled_before"
]


class DisputeSearch(Record):
    """Which of the customer's disputes to list."""

    customer_id: CustomerId
    invoice_id: InvoiceId | None = None


class Dispute(Record):
    """A dispute as it stands."""

    dispute_id: str
    invoice_id: str
    amount: str
    dispute_reason: str
    status: str
    opened_on: date


class Disputes(Record):
    """The customer's disputes, newest first."""

    disputes: list[Dispute]


@tool(kind="lookup", scopes=(READ,), cache_s=30)
async def search_disputes(arguments: DisputeSearch, context: Context) -> Disputes:
    """List the customer's disputes of invoices, newest first; optionally those of one invoice only."""
    params = {"customer_id": arguments.customer_id, "limit": str(PAGE)}
    if arguments.invoice_id is not None:
        params["invoice_id"] = arguments.invoice_id
    found = await _disputes(params, arguments.customer_id, context)
    return Disputes(disputes=[_shown(one) for one in sorted(found, key=lambda one: one.created_at, reverse=True)])


@tool(kind="lookup", scopes=(READ,))
async def get_dispute(arguments: OneInvoice, context: Context) -> Dispute:
    """Look up the dispute of one of the customer's invoices: its number, status and reason."""
    params = {"customer_id": arguments.customer_id, "invoice_id": arguments.invoice_id}
    found = await _disputes(params, arguments.customer_id, context)
    own = [one for one in found if one.invoice_id == arguments.invoice_id]
    if not own:
        raise failures.NotFound(f"There is no dispute of invoice {arguments.invoice_id} on this account.")
    return _shown(max(own, key=lambda one: one.created_at))


class DisputeRequest(Record):
    """What is disputed, and why."""

    customer_id: CustomerId
    invoice_id: InvoiceId
    dispute_reason: Annotated[DisputeReason, Field(description="What the customer says is wrong with the invoice")]


async def _find_dispute(arguments: DisputeRequest, context: Context) -> Dispute | None:
    """Read a dispute back by its key."""
    found = await acme_asked.written(context, "disputes", acme.Dispute, customer_id=arguments.customer_id)
    return _shown(found) if found else None


@tool(kind="transact", effect="keyed", probe=_find_dispute, scopes=(DISPUTE,))
async def create_dispute(arguments: DisputeRequest, context: Context) -> Dispute:
    """Dispute one of the customer's invoices."""
    body = {
        "customer_id": arguments.customer_id,
        "invoice_id": arguments.invoice_id,
        "reason": arguments.dispute_reason,
    }
    return _shown(acme.Dispute.model_validate(await context.post(acme.NAME, "/v1/disputes", body)))


async def _disputes(params: dict[str, str], customer_id: str, context: Context) -> list[acme.Dispute]:
    data = await context.get(acme.NAME, "/v1/disputes", params)
    found = [acme.Dispute.model_validate(one) for one in acme.listed(data, "disputes")]
    return [one for one in found if one.customer_id == customer_id]


def _shown(found: acme.Dispute) -> Dispute:
    return Dispute(
        dispute_id=found.dispute_id,
        invoice_id=found.invoice_id,
        amount=f"{found.amount} {found.currency}",
        dispute_reason=found.reason,
        status=found.status,
        opened_on=found.created_at.date(),
    )


TOOLS = [search_disputes, get_dispute, create_dispute]
