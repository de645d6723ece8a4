"""The store's contract: encrypted at rest, bound to its place, readable after a rotation and never without its key."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from state import errors
from state import events as ev
from state.identity import Address
from state.messages import Inbound
from state.sql.turns import AuditLine
from state.store import Store
from tests.contract import stores
from tests.contract.stores import LEFT, commit, leased, phone, reply, said, turn, visitor
from tests.servers import Postgres

NEW_KEKS = {"k2": bytes(range(32, 64)), **stores.KEKS}
MARK = "tangerine"
"""In every word that is somebody's own; it must be nowhere in what is on disk."""


async def test_no_word_of_a_person_is_on_disk(store: Store, store_url: str, request: pytest.FixtureRequest) -> None:
    """Bodies, addresses, names, subjects, arguments, results, envelopes, prompts and state: none in the clear."""
    await _live_through_everything(store)
    await store.database.close()
    dump = _dumped(store_url, request)
    assert b"MessageReceived" in dump or b"MessageReceived".hex().encode() in dump
    for form in (MARK, MARK.upper(), MARK.capitalize()):
        assert form.encode() not in dump
        assert form.encode().hex().encode() not in dump
    assert stores.ANN.encode() not in dump
    assert stores.ANN.encode().hex().encode() not in dump


async def test_what_was_written_before_a_rotation_is_read_after_it(store_url: str) -> None:
    """Re-wrapping is resumable, keeps the fields as they are, and then the old key may go."""
    store = await stores.open_store(store_url)
    await turn(store, said("before", provider_id="m1"), text="answer")
    bodies = await _bodies(store)
    await store.close()

    store = await stores.open_store(store_url, NEW_KEKS)
    await store.accept(said("between", sender=phone(stores.BEN)), LEFT)
    uses = {row["kek"]: row["n"] for row in await store.key_uses()}
    assert {"k1": 2, "k2": 2} == uses
    assert [1, 1, 0] == [await store.rewrap(batch=1) for _ in range(3)]
    assert {"k2": 4} == {row["kek"]: row["n"] for row in await store.key_uses()}
    await store.close()

    store = await stores.open_store(store_url, {"k2": NEW_KEKS["k2"]})
    assert bodies == [body for body in await _bodies(store) if body in bodies]
    live = await store.live(phone())
    assert live
    texts = [getattr(s.data, "text", "") for s in await store.events(live["id"], 0)]
    assert ["before", "answer"] == texts
    opened = await store.open_session(await leased(store, said("after")))
    assert ["before", "answer", "after"] == [getattr(s.data, "text", "") for s in opened.recent]
    await store.close()


async def test_without_its_key_nothing_is_read_and_nothing_written(store_url: str) -> None:
    """A missing key never becomes an empty profile: the turn fails, and the line says which key is missing."""
    store = await stores.open_store(store_url)
    await turn(store, said("hello"))
    await store.close()
    store = await stores.open_store(store_url, {"k9": bytes(32)})
    before = await stores.rows(store, "SELECT * FROM events")
    with pytest.raises(errors.KeyMissing, match="ENCRYPTION_KEYS has no key 'k1'"):
        await store.accept(said("again"), LEFT)
    await stores.execute(store, "UPDATE sessions SET ready_at = 1, in_seq = 9")
    (lease,) = await store.claim("w1", limit=5, lease_ms=15_000)
    with pytest.raises(errors.KeyMissing):
        await store.open_session(lease)
    with pytest.raises(errors.KeyMissing):
        await store.rewrap()
    assert [dict(row) for row in before] == [dict(row) for row in await stores.rows(store, "SELECT * FROM events")]
    await store.close()


async def test_another_key_under_the_same_name_does_not_open_anything(store_url: str) -> None:
    """It is said that the key is not the one that wrapped the data, and not that there is no data."""
    store = await stores.open_store(store_url)
    await turn(store)
    await store.close()
    store = await stores.open_store(store_url, {"k1": bytes(32)})
    with pytest.raises(errors.KeyMissing, match="not the one that wrapped"):
        await store.accept(said(), LEFT)
    await store.close()


