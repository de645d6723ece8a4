"""A pack of one write, against an outside system in memory that fails as told and counts what it did."""

from __future__ import annotations

from collections import Counter, deque

from pydantic import BaseModel, ConfigDict

from tools import failures
from tools.base import Context, tool

WORKFLOW = """
name: invite_team
title: Invite colleagues
goal: The customer wants colleagues invited.
review: none
examples:
  - invite my team
  - please invite my colleagues
  - I want to invite people
  - send invitations to my team
  - invite these people
  - add my colleagues
slots:
  people: {type: emails, ask: who}
steps:
  - name: invite
    kind: act
    needs: [people]
    each: people
    item: one
    calls: [{tool: invite_person, arguments: {email: "{item}"}, fact: invited}]
    confirm: terms
    say: invited
replies:
  who: "Whom shall I invite?"
  one: "{item}"
  terms: |-
    Shall I invite these people?
    {items}
  invited: |-
    Invited:
    {items}
"""


class Killed(BaseException):
    """The process dies here."""


class Elsewhere:
    """The outside system: what was applied under which key, and how the next calls go."""

    def __init__(self) -> None:
        self.applied: list[tuple[str, str]] = []
        self.script: deque[str] = deque()
        self.silent = False

    def take(self, key: str, email: str) -> None:
        """Apply a call, or do as the script says: refuse, lose, doubt, die, late (dies after it was applied)."""
        word = self.script.popleft() if self.script else "ok"
        if word == "refuse":
            raise failures.Declined("No seat is left.", code="no_seat")
        if word == "die":
            raise Killed
        if word in {"ok", "lose", "late"}:
            self.applied.append((key, email))
        if word == "late":
            raise Killed
        if word in {"lose", "doubt"}:
            raise failures.Uncertain("no answer")

    def effects(self) -> Counter[str]:
        """How often each address was invited."""
        return Counter(email for _, email in self.applied)


OUTSIDE = Elsewhere()


class Invitation(BaseModel):
    """Whom to invite."""

    model_config = ConfigDict(extra="forbid")

    email: str


class Invited(BaseModel):
    """Who was invited."""

    model_config = ConfigDict(extra="forbid")

    email: str


async def _find(arguments: Invitation, context: Context) -> Invited | None:
    if OUTSIDE.silent:
        raise failures.Uncertain("no answer")
    return Invited(email=arguments.email) if context.key in {key for key, _ in OUTSIDE.applied} else None


@tool(kind="transact", effect="probeable", probe=_find)
async def invite_person(arguments: Invitation, context: Context) -> Invited:
    """Invite somebody by e-mail."""
    OUTSIDE.take(context.key or "", arguments.email)
    return Invited(email=arguments.email)


class Nothing(BaseModel):
    """No arguments."""

    model_config = ConfigDict(extra="forbid")


class Team(BaseModel):
    """Whether people may be invited."""

    model_config = ConfigDict(extra="forbid")

    open: bool


@tool(kind="lookup")
async def get_team(arguments: Nothing, context: Context) -> Team:
    """Whether the team takes people."""
    del arguments, context
    return Team(open=True)


TOOLS = [invite_person, get_team]
