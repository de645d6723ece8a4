"""Facts of what is said to a customer: a reply on its way, and that one did not arrive.

They belong to `state.events`, which is where everybody finds them; they hold no rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyQueued:
    """A reply was committed for one identity; the outbox delivers it. `about`: the question it carries, if any.

    `author`: bot, staff or system; `name`: the staff member's. `kind`: reply, holding (more follows), or notice (the
    bot began to speak). `why`: how the channel was chosen. `template`: an approved template to be sent in place of the
    text ({"sid", "variables"}). `thread`: what the channel said of the thread that this continues. `instead`: the
    outbox id of a reply that could not be delivered, in whose place this one goes another way.
    """

    outbox: str
    channel: str
    identity: str
    text: str
    choices: list[JSON] = field(default_factory=list)
    citations: list[JSON] = field(default_factory=list)
    author: str = "bot"
    ticket: int | None = None
    about: str | None = None
    name: str | None = None
    kind: str = "reply"
    why: str = ""
    template: JSON | None = None
    thread: JSON = field(default_factory=dict)
    instead: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed:
    """A reply did not arrive, as its provider says, and never will. `reason`: one word, as in the outbox."""

    inbound: ClassVar[bool] = True
    outbox: str
    channel: str
    identity: str
    reason: str | None = None
