"""Bills of Acme's vendors: found, held against the order, posted. Only a vendor's own addresses open what is theirs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated
from urllib.parse import quote

from pydantic import Field

from tools import acme, acme_asked, acme_payables, failures
from tools.base import Context, FromSession, tool
from tools.bills import plain_number
from tools.fields import Amount, Contact, Record

READ = "payables:read"
POST = "payables:post"

Senders = Annotated[list[str], FromSession("senders")]
"""The addresses of whoever asks that their channels have authenticated."""
VendorId = Annotated[str, Field(pattern=r"^V-[0-9]{1,9}$", description="The vendor's number, such as V-201")]
InvoiceNumber = Annotated[
    str, Field(pattern=r"^[A-Z0-9][A-Z0-9/_-]{0,31}$", description="The vendor's own number of the invoice")
]
PurchaseOrder = Annotated[
    str, Field(pattern=r"^[A-Z0-9][A-Z0-9/_-]{0,31}$", description="The number of our order, such as PO-3001")
]
DueOn = Annotated[date, Field(description="Until when it is to be paid")]
KINDS = {"email": "email", "whatsapp": "phone"}
"""What Acme calls an address, by its channel."""


class Sender(Record):
    """Whoever sends: nothing to choose."""

    senders: Senders


class VendorFound(Record):
    """The vendor whose addresses on file include the sender's. Of others nothing is told."""

    found: bool
    vendor_id: str | None
    name: str | None


@tool(kind="lookup", scopes=(READ,), inside=True)
async def find_vendor(arguments: Sender, context: Context) -> VendorFound:
    """Find the vendor whose address on file is the sender's own."""
    own = await _own(arguments.senders, context)
    if len(own) != 1:
        return VendorFound(found=False, vendor_id=None, name=None)
    return VendorFound(found=True, vendor_id=own[0].vendor_id, name=own[0].name)


async def _own(senders: list[str] | tuple[str, ...], context: Context) -> list[acme_payables.Vendor]:
    """The vendors on whose file one of these addresses is, or who are this customer."""
    wanted = [("customer_id", context.caller.customer_id)] if context.caller.customer_id else []
    pairs = [one.partition(":") for one in senders]
    wanted += [(KINDS[channel], address) for channel, _, address in pairs if channel in KINDS]
    found: dict[str, acme_payables.Vendor] = {}
    for name, value in wanted:
        data = await context.get(acme.NAME, "/v1/vendors", {name: str(value)})
        for one in map(acme_payables.Vendor.model_validate, acme.listed(data, "vendors")):
            if str(getattr(one, name) or "").casefold() == str(value).casefold():
                found[one.vendor_id] = one
    return list(found.values())


async def _check_own(vendor_id: str, senders: list[str] | tuple[str, ...], context: Context) -> None:
    if vendor_id not in {one.vendor_id for one in await _own(senders, context)}:
        raise failures.NotFound(f"There is no vendor {vendor_id} with an address of yours on file.")


class OrderSearch(Record):
    """Which order of a vendor."""

    senders: Senders
    vendor_id: VendorId
    purchase_order: PurchaseOrder


class OrderFound(Record):
    """An order of this vendor, if there is one: what was ordered, billed, and is still open."""

    found: bool
    purchase_order: str | None
    amount: str | None
    billed: str | None
    open: str | None


@tool(kind="lookup", scopes=(READ,), inside=True)
async def get_purchase_order(arguments: OrderSearch, context: Context) -> OrderFound:
    """Look up an order that was placed with the sender's own firm; another vendor's is as missing as none."""
    await _check_own(arguments.vendor_id, arguments.senders, context)
    wanted = arguments.purchase_order
    number = f"PO-{wanted}" if wanted.isdecimal() else wanted
    try:
        data = await context.get(acme.NAME, f"/v1/purchase_orders/{quote(number, safe='')}")
    except failures.NotFound:
        return _NO_ORDER
    found = acme_payables.Order.model_validate(data)
    if found.vendor_id != arguments.vendor_id:
        return _NO_ORDER
    return OrderFound(
        found=True,
        purchase_order=found.purchase_order,
        amount=f"{found.amount} {found.currency}",
        billed=f"{found.billed} {found.currency}",
        open=f"{Decimal(found.amount) - Decimal(found.billed):.2f} {found.currency}",
    )


