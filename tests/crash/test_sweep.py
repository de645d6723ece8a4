"""The short form of the sweep: kills at every crash point of the code, on both stores."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from state.faults import POINTS
from tests.crash import table
from tests.crash.conftest import BOTH
from tests.crash.conversations import ALONE, OPERATED, SEVERAL, STAFFED
from tests.crash.databases import Databases
from tests.crash.sweep import Job, Result, Sweep, every_pass, every_relapse, rehearsals
from tests.harness.processes import Preloaded

pytestmark = pytest.mark.asyncio(loop_scope="session")

STAFFS = frozenset({"staff.pre_commit", "staff.post_commit", "thread.posted"})
CHOSEN = {
    OPERATED: {  # in the third message that is taken in, the call; and in the first write
        "sqlite": [
            *(("ingest.post_commit", 3), ("turn.append", 1), ("turn.appended", 1)),
            *(("tool.sent", 1), ("tool.result", 1), ("turn.commit", 4)),
        ],
        "postgres": [("ingest.post_commit", 3), ("turn.appended", 1), ("tool.sent", 1)],
    },
    SEVERAL: {  # in the second of three writes, and before the last is on record
        "sqlite": [("turn.append", 2), ("tool.sent", 2), ("tool.result", 3)],
        "postgres": [("turn.appended", 2), ("tool.sent", 2)],
    },
}
LANES = {"sqlite": 4, "postgres": 8}  # on PostgreSQL most of the time is spent waiting for a dead server's lease to end


@pytest.mark.crash
@pytest.mark.timeout(900)
@pytest.mark.parametrize("databases", BOTH, indirect=True)
async def test_killed_anywhere_nothing_is_lost_or_doubled(
    databases: Databases, forked: Preloaded, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """One refund, one notice, every acknowledged message once and answered, wherever the server dies."""
    sweep = Sweep(databases=databases, launcher=forked, home=tmp_path, lanes=LANES[databases.name])
    rehearsed = await sweep.run(rehearsals(ALONE))

    results = [*rehearsed, *await sweep.run(_chosen(databases.name, rehearsed))]

    record_property("table", table.by_point(results))
    assert [] == [f"{table.line(result)}\n{result.broken}" for result in results if not result.fine]
    reached = {fired.split()[0] for result in results[len(rehearsed) :] for fired in result.fired}
    assert set(POINTS) - STAFFS == reached


@pytest.mark.crash
@pytest.mark.timeout(900)
@pytest.mark.parametrize("databases", BOTH, indirect=True)
async def test_killed_anywhere_the_bot_is_silent_while_a_person_speaks(
    databases: Databases, forked: Preloaded, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """And one refund is made of one approval; staff are told every line once, and the customer gets one letter."""
    sweep = Sweep(databases=databases, launcher=forked, home=tmp_path, lanes=LANES[databases.name])
    passes = [(point, n) for point in sorted(STAFFS) for n in (1, 3)]
    if databases.name == "sqlite":
        passes += [(point, 2) for point in POINTS if point not in STAFFS][::2]
    jobs = [Job(conversation=STAFFED, faults=(f"{point}:{n}:kill",)) for point, n in passes]

    results = await sweep.run(jobs)

    record_property("table", table.by_point(results))
    assert [] == [f"{table.line(result)}\n{result.broken}" for result in results if not result.fine]
    assert {fired.split()[0] for result in results for fired in result.fired} >= STAFFS


@pytest.mark.crash
@pytest.mark.timeout(600)
@pytest.mark.parametrize("databases", BOTH, indirect=True)
@pytest.mark.parametrize("conversation", CHOSEN)
async def test_killed_anywhere_each_of_several_writes_is_done_once(
    databases: Databases,
    forked: Preloaded,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    conversation: str,
) -> None:
    """An operator's beside the customer's own refund, whose key tells the one outcome; or three under one yes."""
    sweep = Sweep(databases=databases, launcher=forked, home=tmp_path, lanes=LANES[databases.name])
    chosen = CHOSEN[conversation][databases.name]
    jobs = [Job(conversation=conversation, faults=(f"{point}:{n}:kill",)) for point, n in chosen]

    results = await sweep.run(jobs)

    record_property("table", table.by_point(results))
    assert [] == [f"{table.line(result)}\n{result.broken}" for result in results if not result.fine]
    assert all(result.fired for result in results)


def _chosen(store: str, rehearsed: list[Result]) -> list[Job]:
    """Each point in its first pass and in its last; on SQLite also as an exit or an error, and a second death.

    Every pass of every point is the long form: `python -m tests.crash.sweep --all`.
    """
    passes = {point: [job for job in every_pass(rehearsed) if job.point == point] for point in POINTS}
    ends = [(jobs[0], jobs[-1]) for jobs in passes.values() if jobs]
    if store == "postgres":
        return [pair[n % 2] for n, pair in enumerate(ends)]
    others = [_instead(last, ("exit", "raise")[n % 2]) for n, (_, last) in enumerate(ends)]
    return [*chain.from_iterable(ends), *others[::3], *every_relapse()[::3]]


def _instead(job: Job, action: str) -> Job:
    return Job(conversation=job.conversation, faults=(job.faults[0].replace("kill", action),))
