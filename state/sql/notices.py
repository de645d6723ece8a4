"""Words of the system's own on channels other than the one that is answered: queued beside a turn, in a transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from state import events as ev
from state.keys import Vault
from state.session import Reach
from state.sql import log, people, queries
from state.sql.database import Tx, query


def queue(outbox_id: str, session_id: str, seq: int, channel: str, identity: str) -> Tx[None]:
    """An outbox row that whoever sweeps next sends."""
    yield query(
        "INSERT INTO outbox (id, session_id, seq, channel, identity_id, author, state, next_at, attempts, created_at)"
        " VALUES (:id, :session_id, :seq, :channel, :identity, 'system', 'pending', {now}, 0, {now})",
        id=outbox_id,
        session_id=session_id,
        seq=seq,
        channel=channel,
        identity=identity,
    )


def tell(
    vault: Vault, session_id: str, text: str, *, besides: str, also: str, windows: Mapping[str, int | None]
) -> Tx[None]:
    """Say a text once per channel that was used before and sends, at the address used last there, and at `also`.

    `windows`: the channels there are, with how long after a message they may be written to (None: always; below zero:
    its client fetches).
    """
    row = yield from queries.session_row(session_id)
    assert row is not None  # noqa: S101 - the session was proven to be somebody's in this transaction
    clock = yield query("SELECT *, {now} AS now FROM sessions WHERE id = :id {lock}", id=session_id)
    session = clock[0]
    reach = (yield from queries.folded(vault, row)).reach
    rows = yield query("SELECT id, channel FROM identities WHERE user_id = :user_id", user_id=session["user_id"])
    own = {str(row["id"]): str(row["channel"]) for row in rows}
    known = [one for one in reach.values() if one.identity in own]
    to = _targets(known, besides=besides, windows=windows, now=session["now"])
    if also in own and own[also] not in to and windows.get(own[also], 0) is None:
        to[own[also]] = also
    sent = {channel: identity for channel, identity in to.items() if windows[channel] != FETCHED}
    to = sent or to  # a client that fetches sees what is said elsewhere in the one transcript
    for number, (channel, identity) in enumerate(to.items()):
        outbox = uuid.uuid4().hex
        said = ev.ReplyQueued(
            outbox=outbox, channel=channel, identity=identity, text=text, author="system", kind="notice", why="linked"
        )
        session = yield from people.note(vault, session, log.Entry(said, identity))
        if windows[channel] != FETCHED:
            yield from queue(outbox, session_id, clock[0]["next_seq"] + number, channel, identity)


FETCHED = -1
"""The window of a channel whose client fetches: nothing is sent."""


def _targets(reach: list[Reach], *, besides: str, windows: Mapping[str, int | None], now: int) -> dict[str, str]:
    """Channel → the identity used last there, where it may be written to."""
    found: dict[str, str] = {}
    for one in sorted(reach, key=lambda r: r.last_at):
        window = windows.get(one.channel, 0)
        fresh = window is None or window == FETCHED or one.last_at > now - window
        if one.identity != besides and one.last_at and fresh and not one.opted_out:
            found[one.channel] = one.identity
    return found


def coded(vault: Vault, code_id: str) -> Tx[str]:
    """The message that carries a code; empty once it is sent, spent or over."""
    rows = yield query(
        "SELECT owner, code_enc FROM codes WHERE id = :id AND spent_at IS NULL AND expires_at > {now}", id=code_id
    )
    if not rows or rows[0]["code_enc"] is None:
        return ""
    keys = yield from log.ciphers(vault, [rows[0]["owner"]])
    owner = rows[0]["owner"]
    return keys[owner].open(rows[0]["code_enc"], f"codes|code|{code_id}").decode() if owner in keys else ""
