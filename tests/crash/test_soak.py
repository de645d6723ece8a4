"""The short form of the soak, and the proof that it finds what it looks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.conftest import BOTH
from tests.crash.databases import Databases
from tests.harness.processes import Preloaded
from tests.soak import pack
from tests.soak.__main__ import table
from tests.soak.run import Soak, soaked

SABOTAGE = {
    "tests.soak.unrecorded": "applied, caller killed",
    "tests.soak.insistent": "applied too late",
}
"""A safeguard that is taken away, and what then makes a double."""
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.crash, pytest.mark.timeout(600)]


@pytest.mark.parametrize("databases", BOTH, indirect=True)
async def test_every_write_has_at_most_one_effect_and_comes_to_an_end(
    databases: Databases, forked: Preloaded, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Killed, paused and lied to, the bot writes at most once, and says or hands on what it does not know."""
    faults = 35 if databases.name == "sqlite" else 25
    soak = Soak(
        seed=4, faults=faults, store=databases.name, chats=8, phones=2, kinds=tuple(pack.KINDS), longest_s=120.0
    )

    verdict = await soaked(soak, databases.new(), tmp_path, forked)

    record_property("table", table(verdict))
    assert [] == verdict.wrongs
    assert verdict.faults >= faults // 3, "a machine that is too slow for this"
    assert verdict.states.total() >= len(soak.kinds)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("module", SABOTAGE)
async def test_without_its_safeguards_the_soak_finds_doubles(
    databases: Databases, forked: Preloaded, tmp_path: Path, module: str
) -> None:
    """Each safeguard that is taken away shows in the shop's books."""
    soak = Soak(
        seed=1,
        faults=6,
        store=databases.name,
        chats=3,
        phones=0,
        packs=(module,),
        kinds=("probed",),
        only=("fine", SABOTAGE[module]),
    )

    verdict = await soaked(soak, databases.new(), tmp_path, forked)

    assert [] != [wrong for wrong in verdict.wrongs if " effects of " in wrong], table(verdict)
