"""Who a mail counts as, and which conversation it continues.

A mail's sender is `email:<address>` only if the mail is authenticated (`mail_auth`), or if it shows that we wrote to
just this address before. What shows that, the first that is there:

1. a signed reply address of ours among its recipients, made for this very `From`;
2. one of our Message-IDs, or a provider's id of one of our replies, in `In-Reply-To` or `References`, when that reply
   went to this very `From`;
3. a ticket number in the subject: only for a sender who is proven already, and one of the ticket's own customer.

With such evidence alone a mail is taken in under the address, but as *claimed*: it lands in its conversation, and the
engine answers with public facts only. Without proof and without evidence the sender is `email:?<address>`, an identity
of its own, so that a forged `From` never touches the real owner's session; answers go to the address all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from channels.base import Ports
from channels.mail import mail_address, mail_tokens
from channels.mail.mail_tokens import MailTokens, Token
from channels.mail.reading.mail_parse import Preview
from state.identity import Address, Assurance

CHANNEL = "email"
MOST_IDS = 12  # of a mail that are looked up
MOST_REFERENCES = 20
LONGEST_ID = 250
LONGEST_SUBJECT = 300
LONGEST_NUMBER = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a mail counts as, how far that is proven, and the ticket it answers to."""

    address: Address
    assurance: Assurance
    ticket: int | None = None


async def sender(mail: Preview, address: str, *, proven: bool, tokens: MailTokens, ports: Ports) -> Sender:
    """Tell who a mail counts as. `address`: its `From`, as we spell it; `proven`: whether that is authenticated."""
    found = await _evidence(mail, address, tokens, ports)
    name = address if proven or (found and found.address == address) else mail_address.claimed(address)
    ticket = found.ticket if found and found.address == name else None
    who = Address(channel=CHANNEL, address=name)
    if ticket is None and name == address:
        ticket = await _numbered(mail, who, ports)
    return Sender(address=who, assurance=Assurance.CHANNEL if proven else Assurance.CLAIMED, ticket=ticket)


async def _evidence(mail: Preview, address: str, tokens: MailTokens, ports: Ports) -> Token | None:
    for recipient in mail.recipients:
        if token := tokens.check(tokens.token_of(recipient) or "", address):
            return token
    for reply_id in _reply_ids(mail, tokens):
        thread = await ports.replied(reply_id)
        if thread and thread.address.channel == CHANNEL and mail_address.real(thread.address.address) == address:
            return Token(ticket=thread.ticket, address=thread.address.address)
    return None


def _reply_ids(mail: Preview, tokens: MailTokens) -> Iterator[str]:
    """Give the ids that may be of our replies, the likeliest first: ours bear a proof, a provider's are as they are."""
    for message_id in newest_ids(mail)[:MOST_IDS]:
        if ours := tokens.outbox_id(message_id):
            yield ours
        else:  # a provider's: as it stands, and as it is named when a mail is taken
            yield from provider_ids(message_id)


def provider_ids(message_id: str) -> Iterator[str]:
    """Give the names under which a provider may know the reply with this Message-ID."""
    yield from (name for name in (message_id, message_id.partition("@")[0]) if name and mail_tokens.foreign(name))


def newest_ids(mail: Preview) -> list[str]:
    """Give the Message-IDs that a mail refers to, the one it answers first."""
    return list(dict.fromkeys((*mail.in_reply_to, *reversed(mail.references))))


async def _numbered(mail: Preview, who: Address, ports: Ports) -> int | None:
    """Give the ticket that the subject names, if it is one of this person's own."""
    for tag in mail.tags:
        if is_number(tag) and await ports.ticket(int(tag), who):
            return int(tag)
    return None


def is_number(text: str) -> bool:
    """Say whether a subject's tag can be a ticket number."""
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER


def continued(mail: Preview, *, ticket: int | None, to: str) -> dict[str, Any]:
    """Give what an answer to this mail needs to stay in its thread."""
    references = mail.references or mail.in_reply_to[:1]
    return {
        "subject": mail.subject[:LONGEST_SUBJECT],
        "message_id": mail.message_id if len(mail.message_id) <= LONGEST_ID else "",
        "references": [known for known in references if len(known) <= LONGEST_ID][-MOST_REFERENCES:],
        "ticket": ticket,
        "to": to,
    }
