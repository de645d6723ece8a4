"""The store's contract: one-time codes. Bound to both addresses, counted, single use, and nowhere to be read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from state import errors, faults
from state import events as ev
from state.identity import Address, Assurance, Claims
from state.lease import Lease
from state.sql.codes import MASK, Asked
from state.sql.notices import FETCHED
from state.sql.turns import Opened
from state.store import Store
from tests.contract import stores
from tests.contract.stores import LEFT, PACE, commit, leased, phone, reply, said, visitor, work

KIM = Address(channel="email", address="kim@example.com")
CLAIMS = Claims(customer_id="C-1001", name="Kim Berger", email="kim@example.com")
CODE, WRONG = "482913", "111111"
WINDOWS = {"whatsapp": 86_400_000, "web": FETCHED, "email": None}
WAITS: tuple[ev.Event, ...] = (
    ev.TaskStarted(task="t1", workflow="invoice_status"),
    ev.Asked(task="t1", slot="sign_in", question="q1"),
)


async def test_a_right_code_makes_both_addresses_one_person(store: Store) -> None:
    """The number that typed it is verified, the mailbox joins, the task that waited is still there."""
    session = await _waiting(store)
    accepted, _ = await store.accept(said(CODE), LEFT)
    (checked,) = [s.data for s in await store.events(session, 0) if isinstance(s.data, ev.CodeChecked)]
    proven = await store.redeem(checked.code, notice="linked", windows=WINDOWS)
    assert proven
    assert ("right", accepted.user_id) == (checked.outcome, proven.user_id)
    for address in (phone(), KIM):
        row = await store.live(address)
        assert row
        assert (proven.user_id, "verified") == (row["user_id"], row["assurance"])
    found = await store.session(session)
    assert found
    assert "C-1001" == found[1].customer_id
    assert found[1].task
    assert found[1] == await store.refold(session)


async def test_it_takes_effect_once(store: Store) -> None:
    """Redeemed again, as after a crash, nothing happens; typed again, it is spent."""
    session = await _waiting(store)
    await store.accept(said(CODE), LEFT)
    code = (await _checked(store, session))[0].code
    assert await store.redeem(code, notice="linked", windows=WINDOWS)
    before = len(await store.events(session, 0))
    assert await store.redeem(code, notice="linked", windows=WINDOWS) is None
    assert before == len(await store.events(session, 0))
    await store.accept(said(CODE), LEFT)
    assert ["right", "spent"] == [one.outcome for one in await _checked(store, session)]


async def test_the_code_is_nowhere(store: Store) -> None:
    """Neither the right nor a wrong one is in an event, in plain or under any key, nor kept as the provider sent it."""
    session = await _waiting(store)
    for text in (WRONG, CODE):
        await store.accept(said(text, raw=b"Body=" + text.encode()), LEFT)
    everything = [s.data for s in await store.events(session, 0)]
    assert CODE not in repr(everything)
    assert WRONG not in repr(everything)
    assert [MASK, MASK] == [e.text for e in everything if isinstance(e, ev.MessageReceived)][-2:]
    envelopes = await stores.rows(store, "SELECT envelope FROM inbox ORDER BY at DESC, seq DESC LIMIT 2")
    assert [None, None] == [row["envelope"] for row in envelopes]


async def test_five_wrong_ones_void_it(store: Store) -> None:
    """The right one is no use after that."""
    session = await _waiting(store)
    for text in (WRONG,) * 5 + (CODE,):
        await store.accept(said(text), LEFT)
    checked = await _checked(store, session)
    assert [("wrong", n) for n in (4, 3, 2, 1, 0)] + [("spent", 0)] == [(c.outcome, c.left) for c in checked]
    assert await store.redeem(checked[0].code, notice="linked", windows=WINDOWS) is None


async def test_tries_at_once_are_counted_each(store: Store) -> None:
    """However many arrive in one moment, five are looked at."""
    session = await _waiting(store)
    await asyncio.gather(*(store.accept(said(f"{n:06d}"), LEFT) for n in range(12)))
    outcomes = [one.outcome for one in await _checked(store, session)]
    assert (5, 7) == (outcomes.count("wrong"), outcomes.count("spent"))


async def test_the_same_message_twice_is_one_try(store: Store) -> None:
    """A webhook that comes again neither counts nor tells anything new."""
    session = await _waiting(store)
    for _ in range(3):
        await store.accept(said(WRONG, provider_id="m9"), LEFT)
    assert [4] == [one.left for one in await _checked(store, session)]


async def test_a_code_that_is_late_opens_nothing(store: Store) -> None:
    """By the database's clock."""
    session = await _waiting(store)
    await stores.execute(store, "UPDATE codes SET expires_at = 1")
    await store.accept(said(CODE), LEFT)
    (checked,) = await _checked(store, session)
    assert "expired" == checked.outcome
    assert await store.redeem(checked.code, notice="linked", windows=WINDOWS) is None


