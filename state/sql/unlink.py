"""Undoing a link: identities go back to the user they came from, or to one of their own, and their events with them.

One transaction. Nothing is lost and nothing is seen twice: what left a log keeps its place there, without words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from state import errors, faults, partition
from state import events as ev
from state.identity import CUSTOMER, Address, Assurance
from state.keys import Vault
from state.partition import Cut, Leaving
from state.sql import log, parting, people
from state.sql.database import Row, Tx, query
from state.sql.people import Newcomer

LOCKED = "SELECT *, {now} AS now FROM sessions WHERE user_id = :user_id {lock}"
RETIRED = "retired"
"""The method of an identity whose address is somebody else's now; no one is found by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """Where the address stands now, and the session it left. `changed` is False when there was nothing to undo."""

    changed: bool
    user_id: str
    session_id: str
    left: str


def unlink(vault: Vault, address: Address, *, reason: str) -> Tx[Parted]:
    """Undo the newest link of an address, with whoever came to it by way of that link; a second time does nothing."""
    here = yield from _here(vault, address)
    user_id, mine = str(here["user_id"]), str(here["identity_id"])
    rows = yield query("SELECT origin_user_id FROM identities WHERE id = :id", id=mine)
    came = str(rows[0]["origin_user_id"])
    own = came == user_id
    if own:
        came = yield from people.create_user(vault)
    source, to = yield from _both(user_id, came)
    others = yield query("SELECT id, origin_user_id, method FROM identities WHERE user_id = :user_id", user_id=user_id)
    now = {row["id"]: row["origin_user_id"] for row in others}.get(mine)
    if now != (user_id if own else came) or source["forwarded_to"] or (not own and to["forwarded_to"] != source["id"]):
        raise errors.Conflict("the address was linked or unlinked just now")
    frozen = yield query("SELECT id, user_id FROM sessions WHERE forwarded_to = :id", id=source["id"])
    group = {} if own else (yield from _group(vault, came, {row["user_id"]: row["id"] for row in frozen}))
    leave = {str(row["id"]) for row in others if (row["id"] == mine if own else row["origin_user_id"] in group)}
    plan = yield from _plan(source, frozenset(leave), frozenset(group.values()))
    between = {str(row["id"]): str(row["user_id"]) for row in frozen if row["id"] not in plan.sessions}
    yield from _part(vault, source, to, plan, between=between, why=reason)
    faults.point("link.commit")
    return Parted(changed=True, user_id=to["user_id"], session_id=to["id"], left=source["id"])


def is_alone(vault: Vault, address: Address) -> Tx[Parted | None]:
    """Where an address stands that shares its user with no other, so that there is nothing to undo; None otherwise.

    A customer's number is no address: whose an address is by the directory's word is not a link.
    """
    here = yield from _here(vault, address)
    rows = yield query(
        "SELECT 1 AS one FROM identities WHERE user_id = :user_id AND id <> :id AND method <> 'retired'"
        " AND channel <> :customer",
        user_id=here["user_id"],
        id=here["identity_id"],
        customer=CUSTOMER,
    )
    if rows:
        return None
    return Parted(changed=False, user_id=here["user_id"], session_id=here["id"], left=here["id"])


def was_done(vault: Vault, address: Address, reason: str) -> Tx[Parted | None]:
    """Where an address stands whose link was undone for this very reason already; None when it was not."""
    here = yield from _here(vault, address)
    rows = yield query(
        "SELECT seq, kind, at, turn, identity_id, owner, body FROM events"
        " WHERE session_id = :id AND kind = 'IdentityUnlinked' ORDER BY seq",
        id=here["id"],
    )
    done = yield from log.opened(vault, here["id"], rows)
    if not any(isinstance(s.data, ev.IdentityUnlinked) and s.data.reason == reason for s in done):
        return None
    return Parted(changed=False, user_id=here["user_id"], session_id=here["id"], left=here["id"])


def linked_last(vault: Vault, session_id: str) -> Tx[str | None]:
    """The identity that a code was typed on last, if it was right."""
    rows = yield query(
        "SELECT e.session_id, e.seq, e.kind, e.at, e.turn, e.identity_id, e.owner, e.body FROM events e"
        " JOIN sessions s ON s.id = e.session_id WHERE (s.id = :id OR s.forwarded_to = :id)"
        " AND e.kind = 'CodeChecked' ORDER BY e.at DESC, e.seq DESC LIMIT 20",
        id=session_id,
    )
    for row in rows:
        (stored,) = yield from log.opened(vault, row["session_id"], [row])
        if isinstance(stored.data, ev.CodeChecked) and stored.data.outcome == "right":
            return stored.data.identity
    return None


