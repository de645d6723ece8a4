"""Who somebody is: addresses on channels and how far each is proven. Decides nothing about links."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Assurance(StrEnum):
    """How far an identity is proven: claimed < channel (its channel authenticated it) < verified."""

    CLAIMED = "claimed"
    CHANNEL = "channel"
    VERIFIED = "verified"

    @property
    def rank(self) -> int:
        """Position in the order of proof, 0 to 2."""
        return _RANKS[self]

    def covers(self, needed: Assurance) -> bool:
        """Whether this level is at least `needed`."""
        return self.rank >= needed.rank


_RANKS = {Assurance.CLAIMED: 0, Assurance.CHANNEL: 1, Assurance.VERIFIED: 2}

# The channel word of an identity that is a customer number in the system of record, not an address to write to.
CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One opaque address on one channel, as the channel spells it (`whatsapp:+1555…`, `web:<visitor>`)."""

    channel: str
    address: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.address}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `channel:address`; raises ValueError when either part is missing."""
        channel, colon, address = text.partition(":")
        if not (channel and colon and address):
            raise ValueError("an identity is written channel:address")
        return cls(channel=channel, address=address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An address that belongs to a user, with its proof."""

    id: str
    user_id: str
    address: Address
    assurance: Assurance


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a signed web token states about its bearer (OpenID's names); addresses are here only when verified."""

    customer_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
