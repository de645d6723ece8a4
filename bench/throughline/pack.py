"""The benchmark's tool: a local invoice lookup that calls nothing, as every peer has it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from state.identity import Assurance
from tools.base import Context, tool


class GetInvoice(BaseModel):
    """Which invoice."""

    model_config = ConfigDict(extra="forbid")
    invoice_id: str = Field(description="The invoice id")


class Invoice(BaseModel):
    """What is known of it."""

    model_config = ConfigDict(extra="forbid")
    invoice_id: str
    status: str
    amount: str
    currency: str
    paid_on: str


@tool(kind="lookup", assurance=Assurance.CHANNEL)
async def get_invoice(arguments: GetInvoice, context: Context) -> Invoice:  # noqa: ARG001 - every tool has both
    """Look up one invoice of the customer by its id."""
    return Invoice(invoice_id=arguments.invoice_id, status="paid", amount="42.00", currency="EUR", paid_on="2026-03-03")


TOOLS = [get_invoice]
