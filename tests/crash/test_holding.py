"""Killed between the line that asks for patience and the answer: the line is not said again, the answer comes."""

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

HOLDING = "This takes a little longer; I am still on it."


@pytest.mark.crash
@pytest.mark.parametrize("databases", BOTH, indirect=True)
async def test_nobody_is_asked_for_patience_twice(databases: Databases, forked: Preloaded, tmp_path: Path) -> None:
    """The turn runs again, as slowly as before, and finds in the log that the line was said."""
    place = Place(home=tmp_path, database_url=databases.new(), tuning={"holding_s": {"whatsapp": 0.3}})
    async with playground(place), deployed(place, forked) as bot, staged(place) as stage:
        phone = stage.phone()
        await stage.outside.break_acme("latency", "/v1/invoices/*", ms=3_000, times=2)
        sid = await phone.write("check invoice 18492")
        assert [HOLDING] == await phone.answers(sid)

        assert bot.first.process
        bot.first.process.send(signal.SIGKILL)
        await until(lambda: _died(bot.first.codes), "the server to be gone")
        await bot.ready()

        texts = await phone.answers(sid, count=2)
        await stage.operators.at_rest()
        assert "Invoice 18492 is paid" in texts[1]
        assert 2 == len(await phone.received())
    databases.drop(place.database_url)


async def _died(codes: list[int]) -> bool:
    return len(codes) == 1
