"""Who may do what, and who is staff: policies.yaml, typed. Decides nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from config.files import read_with_body
from config.tool_rules import Strict, ToolPolicies

StaffId = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,32}/[A-Z0-9]{2,32}$")]


class Role(Strict):
    """A list of scopes; tools and approvals ask for scopes, never for roles."""

    scopes: frozenset[str] = frozenset()


class Staff(Strict):
    """One staff member. `id`: `team/user` as their channel authenticates them.

    `email`: their own, so that nobody decides on what they asked for as a customer.
    """

    id: StaffId
    name: str = Field(min_length=1, max_length=80)
    roles: tuple[str, ...] = Field(min_length=1)
    email: str | None = None


class Alerts(Strict):
    """How staff are told when their own channel is gone: an e-mail address."""

    email: str | None = None


class Tokens(Strict):
    """Tokens for programs (`python -m bot token`). `revoked`: the names of those that count no more."""

    revoked: frozenset[str] = frozenset()


class Policies(Strict):
    """The whole file. `demo_staff` are the people of the playground's workspace; nobody else's channel knows them.

    `version`: a short hash of the file; every decision is recorded with the one it rests on.
    """

    roles: Mapping[str, Role]
    staff: tuple[Staff, ...] = ()
    demo_staff: tuple[Staff, ...] = ()
    alerts: Alerts = Alerts()
    tokens: Tokens = Tokens()
    tools: ToolPolicies = ToolPolicies()
    version: str = Field(default="", exclude=True)

    def scopes(self, *roles: str) -> frozenset[str]:
        """All scopes of these roles."""
        return frozenset().union(*(self.roles[role].scopes for role in roles))

    def held(self, actor: str, scopes: Iterable[str]) -> frozenset[str]:
        """Which of these scopes an actor outside the conversation has now: operators by their role, programs by token.

        A role with `*` has whatever tools ask for.
        """
        kind, _, name = actor.partition(":")
        if kind == "mcp":
            return frozenset() if name in self.tokens.revoked else frozenset(scopes)
        role = self.roles.get("operator", Role()).scopes
        return frozenset(scopes) if "*" in role else role & frozenset(scopes)

    def find(self, staff_id: str, *, demo: bool) -> Staff | None:
        """The staff member with this id; those of the playground only while it stands in."""
        known = (*self.staff, *(self.demo_staff if demo else ()))
        return next((one for one in known if one.id == staff_id), None)


def load(path: Path) -> Policies:
    """Read policies.yaml. Raises ValueError with one line naming what is wrong and where."""
    found, body = read_with_body(path, Policies)
    if found.version:
        raise ValueError(f"{path.name} version: is worked out from the file; leave it out")
    for problem in _problems(found):
        raise ValueError(f"{path.name}: {problem}")
    return found.model_copy(update={"version": hashlib.sha256(body).hexdigest()[:12]})


def _problems(found: Policies) -> Iterator[str]:
    """What does not fit together, one line each."""
    if "customer" not in found.roles:
        yield "roles.customer is missing"
    for one in (*found.staff, *found.demo_staff):
        yield from (
            f"{one.name} has the role {role!r}, which is not among roles"
            for role in one.roles
            if role not in found.roles
        )
    held = found.scopes(*found.roles)
    rows = {"kinds.transact": found.tools.kinds.transact}
    rows |= {f"named.{name}": row for name, row in found.tools.named.items()}
    for place, row in rows.items():
        if row.approval and row.approval.scope not in held:
            yield f"tools.{place}.approval.scope: no role has {row.approval.scope!r}, so nobody could approve"
