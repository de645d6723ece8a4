"""What a turn works with: from the composition root, the same for every turn but for its deadline. Holds no state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from state.store import Store

if TYPE_CHECKING:
    from bot.models.base import Function
    from bot.models.guarded import Guarded
    from bot.models.offline import Offline
    from bot.models.prompts import Instructions
    from bot.workflows import Workflow
    from channels.base import Capabilities
    from config.policies import Policies
    from config.settings import Settings
    from config.templates import Template
    from tools.gateway import Gateway

LOOKUP_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The store, the tools, the models, the words.

    `model` chooses and talks; `offline` steps in when it is down (the same object when it is the only one).
    `functions`: what a model may be told of, in constant order. `deadline`: monotonic seconds at which the turn must be
    over. `worker`: this process. `compose(text, channel, choices)`: the text in as many parts as the channel needs.
    `templates`: WhatsApp's approved ones, by the name the engine knows them by. `policies`: who may do what.
    """

    settings: Settings
    store: Store
    gateway: Gateway
    model: Guarded
    offline: Offline
    workflows: Mapping[str, Workflow]
    replies: Mapping[str, str]
    functions: tuple[Function, ...]
    instructions: Instructions
    capabilities: Mapping[str, Capabilities]
    scopes: frozenset[str]
    worker: str
    compose: Callable[[str, str, list[dict[str, str]]], list[str]]
    policies: Policies
    deadline: float = 0.0
    templates: Mapping[str, Template] = field(default_factory=dict)

    def time_left(self, most: float = LOOKUP_S) -> float:
        """Seconds until the turn must be over, at most `most`."""
        return max(0.05, min(most, self.deadline - time.monotonic()))
