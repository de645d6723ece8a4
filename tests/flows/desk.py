"""Staff at work on tickets, as their channel would hand their acts in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from bot.app import Services
from state.messages import Acted, StaffAct
from tests.harness.outside import Json
from tests.harness.places import ROBIN
from tests.harness.stage import Stage
from tests.harness.waiting import until


@dataclass(slots=True, kw_only=True)
class Desk:
    """One bot with its staff."""

    stage: Stage
    services: Services

    async def act(self, verb: str, *, who: str = ROBIN, **more: Any) -> Acted:
        """Do something on the newest ticket."""
        if not {"number", "ticket", "place"} & more.keys():
            more["number"] = (await self.stage.operators.tickets())[0]["number"]
        fields = {"provider_id": uuid.uuid4().hex, **more}
        return await self.services.inbox.act(
            StaffAct(channel="slack", account="T0ACME0001", staff=who, verb=verb, **fields)
        )

    async def request(self) -> Json:
        """The newest request for approval, from the log."""
        asked = await self.logged("ApprovalRequested")
        assert asked, "nothing waits for approval"
        return asked[-1]

    async def decide(self, verb: str, *, who: str, **more: Any) -> Acted:
        """Press a button of the newest request."""
        asked = await self.request()
        return await self.act(verb, who=who, **{"action": asked["action"], "args_hash": asked["args_hash"], **more})

    async def notes(self) -> list[Json]:
        """What the bot wrote for staff alone, once it has nothing left to do."""
        await self.stage.operators.at_rest()
        return await self.logged("NoteWritten")

    async def logged(self, kind: str) -> list[Json]:
        """The events of a kind, of all sessions."""
        rows = await self.stage.operators.sessions()
        return [event["data"] for row in rows for event in await self.stage.operators.events(row["id"], kind)]

    async def happened(self, kind: str) -> Json:
        """Wait for an event of a kind."""

        async def look() -> Json | None:
            return next(iter(await self.logged(kind)), None)

        return await until(look, f"a {kind}")
