"""Whose event is whose when a link is undone: what goes back, what stays, what is forgotten. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from state import events as ev

BY_ACTION = (
    *(ev.ActionProposed, ev.ActionMoved, ev.ApprovalRequested, ev.ApprovalDecided, ev.ApprovalExpired),
    *(ev.DoubtRaised, ev.ActionSettled),
)
BY_TICKET = (ev.TicketOpened, ev.TicketChanged, ev.TicketClosed)
PLACES: Mapping[type[Any], str] = {
    ev.SlotsSet: "source",
    ev.ActionMoved: "source",
    ev.ConsentChanged: "source",
    ev.NoteWritten: "to",
}
"""Fields that name a place in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """Who leaves: identities, and the sessions that thaw with them. `customer`: whether the customer number goes too.

    `actions` and `tickets`: those that had been theirs before the link.
    """

    identities: frozenset[str]
    sessions: frozenset[str] = frozenset()
    customer: bool = False
    actions: frozenset[str] = frozenset()
    tickets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One log, cut. `moved` go along in this order; `erased` leave only their place; `changed` stay as given here.

    `actions`, `tickets`: all that go along. `here`, `there`: the tasks with a trace of the other side in them.
    """

    moved: tuple[ev.Stored, ...]
    erased: frozenset[int]
    changed: tuple[ev.Stored, ...]
    actions: frozenset[str]
    tickets: frozenset[str]
    here: frozenset[str]
    there: frozenset[str]


def cut(log: Sequence[ev.Stored], leaving: Leaving) -> Cut:
    """Say of every event of a log where it belongs now."""
    leaving = _with_theirs(log, leaving)
    moved: list[ev.Stored] = []
    changed: list[ev.Stored] = []
    erased: set[int] = set()
    here: set[str] = set()
    there: set[str] = set()
    for stored in log:
        goes, theirs = _goes(stored, leaving), stored.identity in leaving.identities
        task = _task(log, stored.data)
        if task and stored.identity and theirs != goes:
            (there if goes else here).add(task)
        elif task:
            (here if goes else there).add(task)
        if _is_forgotten(stored, leaving, goes=goes):
            erased.add(stored.seq)
        elif goes:
            moved.append(_own(stored, keep=theirs))
        elif (other := _staying(stored, leaving, since=bool(moved) or bool(leaving.sessions))) is not stored:
            changed.append(other)
    return Cut(
        moved=tuple(moved),
        erased=frozenset(erased),
        changed=tuple(changed),
        actions=leaving.actions,
        tickets=leaving.tickets,
        here=frozenset(here),
        there=frozenset(there),
    )


def _with_theirs(log: Iterable[ev.Stored], leaving: Leaving) -> Leaving:
    """With the actions and tickets that they began since."""
    actions, tickets = set(leaving.actions), set(leaving.tickets)
    for stored in log:
        if stored.identity in leaving.identities and isinstance(stored.data, ev.ActionProposed):
            actions.add(stored.data.action)
        if stored.identity in leaving.identities and isinstance(stored.data, ev.TicketOpened):
            tickets.add(stored.data.ticket)
    return replace(leaving, actions=frozenset(actions), tickets=frozenset(tickets))


def _goes(stored: ev.Stored, leaving: Leaving) -> bool:
    """Whether an event goes along: an action's and a ticket's events stay together, the rest goes by who it is of."""
    data = stored.data
    if isinstance(data, BY_ACTION):
        return data.action in leaving.actions
    if isinstance(data, BY_TICKET) or (stored.identity is None and getattr(data, "ticket", None)):
        return getattr(data, "ticket", None) in leaving.tickets
    return stored.identity in leaving.identities


def _task(log: Sequence[ev.Stored], data: ev.Event | None) -> str | None:
    """The task an event belongs to, if any."""
    if isinstance(data, ev.ActionMoved):
        proposed = (s.data for s in log if isinstance(s.data, ev.ActionProposed))
        return next((p.task for p in proposed if p.action == data.action), None)
    return getattr(data, "task", None)


def _is_forgotten(stored: ev.Stored, leaving: Leaving, *, goes: bool) -> bool:
    """What is true on neither side any more: the link itself, and proofs that rest on a number the other side keeps."""
    match stored.data:
        case ev.IdentityLinked():
            return stored.data.other_session in leaving.sessions
        case ev.IdentityVerified():
            by_link = goes and stored.data.method == "attribute"
            return by_link or (stored.data.customer_id is not None and goes != leaving.customer)
    return stored.data is None and goes


def _own(stored: ev.Stored, *, keep: bool) -> ev.Stored:
    """An event that goes along; the words of the other side in what a model was shown do not."""
    return replace(stored, data=_without_prompt(stored.data), identity=stored.identity if keep else None)


def _staying(stored: ev.Stored, leaving: Leaving, *, since: bool) -> ev.Stored:
    """An event that stays, without the departed one's words in it."""
    data = stored.data
    if isinstance(data, ev.IdentityLinked) and any(one["id"] in leaving.identities for one in data.identities):
        return replace(stored, data=replace(data, carried={}))
    if stored.identity in leaving.identities:
        return replace(stored, identity=None)
    if since and isinstance(data, ev.ModelCalled) and data.prompt:
        return replace(stored, data=_without_prompt(data))
    return stored


def _without_prompt(data: ev.Event | None) -> ev.Event | None:
    return replace(data, prompt="") if isinstance(data, ev.ModelCalled) else data


def at_home(moved: Sequence[ev.Stored], first: int) -> list[ev.Event]:
    """Events for their new places, from `first` on: the places that they name are told anew, or not at all."""
    seqs = {stored.seq: first + number for number, stored in enumerate(moved)}
    found = []
    for stored in moved:
        assert stored.data is not None  # noqa: S101 - one without a key is not moved
        found.append(_told(stored.data, seqs))
    return found


def _told(data: ev.Event, seqs: Mapping[int, int]) -> ev.Event:
    if isinstance(data, ev.MessageQuarantined):
        known = [new for old, new in seqs.items() if old <= data.upto]
        return replace(data, upto=max(known, default=0))
    name = PLACES.get(type(data))
    if name is None:
        return data
    changes: dict[str, Any] = {name: seqs.get(getattr(data, name))}
    return replace(data, **changes)


def unread(stored: Sequence[ev.Stored], old: str, fresh: str) -> Cut:
    """Unanswered events of an identity whose address is another person's now: they are the new one's messages."""
    mine = [s for s in stored if s.identity == old]
    moved = tuple(
        replace(s, data=replace(s.data, identity=fresh), identity=fresh)
        for s in mine
        if isinstance(s.data, ev.MessageReceived)
    )
    nothing: frozenset[str] = frozenset()
    return Cut(
        moved=moved, erased=frozenset(), changed=(), actions=nothing, tickets=nothing, here=nothing, there=nothing
    )
