"""The store's contract: every link can be undone. Events go back to their identity; neither side keeps the other's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from state import errors, faults
from state import events as ev
from state.identity import Address
from state.sql.unlink import Parted
from state.store import Store
from tests.contract import stores
from tests.contract.stores import ANN, BEN, LEFT, PROPOSED, claims, commit, leased, phone, reply, said, turn, visitor
from tests.contract.test_store_links import QUESTION
from tests.contract.test_store_settling import in_doubt, settle


async def test_a_linked_session_thaws(store: Store) -> None:
    """The phone's own session is there again, with what the phone said and heard before and since; no more, no less."""
    first, second = await _linked(store)
    await turn(store, said("phone since"), text="to the phone")
    await turn(store, said("web since", sender=visitor()), text="to the web")
    parted = await _unlink(store, phone())
    assert (True, second) == (parted.changed, parted.session_id)
    assert ["phone before", "hi", "phone since", "to the phone"] == await _texts(store, second)
    assert ["web before", "hi", "web since", "to the web"] == await _texts(store, first)
    assert [second, first] == [await _place(store, address) for address in (phone(), visitor())]
    await _sound(store)


async def test_an_address_without_a_session_of_its_own_gets_one(store: Store) -> None:
    """One that joined with its first message leaves with all it said since."""
    await store.prove(visitor(), claims(phone=ANN), method="token", create=True)
    await turn(store, said("web", sender=visitor()))
    await turn(store, said("phone"), text="to the phone")
    web = await _place(store, visitor())
    parted = await _unlink(store, phone())
    assert web != parted.session_id
    assert ["phone", "to the phone"] == await _texts(store, parted.session_id)
    assert ["web", "hi"] == await _texts(store, web)
    await _sound(store)


async def test_what_left_keeps_its_place_without_words(store: Store) -> None:
    """The numbers of the log have no holes; what stood there opens under no key."""
    first, _ = await _linked(store)
    await turn(store, said("secret of the phone"))
    before = [s.seq for s in await store.events(first, 0)]
    await _unlink(store, phone())
    after = await store.events(first, 0)
    assert before == [s.seq for s in after][: len(before)]
    assert "secret of the phone" not in repr(after)
    rows = await stores.rows(store, "SELECT body FROM events WHERE owner = 'gone'")
    assert rows
    assert {b""} == {bytes(row["body"]) for row in rows}


async def test_the_customer_stays_with_whom_it_came(store: Store) -> None:
    """The phone that was joined to a signed-in customer is nobody known again; the browser is who it was."""
    first, second = await _linked(store)
    await _unlink(store, phone())
    web, number = await store.session(first), await store.session(second)
    assert web
    assert number
    assert ("C-1001", None) == (web[1].customer_id, number[1].customer_id)
    assert (None, "verified") == (number[1].name, web[1].reach[web[1].last_identity or ""].assurance)
    kept = await stores.rows(store, "SELECT DISTINCT user_id FROM attributes")
    assert [web[0]["user_id"]] == [row["user_id"] for row in kept]


async def test_the_customer_goes_with_the_browser_that_brought_it(store: Store) -> None:
    """The other way about: the number leaves with the address that proved it; the rest loses proof and attributes."""
    first, second = await _linked(store, phone_older=True)
    await _unlink(store, visitor())
    number, web = await store.session(first), await store.session(second)
    assert web
    assert number
    assert (None, "C-1001") == (number[1].customer_id, web[1].customer_id)
    kept = await stores.rows(store, "SELECT DISTINCT user_id FROM attributes")
    assert [web[0]["user_id"]] == [row["user_id"] for row in kept]
    row = await store.live(Address(channel="customer", address="C-1001"))
    assert row
    assert second == row["id"]
    await _sound(store)


async def test_twice_is_once(store: Store) -> None:
    """Undone again, nothing happens, whoever asks."""
    await _linked(store)
    parted = await _unlink(store, phone())
    before = await _rows(store)
    again = await _unlink(store, phone())
    assert (False, parted.session_id) == (again.changed, again.session_id)
    assert before == await _rows(store)


