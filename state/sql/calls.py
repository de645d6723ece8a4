"""Calls of tools from outside the conversation: taken in once by their key, for ever, and what each was answered."""

from __future__ import annotations

import uuid

import orjson

from state import errors, faults
from state import events as ev
from state.identity import Address, Assurance
from state.keys import Vault
from state.messages import Called, OperatorCall
from state.sql import called, inbox, log, people
from state.sql.database import Row, Tx, query
from state.sql.inbox import Pace, Ready
from state.sql.people import Newcomer

OPERATORS = Address(channel="operators", address="own")
"""Who calls that are for nobody belong to: a user, and a session, of the operators' own."""

MOST_OPEN = 64
"""How many calls of one user may be under way; the session's state holds each until it is settled."""


def call(vault: Vault, given: OperatorCall, pace: Pace) -> Tx[tuple[Called, Ready | None]]:
    """Record one call, at most once. A key that was used before changes nothing and says what became of it."""
    known = yield from _known(vault, given)
    if known:
        return known, None
    session = yield from place(vault, given.user, make=True)
    if session is None:
        return Called(reason="nobody"), None
    session = yield from _locked(session["id"])
    if given.writes and (yield from _is_busy(session["id"])):
        return Called(reason="busy"), None
    action = uuid.uuid4().hex if given.writes else None
    yield from _remember(vault, given, session, action)
    ready = (yield from _happened(vault, given, session, action, pace)) if action else None
    faults.point("ingest.pre_commit")
    made = Called(
        reason="new",
        session_id=session["id"],
        user_id=session["user_id"],
        action=action,
        tool=given.tool,
        version=given.version,
    )
    return made, ready


def _known(vault: Vault, given: OperatorCall) -> Tx[Called | None]:
    rows = yield query(
        called.FOUND + "c.caller = :caller AND c.key_idx = :key",
        caller=given.by,
        key=vault.index("call|key", given.key),
    )
    if not rows:
        return None
    row = rows[0]
    if row["request_idx"] != _request(vault, given) or not (yield from _is_for(vault, given, row)):
        return Called(reason="other")
    return (yield from called.read(vault, row))


def _request(vault: Vault, given: OperatorCall) -> bytes:
    """What must be the same when a key comes again; kept as a keyed hash, so that nobody can guess it from the row."""
    asked = [given.tool, given.asked, given.arguments]
    return vault.index("call|request", orjson.dumps(asked, option=orjson.OPT_SORT_KEYS).decode())


def _user(vault: Vault, given: OperatorCall) -> bytes:
    return vault.index("call|user", orjson.dumps(given.user).decode())


def _is_for(vault: Vault, given: OperatorCall, row: Row) -> Tx[bool]:
    """Whether a call is for the same user: as asked, or by another of their addresses."""
    if row["user_idx"] == _user(vault, given):
        return True
    session = yield from place(vault, given.user, make=False)
    return session is not None and session["user_id"] == row["user_id"]


def place(vault: Vault, user: str | None, *, make: bool) -> Tx[Row | None]:
    """The session of a user named by id or identity; of the operators' own for None (made, if asked)."""
    if user is None and make:
        newcomer = Newcomer(address=OPERATORS, assurance=Assurance.VERIFIED, method="system")
        return (yield from people.ensure(vault, newcomer))
    if user is not None and not user.isprintable():  # PostgreSQL takes no NUL in a text
        return None
    if user is None or ":" in user:
        try:
            address = OPERATORS if user is None else Address.parse(user)
        except ValueError:
            return None
        return (yield from people.find(vault, address, lock=False))
    rows = yield query(
        "SELECT t.* FROM sessions s JOIN sessions t ON t.id = COALESCE(s.forwarded_to, s.id) WHERE s.user_id = :id",
        id=user,
    )
    return rows[0] if rows else None


def _locked(session_id: str) -> Tx[Row]:
    rows = yield query("SELECT *, {now} AS now FROM sessions WHERE id = :id {lock}", id=session_id)
    if not rows or rows[0]["forwarded_to"]:
        raise errors.Conflict("the session was linked to another just now")
    return rows[0]


def _is_busy(session_id: str) -> Tx[bool]:
    """Whether too many are under way. What an unlink cancelled is over, though nobody was told an answer."""
    rows = yield query(
        "SELECT COUNT(*) AS n FROM calls c LEFT JOIN actions a ON a.id = c.action WHERE c.session_id = :id"
        " AND c.answered_at IS NULL AND c.action IS NOT NULL AND (a.state IS NULL OR a.state <> 'cancelled')",
        id=session_id,
    )
    return int(rows[0]["n"]) >= MOST_OPEN


def _remember(vault: Vault, given: OperatorCall, session: Row, action: str | None) -> Tx[None]:
    """Claim the key for ever."""
    rows = yield query(
        "INSERT INTO calls (caller, key_idx, request_idx, user_idx, user_id, session_id, tool, version, action,"
        " created_at, owner) VALUES (:caller, :key, :request, :user, :user_id, :session_id, :tool, :version, :action,"
        " {now}, :owner) ON CONFLICT DO NOTHING RETURNING caller",
        caller=given.by,
        key=vault.index("call|key", given.key),
        request=_request(vault, given),
        user=_user(vault, given),
        user_id=session["user_id"],
        session_id=session["id"],
        tool=given.tool,
        version=given.version,
        action=action,
        owner=f"u:{session['user_id']}",
    )
    if not rows:
        raise errors.Conflict("the same call came twice at once")


def _happened(vault: Vault, given: OperatorCall, session: Row, action: str, pace: Pace) -> Tx[Ready]:
    """Append the call to the session, whose next turn carries it out."""
    event = ev.OperatorCalled(
        action=action,
        by=given.by,
        tool=given.tool,
        version=given.version,
        arguments=given.arguments,
        reason=given.reason,
        scopes=list(given.scopes),
    )
    yield from log.append(vault, session, [log.Entry(event)])
    return (yield from inbox.make_ready(session, session["next_seq"], pace))
