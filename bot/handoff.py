"""Handing a conversation to people: opening the ticket. Talks to no channel."""

from __future__ import annotations

import uuid

from bot.draft import Draft
from bot.parts import Parts
from state import events as ev

REASONS = frozenset(
    {"asked_for_person", "refund_needs_person", "model_down", "unknown_outcome", "quarantined", "no_steps"}
)


async def open_ticket(draft: Draft, parts: Parts, *, reason: str, subject: str) -> int:
    """Open a ticket, or name the one that is open for the same reason; returns its number."""
    known = next((t for t in draft.session.tickets if t.status != "resolved" and t.subject == subject), None)
    if known:
        return known.number
    number = await parts.store.next_number("ticket")
    draft.emit(
        ev.TicketOpened(
            ticket=uuid.uuid4().hex, number=number, subject=subject, reason=reason, identity=draft.identity or None
        )
    )
    draft.handoff_wait_ms = int(parts.settings.tuning.handoff_wait_s * 1000)
    return number
