"""The page on connecting an API: its files, with a fake of that API, in a whole conversation."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from config import outside
from tests.docs.examples import example
from tests.harness.inprocess import performed
from tests.harness.outside import KIM
from tests.harness.places import Place, write_tuning
from tests.tools.stripe import KEY, opened

PAGE = "connect-an-api.md"
DATA = Path(__file__).parents[1] / "tools" / "data"


def written(folder: Path) -> Path:
    """The page's files, beside Stripe's document."""
    write_tuning(folder)
    (folder / "workflows").mkdir()
    for name in ("tools.yaml", "workflows/card_payment.yaml"):
        (folder / name).write_text(example(PAGE, name))
    (folder / "stripe.yaml").write_text((DATA / "stripe.yaml").read_text())
    return folder


async def test_an_api_is_connected_without_python(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """Its tool answers Kim about their own payment, and about nobody else's."""
    async with opened() as (stripe, url):
        stripe.charges[0]["customer"] = "C-1002"
        own = {"STRIPE_API_KEY": KEY, "STRIPE_API_BASE": url, "CONFIG_DIR": str(written(tmp_path / "own"))}
        place = Place(home=tmp_path, database_url=migrated_sqlite_url, settings=own)
        async with performed(place) as (stage, _):
            kim = await stage.web(customer=KIM)
            assert "Payment ch_3: succeeded." == (await kim.ask("what is the status of payment ch_3"))["text"]
            theirs = str((await kim.ask("what is the status of payment ch_5"))["text"])
            assert theirs.startswith("There is no payment ch_5 on your account.")


def test_an_mcp_server_is_read(tmp_path: Path) -> None:
    """As the page writes it."""
    (tmp_path / "tools.yaml").write_text(example(PAGE, "mcp"))
    found, missing = outside.load(tmp_path / "tools.yaml", {})
    assert (["time_in"], []) == (list(found.mcp["clock"].tools), missing)


@pytest.mark.parametrize("name", ["tools.yaml", "mcp"])
def test_every_word_of_the_examples_is_known(name: str) -> None:
    """No field that the loader does not read."""
    found = outside.Outside.model_validate(yaml.safe_load(example(PAGE, name)))
    assert found.openapi or found.mcp
