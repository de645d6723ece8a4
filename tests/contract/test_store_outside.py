"""The store's contract: what channels keep beside messages, and where answers lead."""

from __future__ import annotations

import asyncio

from state.identity import Address
from state.store import Store
from tests.contract import stores
from tests.contract.stores import said, turn

DAY_MS = 86_400_000


async def test_a_counter_holds_for_everybody(store: Store) -> None:
    """So many uses and no more, also at once; another name has its own."""
    found = await asyncio.gather(*(store.allow("a", 3, 60.0) for _ in range(8)))
    assert 3 == sum(found)
    assert await store.allow("b", 3, 60.0)


async def test_a_counter_begins_anew_after_its_window(store: Store) -> None:
    """From the first use on."""
    assert [True, False] == [await store.allow("a", 1, 60.0) for _ in range(2)]
    await stores.execute(store, "UPDATE quotas SET start = start - 59000")
    assert not await store.allow("a", 1, 60.0)
    await stores.execute(store, "UPDATE quotas SET start = start - 1001")
    assert [True, False] == [await store.allow("a", 1, 60.0) for _ in range(2)]


async def test_a_cursor_keeps_its_value(store: Store) -> None:
    """Until another is kept."""
    assert await store.cursor("mail/imap/x", None) is None
    for value in ("1:2", "1:3", ""):
        assert value == await store.cursor("mail/imap/x", value)
        assert value == await store.cursor("mail/imap/x", None)


async def test_old_counters_are_forgotten_and_cursors_are_not(store: Store) -> None:
    """But for those that only say that something was there once."""
    for name in ("mail/imap/x", "once/new", "once/old"):
        await store.cursor(name, "1")
        await store.allow(name, 1, 60.0)
    for table, column in (("cursors", "at"), ("quotas", "start")):
        sql = f"UPDATE {table} SET {column} = {column} - :ms WHERE name <> 'once/new'"
        await stores.execute(store, sql, ms=4 * DAY_MS)
    await store.forget_uses(3 * DAY_MS / 1_000)
    kept = [row["name"] for row in await stores.rows(store, "SELECT name FROM cursors ORDER BY name")]
    assert ["mail/imap/x", "once/new"] == kept
    assert ["once/new"] == [row["name"] for row in await stores.rows(store, "SELECT name FROM quotas")]


async def test_an_answer_leads_to_where_its_reply_went(store: Store) -> None:
    """By our id or the provider's; a reply that never left leads nowhere, nor does an id of nobody's."""
    kim = Address(channel="email", address="kim@example.com")
    written = await turn(store, said(sender=kim))
    (outbox,) = written.claimed
    await stores.execute(store, "UPDATE outbox SET provider_id = 'ses-1'")
    live = await store.live(kim)
    assert live
    for name in (outbox, "ses-1"):
        thread = await store.replied(name)
        assert thread
        assert (kim, live["id"], live["user_id"]) == (thread.address, thread.session_id, thread.user_id)
    assert await store.replied("ses-2") is None
    await stores.execute(store, "UPDATE outbox SET attempts = 0")
    assert await store.replied(outbox) is None