async def test_at_once_is_once(store: Store) -> None:
    """Ten who undo the same link in one moment part it once; messages meanwhile land on one side each."""
    first, second = await _linked(store)
    work: list[Any] = [_unlink(store, phone()) for _ in range(6)]
    work += [store.accept(said(f"m{n}", sender=phone() if n % 2 else visitor()), LEFT) for n in range(8)]
    results = await asyncio.gather(*work)
    assert 1 == sum(r.changed for r in results if isinstance(r, Parted))
    assert {f"m{n}" for n in range(1, 8, 2)} <= set(await _texts(store, second))
    assert {f"m{n}" for n in range(0, 8, 2)} <= set(await _texts(store, first))
    await _sound(store)


async def test_undone_it_does_not_come_back_by_itself(store: Store) -> None:
    """Neither the next message nor the next proof of the number joins the phone again; a code of its own would."""
    await _linked(store)
    await _unlink(store, phone())
    await store.accept(said("it is me"), LEFT)
    await store.prove(visitor(), claims(phone=ANN), method="token", create=True)
    await store.prove(visitor("v9"), claims(phone=ANN), method="token", create=True)
    assert await _place(store, phone()) != await _place(store, visitor())


async def test_one_of_several_links(store: Store) -> None:
    """Of three who became one, one leaves: the two stay together, and the third has its own again."""
    for sender in (visitor(), phone(ANN), phone(BEN)):
        await turn(store, said(f"I am {sender}", sender=sender))
        await stores.execute(store, "UPDATE sessions SET created_at = created_at - 1000")
    for address in (visitor(), phone(ANN), phone(BEN)):
        await store.prove(address, claims(), method="token", create=True)
    await turn(store, said("since", sender=phone(ANN)))
    parted = await _unlink(store, phone(ANN))
    assert [f"I am {phone(ANN)}", "hi", "since", "hi"] == await _texts(store, parted.session_id)
    assert await _place(store, phone(BEN)) == await _place(store, visitor()) != parted.session_id
    await _sound(store)


async def test_a_chain_comes_apart_in_the_middle(store: Store) -> None:
    """Ben joined the phone, the phone the browser: when the phone leaves, Ben goes with it, and can leave it then."""
    for sender in (visitor(), phone(ANN), phone(BEN)):
        await turn(store, said(f"I am {sender}", sender=sender))
    await store.prove(phone(ANN), claims("C-2", phone=BEN), method="token", create=True)
    await turn(store, said("between", sender=phone(BEN)))
    await stores.execute(store, "UPDATE identities SET channel = 'gone' WHERE channel = 'customer'")
    await store.prove(visitor(), claims("C-1", phone=ANN), method="token", create=True)
    assert 1 == len({await _place(store, a) for a in (visitor(), phone(ANN), phone(BEN))})
    await turn(store, said("after", sender=phone(BEN)))
    parted = await _unlink(store, phone(ANN))
    assert parted.session_id == await _place(store, phone(BEN)) != await _place(store, visitor())
    await _sound(store)
    last = await _unlink(store, phone(BEN))
    assert [f"I am {phone(BEN)}", "hi", "between", "hi", "after", "hi"] == await _texts(store, last.session_id)
    await _sound(store)


async def test_a_running_turn_loses_its_fence(store: Store) -> None:
    """What it wrote for the other side never gets in; its message is answered where it belongs, once."""
    _, second = await _linked(store)
    lease = await leased(store, said("unread", provider_id="m1"))
    opened = await store.open_session(lease)
    parted = await _unlink(store, phone())
    with pytest.raises(errors.LeaseLost):
        await commit(store, lease, opened, reply(opened, "too late"))
    claimed = {one.session_id: one for one in await store.claim("w1", limit=5, lease_ms=1_000)}
    opened = await store.open_session(claimed[parted.session_id])
    assert ["unread"] == [s.data.text for s in opened.pending if isinstance(s.data, ev.MessageReceived)]
    again, _ = await store.accept(said("unread", provider_id="m1"), LEFT)
    assert (False, second) == (again.new, again.session_id)
    await commit(store, claimed[parted.session_id], opened, reply(opened, "here"))
    await _sound(store)


