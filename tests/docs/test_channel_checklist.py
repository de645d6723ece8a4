"""The channel checklist: every channel has a column, every cell names a test that is there or says why not."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
import re2

from channels import CHANNELS
from tests.docs.examples import ROOT, rows

PAGE = "channel-checklist.md"
HEADING = "rule"
DONE = re2.compile(r"^done `[^`]+`(?:, `[^`]+`)*$")
EXEMPT = re2.compile(r"^exempt: (.+)$")
NAMED = re2.compile(r"`([^`]+)`")
FEWEST_WORDS = 4


def _page() -> list[str]:
    return (ROOT / "docs" / PAGE).read_text().splitlines()


def columns() -> list[str]:
    """The channels of the table's head."""
    head = next(line for line in _page() if line.startswith(f"| {HEADING} |"))
    return [cell.strip() for cell in head.strip("|").split(" | ")][1:]


def cells() -> list[tuple[str, str, str]]:
    """Every cell as (rule, channel, text)."""
    return [
        (row[0], channel, text) for row in rows(PAGE, HEADING) for channel, text in zip(columns(), row[1:], strict=True)
    ]


@cache
def functions(path: Path) -> frozenset[str]:
    """The names of the tests in a file, without running it."""
    found = ast.walk(ast.parse(path.read_text()))
    return frozenset(node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def problem(text: str) -> str | None:
    """What is wrong with a cell; None when it is done with tests that exist, or exempt with a reason."""
    if exempt := EXEMPT.match(text):
        return None if len(exempt.group(1).split()) >= FEWEST_WORDS else "the reason is too short"
    if not DONE.match(text):
        return "it must be done with a test's path::name, or exempt: with a reason"
    for name in NAMED.findall(text):
        path, _, function = name.partition("::")
        file = ROOT / path
        if not (path.startswith("tests/") and file.name.startswith("test_") and file.is_file()):
            return f"{path} is no file of tests"
        if not function.startswith("test_") or function not in functions(file):
            return f"{name} is not there"
    return None


def test_every_channel_has_a_column() -> None:
    """A channel that is added to the table of channels must be added here."""
    assert sorted(CHANNELS) == sorted(columns())


def test_every_rule_is_told_once() -> None:
    """And there are some."""
    rules = [row[0] for row in rows(PAGE, HEADING)]
    assert len(rules) >= 20
    assert len(set(rules)) == len(rules)


@pytest.mark.parametrize(
    "rule, channel, text", cells(), ids=[f"{channel}-{rule.strip('*')}" for rule, channel, _ in cells()]
)
def test_each_cell_holds(rule: str, channel: str, text: str) -> None:
    """It is done, and the test that shows it exists; or it is exempt, with a reason that says something."""
    assert problem(text) is None, f"{rule}, {channel}: {text}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "done",
        "yes `tests/docs/test_names.py::test_the_picture`",
        "partly `tests/docs/test_names.py::test_the_picture`",
        "done `tests/docs/test_names.py`",
        "done `tests/docs/test_names.py::test_that_nobody_wrote`",
        "done `tests/docs/test_that_nobody_wrote.py::test_the_picture`",
        "done `tests/docs/examples.py::anchors`",
        "done `tests/docs/test_names.py::test_the_picture` and more",
        "exempt: later",
        "exempt",
    ],
)
def test_any_other_word_is_found_out(text: str) -> None:
    """Nothing else passes for an answer."""
    assert problem(text)
