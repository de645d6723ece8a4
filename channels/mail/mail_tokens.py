"""What we write into our mails to know the answers by: signed reply addresses, Message-IDs and bounce addresses.

Everything is stateless: an HMAC under a key of its own, cut to what an address has room for. A reply address bears the
ticket's number and fits one recipient only: it counts together with the same `From`, so that who is given a mail to
read, or is copied, gains nothing by its address. It proves who was written to, never who writes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from channels.mail import mail_address
from config.settings import Settings

LABEL = "mail-reply"
REPLY = "t"
BOUNCE = "b"
MAC = 20  # characters of base32: 100 bits
SHORT_MAC = 13  # 65 bits, where a guess gains next to nothing
LONGEST_NUMBER = 12
LONGEST_ID = 100
OUTBOX_ID = 32  # hexadecimal digits
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a reply address says: whom we wrote to, by the name they are known under, and about which ticket."""

    ticket: int | None
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTokens:
    """Makes and reads them. `ours`: our own address, as `mail_address.normal` spells it."""

    key: bytes
    ours: str

    def make(self, ticket: int | None, recipient: str) -> str:
        """Give the token of a reply address: `1042-mac`, or `-mac` without a ticket.

        `recipient` is spelt as in the identity, so that an unproven one's token never leads to the proven one.
        """
        number = "" if ticket is None else str(ticket)
        return f"{number}-{self._mac(REPLY, number, mail_address.name(recipient))[:MAC]}"

    def check(self, token: str, from_address: str) -> Token | None:
        """Read a token that was made for this very address, proven or not; None for any other."""
        number, dash, _ = token.lower().partition("-")
        sender = mail_address.normal(from_address)
        if not dash or not sender or (number and not _is_number(number)):
            return None
        ticket = int(number) if number else None
        for name in (sender, mail_address.claimed(sender)):
            if _same(token.lower(), self.make(ticket, name)):
                return Token(ticket=ticket, address=name)
        return None

    def reply_address(self, ticket: int | None, recipient: str) -> str:
        """Give the address for `Reply-To`: ours with the token behind a plus."""
        return mail_address.plus(self.ours, REPLY + self.make(ticket, recipient))

    def token_of(self, recipient: str) -> str | None:
        """Find the token in an address that a mail came to."""
        return self._tagged(recipient, REPLY)

    def message_id(self, outbox_id: str) -> str:
        """Give the Message-ID of a reply, without its brackets; the same for every attempt to send it."""
        mac = self._mac("id", outbox_id.lower())[:MAC]
        return f"{outbox_id}.{mac}@{mail_address.split(self.ours)[1]}"

    def outbox_id(self, message_id: str) -> str | None:
        """Give the outbox id of a Message-ID that we made; None for any other."""
        left, _, _ = message_id.strip("<> ").partition("@")  # whatever stands behind it: providers change that
        outbox_id, dot, mac = left[:LONGEST_ID].rpartition(".")
        if not dot or not _same(mac.lower(), self._mac("id", outbox_id.lower())[:MAC]):
            return None
        return outbox_id.lower()

    def bounce_address(self, outbox_id: str) -> str:
        """Give the envelope sender of a reply, so that its bounce says by its recipient what it is about.

        It is our plain address when there is no room; the report then names the Message-ID.
        """
        mac = self._mac(BOUNCE, outbox_id.lower())[:SHORT_MAC]
        found = mail_address.plus(self.ours, f"{BOUNCE}{outbox_id}-{mac}")
        return found if len(mail_address.split(found)[0]) <= mail_address.LONGEST_LOCAL else self.ours

    def bounced(self, recipient: str) -> str | None:
        """Give the outbox id of a bounce address."""
        outbox_id, _, mac = (self._tagged(recipient, BOUNCE) or "").rpartition("-")
        return outbox_id if outbox_id and _same(mac, self._mac(BOUNCE, outbox_id)[:SHORT_MAC]) else None

    def counted(self, name: str) -> str:
        """Give the word under which an address is counted: it does not tell the address, not even to who guesses it."""
        return self._mac("count", name)[:32]

    def _tagged(self, recipient: str, kind: str) -> str | None:
        found = mail_address.tag(recipient, self.ours)
        return found[len(kind) :] if found and found.startswith(kind) else None

    def _mac(self, *parts: str) -> str:
        text = "\n".join(parts).encode(errors="surrogatepass")
        return base64.b32encode(hmac.digest(self.key, text, hashlib.sha256)).decode().lower()


def mail_tokens(settings: Settings) -> MailTokens:
    """Build the tokens of this deployment."""
    ours = mail_address.normal(settings.email_address or "") or ""
    return MailTokens(key=settings.derive(LABEL), ours=ours)


def foreign(name: str) -> bool:
    """Say whether an id may be a provider's. One that looks like an outbox id of ours counts with its proof only."""
    return not (len(name) == OUTBOX_ID and _HEX.issuperset(name.lower()))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), wanted.encode())