async def test_messages_that_came_along_unanswered_go_back_unanswered(store: Store) -> None:
    """They lie in both logs by then; afterwards in one, in one place."""
    await turn(store, said("web before", sender=visitor()))
    await stores.execute(store, "UPDATE sessions SET created_at = created_at - 1000")
    await store.accept(said("one"), LEFT)
    await store.prove(visitor(), claims(phone=ANN), method="token", create=True)
    parted = await _unlink(store, phone())
    assert ["one"] == await _texts(store, parted.session_id)
    (lease,) = [x for x in await store.claim("w1", limit=5, lease_ms=1_000) if x.session_id == parted.session_id]
    opened = await store.open_session(lease)
    assert ["one"] == [s.data.text for s in opened.pending if isinstance(s.data, ev.MessageReceived)]
    await _sound(store)


async def test_replies_on_their_way_leave_from_their_new_place(store: Store) -> None:
    """What was queued for the phone is sent to the phone, and is in its log."""
    await _linked(store)
    await stores.execute(store, "UPDATE outbox SET state = 'sent'")
    await turn(store, said("hello"), text="on its way")
    parted = await _unlink(store, phone())
    await stores.execute(store, "UPDATE outbox SET next_at = 1")
    (outbound,) = await store.claim_deliveries("w2", limit=5, claim_ms=1_000)
    assert ("on its way", phone(), parted.session_id) == (outbound.text, outbound.to, outbound.session_id)


async def test_an_open_question_of_the_departed_goes_along(store: Store) -> None:
    """Asked and proposed on the phone since the link: it waits there still, and in the ledger."""
    await _linked(store)
    lease = await leased(store, said("refund 18492"))
    opened = await store.open_session(lease)
    await commit(store, lease, opened, *QUESTION, reply(opened, "49?", about="q1"), proposals=[PROPOSED])
    parted = await _unlink(store, phone())
    found, row = await store.session(parted.session_id), await store.action("a1")
    assert found
    assert row
    assert found[1].task
    assert ("a1", "awaiting_confirmation") == (found[1].task.question and found[1].task.question.action, row["state"])
    assert parted.session_id == row["session_id"]
    await _sound(store)


async def test_a_question_that_rests_on_the_other_side_is_cancelled(store: Store) -> None:
    """Begun on the web, gone on with on the phone: after they part nobody can say yes to it any more."""
    await _linked(store)
    lease = await leased(store, said("refund", sender=visitor()))
    opened = await store.open_session(lease)
    await commit(store, lease, opened, *QUESTION, reply(opened, "49?", about="q1"), proposals=[PROPOSED])
    lease = await leased(store, said("because it is broken"))
    opened = await store.open_session(lease)
    await commit(store, lease, opened, ev.SlotsSet(task="t1", values={"why": "broken"}, by="user"), reply(opened))
    await _unlink(store, phone())
    row, web = await store.action("a1"), await store.session(await _place(store, visitor()))
    assert row
    assert web
    assert ("cancelled", None, "cancelled") == (row["state"], web[1].task, web[1].ended[-1].outcome)
    await _sound(store)


async def test_what_was_open_before_the_link_returns(store: Store) -> None:
    """An action from before, carried into the other session, is the phone's again."""
    await turn(store, said("web before", sender=visitor()))
    await stores.execute(store, "UPDATE sessions SET created_at = created_at - 1000")
    lease = await leased(store, said("refund 18492"))
    opened = await store.open_session(lease)
    await commit(store, lease, opened, *QUESTION, reply(opened, "49?", about="q1"), proposals=[PROPOSED])
    await store.prove(visitor(), claims(phone=ANN), method="token", create=True)
    parted = await _unlink(store, phone())
    found, row = await store.session(parted.session_id), await store.action("a1")
    web = await store.session(await _place(store, visitor()))
    assert found
    assert row
    assert web
    assert (lease.session_id, lease.session_id, None) == (parted.session_id, row["session_id"], web[1].task)
    assert found[1].task
    assert "awaiting_confirmation" == found[1].actions["a1"].state == row["state"]


