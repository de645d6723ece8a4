"""Key rotation: wrap data keys again under the newest key encryption key. Resumable; fields are not touched."""

from __future__ import annotations

from state.keys import Vault, Wrapped
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
