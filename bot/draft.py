"""What a turn is about to write: events, audit lines, replies. Folds each event at once: the next step sees it."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson

from state import events as ev
from state import reducers
from state.identity import Assurance
from state.lease import Lease
from state.session import Action, Session
from state.sql.deliveries import Delivery
from state.sql.log import Entry
from state.sql.turns import AuditLine, Opened, Work, Written
from tools.base import Attempt, Audit, Caller

UNDECIDED = frozenset({"awaiting_confirmation", "awaiting_approval", "confirmed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail to the customer besides the reply. `to`: the address on file."""

    to: str
    subject: str
    text: str


def audit_line(line: Audit) -> AuditLine:
    """A line of the gateway's as the store keeps it."""
    return AuditLine(
        id=uuid.uuid4().hex,
        actor=line.actor,
        tool=line.tool,
        verdict=line.verdict,
        body=orjson.dumps(_audited(line), default=str),
        action=line.action,
        confirmation=line.confirmation,
        ms=line.ms,
        policy=line.policy,
    )


def _audited(line: Audit) -> dict[str, Any]:
    """What of a line of the audit trail is encrypted."""
    body = {"arguments": line.arguments, "result": line.result}
    return {**body, "attempts": line.attempts, "cached": line.cached} if line.attempts or line.cached else body


def plain(attempts: tuple[Attempt, ...]) -> list[ev.JSON]:
    """The history of a call, as an event keeps it."""
    return [asdict(one) for one in attempts]


def is_unproven(opened: Opened) -> bool:
    """Whether all that was said now is only claimed to be from somebody whom this session knows better.

    A turn that has to go on with what the person agreed to before is theirs, whoever writes meanwhile.
    """
    said = [s for s in opened.pending if isinstance(s.data, ev.MessageReceived)]
    return bool(said) and knows(opened.session) and all(_is_claimed(s) for s in said) and not _goes_on(opened)


def knows(session: Session) -> bool:
    """Whether somebody has proven who they are here, so that a mere claim is not theirs."""
    return bool(session.customer_id or any(reach.assurance != "claimed" for reach in session.reach.values()))


def _goes_on(opened: Opened) -> bool:
    """Whether a decision, a proof or an open write is there, on which a task of the person's goes on by itself."""
    others = {action.id for action in opened.session.actions.values() if action.foreign}
    decided = any(
        isinstance(s.data, ev.IdentityVerified)
        or (isinstance(s.data, ev.ApprovalDecided) and s.data.action not in others)
        for s in opened.pending
    )
    return decided or any(a.state == "dispatched" and not a.foreign for a in opened.session.open_actions())


def _is_claimed(stored: ev.Stored) -> bool:
    return isinstance(stored.data, ev.MessageReceived) and stored.data.assurance == "claimed"


