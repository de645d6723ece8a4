"""The page on policy: its commands print what it shows, its table names every limit there is."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import re2

from bot import __main__ as command
from bot import schemas
from config.tool_rules import ToolRules
from tests.docs.examples import example, rows

PAGE = "policy.md"


def said(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What an example of the page prints, without the version of the file."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'throughline.db'}")
    words = shlex.split(example(PAGE, name).replace("\\\n", ""))
    assert [".venv/bin/python", "-m", "bot"] == words[:3]
    assert 0 == command.main(words[3:])
    return plain(capsys.readouterr().out)


def plain(text: str) -> str:
    """Without the version, which is another one after every change."""
    return str(re2.sub(r"policies [0-9a-f]{12}", "policies", text))


@pytest.mark.parametrize("asked, told", [("explain", "explained"), ("decide", "decided")])
def test_the_commands_print_what_the_page_shows(
    asked: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Word for word."""
    assert plain(example(PAGE, told)) == said(asked, tmp_path, monkeypatch, capsys)


def test_every_limit_is_in_the_table() -> None:
    """And no other."""
    shown = {row[0].split("`")[1].split(":")[0] for row in rows(PAGE, "limit")}
    assert shown == set(ToolRules.model_fields)


def test_the_schemas_are_written_as_the_page_says() -> None:
    """The command is the one that the failing test names."""
    assert f".venv/bin/{schemas.WRITE}\n" == example(PAGE, "schemas")
