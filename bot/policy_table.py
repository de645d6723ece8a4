"""`python -m bot policy explain`: who may do what as a table for people, or one decision with its reasons."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from bot import app, workflows
from bot.workflows import Workflow
from config.money import Money
from config.policies import Policies
from config.settings import Settings
from config.tool_rules import ToolRules
from state import errors
from state.identity import Assurance
from state.ledger import Spent
from tools import limits, policy
from tools.base import Caller, Tool
from tools.catalog import Catalog

VERBS = {"lookup": "reads", "transform": "works on text", "transact": "writes"}
HEAD = ("tool", "what", "who", "proof", "at most", "approval", "when")
Cells = tuple[str, ...]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes: with none but `explain`, the table; with a case, the decision on it."""
    parser.add_argument("what", choices=["explain"])
    parser.add_argument("--tool", help="one tool, by name or name@version")
    parser.add_argument("--role", default="customer", help="whose scopes, by the roles of policies.yaml (customer)")
    parser.add_argument("--assurance", choices=[each.value for each in Assurance], help="how far identity is proven")
    parser.add_argument("--amount", help='what the call moves, such as "700.00 USD"')
    parser.add_argument("--spent", help='what this user moved with it in 24 hours, such as "900.00 USD"')
    parser.add_argument("--calls", type=int, help="how often this user wrote with it in 24 hours")
    parser.add_argument("--at", help="when, such as 2026-07-03T22:00+02:00 (now)")
    parser.add_argument("--unknown", action="store_true", help="a person who is no known customer")


def run(asked: argparse.Namespace, settings: Settings) -> list[str]:
    """The answer, line by line. Raises BadInput for what cannot be asked."""
    rules, catalog = app.read_policies(settings), Catalog.of(settings)
    limits.check(rules.tools, catalog)
    case = (asked.assurance, asked.amount, asked.spent, asked.calls, asked.at, asked.unknown or None)
    if any(one is not None for one in case):
        return list(_decision(asked, rules, _one(asked.tool, catalog)))
    chosen = [_one(asked.tool, catalog)] if asked.tool else [tool for tool in catalog if not tool.internal]
    rows = [_row(tool, rules) for tool in chosen]
    told = [*(_listed(rows[0]) if asked.tool else _aligned([HEAD, *rows]))]
    flows = workflows.load(settings.workflows_dir)
    names = {tool.name for tool in chosen}
    writing = [row for flow in flows.values() for row in _reviews(flow, rules, names)]
    if writing:
        told += ["", *_aligned([("workflow", "writes with", "review", "approved by"), *writing])]
    return [*told, "", f"policies {rules.version}"]


def _one(name: str | None, catalog: Catalog) -> Tool:
    if name is None:
        raise errors.BadInput("--tool is missing: which tool is it about?")
    plain, at, version = name.partition("@")
    found = catalog.get(plain, int(version) if at and version.isdecimal() else None)
    if found is None or (at and not version.isdecimal()):
        raise errors.BadInput(f"there is no tool {name!r} (there are {', '.join(tool.name for tool in catalog)})")
    return found


def _row(tool: Tool, rules: Policies) -> Cells:
    row = rules.tools.of(tool.name, tool.kind)
    proof = f"{tool.assurance.value}, known customer" if tool.needs_customer else tool.assurance.value
    return (
        tool.id,
        VERBS[tool.kind],
        _holders(tool.scopes, rules, calling=True),
        proof,
        _most(row),
        _approval(row, rules),
        _when(row),
    )


def _holders(scopes: Iterable[str], rules: Policies, *, calling: bool = False) -> str:
    """The roles that hold all of these scopes; `calling`: those that have whatever a tool asks for as well."""
    wanted = frozenset(scopes)
    if not wanted:
        return "everybody"
    found = [name for name, role in rules.roles.items() if wanted <= role.scopes or (calling and "*" in role.scopes)]
    return f"{', '.join(found) or 'nobody'} ({', '.join(sorted(wanted))})"


