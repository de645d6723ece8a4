"""What the contract tests of the store share: opening one, saying something, running a turn, reading rows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from state import events as ev
from state.identity import Address, Assurance, Claims
from state.lease import Lease
from state.messages import Inbound, Receipt
from state.sql.database import Row, Tx, query
from state.sql.deliveries import Delivery
from state.sql.inbox import Pace
from state.sql.log import Entry
from state.sql.turns import Opened, Work, Written
from state.store import Store

KEKS = {"k1": bytes(range(32))}
INDEX_KEY = b"a key for blind indexes, of its own"
ANN, BEN = "+15550101001", "+15550101002"

PACE = Pace(burst_idle=0, burst_wait=0, burst_max=4_000, lease=15_000, worker="w1")
"""Every message may run at once, and its lease is taken by `w1`."""
LEFT = replace(PACE, worker=None)
"""The lease is left to whoever claims."""

PROPOSED = ev.ActionProposed(
    action="a1",
    task="t1",
    tool="create_refund_request",
    version=1,
    arguments={"n": 1},
    args_hash="h",
    terms="49.00 USD",
)


async def open_store(url: str, keks: dict[str, bytes] | None = None) -> Store:
    """Open a store with the tests' keys."""
    return await Store.open(url, keks=keks or KEKS, index_key=INDEX_KEY)


def phone(number: str = ANN) -> Address:
    """The address of a phone."""
    return Address(channel="whatsapp", address=number)


def visitor(name: str = "v1") -> Address:
    """The address of a browser."""
    return Address(channel="web", address=name)


def said(text: str = "hello", *, sender: Address | None = None, provider_id: str | None = None, **more: Any) -> Inbound:
    """A message; without an id, one that was never seen."""
    who = sender or phone()
    fields: dict[str, Any] = {
        "channel": who.channel,
        "account": "AC1",
        "provider_id": provider_id or uuid.uuid4().hex,
        "sender": who,
        "assurance": Assurance.CHANNEL,
        "text": text,
        "phone": who.address if who.channel == "whatsapp" else None,
    }
    return Inbound(**{**fields, **more})


def claims(customer: str = "C-1001", **more: Any) -> Claims:
    """What a signed token states."""
    return Claims(customer_id=customer, **more)


async def leased(store: Store, message: Inbound | None = None) -> Lease:
    """Accept a message and hold the lease that comes with it."""
    _, ready = await store.accept(message or said(), PACE)
    assert ready
    assert ready.lease
    return ready.lease


def work(opened: Opened, *events: ev.Event, **more: Any) -> Work:
    """What a turn over `opened` writes; every word belongs to whoever wrote last."""
    identity = opened.session.last_identity
    fields: dict[str, Any] = {"turn": uuid.uuid4().hex, "base": opened.session, "next_seq": opened.next_seq}
    return Work(entries=[Entry(event, identity) for event in events], **{**fields, **more})


def reply(opened: Opened, text: str = "hi", **more: Any) -> ev.ReplyQueued:
    """A reply to whoever wrote last."""
    reach = opened.session.reach[opened.session.last_identity or ""]
    return ev.ReplyQueued(outbox=uuid.uuid4().hex, channel=reach.channel, identity=reach.identity, text=text, **more)


def deliveries(events: Sequence[ev.Event]) -> list[Delivery]:
    """Outbox rows for the replies among a turn's events."""
    return [
        Delivery(id=event.outbox, entry=n, channel=event.channel, identity=event.identity, author=event.author)
        for n, event in enumerate(events)
        if isinstance(event, ev.ReplyQueued)
    ]


async def commit(
    store: Store, lease: Lease, opened: Opened, *events: ev.Event, worker: str = "w1", **more: Any
) -> Written:
    """Commit a turn that answers all it saw."""
    written = work(opened, *events, **{"deliveries": deliveries(events), **more})
    return await store.commit(lease, written, done_seq=opened.upto, worker=worker, claim_ms=30_000)


async def turn(store: Store, message: Inbound | None = None, *events: ev.Event, text: str = "hi") -> Written:
    """Accept a message and answer it."""
    lease = await leased(store, message)
    opened = await store.open_session(lease)
    return await commit(store, lease, opened, *events, reply(opened, text))


async def rows(store: Store, sql: str, **params: object) -> list[Row]:
    """Read rows by plain SQL."""

    def tx() -> Tx[list[Row]]:
        return (yield query(sql, **params))

    return await store.database.read(tx)


async def execute(store: Store, sql: str, **params: object) -> None:
    """Change rows by plain SQL, as no code of ours would."""

    def tx() -> Tx[None]:
        yield query(sql, **params)

    await store.database.write(tx)


def sent(outbox_id: str) -> Receipt:
    """The receipt of a reply that left."""
    return Receipt(outbox_id=outbox_id, state="sent")
