"""Acme's billing: customers, invoices, refunds. Speaks to its API only through the context."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self
from urllib.parse import quote

from pydantic import BeforeValidator, Field, model_validator

from state.identity import Assurance
from tools import acme, acme_asked, failures
from tools.base import Context, FromSession, tool
from tools.fields import Amount, Record

MAX_PAGES = 25
SEVERAL = "several"
"""The directory's word for an address that more than one customer has."""
PAGE = 8  # few, so that the first are there soon, whatever becomes of the rest
READ = "billing:read"
REFUND = "billing:refund"


def _bare(value: object) -> object:
    """Read an invoice number as people write it: `#18492`, ` 18492 `."""
    return value.strip().lstrip("#").strip() if isinstance(value, str) else value


CustomerId = Annotated[str, FromSession("customer_id")]
InvoiceId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$", description="The invoice's number, such as 18492"),
    BeforeValidator(_bare),
]
Status = Literal["paid", "open", "refunded", "void"]
RefundReason = Literal["duplicate", "not_as_described", "not_used", "other"]


class OwnAccount(Record):
    """Nothing to choose: the account of the person who asks."""

    customer_id: CustomerId


class Customer(Record):
    """The customer's own record."""

    customer_id: str
    name: str
    email: str | None
    phone: str | None
    plan: str
    customer_since: date
    refunds_last_12_months: int


@tool(kind="lookup", scopes=(READ,), cache_s=60)
async def get_customer(arguments: OwnAccount, context: Context) -> Customer:
    """Look up the customer's own account: name, contact details, plan, refunds in the last 12 months."""
    data = await context.get(acme.NAME, f"/v1/customers/{quote(arguments.customer_id, safe='')}")
    found = acme.Customer.model_validate(data)
    return Customer(
        customer_id=found.customer_id,
        name=found.name,
        email=found.email,
        phone=found.phone,
        plan=found.plan,
        customer_since=found.created_on,
        refunds_last_12_months=found.refunds_last_12_months,
    )


class InvoiceSearch(Record):
    """Which of the customer's invoices to list."""

    customer_id: CustomerId
    invoice_id: InvoiceId | None = None
    status: Annotated[Status | None, Field(description="Only invoices with this status")] = None
    since: Annotated[date | None, Field(description="Only invoices issued on this day or later")] = None


class InvoiceLine(Record):
    """One invoice of a list."""

    invoice_id: str
    status: str
    amount: str
    issued_on: date
    paid_on: date | None
    due_date: date
    refunded_on: date | None


class Invoices(Record):
    """The invoices found, newest first; `complete` is false when there are more than these.

    `rest`: whether those that are missing are too many, or could not be fetched just now.
    """

    invoices: list[InvoiceLine]
    complete: bool
    rest: Literal["none", "unavailable", "too_many"]


@tool(kind="lookup", scopes=(READ,), cache_s=30)
async def search_invoices(arguments: InvoiceSearch, context: Context) -> Invoices:
    """List the customer's invoices with their dates, newest first; optionally by number, status or since a day."""
    if arguments.invoice_id is None:
        return await _all_invoices(arguments, context)
    return _answer(arguments, await _one_invoice(arguments, context))


def _answer(
    arguments: InvoiceSearch, found: list[acme.Invoice], rest: Literal["none", "unavailable", "too_many"] = "none"
) -> Invoices:
    wanted = [one for one in found if arguments.status in {None, one.status} and not _is_older(one, arguments.since)]
    return Invoices(invoices=[_line(one) for one in wanted], complete=rest == "none", rest=rest)


def _is_older(invoice: acme.Invoice, since: date | None) -> bool:
    return since is not None and invoice.issued_on < since


async def _all_invoices(arguments: InvoiceSearch, context: Context) -> Invoices:
    """Page by page until all are there, or those since the day asked for; what there is counts when a page fails."""
    path = f"/v1/customers/{quote(arguments.customer_id, safe='')}/invoices"
    params = {"limit": str(PAGE)} | ({"status": arguments.status} if arguments.status else {})
    found: list[acme.Invoice] = []
    for _ in range(MAX_PAGES):
        try:
            page = acme.Page.model_validate(await context.get(acme.NAME, path, params))
        except failures.Unavailable as error:
            if not found:
                raise
            raise failures.Partial(error, result=_answer(arguments, found, "unavailable")) from error
        found.extend(one for one in page.invoices if one.customer_id == arguments.customer_id)
        if page.next_cursor is None or (page.invoices and _is_older(page.invoices[-1], arguments.since)):
            return _answer(arguments, found)
        params["cursor"] = page.next_cursor
    return _answer(arguments, found, "too_many")


async def _one_invoice(arguments: InvoiceSearch, context: Context) -> list[acme.Invoice]:
    try:
        return [await _owned(arguments.invoice_id or "", arguments.customer_id, context)]
    except failures.NotFound:
        return []


def _line(found: acme.Invoice) -> InvoiceLine:
    return InvoiceLine(
        invoice_id=found.invoice_id,
        status=found.status,
        amount=found.price,
        issued_on=found.issued_on,
        paid_on=found.paid_on,
        due_date=found.due_date,
        refunded_on=found.refunded_on,
    )


class OneInvoice(Record):
    """One of the customer's invoices."""

    customer_id: CustomerId
    invoice_id: InvoiceId


