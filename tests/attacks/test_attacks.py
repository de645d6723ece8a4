"""Every attack of the catalogue, through the real endpoints: nothing is written, nothing foreign leaves."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.attacks.attack import Attack
from tests.attacks.catalogue import ATTACKS, BY_NAME
from tests.attacks.world import Result, run
from tests.harness.places import Place

pytestmark = pytest.mark.timeout(400)  # the first one waits for all of them
HANDFUL = (
    "a write tool called directly",
    "another's invoice by phone",
    "arguments changed after the terms",
    "a yes in a forged mail",
    "approval by the requester",
    "the same key with other arguments",
)


def chosen(request: pytest.FixtureRequest) -> list[Attack]:
    """The attacks that this run of the tests asks for."""
    asked = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}
    return [attack for attack in ATTACKS if attack.name in asked]


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Result]:
    """All attacks that are asked for, on one server, at once."""
    home = tmp_path_factory.mktemp("attacked")
    place = Place(home=home, database_url=f"sqlite:///{shutil.copy(migrated_file, home / 'throughline.db')}")
    return {one.attack.name: one for one in asyncio.run(run(chosen(request), place))}


@pytest.mark.parametrize("name", BY_NAME)
def test_an_attack_comes_to_nothing(results: dict[str, Result], name: str) -> None:
    """No unconsented write, no foreign data, its reason in the log, one answer to each message, served afterwards."""
    assert () == results[name].problems


def test_a_handful_on_postgresql(migrated_postgres_url: str, redis_url: str, tmp_path: Path) -> None:
    """With Redis, three processes' worth of the bot, and the other form of the model's API."""
    place = Place(home=tmp_path, database_url=migrated_postgres_url, redis_url=redis_url)
    found = asyncio.run(run([BY_NAME[name] for name in HANDFUL], place, api="chat"))
    assert dict.fromkeys(HANDFUL, ()) == {one.attack.name: one.problems for one in found}
