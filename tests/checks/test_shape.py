"""The shape check finds what it should find, and nothing in sources that are as they should be."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

import bot
import channels
import config
import playground
import state
import tools
from tests import servers

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shape() -> ModuleType:
    """The check itself, which is a script and no package."""
    path = ROOT / ".ci" / "checks.py"
    spec = importlib.util.spec_from_file_location("shape_check", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


GOOD = '"""A module."""\n\n\ndef fine() -> None:\n    """Do nothing."""\n'


@pytest.mark.parametrize(
    "source,expected",
    [
        (GOOD, ""),
        ("", ""),
        ("x = 1\n", "what it is"),
        (GOOD + "\n\ndef bare() -> None:\n    pass\n", "bare has no docstring"),
        (GOOD + "\n\nclass Bare:\n    pass\n", "Bare has no docstring"),
        (GOOD + "\n\ndef _own() -> None:\n    pass\n", ""),
        (GOOD + "\n\ndef long() -> None:\n" + '    """Long."""\n' + "    print()\n" * 41, "long has 41 lines"),
        (GOOD + "\n\ndef just() -> None:\n" + '    """Just."""\n' + "    print()\n" * 40, ""),
        (GOOD + "\n" * 400, "split it"),
        (GOOD + "\ntry:\n    fine()\nexcept Exception:\n    pass\n", "catches everything"),
        (GOOD + "\ntry:\n    fine()\nexcept (ValueError, BaseException):\n    pass\n", "catches everything"),
        (GOOD + "\ntry:\n    fine()\nexcept:\n    pass\n", "catches everything"),
        (GOOD + "\ntry:\n    fine()\nexcept BaseException:\n    fine()\n    raise\n", ""),
        (GOOD + "\ntry:\n    fine()\nexcept ValueError:\n    pass\n", ""),
    ],
)
def test_findings(shape: ModuleType, source: str, expected: str) -> None:
    """Each rule of the table is found by its own example, and only there."""
    findings, _ = shape.examine("bot/example.py", source)
    assert bool(expected) == bool(findings)
    assert expected in " ".join(str(finding) for finding in findings)


def test_named_loops_may_catch_everything(shape: ModuleType) -> None:
    """A place on the list may survive anything; every entry of the list gives its reason."""
    source = GOOD + "\ntry:\n    fine()\nexcept Exception:\n    pass\n"
    for place, reason in shape.BROAD.items():
        assert shape.examine(place, source)[0] == []
        assert len(reason) > 20


def test_a_docstring_does_not_count_as_body(shape: ModuleType) -> None:
    """The figures are about code."""
    assert shape.examine("bot/example.py", GOOD)[1] == [0]


@pytest.mark.parametrize("package", [bot, channels, config, playground, state, tools, servers])
def test_our_names_are_ours(package: ModuleType) -> None:
    """Some distributions install a `config` or `channels` of their own; ours must win."""
    assert package.__file__ is not None
    assert package.__file__.startswith(str(ROOT))
