"""Limits: what a write moves stands in the ledger, and the audit names the policies that decided."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add columns; nothing that is there changes."""
    op.add_column("actions", sa.Column("amount", sa.BigInteger(), nullable=True))
    op.add_column("actions", sa.Column("currency", sa.Text(), nullable=True))
    op.create_index("ix_actions_spent", "actions", ["session_id", "tool"], unique=False)
    op.add_column("audit", sa.Column("policy", sa.Text(), nullable=True))
