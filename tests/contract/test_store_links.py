"""The store's contract: who turns out to be whom. A proof links, a claim never does; nothing is lost or said twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from state import errors
from state import events as ev
from state.identity import Address, Assurance
from state.messages import Accepted, Inbound
from state.sql.links import Proven
from state.sql.turns import Opened
from state.store import Store
from tests.contract import stores
from tests.contract.stores import (
    ANN,
    BEN,
    LEFT,
    PROPOSED,
    claims,
    commit,
    leased,
    phone,
    reply,
    said,
    turn,
    visitor,
    work,
)

QUESTION: tuple[ev.Event, ...] = (
    ev.TaskStarted(task="t1", workflow="refund", slots={"invoice_id": "18492"}),
    PROPOSED,
    ev.Asked(task="t1", slot="confirmation", question="q1", action="a1"),
)


async def test_a_fresh_visitor_with_a_token_joins_the_customer(store: Store) -> None:
    """Nothing is frozen: the new browser is one more address of the user who is there."""
    first = await _prove(store, visitor("v1"))
    second = await _prove(store, visitor("v2"))
    assert (first.user_id, first.session_id, ()) == (second.user_id, second.session_id, second.frozen)
    accepted, _ = await store.accept(said(sender=visitor("v2")), LEFT)
    assert first.session_id == accepted.session_id
    event = (await store.events(accepted.session_id, 0))[-1].data
    assert isinstance(event, ev.MessageReceived)
    assert "verified" == event.assurance


async def test_a_proof_is_in_the_log_and_the_state(store: Store) -> None:
    """The turn that follows knows the customer, and is due."""
    await turn(store, said(sender=visitor()))
    proven = await _prove(store, visitor(), name="Kim")
    (lease,) = await store.claim("w1", limit=5, lease_ms=1_000)
    opened = await store.open_session(lease)
    assert ["IdentityVerified"] == [s.kind for s in opened.pending]
    assert ("C-1001", "Kim") == (opened.session.customer_id, opened.session.name)
    assert ["verified"] == [reach.assurance for reach in opened.session.reach.values()]
    assert proven.session_id == lease.session_id


async def test_the_same_token_again_changes_nothing(store: Store) -> None:
    """A widget that reconnects with its token writes no event and makes no turn."""
    await store.accept(said(sender=phone(ANN)), LEFT)
    first = await _prove(store, visitor(), phone=ANN)
    before = await _everything(store)
    for _ in range(3):
        assert replace(first, frozen=()) == await _prove(store, visitor(), phone=ANN)
    assert before == await _everything(store)


@pytest.mark.parametrize("phone_first", [True, False])
async def test_a_verified_number_is_the_phone_that_wrote(store: Store, phone_first: bool) -> None:
    """Whichever came first: the older session stays, the younger is forwarded to it."""
    places: dict[str, Accepted] = {}
    for address in (phone(), visitor()) if phone_first else (visitor(), phone()):
        places[address.channel], _ = await store.accept(said(sender=address), LEFT)
        await stores.execute(store, "UPDATE sessions SET created_at = created_at - 1000")
    proven = await _prove(store, visitor(), phone=ANN)
    older, younger = ("whatsapp", "web") if phone_first else ("web", "whatsapp")
    assert (places[older].session_id, (places[younger].session_id,)) == (proven.session_id, proven.frozen)
    for address in (phone(), visitor()):
        live = await store.live(address)
        assert live
        assert (proven.session_id, proven.user_id) == (live["id"], live["user_id"])
    (frozen,) = await stores.rows(store, "SELECT * FROM sessions WHERE forwarded_to IS NOT NULL")
    assert (None, None, True) == (frozen["ready_at"], frozen["lease_owner"], frozen["in_seq"] == frozen["done_seq"])
    assert "SessionForwarded" == (await store.events(frozen["id"], 0))[-1].kind


async def test_a_phone_that_writes_later_joins_at_once(store: Store) -> None:
    """Its first message already stands in the customer's session, behind a word on why."""
    proven = await _prove(store, visitor(), phone=ANN)
    accepted, _ = await store.accept(said(sender=phone(ANN)), LEFT)
    assert proven.session_id == accepted.session_id
    kinds = [s.kind for s in await store.events(accepted.session_id, 0)]
    assert ["IdentityVerified", "IdentityVerified", "MessageReceived"] == kinds


