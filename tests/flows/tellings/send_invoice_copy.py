"""An invoice's details sent by e-mail, told on every channel."""

from __future__ import annotations

from tests.flows.tellings.frame import Line, Telling
from tests.openai_script import call

ROWS = (
    Telling(
        workflow="send_invoice_copy",
        name="to the address on file",
        everywhere=True,
        lines=(
            Line(
                says="email me a copy of invoice 18492",
                model=call("send_invoice_copy", invoice_id="18492"),
                hears=("Shall I send the details of invoice 18492 (49.00 USD) to kim@example.com?",),
            ),
            Line(says="yes", press="Yes", hears=("“Your invoice 18492” is on its way to kim@example.com",)),
        ),
        letter=("These are the details of your invoice.", "Amount: 49.00 USD"),
    ),
)
