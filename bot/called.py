"""On whose behalf an action is carried out, and what whoever called it is told for good. Calls no tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.draft import Draft
from bot.parts import Parts
from state.identity import Assurance
from state.session import Action
from tools.base import Caller, Outcome

CHANNEL = "operators"
ENDED: Mapping[str, tuple[str, str]] = {
    "declined": ("declined", "Staff did not agree to it. Nothing was done."),
    "expired": ("expired", "Nobody of staff decided in time. Nothing was done."),
    "cancelled": ("cancelled", "It was withdrawn before it was done. Nothing was done."),
}
"""What is told of a write that ended without being sent: code and words, by its state."""


def caller(draft: Draft, parts: Parts, action: Action, workflow: str | None = None) -> Caller:
    """On whose behalf an action is carried out: the customer's, or that of whoever called it from outside."""
    if not action.foreign:
        return draft.caller(workflow=workflow)
    return foreign(draft, parts, action.actor, action.scopes)


def foreign(draft: Draft, parts: Parts, actor: str, scopes: tuple[str, ...]) -> Caller:
    """Somebody outside the conversation who acts for its user. What they may do no more is not done for them."""
    held = parts.policies.held(actor, scopes)
    return replace(draft.caller(), actor=actor, channel=CHANNEL, assurance=Assurance.VERIFIED, scopes=held)


def settled(draft: Draft, action: Action, outcome: Outcome) -> None:
    """Note what a call came to, once that is certain."""
    if action.foreign and outcome.state != "unknown":
        draft.answers[action.id] = answer(outcome)


def answer(outcome: Outcome) -> dict[str, Any]:
    """An outcome as whoever called is told it."""
    if outcome.state == "succeeded":
        return {"state": outcome.state, "result": outcome.result}
    message = outcome.message or "The call failed."
    error = {"code": outcome.reason or "failed", "message": message}
    return {"state": outcome.state, "error": {**error, "detail": outcome.code} if outcome.code else error}


def by_hand(state: str) -> dict[str, Any]:
    """What whoever called is told of a write that staff settled: what they say of it is all there is."""
    if state == "succeeded":
        return {"state": state, "result": None}
    return {"state": state, "error": {"code": "settled", "message": "Staff found that it did not happen."}}


def ended(state: str) -> dict[str, Any]:
    """What whoever called is told of a write that was never sent."""
    code, message = ENDED[state]
    return {"state": state, "error": {"code": code, "message": message}}
