"""Random lives of a few people and addresses: they write, prove, type codes, unlink; then all must still be right."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field, replace

from state import errors
from state import events as ev
from state.identity import Address, Claims
from state.sql.codes import Asked
from state.sql.database import Row
from state.sql.log import Entry
from state.sql.notices import FETCHED
from state.store import Store
from tests.contract import stores
from tests.contract.stores import LEFT, phone, said, visitor

PHONES = tuple(phone(f"+155501010{n:02d}") for n in range(1, 4))
WEBS = (visitor("v1"), visitor("v2"))
MAILS = tuple(Address(channel="email", address=f"c{n}@example.com") for n in (1, 2))
EVERYBODY = (*PHONES, *WEBS, *MAILS)
CUSTOMERS = (
    Claims(customer_id="C-1", name="One", phone=PHONES[0].address, email=MAILS[0].address),
    Claims(customer_id="C-2", name="Two", phone=PHONES[1].address, email=MAILS[1].address),
)
WINDOWS = {"whatsapp": None, "email": None, "web": FETCHED}


@dataclass(slots=True, kw_only=True)
class Life:
    """One run. `wrote`: message id → who; `answered`: those that a turn has answered; `done`: what happened."""

    store: Store
    chance: random.Random
    wrote: dict[str, Address] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)
    done: list[str] = field(default_factory=list)
    parted: int = 0

    async def go(self, steps: int) -> None:
        """Live for a while."""
        acts = [self.write] * 5 + [self.turn] * 4 + [self.token, self.directory, self.code] + [self.unlink] * 2
        for _ in range(steps):
            act = self.chance.choice(acts)
            who = self.chance.choice(EVERYBODY)
            self.done.append(f"{act.__name__} {who}")
            try:
                await act(who)
            except errors.BotError as error:  # refused, or lost against somebody: whoever asked asks again
                self.done.append(f"  {error}")

    async def write(self, who: Address) -> None:
        """Somebody writes."""
        name = uuid.uuid4().hex
        mail = {"email": who.address} if who.channel == "email" else {}
        await self.store.accept(said(f"from {who}", sender=who, provider_id=name, **mail), LEFT)
        self.wrote[name] = who

    async def turn(self, _: Address) -> None:
        """Somebody's turn runs; sometimes it begins a task, asks for consent, opens a ticket, or calls a model."""
        for lease in await self.store.claim("w1", limit=1, lease_ms=60_000):
            opened = await self.store.open_session(lease)
            said_now = [s for s in opened.pending if isinstance(s.data, ev.MessageReceived)]
            identity = said_now[-1].identity if said_now else None
            reach = opened.session.reach.get(identity or "")
            events: list[ev.Event] = []
            proposals = []
            if reach and self.chance.random() < 0.5:
                task, action = uuid.uuid4().hex, uuid.uuid4().hex
                proposed = ev.ActionProposed(
                    action=action, task=task, tool="t", version=1, arguments={}, args_hash="h", terms="terms"
                )
                asked = ev.Asked(task=task, slot="confirmation", question=uuid.uuid4().hex, action=action)
                events += [ev.TaskStarted(task=task, workflow="w"), proposed, asked]
                proposals.append(proposed)
            if reach and opened.session.task and self.chance.random() < 0.5:
                events.append(ev.SlotsSet(task=opened.session.task.id, values={"a": 1}, by="user"))
            if reach and self.chance.random() < 0.2:
                number = self.chance.randrange(10**9)
                events.append(
                    ev.TicketOpened(
                        ticket=uuid.uuid4().hex, number=number, subject="s", reason="mail", identity=identity
                    )
                )
            if reach:
                outbox = uuid.uuid4().hex
                events.append(
                    ev.ReplyQueued(outbox=outbox, channel=reach.channel, identity=reach.identity, text=f"to {identity}")
                )
            work = replace(
                stores.work(opened), entries=[Entry(event, identity) for event in events], proposals=proposals
            )
            work = replace(work, deliveries=stores.deliveries(events))
            await self.store.commit(lease, work, done_seq=opened.upto, worker="w1", claim_ms=30_000)
            self.answered |= {s.data.message_id for s in said_now if isinstance(s.data, ev.MessageReceived)}

    async def token(self, _: Address) -> None:
        """A browser is signed in."""
        await self.store.prove(self.chance.choice(WEBS), self.chance.choice(CUSTOMERS), method="token", create=True)

    async def directory(self, _: Address) -> None:
        """The directory vouches for a number or a mailbox."""
        claims = self.chance.choice(CUSTOMERS)
        address = phone(claims.phone or "") if self.chance.random() < 0.5 else MAILS[CUSTOMERS.index(claims)]
        await self.store.prove(address, claims, method="directory", create=False)

    async def code(self, who: Address) -> None:
        """A code is asked for, typed, and takes effect."""
        claims = self.chance.choice(CUSTOMERS)
        target = MAILS[CUSTOMERS.index(claims)]
        if who == target:
            return
        await self.write(who)
        live = await self.store.live(who)
        assert live
        leases = {one.session_id: one for one in await self.store.claim("w1", limit=50, lease_ms=60_000)}
        lease = leases.pop(live["id"], None)
        for other in leases.values():
            await self.store.release(other, after_ms=0)
        if lease is None:
            return
        opened = await self.store.open_session(lease)
        asked = Asked(
            id=uuid.uuid4().hex,
            identity=live["identity_id"],
            code="123456",
            text="123456",
            target=target,
            masked="c…",
            holds_ms=60_000,
            claims=claims,
        )
        await self.store.send_code(lease, asked)
        task = uuid.uuid4().hex
        question = ev.Asked(task=task, slot="sign_in", question=uuid.uuid4().hex)
        waits: list[ev.Event] = [ev.TaskStarted(task=task, workflow="w"), question]
        entries = [Entry(event, live["identity_id"]) for event in waits]
        work = replace(stores.work(opened), entries=entries)
        await self.store.commit(lease, work, done_seq=opened.upto, worker="w1", claim_ms=30_000)
        self.answered |= {s.data.message_id for s in opened.pending if isinstance(s.data, ev.MessageReceived)}
        name = uuid.uuid4().hex
        await self.store.accept(said("123456", sender=who, provider_id=name), LEFT)
        self.wrote[name] = who
        await self.store.redeem(asked.id, notice="linked", windows=WINDOWS)

    async def unlink(self, who: Address) -> None:
        """A link is undone; sometimes because the address is another person's now."""
        live = await self.store.live(who)
        if live and who.channel != "web" and self.chance.random() < 0.15:
            await self.store.reassign(live["identity_id"], None)
        else:
            parted = await self.store.unlink(who, reason="undone")
            self.parted += parted.changed

    async def check(self) -> None:
        """See that nothing is lost, doubled, or with the wrong person."""
        sessions = {row["id"]: row for row in await stores.rows(self.store, "SELECT * FROM sessions")}
        await self._events_are_with_their_identity(sessions)
        found: dict[str, list[str]] = {}
        waiting: list[str] = []
        for session_id, row in sessions.items():
            state = await self.store.session(session_id)
            assert state
            assert state[1] == await self.store.refold(session_id), self.done
            if row["forwarded_to"]:
                continue
            for _, stored in await self.store.transcript(session_id, 0):
                if isinstance(stored.data, ev.MessageReceived):
                    found.setdefault(stored.data.message_id, []).append(session_id)
            pending = await self.store.events(session_id, row["done_seq"])
            waiting += [s.data.message_id for s in pending if isinstance(s.data, ev.MessageReceived)]
            assert not pending or row["done_seq"] <= row["in_seq"] or not waiting
        assert dict.fromkeys(self.wrote, 1) == {name: len(places) for name, places in found.items()}, self.done
        assert sorted(self.wrote.keys() - self.answered) == sorted(waiting), self.done
        await self._rows_follow(sessions)

    async def _events_are_with_their_identity(self, sessions: dict[str, Row]) -> None:
        owners = {r["id"]: r["user_id"] for r in await stores.rows(self.store, "SELECT id, user_id FROM identities")}
        for row in await stores.rows(self.store, "SELECT * FROM events WHERE identity_id IS NOT NULL"):
            place = sessions[row["session_id"]]
            live = sessions[place["forwarded_to"]] if place["forwarded_to"] else place
            assert owners[row["identity_id"]] == live["user_id"], (row["kind"], self.done)
        for session_id, row in sessions.items():
            stored = await self.store.events(session_id, 0)
            assert list(range(1, row["next_seq"])) == [s.seq for s in stored], self.done

    async def _rows_follow(self, sessions: dict[str, Row]) -> None:
        """Replies, messages, actions and tickets are where their events are."""
        for row in await stores.rows(self.store, "SELECT id, session_id, seq FROM outbox"):
            (stored,) = [s for s in await self.store.events(row["session_id"], row["seq"] - 1) if s.seq == row["seq"]]
            assert isinstance(stored.data, ev.ReplyQueued | ev.CodeSent), self.done
        for table, opened in (("actions", ev.ActionProposed), ("tickets", ev.TicketOpened)):
            for row in await stores.rows(self.store, f"SELECT * FROM {table}"):
                name = "action" if table == "actions" else "ticket"
                places = [
                    row["session_id"],
                    *(s for s, r in sessions.items() if r["forwarded_to"] == row["session_id"]),
                ]
                events = [s.data for place in places for s in await self.store.events(place, 0)]
                assert any(isinstance(e, opened) and getattr(e, name) == row["id"] for e in events), (table, self.done)
        for session_id, row in sessions.items():
            if row["forwarded_to"]:
                continue
            state = await self.store.session(session_id)
            assert state
            for action in state[1].open_actions():
                ledger = await self.store.action(action.id)
                assert ledger
                assert (session_id, action.state) == (ledger["session_id"], ledger["state"]), self.done
