"""The long form of the soak: `python -m tests.soak --faults 1000 --store sqlite --seed 1`."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.crash.databases import STORES, Databases, stores
from tests.harness.processes import preloaded
from tests.soak import pack
from tests.soak.run import Soak, Verdict, soaked


def table(verdict: Verdict) -> str:
    """The figures of one run."""
    rows = [f"{n:>6}  {what}" for what, n in sorted(verdict.struck.items(), key=lambda row: (-row[1], row[0]))]
    rows += [f"{n:>6}  writes: {what}" for what, n in sorted(verdict.states.items())]
    rows += [f"{n:>6}  orders, as their customers were told: {what}" for what, n in sorted(verdict.ended.items())]
    head = f"{verdict.store}, seed {verdict.seed}: {verdict.faults} faults, {sum(verdict.states.values())} writes,"
    head += f" {verdict.effects} effects, {verdict.messages} messages in {verdict.seconds:.0f} s;"
    head += f" {len(verdict.wrongs)} not as promised"
    again = [f"again: python -m tests.soak --store {verdict.store} --seed {verdict.seed}"] if verdict.wrongs else []
    return "\n".join([head, *rows, *verdict.wrongs, *again])


async def _run(arguments: argparse.Namespace, databases: Databases, home: Path) -> Verdict:
    """One store."""
    soak = Soak(
        seed=arguments.seed,
        faults=arguments.faults,
        store=databases.name,
        chats=arguments.chats,
        phones=arguments.phones,
        longest_s=arguments.minutes * 60,
        packs=tuple(arguments.pack),
        kinds=tuple(arguments.way or pack.KINDS),
    )
    place = home / databases.name
    place.mkdir()
    async with preloaded() as launcher:
        return await soaked(soak, databases.new(), place, launcher, progress=True)


def main() -> int:
    """Soak and print; the exit code says whether all was as promised."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--faults", type=int, default=1_000, help="how many faults per store (%(default)s)")
    parser.add_argument("--store", choices=(*STORES, "both"), default="both", help="which store (%(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="of every choice (a new one each time)")
    parser.add_argument("--chats", type=int, default=7, help="customers in the chat at once (%(default)s)")
    parser.add_argument("--phones", type=int, default=3, help="customers on WhatsApp at once (%(default)s)")
    parser.add_argument("--minutes", type=float, default=25, help="the longest it may take per store (%(default)s)")
    parser.add_argument("--pack", action="append", default=[], help="load this module too, such as tests.soak.blind")
    parser.add_argument("--way", action="append", choices=pack.WAYS, help="order only so (all but the bundle)")
    parser.add_argument("--keep", default=None, help="a folder for logs and databases, to look into a failure")
    arguments = parser.parse_args()
    if arguments.seed is None:
        arguments.seed = random.randrange(1_000_000)
    wanted = STORES if arguments.store == "both" else (arguments.store,)
    with tempfile.TemporaryDirectory(prefix="tl-") as folder:
        home = Path(arguments.keep or folder)
        home.mkdir(parents=True, exist_ok=True)
        with stores(wanted, home) as found:
            verdicts = [asyncio.run(_run(arguments, databases, home)) for databases in found]
    print(*map(table, verdicts), sep="\n\n")  # noqa: T201
    return int(any(verdict.wrongs for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
