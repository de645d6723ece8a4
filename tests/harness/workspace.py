"""The support team's Slack as its people see it: cards, threads, buttons. Acts over the playground's own wire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.harness.outside import Json, Outside
from tests.harness.waiting import PATIENCE_S, until

ROBIN, SAM, GUEST, STRANGER = "U0ROBIN001", "U0SAM00001", "U0GUEST001", "U0OTHER001"


@dataclass(slots=True, kw_only=True)
class Workspace:
    """The pretended workspace of one playground."""

    outside: Outside

    async def messages(self) -> list[Json]:
        """Everything in the support channel, oldest first."""
        found = (await self.outside.get("/slack/events"))["messages"]
        return sorted((m for m in found if not m["deleted"]), key=lambda m: str(m["ts"]))

    async def cards(self) -> list[Json]:
        """The cards of tickets: what begins a thread."""
        return [m for m in await self.messages() if m.get("thread_ts") in {None, m["ts"]} and not m["only_for"]]

    async def thread(self, card: Json) -> list[Json]:
        """The lines below a card."""
        return [m for m in await self.messages() if m.get("thread_ts") == card["ts"] and m["ts"] != card["ts"]]

    async def whispers(self, user: str) -> list[str]:
        """What only this person saw."""
        return [str(m["text"]) for m in await self.messages() if m["only_for"] == user]

    async def card(
        self, *, with_button: str | None = None, without: str | None = None, patience: float = PATIENCE_S
    ) -> Json:
        """Wait for the newest card, and for a button on it, or for one to be gone."""

        async def look() -> Json | None:
            cards = await self.cards()
            there = actions_of(cards[-1]) if cards else set()
            fits = cards and (with_button is None or with_button in there) and without not in there
            return cards[-1] if fits else None

        return await until(look, f"a card with {with_button or 'anything'}", patience=patience)

    async def line(self, words: str, *, patience: float = PATIENCE_S) -> Json:
        """Wait for a line in the newest card's thread."""

        async def look() -> Json | None:
            cards = await self.cards()
            lines = await self.thread(cards[-1]) if cards else []
            return next((m for m in reversed(lines) if words in words_of(m)), None)

        return await until(look, f"{words!r} in the thread", patience=patience)

    async def act(self, what: str, user: str, **more: Any) -> Json:
        """Do something, as one of the people."""
        found: Json = await self.outside.post("/slack/act", {"act": what, "user": user, **more})
        return found

    async def press(self, message: Json, action: str, user: str = ROBIN, **more: Any) -> Json:
        """Press a button of a message, or choose from its list."""
        return await self.act("press", user, ts=message["ts"], action_id=action, **more)

    async def reply(self, card: Json, text: str, user: str = ROBIN) -> Json:
        """Write to the customer by the card's button and its form."""
        await self.press(card, "reply", user)

        async def look() -> Json | None:
            views = (await self.outside.get("/slack/events"))["views"]
            return next((v for v in views if v["user"] == user and v["open"]), None)

        view = (await until(look, "the form for a reply"))["view"]
        return await self.act("submit", user, view_id=view["id"], values={"text": text})


def actions_of(message: Json) -> set[str]:
    """The buttons and lists of a message, by their action."""
    return {str(e["action_id"]) for e in _elements(message) if "action_id" in e}


def words_of(message: Json) -> str:
    """All words that a message shows."""
    return "\n".join([str(message.get("text", "")), *_texts(message.get("blocks", []))])


def _elements(message: Json) -> Iterator[Json]:
    for block in message.get("blocks", []):
        yield from (e for e in block.get("elements", []) if isinstance(e, dict))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
