"""All invoices; when only some can be had at first, the rest follows by itself; told on every channel."""

from __future__ import annotations

from tests.flows.tellings.frame import Later, Line, Telling, Trouble
from tests.openai_script import call

LATER_PAGES = "/v1/customers/*/invoices?*cursor=*"
ALL = call("invoice_list", since=None)

ROWS = (
    Telling(
        workflow="invoice_list",
        name="the rest follows by itself",
        everywhere=True,
        lines=(
            Line(
                says="show me all my invoices",
                model=ALL,
                hears=("I found 8 invoices (18493, 18492, 18476, …)", "fetching the rest"),
                trouble=Trouble(kind="error", path=LATER_PAGES, more={"times": 1_000}),
            ),
            Later(hears=("These are your invoices, 10 in all:", "18493: 120.00 USD, open", "18297: 29.00 USD, void")),
        ),
    ),
    Telling(
        workflow="invoice_list",
        name="all at once",
        lines=(Line(says="list my invoices", model=ALL, hears=("10 in all:", "18310: 29.00 USD, refunded")),),
    ),
)
