"""Every name in the documentation leads somewhere: files, links, tests, promises, crash points, layers, examples."""

from __future__ import annotations

import struct
import tomllib
from pathlib import Path

import pytest
import re2

from state import faults
from tests.docs.examples import PAGES, ROOT, anchors, code_words, example, examples, links, rows
from tests.docs.picture import PICTURE, VIEW

HERE = Path(__file__).parent
PATH = re2.compile(r"^[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|md|ya?ml|toml|js|html|png|txt|sh))$")
ELSEWHERE = (
    "../our-bot",
    "our-bot",
    "workflows/",
    "prompts/",
    "bot.toml",
    "replies.yaml",
    "channels.yaml",
    "policies.yaml",
    "channels.yaml",
    "models.yaml",
)
PROMISES = [f"P{number}" for number in range(1, 17)]
HEAVIEST = 250_000
WIDEST = 104  # what a page shows without scrolling

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)


@each_page
def test_links_resolve(page: Path) -> None:
    """Links to files and to headings, here or in another page, find what they name."""
    for target in links(page):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@each_page
def test_files_exist(page: Path) -> None:
    """A file or folder named in code is there; of a test also the function that is named."""
    for word in code_words(page):
        name, _, function = word.partition("::")
        if not PATH.match(name) or name.startswith(ELSEWHERE):
            continue
        assert (ROOT / name).exists(), word
        assert not function or f"def {function}(" in (ROOT / name).read_text(), word


@each_page
def test_every_example_is_tried(page: Path) -> None:
    """No block of code stands there that no test of this folder uses by its name; all can be read without scrolling."""
    tests = "".join(path.read_text() for path in HERE.glob("test_*.py"))
    for found in examples(page):
        assert found.name, f"{page.name}: a block of {found.language} without a name"
        assert max(map(len, found.body.splitlines())) <= WIDEST, found.name
        parts = found.name.removeprefix("../our-bot/config/workflows/").removeprefix("../our-bot/config/")
        assert parts.removeprefix("../our-bot/") in tests, f"{page.name}: {found.name} is not tried"


def test_the_picture() -> None:
    """It is as large as it claims, and light enough for a page."""
    body = PICTURE.read_bytes()
    assert (VIEW["width"], VIEW["height"]) == struct.unpack(">II", body[16:24])
    assert len(body) <= HEAVIEST


def test_the_readme_names_every_workflow() -> None:
    """Its table has each file of the shipped workflows, but for small talk, and no other."""
    named = [name for row in rows("README.md", "workflow") for name in re2.findall(r"`(\w+)`", row[0])]
    shipped = {path.stem for path in (ROOT / "config/workflows").glob("*.yaml")}
    assert shipped - {"greeting", "thanks"} == set(named)


def test_promises_are_told_alike() -> None:
    """All sixteen stand on both pages, with the same words on how far they hold."""
    short = {row[0]: row[2] for row in rows("README.md", "")}
    full = {row[0]: row[3] for row in rows("promises-and-tests.md", "")}
    assert PROMISES == list(short) == list(full)
    assert short == full


def test_promises_that_hold_name_a_test() -> None:
    """What holds, or holds in part, says which test shows it."""
    for number, _, _, status, proof in rows("promises-and-tests.md", ""):
        assert status.startswith("later") or "`tests/" in proof, number


def test_every_crash_point_is_told() -> None:
    """The table has each point of the code, and no other."""
    assert sorted(faults.POINTS) == sorted(row[0].strip("`") for row in rows("architecture.md", "point"))


def test_the_layers_are_the_checked_ones() -> None:
    """The page shows what import-linter holds, without the places that are kept for later."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    there = [" : ".join(name for name in _names(layer) if _exists(name)) or layer for layer in layers]
    assert there == example("architecture.md", "layers").splitlines()


def _names(layer: str) -> list[str]:
    return [name.strip("()") for name in layer.split(" : ")]


def _exists(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").exists()