_NO_ORDER = OrderFound(found=False, purchase_order=None, amount=None, billed=None, open=None)


class BillSearch(Record):
    """Which bill of a vendor."""

    senders: Senders
    vendor_id: VendorId
    invoice_number: InvoiceNumber


class Bill(Record):
    """A bill that was posted."""

    bill_id: str
    invoice_number: str
    purchase_order: str
    amount: str
    due_on: date
    status: str


class BillsFound(Record):
    """The bills of this vendor with the same number, however it is spelt."""

    invoices: list[Bill]


@tool(kind="lookup", scopes=(READ,), inside=True)
async def find_vendor_invoices(arguments: BillSearch, context: Context) -> BillsFound:
    """Find bills of the sender's own firm that were posted under a number, however it is spelt."""
    await _check_own(arguments.vendor_id, arguments.senders, context)
    wanted = plain_number(arguments.invoice_number)
    found = await _posted(arguments.vendor_id, context)
    return BillsFound(invoices=[_bill(one) for one in found if plain_number(one.invoice_number) == wanted])


async def _posted(vendor_id: str, context: Context) -> list[acme_payables.Bill]:
    """Every bill of a vendor: a duplicate could hide in the rest of half a list."""
    rows = await acme_asked.every_page(context, f"/v1/vendors/{quote(vendor_id, safe='')}/invoices", "invoices")
    found = (acme_payables.Bill.model_validate(one) for one in rows)
    return [one for one in found if one.vendor_id == vendor_id]


def _bill(found: acme_payables.Bill) -> Bill:
    return Bill(
        bill_id=found.bill_id,
        invoice_number=found.invoice_number,
        purchase_order=found.purchase_order,
        amount=f"{found.amount} {found.currency}",
        due_on=found.due_on,
        status=found.status,
    )


class NewBill(Record):
    """A bill in exact terms."""

    user_id: Contact
    vendor_id: VendorId
    invoice_number: InvoiceNumber
    purchase_order: PurchaseOrder
    amount: Amount
    due_on: DueOn


class BillReceipt(Record):
    """A bill that was posted."""

    bill_id: str
    invoice_number: str


async def _find_bill(arguments: NewBill, context: Context) -> BillReceipt | None:
    """Read a bill back by its key."""
    found = await acme_asked.written(context, "vendor_invoices", acme_payables.Bill, contact=arguments.user_id)
    return BillReceipt(bill_id=found.bill_id, invoice_number=found.invoice_number) if found else None


@tool(kind="transact", effect="keyed", probe=_find_bill, scopes=(POST,))
async def post_vendor_invoice(arguments: NewBill, context: Context) -> BillReceipt:
    """Post a bill of the sender's own firm to the ledger of what is to be paid."""
    await _check_own(arguments.vendor_id, context.caller.senders, context)
    plain = arguments.model_dump(mode="json", exclude={"user_id", "amount"})
    amount, _, currency = arguments.amount.partition(" ")
    body = {**plain, "amount": amount, "currency": currency, "contact": arguments.user_id}
    made = acme_payables.Bill.model_validate(await context.post(acme.NAME, "/v1/vendor_invoices", body))
    return BillReceipt(bill_id=made.bill_id, invoice_number=made.invoice_number)


class OneBill(Record):
    """One of the bills that this person had posted."""

    user_id: Contact
    bill_id: Annotated[str, Field(pattern=r"^VI-[0-9]{1,9}$", description="Its number, such as VI-1001")]


@tool(kind="lookup", scopes=(READ,), inside=True)
async def get_vendor_invoice(arguments: OneBill, context: Context) -> Bill:
    """Look up a bill that this person had posted."""
    missing = f"There is no bill {arguments.bill_id} of yours."
    try:
        data = await context.get(acme.NAME, f"/v1/vendor_invoices/{quote(arguments.bill_id, safe='')}")
    except failures.NotFound as error:
        raise failures.NotFound(missing) from error
    found = acme_payables.Bill.model_validate(data)
    if found.contact != arguments.user_id:
        raise failures.NotFound(missing)
    return _bill(found)


TOOLS = [find_vendor, get_purchase_order, find_vendor_invoices, get_vendor_invoice, post_vendor_invoice]
