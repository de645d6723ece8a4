"""The limits of policies.yaml joined with the tools they are about; refuses what does not fit them. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.money import Money
from config.tool_rules import NO_RULES, WRITES_ONLY, ToolPolicies, ToolRules
from state import errors
from state.ledger import Spent
from state.session import Action
from tools.base import ApprovalRule, Tool
from tools.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What limits each tool. `version`: of the policies; it goes into the audit of every decision."""

    tools: ToolPolicies = field(default_factory=ToolPolicies)
    version: str = ""
    _known: dict[str, ToolRules] = field(default_factory=dict, repr=False, compare=False)

    def of(self, tool: Tool | None) -> ToolRules:
        """What holds for one tool."""
        if tool is None:
            return NO_RULES
        found = self._known.get(tool.name)
        if found is None:
            found = self._known[tool.name] = self.tools.of(tool.name, tool.kind)
        return found


NO_LIMITS = Limits()


def check(policies: ToolPolicies, catalog: Catalog) -> None:
    """Raise BadInput with one line naming the first limit that fits no tool."""
    for name, row in policies.named.items():
        for problem in _problems(name, row, catalog):
            raise errors.BadInput(f"policies.yaml: tools.named.{name}{problem}")


def _problems(name: str, row: ToolRules, catalog: Catalog) -> Iterator[str]:
    newest = catalog.get(name)
    if newest is None:
        known = ", ".join(sorted(tool.name for tool in catalog))
        yield f": there is no tool named {name!r} (there are {known or 'none'})"
        return
    if newest.kind != "transact":
        yield from (f".{field}: {name} only reads; only writes have it" for field in WRITES_ONLY if getattr(row, field))
    if row.minimum and newest.version < row.minimum:
        yield f".minimum: the newest version is {newest.id}, so nothing would be left"
    allowed = [tool for tool in catalog.versions(name) if tool.version >= (row.minimum or 1)]
    for field_name in ("amount_per_day", "approval"):
        argument = getattr(getattr(row, field_name), "argument", None)
        for tool in allowed:
            if argument and argument not in tool.arguments.model_fields:
                has = ", ".join(sorted(tool.arguments.model_fields))
                yield f".{field_name}.argument: {tool.id} has no argument {argument!r} (it has {has})"


def amount_of(rules: ToolRules, arguments: Mapping[str, Any]) -> str | None:
    """The money a call moves, for the ledger; None where no limit names its argument or it cannot be read."""
    found = Money.of(arguments.get(rules.amount_argument)) if rules.amount_argument else None
    return str(found) if found else None


def add(spent: Spent, amounts: Sequence[str | None]) -> Spent:
    """What was done, and calls of these amounts besides."""
    sums = dict(spent.sums)
    for one in amounts:
        if asked := Money.of(one):
            sums[asked.currency] = sums.get(asked.currency, 0) + asked.parts
    return Spent(calls=spent.calls + len(amounts), sums=sums)


def is_approved(action: Action, rule: ApprovalRule) -> bool:
    """Whether staff with the rule's scope agreed to these very arguments."""
    given = action.approval
    agreed = given is not None and given.verdict == "approved" and given.args_hash == action.args_hash
    return agreed and given is not None and rule.scope in given.scope.split()
