"""Typed values in text: what is found, what is left alone, and that no text makes it raise or slow."""

from __future__ import annotations

import time
from datetime import date
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import extract
from bot.workflows import Slot, SlotType

TODAY = date(2026, 11, 18)  # a Wednesday
REASON = Slot(
    type="choice",
    choices={"duplicate": "I was charged twice", "not_used": "I no longer need it", "other": "Another reason"},
    hints={"duplicate": ("double", "two times", "?", ""), "not_used": ("by mistake",)},
)


@pytest.mark.parametrize(
    "text",
    [
        "18492", "#18492", "INV-18492", "inv18492", "inv 18492", "invoice no. 18492", "invoice number 18492",
        "order 18492", "Invoice #18492?", "invoice number is 18492", "it's 18492", "18492.", "18492 please",
        "ORD-18492", "check bill 18492 for me", "please refund order 18492, 49.00 USD, paid on 3 March 2026",
        "$49 for 18492", "I was charged 2 times for 18492", "not 18401, I mean 18492",
        "invoice 18492 instead of 18401", "in 2024 I paid 18492", "Rechnung 18492",
        "my number is +15550101001 and the invoice is 18492", "at 10:30 I paid 18492",
        "invoice 18492 from 12/01/2026", "kim18401@example.com asks about 18492", "50% of 18492",
        "\uff15 days ago: 18492", "invoice\u00a018492", "invoice\u200b 18492", "18492 and again 18492",
    ],
)  # fmt: skip
def test_one_invoice_is_found(text: str) -> None:
    """The number is found in every usual form, beside amounts, dates, years and phone numbers."""
    assert extract.extract(text, Slot(type="invoice_id")) == "18492"


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "check my invoice", "49.00", "1,200.00", "I paid 1200 dollars", "$1200", "1200 USD",
        "on 2026-03-04", "4.3.2026", "03/04/2026", "3 March 2026", "call +1 555 010 1001", "call 555-010-1001",
        "(555) 010-1001", "in 2024", "invoice from 2024", "invoice of 120", "10:30", "3 days ago", "18492 seats",
        "18492 and 18493", "invoices 18492 and 18493", "invoices 18492, 18493", "https://example.com/18492",
        "zip 12207-1234", "a18492b", "18.492", "not 18492",
    ],
)  # fmt: skip
def test_no_invoice_is_taken_from_other_numbers(text: str) -> None:
    """Amounts, dates, years, phones, addresses and counts are no invoices; of two it takes none."""
    assert extract.extract(text, Slot(type="invoice_id")) is None


def test_every_invoice_is_listed_in_order() -> None:
    """Where several are named, all are found, so that the question can name them."""
    assert extract.find_all("invoices 18492, 18493", Slot(type="order_id")) == ["18492", "18493"]


@pytest.mark.parametrize(
    "text,found",
    [
        ("$49", ["49.00 USD"]), ("49 dollars", ["49.00 USD"]), ("USD 49.5", ["49.50 USD"]),
        ("1,200.50 USD", ["1200.50 USD"]), ("1.200,50 €", ["1200.50 EUR"]), ("1'200 CHF", ["1200.00 CHF"]),
        ("50 cents", ["0.50"]), ("49.00", ["49.00"]), ("i paid 49.00 on 4.3.2026", ["49.00"]),
        ("49 euros and £20", ["49.00 EUR", "20.00 GBP"]), ("49", ["49.00"]), ("invoice 18492", []),
        ("two things", []), ("1,200 USD", ["1200.00 USD"]),
    ],
)  # fmt: skip
def test_amounts(text: str, found: list[str]) -> None:
    """Amounts come with their currency; a bare number only when it stands alone."""
    assert extract.find_all(text, Slot(type="amount")) == found


@pytest.mark.parametrize(
    "text,found",
    [
        ("2026-12-01", "2026-12-01"), ("tomorrow", "2026-11-19"), ("today", "2026-11-18"),
        ("day after tomorrow", "2026-11-20"), ("on friday", "2026-11-20"), ("Friday works", "2026-11-20"),
        ("wednesday", "2026-11-25"), ("next Tuesday", "2026-11-24"), ("next friday", "2026-11-27"),
        ("in 3 days", "2026-11-21"), ("in two weeks", "2026-12-02"), ("2 days ago", "2026-11-16"),
        ("3 March", "2027-03-03"), ("March 3rd, 2026", "2026-03-03"), ("the 3rd of March", "2027-03-03"),
        ("4.3.2026", "2026-03-04"), ("12/13/2026", "2026-12-13"), ("13/12/2026", "2026-12-13"),
        ("5/5/2026", "2026-05-05"), ("in a month", "2026-12-18"), ("morgen", "2026-11-19"), ("24 Dec", "2026-12-24"),
        ("3/4/2026", None), ("31 February 2026", None), ("2026-13-40", None), ("maybe", None), ("I may pay", None),
        ("soon", None), ("the sun is out", None), ("tomorrow or friday", None), ("in many days", None),
        ("invoice 18492", None),
    ],
)  # fmt: skip
def test_dates(text: str, found: str | None) -> None:
    """Absolute and relative dates; an ambiguous or impossible one is none."""
    assert extract.extract(text, Slot(type="date"), today=TODAY) == found