def _most(row: ToolRules) -> str:
    parts = [
        f"{row.rate_per_minute} a minute" if row.rate_per_minute else "",
        f"{row.per_day} in 24 h" if row.per_day else "",
        f"{row.amount_per_day.most} in 24 h" if row.amount_per_day else "",
    ]
    return "; ".join(part for part in parts if part) or "-"


def _approval(row: ToolRules, rules: Policies) -> str:
    if row.approval is None:
        return "-"
    above = f"above {row.approval.above}" if row.approval.above else "always"
    return f"{above}, by {_holders([row.approval.scope], rules)}"


def _when(row: ToolRules) -> str:
    if row.off:
        return "never: switched off"
    since = f"from version {row.minimum} on" if row.minimum else ""
    return ", ".join(part for part in (str(row.hours) if row.hours else "always", since) if part)


def _reviews(flow: Workflow, rules: Policies, names: set[str]) -> Iterator[Cells]:
    for step in flow.steps:
        if step.kind != "act" or not step.calls or step.calls[0].tool not in names:
            continue
        tool = step.calls[0].tool
        limit = rules.tools.of(tool, "transact").approval
        own = step.approval.scope if step.approval else None
        scope = own or (limit.scope if limit else rules.tools.review_scope)
        by = "-" if flow.review == "none" and limit is None else _holders([scope], rules)
        yield flow.name, tool, flow.review, by


def _listed(row: Cells) -> Iterator[str]:
    """One row, a line for each of its cells."""
    return (f"{name:<9} {cell}" for name, cell in zip(HEAD, row, strict=True))


def _aligned(rows: list[Cells]) -> Iterator[str]:
    """A table of rows, its head underlined."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return iter([lines[0], "-|-".join("-" * width for width in widths), *lines[1:]])


def _decision(asked: argparse.Namespace, rules: Policies, tool: Tool) -> Iterator[str]:
    """Every rule with what it says of this case, and what comes of it."""
    row = rules.tools.of(tool.name, tool.kind)
    case = policy.Case(
        tool=tool,
        caller=_caller(asked, rules, tool),
        rules=row,
        now=_moment(asked.at),
        arguments={row.amount_argument: asked.amount} if row.amount_argument else {},
        spent=_spent(asked),
    )
    found = policy.decide(tool, case.caller, rules=row, now=case.now, arguments=case.arguments, spent=case.spent)
    yield f"{tool.id} for {asked.role}, {case.caller.assurance.value}, at {case.now:%a %Y-%m-%d %H:%M %Z}:"
    for rule in policy.RULES:
        objection = rule(case)
        name = rule.__name__.strip("_").replace("_", " ")
        said = textwrap.wrap(objection.message, 76) if objection else [""]
        yield f"  {'no' if objection else 'ok'}  {name:<15} {said[0]}".rstrip()
        yield from (" " * 22 + line for line in said[1:])
    needs = (
        f", with approval by {_holders([found.approval.scope], rules)}: {found.approval.why}" if found.approval else ""
    )
    yield ("allowed" + needs) if found.allowed else f"refused ({found.reason})"
    yield f"policies {rules.version}"


def _caller(asked: argparse.Namespace, rules: Policies, tool: Tool) -> Caller:
    if asked.role not in rules.roles:
        raise errors.BadInput(f"--role: there is no role {asked.role!r} (there are {', '.join(rules.roles)})")
    held = rules.scopes(asked.role)
    return Caller(
        actor=asked.role,
        session_id="",
        user_id="",
        channel="web",
        assurance=Assurance(asked.assurance or "verified"),
        customer_id=None if asked.unknown else "known",
        scopes=tool.scopes if "*" in held else held,
    )


def _spent(asked: argparse.Namespace) -> Spent:
    moved = _read(Money.parse, asked.spent, "--spent") if asked.spent else None
    if asked.amount:
        _read(Money.parse, asked.amount, "--amount")
    return Spent(calls=asked.calls or 0, sums={moved.currency: moved.parts} if moved else {})


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    found: datetime = _read(datetime.fromisoformat, text, "--at")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _read(parse: Any, text: str, name: str) -> Any:  # noqa: ANN401 - whatever the parser makes of it
    try:
        return parse(text)
    except ValueError as error:
        raise errors.BadInput(f"{name}: {error}") from error
