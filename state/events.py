"""Immutable facts of a session, and their form at rest. The only source of state; holds no rules.

Adding one: a dataclass here and a branch in `state.reducers` (mypy fails without it). Fields are plain JSON values,
so that a stored event can be read by any later version: give every new field a default.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import orjson

from state.code_events import CodeChecked, CodeSent
from state.reply_events import DeliveryFailed, ReplyQueued
from state.staff_events import (
    ActionSettled,
    ApprovalDecided,
    ApprovalExpired,
    ApprovalRequested,
    DoubtRaised,
    HandoffTimedOut,
    NoteWritten,
    OperatorCalled,
    StaffAsked,
    StaffHandedBack,
    StaffReplied,
    StaffResolved,
    StaffTookOver,
    TicketChanged,
    TicketClosed,
    TicketOpened,
)
from state.tool_events import ActionMoved, ActionProposed, Refused, ToolFailed, ToolRefused, ToolSucceeded

__all__ = [
    "INBOUND",
    "JSON",
    "KINDS",
    "ActionMoved",
    "ActionProposed",
    "ActionSettled",
    "ApprovalDecided",
    "ApprovalExpired",
    "ApprovalRequested",
    "Asked",
    "CodeChecked",
    "CodeSent",
    "ConsentChanged",
    "DeliveryFailed",
    "DoubtRaised",
    "Event",
    "HandoffTimedOut",
    "IdentityLinked",
    "IdentityUnlinked",
    "IdentityVerified",
    "IntentRouted",
    "MessageQuarantined",
    "MessageReceived",
    "ModelCalled",
    "NoteWritten",
    "OperatorCalled",
    "Refused",
    "ReplyQueued",
    "SessionForwarded",
    "SlotsSet",
    "StaffAsked",
    "StaffHandedBack",
    "StaffReplied",
    "StaffResolved",
    "StaffTookOver",
    "StepEntered",
    "Stored",
    "TaskEnded",
    "TaskResumed",
    "TaskStarted",
    "TicketChanged",
    "TicketClosed",
    "TicketOpened",
    "ToolFailed",
    "ToolRefused",
    "ToolSucceeded",
    "TurnDegraded",
    "decode",
    "encode",
]

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived:
    """Somebody wrote. `identity` is the id of the identity that wrote, `assurance` its proof at that moment."""

    inbound: ClassVar[bool] = True
    channel: str
    identity: str
    assurance: str
    message_id: str
    text: str
    choice: str | None = None
    name: str | None = None
    media: list[JSON] = field(default_factory=list)
    extra: JSON = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityVerified:
    """A signed token, a code or the directory of record proved who an identity is."""

    inbound: ClassVar[bool] = True
    channel: str
    identity: str
    method: str
    customer_id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLinked:
    """Another user turned out to be this one: `other_session` was frozen and its open task came along."""

    other_session: str
    other_user: str
    reason: str
    identities: list[JSON] = field(default_factory=list)
    carried: JSON = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionForwarded:
    """This session is frozen; everything goes on in session `to`."""

    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRouted:
    """What a burst of messages was understood to want. `by`: question, choice, policy, or the model's name."""

    intent: str
    by: str
    confidence: float = 1.0
    runners_up: list[JSON] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCalled:
    """One model call. `prompt` is what was sent; it is encrypted with the event and never logged."""

    backend: str
    model: str
    prompt_version: str
    outcome: str
    ms: int
    tokens_in: int = 0
    tokens_out: int = 0
    prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStarted:
    """A workflow began. `tools`: name → version of those it calls, which it keeps until it ends."""

    task: str
    workflow: str
    slots: JSON = field(default_factory=dict)
    tools: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResumed:
    """A task that had been set aside is the active one again."""

    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsSet:
    """Slot values that passed the workflow's rules. `by`: user, model, tool, policy or staff; `source`: event seq."""

    task: str
    values: JSON
    by: str
    source: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntered:
    """The task moved to a step of its workflow."""

    task: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The bot asked for a slot, or (with `action`) for consent.

    `choices`: [{label, token, answer}]; `expires`: ms or None. `rest`: the task goes on by itself as well after a
    while, for the n-th time. The same question again changes nothing but that.
    """

    task: str
    slot: str
    question: str
    choices: list[JSON] = field(default_factory=list)
    action: str | None = None
    expires: int | None = None
    rest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded:
    """A task is over. `outcome`: done, refused, declined, cancelled, failed or handed_off."""

    task: str
    outcome: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChanged:
    """Whether the bot may write to an identity on its own account. `method`: keyword, provider or staff."""

    channel: str
    identity: str
    granted: bool
    method: str
    source: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityUnlinked:
    """A link was undone: `identities` left for session `to` (or, there, came back from session `to`).

    `back`: whether this session is the one they came back to. Their events went with them. `customer_id`: the number
    that this session has from here on.
    """

    to: str
    reason: str
    identities: list[str] = field(default_factory=list)
    back: bool = False
    customer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageQuarantined:
    """Messages up to `upto` made the turn fail again and again; they were set aside for a person."""

    upto: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDegraded:
    """The turn could not go the usual way and said so. `to`: question, offline or person."""

    reason: str
    to: str


Event = (
    MessageReceived | IdentityVerified | IdentityLinked | SessionForwarded | IntentRouted | ModelCalled
    | TaskStarted | TaskResumed | SlotsSet | StepEntered | Asked | TaskEnded | ToolSucceeded | ToolFailed | ToolRefused
    | ActionProposed | ActionMoved | ApprovalRequested | ApprovalDecided | ApprovalExpired
    | DoubtRaised | ActionSettled
    | TicketOpened | TicketChanged | TicketClosed | StaffTookOver | StaffHandedBack | StaffReplied | StaffResolved
    | StaffAsked | OperatorCalled | NoteWritten | HandoffTimedOut | ConsentChanged | CodeSent | CodeChecked
    | IdentityUnlinked | ReplyQueued | DeliveryFailed | MessageQuarantined | TurnDegraded | Refused
)  # fmt: skip

Recorded = (
    IntentRouted | ModelCalled | ToolFailed | ToolRefused | MessageQuarantined | TurnDegraded
    | StaffReplied | StaffResolved | StaffAsked | OperatorCalled | NoteWritten | HandoffTimedOut | CodeSent
    | CodeChecked | DeliveryFailed | Refused
)  # fmt: skip
"""Events that change nothing: for turns, and for people who read the log."""

KINDS: dict[str, type[Any]] = {cls.__name__: cls for cls in Event.__args__}
INBOUND = frozenset(name for name, cls in KINDS.items() if getattr(cls, "inbound", False))
_FIELDS = {name: tuple(f.name for f in fields(cls)) for name, cls in KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An event in its place. `at`: milliseconds of the database's clock; `data` is None when its key was destroyed."""

    seq: int
    kind: str
    at: int
    data: Event | None
    turn: str | None = None
    identity: str | None = None


def encode(event: Event) -> bytes:
    """The event's fields as JSON bytes; the kind is kept beside it."""
    return orjson.dumps({name: getattr(event, name) for name in _FIELDS[type(event).__name__]})


def decode(kind: str, body: bytes) -> Event:
    """Read an event back; fields this version does not know are dropped. Raises KeyError for an unknown kind."""
    cls, names = KINDS[kind], _FIELDS[kind]
    data = orjson.loads(body)
    event: Event = cls(**{name: data[name] for name in names if name in data})
    return event
