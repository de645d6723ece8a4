"""One-time codes: made and sent by the outbox, checked as they come in, redeemed by the turn that follows.

A code is bound to the address it was asked for on and to the address it was sent to. Nothing here tells whether an
address belongs to anybody: for one that nobody has, a code is made that no digits open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import re2

from state import errors, faults
from state import events as ev
from state.identity import Address, Assurance, Claims
from state.keys import Vault
from state.lease import Lease
from state.messages import Inbound
from state.sql import deliveries, links, log, notices, people, queries, turns
from state.sql.database import Row, Tx, query
from state.sql.links import Proven
from state.sql.people import Newcomer

QUESTION = "sign_in"
"""The slot of the question that a code answers."""
MASK = "••••••"
KEPT_MS = 86_400_000
_TYPED = re2.compile(r"(?i)^\W*(?:(?:the |my |your )?code(?: is)?\W+|it(?:.s| is)\W+)?((?:[0-9][ \-]?){5}[0-9])\W*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A code that was asked for. `id` comes from the message that asked: asked again, there is no second one.

    `text`: the message with the code in it, sealed until it is sent; `masked`: the target as it may be shown;
    `window_ms`: how long after their last message the target may be written to (None: always). `claims`: who the
    target's holder is; without them nothing is sent.
    """

    id: str
    identity: str
    code: str
    text: str
    target: Address
    masked: str
    holds_ms: int
    claims: Claims | None = None
    window_ms: int | None = None


def send(vault: Vault, lease: Lease, asked: Asked) -> Tx[None]:
    """Keep the code, note it in the log and queue its message; voids codes asked for before. Raises LeaseLost."""
    rows = yield query(turns.HELD + " {lock}", id=lease.session_id, fence=lease.fence, owner=lease.owner)
    if not rows:
        raise errors.LeaseLost
    session = rows[0]
    here = yield query("SELECT user_id FROM identities WHERE id = :id", id=asked.identity)
    if not here or here[0]["user_id"] != session["user_id"]:
        raise errors.LeaseLost("whoever asked is not in this session any more")
    if (yield query("SELECT id FROM codes WHERE id = :id", id=asked.id)):
        return
    yield from _forget(session["id"], asked.identity)
    target = (yield from _target(vault, asked)) if asked.claims else None
    yield from _keep(vault, session, asked, target)
    sent = ev.CodeSent(
        code=asked.id,
        identity=asked.identity,
        target=target or "",
        masked=asked.masked,
        expires=session["now"] + asked.holds_ms,
    )
    yield from people.note(vault, session, log.Entry(sent, asked.identity))
    if target:
        yield from notices.queue(asked.id, session["id"], session["next_seq"], asked.target.channel, target)
    faults.point("link.commit")


def _forget(session_id: str, identity: str) -> Tx[None]:
    """Void what was asked for here before, and drop what is long over."""
    yield query(
        "UPDATE codes SET spent_at = {now}, code_enc = NULL, customer_enc = NULL"
        " WHERE session_id = :session_id AND identity_id = :identity AND spent_at IS NULL",
        session_id=session_id,
        identity=identity,
    )
    yield query("DELETE FROM codes WHERE expires_at < {now} - CAST(:kept AS BIGINT)", kept=KEPT_MS)


def _target(vault: Vault, asked: Asked) -> Tx[str | None]:
    """The identity of the address a code goes to; None when it cannot be written to now.

    One never seen is made under a user of its own: nothing is proven yet.
    """
    found = yield from people.find(vault, asked.target, lock=False)
    if found is None and asked.window_ms is None:
        found = yield from people.ensure(
            vault, Newcomer(address=asked.target, assurance=Assurance.CLAIMED, method="code_target")
        )
    if found is None:
        return None
    if asked.window_ms is not None:
        rows = yield query(
            "SELECT 1 AS one FROM events WHERE session_id = :id AND kind = 'MessageReceived'"
            " AND identity_id = :identity AND at > {now} - CAST(:window AS BIGINT)",
            id=found["id"],
            identity=found["identity_id"],
            window=asked.window_ms,
        )
        if not rows:
            return None
    return str(found["identity_id"])


def _keep(vault: Vault, session: Row, asked: Asked, target: str | None) -> Tx[None]:
    owner = f"i:{asked.identity}"
    keys = yield from log.ciphers(vault, [owner])
    if owner not in keys:
        raise errors.KeyMissing(f"{owner}: this person's data was erased")
    claims = orjson.dumps(asdict(asked.claims)) if asked.claims and target else None
    yield query(
        "INSERT INTO codes (id, session_id, identity_id, target_id, owner, hash, code_enc, customer_enc, tries,"
        " created_at, expires_at) VALUES (:id, :session_id, :identity, :target, :owner, :hash, :code, :customer, 0,"
        " CAST(:now AS BIGINT), CAST(:expires AS BIGINT))",
        id=asked.id,
        session_id=session["id"],
        identity=asked.identity,
        target=target or "",
        owner=owner,
        hash=_hash(vault, asked.id, asked.code if target else asked.code + " of nobody"),
        code=keys[owner].seal(asked.text.encode(), f"codes|code|{asked.id}") if target else None,
        customer=keys[owner].seal(claims, f"codes|customer|{asked.id}") if claims else None,
        now=session["now"],
        expires=session["now"] + asked.holds_ms,
    )


