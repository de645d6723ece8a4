"""A customer's mailbox: writes, answers as a mail program does, waits for letters. Sees only what arrives there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.harness.outside import Json, Outside
from tests.harness.waiting import PATIENCE_S, until

KIMS_MAIL, LEES_MAIL = "kim@example.com", "lee@example.com"


@dataclass(slots=True, kw_only=True)
class Mailbox:
    """One mailbox of the playground."""

    outside: Outside
    address: str = KIMS_MAIL

    async def letters(self) -> list[Json]:
        """What arrived, oldest first."""
        found: list[Json] = await self.outside.get(f"/mail/boxes/{self.address}")
        return [mail for mail in found if mail["way"] == "received"]

    async def write(self, text: str, *, subject: str = "A question", **more: Any) -> Json:
        """Write a new mail; it was brought to the bot once."""
        return await self._act("compose", box=self.address, subject=subject, text=text, **more)

    async def answer(self, letter: Json, text: str, **more: Any) -> Json:
        """Answer a letter, quoting it as the program does."""
        return await self._act("reply", mail=letter["n"], text=text, **more)

    async def arrived(self, words: str, *, patience: float = PATIENCE_S) -> Json:
        """Wait for the newest letter with these words."""

        async def look() -> Json | None:
            found = [letter for letter in await self.letters() if words in letter["text"]]
            return found[-1] if found else None

        return await until(look, f"{words!r} at {self.address}", patience=patience)

    async def ask(self, text: str, **more: Any) -> Json:
        """Write, and wait for the letter that answers."""
        return await self._next(lambda: self.write(text, **more))

    async def ask_on(self, letter: Json, text: str, **more: Any) -> Json:
        """Answer a letter, and wait for the next one."""
        return await self._next(lambda: self.answer(letter, text, **more))

    async def habits(self, **habits: Any) -> None:
        """Set what the mailbox's server does by itself: `bounce`, `reject`, `holiday`."""
        await self._act("habits", box=self.address, **habits)

    async def _next(self, act: Any) -> Json:  # noqa: ANN401  a call of this class
        before = len(await self.letters())
        await act()

        async def look() -> Json | None:
            found = await self.letters()
            return found[before] if len(found) > before else None

        return await until(look, f"a letter at {self.address}")

    async def _act(self, act: str, **fields: Any) -> Json:
        done: Json = await self.outside.post("/mail/act", {"act": act, **fields})
        return done
