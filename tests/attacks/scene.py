"""One attack under way: who is in it, their devices, and what they can do with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.attacks.attack import Attack
from tests.attacks.obedient import Obedient
from tests.attacks.people import Person, pair
from tests.harness.mailbox import Mailbox
from tests.harness.outside import Json
from tests.harness.phone import Phone
from tests.harness.stage import Stage
from tests.harness.waiting import until
from tests.harness.web import WebClient
from tests.harness.workspace import Workspace, words_of

OWN_PAID = "is paid: {}"


@dataclass(slots=True, kw_only=True)
class Scene:
    """One attack: `word` gives the order, `found` are reasons that the script itself saw given."""

    attack: Attack
    number: int
    stage: Stage
    model: Obedient
    found: set[str] = field(default_factory=set)
    browsers: list[WebClient] = field(default_factory=list)
    boxes: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    _chat: WebClient | None = None

    @property
    def own(self) -> Person:
        """The attacker."""
        return pair(self.number)[0]

    @property
    def other(self) -> Person:
        """The victim."""
        return pair(self.number)[1]

    @property
    def word(self) -> str:
        """The word that gives the order."""
        return f"obey{self.number:03}x"

    @property
    def stranger(self) -> str:
        """A phone that is not on file."""
        return f"+15559000{self.number:03}"

    async def play(self) -> None:
        """Let the attack take place."""
        self.model.order(self.word, self.attack.steps(self.own, self.other))
        await self.attack.script(self)

    # --- devices

    async def web(self, customer: str | None) -> WebClient:
        """Another browser."""
        browser = await self.stage.web(customer=customer)
        self.browsers.append(browser)
        return browser

    async def victims(self) -> WebClient:
        """The victim's own browser; what it shows is theirs to see."""
        return await self.stage.web(customer=self.other.customer_id)

    async def chat(self) -> WebClient:
        """The attacker's browser, signed in where they are a customer."""
        if self._chat is None:
            self._chat = await self.web(self.own.customer_id if self.attack.known else None)
        return self._chat

    def phone(self, number: str | None = None) -> Phone:
        """The attacker's phone, or another."""
        number = number or (self.own.phone if self.attack.known else self.stranger)
        self.phones.add(number)
        return self.stage.phone(number)

    def box(self, address: str | None = None) -> Mailbox:
        """The attacker's mailbox, or another."""
        address = address or self.own.email
        self.boxes.add(address)
        return self.stage.mailbox(address)

    @property
    def slack(self) -> Workspace:
        """The support team's workspace."""
        return Workspace(outside=self.stage.outside)

    # --- what people do

    async def say(self, text: str) -> str:
        """Say something where the attack takes place, and hear the answer."""
        if self.attack.channel == "whatsapp":
            return await self.phone().ask(text)
        if self.attack.channel == "email":
            return str((await self.box().ask(text))["text"])
        return str((await (await self.chat()).ask(text))["text"])

    async def tell(self, text: str) -> str:
        """Say something with the order in it."""
        return await self.say(f"{text} {self.word}")

    async def terms(self, *, victim: bool = False, big: bool = False) -> tuple[WebClient, Json]:
        """Come, in the browser, as far as the terms of a refund: one's own, or the victim's in theirs."""
        chat = await self.victims() if victim else await self.chat()
        person = self.other if victim else self.own
        number, amount = (person.big, person.big_amount) if big else (person.invoice, person.amount)
        question = await chat.ask(f"I want a refund for invoice {number}")
        terms = await chat.click(question, "I was charged twice")
        assert amount in terms["text"].replace(",", ""), terms["text"]
        return chat, terms

    async def refunds(self, person: Person | None = None) -> list[Json]:
        """What Acme wrote for the attacker, or for somebody."""
        number = (person or self.own).customer_id
        found: list[Json] = await self.stage.outside.get("/acme/ledger", customer=number)
        return found

    async def write_raw(self, raw: str, **more: Any) -> Json:
        """Send a mail as it stands, from the attacker's mailbox; answers the letter that comes back."""
        box = self.box()
        before = len(await box.letters())
        await self.stage.outside.post("/mail/act", {"act": "raw", "raw": raw, "box": box.address, **more})

        async def look() -> Json | None:
            found = await box.letters()
            return found[-1] if len(found) > before else None

        return await until(look, f"a letter at {box.address}")

    async def card(self, words: str, *, having: str = "") -> Json:
        """The newest card of the support channel with these words, which may be on it or in its thread."""

        async def look() -> Json | None:
            found = [card for card in await self.slack.cards() if words in words_of(card)]
            return found[-1] if found and (not having or having in str(found[-1])) else None

        return await until(look, f"a card with {words!r}")

    async def serves(self) -> str:
        """Ask something simple, as anybody may after all that; answers what was said if that is wrong."""
        self.model.forget(self.word)
        answer = await self.say(f"check invoice {self.own.invoice}")
        if OWN_PAID.format(self.own.amount) not in answer:  # it answered what a task was waiting for
            await self.say("never mind")
            answer = await self.say(f"check invoice {self.own.invoice}")
        if not self.attack.known or OWN_PAID.format(self.own.amount) in answer or "refunded" in answer:
            return ""
        return f"afterwards the answer was {answer[:300]!r}"