def _hash(vault: Vault, code_id: str, code: str) -> bytes:
    return vault.index("code", f"{code_id}|{code}")


# --- checking ---------------------------------------------------------------------------------------------------------


def digits(text: str) -> str | None:
    """The six digits of a message that is nothing but a code."""
    found = _TYPED.match(text) if len(text) < 60 else None
    return "".join(c for c in found.group(1) if c.isdigit()) if found else None


def typed(vault: Vault, message: Inbound, session: Row, tries: int) -> Tx[ev.CodeChecked | None]:
    """Check a message that is a code, when one was asked for on its address and the bot waits for it; counts the try.

    The session must be locked. A number in answer to anything else is none of our business.
    """
    code = digits(message.text)
    if code is None or message.choice or message.assurance is Assurance.CLAIMED:
        return None
    rows = yield query(
        "SELECT id, hash, tries, spent_at, expires_at FROM codes WHERE session_id = :session_id"
        " AND identity_id = :identity ORDER BY created_at DESC LIMIT 1",
        session_id=session["id"],
        identity=session["identity_id"],
    )
    if not rows or not (yield from _is_awaited(vault, session["id"])):
        return None
    outcome, left = yield from _outcome(vault, rows[0], code, session["now"], tries)
    return ev.CodeChecked(code=rows[0]["id"], identity=session["identity_id"], outcome=outcome, left=left)


def _is_awaited(vault: Vault, session_id: str) -> Tx[bool]:
    row = yield from queries.session_row(session_id)
    if row is None:
        return False
    task = (yield from queries.folded(vault, row)).task
    return bool(task and task.question and task.question.slot == QUESTION)


def _outcome(vault: Vault, row: Row, code: str, now: int, most: int) -> Tx[tuple[str, int]]:
    """What a try comes to, and how many more there are. The last wrong one voids the code."""
    if row["spent_at"] is not None:
        return "spent", 0
    if row["expires_at"] <= now:
        yield query("UPDATE codes SET code_enc = NULL, customer_enc = NULL WHERE id = :id", id=row["id"])
        return "expired", 0
    if _hash(vault, row["id"], code) == row["hash"]:
        yield query("UPDATE codes SET spent_at = {now}, code_enc = NULL WHERE id = :id", id=row["id"])
        return "right", 0
    left = max(0, most - row["tries"] - 1)
    yield query("UPDATE codes SET tries = tries + 1 WHERE id = :id", id=row["id"])
    if not left:
        yield query(
            "UPDATE codes SET spent_at = {now}, code_enc = NULL, customer_enc = NULL WHERE id = :id", id=row["id"]
        )
    return "wrong", left


# --- redeeming --------------------------------------------------------------------------------------------------------


def redeem(vault: Vault, code_id: str, *, notice: str, windows: Mapping[str, int | None]) -> Tx[Proven | None]:
    """Let a right code take effect, once: both addresses are one person's, whom the directory knew by the target.

    `notice` is told on the channels used before that are among `windows` (channel → ms in which it may be written to).
    """
    rows = yield query(
        "SELECT identity_id, target_id, owner, customer_enc FROM codes WHERE id = :id"
        " AND spent_at IS NOT NULL AND customer_enc IS NOT NULL {lock}",
        id=code_id,
    )
    if not rows:
        return None
    row = rows[0]
    keys = yield from log.ciphers(vault, [row["owner"]])
    address = yield from deliveries.address_of(vault, row["identity_id"])
    if row["owner"] not in keys or address is None:
        return None
    claims = Claims(**orjson.loads(keys[row["owner"]].open(row["customer_enc"], f"codes|customer|{code_id}")))
    proven = yield from links.prove(vault, address, claims, method="code", create=False)
    yield query("UPDATE codes SET customer_enc = NULL WHERE id = :id", id=code_id)
    if proven.foreign:
        return proven
    proven = yield from links.join(vault, proven, row["target_id"], claims)
    yield from notices.tell(
        vault, proven.session_id, notice, besides=row["identity_id"], also=row["target_id"], windows=windows
    )
    faults.point("link.commit")
    return proven


def waiting(session_id: str, identity: str) -> Tx[bool]:
    """Whether a code that was asked for on this identity may still be typed."""
    rows = yield query(
        "SELECT 1 AS one FROM codes WHERE session_id = :session_id AND identity_id = :identity"
        " AND spent_at IS NULL AND expires_at > {now}",
        session_id=session_id,
        identity=identity,
    )
    return bool(rows)


def forget() -> Tx[None]:
    """Drop the words of codes whose time is over."""
    yield query(
        "UPDATE codes SET code_enc = NULL, customer_enc = CASE WHEN spent_at IS NULL THEN NULL ELSE customer_enc END"
        " WHERE expires_at < {now} AND (code_enc IS NOT NULL OR (spent_at IS NULL AND customer_enc IS NOT NULL))"
    )


def hidden(message: Inbound, checked: ev.CodeChecked) -> dict[str, Any]:
    """What is kept of a message that was a code: not the digits."""
    kept: dict[str, Any] = {name: message.extra[name] for name in ("thread", "client_id") if name in message.extra}
    return {**kept, "code": {"id": checked.code, "outcome": checked.outcome, "left": checked.left}}
