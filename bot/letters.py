"""Letters that a write sends: to an address of the customer's own, and with the very commit of its outcome.

The letter's id comes from the action's, so that a write which is settled again sends no second one. Whose an address is
is known from proof in this session, or from the record that the customer number leads to; never from words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bot.draft import Draft
from bot.parts import Parts
from state import events as ev
from state.session import Action
from state.sql.deliveries import Delivery
from tools import failures
from tools.base import Caller

CHANNEL = "email"
RECORD = "get_customer"
"""The lookup of the customer's own record, whose `email` is theirs."""


@dataclass(slots=True, kw_only=True)
class Mail:
    """What a transactional tool gets to send one letter; kept until it is known how the write ended."""

    draft: Draft
    parts: Parts
    action: Action
    caller: Caller
    letter: ev.ReplyQueued | None = None

    async def post(self, *, to: str, subject: str, text: str) -> str | None:
        """Keep a letter to an address of theirs; its id, None when the address is not known to be theirs."""
        address = to.strip().lower()
        if CHANNEL not in self.parts.capabilities or not await self._is_theirs(address):
            return None
        identity = await self.parts.store.own_mail(self.draft.lease.user_id, address)
        if identity is None:
            return None
        self.letter = ev.ReplyQueued(
            outbox=hashlib.sha256(f"letter|{self.action.id}".encode()).hexdigest()[:32],
            channel=CHANNEL,
            identity=identity,
            text=text,
            author="system",
            kind="notice",
            why="a letter that was asked for",
            thread={"subject": subject, "name": self.draft.session.name},
        )
        return self.letter.outbox

    async def _is_theirs(self, address: str) -> bool:
        """Whether it was proven by a code or a sign-in, or stands in the record of this customer number.

        Raises NotSent while nobody can tell.
        """
        for reach in self.draft.session.reach.values():
            if reach.channel == CHANNEL and reach.assurance == "verified":
                known = await self.parts.store.address(reach.identity)
                if known and known.address.lower() == address:
                    return True
        if self.draft.session.customer_id is None or self.parts.gateway.catalog.get(RECORD) is None:
            return False
        found = await self.parts.gateway.look_up(
            RECORD, {}, caller=self.caller, timeout=self.parts.time_left(), fresh=True
        )
        self.draft.audit(found.audit)
        if found.state != "succeeded":
            raise failures.NotSent("the customer's record does not answer", reason=found.reason)
        email = found.result.get("email") if isinstance(found.result, dict) else None
        return isinstance(email, str) and email.strip().lower() == address

    def queue(self) -> None:
        """Have it leave with the next commit, which is the one of the write's outcome."""
        if self.letter is None:
            return
        self.draft.deliveries.append(
            Delivery(
                id=self.letter.outbox,
                entry=len(self.draft.entries),
                channel=CHANNEL,
                identity=self.letter.identity,
                author=self.letter.author,
            )
        )
        self.draft.emit(self.letter, identity=self.letter.identity)
        self.letter = None