@pytest.mark.parametrize(
    "moved",
    [
        "UPDATE events SET body = (SELECT body FROM events e WHERE e.session_id = events.session_id AND e.seq = 1)",
        "UPDATE identities SET address_enc = (SELECT body FROM events WHERE seq = 1)",
        "UPDATE sessions SET state = (SELECT body FROM events WHERE seq = 2)",
    ],
    ids=["row", "column", "table"],
)
async def test_a_value_moved_to_another_place_does_not_open(store: Store, moved: str) -> None:
    """What is encrypted for one row and column is worthless in any other, under the very same key."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    await commit(store, lease, opened, reply(opened))
    await stores.execute(store, moved)
    lease = await leased(store, said("next"))
    read = store.address(opened.session.last_identity or "") if "identities" in moved else store.open_session(lease)
    with pytest.raises(errors.KeyMissing):
        await read


async def test_an_altered_value_does_not_open(store: Store) -> None:
    """One bit is enough."""
    accepted, _ = await store.accept(said(), LEFT)
    (row,) = await stores.rows(store, "SELECT body FROM events")
    body = bytearray(row["body"])
    body[-1] ^= 1
    await stores.execute(store, "UPDATE events SET body = :body", body=bytes(body))
    with pytest.raises(errors.KeyMissing):
        await store.events(accepted.session_id, 0)


async def test_what_was_erased_reads_as_erased(store: Store) -> None:
    """With the key destroyed the event keeps its place, the session goes on, and a new word of theirs is refused."""
    lease = await leased(store, said("forget me", name="Ann"))
    opened = await store.open_session(lease)
    await commit(store, lease, opened, reply(opened))
    identity = opened.session.last_identity
    await stores.execute(store, "DELETE FROM data_keys WHERE owner = :owner", owner=f"i:{identity}")
    store.vault.forget(f"i:{identity}")
    assert [(1, None), (2, None)] == [(s.seq, s.data) for s in await store.events(lease.session_id, 0)]
    assert 2 == (await store.refold(lease.session_id)).seq
    assert await store.address(identity or "") is None
    assert [] == await store.addresses(lease.user_id)
    with pytest.raises(errors.KeyMissing, match="erased"):
        await store.accept(said("again"), LEFT)


async def test_a_stolen_database_does_not_tell_whose_number_it_holds(store: Store) -> None:
    """Without the index key a number cannot be looked up, and the same number has another index for every use."""
    await store.prove(visitor(), stores.claims(phone=stores.ANN), method="token", create=True)
    await store.accept(said(sender=phone()), LEFT)
    found = await stores.rows(store, "SELECT address_idx, match_idx FROM identities WHERE channel = 'whatsapp'")
    (attribute,) = await stores.rows(store, "SELECT idx FROM attributes")
    assert bytes(found[0]["match_idx"]) == bytes(attribute["idx"])
    assert bytes(found[0]["address_idx"]) != bytes(found[0]["match_idx"])
    assert 16 == len(bytes(attribute["idx"]))


async def _live_through_everything(store: Store) -> None:
    """Write every kind of word there is into every column that takes one."""
    sender = Address(channel="email", address=f"{MARK}@example.com")
    first = said(f"I like {MARK}", sender=sender, name=MARK.capitalize(), raw=MARK.encode(), extra={"x": MARK})
    lease = await leased(store, first)
    opened = await store.open_session(lease)
    proposed = ev.ActionProposed(
        action="a1", task="t1", tool="pay", version=1, arguments={"to": MARK}, args_hash="h", terms=f"pay {MARK}"
    )
    ticket = ev.TicketOpened(ticket="k1", number=1, subject=f"About {MARK}", reason="asked")
    await commit(
        store,
        lease,
        opened,
        ev.TaskStarted(task="t1", workflow="refund", slots={"note": MARK}),
        ev.ToolSucceeded(tool="get", version=1, arguments={"q": MARK}, result={"name": MARK}),
        ev.ModelCalled(backend="b", model="m", prompt_version="p", outcome="ok", ms=1, prompt=MARK),
        proposed,
        ticket,
        reply(opened, f"{MARK}, certainly"),
        proposals=[proposed],
        audits=[AuditLine(id="l1", actor="customer", tool="get@1", verdict="allowed", body=MARK.encode())],
    )
    await store.prove(sender, stores.claims(name=MARK, email=f"{MARK}@example.com"), method="token", create=False)
    messages: list[Inbound] = [said(f"{MARK} {stores.ANN}", sender=phone()), said(MARK, sender=visitor(MARK))]
    for message in messages:
        await store.accept(message, LEFT)
    claims = stores.claims(phone=stores.ANN, email=f"{MARK}@example.com", name=MARK)
    await store.prove(visitor(MARK), claims, method="token", create=False)


def _dumped(url: str, request: pytest.FixtureRequest) -> bytes:
    """Everything that is on disk of a database."""
    if url.startswith("sqlite:"):
        path = Path(url.removeprefix("sqlite:///"))
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    server: Postgres = request.getfixturevalue("postgres_server")
    return subprocess.run([server.binaries / "pg_dump", url], check=True, capture_output=True).stdout


async def _bodies(store: Store) -> list[Any]:
    return [bytes(row["body"]) for row in await stores.rows(store, "SELECT body FROM events ORDER BY at, seq")]
