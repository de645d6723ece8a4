"""Every pass of every crash point, on both stores: kill the server there, start it again, count what came of it.

`python -m tests.crash.sweep --help` has the long form. The short one is tests/crash/test_sweep.py.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from state.faults import POINTS
from tests.crash.conversations import ALONE, CONVERSATIONS
from tests.crash.counted import Count
from tests.crash.databases import STORES, Databases, stores
from tests.crash.told import Customer
from tests.harness.deployment import deployed
from tests.harness.places import Place
from tests.harness.processes import Command, Launcher, playground, preloaded
from tests.harness.stage import staged

MOST_PASSES = 30
RUN_S = 150.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run: a conversation with these faults, one per life of the server."""

    conversation: str
    faults: tuple[str, ...]

    @property
    def point(self) -> str:
        """The crash point of its first life."""
        return self.faults[0].partition(":")[0]

    def __str__(self) -> str:
        """Print as one word."""
        return " ".join(self.faults) or "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run; `broken` says what went wrong with the run itself, with the end of the server's log."""

    job: Job
    store: str
    fired: tuple[str, ...] = ()
    count: Count | None = None
    broken: str = ""

    @property
    def fine(self) -> bool:
        """Whether all is as promised."""
        return self.count is not None and self.count.fine and not self.broken


@dataclass(slots=True, kw_only=True)
class Sweep:
    """Runs jobs on one store, several at once, each on a bot and a playground of its own."""

    databases: Databases
    launcher: Launcher
    home: Path
    lanes: int = 3

    async def run(self, jobs: Iterable[Job]) -> list[Result]:
        """Run them all."""
        waiting = iter(list(jobs))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._lane(number, waiting)) for number in range(self.lanes)]
        return [result for task in tasks for result in task.result()]

    async def _lane(self, number: int, jobs: Iterator[Job]) -> list[Result]:
        home = self.home / f"{self.databases.name}-{number}"
        home.mkdir(exist_ok=True)
        place = Place(home=home, database_url="")
        async with playground(place):
            return [await self._one(place, job) for job in jobs]

    async def _one(self, place: Place, job: Job) -> Result:
        url = await asyncio.to_thread(self.databases.new)
        try:
            return await self._told(_own(replace(place, database_url=url), job), job)
        finally:
            await asyncio.to_thread(self.databases.drop, url)

    async def _told(self, place: Place, job: Job) -> Result:
        """Tell the conversation, with the server dying as the job says."""
        store = self.databases.name
        async with staged(place) as stage, deployed(place, self.launcher, faults=job.faults) as bot:
            await stage.outside.reset()
            try:
                async with asyncio.timeout(RUN_S):
                    telling = CONVERSATIONS[job.conversation]
                    customer = Customer(stage=stage, web=await stage.web(), phone=stage.phone(telling.phone))
                    await telling.tell(customer)
                    found = await telling.count(customer)
            except (AssertionError, TimeoutError) as error:
                broken = f"{type(error).__name__}: {error}\n{bot.logs()}"
                return Result(job=job, store=store, fired=tuple(bot.fired()), broken=broken)
            return Result(job=job, store=store, fired=tuple(bot.fired()), count=found)


def _own(place: Place, job: Job) -> Place:
    """The place of a conversation that has workflows of its own: with a CONFIG_DIR of its own."""
    workflows = CONVERSATIONS[job.conversation].workflows
    if not workflows:
        return place
    own = replace(place, home=place.home / "own")
    folder = own.home / "config" / "workflows"
    folder.mkdir(parents=True, exist_ok=True)
    for number, workflow in enumerate(workflows):
        (folder / f"{number}.yaml").write_text(workflow)
    return own


def rehearsals(conversations: Iterable[str] = CONVERSATIONS) -> list[Job]:
    """Runs without a crash that only note how often each point is passed."""
    everywhere = ",".join(f"{point}:{n}:note" for point in POINTS for n in range(1, MOST_PASSES))
    return [Job(conversation=name, faults=(everywhere,)) for name in conversations]


def passes(result: Result) -> Counter[str]:
    """How often each point was passed in a rehearsal."""
    return Counter(fired.split()[0] for fired in result.fired)


def every_pass(rehearsed: Sequence[Result], actions: Sequence[str] = ("kill",)) -> list[Job]:
    """One job for every pass of every point of every conversation."""
    return [
        Job(conversation=result.job.conversation, faults=(f"{point}:{n}:{action}",))
        for result in rehearsed
        for point, most in sorted(passes(result).items())
        for n in range(1, most + 1)
        for action in actions
    ]


def every_relapse(first: str = "tool.sent:1:kill") -> list[Job]:
    """One job for every point at which the server dies again, right after it died amid a write."""
    names = list(ALONE)
    jobs = enumerate(POINTS)
    return [Job(conversation=names[n % len(names)], faults=(first, f"{point}:1:kill")) for n, point in jobs]


async def swept(
    databases: Databases,
    launcher: Launcher,
    home: Path,
    *,
    lanes: int,
    actions: Sequence[str],
    conversations: Sequence[str],
) -> list[Result]:
    """Rehearse, then crash at every pass of every point; without staff also a second time right after."""
    sweep = Sweep(databases=databases, launcher=launcher, home=home, lanes=lanes)
    rehearsed = await sweep.run(rehearsals(conversations))
    again = every_relapse() if set(ALONE) & set(conversations) else []
    return rehearsed + await sweep.run([*every_pass(rehearsed, actions), *again])


async def _rounds(arguments: argparse.Namespace, found: Sequence[Databases], home: Path) -> list[Result]:
    """The long form."""
    results: list[Result] = []
    async with preloaded() as forked:
        launcher: Launcher = Command() if arguments.command else forked
        for number in range(arguments.rounds):
            for databases in found:
                place = home / f"round-{number}"
                place.mkdir(exist_ok=True)
                results += await swept(
                    databases,
                    launcher,
                    place,
                    lanes=arguments.lanes,
                    actions=arguments.actions.split(","),
                    conversations=arguments.conversation or list(CONVERSATIONS),
                )
    return results


def main() -> int:
    """Sweep and print; the exit code says whether all was as promised."""
    from tests.crash import table  # the table reads our results

    parser = argparse.ArgumentParser(prog="python -m tests.crash.sweep", description=__doc__)
    parser.add_argument("--all", action="store_true", help="every pass of every point (there is no shorter form here)")
    parser.add_argument("--stores", default=",".join(STORES), help="which stores (%(default)s)")
    parser.add_argument("--conversation", action="append", choices=list(CONVERSATIONS), help="only this one (all)")
    parser.add_argument("--rounds", type=int, default=1, help="how often (%(default)s)")
    parser.add_argument("--lanes", type=int, default=3, help="how many servers at once (%(default)s)")
    parser.add_argument("--actions", default="kill", help="kill, exit, raise; several by comma (%(default)s)")
    parser.add_argument("--command", action="store_true", help="start `python -m bot serve` anew each time, not a fork")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tl-") as folder:
        home = Path(folder)
        with stores(arguments.stores.split(","), home) as found:
            results = asyncio.run(_rounds(arguments, found, home))
    print(table.table(results))  # noqa: T201
    return int(not all(result.fine for result in results))


if __name__ == "__main__":
    sys.exit(main())
