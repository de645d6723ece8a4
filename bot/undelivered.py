"""Replies that did not arrive: said again by another way, once; else they are for a person. Sends nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

from bot import metrics
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev

REFUSED_BY_PERSON = frozenset({"opted_out", "blocked"})
OUTSIDE_WINDOW = "window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A reply that did not arrive. `outside_window`: free text could not be sent, an approved template can."""

    reply: ev.ReplyQueued
    outside_window: bool


async def gather(draft: Draft, parts: Parts) -> list[Lost]:
    """The replies of which this turn learns that they are lost; what a provider says of consent is taken down.

    A line that only asked for patience is not missed.
    """
    found = []
    for stored in draft.pending:
        if not isinstance(stored.data, ev.DeliveryFailed):
            continue
        failed = stored.data
        metrics.reply_lost(failed.channel)
        if failed.reason in REFUSED_BY_PERSON:
            refused = ev.ConsentChanged(
                channel=failed.channel, identity=failed.identity, granted=False, method="provider", source=stored.seq
            )
            draft.emit(refused, identity=failed.identity)
        reply = await parts.store.reply(failed.outbox)
        if reply is not None and reply.kind != "holding":
            found.append(Lost(reply=reply, outside_window=failed.reason == OUTSIDE_WINDOW))
    return found
