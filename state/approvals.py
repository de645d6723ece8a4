"""Whether a staff member may decide on an action, now. Pure: facts in, verdict out; nothing is changed here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from state.session import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A staff member as our own list knows them. `id`: `team/user`; `email`: their own address, in lower case."""

    id: str
    name: str
    scopes: frozenset[str]
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something was not done: one word, and words for the staff member."""

    reason: str
    message: str


def bound(actions: Mapping[str, Action], action: Action, others: tuple[str, ...]) -> str:
    """What a decision on an action, and on `others` with it, is bound to: the hashes of all their arguments."""
    if not others:
        return action.args_hash
    hashes = [action.args_hash, *(actions[one].args_hash if one in actions else "gone" for one in others)]
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def refusal(  # noqa: PLR0911 - one objection after the other
    actions: Mapping[str, Action], name: str, who: Who, *, args_hash: str | None, now: int, requester: bool
) -> Refusal | None:
    """The first objection to a decision on the action of this name, or None.

    `args_hash`: what the button stood for; `requester`: whether the staff member is the person who asked for it.
    """
    action = actions.get(name)
    asked = action.approval if action else None
    if action is None or asked is None:
        return Refusal(reason="void", message="There is no such request any more.")
    if asked.verdict:
        return Refusal(reason="decided", message=f"This was already {asked.verdict} by {asked.name}.")
    if action.state == "expired" or (action.state == "awaiting_approval" and now > asked.expires):
        return Refusal(reason="expired", message="This request has run out. Nothing was done.")
    if action.state != "awaiting_approval" or not args_hash == asked.args_hash == bound(actions, action, asked.others):
        return Refusal(reason="void", message="This is no longer what is being asked for, so nothing was done.")
    if requester:
        return Refusal(reason="requester", message="You asked for this yourself, so somebody else must decide.")
    if not set(asked.scope.split()) <= who.scopes:
        return Refusal(reason="role", message=f"Your role does not allow this; it needs {asked.scope}.")
    return None


def settling_refusal(  # noqa: PLR0911 - one objection after the other
    action: Action | None, who: Who, *, shown: str | None, requester: bool
) -> Refusal | None:
    """The first objection to `who` saying what became of `action`, or None. `shown`: the evidence they saw."""
    doubt = action.doubt if action else None
    if action is None or doubt is None:
        return Refusal(reason="void", message="There is nothing of it to settle.")
    if doubt.verdict:
        return Refusal(reason="decided", message=f"This was already settled by {doubt.name}.")
    if action.state != "unknown":
        return Refusal(reason="decided", message="The other system has answered meanwhile, so it is settled.")
    if shown != doubt.shown:
        return Refusal(reason="void", message="This is no longer what is known of it, so nothing was settled.")
    if requester:
        return Refusal(reason="requester", message="You asked for this yourself, so somebody else must settle it.")
    if "tickets:work" not in who.scopes:
        return Refusal(reason="role", message="Your role does not allow this; it needs tickets:work.")
    return None
