"""Calls of tools by operators: each counts once by its key, for ever, and keeps what it was answered."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add one table; nothing that is there changes."""
    op.create_table(
        "calls",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key_idx", sa.LargeBinary(), nullable=False),
        sa.Column("request_idx", sa.LargeBinary(), nullable=False),
        sa.Column("user_idx", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("caller", "key_idx"),
        sa.UniqueConstraint("action"),
    )
    waiting = sa.text("answered_at IS NULL AND action IS NOT NULL")
    op.create_index(
        "ix_calls_open", "calls", ["session_id"], unique=False, sqlite_where=waiting, postgresql_where=waiting
    )
