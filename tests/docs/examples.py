"""The documentation as data: its pages, its examples by name, its links, tables and code words. Executes nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import re2

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re2.compile(
    r"(?m)^(?:(?P<mark>[ ]*<!-- example: (?P<name>\S+) -->)\n)?(?P<indent>[ ]*)```(?P<language>\w*)\n"
    r"(?P<body>(?s:.*?))\n[ ]*```$"
)
_CODE = re2.compile(r"`([^`\n]+)`")
_LINK = re2.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One block of code in a page. `name` is empty when the page does not say which example it is."""

    page: str
    name: str
    language: str
    body: str


def examples(page: Path) -> list[Example]:
    """Every block of code of a page, in order, without the indentation of a list around it."""
    return [
        Example(
            page=page.name,
            name=found["name"] or "",
            language=found["language"],
            body=textwrap.dedent(f"{found['indent']}{found['body'].removeprefix(found['indent'])}") + "\n",
        )
        for found in _FENCE.finditer(page.read_text())
    ]


def example(page: str, name: str) -> str:
    """The body of one example by its page's file name and its own."""
    path = next(one for one in PAGES if one.name == page)
    (found,) = [one.body for one in examples(path) if one.name == name]
    return found


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return str(_FENCE.sub("", page.read_text()))


def code_words(page: Path) -> list[str]:
    """What a page sets in code within its prose."""
    return [found[1] for found in _CODE.finditer(prose(page))]


def links(page: Path) -> list[str]:
    """The targets of a page's links and pictures."""
    return [found[1] for found in _LINK.finditer(prose(page))]


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make."""
    titles = [line.lstrip("#").strip() for line in prose(page).splitlines() if line.startswith("#")]
    return {"".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c in "-_") for title in titles}


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the table whose head begins with a cell, row by row."""
    path = next(one for one in PAGES if one.name == page)
    return list(_rows([line.strip() for line in path.read_text().splitlines()], heading))


def _rows(lines: list[str], heading: str) -> Iterator[list[str]]:
    tables = [number for number, line in enumerate(lines) if line.startswith(f"| {heading} |".replace("  ", " "))]
    for line in lines[tables[0] + 2 :]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split(" | ")]


def settings_of(body: str) -> dict[str, str]:
    """The lines of a `.env` file."""
    return dict(line.split("=", 1) for line in body.splitlines() if line and not line.startswith("#"))


def quoted(text: str) -> list[str]:
    """What stands between “ and ” in a text."""
    return [part.partition("”")[0] for part in text.split("“")[1:]]
