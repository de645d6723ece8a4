"""Whether workflows and tools fit together: arguments a tool takes, fields its result has. Calls no tool."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from bot import replies
from bot.workflow_parts import ToolCall
from bot.workflows import Step, Workflow, texts
from tools.base import Tool

READS = frozenset({"retrieve", "verify"})


def problems(workflow: Workflow, tools: Mapping[str, Tool]) -> Iterator[str]:
    """What does not fit, one line each. Tools that are not there are passed over."""
    facts: dict[str, Any] = {}
    for step in workflow.steps:
        for call in step.calls:
            tool = tools.get(call.tool)
            if tool is None:
                continue
            yield from (f"step {step.name!r}: {problem}" for problem in _call_problems(step, call, tool))
            yield from _text_problems(f"step {step.name!r}: {call.tool}", list(texts(call.arguments)), facts)
            facts[call.fact] = types.GenericAlias(list, tool.result) if step.each else tool.result
    for key, text in workflow.replies.items():
        yield from _text_problems(f"reply {key!r}", [text], facts)


def _call_problems(step: Step, call: ToolCall, tool: Tool) -> Iterator[str]:
    if step.kind in READS and tool.kind == "transact":
        yield f"{call.tool} writes; only a step of kind act may call it"
    if step.kind == "act" and tool.kind != "transact":
        yield f"{call.tool} only reads; call it in a step of kind retrieve"
    if step.kind == "classify" and tool.kind != "transform":
        kind = "act" if tool.kind == "transact" else "retrieve"
        yield f"{call.tool} is no transform; call it in a step of kind {kind}"
    fields = {name: field for name, field in tool.arguments.model_fields.items() if name not in tool.identity}
    for name in call.arguments:
        if name in tool.identity:
            yield f"{call.tool}: {name} is filled from the session; leave it out"
        elif name not in fields:
            yield f"{call.tool} has no argument {name!r} (there are {', '.join(sorted(fields)) or 'none'})"
    for name, field in fields.items():
        if field.is_required() and name not in call.arguments:
            yield f"{call.tool} needs the argument {name!r}"


def _text_problems(place: str, found: list[str], facts: Mapping[str, Any]) -> Iterator[str]:
    for text in found:
        for path in replies.paths(text):
            fact, *fields = path.split(".")
            if fact in facts and not _has(facts[fact], fields):
                yield f"{place}: {{{path}}}: the result has no such field"


def _has(kind: Any, fields: list[str]) -> bool:  # noqa: ANN401 - any annotation
    """Whether a type has a field at a path; what cannot be told for certain counts as yes."""
    if not fields:
        return True
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        known = kind.model_fields.get(fields[0])
        return known is not None and _has(known.annotation, fields[1:])
    parts = [part for part in get_args(kind) if part is not type(None)]
    if fields[0].isdigit():
        return not parts or any(_has(part, fields[1:]) for part in parts)
    return any(_has(part, fields) for part in parts) if parts else not isinstance(kind, type)
