"""Killed between the first part of a list and its rest: the rest follows all the same, once."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.crash.conftest import BOTH
from tests.crash.databases import Databases
from tests.harness.deployment import deployed
from tests.harness.places import Place
from tests.harness.processes import Preloaded, playground
from tests.harness.stage import staged
from tests.harness.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.crash
@pytest.mark.parametrize("databases", BOTH, indirect=True)
async def test_the_rest_follows_after_a_kill(databases: Databases, forked: Preloaded, tmp_path: Path) -> None:
    """That it is due stands in the database, so the next process sees to it."""
    place = Place(home=tmp_path, database_url=databases.new(), tuning={"rest_wait_s": [1.5, 1.5, 1.5]})
    async with playground(place), deployed(place, forked) as bot, staged(place) as stage:
        phone = stage.phone()
        await stage.outside.break_acme("error", "/v1/customers/*/invoices?*cursor=*", times=1_000)
        sid = await phone.write("show me all my invoices")
        assert "fetching the rest" in (await phone.answers(sid))[0]

        assert bot.first.process
        bot.first.process.send(signal.SIGKILL)
        await until(lambda: _died(bot.first.codes), "the server to be gone")
        await stage.outside.mend()
        await bot.ready()

        texts = await phone.answers(sid, count=2)
        await stage.operators.at_rest()
        assert "10 in all:" in texts[1]
        assert 2 == len(await phone.received())
    databases.drop(place.database_url)


async def _died(codes: list[int]) -> bool:
    return len(codes) == 1
