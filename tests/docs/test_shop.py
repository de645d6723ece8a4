"""The page on hosting a shop: its pack is as the page says, and its writes happen once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from examples.shop import pack
from tests.docs.examples import ROOT, example
from tests.docs.running import running_here, shell
from tests.harness.places import API_TOKEN, Place
from tests.harness.stage import Stage
from tests.tools.test_openapi import KIM
from tools.base import Context, Tool
from tools.failures import Declined, NotFound
from tools.http import Systems

PAGE = "host-a-shop.md"
HOME = {"street": "1 High Street", "city": "York", "postal_code": "YO1 7EP", "country": "GB"}


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shop that opens."""
    monkeypatch.setenv("SHOP_DB", str(tmp_path / "shop.db"))


async def call(name: str, /, key: str = "", **arguments: object) -> BaseModel:
    """One call of a tool's function."""
    tool: Tool = next(one for one in pack.TOOLS if one.name == name)
    context = Context(caller=KIM, systems=Systems({}), timeout=5, key=key)
    found = await tool.run(tool.arguments.model_validate(arguments), context)
    assert found is not None
    return found


async def order(name: str) -> dict[str, object]:
    """An order as it stands."""
    return (await call("get_order", order_id=name)).model_dump()


def test_what_the_page_says() -> None:
    """Sixteen tools in less than 300 lines; the tool that is shown is in the pack; it is started as written."""
    source = (ROOT / "examples/shop/pack.py").read_text()
    assert len(source.splitlines()) < 300
    kinds = [tool.kind for tool in pack.TOOLS]
    assert (8, 8) == (kinds.count("lookup"), kinds.count("transact"))
    assert all(block.strip() in source for block in example(PAGE, "tool").split("\n\n\n"))
    assert "TOOL_PACKS=examples.shop.pack" in example(PAGE, "start")


WRITES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("cancel_order", {"order_id": "W100", "cancel_reason": "no_longer_needed"}, {"status": "cancelled"}),
    ("change_order_address", {"order_id": "W100", "address": HOME}, {"address": HOME}),
    ("change_order_items", {"order_id": "W100", "out": ["S-G"], "new": ["S-A"]}, {"items": ["S-A", "T-2"]}),
    ("change_order_payment", {"order_id": "W100", "payment": "gift-1"}, {"payment": "gift-1"}),
    ("change_customer_address", {"customer_id": "ida", "address": HOME}, {"address": HOME}),
    ("return_items", {"order_id": "W101", "items": ["L-1"], "payment": "card-1"}, {"status": "return_requested"}),
    ("exchange_items", {"order_id": "W101", "out": ["B-41"], "new": ["B-43"]}, {"items": ["B-43", "L-1"]}),
    ("send_again", {"order_id": "W101"}, {"status": "pending"}),
]


@pytest.mark.parametrize("name, arguments, changed", WRITES, ids=[name for name, *_ in WRITES])
async def test_a_write_that_comes_twice_happens_once(
    name: str, arguments: dict[str, object], changed: dict[str, object]
) -> None:
    """The answer is the first one, and so is the stock."""
    first = await call(name, key="k", **arguments)
    stock = [await call("get_product", product_id=one) for one in ("tent", "boots", "stove", "lamp")]
    assert first == await call(name, key="k", **arguments)
    assert stock == [await call("get_product", product_id=one) for one in ("tent", "boots", "stove", "lamp")]
    assert changed.items() <= first.model_dump().items()


async def test_the_shop_says_no() -> None:
    """What it refuses leaves nothing behind, under that key or at all."""
    refusals: list[tuple[str, dict[str, Any], str]] = [
        ("cancel_order", {"order_id": "W101", "cancel_reason": "no_longer_needed"}, "wrong_status"),
        ("exchange_items", {"order_id": "W101", "out": ["B-41"], "new": ["B-42"]}, "sold_out"),
        ("exchange_items", {"order_id": "W101", "out": ["B-41"], "new": ["L-2"]}, "other_product"),
        ("exchange_items", {"order_id": "W101", "out": ["B-43"], "new": ["B-41"]}, "not_in_order"),
        ("change_order_payment", {"order_id": "W100", "payment": "card-2"}, "no_such_payment"),
    ]
    before = [await order("W100"), await order("W101")]
    for name, arguments, code in refusals:
        with pytest.raises(Declined) as refused:
            await call(name, key="k", **arguments)
        assert code == refused.value.code
    with pytest.raises(NotFound):
        await call("get_order", order_id="W999")
    assert before == [await order("W100"), await order("W101")]


SEQUENCE: list[tuple[str, dict[str, Any]]] = [
    *((name, arguments) for name, arguments, _ in WRITES[1:5]),
    ("exchange_items", {"order_id": "W102", "out": ["B-43"], "new": ["B-41"]}),
    ("send_again", {"order_id": "W102"}),  # refused: it is being exchanged
    ("return_items", WRITES[5][1]),
]
READS: list[tuple[str, dict[str, Any]]] = [
    ("find_customer_by_email", {"email": "ida@example.com"}),
    ("find_customer_by_name", {"name": "Jon Hall"}),
    ("get_shop_customer", {"customer_id": "ida"}),
    ("get_order", {"order_id": "W101"}),
    ("list_orders", {"status": "delivered"}),
    ("get_product", {"product_id": "stove"}),
    ("list_products", {}),
    ("add_up_prices", {"variants": ["T-2", "L-1"]}),
]


async def test_a_shop_is_hosted(tmp_path: Path, migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its calls go through the operators' API, each write twice under one key: the end is as if sent once."""
    place = Place(home=tmp_path, database_url=migrated_sqlite_url, settings={"TOOL_PACKS": "examples.shop.pack"})
    async with running_here(place) as stage:
        told = {row["name"] for row in (await stage.operators.get("/tools"))["tools"]}
        assert {tool.name for tool in pack.TOOLS} <= told
        for number, (name, arguments) in enumerate(SEQUENCE):
            first = await stage.operators.call(name, arguments, key=f"k{number}")
            assert (422 if name == "send_again" else 200) == first[0], first
            assert first == await stage.operators.call(name, arguments, key=f"k{number}")
        for _ in range(2):
            by_phone = json.loads(await asyncio.to_thread(shell, example(PAGE, "call"), env=_shop_of(stage)))
            assert ("succeeded", "cancelled") == (by_phone["state"], by_phone["result"]["status"])
        assert 409 == (await stage.operators.call(*SEQUENCE[0], key="k1"))[0]
        seen = [(await stage.operators.call(*read))[1]["result"] for read in READS]
    monkeypatch.setenv("SHOP_DB", str(tmp_path / "once.db"))
    for number, (name, arguments) in enumerate(SEQUENCE):
        if name != "send_again":
            await call(name, key=f"k{number}", **arguments)
    await call("cancel_order", key="phone", order_id="W100", cancel_reason="no_longer_needed")
    assert seen == [(await call(name, **arguments)).model_dump() for name, arguments in READS]


def _shop_of(stage: Stage) -> dict[str, str]:
    return {"URL": stage.place.url, "API_TOKEN": API_TOKEN}
