"""Two refunds for our side of the comparison: one that can be read back, one of which nothing can be learnt again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, Field

from bench.at_most_once.peers import counting
from state.identity import Assurance
from tools import failures
from tools.base import Context, tool

HOME = "REFUND_HOME"
"""The variable with the folder of the ledger."""


class Refund(BaseModel, extra="forbid", frozen=True):
    """What is paid back."""

    invoice: Annotated[str, Field(pattern=r"^[0-9]{5}$", description="The invoice's number, five digits")]


class Receipt(BaseModel, extra="forbid", frozen=True):
    """What is said of it."""

    receipt: str


def _home() -> Path:
    return Path(os.environ[HOME])


async def _read_back(arguments: Refund, context: Context) -> Receipt | None:
    """Look into the ledger."""
    del context
    lines = (_home() / "refunds").read_text().split() if (_home() / "refunds").exists() else []
    return Receipt(receipt=arguments.invoice) if arguments.invoice in lines else None


async def _deaf(arguments: Refund, context: Context) -> Receipt | None:
    """Learn nothing."""
    del arguments, context
    raise failures.Unavailable("the ledger cannot be read")


@tool(kind="transact", effect="probeable", probe=_read_back, assurance=Assurance.CLAIMED)
async def pay_open(arguments: Refund, context: Context) -> Receipt:
    """Refund an invoice from the open account."""
    del context
    return Receipt(receipt=counting.refund(arguments.invoice, _home()))


@tool(kind="transact", effect="probeable", probe=_deaf, assurance=Assurance.CLAIMED)
async def pay_sealed(arguments: Refund, context: Context) -> Receipt:
    """Refund an invoice from the sealed account."""
    del context
    return Receipt(receipt=counting.refund(arguments.invoice, _home()))


TOOLS = [pay_open, pay_sealed]


def prepare(config: Path) -> None:
    """Write a workflow for each of them into a folder for CONFIG_DIR; staff must agree to every write."""
    folder = config / "workflows"
    folder.mkdir(parents=True)
    for kind in ("open", "sealed"):
        (folder / f"{kind}_account.yaml").write_text(yaml.safe_dump(_workflow(kind), sort_keys=False))


def _workflow(kind: str) -> dict[str, object]:
    call = {"tool": f"pay_{kind}", "arguments": {"invoice": "{invoice}"}, "fact": "paid"}
    return {
        "name": f"{kind}_account",
        "title": f"Refund from the {kind} account",
        "review": "all",
        "examples": [f"{word} 18492 from the {kind} account" for word in ("refund", "pay", "return", "give back")]
        + [f"{kind} account", f"the {kind} account please"],
        "slots": {"invoice": {"type": "id", "pattern": "[0-9]{5}", "ask": "which"}},
        "steps": [{"name": "pay", "kind": "act", "needs": ["invoice"], "calls": [call], "confirm": "terms"}],
        "replies": {"which": "Which invoice?", "terms": f"Shall I refund {{invoice}} from the {kind} account?"},
    }