@pytest.mark.parametrize(
    "text", ["482 913", "482-913", "The code is 482913.", " 482913 ", "Code: 482913", "it's 482913"]
)
async def test_how_people_type_a_code(store: Store, text: str) -> None:
    """With spaces, a dash, and a few words of no substance."""
    session = await _waiting(store)
    await store.accept(said(text), LEFT)
    assert ["right"] == [one.outcome for one in await _checked(store, session)]


@pytest.mark.parametrize("text", ["18492", "4829131", "order 482913 please", "482913 or 482914", "refund 482913"])
async def test_what_is_no_code_burns_no_try(store: Store, text: str) -> None:
    """Another number, or a number within words, is an ordinary message."""
    session = await _waiting(store)
    await store.accept(said(text), LEFT)
    assert [] == await _checked(store, session)
    assert text == [s.data.text for s in await store.events(session, 0) if isinstance(s.data, ev.MessageReceived)][-1]


async def test_six_digits_in_answer_to_something_else_are_no_code(store: Store) -> None:
    """An order number while the bot waits for an order number."""
    session = await _waiting(store)
    lease = await leased(store, said("another thing"))
    opened = await store.open_session(lease)
    await commit(store, lease, opened, ev.Asked(task="t1", slot="invoice_id", question="q2"), reply(opened))
    await store.accept(said(WRONG), LEFT)
    assert [] == await _checked(store, session)


async def test_another_address_cannot_type_it(store: Store) -> None:
    """It is bound to where it was asked for; and a sender nobody vouches for types nothing."""
    session = await _waiting(store)
    await store.accept(said(CODE, sender=phone("+15550109999")), LEFT)
    await store.accept(said(CODE, assurance=Assurance.CLAIMED), LEFT)
    assert [] == await _checked(store, session)


async def test_an_address_that_nobody_has(store: Store) -> None:
    """The same rows, tries and words; but nothing is sent, no identity is made, and no digits open it."""
    session = await _waiting(store, claims=None)
    assert [] == await stores.rows(store, "SELECT id FROM identities WHERE channel = 'email'")
    assert [] == await store.claim_deliveries("w2", limit=5, claim_ms=1_000)
    await store.accept(said(CODE), LEFT)
    assert [("wrong", 4)] == [(c.outcome, c.left) for c in await _checked(store, session)]


async def test_it_is_sent_once_and_then_forgotten(store: Store) -> None:
    """Its words come from its own row alone, survive a failed attempt, and are gone with the receipt."""
    await _waiting(store)
    assert CODE in (await store.load_delivery("c1")).text
    for state in ("retry", "sent"):
        await stores.execute(store, "UPDATE outbox SET next_at = 1 WHERE state <> 'sent'")
        (outbound,) = await store.claim_deliveries("w2", limit=5, claim_ms=60_000)
        assert (KIM, "system", "notice") == (outbound.to, outbound.author, outbound.kind)
        assert CODE in outbound.text
        receipt = replace(stores.sent(outbound.id), state=state)
        await store.settle_deliveries([(receipt, 0.0)], "w2")
    assert [None] == [row["code_enc"] for row in await stores.rows(store, "SELECT code_enc FROM codes")]
    assert "" == (await store.load_delivery("c1")).text


async def test_the_clock_forgets_what_is_over(store: Store) -> None:
    """An expired code leaves neither its words nor whom it would have proven."""
    await _waiting(store)
    await stores.execute(store, "UPDATE codes SET expires_at = 1")
    await store.forget_codes()
    rows = await stores.rows(store, "SELECT code_enc, customer_enc FROM codes")
    assert [(None, None)] == [(row["code_enc"], row["customer_enc"]) for row in rows]


async def test_asked_for_again_the_first_is_void(store: Store) -> None:
    """Only the last one counts; the same message asks once, however often its turn runs."""
    session = await _waiting(store)
    lease = await leased(store, said("kim@example.com"))
    opened = await store.open_session(lease)
    for _ in range(2):
        await store.send_code(lease, _asked(opened, id="c2", code="222222"))
    await commit(store, lease, opened, *WAITS[1:], reply(opened))
    assert 2 == len(await stores.rows(store, "SELECT id FROM codes"))
    for text in (CODE, "222222"):
        await store.accept(said(text), LEFT)
    assert ["wrong", "right"] == [one.outcome for one in await _checked(store, session)]


async def test_a_turn_that_lost_its_lease_sends_none(store: Store) -> None:
    """The fence holds for codes as for everything else."""
    lease = await leased(store)
    opened = await store.open_session(lease)
    with pytest.raises(errors.LeaseLost):
        await store.send_code(replace(lease, fence=lease.fence + 1), _asked(opened))
    assert [] == await stores.rows(store, "SELECT id FROM codes")


