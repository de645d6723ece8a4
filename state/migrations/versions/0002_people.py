"""Staff: tickets with outcomes, their threads, approvals that expire; one-time codes, hard counters, cursors."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _when(name: str, table: str, column: str) -> None:
    op.create_index(
        name,
        table,
        [column],
        unique=False,
        sqlite_where=sa.text(f"{column} IS NOT NULL"),
        postgresql_where=sa.text(f"{column} IS NOT NULL"),
    )


def upgrade() -> None:
    """Add columns and tables; nothing that is there changes."""
    op.add_column("identities", sa.Column("checked_at", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("author", sa.Text(), nullable=False, server_default="bot"))
    op.add_column("actions", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.add_column("actions", sa.Column("origin_session_id", sa.Text(), nullable=True))
    _when("ix_actions_expires", "actions", "expires_at")
    for name in ("updated_at", "closed_at", "goal", "wait_until"):
        op.add_column("tickets", sa.Column(name, sa.BigInteger(), nullable=True))
    for name in ("assignee", "outcome", "outcome_reason", "origin_session_id"):
        op.add_column("tickets", sa.Column(name, sa.Text(), nullable=True))
    _when("ix_tickets_wait", "tickets", "wait_until")
    pending = sa.text("status = 'pending'")
    op.create_index(
        "ix_tickets_pending", "tickets", ["updated_at"], unique=False, sqlite_where=pending, postgresql_where=pending
    )
    _threads()
    _codes()
    op.create_table(
        "quotas",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _threads() -> None:
    op.create_table(
        "staff_threads",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("card", sa.Text(), nullable=True),
        sa.Column("posted_seq", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("claim_owner", sa.Text(), nullable=True),
        sa.Column("claim_until", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("alerted_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id"),
        sa.UniqueConstraint("place"),
    )
    op.create_index(op.f("ix_staff_threads_session_id"), "staff_threads", ["session_id"], unique=False)
    _when("ix_staff_threads_due", "staff_threads", "due_at")


def _codes() -> None:
    op.create_table(
        "codes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("identity_id", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_enc", sa.LargeBinary(), nullable=True),
        sa.Column("customer_enc", sa.LargeBinary(), nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_codes_session_id"), "codes", ["session_id"], unique=False)
