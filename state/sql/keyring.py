"""The keys against what is stored: do they open it, and wrapping data keys again under the newest. Touches no field."""

from __future__ import annotations

from state import errors
from state.identity import Address
from state.keys import Vault, Wrapped
from state.sql import log, people
from state.sql.database import Row, Tx, query


def rewrap(vault: Vault, batch: int) -> Tx[int]:
    """Re-wrap up to `batch` data keys; returns how many were done (0: all are under the newest key)."""
    rows = yield query(
        "SELECT owner, kek, body FROM data_keys WHERE kek <> :kek LIMIT :limit", kek=vault.writer, limit=batch
    )
    for row in rows:
        fresh = vault.rewrap(Wrapped(row["owner"], row["kek"], row["body"]))
        yield query(
            "UPDATE data_keys SET kek = :kek, body = :body WHERE owner = :owner",
            kek=fresh.kek,
            body=fresh.body,
            owner=fresh.owner,
        )
    return len(rows)


def uses() -> Tx[list[Row]]:
    """How many data keys each key encryption key wraps; one with none may be removed from ENCRYPTION_KEYS."""
    return (yield query("SELECT kek, COUNT(*) AS n FROM data_keys GROUP BY kek ORDER BY kek"))


def check(vault: Vault) -> Tx[None]:
    """Fail closed: raises KeyMissing when some of the stored data does not open, or is not found, by these keys."""
    for row in (yield from uses()):
        samples = yield query("SELECT owner, kek, body FROM data_keys WHERE kek = :kek LIMIT 1", kek=row["kek"])
        try:
            vault.cipher(Wrapped(samples[0]["owner"], samples[0]["kek"], samples[0]["body"]))
        except errors.KeyMissing as error:
            raise errors.KeyMissing(f"ENCRYPTION_KEYS: cannot open {row['n']} stored data keys: {error}") from error
    yield from _check_index(vault)


def _check_index(vault: Vault) -> Tx[None]:
    rows = yield query(
        "SELECT i.id, i.channel, i.address_idx, i.address_enc FROM identities i"
        " JOIN data_keys k ON k.owner = 'i:' || i.id LIMIT 1"
    )
    for row in rows:
        owner = f"i:{row['id']}"
        cipher = (yield from log.ciphers(vault, [owner]))[owner]
        text = cipher.open(row["address_enc"], f"identities|address|{row['id']}").decode()
        if people.index(vault, Address(channel=row["channel"], address=text)) != bytes(row["address_idx"]):
            raise errors.KeyMissing("INDEX_KEY: the stored addresses are indexed under another key; put that one back")
