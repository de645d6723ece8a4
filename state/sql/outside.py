"""What channels keep and ask beside messages: where answers belong, hard counters, how far they have read elsewhere."""

from __future__ import annotations

from state.identity import Address
from state.keys import Vault
from state.messages import Thread
from state.sql import deliveries, people
from state.sql.database import Tx, query

LONGEST_ID = 300
ONCE = "once/"  # how the names of such cursors begin


def replied(vault: Vault, reply_id: str) -> Tx[Thread | None]:
    """Where an answer to one of our replies belongs now: by our id of the reply, or by the provider's."""
    rows = yield query(
        "SELECT session_id, identity_id FROM outbox WHERE (id = :id OR provider_id = :id) AND attempts > 0",
        id=reply_id[:LONGEST_ID],
    )
    if not rows:
        return None
    address = yield from deliveries.address_of(vault, rows[0]["identity_id"])
    place = yield query(
        "SELECT s.id, s.user_id FROM identities i JOIN sessions s ON s.user_id = i.user_id WHERE i.id = :id",
        id=rows[0]["identity_id"],
    )
    if address is None or not place:
        return None
    return Thread(session_id=place[0]["id"], user_id=place[0]["user_id"], address=address)


def ticket(vault: Vault, number: int, address: Address) -> Tx[Thread | None]:
    """Where a ticket number belongs, if `address` is one of its customer's; a stranger learns nothing."""
    here = yield from people.find(vault, address, lock=False)
    if here is None:
        return None
    rows = yield query(
        "SELECT session_id FROM tickets WHERE number = :number AND session_id = :session_id",
        number=number,
        session_id=here["id"],
    )
    if not rows:
        return None
    return Thread(session_id=here["id"], user_id=here["user_id"], address=address, ticket=number)


def allow(name: str, limit: int, window_ms: int) -> Tx[bool]:
    """Count one use of a name within a window; False when that would be more than `limit`."""
    rows = yield query(
        "INSERT INTO quotas (name, start, uses) VALUES (:name, {now}, 1) ON CONFLICT (name) DO UPDATE SET"
        " uses = CASE WHEN quotas.start + CAST(:window AS BIGINT) <= {now} THEN 1 ELSE quotas.uses + 1 END,"
        " start = CASE WHEN quotas.start + CAST(:window AS BIGINT) <= {now} THEN {now} ELSE quotas.start END"
        " RETURNING uses",
        name=name,
        window=window_ms,
    )
    return int(rows[0]["uses"]) <= limit


def forget(older_ms: int) -> Tx[None]:
    """Forget counters that began before some time, and the cursors that are there only so that something is once."""
    yield query("DELETE FROM quotas WHERE start < {now} - CAST(:older AS BIGINT)", older=older_ms)
    yield query(
        "DELETE FROM cursors WHERE name LIKE :once AND at < {now} - CAST(:older AS BIGINT)",
        once=f"{ONCE}%",
        older=older_ms,
    )


def cursor(name: str, value: str | None) -> Tx[str | None]:
    """Read a cursor, or keep its new value."""
    if value is None:
        rows = yield query("SELECT value FROM cursors WHERE name = :name", name=name)
        return str(rows[0]["value"]) if rows else None
    yield query(
        "INSERT INTO cursors (name, value, at) VALUES (:name, :value, {now})"
        " ON CONFLICT (name) DO UPDATE SET value = :value, at = {now}",
        name=name,
        value=value,
    )
    return value
