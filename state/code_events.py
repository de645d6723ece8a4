"""Facts of one-time codes. They belong to `state.events`, which is where everybody finds them; they hold no rules."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSent:
    """A one-time code is on its way to another address (`target` "": to nobody's). No event holds the code itself."""

    code: str
    identity: str
    target: str
    masked: str
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeChecked:
    """A code was typed. `outcome`: right, wrong, expired or spent; `left`: how many more tries there are."""

    code: str
    identity: str
    outcome: str
    left: int = 0
