"""Bills out of mails: what is read, what is doubted; whatever is written, there is an answer of bounded size."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import bills
from tools.bills import Found

NAMES = ("vendor_name", "invoice_number", "purchase_order", "total", "issued_on", "due_on")
LETTER = """Dear Acme,
please find our bill below.

From: Berger Studio
Invoice number: INV-2207
Invoice date: 20 November 2026
Purchase order: PO-3001
Subtotal: 400.00 USD
Tax: 80.00 USD
Total: 480.00 USD
Due date: 2026-12-20
"""
LINE = "our invoice INV-2207 for purchase order PO-3001: 480.00 USD, due on 20 December 2026"
READ: list[tuple[str, str, dict[str, str | None]]] = [
    (
        "",
        LETTER,
        {
            "vendor_name": "Berger Studio",
            "invoice_number": "INV-2207",
            "purchase_order": "PO-3001",
            "total": "480.00 USD",
            "issued_on": "2026-11-20",
            "due_on": "2026-12-20",
        },
    ),
    (
        "Re: Invoice INV-9 from Initech Supplies for PO-77 [#1001]",
        "Amount due $1,200.50, due by December 3, 2026",
        {
            "vendor_name": "Initech Supplies",
            "invoice_number": "INV-9",
            "purchase_order": "PO-77",
            "total": "1200.50 USD",
            "due_on": "2026-12-03",
        },
    ),
    ("", LINE, {"invoice_number": "INV-2207", "purchase_order": "PO-3001", "total": "480.00 USD"}),
    ("", "Rechnung Nr. 77 über 1.200,50 EUR, fällig 01.12.2026", {"invoice_number": "77", "total": "1200.50 EUR"}),
    ("", "2 x 240.00 USD, total 480.00 USD", {"total": "480.00 USD"}),
    ("", "tax total: 80.00 USD\ntotal: 480.00 USD", {"total": "480.00 USD"}),
    ("", "invoice 2207, all 5 of us were there", {"invoice_number": "2207", "total": None}),
    ("", "due 25/12/2026", {"due_on": "2026-12-25"}),
    ("", "I want to send you an invoice", dict.fromkeys(NAMES)),
]
DOUBTED = {
    "invoice INV-1 and invoice INV-2": ("invoice_number", "INV-1"),
    "total 5.00 USD, total 6.00 USD": ("total", "5.00 USD"),
    "5.00 USD and 6.00 EUR": ("total", "5.00 USD"),
    "due 3/4/2026": ("due_on", None),
    "due 2026-02-30": ("due_on", None),
    "due 1 May 2026\nplease pay by 2 May 2026": ("due_on", "2026-05-01"),
    "PO-1 or PO-2": ("purchase_order", "PO-1"),
    "From: One Ltd\nVendor: Two Ltd": ("vendor_name", "One Ltd"),
}


@pytest.mark.parametrize("subject, text, expected", READ)
def test_what_stands_there_is_certain(subject: str, text: str, expected: dict[str, str | None]) -> None:
    """Each value by its label, in any of the usual notations."""
    found = bills.read(subject, text)
    for name, value in expected.items():
        assert Found(value=value, certain=value is not None) == getattr(found, name), name


@pytest.mark.parametrize("text", DOUBTED)
def test_what_is_said_in_two_ways_is_doubted(text: str) -> None:
    """Two that differ, and days that can be read in two ways, or do not exist."""
    name, value = DOUBTED[text]
    assert Found(value=value, certain=False) == getattr(bills.read("", text), name)


def test_one_number_in_two_spellings_is_one() -> None:
    """Spaces, dashes and case tell nothing apart."""
    assert Found(value="INV-22", certain=True) == bills.read("", "invoice INV-22\ninvoice no. inv 22").invoice_number
    assert bills.plain_number("INV-22") == bills.plain_number("inv 22")


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.decimals(Decimal("0.01"), Decimal("999999.99"), places=2),
    st.sampled_from(["USD", "EUR", "CHF", "JPY"]),
    st.dates(date(2020, 1, 1), date(2099, 12, 31)),
)
def test_what_is_written_plainly_is_read_back(number: int, order: int, amount: Decimal, code: str, due: date) -> None:
    """The same values, all certain."""
    text = f"Invoice: INV-{number}\nPurchase order: PO-{order:02}\nTotal: {amount:,.2f} {code}\nDue: {due.isoformat()}"
    found = bills.read("", text)
    read = [found.invoice_number, found.purchase_order, found.total, found.due_on]
    assert [f"INV-{number}", f"PO-{order:02}", f"{amount:.2f} {code}", due.isoformat()] == [one.value for one in read]
    assert all(one.certain for one in read)


PIECES = st.lists(
    st.sampled_from(["invoice ", "PO-", "total", "12", ".", ",", "$", "USD", " due ", "/", "31", "\n", "From: ", "May"])
    | st.text(max_size=8),
    max_size=60,
).map("".join)


@given(st.text(max_size=80), PIECES)
def test_there_is_always_an_answer(subject: str, text: str) -> None:
    """The same one each time, bounded; nothing is certain that has no value, and days are days."""
    found = bills.read(subject, text)
    assert found == bills.read(subject, text)
    assert len(found.amounts) <= bills.MOST_AMOUNTS
    for name in NAMES:
        one = getattr(found, name)
        assert one.value or not one.certain
        assert len(one.value or "") <= bills.LONGEST_NAME
    for day in (found.issued_on.value, found.due_on.value):
        assert day is None or date.fromisoformat(day).isoformat() == day
