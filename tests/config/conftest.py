"""What the tests of settings share."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import Settings
from tests.config.given import Load


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load settings from the given names alone, in an empty folder."""
    return lambda **env: Settings.load(env, root=tmp_path)