async def test_the_old_channels_are_told_once(store: Store) -> None:
    """Kim's mailbox and phone hear of the new address, which the browser shows too; it itself does not."""
    await store.accept(said(sender=phone()), LEFT)
    await store.accept(said(sender=visitor()), LEFT)
    for address in (phone(), visitor(), KIM):
        await store.prove(address, CLAIMS, method="token", create=True)
    other = phone("+15550109999")
    await _waiting(store, sender=other)
    accepted, _ = await store.accept(said(CODE, sender=other), LEFT)
    code = (await _checked(store, accepted.session_id))[0].code
    proven = await store.redeem(code, notice="linked", windows={**WINDOWS, "whatsapp": 86_400_000})
    assert proven
    told = [
        s.data
        for s in await store.events(proven.session_id, 0)
        if isinstance(s.data, ev.ReplyQueued) and s.data.author == "system"
    ]
    assert ["email", "whatsapp"] == sorted(t.channel for t in told)
    live = await store.live(other)
    assert live
    assert live["identity_id"] not in {t.identity for t in told}
    queued = await stores.rows(store, "SELECT channel FROM outbox WHERE author = 'system' AND id <> :id", id=code)
    assert ["email", "whatsapp"] == sorted(row["channel"] for row in queued)


async def test_another_customers_code_links_nothing(store: Store) -> None:
    """A browser that is signed in as somebody else stays that somebody."""
    await store.prove(phone(), Claims(customer_id="C-1002"), method="directory", create=True)
    session = await _waiting(store)
    await store.accept(said(CODE), LEFT)
    proven = await store.redeem((await _checked(store, session))[0].code, notice="linked", windows=WINDOWS)
    assert proven
    assert proven.foreign
    row = await store.live(KIM)
    assert row
    assert proven.user_id != row["user_id"]


@pytest.mark.parametrize("act", ["send", "redeem"])
async def test_a_crash_in_between_leaves_all_or_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """One transaction each: after the crash it can be done again."""
    if act == "send":
        lease = await leased(store)
        opened = await store.open_session(lease)
        work_of = _send(store, lease, opened)
    else:
        session = await _waiting(store)
        await store.accept(said(CODE), LEFT)
        work_of = _redeem(store, (await _checked(store, session))[0].code)
    tables = ("users", "identities", "sessions", "events", "outbox", "codes", "attributes")
    before = [len(await stores.rows(store, f"SELECT * FROM {table}")) for table in tables]
    with monkeypatch.context() as broken:
        broken.setattr(faults, "_plan", {"link.commit": [(1, "raise")]})
        broken.setattr(faults, "_passes", {})
        with pytest.raises(faults.Fault):
            await work_of()
    assert before == [len(await stores.rows(store, f"SELECT * FROM {table}")) for table in tables]
    await work_of()
    assert before != [len(await stores.rows(store, f"SELECT * FROM {table}")) for table in tables]


def _send(store: Store, lease: Lease, opened: Opened) -> Any:  # noqa: ANN401 - a coroutine function
    return lambda: store.send_code(lease, _asked(opened))


def _redeem(store: Store, code: str) -> Any:  # noqa: ANN401 - a coroutine function
    return lambda: store.redeem(code, notice="linked", windows=WINDOWS)


async def test_a_code_to_an_address_takes_it_from_nobody(store: Store) -> None:
    """Whoever asks for one to somebody's mailbox: letters still go there, and the code still means both."""
    session = await _waiting(store, sender=visitor())
    owner = await store.prove(phone(), CLAIMS, method="token", create=True)
    identity = await store.own_mail(owner.user_id, KIM.address)
    row = await store.live(KIM)
    assert row
    assert (identity, owner.user_id, "channel") == (row["identity_id"], row["user_id"], row["assurance"])
    await store.accept(said(CODE, sender=visitor()), LEFT)
    proven = await store.redeem((await _checked(store, session))[0].code, notice="linked", windows=WINDOWS)
    assert proven
    assert {proven.user_id} == {(await store.live(one) or {})["user_id"] for one in (visitor(), phone(), KIM)}


async def test_an_address_somebody_writes_from_is_not_taken(store: Store) -> None:
    """Even when it was first seen because of a code."""
    await _waiting(store, sender=visitor())
    accepted, _ = await store.accept(said("hello", sender=KIM), LEFT)
    other = await store.prove(phone(), CLAIMS, method="token", create=True)
    assert await store.own_mail(other.user_id, KIM.address) is None
    row = await store.live(KIM)
    assert row
    assert accepted.user_id == row["user_id"] != other.user_id


def _asked(opened: Opened, **more: Any) -> Asked:
    fields: dict[str, Any] = {
        "id": "c1",
        "identity": opened.session.last_identity or "",
        "code": CODE,
        "text": f"Your code\n\n{more.get('code', CODE)}",
        "target": KIM,
        "masked": "k…@example.com",
        "holds_ms": 600_000,
        "claims": CLAIMS,
    }
    return Asked(**{**fields, **more})


async def _waiting(store: Store, *, sender: Address | None = None, claims: Claims | None = CLAIMS) -> str:
    """A phone that was asked who it is, and gave Kim's address; the code is on its way."""
    lease = await leased(store, said("kim@example.com", sender=sender or phone()))
    opened = await store.open_session(lease)
    await store.send_code(lease, _asked(opened, claims=claims))
    await store.commit(lease, work(opened, *WAITS), done_seq=opened.upto, worker=PACE.worker or "", claim_ms=30_000)
    return lease.session_id


async def _checked(store: Store, session_id: str) -> list[ev.CodeChecked]:
    return [s.data for s in await store.events(session_id, 0) if isinstance(s.data, ev.CodeChecked)]