async def test_a_write_that_staff_settled_goes_with_all_that_is_known_of_it(store: Store) -> None:
    """What they were shown and what they said; else it would be unknown in one log and settled in the ledger."""
    await _linked(store)
    await in_doubt(store)
    assert (await settle(store)).done
    parted = await _unlink(store, phone())
    found, row = await store.session(parted.session_id), await store.action("a1")
    assert found
    assert row
    action = found[1].actions["a1"]
    assert ("succeeded", "succeeded", "happened") == (action.state, row["state"], action.doubt and action.doubt.verdict)
    await _sound(store)


async def test_a_ticket_goes_with_who_opened_it(store: Store) -> None:
    """With its number, its subject and its thread; the other side's tickets stay."""
    await _linked(store)
    for number, sender in ((1, phone()), (2, visitor())):
        lease = await leased(store, said("a person please", sender=sender))
        opened = await store.open_session(lease)
        ticket = ev.TicketOpened(
            ticket=f"t{number}", number=number, subject=f"subject {number}", reason="asked_for_person"
        )
        await commit(store, lease, opened, ticket, reply(opened))
    parted = await _unlink(store, phone())
    web = await _place(store, visitor())
    found = {t["number"]: (t["session_id"], t["subject"]) for t in await store.tickets()}
    assert {1: (parted.session_id, "subject 1"), 2: (web, "subject 2")} == found
    threads = await stores.rows(store, "SELECT ticket_id, session_id FROM staff_threads")
    assert {"t1": parted.session_id, "t2": web} == {r["ticket_id"]: r["session_id"] for r in threads}
    for session_id, number in ((parted.session_id, 1), (web, 2)):
        session = await store.session(session_id)
        assert session
        assert [number] == [t.number for t in session[1].tickets]


async def test_no_model_prompt_keeps_the_others_words(store: Store) -> None:
    """A prompt of either side holds what both had said: it is forgotten on both."""
    await _linked(store)
    for sender in (phone(), visitor()):
        lease = await leased(store, said("secret", sender=sender))
        opened = await store.open_session(lease)
        called = ev.ModelCalled(
            backend="b", model="m", prompt_version="1", outcome="ok", ms=1, prompt="all the secrets"
        )
        await commit(store, lease, opened, called, reply(opened))
    await _unlink(store, phone())
    for address in (phone(), visitor()):
        events = await store.events(await _place(store, address), 0)
        assert ["ModelCalled"] == [s.kind for s in events if isinstance(s.data, ev.ModelCalled)]
        assert "all the secrets" not in repr(events)


