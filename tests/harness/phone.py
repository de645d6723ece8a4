"""A customer's WhatsApp: writes, waits, and writes again what did not get through. Sees only what a phone shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.harness.outside import KIMS_PHONE, Json, Outside
from tests.harness.waiting import PATIENCE_S, until

TAKEN, LOST = "delivered", "failed"


@dataclass(slots=True, kw_only=True)
class Phone:
    """One phone of the playground."""

    outside: Outside
    number: str = KIMS_PHONE

    async def transcript(self) -> list[Json]:
        """All messages both ways, in order."""
        found: list[Json] = await self.outside.get(f"/phone/{self.number}/transcript")
        return found

    async def received(self) -> list[str]:
        """The texts that the business sent."""
        return [m["body"] for m in await self.transcript() if m["direction"] == "outbound"]

    async def write(self, text: str = "", *, at_once: bool = False, **fields: Any) -> str:
        """Write a message and answer its id; unless `at_once`, after the webhook was called for the first time."""
        query = {"wait": "0"} if at_once else {}
        bubble = await self.outside.post(f"/phone/{self.number}/messages", {"text": text, **fields}, **query)
        return str(bubble["sid"])

    async def deliver(self, sid: str, *, patience: float = PATIENCE_S) -> None:
        """Wait until the business took the message; the customer sends it again when the carrier gives up."""

        async def taken() -> bool:
            state = (await self._bubble(sid))["webhook"]["state"]
            if state == LOST:
                await self.outside.post(f"/phone/{self.number}/again", {"sid": sid})
            return bool(state == TAKEN)

        await until(taken, f"the webhook of {sid} to be taken", patience=patience)

    async def replay(self, sid: str) -> int | None:
        """Have the carrier send an old webhook again, as it was; answers the status."""
        answer = await self.outside.post(f"/phone/{self.number}/replay", {"sid": sid})
        status: int | None = answer["status"]
        return status

    async def answers(self, sid: str, *, count: int = 1, patience: float = PATIENCE_S) -> list[str]:
        """Wait for what the business says after a message; answers the texts."""

        async def look() -> list[str] | None:
            found = await self.transcript()
            asked = next(m["n"] for m in found if m["sid"] == sid)
            texts = [m["body"] for m in found if m["direction"] == "outbound" and m["n"] > asked]
            return texts if len(texts) >= count else None

        return await until(look, f"an answer on {self.number}", patience=patience)

    async def ask(self, text: str, **fields: Any) -> str:
        """Write, wait until it got through, and wait for the answer."""
        sid = await self.write(text, **fields)
        await self.deliver(sid)
        return (await self.answers(sid))[0]

    async def _bubble(self, sid: str) -> Json:
        return next(m for m in await self.transcript() if m["sid"] == sid)
