"""The tables, as SQLModel classes. Used by migrations and tests; the hot path speaks SQL and never imports this.

Times are milliseconds of the database's clock. Columns named `…_enc` or `body` hold values encrypted by `state.keys`; a
column named `…_idx` holds a blind index. Ids, times, sequence numbers, states and channel names are plain.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel


def _big(**options: Any) -> Any:  # noqa: ANN401 - the column's type is the annotation beside it
    return Field(sa_type=sa.BigInteger, **options)


def _bytes(**options: Any) -> Any:  # noqa: ANN401
    return Field(sa_type=sa.LargeBinary, **options)


def _text(**options: Any) -> Any:  # noqa: ANN401
    return Field(sa_type=sa.Text, **options)


class DataKey(SQLModel, table=True):
    """A data key, wrapped. `owner`: `i:<identity>` or `u:<user>`. Destroying the row erases what it encrypted."""

    __tablename__ = "data_keys"
    owner: str = _text(primary_key=True)
    kek: str = _text(index=True)
    body: bytes = _bytes()
    created_at: int = _big()


class User(SQLModel, table=True):
    """One person."""

    __tablename__ = "users"
    id: str = _text(primary_key=True)
    created_at: int = _big()


class IdentityRow(SQLModel, table=True):
    """One address on one channel. `match_idx`: the blind index it shares with a verified attribute (phone, e-mail)."""

    __tablename__ = "identities"
    __table_args__ = (sa.UniqueConstraint("channel", "address_idx"),)
    id: str = _text(primary_key=True)
    user_id: str = _text(index=True)
    origin_user_id: str = _text()
    channel: str = _text()
    address_idx: bytes = _bytes()
    address_enc: bytes = _bytes()
    match_idx: bytes | None = _bytes(nullable=True, index=True)
    assurance: str = _text()
    method: str = _text()
    created_at: int = _big()
    verified_at: int | None = _big(nullable=True)
    checked_at: int | None = _big(nullable=True)


class Attribute(SQLModel, table=True):
    """A verified phone number or e-mail address of a user, as a blind index. `source`: token or directory."""

    __tablename__ = "attributes"
    user_id: str = _text(primary_key=True)
    kind: str = _text(primary_key=True)
    idx: bytes = _bytes(primary_key=True, index=True)
    source: str = _text()
    at: int = _big()


class SessionRow(SQLModel, table=True):
    """The unit of ordering and leasing. Unanswered while in_seq > done_seq; `ready_at` is when a turn may run."""

    __tablename__ = "sessions"
    __table_args__ = (
        sa.Index(
            "ix_sessions_ready",
            "ready_at",
            sqlite_where=sa.text("ready_at IS NOT NULL"),
            postgresql_where=sa.text("ready_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_sessions_forwarded_to",
            "forwarded_to",
            sqlite_where=sa.text("forwarded_to IS NOT NULL"),
            postgresql_where=sa.text("forwarded_to IS NOT NULL"),
        ),
    )
    id: str = _text(primary_key=True)
    user_id: str = _text(unique=True)
    created_at: int = _big()
    next_seq: int = _big()
    in_seq: int = _big()
    in_at: int = _big()
    burst_at: int = _big()
    done_seq: int = _big()
    ready_at: int | None = _big(nullable=True)
    lease_owner: str | None = _text(nullable=True)
    lease_until: int = _big()
    fence: int = _big()
    attempts: int = _big()
    failing_since: int | None = _big(nullable=True)
    mode: str = _text()
    state: bytes | None = _bytes(nullable=True)
    state_seq: int = _big()
    forwarded_to: str | None = _text(nullable=True)


class InboxRow(SQLModel, table=True):
    """What was accepted, by the provider's id, for ever: the same id never makes a second event."""

    __tablename__ = "inbox"
    channel: str = _text(primary_key=True)
    account: str = _text(primary_key=True)
    provider_id: str = _text(primary_key=True)
    session_id: str = _text(index=True)
    seq: int = _big()
    at: int = _big()
    envelope: bytes | None = _bytes(nullable=True)


class EventRow(SQLModel, table=True):
    """The log. `owner`: whose data key opens `body`."""

    __tablename__ = "events"
    session_id: str = _text(primary_key=True)
    seq: int = _big(primary_key=True)
    kind: str = _text()
    at: int = _big()
    turn: str | None = _text(nullable=True)
    identity_id: str | None = _text(nullable=True)
    owner: str = _text()
    body: bytes = _bytes()