async def test_a_link_does_not_make_an_attribute_ambiguous(store: Store) -> None:
    """After the user with the verified number was linked into an older one, that number is still one person's."""
    await store.accept(said(sender=phone(ANN)), LEFT)
    proven = await _prove(store, visitor(), phone=ANN)
    assert proven.frozen
    joined = await store.accept(said(sender=phone("+1 555 010 1001"), phone=ANN), LEFT)
    assert proven.session_id == joined[0].session_id


async def test_a_number_of_two_customers_says_nothing(store: Store) -> None:
    """An ambiguous attribute links nobody, now or at a later proof."""
    await _prove(store, visitor("v1"), phone=ANN)
    await _prove(store, visitor("v2"), customer="C-1002", phone=ANN)
    accepted, _ = await store.accept(said(sender=phone(ANN)), LEFT)
    for name, customer in (("v1", "C-1001"), ("v2", "C-1002")):
        proven = await _prove(store, visitor(name), customer=customer, phone=ANN)
        assert () == proven.frozen
        assert accepted.session_id != proven.session_id


async def test_another_customers_address_is_never_linked(store: Store) -> None:
    """A token for somebody else on an address that is proven: refused, and nothing changes."""
    await _prove(store, visitor())
    await store.accept(said(sender=phone(BEN)), LEFT)
    await _prove(store, phone(BEN), customer="C-1002", method="directory")
    before = await _everything(store)
    stolen = await _prove(store, visitor(), customer="C-1002")
    assert stolen.foreign
    assert before == await _everything(store)
    assert () == (await _prove(store, visitor("v3"), phone=BEN)).frozen  # C-1001 says it has the other one's number


async def test_a_claim_never_links(store: Store) -> None:
    """Neither a claimed number nor a claimed sender joins anybody, nor does the directory vouch for one."""
    proven = await _prove(store, visitor(), phone=ANN)
    claimed = said(sender=phone(ANN), assurance=Assurance.CLAIMED)
    accepted, _ = await store.accept(claimed, LEFT)
    assert proven.session_id != accepted.session_id
    assert () == (await _prove(store, visitor(), phone=ANN)).frozen
    with pytest.raises(errors.BadInput):
        await store.prove(phone(ANN), claims(), method="directory", create=False)


async def test_who_was_never_seen_is_made_only_when_asked(store: Store) -> None:
    """A proof about an address nobody wrote from is a mistake unless it makes the address."""
    with pytest.raises(errors.BadInput):
        await store.prove(visitor(), claims(), method="token", create=False)
    assert [] == await stores.rows(store, "SELECT id FROM users")


async def test_the_open_question_comes_along_and_is_answered_on_the_other_channel(store: Store) -> None:
    """Task, question and action are there, in places that mean something in this log; the yes counts."""
    younger = await _asked_on_the_phone(store)
    proven = await _prove(store, visitor(), phone=ANN)
    assert (younger,) == proven.frozen
    opened = await store.open_session(await leased(store, said("yes", sender=visitor())))
    task, action = opened.session.task, opened.session.actions["a1"]
    assert task
    assert task.question
    assert ("18492", "awaiting_confirmation", "a1") == (task.value("invoice_id"), action.state, task.question.action)
    yes = opened.pending[-1]
    assert task.question.asked_seq <= (task.question.replied_seq or 0) < yes.seq
    assert opened.handed_at is not None
    assert opened.handed_at <= yes.at
    row = await store.action("a1")
    assert row
    assert proven.session_id == row["session_id"]
    assert opened.session == replace(await store.refold(proven.session_id), seq=opened.session.seq)


async def test_unanswered_messages_come_along_and_are_answered_once(store: Store) -> None:
    """In their order, at their time, with their ids; the frozen session's turn loses its fence."""
    await _older_web(store)
    zombie = await leased(store, said("one", provider_id="m1"))
    seen = await store.open_session(zombie)
    await store.accept(said("two", provider_id="m2"), LEFT)
    times = [s.at for s in await store.events(zombie.session_id, 0)]
    proven = await _prove(store, visitor(), phone=ANN)
    with pytest.raises(errors.LeaseLost):
        await commit(store, zombie, seen, reply(seen))
    (lease,) = await store.claim("w1", limit=5, lease_ms=1_000)
    opened = await store.open_session(lease)
    assert ["one", "two"] == _texts(opened)
    assert times == [s.at for s in opened.pending if isinstance(s.data, ev.MessageReceived)]
    again, ready = await store.accept(said("two", provider_id="m2"), LEFT)
    assert (False, proven.session_id, None) == (again.new, again.session_id, ready)
    assert again.seq in {s.seq for s in opened.pending}
    await commit(store, lease, opened, reply(opened, "both"))
    assert [] == await store.claim("w1", limit=5, lease_ms=1_000)
    shown = await _shown(store, proven)
    assert 1 == shown.count("one") == shown.count("two")


