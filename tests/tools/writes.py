"""A write through the gateway, as the engine carries one out: proposed, agreed to, dispatched."""

from __future__ import annotations

from typing import Any

from state.session import Action
from tools.base import Caller, Outcome, Proposal
from tools.gateway import Gateway


async def perform(gateway: Gateway, tool: str, arguments: dict[str, Any], caller: Caller) -> Outcome:
    """Propose and carry out one write."""
    proposal = await gateway.propose(tool, arguments, caller=caller)
    assert isinstance(proposal, Proposal), proposal
    action = Action(
        id="a1",
        task="t1",
        tool=proposal.tool,
        version=proposal.version,
        arguments=proposal.arguments,
        args_hash=proposal.args_hash,
        terms="",
        state="dispatched",
    )
    return await gateway.perform(action, caller=caller, timeout=20, confirmation="event:1")