class OutboxRow(SQLModel, table=True):
    """A reply on its way; its text is the `ReplyQueued` event at (session_id, seq).

    States: pending, claimed, sent, failed, withheld (a person took the conversation before it left).
    """

    __tablename__ = "outbox"
    __table_args__ = (
        sa.UniqueConstraint("session_id", "seq"),
        sa.Index(
            "ix_outbox_open",
            "next_at",
            sqlite_where=sa.text("state IN ('pending', 'claimed')"),
            postgresql_where=sa.text("state IN ('pending', 'claimed')"),
        ),
        sa.Index(
            "ix_outbox_line",
            "session_id",
            "seq",
            sqlite_where=sa.text("state IN ('pending', 'claimed')"),
            postgresql_where=sa.text("state IN ('pending', 'claimed')"),
        ),
        sa.Index(
            "ix_outbox_address",
            "identity_id",
            sqlite_where=sa.text("state IN ('pending', 'claimed')"),
            postgresql_where=sa.text("state IN ('pending', 'claimed')"),
        ),
        sa.Index(
            "ix_outbox_provider_id",
            "provider_id",
            sqlite_where=sa.text("provider_id IS NOT NULL"),
            postgresql_where=sa.text("provider_id IS NOT NULL"),
        ),
    )
    id: str = _text(primary_key=True)
    session_id: str = _text()
    seq: int = _big()
    channel: str = _text()
    identity_id: str = _text()
    author: str = _text(sa_column_kwargs={"server_default": "bot"})
    state: str = _text()
    next_at: int = _big()
    claim_owner: str | None = _text(nullable=True)
    attempts: int = _big()
    created_at: int = _big()
    first_attempt_at: int | None = _big(nullable=True)
    handed_at: int | None = _big(nullable=True)
    provider_id: str | None = _text(nullable=True)
    status: str | None = _text(nullable=True)
    reason: str | None = _text(nullable=True)


