"""Reading and writing the event log: rows to events and back, encrypted under the key of whose words they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from state import errors
from state import events as ev
from state import session as ses
from state.keys import Cipher, Vault, Wrapped
from state.sql.database import Query, Row, Tx, many, query

INSERT = """INSERT INTO events (session_id, seq, kind, at, turn, identity_id, owner, body)
 VALUES (:session_id, :seq, :kind, :at, :turn, :identity_id, :owner, :body)"""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to be appended, and the identity whose key encrypts it (None: the user's own key).

    `at`: when it happened, if that was not now.
    """

    event: ev.Event
    identity: str | None = None
    at: int | None = None


def owner_of(identity: str | None, user_id: str) -> str:
    """The data key's owner word for an identity, or for the user."""
    return f"i:{identity}" if identity else f"u:{user_id}"


def ciphers(vault: Vault, owners: Iterable[str]) -> Tx[dict[str, Cipher]]:
    """The ciphers of owners, from memory or the data_keys table. An owner whose key was destroyed is left out."""
    found = {owner: known for owner in set(owners) if (known := vault.known(owner))}
    for owner in set(owners) - found.keys():
        rows = yield query("SELECT kek, body FROM data_keys WHERE owner = :owner", owner=owner)
        if rows:
            found[owner] = vault.cipher(Wrapped(owner, rows[0]["kek"], rows[0]["body"]))
    return found


def make_key(vault: Vault, owner: str) -> Tx[Cipher]:
    """Create and store the data key of a new owner."""
    wrapped = vault.create(owner)
    yield query(
        "INSERT INTO data_keys (owner, kek, body, created_at) VALUES (:owner, :kek, :body, {now})",
        owner=owner,
        kek=wrapped.kek,
        body=wrapped.body,
    )
    return vault.cipher(wrapped)


def place(session_id: str, seq: int) -> str:
    """What an event's ciphertext is bound to."""
    return f"events|body|{session_id}|{seq}"


def append(
    vault: Vault, session: Row, entries: Sequence[Entry], *, turn: str | None = None
) -> Tx[list[tuple[int, Entry]]]:
    """Insert events from the session's `next_seq` on, at its time `now`. The caller holds its lock and moves next_seq.

    `session` needs id, user_id, next_seq and now: what is folded in memory and what is read back later have one time.
    """
    if not entries:
        return []
    owners = [owner_of(entry.identity, session["user_id"]) for entry in entries]
    keys = yield from ciphers(vault, owners)
    rows, placed = [], []
    for seq, (entry, owner) in enumerate(zip(entries, owners, strict=True), start=session["next_seq"]):
        if owner not in keys:
            raise errors.KeyMissing(f"{owner}: this person's data was erased")
        body = keys[owner].seal(ev.encode(entry.event), place(session["id"], seq))
        rows.append(
            {
                "session_id": session["id"],
                "seq": seq,
                "kind": type(entry.event).__name__,
                "at": session["now"] if entry.at is None else entry.at,
                "turn": turn,
                "identity_id": entry.identity,
                "owner": owner,
                "body": body,
            }
        )
        placed.append((seq, entry))
    yield many(INSERT, rows) if len(rows) > 1 else Query(INSERT, rows[0])
    return placed


def opened(vault: Vault, session_id: str, rows: Sequence[Row]) -> Tx[list[ev.Stored]]:
    """Decrypt event rows; one whose key was destroyed keeps its place with `data` None."""
    keys = yield from ciphers(vault, [row["owner"] for row in rows])
    return [_open(row, session_id, keys.get(row["owner"])) for row in rows]


def _open(row: Row, session_id: str, cipher: Cipher | None) -> ev.Stored:
    data = ev.decode(row["kind"], cipher.open(row["body"], place(session_id, row["seq"]))) if cipher else None
    return ev.Stored(
        seq=row["seq"], kind=row["kind"], at=row["at"], data=data, turn=row["turn"], identity=row["identity_id"]
    )


def between(vault: Vault, session_id: str, after: int, before: int) -> Tx[list[ev.Stored]]:
    """Events with after < seq < before."""
    rows = yield query(
        "SELECT seq, kind, at, turn, identity_id, owner, body FROM events"
        " WHERE session_id = :session_id AND seq > :after AND seq < :before ORDER BY seq",
        session_id=session_id,
        after=after,
        before=before,
    )
    return (yield from opened(vault, session_id, rows))


def seal_state(cipher: Cipher, session_id: str, state: ses.Session) -> bytes:
    """The folded session as one encrypted value."""
    return cipher.seal(ses.dump(state), f"sessions|state|{session_id}")


def open_state(cipher: Cipher | None, row: Row) -> ses.Session:
    """The session as last folded; an empty one when there is none, it is of another version, or it was erased."""
    if row["state"] is None or cipher is None:
        return ses.Session()
    return ses.load(cipher.open(row["state"], f"sessions|state|{row['id']}")) or ses.Session()
