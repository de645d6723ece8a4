"""Content templates a business has registered at the pretended Twilio. It checks no approval."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

Json = dict[str, Any]


def put(db: sqlite3.Connection, sid: str, body: str, buttons: Sequence[Json]) -> None:
    """Register a template: a text with `{{1}}` marks and buttons with `title` and `id`."""
    db.execute("INSERT OR REPLACE INTO template VALUES (?, ?, ?)", (sid, body, orjson.dumps(buttons).decode()))


def fill(db: sqlite3.Connection, sid: str, variables: Mapping[str, str]) -> tuple[str, list[Json]]:
    """Return text and buttons of a template; one that was never registered shows its first variable."""
    row = db.execute("SELECT body, buttons FROM template WHERE sid = ?", (sid,)).fetchone()
    body, buttons = (row["body"], orjson.loads(row["buttons"])) if row else ("{{1}}", [])
    filled = [{name: _fill(str(value), variables) for name, value in button.items()} for button in buttons]
    return _fill(body, variables), filled


def _fill(text: str, variables: Mapping[str, str]) -> str:
    for name, value in variables.items():
        text = text.replace("{{" + name + "}}", value)
    return text
