"""Four ways to order at the shop of the soak, and the workflows that ask for them. Nothing but the tests loads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, Field

from bot import batches
from state.identity import Assurance
from tools.base import Context, Effect, Probe, Run, Tool, declare, tool

SHOP = "shop"
KINDS: dict[str, Effect] = {"keyed": "keyed", "blind": "keyed", "probed": "probeable", "silent": "probeable"}
"""`keyed` takes keys and can be read back, `blind` only takes keys; the others take none; `silent` is often deaf."""
BUNDLE = "bundle"
"""Several writes of kind `probed` under one yes."""
PARTS = 3
LEAST_S = 0.5  # turns are short here


class Order(BaseModel, extra="forbid", frozen=True):
    """What is ordered."""

    order: Annotated[str, Field(pattern=r"^[0-9]{6,7}$", description="The order's number")]


class Receipt(BaseModel, extra="forbid", frozen=True):
    """What the shop says of an order it took."""

    number: str
    order: str


def _run(kind: str) -> Run:
    async def run(arguments: Order, context: Context) -> Receipt:
        body = {"order": arguments.order, "reference": context.key, "pid": os.getpid()}
        return Receipt.model_validate(await context.post(SHOP, f"/orders/{kind}", body))

    return run


def _probe(kind: str) -> Probe:
    async def probe(arguments: Order, context: Context) -> Receipt | None:
        asked = {"order": arguments.order, "reference": context.key or "", "pid": str(os.getpid())}
        found = (await context.get(SHOP, f"/orders/{kind}", asked))["found"]
        return Receipt.model_validate(found) if found else None

    return probe


def _tool(kind: str, effect: Effect) -> Tool:
    return declare(
        Tool(
            name=f"order_{kind}",
            kind="transact",
            description=f"Order by {kind} mail.",
            arguments=Order,
            result=Receipt,
            run=_run(kind),
            effect=effect,
            probe=None if kind == "blind" else _probe(kind),
            assurance=Assurance.CLAIMED,
        )
    )


class Parts(BaseModel, extra="forbid", frozen=True):
    """What an order consists of."""

    orders: list[Order]


@tool(kind="lookup", assurance=Assurance.CLAIMED)
async def parts_of_order(arguments: Order, context: Context) -> Parts:
    """Name the parts of an order, each to be ordered by itself."""
    del context
    return Parts(orders=[Order(order=f"{arguments.order}{n}") for n in range(PARTS)])


TOOLS = [parts_of_order, *(_tool(kind, effect) for kind, effect in KINDS.items())]
WAYS = (*KINDS, BUNDLE)
batches.LEAST_S = LEAST_S


def terms(kind: str, order: str) -> str:
    """The words in which an order's terms are shown."""
    return f"Shall I order {order} by {kind} mail?"


def notice(order: str) -> str:
    """The words that begin the notice of an order that went through."""
    return f"Order {order} is in"


def prepare(config: Path, port: int) -> None:
    """Write the shop's address and a workflow for each way into a folder for CONFIG_DIR."""
    folder = config / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    shop = {"base_url": f"http://127.0.0.1:{port}"}
    (config / "tools.yaml").write_text(yaml.safe_dump({"systems": {SHOP: shop}}))
    for kind in WAYS:
        (folder / f"{kind}_mail.yaml").write_text(yaml.safe_dump(_workflow(kind), sort_keys=False))


def _workflow(kind: str) -> dict[str, object]:
    look, act = _steps(kind)
    tool_name, order = ("order_probed", "{item.order}") if kind == BUNDLE else (f"order_{kind}", "{order}")
    call = {"tool": tool_name, "arguments": {"order": order}, "fact": "receipt"}
    return {
        "name": f"{kind}_mail",
        "title": f"Order by {kind} mail",
        "goal": f"The customer orders something by {kind} mail.",
        "review": "none",
        "examples": [f"{word} 123456 by {kind} mail" for word in ("order", "please order", "I order", "send", "ship")]
        + [f"{kind} order", f"a {kind} mail please", f"{kind} mail"],
        "slots": {"order": {"type": "id", "pattern": "[0-9]{6}", "ask": "which"}},
        "steps": [*look, {**act, "name": "order", "kind": "act", "calls": [call], "confirm": "terms", "say": "in"}],
        "replies": {
            "which": "Which one?",
            "terms": terms(kind, "{order}") + (" {items}" if kind == BUNDLE else ""),
            "in": notice("{order}") + ".",
        },
    }


def _steps(kind: str) -> tuple[list[dict[str, object]], dict[str, object]]:
    """What is looked up before the write, and what is particular to the write."""
    if kind != BUNDLE:
        return [], {"needs": ["order"]}
    call = {"tool": parts_of_order.name, "arguments": {"order": "{order}"}, "fact": "parts"}
    return [{"name": "parts", "kind": "retrieve", "needs": ["order"], "calls": [call]}], {"each": "parts.orders"}