@dataclass(slots=True, kw_only=True)
class Draft:
    """One turn in the making.

    `pending`: the messages it answers; `identity` and `channel`: where its reply goes; `consented`: the action that
    this turn's message consents to, `late`: the one it consents to too late, `again`: terms must be shown once
    more; `unsure`: the directory did not answer, so who this is may be on file; `muted`: a person has the
    conversation, so what the bot would say stays internal; `unproven`: whoever wrote only claims to be this person;
    `senders`: their addresses that a channel has authenticated, None until a tool asks for them;
    `actor`: on whose behalf tools are called; `tried`: nothing of it is written; `spoken`: what staff say (name,
    text); `letters`: what goes out by e-mail besides; `texts` and `choices`: the reply so far; `answers`: what calls
    from outside the conversation came to, by their actions.
    `deliveries`: what a write of this turn sends, with its outcome.
    """

    id: str
    lease: Lease
    opened: Opened
    session: Session
    pending: tuple[ev.Stored, ...]
    identity: str
    channel: str
    scopes: frozenset[str] = frozenset()
    consented: str | None = None
    late: str | None = None
    again: bool = False
    unsure: bool = False
    next_seq: int = 0
    base: Session = field(default_factory=Session)
    entries: list[Entry] = field(default_factory=list)
    audits: list[AuditLine] = field(default_factory=list)
    proposals: list[ev.ActionProposed] = field(default_factory=list)
    moves: dict[str, tuple[str, str]] = field(default_factory=dict)
    settle_in: dict[str, int] = field(default_factory=dict)
    expire_in: dict[str, int] = field(default_factory=dict)
    handoff_wait_ms: int = 0
    again_ms: int | None = None
    answers: dict[str, ev.JSON] = field(default_factory=dict)
    muted: bool = False
    unproven: bool = False
    senders: tuple[str, ...] | None = None
    actor: str = "customer"
    tried: bool = False
    spoken: list[tuple[str, str]] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    about: str | None = None
    choices: list[dict[str, Any]] = field(default_factory=list)
    citations: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def start(cls, lease: Lease, opened: Opened, *, scopes: frozenset[str], unsure: bool = False) -> Draft:
        """A turn over what is pending; the reply goes where the last message came from, or the last proof."""
        unproven = is_unproven(opened) or (unsure and opened.session.customer_id is not None)
        came = [s for s in opened.pending if s.identity and (unproven or not _is_claimed(s))]
        said = [s for s in came if isinstance(s.data, ev.MessageReceived)]
        last = (said or came)[-1].identity if came else opened.session.last_identity
        reach = opened.session.reach.get(last or "")
        return cls(
            id=uuid.uuid4().hex,
            lease=lease,
            opened=opened,
            session=opened.session,
            base=opened.session,
            next_seq=opened.next_seq,
            pending=opened.pending,
            identity=last or "",
            channel=reach.channel if reach else "",
            scopes=scopes,
            unsure=unsure,
            muted=opened.session.mode == "staff",
            unproven=unproven,
        )

    @property
    def messages(self) -> list[tuple[ev.Stored, ev.MessageReceived]]:
        """The pending events that are messages (and were not erased)."""
        return [(s, s.data) for s in self.pending if isinstance(s.data, ev.MessageReceived)]

    @property
    def last_in(self) -> int | None:
        """The seq of the newest pending event."""
        return self.pending[-1].seq if self.pending else None

    @property
    def today(self) -> date:
        """The day of this turn, by the database's clock."""
        return datetime.fromtimestamp(self.opened.now / 1000, UTC).date()

    @property
    def assurance(self) -> Assurance:
        """How far it is proven who this turn speaks with."""
        reach = self.session.reach.get(self.identity)
        return Assurance.CLAIMED if self.unproven or reach is None else Assurance(reach.assurance)

    def is_theirs(self, stored: ev.Stored) -> bool:
        """Whether it counts as said by who this turn speaks with: what others said in their name does not."""
        return self.unproven or not (_is_claimed(stored) and knows(self.opened.session))

    def caller(self, *, workflow: str | None = None, step: str | None = None) -> Caller:
        """On whose behalf tools are called now."""
        staff = self.actor != "customer"
        return Caller(
            actor=self.actor,
            session_id=self.lease.session_id,
            user_id=self.lease.user_id,
            channel=self.channel,
            assurance=Assurance.VERIFIED if staff else self.assurance,
            customer_id=self.session.customer_id,
            scopes=self.scopes,
            workflow=workflow,
            step=step,
            wrote=self.session.wrote,
            senders=self.senders or (),
        )

    def emit(self, event: ev.Event, *, identity: str | None = None) -> None:
        """Add an event; its words belong to `identity` (default: the one this turn answers)."""
        seq = self.next_seq + len(self.entries)
        self.session = reducers.apply(self.session, event, seq=seq, at=self.opened.now)
        self.entries.append(Entry(event, identity or self.identity or None))

    def say(self, text: str) -> None:
        """Add a paragraph to the reply."""
        if text:
            self.texts.append(text)

    def offer(self, choices: list[dict[str, Any]], about: str | None) -> None:
        """Offer answers with the reply; `about` is the question they answer."""
        self.choices, self.about = choices, about

    def audit(self, lines: tuple[Audit, ...]) -> None:
        """Add the gateway's audit lines."""
        self.audits += [audit_line(line) for line in lines]

    def move(self, action: Action, state: str, **fields: Any) -> None:
        """Move an action in the log and in the ledger."""
        before = self.moves.get(action.id, (action.state, ""))[0]
        self.moves[action.id] = (before, state)
        self.emit(ev.ActionMoved(action=action.id, state=state, **fields))

    def end_task(self, task: str, outcome: str, reason: str | None = None) -> None:
        """End a task; a write of it that nobody consented to yet ends with it."""
        for action in self.session.open_actions():
            if action.task == task and action.state in UNDECIDED:
                self.move(action, "cancelled", reason=f"the task ended: {outcome}")
        self.emit(ev.TaskEnded(task=task, outcome=outcome, reason=reason))

    def work(self, deliveries: list[Delivery] | None = None) -> Work:
        """Everything to be written."""
        return Work(
            turn=self.id,
            base=self.base,
            next_seq=self.next_seq,
            entries=tuple(self.entries),
            audits=tuple(self.audits),
            deliveries=(*self.deliveries, *(deliveries or ())),
            proposals=tuple(self.proposals),
            moves=dict(self.moves),
            settle_in=dict(self.settle_in),
            expire_in=dict(self.expire_in),
            handoff_wait_ms=self.handoff_wait_ms,
            again_ms=self.again_ms,
            answers={action: orjson.dumps(answer) for action, answer in self.answers.items()},
        )

    def written(self, written: Written) -> None:
        """Go on from a short commit: what was written is the base now."""
        self.session = self.base = written.session
        self.next_seq = written.next_seq
        for found in (self.entries, self.audits, self.proposals, self.deliveries):
            found.clear()
        self.moves.clear()
        self.settle_in.clear()
        self.expire_in.clear()
        self.answers.clear()
