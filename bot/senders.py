"""Which addresses of the person are proven, for the tools that ask: a record may belong to one of them."""

from __future__ import annotations

from collections.abc import Iterable

from bot.draft import Draft
from bot.parts import Parts
from state.identity import CUSTOMER, Assurance

FACT = "senders"
NO_ADDRESS = frozenset({"web", CUSTOMER})
"""Channels whose identities are no address that anybody has on file."""


async def know(draft: Draft, parts: Parts, tools: Iterable[str]) -> None:
    """Read them once in a turn, if one of these tools asks. Who only claims to be this person has none."""
    if draft.senders is not None or not any(_asks(parts, name) for name in tools):
        return
    found = [] if draft.unproven else await parts.store.addresses(draft.lease.user_id)
    draft.senders = tuple(
        str(address)
        for _, address, assurance in found
        if assurance is not Assurance.CLAIMED and address.channel not in NO_ADDRESS
    )


def _asks(parts: Parts, name: str) -> bool:
    tool = parts.gateway.catalog.get(name)
    return tool is not None and FACT in tool.identity.values()
