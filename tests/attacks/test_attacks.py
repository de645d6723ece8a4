"""Every attack of the catalogue, through the real endpoints: nothing is written, nothing foreign leaves."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.attacks.catalogue import ATTACKS, BY_NAME
from tests.attacks.world import Result, run
from tests.harness.places import Place


@pytest.fixture(scope="module")
def results(
    request: pytest.FixtureRequest, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Result]:
    """All attacks that are asked for, on one server, at once."""
    asked = {
        item.callspec.params["name"]
        for item in request.session.items
        if hasattr(item, "callspec") and "name" in item.callspec.params
    }
    home = tmp_path_factory.mktemp("attacked")
    place = Place(home=home, database_url=f"sqlite:///{shutil.copy(migrated_file, home / 'throughline.db')}")
    found = asyncio.run(run([attack for attack in ATTACKS if attack.name in asked], place))
    return {one.attack.name: one for one in found}


@pytest.mark.parametrize("name", BY_NAME)
def test_an_attack_comes_to_nothing(results: dict[str, Result], name: str) -> None:
    """No unconsented write, no foreign data, its reason in the log, one answer to each message, served afterwards."""
    assert () == results[name].problems
