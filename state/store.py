"""The store: every transaction of the program by name, over SQLite or PostgreSQL. Holds no rule about conversations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from typing import Any

from state import STORES, errors, faults
from state import events as ev
from state.approvals import Who
from state.calls import Calls
from state.identity import Address, Assurance, Claims
from state.keys import Vault
from state.lease import Lease
from state.ledger import Spent
from state.messages import Accepted, Acted, Inbound, Outbound, Receipt, StaffAct, StatusUpdate, Thread
from state.session import Session
from state.sql import (
    codes,
    deliveries,
    inbox,
    keyring,
    ledger,
    links,
    outside,
    people,
    queries,
    staff,
    threads,
    times,
    turns,
    unlink,
)
from state.sql.database import Database, Row, Tx
from state.sql.inbox import Pace, Ready
from state.sql.links import Proven
from state.sql.turns import Opened, Work, Written
from state.sql.unlink import Parted


class Store:
    """One instance per process. Raises RetryLater when the database is away; nothing is half-written then."""

    def __init__(self, database: Database, vault: Vault) -> None:
        """Take an open database and the keys."""
        self.database = database
        self.vault = vault
        self.calls = Calls(database, vault)

    @classmethod
    async def open(cls, url: str, *, keks: Mapping[str, bytes], index_key: bytes) -> Store:
        """Open the database named by `url` (its scheme picks the row of STORES)."""
        scheme = url.partition(":")[0]
        if scheme not in STORES:
            raise errors.BadInput(f"DATABASE_URL: {scheme!r} is not a store; use sqlite:///path or postgresql://…")
        module, _, name = STORES[scheme].partition(":")
        database = await getattr(import_module(module), name).open(url)
        return cls(database, Vault(keks, index_key))

    async def close(self) -> None:
        """Finish what is queued and close."""
        await self.database.close()

    # --- in -----------------------------------------------------------------------------------------------------------

    async def accept(self, message: Inbound, pace: Pace) -> tuple[Accepted, Ready | None]:
        """Record one inbound message durably; see `inbox.accept`."""
        result = await self.database.write(lambda: inbox.accept(self.vault, message, pace))
        faults.point("ingest.post_commit")
        return result

    async def act(
        self, given: StaffAct, who: Who, pace: Pace, *, assignee: Who | None = None
    ) -> tuple[Acted, Ready | None]:
        """Record one act of a staff member durably; see `staff.act`."""
        result = await self.database.write(lambda: staff.act(self.vault, given, who, pace, assignee=assignee))
        faults.point("staff.post_commit")
        return result

    async def own_mail(self, user_id: str, email: str) -> str | None:
        """The identity of the e-mail address that the directory gives for a user; None when it is somebody else's."""
        address = Address(channel="email", address=email)
        return await self.database.write(lambda: people.own(self.vault, user_id, address, ("email", email)))

    async def prove(self, address: Address, claims: Claims, *, method: str, create: bool) -> Proven:
        """Record a proof of identity and link whoever it makes the same person; see `links.prove`."""

        def tx() -> Tx[Proven]:
            result = yield from links.prove(self.vault, address, claims, method=method, create=create)
            faults.point("link.commit")
            return result

        return await self.database.write(tx)

    async def send_code(self, lease: Lease, asked: codes.Asked) -> None:
        """Make a one-time code and queue its message; see `codes.send`."""
        await self.database.write(lambda: codes.send(self.vault, lease, asked))

    async def code_waits(self, session_id: str, identity_id: str) -> bool:
        """Whether a code that was asked for on this identity may still be typed."""
        return await self.database.read(lambda: codes.waiting(session_id, identity_id))

    async def redeem(self, code_id: str, *, notice: str, windows: Mapping[str, int | None]) -> Proven | None:
        """Let a right code take effect, once; see `codes.redeem`."""
        return await self.database.write(lambda: codes.redeem(self.vault, code_id, notice=notice, windows=windows))

    async def forget_codes(self) -> None:
        """Drop the words of codes whose time is over."""
        await self.database.write(codes.forget)

    async def unlink(self, address: Address, *, reason: str) -> Parted:
        """Undo the newest link of an address; see `unlink.unlink`. A customer's one wish is followed once."""

        def tx() -> Tx[Parted]:
            before = yield from unlink.is_alone(self.vault, address)
            if before is None and reason.startswith("customer:"):
                before = yield from unlink.was_done(self.vault, address, reason)
            return before or (yield from unlink.unlink(self.vault, address, reason=reason))

        return await self.database.write(tx)

    async def standing(self, identity_id: str) -> Row | None:
        """How an identity came to be known, and how long ago (`age`, ms) that was last seen to be true."""
        return await self.database.read(lambda: queries.standing(identity_id))

    async def checked(self, identity_id: str) -> None:
        """Note that an identity's proof was seen to hold."""
        await self.database.write(lambda: queries.checked(identity_id))

    async def shared(self, identity_id: str) -> None:
        """Note that several customers have an address."""
        await self.database.write(lambda: queries.shared(identity_id))

    async def linked_last(self, session_id: str) -> str | None:
        """The identity that joined a session last by a code."""
        return await self.database.read(lambda: unlink.linked_last(self.vault, session_id))

    async def reassign(self, identity_id: str, match: tuple[str, str] | None) -> Parted | None:
        """Part an address that is another person's now from who had it; see `unlink.reassign`."""
        return await self.database.write(lambda: unlink.reassign(self.vault, identity_id, match))

    # --- turns --------------------------------------------------------------------------------------------------------

    async def claim(self, owner: str, *, limit: int, lease_ms: int) -> list[Lease]:
        """Take ready sessions."""
        return await self.database.write(lambda: turns.claim(owner, limit, lease_ms))

    async def renew(self, leases: Sequence[Lease], *, lease_ms: int) -> set[str]:
        """Prolong leases; the sessions that were lost."""
        return await self.database.write(lambda: turns.renew(leases, lease_ms))

    async def end_all_leases(self, *, reconcile_ms: int) -> None:
        """For SQLite's start-up."""
        await self.database.write(lambda: turns.end_all_leases(reconcile_ms))

    async def open_session(self, lease: Lease) -> Opened:
        """The session as a turn finds it."""
        return await self.database.read(lambda: turns.open_session(self.vault, lease))

    async def append(self, lease: Lease, work: Work, *, worker: str = "", claim_ms: int = 0) -> Written:
        """A short commit inside a turn; with deliveries, `worker` may send them at once."""
        written = await self.database.write(
            lambda: turns.append(self.vault, lease, work, worker=worker, claim_ms=claim_ms)
        )
        faults.point("turn.appended")
        return written

    async def commit(self, lease: Lease, work: Work, *, done_seq: int, worker: str, claim_ms: int) -> Written:
        """The turn's commit."""
        written = await self.database.write(
            lambda: turns.commit(self.vault, lease, work, done_seq=done_seq, worker=worker, claim_ms=claim_ms)
        )
        faults.point("turn.committed")
        return written

    async def release(self, lease: Lease, *, after_ms: int) -> None:
        """Give a lease back unused."""
        await self.database.write(lambda: turns.release(lease, after_ms=after_ms))

    async def fail(self, lease: Lease, *, after_ms: int) -> int:
        """Give a lease back after a failure; how long the session has been failing, in ms."""
        return await self.database.write(lambda: turns.fail(lease, after_ms=after_ms))

    async def next_number(self, name: str) -> int:
        """The next ticket number (or another counter's)."""
        return await self.database.write(lambda: turns.next_number(name))

    async def run_out(self, *, abandoned_s: float) -> list[str]:
        """Let approvals and waits run out that are due; the sessions that have something to do now."""
        return await self.database.write(lambda: times.run_out(self.vault, abandoned_ms=int(abandoned_s * 1000)))

    async def due_actions(self, *, limit: int = 50) -> list[Row]:
        """Make sessions ready whose write has an unknown outcome that is to be looked up now."""
        return await self.database.write(lambda: queries.due_actions(limit))

    # --- out ----------------------------------------------------------------------------------------------------------

    async def claim_deliveries(self, worker: str, *, limit: int, claim_ms: int) -> list[Outbound]:
        """Take replies that are due."""
        return await self.database.write(lambda: deliveries.claim(self.vault, worker, limit, claim_ms))

    async def load_delivery(self, outbox_id: str) -> Outbound:
        """A claimed reply, ready to be sent."""
        return await self.database.read(lambda: deliveries.load(self.vault, outbox_id))

    async def reply(self, outbox_id: str) -> ev.ReplyQueued | None:
        """A reply as it was queued."""
        return await self.database.read(lambda: deliveries.reply(self.vault, outbox_id))

    async def settle_deliveries(self, receipts: Sequence[tuple[Receipt, float]], worker: str) -> None:
        """Record receipts, many in one commit."""
        await self.database.write(lambda: deliveries.settle(self.vault, receipts, worker))
        faults.point("send.receipt")

    async def put_back(self, ids: Sequence[str], worker: str) -> None:
        """Return claims that were never tried."""
        await self.database.write(lambda: deliveries.put_back(ids, worker))

    async def delivered(self, channel: str, provider_ids: Sequence[str], outbox_id: str) -> frozenset[str]:
        """Which of a channel's provider ids are the receipt of some reply already."""
        return await self.database.read(lambda: deliveries.delivered(channel, provider_ids, outbox_id))

    async def give_up(self, give_up_ms: int) -> list[Row]:
        """Fail what cannot be delivered."""
        return await self.database.write(lambda: deliveries.give_up(self.vault, give_up_ms))

    async def delivery_status(self, update: StatusUpdate) -> None:
        """Fold a provider's delivery status."""
        await self.database.write(lambda: deliveries.status(self.vault, update))

    # --- what channels keep and ask -----------------------------------------------------------------------------------

    async def replied(self, reply_id: str) -> Thread | None:
        """Where an answer to one of our replies belongs."""
        return await self.database.read(lambda: outside.replied(self.vault, reply_id))

    async def ticket_of(self, number: int, address: Address) -> Thread | None:
        """Where a ticket number belongs, for one of its customer's addresses."""
        return await self.database.read(lambda: outside.ticket(self.vault, number, address))

    async def allow(self, name: str, limit: int, window_s: float) -> bool:
        """Count one use of a name for all processes, across restarts."""
        return await self.database.write(lambda: outside.allow(name, limit, int(window_s * 1000)))

    async def cursor(self, name: str, value: str | None) -> str | None:
        """Read a cursor, or keep its new value."""
        if value is None:
            return await self.database.read(lambda: outside.cursor(name, None))
        return await self.database.write(lambda: outside.cursor(name, value))

    async def forget_uses(self, older_s: float) -> None:
        """Forget counters, and cursors named `once/…`, from before some time: no window is that long."""
        await self.database.write(lambda: outside.forget(int(older_s * 1000)))

    # --- the staff's threads ------------------------------------------------------------------------------------------

    async def claim_threads(self, worker: str, *, limit: int, claim_s: float) -> list[threads.Due]:
        """Take threads that have news to tell."""
        return await self.database.write(lambda: threads.claim(worker, limit, int(claim_s * 1000)))

    async def thread_posted(
        self, ticket: str, worker: str, *, place: str | None, seq: int, card: str | None = None, claim_s: float = 30.0
    ) -> None:
        """Keep how far a thread is, and the claim on it."""
        claim_ms = int(claim_s * 1000)
        await self.database.write(
            lambda: threads.posted(ticket, worker, place=place, seq=seq, card=card, claim_ms=claim_ms)
        )

    async def thread_done(self, due: threads.Due, worker: str) -> None:
        """Give a thread back that is up to date."""
        await self.database.write(lambda: threads.done(due, worker))

    async def thread_later(self, due: threads.Due, worker: str, *, after_s: float) -> None:
        """Give a thread back whose turn it is not yet."""
        await self.database.write(lambda: threads.later(due, worker, int(after_s * 1000)))

    async def thread_failed(self, due: threads.Due, worker: str, *, after_s: float, reason: str, lost: bool) -> int:
        """Give a thread back that could not be told; for how long that has been so, in ms."""
        after_ms = int(after_s * 1000)
        return await self.database.write(
            lambda: threads.failed(due, worker, after_ms=after_ms, reason=reason, lost=lost)
        )

    async def thread_alerted(self, ticket: str) -> None:
        """Note that staff were told another way."""
        await self.database.write(lambda: threads.alerted(ticket))

    # --- reads --------------------------------------------------------------------------------------------------------

    async def live(self, address: Address) -> Row | None:
        """Where an address stands."""
        return await self.database.read(lambda: queries.live(self.vault, address))

    async def address(self, identity_id: str) -> Address | None:
        """An identity's address."""
        return await self.database.read(lambda: deliveries.address_of(self.vault, identity_id))

    async def addresses(self, user_id: str) -> list[tuple[str, Address, Assurance]]:
        """A user's identities."""
        return await self.database.read(lambda: people.addresses(self.vault, user_id))

    async def transcript(self, session_id: str, after: int) -> list[tuple[str, ev.Stored]]:
        """Messages and replies after a seq."""
        return await self.database.read(lambda: queries.transcript(self.vault, session_id, after))

    async def events(self, session_id: str, after: int) -> list[ev.Stored]:
        """All events after a seq."""
        return await self.database.read(lambda: queries.events(self.vault, session_id, after))

    async def session(self, session_id: str) -> tuple[Row, Session] | None:
        """A session's row and folded state."""

        def tx() -> Tx[tuple[Row, Session] | None]:
            row = yield from queries.session_row(session_id)
            return (row, (yield from queries.folded(self.vault, row))) if row else None

        return await self.database.read(tx)

    async def refold(self, session_id: str) -> Session:
        """The session folded from its whole log."""

        def tx() -> Tx[Session]:
            row = yield from queries.session_row(session_id)
            if row is None:
                raise errors.BadInput("no such session")
            return (yield from queries.refold(self.vault, row))

        return await self.database.read(tx)

    async def sessions(self, *, limit: int = 100, before: int | None = None) -> list[Row]:
        """Sessions by last activity."""
        return await self.database.read(lambda: queries.sessions(limit, before))

    async def tickets(self, *, limit: int = 100) -> list[dict[str, Any]]:
        """Tickets, newest first."""
        return await self.database.read(lambda: queries.tickets(self.vault, limit))

    async def action(self, action_id: str) -> Row | None:
        """An action in the ledger."""
        return await self.database.read(lambda: queries.action(action_id))

    async def spent(self, session_id: str, tool: str, *, besides: Collection[str] = ()) -> Spent:
        """What a user did with a tool in the last 24 hours; see `ledger.spent`."""
        return await self.database.read(lambda: ledger.spent(session_id, tool, besides))

    async def deliveries(self, session_id: str) -> list[Row]:
        """The outbox of a session."""
        return await self.database.read(lambda: queries.deliveries(session_id))

    async def health(self) -> dict[str, int]:
        """Queue figures; raises RetryLater when the database is away."""
        return await self.database.read(queries.health)

    # --- keys ---------------------------------------------------------------------------------------------------------

    async def check_keys(self) -> None:
        """See that these are the keys of what is stored; raises KeyMissing when not."""
        await self.database.read(lambda: keyring.check(self.vault))

    async def rewrap(self, *, batch: int = 500) -> int:
        """Wrap the next data keys under the newest key; how many were done."""
        return await self.database.write(lambda: keyring.rewrap(self.vault, batch))

    async def key_uses(self) -> list[Row]:
        """Data keys per key encryption key."""
        return await self.database.read(keyring.uses)
