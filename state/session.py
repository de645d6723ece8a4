"""The folded state of a session: what the bot knows, as values. Rules are in `state.reducers`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

T = TypeVar("T")
BY_CUSTOMER = "customer"
VERSION = 2  # raise it when the meaning of a field changes: older rows are then folded again from the log


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One value of a task, who set it and which event it came from."""

    value: Any
    by: str
    seq: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the bot waits for. With `action`, the answer is consent to that action's exact arguments.

    `rest`: how often the task was to go on by itself (0: it waits for an answer alone). `asked_seq` is the seq of the
    `Asked` event; `replied_seq`, `replied_at` and `reply` are the seq, the time and the outbox id of the reply that
    carries it, once committed.
    """

    id: str
    slot: str
    choices: tuple[dict[str, Any], ...] = ()
    action: str | None = None
    expires: int | None = None
    rest: int = 0
    asked_seq: int = 0
    replied_seq: int | None = None
    replied_at: int | None = None
    reply: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run of a workflow. `tools`: the versions of the tools it calls, as they were when it began."""

    id: str
    workflow: str
    slots: dict[str, Slot] = field(default_factory=dict)
    step: str | None = None
    question: Question | None = None
    outcome: str | None = None
    started_seq: int = 0
    tools: dict[str, int] = field(default_factory=dict)

    def value(self, slot: str) -> Any:  # noqa: ANN401 - whatever JSON the slot holds
        """The slot's value, or None."""
        found = self.slots.get(slot)
        return found.value if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A staff member's consent to an action: asked for, then decided once. `verdict`: approved, denied or None (open).

    `scope`: what the decider must hold, all of its words; `why`: the rule that asks; `expires`, `at`: ms; `lines`:
    (label, value) pairs; `others`: the actions decided with this one, all or none (`args_hash` is over all of them).
    """

    ticket: str
    args_hash: str
    scope: str
    why: str
    title: str
    expires: int
    lines: tuple[tuple[str, str], ...] = ()
    others: tuple[str, ...] = ()
    words: dict[str, str] = field(default_factory=dict)
    verdict: str | None = None
    staff: str | None = None
    name: str | None = None
    reason: str = ""
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What staff were shown of a write whose outcome stayed unknown, and what they say: happened, not_happened or None.

    `shown`: the hash of the evidence; `lines`: (label, value) pairs; `at`: ms.
    """

    ticket: str
    shown: str
    title: str
    lines: tuple[tuple[str, str], ...] = ()
    verdict: str | None = None
    staff: str | None = None
    name: str | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The staff member who has the conversation; the bot is silent. `since`: ms."""

    staff: str
    name: str
    since: int
    ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A case as the session knows it. `status`: open, pending or resolved; `identity`: where it was opened.

    `category`, `team`: how a workflow sorted it, "" where none did.
    """

    id: str
    number: int
    subject: str
    reason: str
    status: str = "open"
    priority: str = "normal"
    category: str = ""
    team: str = ""
    assignee: str | None = None
    assignee_name: str | None = None
    identity: str | None = None
    opened_at: int = 0
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One intended write, from proposal to outcome; its id is the idempotency key.

    `consent_seq`: the event that consented; `dispatched_at`: ms of the commit before the first byte; `doubts`: how
    often it was looked for in vain; `attempts`: the calls and readings back so far, [{n, reason, ms, verb, at}].
    `actor`: who asks for it, with `scopes` when that is not the customer; `step`: the step of its
    workflow that asks for it; `batch`: shared by those that were asked for together.
    """

    id: str
    task: str
    tool: str
    version: int
    arguments: dict[str, Any]
    args_hash: str
    terms: str
    state: str
    reason: str = ""
    result: Any = None
    consent_seq: int | None = None
    dispatched_at: int | None = None
    doubts: int = 0
    approval: Approval | None = None
    attempts: tuple[dict[str, Any], ...] = ()
    doubt: Doubt | None = None
    step: str = ""
    batch: str = ""
    actor: str = BY_CUSTOMER
    scopes: tuple[str, ...] = ()

    @property
    def foreign(self) -> bool:
        """Whether somebody else than the customer asks for it, so that the conversation is not about it."""
        return self.actor != BY_CUSTOMER

    @property
    def open(self) -> bool:
        """Whether something may still happen to it."""
        return self.state in {"awaiting_confirmation", "awaiting_approval", "confirmed", "dispatched", "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """An identity the person used, and when: channel, proof, last inbound event.

    `opted_out`: the bot may answer there, but not begin. `thread`: what the channel said of the thread its last message
    belongs to.
    """

    identity: str
    channel: str
    assurance: str
    last_seq: int = 0
    last_at: int = 0
    opted_out: bool = False
    thread: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Everything a turn needs to know about a user. Bounded: ended tasks and settled actions are kept by count.

    `mode`: bot, or staff while `holder` has the conversation. `held_seq`: messages up to there had a holding line.
    `wrote`: the last news of a write that was dispatched, so of what others' systems know of this person.
    """

    seq: int = 0
    mode: str = "bot"
    customer_id: str | None = None
    name: str | None = None
    forwarded_to: str | None = None
    reach: dict[str, Reach] = field(default_factory=dict)
    last_identity: str | None = None
    task: Task | None = None
    waiting: tuple[Task, ...] = ()
    ended: tuple[Task, ...] = ()
    actions: dict[str, Action] = field(default_factory=dict)
    entities: dict[str, Slot] = field(default_factory=dict)
    tickets: tuple[Ticket, ...] = ()
    holder: Holder | None = None
    held_seq: int = 0
    wrote: int = 0

    def find_ticket(self, ticket: str | None) -> Ticket | None:
        """A ticket by id."""
        return next((t for t in self.tickets if t.id == ticket), None)

    @property
    def active_ticket(self) -> Ticket | None:
        """The newest ticket that is not resolved."""
        return next((t for t in reversed(self.tickets) if t.status != "resolved"), None)

    def find_task(self, task_id: str) -> Task | None:
        """A task by id, active, set aside or ended."""
        tasks = ((self.task,) if self.task else ()) + self.waiting + self.ended
        return next((t for t in tasks if t.id == task_id), None)

    def open_actions(self) -> list[Action]:
        """Actions that are not settled, oldest first."""
        return [a for a in self.actions.values() if a.open]


