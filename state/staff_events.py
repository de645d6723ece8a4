"""Facts of staff's side of a session: tickets, approvals, who has the conversation, what is said internally.

They belong to `state.events`, which is where everybody finds them; they hold no rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequested:
    """A consented write waits for a staff member with `scope`. `why`: the rule that asks for it; `expires`: ms.

    `lines`: what staff are shown, as (label, value) pairs: amount, object, reason. `words`: what the customer is told
    when it is denied or expires. `others`: the actions decided with this one; `args_hash` is over all of them then.
    """

    action: str
    ticket: str
    args_hash: str
    scope: str
    why: str
    title: str
    expires: int
    lines: list[list[str]] = field(default_factory=list)
    words: JSON = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalDecided:
    """A staff member said yes or no to exact arguments. Only one decision per request ever gets into the log."""

    inbound: ClassVar[bool] = True
    action: str
    args_hash: str
    staff: str
    name: str
    approved: bool
    reason: str = ""
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalExpired:
    """Nobody decided in time."""

    inbound: ClassVar[bool] = True
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtRaised:
    """A write's outcome stays unknown, so a person must look. `lines`: the evidence, as (label, value) pairs.

    `shown`: the hash of what they are shown; a decision counts for exactly that.
    """

    action: str
    ticket: str
    shown: str
    title: str
    lines: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSettled:
    """A staff member looked, and says whether a write of unknown outcome happened. Only one word per write counts."""

    inbound: ClassVar[bool] = True
    action: str
    shown: str
    staff: str
    name: str
    happened: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOpened:
    """A case for staff. `reason` is from a fixed list (`bot.handoff.REASONS`); `identity`: where it was opened.

    `category` and `team`: what it is about and whose it is, where a workflow sorts it; from the workflow's lists.
    """

    ticket: str
    number: int
    subject: str
    reason: str
    identity: str | None = None
    priority: str = "normal"
    category: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChanged:
    """Status (open, pending), priority, assignee, reason, category or team of a ticket changed; None: as it was.

    `assignee`: `team/user` of staff, `assignee_name` how people call them; an empty one takes the ticket from whoever
    had it. `by`: bot, customer or `team/user`.
    """

    ticket: str
    by: str
    status: str | None = None
    priority: str | None = None
    assignee: str | None = None
    assignee_name: str | None = None
    reason: str | None = None
    category: str | None = None
    team: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketClosed:
    """A ticket is resolved. `outcome`: bot, staff or abandoned; `goal`: whether what the customer wanted was reached.

    `reason` is from a fixed list (`bot.tickets.OUTCOMES`), so that resolution can be counted.
    """

    ticket: str
    outcome: str
    goal: bool
    reason: str
    by: str = "bot"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffTookOver:
    """A person has the conversation from here on: the bot is silent. `staff`: `team/user`."""

    inbound: ClassVar[bool] = True
    staff: str
    name: str
    ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffHandedBack:
    """The bot has the conversation again and goes on where the task stands."""

    inbound: ClassVar[bool] = True
    staff: str
    name: str
    ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffReplied:
    """A staff member's words for the customer, sent by an explicit act."""

    inbound: ClassVar[bool] = True
    staff: str
    name: str
    text: str
    ticket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffResolved:
    """A staff member resolved a ticket. `goal`: whether what the customer wanted was reached."""

    inbound: ClassVar[bool] = True
    staff: str
    name: str
    ticket: str
    goal: bool = True
    reason: str = "solved"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAsked:
    """A staff member asks the bot, internally. `what`: ask, draft or summarize; `scopes`: what they may look up."""

    inbound: ClassVar[bool] = True
    staff: str
    name: str
    what: str
    text: str
    ticket: str | None = None
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorCalled:
    """An operator, or a program of theirs, has a write carried out for this user; their call is the consent to it.

    `action`: the id that the write has from the beginning; `by`: the actor (operator, or `mcp:` and a token's name);
    `scopes`: what they may do. It counts once, by their key (`state.sql.calls`).
    """

    inbound: ClassVar[bool] = True
    action: str
    by: str
    tool: str
    version: int
    arguments: JSON
    reason: str = ""
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWritten:
    """An internal word for staff; no customer sees it. `kind`: answer, draft, withheld or notice.

    `sendable`: whether a staff member may send it to the customer by a button. `to`: the place of what it answers.
    """

    text: str
    kind: str
    ticket: str | None = None
    sendable: bool = False
    to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffTimedOut:
    """Nobody took a ticket within the set time: the customer is told and offered e-mail."""

    inbound: ClassVar[bool] = True
    ticket: str


Changing = (
    ApprovalRequested | ApprovalDecided | ApprovalExpired | TicketOpened | TicketChanged | TicketClosed
    | StaffTookOver | StaffHandedBack | DoubtRaised | ActionSettled
)  # fmt: skip
"""Those that change the folded state; the others are for turns and for people who read the log."""

Followed = (
    ApprovalDecided | ApprovalExpired | ActionSettled | StaffReplied | StaffResolved | StaffAsked | OperatorCalled
    | HandoffTimedOut
)  # fmt: skip
"""Those that a turn follows: one that no turn has seen goes where the conversation goes."""
