"""What is taken of a model's proposal: the form of each kind of slot, and what counts as the customer's own words."""

from __future__ import annotations

from typing import Any

import pytest

from bot import proposals
from bot.workflows import Slot, Workflow

SLOTS: dict[str, Slot] = {
    "invoice_id": Slot(type="invoice_id", aliases=("order_id",)),
    "serial": Slot(type="id", pattern="SN-[0-9]{4}"),
    "amount": Slot(type="amount"),
    "day": Slot(type="date"),
    "email": Slot(type="email"),
    "agreed": Slot(type="yes_no"),
    "reason": Slot(type="choice", choices={"duplicate": "I was charged twice", "other": "Another reason"}),
    "note": Slot(type="text"),
    "verdict": Slot(type="choice", choices={"eligible": "eligible"}, set_by=("policy",)),
}
WORKFLOW = Workflow(name="sample", slots=SLOTS)


@pytest.mark.parametrize(
    "name, given, value",
    [
        ("invoice_id", "18492", "18492"),
        ("invoice_id", 18492, "18492"),
        ("invoice_id", "invoice no. 18492", "18492"),
        ("invoice_id", "18492 and 18493", None),
        ("invoice_id", ["18492"], None),
        ("invoice_id", {"n": 18492}, None),
        ("invoice_id", True, None),
        ("serial", "SN-0042", "SN-0042"),
        ("serial", "42", None),
        ("amount", "$49", "49.00 USD"),
        ("day", "2026-11-22", "2026-11-22"),
        ("day", "22.11.2026", None),
        ("day", "2026-13-45", None),
        ("email", "Kim@Example.com", "kim@example.com"),
        ("agreed", True, True),
        ("agreed", False, False),
        ("agreed", "yes", None),
        ("agreed", 1, None),
        ("reason", "duplicate", "duplicate"),
        ("reason", " DUPLICATE ", "duplicate"),
        ("reason", "i was charged twice", "duplicate"),
        ("reason", "fraud", None),
        ("note", "leave it at the door", "leave it at the door"),
        ("note", 7, "7"),
        ("note", ["a"], None),
    ],
)
def test_a_value_has_the_form_of_its_slot(name: str, given: object, value: object) -> None:
    """Each kind of slot takes its own form, and nothing that merely looks like it."""
    assert value == proposals._formed(SLOTS[name], given)


@pytest.mark.parametrize(
    "name, value, text, is_said",
    [
        ("invoice_id", "18492", "check 18492 please", True),
        ("invoice_id", "18492", "Rechnung 18492?", True),
        ("invoice_id", "18492", "my phone is 0118492", False),
        ("invoice_id", "1849", "check 18492 please", False),
        ("serial", "SN-0042", "it is sn-0042.", True),
        ("amount", "49.00 USD", "I paid $49", True),
        ("amount", "50.00 USD", "I paid $49", False),
        ("email", "kim@example.com", "write to Kim@Example.com", True),
    ],
)
def test_said_is_what_the_customer_wrote(name: str, value: object, text: str, is_said: bool) -> None:
    """As a word of its own, or in another notation of the same value."""
    assert is_said is proposals._is_said(value, SLOTS[name], text)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        dict.fromkeys(["invoice_id", "reason", "agreed", "day"]),
        {"reason": "", "day": "", "invoice_id": ""},
        {"order_id": "18492", "reason": "other", "agreed": True, "day": "2026-11-22"},
        {"invoice_id": "the last one"},
    ],
)
def test_what_needs_no_repair(arguments: dict[str, Any]) -> None:
    """Nothing said, said by another name, or a number that the customer will be asked for."""
    assert not proposals.problem(WORKFLOW, arguments)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"verdict": "eligible"}, "no argument of that name"),
        ({"x" * 9_000: 1}, "no argument of that name"),
        ({"reason": "fraud"}, "must be one of duplicate, other"),
        ({"reason": {"a": 1}}, "must be one of"),
        ({"agreed": "yes"}, "must be true or false"),
        ({"day": "tomorrow"}, "must be a date"),
    ],
)
def test_what_a_model_must_mend(arguments: dict[str, Any], words: str) -> None:
    """The message names what is expected and repeats nothing that the model made up."""
    found = proposals.problem(WORKFLOW, arguments)

    assert words in found
    assert "xxx" not in found
