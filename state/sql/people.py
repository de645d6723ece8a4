"""Users and their identities: finding, creating, proving. Links between two users are in `links`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from state import errors
from state import events as ev
from state.identity import CUSTOMER, Address, Assurance
from state.keys import Cipher, Vault
from state.sql import log
from state.sql.database import Row, Tx, query

FIND = """SELECT i.id AS identity_id, i.assurance, i.user_id, s.id, s.next_seq, s.in_seq, s.in_at, s.burst_at,
 s.done_seq, s.ready_at, s.lease_owner, s.lease_until, s.fence, s.attempts, s.mode, s.forwarded_to, {now} AS now
 FROM identities i JOIN sessions s ON s.user_id = i.user_id WHERE i.channel = :channel AND i.address_idx = :idx"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """What is known of an address when it is seen first. `match`: (kind, value) it shares with verified attributes."""

    address: Address
    assurance: Assurance
    method: str
    match: tuple[str, str] | None = None


def index(vault: Vault, address: Address) -> bytes:
    """The blind index of an address."""
    return vault.index(f"identity|{address.channel}", address.address)


def match_index(vault: Vault, match: tuple[str, str] | None) -> bytes | None:
    """The blind index that an address shares with a verified phone number or e-mail address."""
    return vault.index(f"attribute|{match[0]}", match[1].strip().casefold()) if match else None


def find(vault: Vault, address: Address, *, lock: bool) -> Tx[Row | None]:
    """The identity with its user's session (locked, if asked); None when it was never seen."""
    rows = yield query(FIND + (" {lock_session}" if lock else ""), channel=address.channel, idx=index(vault, address))
    if rows and lock and rows[0]["forwarded_to"]:
        raise errors.Conflict("the session was linked to another just now")
    return rows[0] if rows else None


def ensure(vault: Vault, newcomer: Newcomer) -> Tx[Row]:
    """Find the identity, or make it: under the one user whose verified attribute it equals, else under a new user."""
    found = yield from find(vault, newcomer.address, lock=True)
    if found:
        yield from _authenticated(vault, found, newcomer)
        return found
    user_id = yield from _known_user(vault, newcomer)
    if user_id is None:
        user_id = yield from create_user(vault)
    identity_id = yield from add_identity(vault, user_id, newcomer)
    found = yield from find(vault, newcomer.address, lock=True)
    if found is None:
        raise errors.Conflict("the identity vanished")
    if found["next_seq"] > 1:
        verified = ev.IdentityVerified(channel=newcomer.address.channel, identity=identity_id, method="attribute")
        found = yield from note(vault, found, log.Entry(verified, identity_id))
    return found


def _authenticated(vault: Vault, found: Row, newcomer: Newcomer) -> Tx[None]:
    """Note that a channel vouches now for an address that was only spoken of before."""
    if found["assurance"] == Assurance.CLAIMED.value and newcomer.assurance.covers(Assurance.CHANNEL):
        yield query(
            "UPDATE identities SET assurance = :assurance, method = :method, match_idx = :match WHERE id = :id",
            assurance=newcomer.assurance.value,
            method=newcomer.method,
            match=match_index(vault, newcomer.match),
            id=found["identity_id"],
        )


def note(vault: Vault, session: Row, *entries: log.Entry) -> Tx[dict[str, object]]:
    """Append events to a locked session outside a turn; returns the session row with its new next_seq."""
    yield from log.append(vault, session, entries)
    after = session["next_seq"] + len(entries)
    yield query("UPDATE sessions SET next_seq = :after WHERE id = :id", after=after, id=session["id"])
    return {**dict(session), "next_seq": after}


def add_identity(vault: Vault, user_id: str, newcomer: Newcomer) -> Tx[str]:
    """Insert an identity with its data key. Raises Conflict when somebody else was faster."""
    identity_id = uuid.uuid4().hex
    cipher = yield from log.make_key(vault, f"i:{identity_id}")
    address = newcomer.address
    rows = yield query(
        "INSERT INTO identities (id, user_id, origin_user_id, channel, address_idx, address_enc, match_idx, assurance,"
        " method, created_at, verified_at)"
        " VALUES (:id, :user_id, :user_id, :channel, :idx, :enc, :match, :assurance, :method, {now},"
        " CASE WHEN :verified = 1 THEN {now} END) ON CONFLICT DO NOTHING RETURNING id",
        id=identity_id,
        user_id=user_id,
        channel=address.channel,
        idx=index(vault, address),
        enc=cipher.seal(address.address.encode(), f"identities|address|{identity_id}"),
        match=match_index(vault, newcomer.match) if newcomer.assurance.covers(Assurance.CHANNEL) else None,
        assurance=newcomer.assurance.value,
        method=newcomer.method,
        verified=1 if newcomer.assurance is Assurance.VERIFIED else 0,
    )
    if not rows:
        raise errors.Conflict("the identity was created by another request")
    return identity_id


