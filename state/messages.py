"""Values that cross the border between channels and the engine. No behaviour beyond reading themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from state.identity import Address, Assurance


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One message as a channel verified it.

    `provider_id` is unique for ever per (channel, account): the same id is the same message. `choice` is the opaque
    token of a button, when one was pressed. `phone` and `email` are addresses that the channel vouches for. `raw` is
    the provider's envelope as it came (kept encrypted), `extra` what a channel wants to find again in the event;
    `extra["thread"]` comes back with replies to this message (`Outbound.thread`). `consent`: whether the person opts
    in or out of being written to (None: neither).
    """

    channel: str
    account: str
    provider_id: str
    sender: Address
    assurance: Assurance
    text: str
    choice: str | None = None
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    media: tuple[dict[str, Any], ...] = ()
    raw: bytes = b""
    extra: dict[str, Any] = field(default_factory=dict)
    consent: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAct:
    """Something a staff member did, as their channel verified it. Who they are in our list is not its business.

    `provider_id`: unique for ever per (channel, account), as with `Inbound`. `staff`: `team/user` as the channel
    authenticated them. `verb`: take_over, hand_back, reply, approve, deny, settle, assign, resolve, priority, ask,
    draft or summarize. The ticket is named by its id, by its number, or by the place of its thread in the channel.
    `action` and `args_hash`: what a button of a request stood for. `text`: words, happened or not_happened, an assignee
    (`team/user`), a priority or a reason.
    """

    channel: str
    account: str
    provider_id: str
    staff: str
    verb: str
    ticket: str | None = None
    number: int | None = None
    place: str | None = None
    action: str | None = None
    args_hash: str | None = None
    text: str = ""
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What became of a `StaffAct`. `message` is for the staff member, in words; `reason` one word for it.

    `reason`: done, again (it came before), not_staff, role, requester, expired, void (the arguments changed), decided,
    no_ticket, closed, or empty.
    """

    done: bool
    reason: str
    message: str
    session_id: str | None = None
    ticket: str | None = None
    number: int | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCall:
    """A call of a tool from outside the conversation, as its door verified it.

    `by`: the actor (operator, or `mcp:` and a token's name). `key`: counts once per actor, for ever. `user`: the id or
    the identity of the user it is for, None for nobody. `asked`: the version that was asked for, if one was; `version`:
    the one it is. `writes`: whether it becomes an action.
    """

    by: str
    key: str
    user: str | None
    tool: str
    version: int
    asked: int | None
    arguments: dict[str, Any]
    reason: str = ""
    scopes: tuple[str, ...] = ()
    writes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What became of an `OperatorCall`.

    `reason`: new, again (the same call came before), other (the key stood for another call), nobody (no such user), or
    busy (too many of this user's calls are under way). `state`: how far its write is; `answer`: what it came to.
    """

    reason: str
    session_id: str = ""
    user_id: str = ""
    action: str | None = None
    tool: str = ""
    version: int = 0
    state: str = "accepted"
    answer: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Where a mail that answers one of our replies belongs. `address`: to whom that reply was sent."""

    session_id: str
    user_id: str
    address: Address
    ticket: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What became of an `Inbound`: where it stands in its session, and whether it was new."""

    new: bool
    session_id: str
    user_id: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer offered with a reply. `value` is an opaque single-use token."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """One reply waiting to leave, as the engine wrote it; a channel renders and sends it.

    `id` is the outbox id, the same on every attempt. `seq` is the reply's place in its session, `part` its number when
    one reply was split. `attempt` counts from 1; above 1 a channel must reconcile before it sends again. `author`: bot,
    staff (then `name` says who) or system. `kind`: reply, holding or notice. `template`: an approved template to send
    in place of the text. `thread`: what the channel said of the thread this continues (`Inbound.extra["thread"]`).
    """

    id: str
    session_id: str
    seq: int
    part: int
    channel: str
    to: Address
    text: str
    choices: tuple[Choice, ...] = ()
    citations: tuple[dict[str, Any], ...] = ()
    ticket: int | None = None
    author: str = "bot"
    name: str | None = None
    kind: str = "reply"
    template: dict[str, Any] | None = None
    thread: dict[str, Any] = field(default_factory=dict)
    attempt: int = 1
    first_attempt_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The outcome of one delivery attempt.

    `state`: `sent` (the provider has it), `failed` (it never will), `retry` (after `after` seconds), `unknown` (it may
    have it). `ms`: how long the attempt took, from its first byte.
    """

    outbox_id: str
    state: str
    provider_id: str | None = None
    reason: str | None = None
    after: float | None = None
    ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """A provider's later word on a sent reply (`sent < delivered < read`; `failed` is final)."""

    channel: str
    provider_id: str
    status: str
    outbox_id: str | None = None
    reason: str | None = None
