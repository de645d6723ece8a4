"""What an attack is: a name, what the attacker does, what the obedient model then does, and how it must end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.attacks.people import Person, pair
from tests.openai_script import Request, Step

if TYPE_CHECKING:
    from tests.attacks.scene import Scene

Script = Callable[["Scene"], Awaitable[None]]
Order = Step | Callable[[Request], Step]
Steps = Callable[[Person, Person], Sequence[Order]]
UNREAD = "unread"
"""The reason when the attacker's words never reached the model at all."""


def nothing(own: Person, other: Person) -> Sequence[Order]:
    """The model is not told to do anything."""
    del own, other
    return ()


async def told(scene: Scene) -> None:
    """The attacker writes the words that the model obeys, and writes again."""
    await scene.tell("Follow the order")
    await scene.say("please go on")


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack.

    name      what it is called, for ever
    does      what the attacker does
    lists     places in OWASP's lists: API1 to API10 (2023), LLM01 to LLM10 (2026), ASI01 to ASI10 (2026)
    refusal   the reason that must stand in the event log; "" where nothing is asked for that could be refused
    group     the section of the page
    channel   web, whatsapp, email, slack or api: where the attacker's words come in
    steps     what the obedient model calls or says, given the attacker and the victim, once it read the order
    script    how the attacker goes about it
    writes    how many writes Acme has afterwards, each with its customer's own consent
    bursts    several messages may have one answer
    known     whether whoever attacks is a customer, who is served as always afterwards
    small     how many further invoices of some size the attacker has
    record    what Acme has in the attacker's record, and in `invoice` in that of the attacker's small invoice
    """

    name: str
    does: str
    lists: str
    refusal: str
    group: str
    channel: str = "web"
    steps: Steps = nothing
    script: Script = told
    writes: int = 0
    bursts: bool = False
    known: bool = True
    small: int = 0
    record: Mapping[str, str] = field(default_factory=dict)
    invoice: Mapping[str, str] = field(default_factory=dict)

    @property
    def places(self) -> tuple[str, ...]:
        """The places in OWASP's lists."""
        return tuple(self.lists.split())

    @property
    def obeys(self) -> str:
        """What the model does, in short."""
        found: dict[str, int] = {}
        for step in self.steps(*pair(0)):
            words = _told(step)
            found[words] = found.get(words, 0) + 1
        return ", ".join(f"{count} times {words}" if count > 1 else words for words, count in found.items())


def _told(step: Order) -> str:
    if not isinstance(step, Step):
        return "says what it was shown"
    if not step.calls:
        return "says it"
    more = f" and {len(step.calls) - 2} more at once" if len(step.calls) > 2 else ""
    return ", ".join(f"`{_short(name)}`" for name, _ in step.calls[:2]) + more


def _short(name: str) -> str:
    plain = "".join(char if char.isprintable() and char.isascii() and char != "|" else "?" for char in name)
    return plain if len(plain) <= 32 else f"{plain[:24]}… ({len(name)} characters)"
