"""The page on reaching people: its template is one."""

from __future__ import annotations

from pathlib import Path

from bot import templated
from config import templates
from tests.docs.examples import example


def test_the_template_of_the_page_carries_news(tmp_path: Path) -> None:
    """As written there, in a channels.yaml of one's own."""
    path = tmp_path / "channels.yaml"
    path.write_text(example("reaching-people.md", "channels.yaml"))
    update = templates.load(path).whatsapp.templates["update"]
    assert "News on your request 1042: Done." == templated.fill(update, "Done.", [], 1042).shown
