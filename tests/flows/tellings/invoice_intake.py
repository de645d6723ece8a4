"""Vendors' bills: read, held against the order, agreed to, approved, posted; each exception goes to finance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.flows.tellings.frame import Card, Entry, Later, Line, Staff, Telling, Trouble
from tests.flows.tellings.players import PROSPECT
from tests.openai_script import call

NAME = "invoice_intake"
READ = call(NAME, letter=None, more=None)
DUE = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()


def bill(
    number: str = "INV-2207", order: str = "PO-3001", total: str = "480.00 USD", vendor: str = "Berger Studio"
) -> str:
    """A bill as vendors write it."""
    return (
        f"Dear Acme, please find our invoice for your order below.\n\nFrom: {vendor}\nInvoice number: {number}\n"
        f"Purchase order: {order}\nTotal: {total}\nDue date: {DUE}\n\nKind regards"
    )


def sent(text: str, *hears: str) -> Line:
    """The message that begins the task."""
    return Line(says=text, model=READ, hears=hears, applied=0)


def to_finance(name: str, text: str, *hears: str, customer: str = PROSPECT) -> Telling:
    """A bill that finance looks at; nothing is posted."""
    lines = (sent(text, "olleague from finance", "ticket number", *hears), Card(shows=("finance (vendor invoice)",)))
    return Telling(workflow=NAME, name=name, customer=customer, lines=lines)


TERMS = sent(
    bill(), "Please confirm this bill:", "Vendor: Berger Studio", "Invoice: INV-2207", "PO-3001", "Amount: 480.00 USD"
)
YES = Line(
    says="yes", press="Yes", hears=("A colleague has to approve the bill", "Nothing has been posted yet"), applied=0
)
DONE = ("invoice INV-2207 over 480.00 USD is posted for order PO-3001", "VI-1001")
ENTRY = Entry(
    kind="vendor_invoice",
    body={
        "vendor_id": "V-201",
        "invoice_number": "INV-2207",
        "purchase_order": "PO-3001",
        "amount": "480.00",
        "currency": "USD",
        "due_on": DUE,
    },
)
SHOWN = ("Berger Studio (V-201)", "INV-2207", "480.00 USD open")

ROWS = (
    Telling(
        workflow=NAME,
        name="from the bill to what is posted",
        everywhere=True,
        lines=(TERMS, YES, Staff(presses="approve", shows=SHOWN, hears=DONE)),
        ledger=(ENTRY,),
    ),
    Telling(
        workflow=NAME,
        name="a vendor who is no customer, known by the address; asked once for what is missing",
        customer=PROSPECT,
        only=("email",),
        lines=(
            Line(
                says="I am a vendor and want to send you our invoice",
                model=READ,
                hears=("Please send me the bill in one message",),
            ),
            Line(
                says="invoice I-77 over 2,400.00 USD, due 1 March 2031",
                hears=("Please tell me in one message: the number of our purchase order",),
            ),
            Line(says="PO-3003", hears=("Vendor: Initech", "Invoice: I-77", "Amount: 2,400.00 USD"), applied=0),
            Line(says="yes", press="Yes", hears=("A colleague has to approve the bill",), applied=0),
            Staff(presses="approve", hears=("invoice I-77 over 2,400.00 USD is posted",)),
        ),
        ledger=(Entry(kind="vendor_invoice", body={"vendor_id": "V-202", "invoice_number": "I-77"}),),
    ),
    Telling(
        workflow=NAME,
        name="denied in Slack",
        lines=(TERMS, YES, Staff(presses="deny", hears=("was not approved, so it was not posted",))),
    ),
    Telling(
        workflow=NAME,
        name="something is missing, and stays so",
        lines=(
            sent(
                f"please find our invoice INV-2207 for your order, due {DUE}, from Berger Studio",
                "Please tell me in one message: the number of our purchase order, the total",
            ),
            Line(
                says="I do not have it here right now", hears=("a colleague from finance", "ticket number"), applied=0
            ),
            Card(shows=("finance (vendor invoice)",)),
        ),
    ),
    to_finance(
        "a bill that was posted before, however its number is spelt",
        bill("inv 2190", "PO-3002", "1250.00 USD"),
        "as VI-0901",
        customer="C-1001",
    ),
    to_finance(
        "another amount than the order's",
        bill(total="490.00 USD"),
        "is not what we have on order PO-3001",
        customer="C-1001",
    ),
    to_finance(
        "somebody else's order",
        bill(order="PO-3003", total="2400.00 USD"),
        "is not what we have on order PO-3003",
        customer="C-1001",
    ),
    to_finance(
        "another vendor's bill: nothing is told of the vendor",
        bill(vendor="Globex Energy"),
        "I cannot match this bill to you as a vendor",
    ),
    Telling(
        workflow=NAME,
        name="declined at the terms",
        lines=(TERMS, Line(says="no", press="No", hears=("nothing was done",), applied=0)),
    ),
    Telling(
        workflow=NAME,
        name="posted, and the answer is lost: it is read back, and there is one",
        lines=(
            TERMS,
            YES,
            Staff(
                presses="approve",
                hears=("cannot tell yet whether that went through",),
                trouble=Trouble(kind="lost_answer", path="/v1/vendor_invoices", more={"method": "POST", "times": 3}),
            ),
            Later(hears=("We checked: it did go through.", *DONE)),
        ),
        ledger=(ENTRY,),
    ),
)
