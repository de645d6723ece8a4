"""Handing a conversation to people: opening the ticket. Talks to no channel."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass

from bot.draft import Draft
from bot.parts import Parts
from state import events as ev
from state.session import Ticket

WAITING = frozenset(
    {"asked_for_person", "refund_needs_person", "model_down", "unknown_outcome", "quarantined", "no_steps", "outdated"}
)
"""Reasons with which the customer waits for a person."""

REASONS = WAITING | {"approval", "mail", "unreachable", "operator"}
"""Every reason a ticket of ours may have; a workflow without steps opens one under its own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """How a workflow sorts a ticket: from its own lists of categories and teams."""

    priority: str = "normal"
    category: str = ""
    team: str = ""


async def open_ticket(
    draft: Draft, parts: Parts, *, reason: str, subject: str, sorted_as: Sorted | None = None
) -> Ticket:
    """Open a ticket, or give the one that is open for the same reason; one that a mail opened becomes it."""
    unsolved = [t for t in draft.session.tickets if t.status != "resolved"]
    known = next((t for t in unsolved if t.subject == subject), None)
    if known:
        return known
    if reason in WAITING or reason not in REASONS:
        draft.handoff_wait_ms = int(parts.settings.tuning.handoff_wait_s * 1000)
    mail = next((t for t in reversed(unsolved) if t.reason == "mail" and draft.channel == "email"), None)
    if mail:
        changed = {name: value for name, value in asdict(sorted_as).items() if value} if sorted_as else {}
        draft.emit(ev.TicketChanged(ticket=mail.id, by="bot", status="open", reason=reason, **changed))
        return mail
    number = 0 if draft.tried else await parts.store.next_number("ticket")
    ticket = uuid.uuid4().hex
    known_as = asdict(sorted_as or Sorted())
    where = draft.identity or None
    draft.emit(
        ev.TicketOpened(ticket=ticket, number=number, subject=subject, reason=reason, identity=where, **known_as)
    )
    found = draft.session.find_ticket(ticket)
    assert found is not None  # noqa: S101 - it was opened just now
    return found
