"""What `@tool` makes of a function, and what it refuses by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict

from state import errors
from state.identity import Assurance
from tests.tools.shop import CALLER, Key, Order, Receipt, find_order, order_keyed
from tools.base import Context, FromSession, Tool, tool
from tools.http import Systems


class Nested(BaseModel):
    """Hides a session fact one level down."""

    model_config = ConfigDict(extra="forbid")
    order: Order


class Wrong(BaseModel):
    """Asks the session for what it does not know."""

    model_config = ConfigDict(extra="forbid")
    shoe: Annotated[str, FromSession("shoe_size")]


class Loose(BaseModel):
    """Takes any field."""

    key: str


async def plain(arguments: Key, context: Context) -> Receipt:
    """Do something."""
    return Receipt(order=1)


async def silent(arguments: Key, context: Context) -> Receipt:
    """Lose these words below."""
    return Receipt(order=1)


silent.__doc__ = None


async def nested(arguments: Nested, context: Context) -> Receipt:
    """Do something."""
    return Receipt(order=1)


async def wrong(arguments: Wrong, context: Context) -> Receipt:
    """Do something."""
    return Receipt(order=1)


async def loose(arguments: Loose, context: Context) -> Receipt:
    """Do something."""
    return Receipt(order=1)


async def loose_result(arguments: Key, context: Context) -> Loose:
    """Do something."""
    return Loose(key="")


async def Loud(arguments: Key, context: Context) -> Receipt:  # noqa: N802
    """Do something."""
    return Receipt(order=1)


async def untyped(arguments, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Do something."""


async def no_model(arguments: Key, context: Context) -> dict[str, int]:
    """Do something."""
    return {}


def blocking(arguments: Key, context: Context) -> Receipt:
    """Do something."""
    return Receipt(order=1)


def test_a_declared_tool() -> None:
    """Name, words, models, identity and schema come from the function and its types."""
    assert ("order_keyed", 1, "order_keyed@1") == (order_keyed.name, order_keyed.version, order_keyed.id)
    assert (Order, Receipt) == (order_keyed.arguments, order_keyed.result)
    assert order_keyed.description == "Order where keys are known, and can be read back."
    assert {"customer_id": "customer_id"} == order_keyed.identity
    assert order_keyed.needs_customer
    assert ["item", "count"] == order_keyed.schema["required"]
    assert ("order_keyed@1: item: maxLength is checked by us only, models are not told",) == order_keyed.notes


def test_plain_defaults() -> None:
    """Without more said a tool reads, for people their channel has authenticated, and needs no customer."""
    made = tool(kind="lookup")(plain)
    assert (Assurance.CHANNEL, False, frozenset(), None) == (
        made.assurance,
        made.needs_customer,
        made.scopes,
        made.effect,
    )


@pytest.mark.parametrize(
    "function, options, words",
    [
        (plain, {"kind": "transact"}, "tool plain@1: a transact tool must declare effect="),
        (plain, {"kind": "transact", "effect": "probeable"}, "needs probe="),
        (plain, {"kind": "lookup", "effect": "keyed"}, "a lookup has no effect to declare"),
        (plain, {"kind": "transform", "probe": find_order}, "a transform has no effect to declare"),
        (plain, {"kind": "lookup", "version": 0}, "versions count from 1"),
        (silent, {"kind": "lookup"}, "needs a docstring"),
        (Loud, {"kind": "lookup"}, "small letters"),
        (nested, {"kind": "lookup"}, "Order: FromSession works for the outermost arguments only"),
        (wrong, {"kind": "lookup"}, "FromSession('shoe_size'): a session knows channel, customer_id"),
        (loose, {"kind": "lookup"}, "extra='forbid'"),
        (loose_result, {"kind": "lookup"}, "extra='forbid'"),
        (untyped, {"kind": "lookup"}, "write it as"),
        (no_model, {"kind": "lookup"}, "write it as"),
        (blocking, {"kind": "lookup"}, "write it as"),
    ],
)
def test_what_is_refused(function: Callable[..., Any], options: dict[str, Any], words: str) -> None:
    """A tool that cannot be made certain or checked is refused, by name and with the reason."""
    with pytest.raises(errors.BadInput) as raised:
        tool(**options)(function)
    assert words in str(raised.value)
    assert f"tool {function.__name__}" in str(raised.value)


def test_a_declared_effect_is_accepted() -> None:
    """Each of the three kinds of certainty is enough."""
    made: list[Tool] = [
        tool(kind="transact", effect="keyed")(plain),
        tool(kind="transact", effect="probeable", probe=find_order)(plain),
        tool(kind="transact", effect="transactional")(plain),
    ]
    assert ["keyed", "probeable", "transactional"] == [each.effect for each in made]


def test_a_context_knows_the_time_left() -> None:
    """It runs down from the timeout."""
    context = Context(caller=CALLER, systems=Systems({}), timeout=10.0)
    assert 9.0 < context.remaining <= 10.0
