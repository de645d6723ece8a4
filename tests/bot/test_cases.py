"""What staff see of a ticket: words, not the names of values and functions."""

from __future__ import annotations

from pathlib import Path

from bot import cases
from bot.workflows import load
from channels.staff import Case
from state import events as ev
from state.session import Session, Slot, Task, Ticket

WORKFLOWS = load(Path("config/workflows"))
TICKET = Ticket(id="tk1", number=1001, subject="Dispute", reason="approval")


def shown(task: Task | None = None, *events: ev.Event) -> Case:
    """The card of a ticket with this task, after these events."""
    recent = [ev.Stored(seq=n, at=0, kind=type(event).__name__, data=event) for n, event in enumerate(events, 1)]
    return cases.case(TICKET, Session(task=task), recent, WORKFLOWS)


def looked(tool: str, **arguments: object) -> ev.Event:
    """A lookup that answered."""
    return ev.ToolSucceeded(tool=tool, version=1, arguments=arguments, result={})


def test_a_choice_is_said_by_its_label_and_what_nobody_set_is_left_out() -> None:
    """The dispute's reason reads as the customer saw it; the consent that is still pending says nothing."""
    slots = {
        "confirmation": Slot(value="pending", by="default"),
        "invoice_id": Slot(value="20001", by="user"),
        "dispute_reason": Slot(value="not_authorised", by="user"),
    }
    known = shown(Task(id="t1", workflow="billing_dispute", slots=slots)).slots
    assert (("invoice id", "20001"), ("dispute reason", "I did not authorise it")) == known


def test_calls_are_told_in_words_and_once_in_a_row() -> None:
    """Lookups by what they are about, transforms by their name; the same thing again and again is one line."""
    events = (
        looked("get_invoice", invoice_id="18493"),
        looked("get_invoice", invoice_id="18493"),
        looked("normalize_address"),
        ev.ToolFailed(tool="list_plans", version=1, arguments={}, reason="timed_out"),
        ev.TaskEnded(task="t1", outcome="handed_off"),
    )
    assert (
        "looked up invoice 18493",
        "used normalize address",
        "in vain looked up plans: timed out",
        "ended the task: handed off",
    ) == shown(None, *events).did
