"""Fills the benchmark's database with users and their earlier turns, through the store. The benchmark runs it."""

from __future__ import annotations

import argparse
import asyncio
import uuid

from bot import app
from config.settings import Settings
from state import events as ev
from state.identity import Address, Assurance
from state.messages import Inbound
from state.sql import inbox, turns
from state.sql.database import Tx
from state.sql.inbox import Pace
from state.sql.log import Entry
from state.sql.turns import Work
from state.store import Store

BATCH = 100
PACE = Pace(burst_wait=0, burst_idle=0, burst_max=0, lease=60_000, worker="seed")


def message(number: int, turn: int) -> Inbound:
    """The turn-th message of a user."""
    sender = f"+1{number:010d}"
    return Inbound(
        channel="whatsapp",
        account="seed",
        provider_id=f"SM{uuid.uuid4().hex}",
        sender=Address(channel="whatsapp", address=sender),
        assurance=Assurance.CHANNEL,
        text=f"Hello, could you please check whether invoice INV-{number}-{turn} has been paid already?",
        phone=sender,
    )


def one_turn(store: Store, number: int, turn: int) -> Tx[None]:
    """A message and its answer, as a turn would have written them."""
    _, ready = yield from inbox.accept(store.vault, message(number, turn), PACE)
    if ready is None or ready.lease is None:
        raise SystemExit("the database is in use by a server that runs turns; seed before it starts, or use new users")
    opened = yield from turns.open_session(store.vault, ready.lease)
    text = f"Invoice INV-{number}-{turn} is paid: 42.00 EUR, received on 3 March. Anything else I can help with?"
    found = ev.ToolSucceeded(
        tool="get_invoice", version=1, arguments={"invoice_id": f"INV-{number}-{turn}"}, result={"status": "paid"}
    )
    reply = ev.ReplyQueued(
        outbox=uuid.uuid4().hex, channel="whatsapp", identity=opened.session.last_identity or "", text=text
    )
    entries = [Entry(event, opened.session.last_identity) for event in (found, reply)]
    work = Work(turn=uuid.uuid4().hex, base=opened.session, next_seq=opened.next_seq, entries=entries)
    yield from turns.commit(store.vault, ready.lease, work, done_seq=opened.upto, worker="seed", claim_ms=1000)


async def fill(store: Store, base: int, users: int, count: int) -> None:
    """Write `count` turns of `users` users, many in one commit."""
    plan = [(base + user, turn) for user in range(users) for turn in range(1, count + 1)]
    for start in range(0, len(plan), BATCH):
        part = plan[start : start + BATCH]

        def tx(part: list[tuple[int, int]] = part) -> Tx[None]:
            for number, turn in part:
                yield from one_turn(store, number, turn)

        await store.database.write(tx)
        print(f"\r{start + len(part)} of {len(plan)} turns", end="", flush=True)
    print()


async def main() -> None:
    """Read the command line; the database and its keys come from the environment, as the server's do."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=int, required=True, help="the first user's number")
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--turns", type=int, required=True, help="earlier turns per user")
    asked = parser.parse_args()
    store = await app.open_store(Settings.load())
    try:
        await fill(store, asked.base, asked.users, asked.turns)
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
