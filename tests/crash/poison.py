"""A tool that kills the process which calls it, and a workflow that asks for it. Nothing but the tests loads it."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

from pydantic import BaseModel

from tests.harness.places import ROOT
from tools.base import Context, tool

EXAMPLES = (
    "swallow the poison",
    "take the poison pill",
    "please swallow poison now",
    "have some poison",
    "drink the poison",
    "poison yourself",
)
WORKFLOW = f"""
name: swallow_poison
title: Swallow poison
goal: Kills the worker.
examples: {list(EXAMPLES)}
steps:
  - name: swallow
    kind: retrieve
    calls: [{{tool: lick_poison, fact: taste}}]
    say: bitter
replies:
  bitter: "It tastes bitter."
"""


class Nothing(BaseModel, extra="forbid"):
    """No arguments."""


class Taste(BaseModel, extra="forbid"):
    """Never returned."""

    taste: str


@tool(kind="lookup", scopes=())
async def lick_poison(arguments: Nothing, context: Context) -> Taste:
    """Swallow poison."""
    os.kill(os.getpid(), signal.SIGKILL)
    return Taste(taste="bitter")


TOOLS = [lick_poison]


def prepare(config: Path) -> None:
    """Put the workflow beside those that ship, in a folder for CONFIG_DIR."""
    shutil.copytree(ROOT / "config" / "workflows", config / "workflows")
    (config / "workflows" / "swallow_poison.yaml").write_text(WORKFLOW)
