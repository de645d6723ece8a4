"""Two users who turn out to be one, as a token or a directory proves. Renumbers nothing, so a link can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from state import errors, reducers, staff_events
from state import events as ev
from state.identity import Address, Assurance, Claims
from state.keys import Vault
from state.sql import deliveries, log, people
from state.sql.database import Row, Tx, query
from state.sql.people import Newcomer

SESSION = "SELECT *, {now} AS now FROM sessions WHERE user_id = :user_id {lock}"
MOVED = (
    "UPDATE identities SET user_id = :winner WHERE user_id = :loser",
    "UPDATE tickets SET session_id = :winner_session WHERE session_id = :loser_session",
    "UPDATE staff_threads SET session_id = :winner_session, posted_seq = :seq WHERE session_id = :loser_session",
    (
        "UPDATE actions SET session_id = :winner_session,"
        " origin_session_id = COALESCE(origin_session_id, session_id) WHERE session_id = :loser_session"
    ),
    "UPDATE codes SET session_id = :winner_session WHERE session_id = :loser_session",
    "UPDATE calls SET session_id = :winner_session WHERE session_id = :loser_session AND answered_at IS NULL",
)
PROOFS = frozenset({"token", "code"})
"""Methods that prove more than the address's channel does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Where a proof led.

    `frozen`: sessions that were forwarded to `session_id` by it; `foreign`: the address belongs to another customer, so
    nothing was linked.
    """

    user_id: str
    session_id: str
    frozen: tuple[str, ...] = ()
    foreign: bool = False


def prove(vault: Vault, address: Address, claims: Claims, *, method: str, create: bool) -> Tx[Proven]:
    """Record that the bearer of `address` is a customer, and link whoever that makes the same person.

    `method`: token or code (verified), or directory (the address's channel authenticated it). With `create` an unknown
    address is made.
    """
    here = yield from _here(vault, address, claims, create=create)
    if method != "token" and not Assurance(here["assurance"]).covers(Assurance.CHANNEL):
        raise errors.BadInput("an address that its channel did not authenticate proves nothing")
    mine = yield from people.customer_of(vault, here["user_id"])
    if mine not in {None, claims.customer_id}:
        return Proven(user_id=here["user_id"], session_id=here["id"], foreign=True)
    frozen: list[str] = []
    user_id = here["user_id"]
    if mine is None:
        user_id = yield from _claim_customer(vault, user_id, claims, method, frozen)
    yield from _raise_assurance(vault, here, user_id, claims, method)
    yield from _remember(vault, user_id, claims, method)
    user_id = yield from _join_addresses(vault, user_id, claims, frozen)
    rows = yield query("SELECT id FROM sessions WHERE user_id = :user_id", user_id=user_id)
    return Proven(user_id=user_id, session_id=rows[0]["id"], frozen=tuple(frozen))


def _here(vault: Vault, address: Address, claims: Claims, *, create: bool) -> Tx[Row]:
    """The identity that is proven. One never seen joins the customer's user at once, when there is one."""
    found = yield from people.find(vault, address, lock=True)
    if found:
        return found
    if not create:
        raise errors.BadInput("this address was never seen")
    newcomer = Newcomer(address=address, assurance=Assurance.CHANNEL, method="channel")
    owner = yield from people.find(vault, people.customer(claims.customer_id), lock=True)
    if owner is None:
        return (yield from people.ensure(vault, newcomer))
    yield from people.add_identity(vault, owner["user_id"], newcomer)
    found = yield from people.find(vault, address, lock=True)
    if found is None:
        raise errors.Conflict("the identity vanished")
    return found


def _claim_customer(vault: Vault, user_id: str, claims: Claims, method: str, frozen: list[str]) -> Tx[str]:
    """Give the user the customer number, or link them to the user who has it."""
    address = people.customer(claims.customer_id)
    owner = yield from people.find(vault, address, lock=True)
    if owner is None:
        assurance = Assurance.VERIFIED if method in PROOFS else Assurance.CHANNEL
        yield from people.add_identity(vault, user_id, Newcomer(address=address, assurance=assurance, method=method))
        return user_id
    if owner["user_id"] == user_id:
        return user_id
    return (yield from link(vault, user_id, owner["user_id"], f"same customer by {method}", frozen))


def _raise_assurance(vault: Vault, here: Row, user_id: str, claims: Claims, method: str) -> Tx[None]:
    """Mark the address as proven and say so in the log, once."""
    identity = here["identity_id"]
    level = Assurance.VERIFIED if method in PROOFS else Assurance.CHANNEL
    if method == "directory":
        yield query("UPDATE identities SET checked_at = {now} WHERE id = :id", id=identity)
    rows = yield query(
        "UPDATE identities SET assurance = :level, method = :method, verified_at = {now} WHERE id = :id"
        " AND method <> :method AND assurance <> 'verified' RETURNING channel",
        id=identity,
        level=level.value,
        method=method,
    )
    if not rows:
        return
    event = ev.IdentityVerified(
        channel=rows[0]["channel"], identity=identity, method=method, customer_id=claims.customer_id, name=claims.name
    )
    sessions = yield query(SESSION, user_id=user_id)
    session = sessions[0]
    yield from people.note(vault, session, log.Entry(event, identity))
    yield query(
        "UPDATE sessions SET in_seq = :seq, ready_at = COALESCE(ready_at, {now}) WHERE id = :id",
        seq=session["next_seq"],
        id=session["id"],
    )


def _remember(vault: Vault, user_id: str, claims: Claims, method: str) -> Tx[None]:
    """Keep the verified phone number and e-mail address as blind indexes: those addresses then join by themselves."""
    for kind, value in (("phone", claims.phone), ("email", claims.email)):
        if value:
            yield query(
                "INSERT INTO attributes (user_id, kind, idx, source, at) VALUES (:user_id, :kind, :idx, :source, {now})"
                " ON CONFLICT DO NOTHING",
                user_id=user_id,
                kind=kind,
                idx=people.match_index(vault, (kind, value)),
                source=method,
            )


def join(vault: Vault, proven: Proven, identity_id: str, claims: Claims) -> Tx[Proven]:
    """Make the holder of a second address, which a code proved as well, the same person; says so in the log."""
    rows = yield query("SELECT id, user_id, channel FROM identities WHERE id = :id", id=identity_id)
    if not rows:
        return proven
    row, frozen, user_id = rows[0], list(proven.frozen), proven.user_id
    if row["user_id"] != user_id:
        yield from _locked(row["user_id"])
        still = yield query("SELECT user_id FROM identities WHERE id = :id", id=identity_id)
        if still[0]["user_id"] != row["user_id"]:
            raise errors.Conflict("the address was linked or unlinked just now")
        if (yield from people.customer_of(vault, row["user_id"])) not in {None, claims.customer_id}:
            return proven
        user_id = yield from link(vault, user_id, row["user_id"], "same person by code", frozen)
    yield from _raise_assurance(vault, {"identity_id": identity_id}, user_id, claims, "code")
    found = yield query("SELECT id FROM sessions WHERE user_id = :user_id", user_id=user_id)
    return Proven(user_id=user_id, session_id=found[0]["id"], frozen=tuple(frozen))


def _join_addresses(vault: Vault, user_id: str, claims: Claims, frozen: list[str]) -> Tx[str]:
    """Link users who wrote from an address that its channel authenticated and that equals a verified attribute.

    An attribute that several customers have says nothing about who wrote.
    """
    for kind, value in (("phone", claims.phone), ("email", claims.email)):
        if not value or (yield from people.holders(vault, (kind, value))) != [user_id]:
            continue
        rows = yield query(
            "SELECT DISTINCT user_id FROM identities WHERE match_idx = :idx AND user_id <> :user_id"
            " AND method <> 'unlinked'",
            idx=people.match_index(vault, (kind, value)),
            user_id=user_id,
        )
        for row in rows:
            locked = yield from _locked(row["user_id"])
            still = yield query(
                "SELECT 1 AS one FROM identities WHERE user_id = :user_id AND match_idx = :idx"
                " AND method <> 'unlinked'",
                idx=people.match_index(vault, (kind, value)),
                user_id=locked["user_id"],
            )
            if not still:
                raise errors.Conflict("the address was linked or unlinked just now")
            # whoever proves something about that user waits, or did it before
            if (yield from people.customer_of(vault, row["user_id"])) in {None, claims.customer_id}:
                user_id = yield from link(vault, user_id, row["user_id"], f"same verified {kind}", frozen)
    return user_id


def _locked(user_id: str) -> Tx[Row]:
    """A user's session, locked. Raises Conflict when it was linked to another by now."""
    rows = yield query(SESSION, user_id=user_id)
    if rows[0]["forwarded_to"]:
        raise errors.Conflict("the session was linked to another just now")
    return rows[0]


def link(vault: Vault, one: str, two: str, reason: str, frozen: list[str]) -> Tx[str]:
    """Make two users one: the younger session is frozen and forwarded to the older. Returns the user that stays."""
    sessions = []
    for user_id in sorted((one, two)):
        sessions += [(yield from _locked(user_id))]
    older, younger = sorted(sessions, key=lambda s: (s["created_at"], s["id"]))
    carried, unanswered = yield from _carried(vault, younger, older["next_seq"])
    yield from _freeze(vault, older, younger, reason)
    yield from _take_over(vault, older, younger, reason, carried=carried, unanswered=unanswered)
    names = {
        "winner": older["user_id"],
        "loser": younger["user_id"],
        "winner_session": older["id"],
        "loser_session": younger["id"],
    }
    for sql in MOVED:
        yield query(sql, **names, **({"seq": older["next_seq"]} if ":seq" in sql else {}))
    yield query(
        "INSERT INTO attributes (user_id, kind, idx, source, at) SELECT :winner, kind, idx, source, at FROM attributes"
        " WHERE user_id = :loser ON CONFLICT DO NOTHING",
        **names,
    )
    if "staff" in {older["mode"], younger["mode"]}:
        yield query("UPDATE sessions SET mode = 'staff' WHERE id = :id", id=older["id"])
        yield query(deliveries.WITHHOLD, session_id=older["id"])
    frozen.append(younger["id"])
    return str(older["user_id"])


def _carried(vault: Vault, younger: Row, at: int) -> Tx[tuple[dict[str, Any], list[ev.Stored]]]:
    """What the younger session knows, for the place `at` of the older, and what no turn of it has answered.

    A message that consented to a write under way is answered by the outcome of that write, wherever it is told.
    """
    keys = yield from log.ciphers(vault, [f"u:{younger['user_id']}"])
    base = log.open_state(keys.get(f"u:{younger['user_id']}"), younger)
    after = min(base.seq, younger["done_seq"])
    stored = yield from log.between(vault, younger["id"], after, younger["next_seq"])
    state = reducers.fold(base, [s for s in stored if s.seq > base.seq])
    consents = [action.consent_seq or 0 for action in state.open_actions()]
    done = max(younger["done_seq"], *consents, 0)
    unanswered = [
        s
        for s in stored
        if (s.seq > done and isinstance(s.data, ev.MessageReceived))
        or (s.seq > younger["done_seq"] and isinstance(s.data, staff_events.Followed))
    ]
    return reducers.carried(state, at=at, moved=[s.seq for s in unanswered]), unanswered


def _freeze(vault: Vault, older: Row, younger: Row, reason: str) -> Tx[None]:
    """End the younger session; its running turn loses its fence."""
    yield from people.note(vault, younger, log.Entry(ev.SessionForwarded(to=older["id"], reason=reason)))
    yield query(
        "UPDATE sessions SET forwarded_to = :to, ready_at = NULL, lease_owner = NULL, fence = fence + 1,"
        " in_seq = done_seq WHERE id = :id",
        to=older["id"],
        id=younger["id"],
    )
    yield query("UPDATE sessions SET forwarded_to = :to WHERE forwarded_to = :id", to=older["id"], id=younger["id"])


def _take_over(
    vault: Vault, older: Row, younger: Row, reason: str, *, carried: dict[str, Any], unanswered: list[ev.Stored]
) -> Tx[None]:
    """Say in the older session who joined, and take the unanswered messages along."""
    identities = yield query("SELECT id, channel FROM identities WHERE user_id = :user_id", user_id=younger["user_id"])
    joined = ev.IdentityLinked(
        other_session=younger["id"],
        other_user=younger["user_id"],
        reason=reason,
        identities=[dict(row) for row in identities],
        carried=carried,
    )
    entries = [log.Entry(joined), *(log.Entry(s.data, s.identity, s.at) for s in unanswered if s.data)]
    yield from people.note(vault, older, *entries)
    for seq, stored in enumerate(unanswered, start=older["next_seq"] + 1):
        yield query(
            "UPDATE inbox SET session_id = :to, seq = :seq WHERE session_id = :from_id AND seq = :old",
            to=older["id"],
            seq=seq,
            from_id=younger["id"],
            old=stored.seq,
        )
    under_way = reducers.CONSENTED | reducers.DOUBTFUL
    if unanswered or any(action["state"] in under_way for action in carried["actions"].values()):
        yield query(
            "UPDATE sessions SET in_seq = :seq, burst_at = {now}, ready_at = {now} WHERE id = :id",
            seq=older["next_seq"] + len(entries) - 1,
            id=older["id"],
        )
