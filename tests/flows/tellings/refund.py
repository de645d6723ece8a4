"""A refund, told on every channel."""

from __future__ import annotations

from tests.flows.tellings.frame import Entry, Line, Staff, Telling
from tests.harness.outside import LEE
from tests.openai_script import call

ROWS = (
    Telling(
        workflow="refund",
        name="from the wish to the notice",
        everywhere=True,
        lines=(
            Line(
                says="I want a refund for invoice 18492",
                model=call("refund", invoice_id="18492", refund_reason=None),
                hears=("Why would you like invoice 18492 refunded?",),
            ),
            Line(says="1", press="I was charged twice", hears=("Amount: 49.00 USD", "Invoice: 18492"), applied=0),
            Line(says="yes", press="Yes", hears=("Your refund number is RF-1001",), applied=1),
        ),
        ledger=(Entry(kind="refund", body={"invoice_id": "18492", "amount": "49.00", "reason": "duplicate"}),),
        letter=("This is to confirm your refund.", "RF-1001"),
    ),
    Telling(
        workflow="refund",
        name="approved in Slack",
        customer=LEE,
        lines=(
            Line(
                says="please refund invoice 20001, I no longer need it",
                model=call("refund", invoice_id="20001", refund_reason="not_used"),
                hears=("Amount: 900.00 USD",),
            ),
            Line(says="yes", press="Yes", hears=("a colleague has to approve it",), applied=0),
            Staff(presses="approve", shows=("900.00 USD",), hears=("Your refund number is RF-1001",)),
        ),
        ledger=(Entry(kind="refund", body={"invoice_id": "20001"}),),
    ),
)
