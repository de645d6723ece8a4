"""A write through the gateway, as the engine carries one out: proposed, agreed to, dispatched."""

from __future__ import annotations

from typing import Any

from state.session import Action
from tools.base import Caller, Outcome, Proposal
from tools.gateway import Gateway


def agreed(made: Proposal | Outcome, *, action_id: str = "A-1", terms: str = "As shown.") -> Action:
    """The action of a proposal whose exact terms were agreed to, as it is when it leaves."""
    assert isinstance(made, Proposal), made
    return Action(
        id=action_id,
        task="T",
        tool=made.tool,
        version=made.version,
        arguments=made.arguments,
        args_hash=made.args_hash,
        terms=terms,
        state="dispatched",
    )


async def perform(
    gateway: Gateway, tool: str, arguments: dict[str, Any], caller: Caller, *, action_id: str = "A-1"
) -> Outcome:
    """Propose and carry out one write."""
    action = agreed(await gateway.propose(tool, arguments, caller=caller), action_id=action_id)
    return await gateway.perform(action, caller=caller, timeout=20, confirmation="event:1")
