"""Disputes: opened, refused with the reason, or taken for what they rather are."""

from __future__ import annotations

from tests.flows.tellings.frame import Entry, Line, Staff, Telling
from tests.flows.tellings.troubles import answer_lost, refused_by_acme
from tests.harness.outside import LEE
from tests.openai_script import call

NAME = "billing_dispute"
WISH = Line(
    says="I want to dispute invoice 18493, the amount is wrong",
    model=call(NAME, wish="dispute", invoice_id="18493", dispute_reason="wrong_amount"),
    hears=("Please confirm this dispute:", "Invoice: 18493", "120.00 USD", "The amount is wrong", "within 10 days"),
    applied=0,
)
DONE = ("your dispute number is DP-1001", "18493")
ENTRY = Entry(
    kind="dispute", body={"invoice_id": "18493", "reason": "wrong_amount", "amount": "120.00", "status": "open"}
)


def refused(name: str, number: str, *hears: str) -> Telling:
    """A dispute that ends before any terms."""
    return Telling(
        workflow=NAME,
        name=name,
        lines=(
            Line(
                says=f"I want to dispute invoice {number}",
                model=call(NAME, wish=None, invoice_id=number, dispute_reason=None),
                hears=hears,
                not_a_word_of=("Please confirm",),
            ),
        ),
    )


ROWS = (
    Telling(
        workflow=NAME,
        name="from the wish to the notice",
        everywhere=True,
        lines=(
            Line(
                says="this invoice is wrong",
                model=call(NAME, wish=None, invoice_id=None, dispute_reason=None),
                hears=("Which invoice do you want to dispute?",),
            ),
            Line(says="18493", hears=("What is wrong with invoice 18493?",)),
            Line(says="2", press="The amount is wrong", hears=WISH.hears, applied=0),
            Line(says="yes", press="Yes", hears=DONE, applied=1),
        ),
        ledger=(ENTRY,),
        letter=("This is to confirm your dispute.", "DP-1001"),
    ),
    Telling(
        workflow=NAME,
        name="above the limit, approved in Slack",
        customer=LEE,
        lines=(
            Line(
                says="I did not authorise invoice 20001, I dispute it",
                model=call(NAME, wish="dispute", invoice_id="20001", dispute_reason="not_authorised"),
                hears=("Invoice: 20001", "900.00 USD", "I did not authorise it"),
            ),
            Line(says="yes", press="Yes", hears=("a colleague has to agree", "Nothing has been opened yet"), applied=0),
            Staff(
                presses="approve",
                shows=("900.00 USD", "I did not authorise it"),
                hears=("your dispute number is DP-1001",),
            ),
        ),
        ledger=(Entry(kind="dispute", body={"invoice_id": "20001", "reason": "not_authorised"}),),
    ),
    Telling(
        workflow=NAME,
        name="above the limit, denied in Slack",
        customer=LEE,
        lines=(
            Line(
                says="dispute 20001, I had cancelled before",
                model=call(NAME, wish="dispute", invoice_id="20001", dispute_reason="cancelled_before"),
                hears=("Invoice: 20001",),
            ),
            Line(says="yes", press="Yes", hears=("a colleague has to agree",), applied=0),
            Staff(presses="deny", hears=("was not accepted",)),
        ),
    ),
    refused("too long ago", "18401", "within 60 days", "talk to a person"),
    refused("refunded before", "18310", "has been refunded"),
    refused("void", "18297", "there is nothing to dispute"),
    refused("somebody else's", "20001", "cannot find invoice 20001 among your invoices"),
    Telling(
        workflow=NAME,
        name="declined at the terms",
        lines=(WISH, Line(says="no", press="No", hears=("nothing was done",), applied=0)),
    ),
    Telling(
        workflow=NAME,
        name="changed mind before the terms",
        lines=(
            Line(
                says="I want to dispute a charge",
                model=call(NAME, wish=None, invoice_id=None, dispute_reason=None),
                hears=("Which invoice",),
            ),
            Line(says="never mind", hears=("Cancelled. Nothing was done.",), applied=0),
        ),
    ),
    Telling(
        workflow=NAME,
        name="twice, then asked how it stands",
        lines=(
            WISH,
            Line(says="yes", press="Yes", hears=DONE, applied=1),
            Line(
                says="I dispute invoice 18493",
                model=call(NAME, wish="dispute", invoice_id="18493", dispute_reason=None),
                hears=("is disputed already: number DP-1001",),
            ),
            Line(
                says="what is the status of my dispute",
                model=call(NAME, wish="status", invoice_id=None, dispute_reason=None),
                hears=("Your dispute DP-1001 of invoice 18493", "is open"),
            ),
        ),
        ledger=(ENTRY,),
    ),
    Telling(
        workflow=NAME,
        name="no dispute to tell of",
        lines=(
            Line(
                says="how is my dispute coming along",
                model=call(NAME, wish="status", invoice_id=None, dispute_reason=None),
                hears=("There is no dispute on your account.",),
            ),
        ),
    ),
    Telling(
        workflow=NAME,
        name="it is a refund that is wanted",
        lines=(
            Line(
                says="I contest invoice 18492, it is not right, and I want my money back",
                model=call(NAME, wish="refund", invoice_id="18492", dispute_reason=None),
                hears=("18492", "refund"),
            ),
            Line(says="4", press="Another reason", hears=("Please confirm this refund:", "Invoice: 18492"), applied=0),
            Line(says="yes", press="Yes", hears=("Your refund number is RF-1001",)),
        ),
        ledger=(Entry(kind="refund", body={"invoice_id": "18492"}),),
    ),
    Telling(
        workflow=NAME,
        name="it is a question",
        lines=(
            Line(
                says="I dispute nothing, but is invoice 18493 wrong or when is it due",
                model=call(NAME, wish="question", invoice_id="18493", dispute_reason=None),
                hears=("Invoice 18493 is open: 120.00 USD",),
                applied=0,
            ),
        ),
    ),
    Telling(
        workflow=NAME,
        name="another reason is told to a person",
        lines=(
            Line(
                says="I want to dispute invoice 18492",
                model=call(NAME, wish="dispute", invoice_id="18492", dispute_reason=None),
                hears=("What is wrong with invoice 18492?",),
            ),
            Line(says="6", press="Something else", hears=("a colleague will look at invoice 18492",), applied=0),
        ),
    ),
    refused_by_acme(NAME, "/v1/disputes", WISH),
    answer_lost(NAME, "/v1/disputes", WISH, done=DONE, entry=ENTRY),
)