async def test_a_yes_before_the_terms_were_shown_is_none_after_a_link_either(store: Store) -> None:
    """What was said while the question was still being written comes along in front of it."""
    await _older_web(store)
    lease = await leased(store, said("refund 18492"))
    opened = await store.open_session(lease)
    await store.accept(said("yes"), LEFT)
    await commit(store, lease, opened, *QUESTION, reply(opened, "49.00 USD?", about="q1"), proposals=[PROPOSED])
    await _prove(store, visitor(), phone=ANN)
    (lease,) = await store.claim("w1", limit=5, lease_ms=1_000)
    opened = await store.open_session(lease)
    yes = next(s for s in opened.pending if isinstance(s.data, ev.MessageReceived))
    assert opened.session.task
    assert opened.session.task.question
    assert yes.seq <= (opened.session.task.question.replied_seq or 0)


async def test_a_write_under_way_is_settled_in_the_other_session(store: Store) -> None:
    """The message that consented is not read again, and no message of the other session is taken for answered."""
    await _older_web(store)
    await _ask(store, said("refund 18492"))
    lease = await leased(store, said("yes"))
    opened = await store.open_session(lease)
    yes = opened.pending[-1].seq
    moves: list[ev.Event] = [
        ev.ActionMoved(action="a1", state="confirmed", source=yes),
        ev.ActionMoved(action="a1", state="dispatched"),
    ]
    step = {"moves": {"a1": ("awaiting_confirmation", "dispatched")}, "settle_in": {"a1": 5_000}}
    await store.append(lease, work(opened, *moves, **step))
    await store.accept(said("hello?", sender=visitor()), LEFT)
    proven = await _prove(store, visitor(), phone=ANN)
    with pytest.raises(errors.LeaseLost):
        await store.append(lease, work(opened, ev.ActionMoved(action="a1", state="succeeded")))
    (lease,) = await store.claim("w1", limit=5, lease_ms=1_000)
    opened = await store.open_session(lease)
    assert proven.session_id == lease.session_id
    assert ["hello?"] == _texts(opened)
    action = opened.session.actions["a1"]
    assert ("dispatched", None) == (action.state, action.consent_seq)
    await commit(store, lease, opened, moves={"a1": ("dispatched", "succeeded")})


async def test_replies_on_their_way_still_leave(store: Store) -> None:
    """What the frozen session owed is delivered to the address it was for."""
    await _older_web(store)
    await turn(store, said("hello"), text="from before")
    await _prove(store, visitor(), phone=ANN)
    await stores.execute(store, "UPDATE outbox SET next_at = 1")
    (outbound,) = await store.claim_deliveries("w2", limit=5, claim_ms=1_000)
    assert ("from before", phone()) == (outbound.text, outbound.to)


async def test_a_reply_waits_for_those_of_the_frozen_session(store: Store) -> None:
    """To one address nothing overtakes, whichever session wrote it."""
    await _older_web(store)
    first = await turn(store, said("hello"), text="one")
    await _prove(store, visitor(), phone=ANN)
    second = await turn(store, said("again"), text="two")
    assert () == second.claimed
    await stores.execute(store, "UPDATE outbox SET next_at = 1")
    assert ["one"] == [o.text for o in await store.claim_deliveries("w2", limit=5, claim_ms=60_000)]
    assert [] == await store.claim_deliveries("w2", limit=5, claim_ms=60_000)
    assert first.claimed


