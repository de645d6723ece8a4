"""Alembic migrations and the call that brings a database up to date. Additive only: expand, migrate, contract."""

from __future__ import annotations

from pathlib import Path

from state import errors

HEAD = "0001"
"""The newest revision; compared with the database before Alembic is even imported."""


def upgrade(url: str) -> bool:
    """Bring the database at `url` to HEAD; returns whether anything was done. Raises RetryLater when it is away."""
    from alembic import command  # noqa: PLC0415 - 40 MB that a running server does not need
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    try:
        command.upgrade(config, "head")
    except OSError as error:
        raise errors.RetryLater(f"DATABASE_URL: the database does not answer ({error})") from error
    return True
