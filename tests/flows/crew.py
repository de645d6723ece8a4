"""The engine alone: messages go in, turns run one by one, here, and may die in the middle. No server, no channel."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot import app, turn
from bot.app import Services
from config.settings import Settings
from state import events as ev
from state.approvals import Who
from state.identity import Address, Assurance
from state.lease import Lease
from state.messages import Acted, Inbound, StaffAct
from state.session import Action, Session
from state.sql.inbox import Pace
from tests import batches_pack
from tests.batches_pack import Killed
from tests.harness.places import Place

PACE = Pace(burst_idle=0, burst_wait=0, burst_max=0, lease=15_000, worker=None)
SAM = Who(id="T1/U1", name="Sam", scopes=frozenset({"tickets:work", "writes:approve"}))


@dataclass(slots=True, kw_only=True)
class Crew:
    """One visitor and the engine. `held`: no turn runs for now."""

    services: Services
    visitor: str = field(default_factory=lambda: uuid.uuid4().hex)
    session_id: str = ""
    deaths: int = 0
    held: bool = False

    async def say(self, text: str, *, choice: str | None = None) -> str:
        """Say something; the words of the answer."""
        before = len(await self.said())
        message = Inbound(
            channel="web",
            account="web",
            provider_id=uuid.uuid4().hex,
            sender=Address(channel="web", address=self.visitor),
            assurance=Assurance.CHANNEL,
            text=text,
            choice=choice,
        )
        accepted, _ = await self.services.parts.store.accept(message, PACE)
        self.session_id = accepted.session_id
        await self.run()
        return "\n".join((await self.said())[before:])

    async def run(self) -> None:
        """Run turns until none is due; one that dies is found by the next process."""
        store = self.services.parts.store
        while not self.held and (leases := await store.claim("crew", limit=1, lease_ms=15_000)):
            await self._turn(leases[0])

    async def _turn(self, lease: Lease) -> None:
        try:
            await turn.run(lease, self.services.parts, lambda _: None)
        except Killed:
            self.deaths += 1
            await self.services.parts.store.fail(lease, after_ms=0)

    async def settled(self) -> None:
        """Let what is unknown be looked up once more."""
        await asyncio.sleep(0.002)
        await self.services.parts.store.due_actions()
        await self.run()

    async def staff(self, verb: str, **more: Any) -> Acted:
        """Do something on this session's newest ticket."""
        (ticket, *_) = reversed((await self.session()).tickets)
        given = StaffAct(
            channel="slack",
            account="T1",
            staff=SAM.id,
            provider_id=uuid.uuid4().hex,
            verb=verb,
            ticket=ticket.id,
            **more,
        )
        acted, _ = await self.services.parts.store.act(given, SAM, PACE)
        await self.run()
        return acted

    async def session(self) -> Session:
        """The folded state, which its log must give as well."""
        store = self.services.parts.store
        found = await store.session(self.session_id)
        assert found
        assert found[1] == await store.refold(self.session_id)
        return found[1]

    async def actions(self) -> list[Action]:
        """Every action that is still known."""
        return list((await self.session()).actions.values())

    async def logged(self, kind: type[ev.Event]) -> list[ev.Event]:
        """The events of a kind."""
        return [s.data for s in await self.services.parts.store.events(self.session_id, 0) if isinstance(s.data, kind)]

    async def said(self) -> list[str]:
        """What the bot said."""
        if not self.session_id:
            return []
        return [one.text for one in await self.logged(ev.ReplyQueued) if isinstance(one, ev.ReplyQueued)]


@asynccontextmanager
async def engine(home: Path, url: str, workflow: str, **settings: str) -> AsyncIterator[Services]:
    """An engine with the pack and this workflow alone."""
    tuning = {"unknown_probe_s": [0.0, 0.0]}
    place = Place(
        home=home, database_url=url, tuning=tuning, settings={"TOOL_PACKS": batches_pack.__name__, **settings}
    )
    environment = place.environment()
    folder = Path(environment["CONFIG_DIR"]) / "workflows"
    folder.mkdir(exist_ok=True)
    (folder / "one.yaml").write_text(workflow)
    (folder / "hello.yaml").write_text("{name: greeting, listed: false, examples: [hello, hi, good morning, hey]}")
    services = await app.build(Settings.load(environment, root=home), frozenset({"web"}))
    try:
        yield services
    finally:
        await services.parts.store.close()
        await services.systems.close()