async def test_a_crash_in_between_leaves_all_or_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction: linked as before, then undone as if nothing had been."""
    await _linked(store)
    await turn(store, said("since"))
    before = await _rows(store)
    with monkeypatch.context() as broken:
        broken.setattr(faults, "_plan", {"link.commit": [(1, "raise")]})
        broken.setattr(faults, "_passes", {})
        with pytest.raises(faults.Fault):
            await _unlink(store, phone())
    assert before == await _rows(store)
    assert (await _unlink(store, phone())).changed
    await _sound(store)


async def test_who_was_never_seen_and_a_customer_number(store: Store) -> None:
    """Neither is an address with a link."""
    await store.prove(visitor(), claims(), method="token", create=True)
    for address in (phone(), Address(channel="customer", address="C-1001")):
        with pytest.raises(errors.BadInput):
            await _unlink(store, address)


async def test_a_number_that_is_somebody_elses_now(store: Store) -> None:
    """Its old owner keeps the history; what is unread is the new holder's, under an identity of their own."""
    await store.prove(visitor(), claims(phone=ANN), method="token", create=True)
    await turn(store, said("of the old owner"))
    accepted, _ = await store.accept(said("of the new holder"), LEFT)
    old = await store.live(phone())
    assert old
    parted = await store.reassign(old["identity_id"], ("phone", ANN))
    assert parted
    assert ["of the new holder"] == await _texts(store, parted.session_id)
    assert ["of the old owner", "hi"] == await _texts(store, accepted.session_id)
    live, owner = await store.live(phone()), await store.session(accepted.session_id)
    assert live
    assert owner
    assert (parted.session_id, "C-1001") == (live["id"], owner[1].customer_id)
    assert old["identity_id"] not in owner[1].reach
    assert phone() not in [a for _, a, _ in await store.addresses(accepted.user_id)]
    assert await store.reassign(old["identity_id"], ("phone", ANN)) is None
    await store.prove(visitor(), claims(phone=ANN), method="token", create=True)
    await _sound(store, but=old["identity_id"])


async def _linked(store: Store, *, phone_older: bool = False) -> tuple[str, str]:
    """A browser and a phone, each with a past, made one by the phone number in the browser's token: older, younger."""
    senders = [("phone", phone()), ("web", visitor())] if phone_older else [("web", visitor()), ("phone", phone())]
    found = []
    for name, sender in senders:
        lease = await leased(store, said(f"{name} before", sender=sender))
        opened = await store.open_session(lease)
        await commit(store, lease, opened, reply(opened))
        await stores.execute(store, "UPDATE sessions SET created_at = created_at - 1000")
        found.append(lease.session_id)
    await store.prove(visitor(), claims(phone=ANN, name="Kim Berger"), method="token", create=True)
    for lease in await store.claim("w1", limit=5, lease_ms=60_000):
        opened = await store.open_session(lease)
        await commit(store, lease, opened)
    return found[0], found[1]


async def _unlink(store: Store, address: Address) -> Parted:
    return await store.unlink(address, reason="undone")


async def _place(store: Store, address: Address) -> str:
    row = await store.live(address)
    assert row
    return str(row["id"])


async def _texts(store: Store, session_id: str) -> list[str]:
    data = [stored.data for _, stored in await store.transcript(session_id, 0)]
    return [event.text for event in data if isinstance(event, (ev.MessageReceived, ev.ReplyQueued))]


async def _rows(store: Store) -> list[list[str]]:
    tables = ("users", "identities", "attributes", "sessions", "events", "inbox", "outbox", "actions", "tickets")
    return [sorted(repr(dict(row)) for row in await stores.rows(store, f"SELECT * FROM {table}")) for table in tables]


async def _sound(store: Store, *, but: str = "") -> None:
    """Every event is read by the user whose identity wrote it alone; states are their logs, replies in their places."""
    sessions = {row["id"]: row for row in await stores.rows(store, "SELECT * FROM sessions")}
    owners = {row["id"]: row["user_id"] for row in await stores.rows(store, "SELECT id, user_id FROM identities")}
    for row in await stores.rows(store, "SELECT * FROM events WHERE identity_id IS NOT NULL"):
        place = sessions[row["session_id"]]
        live = sessions[place["forwarded_to"]] if place["forwarded_to"] else place
        assert owners[row["identity_id"]] == live["user_id"] or row["identity_id"] == but, row["kind"]
    for session_id, row in sessions.items():
        found = await store.session(session_id)
        assert found
        assert found[1] == await store.refold(session_id)
        assert list(range(1, row["next_seq"])) == [s.seq for s in await store.events(session_id, 0)]
    for row in await stores.rows(store, "SELECT id, session_id, seq FROM outbox"):
        (stored,) = [s for s in await store.events(row["session_id"], row["seq"] - 1) if s.seq == row["seq"]]
        assert isinstance(stored.data, ev.ReplyQueued)
        assert row["id"] == stored.data.outbox
