"""Runs the attacks: `python -m tests.attacks [--stores sqlite,postgres] [--only WORDS] [--page]`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from state import migrations
from tests import servers
from tests.attacks import page
from tests.attacks.attack import Attack
from tests.attacks.catalogue import ATTACKS
from tests.attacks.world import Result, run
from tests.harness.places import Place

APIS = {"sqlite": "responses", "postgres": "chat"}  # each store with the other form of the model's API


@contextmanager
def placed(store: str) -> Iterator[Place]:
    """An empty, migrated database of the kind, with what it needs, for as long as the context lasts."""
    with ExitStack() as closing:
        home = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="tl-")))
        if store == "sqlite":
            url, redis = f"sqlite:///{home / 'throughline.db'}", None
        else:
            url = closing.enter_context(servers.postgres()).create()
            redis = closing.enter_context(servers.redis()).url
        migrations.upgrade(url)
        yield Place(home=home, database_url=url, redis_url=redis)


def attacked(store: str, attacks: list[Attack]) -> list[Result]:
    """All of them on one store."""
    with placed(store) as place:
        return asyncio.run(run(attacks, place, api=APIS[store]))


def told(store: str, results: list[Result]) -> None:
    """One line an attack that got through, and how many did not."""
    for one in results:
        for problem in one.problems:
            sys.stdout.write(f"{store}: {one.attack.name}: {problem}\n")
    held = sum(not one.problems for one in results)
    sys.stdout.write(f"{store}: {held} of {len(results)} attacks came to nothing\n")


def main() -> int:
    """Attack the stores that are asked for; with --page write docs/attacks.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("--stores", default="sqlite", help="sqlite, postgres or both, with a comma")
    parser.add_argument("--only", default="", help="attacks, or groups, with these words in their name")
    parser.add_argument("--page", action="store_true", help="write docs/attacks.md from the result")
    given = parser.parse_args()
    attacks = [a for a in ATTACKS if given.only.lower() in f"{a.group}: {a.name}".lower()]
    results = {store: attacked(store, attacks) for store in given.stores.split(",")}
    for store, found in results.items():
        told(store, found)
    if given.page:
        page.PLACE.write_text(page.written(results), encoding="utf-8")
    return 1 if any(one.problems for found in results.values() for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
