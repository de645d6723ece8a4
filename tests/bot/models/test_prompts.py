"""Prompts as files: their versions follow their text; those that ship say what a model must be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.models import prompts
from config.settings import SHIPPED
from state import errors


def test_the_version_follows_the_text(tmp_path: Path) -> None:
    """The same words are the same version; one changed word is another."""
    path = tmp_path / "plan.md"
    path.write_text("Be kind.\n")
    first = prompts.read(tmp_path, "plan")
    path.write_text("Be kind.")
    assert first == prompts.read(tmp_path, "plan")
    path.write_text("Be brief.")
    assert first.version != prompts.read(tmp_path, "plan").version
    assert first.version.startswith("plan@")


@pytest.mark.parametrize("name", ["plan", "answer"])
def test_what_ships_can_be_read(name: str) -> None:
    """Every prompt that ships speaks of the situation and of text that is not an instruction."""
    text = prompts.read(SHIPPED / "prompts", name).text
    assert "Situation" in text
    assert "instruction" in text


def test_a_missing_or_empty_prompt_is_named(tmp_path: Path) -> None:
    """A model without instructions must not start."""
    with pytest.raises(errors.BadInput, match=r"plan\.md"):
        prompts.read(tmp_path, "plan")
    (tmp_path / "plan.md").write_text(" \n")
    with pytest.raises(errors.BadInput, match="empty"):
        prompts.read(tmp_path, "plan")
