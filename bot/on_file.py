"""The e-mail address that the directory of record gives for a customer: a way to who wrote only by phone."""

from __future__ import annotations

from bot import directory
from bot.draft import Draft
from bot.parts import Parts
from state.identity import Address
from state.session import Reach

CHANNEL = "email"


async def identity(draft: Draft, parts: Parts) -> str | None:
    """The identity of that address; None when there is none, or it is known and was considered already.

    The directory must give it for an address of theirs that its channel authenticated, and for this customer.
    """
    session = draft.session
    if CHANNEL not in parts.capabilities or session.customer_id is None:
        return None
    for one in sorted(session.reach.values(), key=lambda reach: -reach.last_at):
        email = await _stated(draft, parts, one) if one.assurance != "claimed" else None
        found = await parts.store.own_mail(draft.lease.user_id, email) if email else None
        if found:
            return None if found in session.reach else found
    return None


async def _stated(draft: Draft, parts: Parts, one: Reach) -> str | None:
    address: Address | None = await parts.store.address(one.identity)
    if address is None or one.channel == CHANNEL or directory.query(address) is None:
        return None
    try:
        claims = await directory.ask(parts, draft.lease, address)
    except directory.Silent:
        return None
    if claims is None or claims.customer_id != draft.session.customer_id or not claims.email:
        return None
    return claims.email.strip().lower()
