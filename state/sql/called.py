"""How far calls of tools from outside the conversation are, and what each was answered: the first word is the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from state import events as ev
from state.keys import Vault
from state.messages import Called, OperatorCall
from state.sql import log
from state.sql.database import Row, Tx, query

FOUND = (
    "SELECT c.caller, c.key_idx, c.request_idx, c.user_idx, c.user_id, c.session_id, c.tool, c.version, c.action,"
    " c.owner, c.body, a.state AS action_state, a.session_id AS action_session"
    " FROM calls c LEFT JOIN actions a ON a.id = c.action WHERE "
)


def apart(pending: list[ev.Stored], upto: int) -> tuple[tuple[ev.Stored, ...], int]:
    """What one turn is about, and how far it answers: an operator's call has a turn of its own.

    So a call neither hurries nor answers what the customer says, and whatever befalls it befalls nothing else.
    """
    first = next((place for place, s in enumerate(pending) if s.kind == ev.OperatorCalled.__name__), None)
    if first is None or len(pending) == 1:
        return tuple(pending), upto
    mine = pending[: first or 1]
    return tuple(mine), mine[-1].seq


def read(vault: Vault, row: Row) -> Tx[Called]:
    """How far a call is. A body whose key was destroyed reads as erased."""
    answer: dict[str, Any] | None = None
    if row["body"] is not None:
        keys = yield from log.ciphers(vault, [row["owner"]])
        if row["owner"] in keys:
            answer = orjson.loads(keys[row["owner"]].open(row["body"], _place(row)))
        else:
            answer = {"state": "erased"}
    return Called(
        reason="again",
        session_id=row["action_session"] or row["session_id"],
        user_id=row["user_id"],
        action=row["action"],
        tool=row["tool"],
        version=row["version"],
        state=str(answer["state"]) if answer else row["action_state"] or "accepted",
        answer=answer,
    )


def _place(row: Row | Mapping[str, Any]) -> str:
    """What an answer's ciphertext is bound to."""
    return f"calls|body|{row['caller']}|{row['key_idx'].hex()}"


def answered(vault: Vault, session: Row, answers: Mapping[str, bytes]) -> Tx[None]:
    """Keep what calls came to, by their actions; the first word on each is the last."""
    for action, body in sorted(answers.items()):
        rows = yield query("SELECT caller, key_idx FROM calls WHERE action = :action", action=action)
        if rows:
            yield from _answer(vault, session["user_id"], rows[0], body)


def _answer(vault: Vault, user_id: str, row: Row, body: bytes) -> Tx[None]:
    owner = f"u:{user_id}"
    keys = yield from log.ciphers(vault, [owner])
    yield query(
        "UPDATE calls SET body = :body, owner = :owner, answered_at = {now}"
        " WHERE caller = :caller AND key_idx = :key AND answered_at IS NULL",
        body=keys[owner].seal(body, _place(row)),
        owner=owner,
        caller=row["caller"],
        key=row["key_idx"],
    )


def of_action(vault: Vault, action: str) -> Tx[Called | None]:
    """How far the call is that became, or will become, this action."""
    rows = yield query(FOUND + "c.action = :action", action=action)
    return (yield from read(vault, rows[0])) if rows else None


def looked_up(vault: Vault, given: OperatorCall, user_id: str, body: bytes) -> Tx[Called | None]:
    """Keep what a keyed lookup was answered, unless another of the same key was faster; what is kept."""
    key = vault.index("call|key", given.key)
    yield from _answer(vault, user_id, {"caller": given.by, "key_idx": key}, body)
    rows = yield query(FOUND + "c.caller = :caller AND c.key_idx = :key", caller=given.by, key=key)
    return (yield from read(vault, rows[0])) if rows else None
