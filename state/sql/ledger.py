"""What the ledger of writes holds of one user's last 24 hours, for limits that guard money. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection

from config.money import Money
from state.ledger import DAY_MS, Spent
from state.sql.database import Tx, query

_COUNTED = (
    "SELECT currency, COUNT(*) AS calls, COALESCE(SUM(amount), 0) AS total FROM actions"
    " WHERE session_id = :session_id AND tool = :tool AND (state IN ('awaiting_approval', 'confirmed')"
    " OR (state IN ('dispatched', 'succeeded', 'unknown') AND dispatched_at > {now} - CAST(:day AS BIGINT)))"
)
"""What took effect, may have, or is about to: all but what was only proposed, was refused, or failed for certain."""


def spent(session_id: str, tool: str, besides: Collection[str]) -> Tx[Spent]:
    """Calls and sums by currency of one tool; the actions in `besides` are left out.

    A session is one user, and takes its actions along when it is linked with another, so nobody begins anew by that.
    """
    rows = yield query(_COUNTED + " GROUP BY currency", session_id=session_id, tool=tool, day=DAY_MS)
    calls, sums = 0, {}
    for row in rows:
        calls += int(row["calls"])
        if row["currency"]:
            sums[str(row["currency"])] = int(row["total"])
    for action in besides:
        own = yield query(
            _COUNTED + " AND id = :id GROUP BY currency", session_id=session_id, tool=tool, day=DAY_MS, id=action
        )
        for row in own:
            calls -= 1
            if row["currency"]:
                sums[str(row["currency"])] -= int(row["total"])
    return Spent(calls=calls, sums=sums)


def columns(amount: str | None) -> dict[str, int | str | None]:
    """How the amount of a proposal stands in the ledger: a whole number of ten-thousandths, and its currency."""
    found = Money.of(amount)
    return {"amount": found.parts if found else None, "currency": found.currency if found else None}