def dump(session: Session) -> bytes:
    """The session as JSON bytes, to be encrypted as one value."""
    return orjson.dumps({"version": VERSION, "session": session})


def load(body: bytes) -> Session | None:
    """Read a dumped session; None when it was written with another VERSION and must be folded again."""
    envelope = orjson.loads(body)
    if envelope.get("version") != VERSION:
        return None
    data = envelope["session"]
    data["reach"] = all_from(Reach, data["reach"])
    data["task"] = task_from(data["task"]) if data["task"] else None
    data["waiting"] = tuple(task_from(t) for t in data["waiting"])
    data["ended"] = tuple(task_from(t) for t in data["ended"])
    data["actions"] = actions_from(data["actions"])
    data["entities"] = all_from(Slot, data["entities"])
    data["tickets"] = tickets_from(data["tickets"])
    data["holder"] = holder_from(data.get("holder"))
    return Session(**_fields(Session, data))


def actions_from(values: dict[str, dict[str, Any]]) -> dict[str, Action]:
    """Read actions as `dump` wrote them."""
    found = {}
    for name, value in values.items():
        more = {
            "approval": _asked(Approval, value.get("approval")),
            "doubt": _asked(Doubt, value.get("doubt")),
            "attempts": tuple(value.get("attempts", ())),
            "scopes": tuple(value.get("scopes", ())),
        }
        found[name] = Action(**_fields(Action, {**value, **more}))
    return found


def _asked(cls: type[T], data: dict[str, Any] | None) -> T | None:
    """What staff were asked, with its lines as pairs; None when they were not."""
    if not data:
        return None
    lines = tuple((str(label), str(text)) for label, text in data.get("lines", ()))
    others = tuple(data.get("others", ()))
    return cls(**_fields(cls, {**data, "lines": lines, "others": others}))


def holder_from(data: dict[str, Any] | None) -> Holder | None:
    """Read who has the conversation, as `dump` wrote it; None when the bot has it."""
    return Holder(**_fields(Holder, data)) if data else None


def tickets_from(values: Iterable[dict[str, Any]]) -> tuple[Ticket, ...]:
    """Read tickets as `dump` wrote them."""
    return tuple(Ticket(**_fields(Ticket, value)) for value in values)


def task_from(data: dict[str, Any]) -> Task:
    """Read one task as `dump` wrote it (also one carried over from a linked session)."""
    question = data["question"]
    if question:
        question = Question(**_fields(Question, {**question, "choices": tuple(question["choices"])}))
    return Task(**_fields(Task, {**data, "slots": all_from(Slot, data["slots"]), "question": question}))


def all_from(cls: type[T], values: dict[str, dict[str, Any]]) -> dict[str, T]:
    """Read values by name; fields that this version does not know are dropped."""
    return {name: cls(**_fields(cls, value)) for name, value in values.items()}


def _fields(cls: type[Any], data: dict[str, Any]) -> dict[str, Any]:
    fields = cls.__dataclass_fields__
    return data if data.keys() <= fields.keys() else {k: v for k, v in data.items() if k in fields}