def own(vault: Vault, user_id: str, address: Address, match: tuple[str, str]) -> Tx[str | None]:
    """The identity of an address that the directory of record gives for a user; None when it is somebody else's.

    One that is there only because somebody asked for a code to it, and from which nobody wrote, is nobody's yet.
    """
    found = yield from find(vault, address, lock=True)
    if found is None:
        newcomer = Newcomer(address=address, assurance=Assurance.CHANNEL, method="directory", match=match)
        return (yield from add_identity(vault, user_id, newcomer))
    if found["user_id"] == user_id:
        return str(found["identity_id"])
    if found["next_seq"] > 1:
        return None
    rows = yield query(
        "UPDATE identities SET user_id = :user_id, origin_user_id = :user_id, assurance = :assurance,"
        " method = 'directory', match_idx = :match WHERE id = :id AND method = 'code_target' AND assurance = 'claimed'"
        " RETURNING id",
        user_id=user_id,
        assurance=Assurance.CHANNEL.value,
        match=match_index(vault, match),
        id=found["identity_id"],
    )
    return str(rows[0]["id"]) if rows else None


def addresses(vault: Vault, user_id: str) -> Tx[list[tuple[str, Address, Assurance]]]:
    """All identities of a user, opened: (id, address, assurance); not those whose address is another's by now."""
    rows = yield query(
        "SELECT id, channel, address_enc, assurance FROM identities WHERE user_id = :user_id"
        " AND method <> 'retired' ORDER BY created_at, id",
        user_id=user_id,
    )
    keys = yield from log.ciphers(vault, [f"i:{row['id']}" for row in rows])
    return [
        (
            row["id"],
            Address(channel=row["channel"], address=_text(keys[f"i:{row['id']}"], row)),
            Assurance(row["assurance"]),
        )
        for row in rows
        if f"i:{row['id']}" in keys
    ]


def _text(cipher: Cipher, row: Row) -> str:
    return cipher.open(row["address_enc"], f"identities|address|{row['id']}").decode()


def customer(customer_id: str) -> Address:
    """The identity that stands for a customer number in the system of record."""
    return Address(channel=CUSTOMER, address=customer_id)


def customer_of(vault: Vault, user_id: str) -> Tx[str | None]:
    """The customer number of a user, when one is proven."""
    rows = yield query(
        "SELECT id, address_enc FROM identities WHERE user_id = :user_id AND channel = :channel",
        user_id=user_id,
        channel=CUSTOMER,
    )
    if not rows:
        return None
    owner = f"i:{rows[0]['id']}"
    keys = yield from log.ciphers(vault, [owner])
    return _text(keys[owner], rows[0]) if owner in keys else None


def _known_user(vault: Vault, newcomer: Newcomer) -> Tx[str | None]:
    """The one user with this verified phone or e-mail; none when nobody or several have it."""
    if newcomer.match is None or not newcomer.assurance.covers(Assurance.CHANNEL):
        return None
    found = yield from holders(vault, newcomer.match)
    return found[0] if len(found) == 1 else None


def holders(vault: Vault, match: tuple[str, str]) -> Tx[list[str]]:
    """The users who have this verified phone or e-mail; users that were linked into another do not count."""
    rows = yield query(
        "SELECT DISTINCT a.user_id FROM attributes a JOIN sessions s ON s.user_id = a.user_id"
        " WHERE a.kind = :kind AND a.idx = :idx AND s.forwarded_to IS NULL",
        kind=match[0],
        idx=match_index(vault, match),
    )
    return [row["user_id"] for row in rows]


def create_user(vault: Vault) -> Tx[str]:
    """A new user with an empty session."""
    user_id = uuid.uuid4().hex
    yield query("INSERT INTO users (id, created_at) VALUES (:id, {now})", id=user_id)
    yield from log.make_key(vault, f"u:{user_id}")
    yield query(
        "INSERT INTO sessions (id, user_id, created_at, next_seq, in_seq, in_at, burst_at, done_seq, lease_until,"
        " fence, attempts, mode, state_seq) VALUES (:id, :user_id, {now}, 1, 0, 0, 0, 0, 0, 0, 0, 'bot', 0)",
        id=uuid.uuid4().hex,
        user_id=user_id,
    )
    return user_id
