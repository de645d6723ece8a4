"""What a model is told it may call: lookups and workflows, with strict schemas, in constant order. Offers no writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot import fitting
from bot.models.base import Function
from bot.workflows import Slot, Step, Workflow
from config.policies import Policies
from config.tool_rules import ToolPolicies
from state import errors
from tools.catalog import Catalog
from tools.gateway import Gateway

KINDS = {
    "invoice_id": "An invoice number, digits only.",
    "order_id": "An order number, digits only.",
    "id": "An identifier, as the customer wrote it.",
    "amount": "An amount with its currency, such as 49.00 USD.",
    "date": "A date as YYYY-MM-DD.",
    "time": "A time of day as HH:MM, in the customer's own time zone.",
    "datetime": "A day with its time as YYYY-MM-DDTHH:MM, in the customer's own time zone.",
    "time_zone": "An IANA time zone such as Europe/Berlin.",
    "country": "A country's code of two letters (ISO 3166), such as DE.",
    "integer": "A whole number.",
    "email": "An e-mail address.",
    "emails": "E-mail addresses.",
}
SHAPES: dict[str, dict[str, Any]] = {
    "yes_no": {"type": ["boolean", "null"]},
    "integer": {"type": ["integer", "null"]},
    "emails": {"type": ["array", "null"], "items": {"type": "string"}},
}


def offered(gateway: Gateway, flows: Mapping[str, Workflow]) -> tuple[Function, ...]:
    """Everything a model may be told of: lookups first (a deployment's own packs lead), then workflows."""
    reads = [f for f in gateway.functions() if (tool := gateway.catalog.get(f.name)) and tool.kind != "transact"]
    told = [Function(name=f.name, description=f.description, schema=f.schema) for f in reads]
    return (
        *told,
        *(Function(name=w.name, description=w.goal or w.title or w.name, schema=schema(w)) for w in flows.values()),
    )


def check(flows: Mapping[str, Workflow], catalog: Catalog) -> None:
    """Refuse workflows whose tools are not there, and names that a tool and a workflow share."""
    for workflow in flows.values():
        if catalog.get(workflow.name):
            raise errors.BadInput(f"workflow {workflow.name}: a tool has the same name; rename one of them")
        called = [call.tool for step in workflow.steps for call in step.calls] + list(workflow.tools)
        missing = next((name for name in called if catalog.get(name) is None), None)
        if missing:
            raise errors.BadInput(
                f"workflow {workflow.name}: there is no tool {missing!r}; set ACME_API_BASE and ACME_API_TOKEN for the"
                " billing tools, add a pack by TOOL_PACKS, or point CONFIG_DIR at workflows of your own"
            )
        for problem in fitting.problems(workflow, {tool.name: tool for tool in catalog}):
            raise errors.BadInput(f"workflow {workflow.name}: {problem}")


def check_reviews(flows: Mapping[str, Workflow], rules: Policies) -> None:
    """Refuse a workflow whose writes nobody could approve, or whose limit stands nowhere."""
    held = rules.scopes(*rules.roles)
    for workflow in flows.values():
        for step in workflow.steps:
            if step.kind == "act" and step.calls and (problem := _review_problem(workflow, step, rules.tools, held)):
                raise errors.BadInput(f"workflow {workflow.name}: step {step.name!r}: {problem}")


def _review_problem(workflow: Workflow, step: Step, tools: ToolPolicies, held: frozenset[str]) -> str | None:
    tool = step.calls[0].tool
    limit = tools.of(tool, "transact").approval
    own = step.approval.scope if step.approval else None
    if workflow.review == "above_limit" and limit is None and not (step.approval and step.approval.when):
        return (
            f"review: above_limit, but no limit is there; write tools.named.{tool}.approval in policies.yaml, or when:"
            " in the step's approval:"
        )
    needed = own or (limit.scope if limit else tools.review_scope)
    if workflow.review != "none" and needed not in held:
        return (
            f"nobody could approve it (review: {workflow.review}); give a role the scope {needed!r} in policies.yaml,"
            " or write review: none"
        )
    return None


def schema(workflow: Workflow) -> dict[str, Any]:
    """A workflow's slots that a customer may set, as a strict schema: all required, all nullable."""
    slots = workflow.user_slots()
    return {
        "type": "object",
        "properties": {name: _property(slot) for name, slot in slots.items()},
        "required": list(slots),
        "additionalProperties": False,
    }


def _property(slot: Slot) -> dict[str, Any]:
    text = slot.description or KINDS.get(slot.type, "")
    if slot.type == "choice":
        found: dict[str, Any] = {"type": ["string", "null"], "enum": [*slot.choices, None]}
        text = f"{text} {_legend(slot)}".strip()
    else:
        found = SHAPES.get(slot.type, {"type": ["string", "null"]})
    return found | ({"description": f"{text} null when not said."} if text else {"description": "null when not said."})


def _legend(slot: Slot) -> str:
    """What each choice means, as the customer reads it."""
    return "; ".join(f"{name}: {label}" for name, label in slot.choices.items()) + "."
