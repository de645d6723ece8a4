"""What is known about models: the file that ships, how a name finds its row, and what is said about a wrong file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.models import known
from config.settings import SHIPPED, Settings
from state import errors

TABLE = known.read(SHIPPED / "models.yaml")


@pytest.mark.parametrize(
    "name, dialect, chat_tools, reasoning",
    [
        ("gpt-6.1-terra", "openai", "effort_none", True),
        ("gpt-6.1-sol", "openai", "no", True),
        ("gpt-6.1-terra-2026-09-22", "openai", "effort_none", True),
        ("gpt-7", "openai", "effort_none", True),
        ("gpt-5.6-nova", "openai", "effort_none", True),
        ("gpt-5-chat-latest", "openai", "yes", False),
        ("gpt-4o-mini", "openai", "yes", False),
        ("gpt-4o-2024-08-06", "openai", "yes", False),
        ("gpt-oss-120b", "portable", "yes", False),
        ("llama-4", "portable", "yes", False),
        ("", "portable", "yes", False),
    ],
)
def test_a_name_finds_its_row(name: str, dialect: str, chat_tools: str, reasoning: object) -> None:
    """Whole names first, then the longest pattern; what nobody listed gets only what is safe everywhere."""
    found = TABLE.find(name)
    assert (dialect, chat_tools, reasoning) == (found.dialect, found.chat_tools, found.reasoning)


def test_a_dated_name_keeps_its_models_rules() -> None:
    """`gpt-6.1-sol-2026-10-01` cannot do what `gpt-6.1-sol` cannot do."""
    assert "no" == TABLE.find("gpt-6.1-sol-2026-10-01").chat_tools
    assert "no" == TABLE.find("gpt-6-astra-2026-09-03").chat_tools


def test_the_default_models_are_listed_and_do_not_end() -> None:
    """What ships as a default is in the table under its own name, with a price and without an end."""
    for field in ("openai_model",):
        name = Settings.model_fields[field].default
        row = TABLE.models[name]
        assert row.price is not None
        assert row.ends is None


@pytest.mark.parametrize(
    "text, said",
    [
        ("checked: 2026-11-22\nmodels: {}\n", "reasoning_room"),
        ("checked: soon\nreasoning_room: 1\nmodels: {}\n", "checked"),
        ("checked: 2026-11-22\nreasoning_room: 1\nmodels: {a: {dialekt: openai}}\n", "models.a.dialekt"),
        ("checked: 2026-11-22\nreasoning_room: 1\nmodels: {a: {chat_tools: no}}\n", "models.a.chat_tools"),
        ("models: [", "models.yaml"),
        ("", "the file"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    """The file, the place and what is wrong, in one line."""
    path = tmp_path / "models.yaml"
    path.write_text(text)
    with pytest.raises(errors.BadInput, match=said) as caught:
        known.read(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """So is a file that is not there."""
    with pytest.raises(errors.BadInput, match=r"models\.yaml"):
        known.read(tmp_path / "models.yaml")