def _here(vault: Vault, address: Address) -> Tx[Row]:
    """The identity with its session."""
    if address.channel == CUSTOMER:
        raise errors.BadInput("a customer number is no address: unlink the address that is not theirs")
    here = yield from people.find(vault, address, lock=False)
    if here is None:
        raise errors.BadInput("this address was never seen")
    return here


def _both(one: str, two: str) -> Tx[tuple[Row, Row]]:
    """Two users' sessions, locked in the one order that everybody keeps."""
    found = {}
    for user_id in sorted((one, two)):
        found[user_id] = (yield query(LOCKED, user_id=user_id))[0]
    return found[one], found[two]


def _group(vault: Vault, user_id: str, frozen: dict[str, str]) -> Tx[dict[str, str]]:
    """A user with all those who had become one with it before it was linked itself: user → session."""
    group = {user_id: frozen[user_id]}
    waiting = [user_id]
    while waiting:
        session_id = frozen[waiting.pop()]
        rows = yield query(
            "SELECT seq, kind, at, turn, identity_id, owner, body FROM events"
            " WHERE session_id = :id AND kind = 'IdentityLinked' ORDER BY seq",
            id=session_id,
        )
        for stored in (yield from log.opened(vault, session_id, rows)):
            other = stored.data.other_user if isinstance(stored.data, ev.IdentityLinked) else None
            if other in frozen and other not in group:
                group[other] = frozen[other]
                waiting.append(other)
    return group


def _plan(source: Row, identities: frozenset[str], sessions: frozenset[str]) -> Tx[Leaving]:
    """Who and what goes, by the rows."""
    customers = yield query(
        "SELECT id FROM identities WHERE user_id = :user_id AND channel = :channel",
        user_id=source["user_id"],
        channel=CUSTOMER,
    )
    theirs: dict[str, frozenset[str]] = {}
    for table in ("actions", "tickets"):
        rows = yield query(
            f"SELECT id, origin_session_id FROM {table} WHERE session_id = :id",  # noqa: S608 - one of two words of ours
            id=source["id"],
        )
        theirs[table] = frozenset(str(row["id"]) for row in rows if row["origin_session_id"] in sessions)
    return Leaving(
        identities=identities,
        sessions=sessions,
        customer=any(row["id"] in identities for row in customers),
        actions=theirs["actions"],
        tickets=theirs["tickets"],
    )


def _part(vault: Vault, source: Row, to: Row, plan: Leaving, *, between: Mapping[str, str], why: str) -> Tx[None]:
    """Move what belongs to those who leave, and let both sides go on.

    `between`: sessions (and their users) that stay frozen, through which those who leave may have come.
    """
    customer = yield from people.customer_of(vault, source["user_id"])
    yield from _identities(source, to, plan)
    back = ev.IdentityUnlinked(
        to=source["id"],
        reason=why,
        identities=sorted(plan.identities),
        back=True,
        customer_id=customer if plan.customer else None,
    )
    target = dict((yield from people.note(vault, to, log.Entry(back))))
    cuts: list[Cut] = []
    for session_id, user_id in {**between, source["id"]: source["user_id"]}.items():
        stored = yield from parting.whole(vault, session_id)
        made = partition.cut(stored, plan)
        cuts.append(made)
        target = yield from parting.move(vault, session_id, user_id, target, made)
    yield from parting.rows(vault, source, target, cuts)
    left = ev.IdentityUnlinked(
        to=to["id"],
        reason=why,
        identities=sorted(plan.identities),
        customer_id=None if plan.customer else customer,
    )
    stays = yield from people.note(vault, source, log.Entry(left))
    yield from _proofs(source["user_id"], to["user_id"], plan)
    here = frozenset().union(*(one.here for one in cuts))
    there = frozenset().union(*(one.there for one in cuts))
    yield from parting.go_on(vault, stays, touched=here, thaw=None)
    yield from parting.go_on(vault, target, touched=there, thaw=source["done_seq"])


def _identities(source: Row, to: Row, plan: Leaving) -> Tx[None]:
    """Give the identities back; a session that thaws takes along those that were forwarded to it before."""
    for identity in sorted(plan.identities):
        yield query(
            "UPDATE identities SET user_id = :to, origin_user_id ="
            " CASE WHEN origin_user_id = :source THEN :to ELSE origin_user_id END WHERE id = :id",
            to=to["user_id"],
            source=source["user_id"],
            id=identity,
        )
    for session_id in sorted(plan.sessions - {to["id"]}):
        yield query("UPDATE sessions SET forwarded_to = :to WHERE id = :id", to=to["id"], id=session_id)
    yield query(
        "UPDATE codes SET session_id = :to, spent_at = COALESCE(spent_at, {now}), code_enc = NULL, customer_enc = NULL"
        " WHERE session_id = :source AND identity_id IN (SELECT id FROM identities WHERE user_id = :user_id)",
        to=to["id"],
        source=source["id"],
        user_id=to["user_id"],
    )