class Invoice(Record):
    """An invoice in short."""

    invoice_id: str
    status: str
    amount: str
    due_date: date


@tool(kind="lookup", scopes=(READ,), cache_s=30)
async def get_invoice(arguments: OneInvoice, context: Context) -> Invoice:
    """Look up one of the customer's invoices by its number: status, amount and due date."""
    found = await _owned(arguments.invoice_id, arguments.customer_id, context)
    return Invoice(invoice_id=found.invoice_id, status=found.status, amount=found.price, due_date=found.due_date)


async def _owned(invoice_id: str, customer_id: str, context: Context) -> acme.Invoice:
    """An invoice of this customer; another customer's is as missing as one that never was."""
    missing = f"There is no invoice {invoice_id} on this account."
    try:
        data = await context.get(acme.NAME, f"/v1/invoices/{quote(invoice_id, safe='')}")
    except failures.NotFound as error:
        raise failures.NotFound(missing) from error
    found = acme.Invoice.model_validate(data)
    if found.customer_id != customer_id:
        raise failures.NotFound(missing)
    return found


class RefundRequest(Record):
    """The exact terms of a refund."""

    customer_id: CustomerId
    invoice_id: InvoiceId
    amount: Amount
    refund_reason: Annotated[RefundReason, Field(description="Why the customer wants the money back")]


class RefundReceipt(Record):
    """A refund that was requested."""

    refund_id: str
    status: str
    amount: str


async def _find_request(arguments: RefundRequest, context: Context) -> RefundReceipt | None:
    """Read a refund back by its key."""
    found = await acme_asked.written(context, "refunds", acme.Refund, customer_id=arguments.customer_id)
    return _receipt(found) if found else None


@tool(kind="transact", effect="keyed", probe=_find_request, scopes=(REFUND,))
async def create_refund_request(arguments: RefundRequest, context: Context) -> RefundReceipt:
    """Request the refund of one of the customer's paid invoices."""
    amount, _, currency = arguments.amount.partition(" ")
    body = {
        "invoice_id": arguments.invoice_id,
        "customer_id": arguments.customer_id,
        "amount": amount,
        "currency": currency,
        "reason": arguments.refund_reason,
    }
    return _receipt(acme.Refund.model_validate(await context.post(acme.NAME, "/v1/refunds", body)))


class Refund(Record):
    """A refund as it stands."""

    refund_id: str
    invoice_id: str
    status: str
    amount: str
    requested_on: date


@tool(kind="lookup", scopes=(READ,))
async def get_refund(arguments: OneInvoice, context: Context) -> Refund:
    """Look up the refund of one of the customer's invoices: its number, status and amount."""
    own = [
        one
        for one in await _refunds({"invoice_id": arguments.invoice_id}, context)
        if one.customer_id == arguments.customer_id and one.invoice_id == arguments.invoice_id
    ]
    if not own:
        raise failures.NotFound(f"There is no refund of invoice {arguments.invoice_id} on this account.")
    newest = max(own, key=lambda one: one.created_at)
    return Refund(
        refund_id=newest.refund_id,
        invoice_id=newest.invoice_id,
        status=newest.status,
        amount=f"{newest.amount} {newest.currency}",
        requested_on=newest.created_at.date(),
    )


async def _refunds(params: dict[str, str], context: Context) -> list[acme.Refund]:
    data = await context.get(acme.NAME, "/v1/refunds", params)
    return [acme.Refund.model_validate(one) for one in acme.listed(data, "refunds")]


def _receipt(found: acme.Refund) -> RefundReceipt:
    return RefundReceipt(refund_id=found.refund_id, status=found.status, amount=f"{found.amount} {found.currency}")


class ContactAddress(Record):
    """One address that its channel authenticated: a phone number in E.164 form, or an e-mail address."""

    phone: Annotated[str | None, Field(pattern=r"^\+[0-9]{6,15}$")] = None
    email: Annotated[str | None, Field(min_length=3, max_length=254)] = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.phone is None) == (self.email is None):
            raise ValueError("give a phone number or an e-mail address, not both")
        return self


class DirectoryEntry(Record):
    """Whose address it is, by the directory of record."""

    customer_id: str
    name: str
    email: str | None
    phone: str | None


@tool(kind="lookup", internal=True, assurance=Assurance.CLAIMED)
async def find_customer(arguments: ContactAddress, context: Context) -> DirectoryEntry:
    """Find the one customer whose phone number or e-mail address this is; that it is several's is an answer too."""
    params = {"phone": arguments.phone} if arguments.phone else {"email": arguments.email or ""}
    data = await context.get(acme.NAME, "/v1/customers", params)
    found = [acme.Customer.model_validate(one) for one in acme.listed(data, "customers")]
    same = [one for one in found if _same(one.phone, arguments.phone) or _same(one.email, arguments.email)]
    if not same:
        raise failures.NotFound("No customer has this address.")
    if len(same) > 1:
        raise failures.Declined("More than one customer has this address.", code=SEVERAL)
    one = same[0]
    return DirectoryEntry(customer_id=one.customer_id, name=one.name, email=one.email, phone=one.phone)


def _same(known: str | None, asked: str | None) -> bool:
    return known is not None and asked is not None and known.casefold() == asked.strip().casefold()


TOOLS = [
    get_invoice,
    search_invoices,
    get_customer,
    get_refund,
    create_refund_request,
    find_customer,
]