class ActionRow(SQLModel, table=True):
    """The ledger of writes: the step to `dispatched` is won by compare-and-set here. Arguments are in the events.

    `expires_at`: until when an approval may be given. `origin_session_id`: where it was, if a link moved it. `amount`:
    what it moves, in ten-thousandths of `currency`; None where no limit asks for it.
    """

    __tablename__ = "actions"
    __table_args__ = (
        sa.Index(
            "ix_actions_settle",
            "settle_at",
            sqlite_where=sa.text("settle_at IS NOT NULL"),
            postgresql_where=sa.text("settle_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_actions_expires",
            "expires_at",
            sqlite_where=sa.text("expires_at IS NOT NULL"),
            postgresql_where=sa.text("expires_at IS NOT NULL"),
        ),
        sa.Index("ix_actions_spent", "session_id", "tool"),
    )
    id: str = _text(primary_key=True)
    session_id: str = _text(index=True)
    task: str = _text()
    tool: str = _text()
    version: int = _big()
    args_hash: str = _text()
    state: str = _text()
    created_at: int = _big()
    dispatched_at: int | None = _big(nullable=True)
    settle_at: int | None = _big(nullable=True)
    settle_tries: int = _big()
    expires_at: int | None = _big(nullable=True)
    origin_session_id: str | None = _text(nullable=True)
    amount: int | None = _big(nullable=True)
    currency: str | None = _text(nullable=True)


class Call(SQLModel, table=True):
    """An operator's call of a tool, by their key, for ever. `…_idx`: as asked; `body`: the answer."""

    __tablename__ = "calls"
    __table_args__ = (
        sa.UniqueConstraint("action"),
        sa.Index(
            "ix_calls_open",
            "session_id",
            sqlite_where=sa.text("answered_at IS NULL AND action IS NOT NULL"),
            postgresql_where=sa.text("answered_at IS NULL AND action IS NOT NULL"),
        ),
    )
    caller: str = _text(primary_key=True)
    key_idx: bytes = _bytes(primary_key=True)
    request_idx: bytes = _bytes()
    user_idx: bytes = _bytes()
    user_id: str = _text()
    session_id: str = _text()
    tool: str = _text()
    version: int = _big()
    action: str | None = _text(nullable=True)
    created_at: int = _big()
    answered_at: int | None = _big(nullable=True)
    owner: str = _text()
    body: bytes | None = _bytes(nullable=True)


class AuditRow(SQLModel, table=True):
    """Who called which tool for whom, why it was allowed and how it ended. `body`: arguments and result.

    `policy`: the version of policies.yaml that decided.
    """

    __tablename__ = "audit"
    id: str = _text(primary_key=True)
    at: int = _big(index=True)
    session_id: str = _text(index=True)
    user_id: str = _text()
    actor: str = _text()
    tool: str = _text()
    verdict: str = _text()
    action_id: str | None = _text(nullable=True)
    confirmation: str | None = _text(nullable=True)
    ms: int = _big()
    owner: str = _text()
    body: bytes = _bytes()
    policy: str | None = _text(nullable=True)


class TicketRow(SQLModel, table=True):
    """The case staff see. `wait_until`: when the customer is told that nobody has come yet.

    `origin_session_id`: where it was opened, if a link moved it. `goal`: 1 when the customer reached what they wanted.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        sa.Index(
            "ix_tickets_wait",
            "wait_until",
            sqlite_where=sa.text("wait_until IS NOT NULL"),
            postgresql_where=sa.text("wait_until IS NOT NULL"),
        ),
        sa.Index(
            "ix_tickets_pending",
            "updated_at",
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        ),
    )
    id: str = _text(primary_key=True)
    number: int = _big(unique=True)
    session_id: str = _text(index=True)
    status: str = _text()
    priority: str = _text()
    reason: str = _text()
    subject_enc: bytes = _bytes()
    owner: str = _text()
    created_at: int = _big()
    updated_at: int | None = _big(nullable=True)
    closed_at: int | None = _big(nullable=True)
    assignee: str | None = _text(nullable=True)
    outcome: str | None = _text(nullable=True)
    goal: int | None = _big(nullable=True)
    outcome_reason: str | None = _text(nullable=True)
    wait_until: int | None = _big(nullable=True)
    origin_session_id: str | None = _text(nullable=True)


class StaffThread(SQLModel, table=True):
    """A ticket's thread in the staff's channel: where it is, and how far the session's log was told there.

    `place` is the channel's own word for the thread, None until its card is posted; `card`: the hash of the card as
    shown; `due_at`: when there is news to tell (None: nothing). `alerted_at`: when staff were told another way.
    """

    __tablename__ = "staff_threads"
    __table_args__ = (
        sa.Index(
            "ix_staff_threads_due",
            "due_at",
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        ),
        sa.UniqueConstraint("place"),
    )
    ticket_id: str = _text(primary_key=True)
    session_id: str = _text(index=True)
    place: str | None = _text(nullable=True)
    card: str | None = _text(nullable=True)
    posted_seq: int = _big()
    due_at: int | None = _big(nullable=True)
    claim_owner: str | None = _text(nullable=True)
    claim_until: int = _big()
    attempts: int = _big()
    failing_since: int | None = _big(nullable=True)
    reason: str | None = _text(nullable=True)
    alerted_at: int | None = _big(nullable=True)
    created_at: int = _big()


class Code(SQLModel, table=True):
    """A one-time code: asked for on `identity_id`, sent to `target_id`. `code_enc` is there until it is sent or spent.

    `hash` is keyed; `customer_enc`: who the target address proves one to be. `tries`: wrong ones so far.
    """

    __tablename__ = "codes"
    id: str = _text(primary_key=True)
    session_id: str = _text(index=True)
    identity_id: str = _text()
    target_id: str = _text()
    owner: str = _text()
    hash: bytes = _bytes()
    code_enc: bytes | None = _bytes(nullable=True)
    customer_enc: bytes | None = _bytes(nullable=True)
    tries: int = _big()
    created_at: int = _big()
    expires_at: int = _big()
    spent_at: int | None = _big(nullable=True)


class Quota(SQLModel, table=True):
    """A hard counter: uses of a name within a window that began at `start`."""

    __tablename__ = "quotas"
    name: str = _text(primary_key=True)
    start: int = _big()
    uses: int = _big()


class Cursor(SQLModel, table=True):
    """How far a channel has read what somebody else keeps, such as an IMAP mailbox."""

    __tablename__ = "cursors"
    name: str = _text(primary_key=True)
    value: str = _text()
    at: int = _big()


class Counter(SQLModel, table=True):
    """Numbers people read, such as ticket numbers; gaps are allowed."""

    __tablename__ = "counters"
    name: str = _text(primary_key=True)
    value: int = _big()