def _proofs(source: str, to: str, plan: Leaving) -> Tx[None]:
    """Attributes and proofs stay with whom the customer's number stays with; the others must prove themselves anew.

    They are not asked about again by themselves: somebody said that they do not belong there.
    """
    has, has_not = (to, source) if plan.customer else (source, to)
    if plan.customer:
        yield query(
            "INSERT INTO attributes (user_id, kind, idx, source, at) SELECT :has, kind, idx, source, at FROM attributes"
            " WHERE user_id = :has_not ON CONFLICT DO NOTHING",
            has=has,
            has_not=has_not,
        )
    yield query("DELETE FROM attributes WHERE user_id = :user_id", user_id=has_not)
    yield query(
        "UPDATE identities SET method = 'unlinked', match_idx = NULL, checked_at = NULL,"
        " assurance = CASE WHEN assurance = 'claimed' THEN 'claimed' ELSE 'channel' END"
        " WHERE user_id = :user_id AND method <> 'retired'",
        user_id=has_not,
    )


def reassign(vault: Vault, identity_id: str, match: tuple[str, str] | None) -> Tx[Parted | None]:
    """Part an address from who had it: whoever writes from it now is somebody new, and what is unread is theirs.

    What was said before stays with who said it, under an identity that nobody is found by any more. None when it was
    done already.
    """
    rows = yield query(
        "SELECT id, user_id, channel, address_enc, method FROM identities WHERE id = :id", id=identity_id
    )
    if not rows or rows[0]["method"] == RETIRED:
        return None
    keys = yield from log.ciphers(vault, [f"i:{identity_id}"])
    if not keys:
        return None
    text = keys[f"i:{identity_id}"].open(rows[0]["address_enc"], f"identities|address|{identity_id}").decode()
    address = Address(channel=rows[0]["channel"], address=text)
    came = yield from people.create_user(vault)
    source, to = yield from _both(rows[0]["user_id"], came)
    still = yield query("SELECT user_id, method FROM identities WHERE id = :id", id=identity_id)
    if source["forwarded_to"] or still[0]["user_id"] != source["user_id"] or still[0]["method"] == RETIRED:
        raise errors.Conflict("the address was linked or unlinked just now")
    yield query(
        "UPDATE identities SET address_idx = :idx, match_idx = NULL, method = 'retired', assurance = 'claimed'"
        " WHERE id = :id",
        idx=vault.index("retired", identity_id),
        id=identity_id,
    )
    if match:
        yield query(
            "DELETE FROM attributes WHERE user_id = :user_id AND idx = :idx",
            user_id=source["user_id"],
            idx=people.match_index(vault, match),
        )
    newcomer = Newcomer(address=address, assurance=Assurance.CHANNEL, method="channel", match=match)
    fresh = yield from people.add_identity(vault, came, newcomer)
    yield from _unread(vault, source, to, identity_id, fresh)
    faults.point("link.commit")
    return Parted(changed=True, user_id=came, session_id=to["id"], left=source["id"])


def _unread(vault: Vault, source: Row, to: Row, old: str, fresh: str) -> Tx[None]:
    """Let the messages that no turn has answered begin the new log, and the old one go on without the address."""
    stored = yield from log.between(vault, source["id"], source["done_seq"], source["next_seq"])
    made = partition.unread(stored, old, fresh)
    for row in (yield query("SELECT id FROM sessions WHERE forwarded_to = :id", id=source["id"])):
        yield from parting.forget_copies(vault, row["id"], made.moved)
    target = yield from parting.move(vault, source["id"], source["user_id"], dict(to), made)
    yield query(
        "UPDATE outbox SET state = 'failed', reason = 'unlinked' WHERE identity_id = :id"
        " AND state IN ('pending', 'claimed')",
        id=old,
    )
    customer = yield from people.customer_of(vault, source["user_id"])
    left = ev.IdentityUnlinked(to=to["id"], reason="reassigned", identities=[old], customer_id=customer)
    stays = yield from people.note(vault, source, log.Entry(left))
    yield from parting.go_on(vault, stays, touched=frozenset(), thaw=None)
    yield from parting.go_on(vault, target, touched=frozenset(), thaw=source["done_seq"])
