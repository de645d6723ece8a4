"""What a channel is to the rest: capabilities, the ports it is given, the protocol it fulfils. Knows no engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from aiohttp import web

    from config.settings import Settings
    from state.hints import Hints
    from state.identity import Address, Claims
    from state.messages import Accepted, Acted, Inbound, Outbound, Receipt, StaffAct, StatusUpdate, Thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a channel can show.

    `text_limit`: characters in one message. `buttons`: choices it can show as buttons; with more (or 0) they become
    numbered text. `pull`: the client fetches by cursor, so a committed reply counts as handed over. `window_s`: seconds
    after the person's last message in which free text may be sent, None for always. `staff`: staff work there, and no
    customer does.
    """

    text_limit: int
    buttons: int = 0
    pull: bool = False
    html: bool = False
    window_s: int | None = None
    staff: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """Where a visitor stands after a signed identity was accepted.

    `visitor` differs from the one given when the browser had been somebody else; `reset` tells the client to forget
    what it shows.
    """

    user_id: str
    session_id: str
    visitor: Address
    reset: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The live session of an identity (a forwarded one is followed) and its newest sequence number."""

    session_id: str
    user_id: str
    seq: int
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything a channel may ask of us. All of it is handed over; a channel imports nothing but state and config.

    accept    commit one inbound message; only then acknowledge it
    act       commit one act of a staff member; only then acknowledge it
    identify  accept a signed identity for a visitor
    find      the live session of an address, None when it never wrote
    messages  committed messages of a session after a seq, as wire frames (`{"type":"message", …}`), oldest first
    status    fold a provider's delivery status
    delivered which of these provider ids of a channel are the receipt of another reply than this (for reconciling)
    replied   where an answer to one of our replies belongs, by the reply's outbox id or the provider's id of it
    ticket    where a ticket number belongs, if this address is one of the ticket's customer
    allow     a hard counter: whether one more use of a name keeps it at a limit within a window, for all processes and
              across restarts
    cursor    read (with None) or keep how far a channel has read elsewhere; one named `once/…` is forgotten after days
    ready     whether inbound may be taken now (False while draining: answer 503)
    listens   whether this process takes messages in at all; one that only runs turns and sends opens no way in
    """

    settings: Settings
    hints: Hints
    accept: Callable[[Inbound], Awaitable[Accepted]]
    identify: Callable[[Address, Claims], Awaitable[Identified]]
    find: Callable[[Address], Awaitable[Place | None]]
    messages: Callable[[str, int], Awaitable[list[dict[str, Any]]]]
    act: Callable[[StaffAct], Awaitable[Acted]]
    status: Callable[[StatusUpdate], Awaitable[None]]
    delivered: Callable[[str, Sequence[str], str], Awaitable[frozenset[str]]]
    replied: Callable[[str], Awaitable[Thread | None]]
    ticket: Callable[[int, Address], Awaitable[Thread | None]]
    allow: Callable[[str, int, float], Awaitable[bool]]
    cursor: Callable[[str, str | None], Awaitable[str | None]]
    ready: Callable[[], bool]
    listens: bool = True


class Channel(Protocol):
    """A way in and out. One instance per process; `send` may be called for many sessions at once."""

    name: str
    capabilities: Capabilities

    def __init__(self, ports: Ports) -> None:
        """Keep the ports; open nothing yet."""

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The HTTP routes of this channel."""
        ...

    async def start(self) -> None:
        """Open connections and background tasks. No provider is called before readiness."""

    async def close(self) -> None:
        """Say goodbye to clients (with a hint to resume) and close everything within 5 s."""

    async def send(self, outbound: Outbound) -> Receipt:
        """Hand one part to the provider, once; on `attempt > 1` reconcile first. A provider's fault is no exception."""
        ...

    async def typing(self, to: Address, inbound_id: str) -> None:
        """Show that an answer is being made, where the channel can. Best effort."""
