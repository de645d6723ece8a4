"""Who may use which tool, before any model is asked and again before anything is done. Pure: no clock, no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from config.money import PARTS, Money
from config.tool_rules import NO_RULES, ToolRules
from state.ledger import NOTHING, Spent
from tools.base import OPERATOR, SYSTEM, ApprovalRule, Caller, Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """One rule's no. `reason`: one word for counters; `message`: words for a person or a model."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a call is allowed, every rule that objects, and the approval it needs besides."""

    objections: tuple[Objection, ...] = ()
    approval: ApprovalRule | None = None

    @property
    def allowed(self) -> bool:
        """Whether nothing objects."""
        return not self.objections

    @property
    def reason(self) -> str:
        """The word of the first rule that objects."""
        return self.objections[0].reason if self.objections else "allowed"

    @property
    def message(self) -> str:
        """Its words."""
        return self.objections[0].message if self.objections else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything a rule may look at. `arguments` is None where they are not known yet; `spent` leaves this call out."""

    tool: Tool
    caller: Caller
    rules: ToolRules
    now: datetime
    arguments: Mapping[str, Any] | None = None
    spent: Spent = NOTHING


def unknown(name: str) -> Decision:
    """The verdict on a tool that does not exist, or must look as if it did not."""
    return Decision(objections=(Objection(reason="unknown_tool", message=f"there is no tool named {name[:64]!r}"),))


def decide(
    tool: Tool,
    caller: Caller,
    *,
    rules: ToolRules = NO_RULES,
    now: datetime,
    arguments: Mapping[str, Any] | None = None,
    spent: Spent = NOTHING,
) -> Decision:
    """Ask every rule. What the caller must not even know of looks like a tool that does not exist."""
    if tool.internal and caller.actor != SYSTEM:
        return unknown(tool.name)
    case = Case(tool=tool, caller=caller, rules=rules, now=now, arguments=arguments, spent=spent)
    objections = tuple(found for rule in RULES if (found := rule(case)) is not None)
    return Decision(objections=objections, approval=approval_for(case))


def repeated(rules: ToolRules) -> ToolRules:
    """What still holds for a write that left already and is only sent again: not its hours, nor sums that have it."""
    return ToolRules(off=rules.off, minimum=rules.minimum)


def _off(case: Case) -> Objection | None:
    if not case.rules.off:
        return None
    return Objection(reason="off", message=f"{case.tool.name} is switched off")


def _version(case: Case) -> Objection | None:
    least = case.rules.minimum
    if least is None or case.tool.version >= least:
        return None
    return Objection(
        reason="version", message=f"{case.tool.id} is no longer used; it must be {case.tool.name}@{least} or newer"
    )


def _scopes(case: Case) -> Objection | None:
    if case.tool.scopes <= case.caller.scopes:
        return None
    missing = ", ".join(sorted(case.tool.scopes - case.caller.scopes))
    return Objection(reason="scope", message=f"{case.tool.name} needs the scope {missing}")


def _inside(case: Case) -> Objection | None:
    """What a workflow works out for itself is no answer to whoever asks for it."""
    if not case.tool.inside or case.caller.workflow is not None:
        return None
    return Objection(reason="step", message=f"{case.tool.name} is used by the steps of a workflow alone")


def _step(case: Case) -> Objection | None:
    if case.caller.tools is None or case.tool.name in case.caller.tools:
        return None
    return Objection(reason="step", message=f"{case.tool.name} is not used at this point of the task")


def _assurance(case: Case) -> Objection | None:
    needed, given = case.tool.assurance, case.caller.assurance
    if given.covers(needed):
        return None
    message = f"{case.tool.name} needs a proven identity ({needed.value}); this one is {given.value}"
    return Objection(reason="assurance", message=message)


def _customer(case: Case) -> Objection | None:
    if case.caller.customer_id or not case.tool.needs_customer:
        return None
    return Objection(reason="customer", message=f"{case.tool.name} needs a known customer; this person is not")


def _hours(case: Case) -> Objection | None:
    hours = case.rules.hours
    if hours is None or hours.covers(case.now):
        return None
    return Objection(reason="hours", message=f"{case.tool.name} is only used {hours}")


def _per_day(case: Case) -> Objection | None:
    most = None if case.caller.actor == OPERATOR else case.rules.per_day
    if most is None or case.arguments is None or case.spent.calls < most:
        return None
    return Objection(reason="limit", message=f"{case.tool.name} is used at most {most} times in 24 hours")


def _amount_per_day(case: Case) -> Objection | None:
    """The sum with this call. Without an approver, an amount that cannot be compared cannot be taken."""
    rule = case.rules.amount_per_day
    if rule is None or case.arguments is None:
        return None
    asked = Money.of(case.arguments.get(rule.argument))
    if asked is None or asked.currency != rule.most.currency:
        if case.rules.approval:
            return None
        message = f"{case.tool.name} takes amounts in {rule.most.currency} only, because of its limit of {rule.most}"
        return Objection(reason="limit", message=message)
    if asked.parts + case.spent.sums.get(asked.currency, 0) <= rule.most.parts:
        return None
    return Objection(
        reason="limit",
        message=f"{case.tool.name} moves at most {rule.most} in 24 hours;"
        f" {_left(rule.most, case.spent)} is left, and this is {asked}",
    )


def _left(most: Money, spent: Spent) -> Money:
    rest = max(0, most.parts - spent.sums.get(most.currency, 0))
    return Money(amount=Decimal(rest) / PARTS, currency=most.currency)


def approval_for(case: Case) -> ApprovalRule | None:
    """The approval a call needs by the tool's own limit. What cannot be compared with the limit needs it."""
    rule = case.rules.approval
    if rule is None or case.arguments is None:
        return None
    if rule.argument is None or rule.above is None:
        return ApprovalRule(scope=rule.scope, why=f"{case.tool.name} always needs approval")
    asked, limit = Money.of(case.arguments.get(rule.argument)), str(rule.above)
    if asked is None:
        why = f"an amount that cannot be read is not below {limit}"
    elif asked.currency != rule.above.currency:
        why = f"{asked} is in another currency than the limit of {limit}"
    elif asked.parts > rule.above.parts:
        why = f"{asked} is above {limit}"
    else:
        return _other_currency(case, rule.scope)
    return ApprovalRule(scope=rule.scope, why=why, above=limit)


def _other_currency(case: Case, scope: str) -> ApprovalRule | None:
    """The limit per day may be in another currency than the one above which approval is asked for."""
    rule = case.rules.amount_per_day
    asked = Money.of((case.arguments or {}).get(rule.argument)) if rule else None
    if rule is None or (asked and asked.currency == rule.most.currency):
        return None
    return ApprovalRule(scope=scope, why=f"the limit of {rule.most} in 24 hours is in another currency")


Rule = Callable[[Case], Objection | None]
RULES: tuple[Rule, ...] = (
    *(_off, _version, _scopes, _inside, _step, _assurance, _customer),
    *(_hours, _per_day, _amount_per_day),
)
"""Every rule, in the order in which they object."""