def test_a_month_is_added_to_its_last_day() -> None:
    """A month after 31 January is the last day of February."""
    assert extract.extract("in 1 month", Slot(type="date"), today=date(2026, 1, 31)) == "2026-02-28"


def test_without_a_day_to_count_from_only_full_dates_are_found() -> None:
    """Relative dates, and dates without a year, need today."""
    assert extract.find_all("tomorrow, 3 March, 3 March 2026", Slot(type="date")) == ["2026-03-03"]


@pytest.mark.parametrize(
    "text,found",
    [
        ("2", "not_used"), ("2.", "not_used"), ("#2", "not_used"), ("option 2", "not_used"),
        ("the second one", "not_used"), ("number two please", "not_used"), ("last", "other"),
        ("I was charged twice", "duplicate"), ("DUPLICATE", "duplicate"), ("charged twice", "duplicate"),
        ("it was a double charge", "duplicate"), ("no longer needed", "not_used"),
        ("I bought it by mistake", "not_used"), ("another reason", "other"), ("i was chraged twice", "duplicate"),
        ("one", "duplicate"), ("the first", "duplicate"), ("4", None), ("0", None), ("blah", None), ("", None),
        ("I was charged 2 times for 3 seats", None), ("10", None),
        ("double, and I no longer need it by mistake", None),
    ],
)  # fmt: skip
def test_choices(text: str, found: str | None) -> None:
    """A choice is known by label, value, number, ordinal, hint or the words of its label, or not at all."""
    assert extract.extract(text, REASON) == found


@pytest.mark.parametrize(
    "slot,text,found",
    [
        (Slot(type="email"), "write to Kim.B+x@Example.co.uk, please", "kim.b+x@example.co.uk"),
        (Slot(type="email"), "a@b", None),
        (Slot(type="id", pattern=r"C-[0-9]{4}"), "I am c-1001.", "c-1001"),
        (Slot(type="id", pattern=r"C-[0-9]{4}"), "I am D-1001.", None),
        (Slot(type="id"), "the code is AB-123!", "AB-123"),
        (Slot(type="yes_no"), "yes please", True),
        (Slot(type="yes_no"), "no", False),
        (Slot(type="yes_no"), "perhaps", None),
        (Slot(type="text"), "  any words  ", "any words"),
    ],
)
def test_other_types(slot: Slot, text: str, found: object) -> None:
    """Addresses, ids by pattern, yes and no, plain text."""
    assert extract.extract(text, slot) == found


SLOTS = [Slot(type=kind, choices=REASON.choices if kind == "choice" else {}) for kind in get_args(SlotType)]
PIECES = st.sampled_from(
    [
        "invoice ",
        "18492",
        "#",
        "$",
        "49.00",
        " ",
        "1,",
        "\u0301",
        "in 3 days",
        "next ",
        "@",
        "a.b",
        "march 1",
        "😀",
        "\ud800",
    ]
)


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=200) | st.lists(PIECES, max_size=60).map("".join))
def test_no_text_makes_it_raise(text: str) -> None:
    """Whatever is written, every type answers with values or none."""
    for slot in SLOTS:
        assert isinstance(extract.find_all(text, slot, today=TODAY), list)


@settings(max_examples=60, deadline=None)
@given(
    labels=st.lists(
        st.text(alphabet="abcdefghij klmno", min_size=3, max_size=20).filter(lambda label: label.strip()),
        min_size=1,
        max_size=6,
        unique_by=lambda label: tuple(label.split()),
    )
)
def test_a_label_means_its_own_choice(labels: list[str]) -> None:
    """Saying a label back always chooses it."""
    slot = Slot(type="choice", choices={f"value{n}x": label for n, label in enumerate(labels)})
    for value, label in slot.choices.items():
        assert extract.extract(label, slot) == value


@pytest.mark.parametrize(
    "piece",
    [
        "1",
        "1 ",
        "1,",
        "1.",
        "invoice ",
        "#1 ",
        "not 12 ",
        "$1 ",
        "a@",
        "a.b@c.",
        "march 1 ",
        "in 3 days ",
        "next monday ",
        "+1 ",
        "' ",
    ],
)
def test_long_texts_are_capped_and_quick(piece: str) -> None:
    """A megabyte of anything costs no more than its first 4,000 characters."""
    text = piece * (1_000_000 // len(piece))
    begun = time.process_time()
    for slot in SLOTS:
        extract.find_all(text, slot, today=TODAY)
    assert time.process_time() - begun < 2.0
