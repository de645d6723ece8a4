"""The same refund here: agreed to by the customer, approved by staff once, the worker dies right after it was made."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.at_most_once import pack
from state import migrations
from tests.crash.told import TERMS
from tests.harness.deployment import deployed
from tests.harness.outside import LEE
from tests.harness.places import Place
from tests.harness.processes import Launcher, playground
from tests.harness.stage import Stage, staged
from tests.harness.waiting import until
from tests.harness.workspace import SAM, Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENCE_S = 60.0
AFTER_THE_WRITE = "tool.sent:1:kill"


@asynccontextmanager
async def _bot(home: Path, launcher: Launcher, *, own: bool) -> AsyncIterator[Stage]:
    """A bot in front of the playground; with `own`, with the pack of two refunds, else with Acme's."""
    place = _place(home, own=own)
    faults = () if own else (AFTER_THE_WRITE,)
    async with AsyncExitStack() as closing:
        await closing.enter_async_context(playground(place))
        bot = await closing.enter_async_context(deployed(place, launcher, faults=faults))
        yield await closing.enter_async_context(staged(place))
        assert bot.first.codes == [-9], "the worker was to die once"


def _place(home: Path, *, own: bool) -> Place:
    home.mkdir()
    database = f"sqlite:///{home / 'throughline.db'}"
    migrations.upgrade(database)
    if own:
        pack.prepare(home / "config")
        (home / "die").touch()
    settings = {"TOOL_PACKS": pack.__name__, pack.HOME: str(home)} if own else {}
    return Place(home=home, database_url=database, settings=settings)


async def _approved(stage: Stage) -> str:
    """Sam approves once; answers how the write ended, when there is nothing left to do."""
    slack = Workspace(outside=stage.outside)
    await slack.press(await slack.card(with_button="approve", patience=PATIENCE_S), "approve", SAM)
    return await until(lambda: _end(stage), "the write to come to its end", patience=PATIENCE_S)


async def _end(stage: Stage) -> str | None:
    (session,) = [row["id"] for row in await stage.operators.sessions() if not row["forwarded_to"]]
    events = await stage.operators.events(session)
    states = [event["data"]["state"] for event in events if event["kind"] == "ActionMoved"]
    told = any(event["kind"] == "TicketOpened" and event["data"]["reason"] == "unknown_outcome" for event in events)
    if states[-1:] == ["unknown"] and told:
        return "unknown, with a ticket for staff"
    return states[-1] if states[-1:] in (["succeeded"], ["failed"]) else None


async def keyed(home: Path, launcher: Launcher) -> tuple[int, str]:
    """Acme's refund, above the limit, whose API knows keys; answers how many were made, and how it ended."""
    async with _bot(home, launcher, own=False) as stage:
        lee = await stage.web(customer=LEE)
        await lee.click(await lee.ask("please refund invoice 20001"), "I no longer need it")
        terms = await lee.seen(lambda m: TERMS in m["text"] and bool(m["choices"]), "terms", patience=PATIENCE_S)
        await lee.click(terms, "Yes")
        ended = await _approved(stage)
        return len(await stage.outside.ledger()), ended


async def unkeyed(home: Path, launcher: Launcher, account: str) -> tuple[int, str]:
    """A refund whose maker knows no keys, from the `open` account (it can be read back) or the `sealed` one."""
    async with _bot(home, launcher, own=True) as stage:
        somebody = await stage.web()
        await somebody.click(await somebody.ask(f"refund 18492 from the {account} account"), "Yes")
        ended = await _approved(stage)
        return len((home / "refunds").read_text().split()), ended