async def test_a_chain_of_links_ends_in_one_session(store: Store) -> None:
    """A session that took others in and is then frozen hands all of them on."""
    for sender in (phone(ANN), phone(BEN), visitor()):
        await store.accept(said(f"I am {sender}", sender=sender), LEFT)
        await stores.execute(store, "UPDATE sessions SET created_at = created_at - 1000")
    await _prove(store, visitor(), phone=BEN)
    proven = await _prove(store, visitor(), phone=ANN)
    found = await stores.rows(store, "SELECT forwarded_to FROM sessions WHERE forwarded_to IS NOT NULL")
    assert [proven.session_id] * 2 == [row["forwarded_to"] for row in found]
    shown = await _shown(store, proven)
    assert {f"I am {sender}" for sender in (phone(ANN), phone(BEN), visitor())} == set(shown)
    assert 3 == len(shown)


async def test_messages_and_links_at_once_lose_nothing(store: Store) -> None:
    """Whatever order they win in: one live session, every message in it or before it, in one place each."""
    await store.accept(said("first", sender=visitor()), LEFT)
    writing = [store.accept(said(f"{n}", sender=phone() if n % 2 else visitor()), LEFT) for n in range(16)]
    proving = [_prove(store, visitor(), phone=ANN) for _ in range(4)]
    results = await asyncio.gather(*writing[:8], *proving, *writing[8:])
    proven = await _prove(store, visitor(), phone=ANN)
    live = await stores.rows(store, "SELECT id FROM sessions WHERE forwarded_to IS NULL")
    assert [proven.session_id] == [row["id"] for row in live]
    shown = await _shown(store, proven)
    assert sorted(["first", *(f"{n}" for n in range(16))]) == sorted(shown)
    (lease,) = await store.claim("w1", limit=9, lease_ms=1_000)
    assert sorted(shown) == sorted(_texts(await store.open_session(lease)))
    assert 20 == len(results)
    for row in await stores.rows(store, "SELECT id, next_seq FROM sessions"):
        seqs = [s.seq for s in await store.events(row["id"], 0)]
        assert list(range(1, row["next_seq"])) == seqs


async def test_many_browsers_of_one_customer_at_once_are_one_user(store: Store) -> None:
    """The customer number is one identity, whoever proves it first."""
    proofs = await asyncio.gather(*(_prove(store, visitor(f"v{n}")) for n in range(10)))
    assert 1 == len({proven.user_id for proven in [await _prove(store, visitor(f"v{n}")) for n in range(10)]})
    assert not any(proven.foreign for proven in proofs)


async def _prove(
    store: Store, address: Address, *, customer: str = "C-1001", method: str = "token", **more: Any
) -> Proven:
    return await store.prove(address, claims(customer, **more), method=method, create=True)


async def _older_web(store: Store) -> None:
    """A visitor whose session is older than any other, with nothing unanswered."""
    lease = await leased(store, said("hello", sender=visitor()))
    opened = await store.open_session(lease)
    await commit(store, lease, opened, reply(opened, "hi"), deliveries=[])
    await stores.execute(store, "UPDATE sessions SET created_at = created_at - 1000")


async def _ask(store: Store, message: Inbound) -> str:
    """Let the phone's session ask for consent, and the question be handed over."""
    lease = await leased(store, message)
    opened = await store.open_session(lease)
    asked = reply(opened, "49.00 USD?", about="q1")
    await commit(store, lease, opened, *QUESTION, asked, proposals=[PROPOSED])
    await store.settle_deliveries([(stores.sent(asked.outbox), 0.0)], "w1")
    return lease.session_id


async def _asked_on_the_phone(store: Store) -> str:
    await _older_web(store)
    for text in ("hello", "are you there?"):  # so that its numbers are ahead of the other session's
        await turn(store, said(text))
        await stores.execute(store, "UPDATE outbox SET state = 'sent'")
    return await _ask(store, said("refund 18492"))


async def _shown(store: Store, proven: Proven) -> list[str]:
    """The texts of a transcript."""
    data = [stored.data for _, stored in await store.transcript(proven.session_id, 0)]
    return [event.text for event in data if isinstance(event, (ev.MessageReceived, ev.ReplyQueued))]


def _texts(opened: Opened) -> list[str]:
    return [s.data.text for s in opened.pending if isinstance(s.data, ev.MessageReceived)]


async def _everything(store: Store) -> list[list[tuple[object, ...]]]:
    """Every row there is, to see that nothing changed."""
    tables = ("users", "identities", "attributes", "sessions", "events", "inbox", "outbox", "actions", "data_keys")
    found = [await stores.rows(store, f"SELECT * FROM {table}") for table in tables]
    return [sorted((tuple(dict(row).values()) for row in rows), key=repr) for rows in found]
