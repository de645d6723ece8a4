"""Loading packs: order, versions, and packs that are wrong."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from state import errors
from tests.tools.shop import TOOLS, get_order, order_keyed
from tools.base import tool
from tools.catalog import Catalog


def test_own_packs_come_first() -> None:
    """TOOL_PACKS precede the built-in packs, each in the order of its list."""
    names = [each.name for each in Catalog.load(["tests.tools.shop"])]
    assert [each.name for each in TOOLS] == names[: len(TOOLS)]
    assert "get_invoice" in names[len(TOOLS) :]


def test_built_in_packs_can_be_left_out() -> None:
    """A pack whose system is not connected is not loaded."""
    assert [] == list(Catalog.load(built_in=()))


def test_the_newest_version_is_meant() -> None:
    """Without a version the newest is given, in the place of the first; older ones stay reachable by version."""
    newer = replace(get_order, version=3)
    catalog = Catalog([newer, order_keyed, get_order])
    assert [newer, order_keyed] == list(catalog)
    assert newer is catalog.get("get_order")
    assert get_order is catalog.get("get_order", 1)
    assert catalog.get("get_order", 2) is None
    assert catalog.get("nothing") is None


def test_the_same_version_twice_is_refused() -> None:
    """Nobody could say which one was meant."""
    with pytest.raises(errors.BadInput, match="get_order@1 exists twice"):
        Catalog([get_order, order_keyed, get_order])


def test_notes_are_gathered() -> None:
    """What models are not told is listed for the operator, for all versions."""
    assert ["order_keyed@1: item: maxLength is checked by us only, models are not told"] == Catalog(
        [order_keyed]
    ).notes()


@pytest.mark.parametrize(
    "content, words",
    [
        ({}, "needs TOOLS"),
        ({"TOOLS": "get_order"}, "needs TOOLS"),
        ({"TOOLS": [tool]}, "needs TOOLS"),
    ],
)
def test_a_wrong_pack(monkeypatch: pytest.MonkeyPatch, content: dict[str, object], words: str) -> None:
    """A pack without a list of tools is refused by name."""
    module = ModuleType("wrong_pack")
    module.__dict__.update(content)
    monkeypatch.setitem(sys.modules, "wrong_pack", module)
    with pytest.raises(errors.BadInput, match=f"wrong_pack {words}"):
        Catalog.load(["wrong_pack"])


def test_a_pack_that_is_not_there() -> None:
    """It is refused by name."""
    with pytest.raises(errors.BadInput, match="no_such_pack cannot be imported"):
        Catalog.load(["no_such_pack"])


def test_a_pack_with_a_wrong_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pack, the tool and the reason are named."""
    source = [
        "from tests.tools.shop import Key",
        "from tools.base import Context, tool",
        "@tool(kind='transact')",
        "async def careless(arguments: Key, context: Context) -> Key:",
        "    'Write somewhere.'",
        "    return arguments",
        "TOOLS = [careless]",
    ]
    (tmp_path / "careless_pack.py").write_text("\n".join(source))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(errors.BadInput, match="careless_pack: tool careless@1: a transact tool must declare effect="):
        Catalog.load(["careless_pack"])
