"""What a staff channel is to the rest: cards, notes, and the protocol of the channel where staff work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """A request for approval as staff see it: the exact arguments, and what became of it.

    `lines`: (label, value) pairs. `verdict`: approved, denied, expired, void, or None while it is open. `expires` and
    `at` are ms.
    """

    action: str
    args_hash: str
    title: str
    why: str
    lines: tuple[tuple[str, str], ...]
    expires: int
    verdict: str | None = None
    name: str | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtView:
    """A write of which nobody can tell whether it happened, as staff see it: the evidence, and what became of it.

    `shown`: the hash of the evidence. `lines`: (label, value) pairs. `verdict`: in words, None while it is open;
    `name`: whose word it is (None: the other system's). `at`: ms.
    """

    action: str
    shown: str
    title: str
    lines: tuple[tuple[str, str], ...]
    verdict: str | None = None
    name: str | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A ticket's card, as any staff channel shows it. `mode`: bot or staff (then `holder` says who).

    `team`: whose it is, and in brackets what it is about.

    `customer`: how to call them; `known`: how far they are proven, in words. `channels`: where they wrote. `task`: the
    title of what is going on, `step` where it stands, `slots` its values as (label, value). `did`: what the bot did,
    newest last.
    """

    ticket: str
    number: int
    subject: str
    status: str
    priority: str
    reason: str
    customer: str
    known: str
    channels: tuple[str, ...]
    mode: str
    team: str = ""
    holder: str | None = None
    assignee: str | None = None
    outcome: str | None = None
    task: str | None = None
    step: str | None = None
    slots: tuple[tuple[str, str], ...] = ()
    did: tuple[str, ...] = ()
    approvals: tuple[ApprovalView, ...] = ()
    doubts: tuple[DoubtView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One line of a ticket's thread. `key`: the same on every attempt, unique in the thread.

    `kind`: customer (their words), bot or staff (what was sent to them), internal (for staff alone) or system.
    `sendable`: whether a button may send `text` to the customer.
    """

    key: str
    kind: str
    author: str
    text: str
    channel: str | None = None
    sendable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """How an attempt to tell staff ended.

    `state`: done, later (nothing was tried: its turn comes in `after` seconds), retry (after `after` seconds), or gone
    (it cannot work until a person mends it, so staff are told another way). `place`: the thread, as `StaffAct.place`
    names it.
    """

    state: str
    place: str | None = None
    reason: str = ""
    after: float | None = None


class StaffChannel(Protocol):
    """Where staff work: every ticket is a thread with a card. At most one is on."""

    name: str

    async def open_case(self, case: Case, *, again: bool) -> Posted:
        """Post the card that begins a thread; with `again` an earlier attempt may have got through: look first."""
        ...

    async def update_case(self, place: str, case: Case) -> Posted:
        """Show the card as it is now."""
        ...

    async def post(self, place: str, note: Note, *, again: bool) -> Posted:
        """Add a line to the thread; with `again` an earlier attempt may have got through: look first."""
        ...
