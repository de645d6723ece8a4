"""Who may do what, and who is staff: policies.yaml, typed. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

StaffId = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,32}/[A-Z0-9]{2,32}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Role(_Strict):
    """A list of scopes; tools and approvals ask for scopes, never for roles."""

    scopes: frozenset[str] = frozenset()


class Staff(_Strict):
    """One staff member. `id`: `team/user` as their channel authenticates them.

    `email`: their own, so that nobody decides on what they asked for as a customer.
    """

    id: StaffId
    name: str = Field(min_length=1, max_length=80)
    roles: tuple[str, ...] = Field(min_length=1)
    email: str | None = None


class Alerts(_Strict):
    """How staff are told when their own channel is gone: an e-mail address."""

    email: str | None = None


class Policies(_Strict):
    """The whole file. `demo_staff` are the people of the playground's workspace; nobody else's channel knows them."""

    roles: Mapping[str, Role]
    staff: tuple[Staff, ...] = ()
    demo_staff: tuple[Staff, ...] = ()
    alerts: Alerts = Alerts()

    def scopes(self, *roles: str) -> frozenset[str]:
        """All scopes of these roles."""
        return frozenset().union(*(self.roles[role].scopes for role in roles))

    def find(self, staff_id: str, *, demo: bool) -> Staff | None:
        """The staff member with this id; those of the playground only while it stands in."""
        known = (*self.staff, *(self.demo_staff if demo else ()))
        return next((one for one in known if one.id == staff_id), None)


def load(path: Path) -> Policies:
    """Read policies.yaml. Raises ValueError with one line naming what is wrong and where."""
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = Policies.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "as a whole"
        raise ValueError(f"{path.name} {where}: {first['msg']}") from error
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: {str(error).splitlines()[0]}") from error
    if "customer" not in found.roles:
        raise ValueError(f"{path.name}: roles.customer is missing")
    for one in (*found.staff, *found.demo_staff):
        for role in one.roles:
            if role not in found.roles:
                raise ValueError(f"{path.name}: {one.name} has the role {role!r}, which is not among roles")
    return found
