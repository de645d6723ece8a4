"""What the real API refuses in a request, as far as it is known. Answers nothing itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.openai_script import Request

UNKNOWN_MODEL = "no-such-model"
WRONG_KEY = "wrong-key"
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
PLAIN = re.compile(r"gpt-(4|3\.5|5-chat)")
RESPONSES_FIRST = re.compile(r"gpt-(5\.[6-9]|[6-9])")
NEVER_NONE = re.compile(r"gpt-6(\.\d)?-astra|gpt-6\.[12]-sol")
UNSUPPORTED_WORDS = frozenset({
    "default", "oneOf", "allOf", "minLength", "maxLength", "patternProperties", "propertyNames", "minProperties",
    "maxProperties", "uniqueItems", "contains", "minContains", "maxContains", "unevaluatedProperties",
})  # fmt: skip
COMMON = {"model", "tools", "tool_choice", "parallel_tool_calls", "store", "prompt_cache_key", "safety_identifier"}
KNOWN = {
    "chat": COMMON | {"messages", "max_tokens", "max_completion_tokens", "reasoning_effort", "temperature"},
    "responses": COMMON | {"input", "instructions", "max_output_tokens", "include", "reasoning", "text", "truncation"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One refusal in the API's words."""

    status: int = 400
    code: str = "invalid_value"
    param: str | None = None
    message: str = "Invalid request (scripted server)."


def first_problem(request: Request) -> Problem | None:
    """Find the first thing the real API would refuse, if there is one."""
    for check in (_access, _parameters, _model_rules, _functions, _choice, _pairs):
        for problem in check(request):
            return problem
    return None


def _access(request: Request) -> Iterator[Problem]:
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not bearer or bearer == WRONG_KEY:
        yield Problem(status=401, code="invalid_api_key")
    if request.body.get("model") in {None, "", UNKNOWN_MODEL}:
        yield Problem(status=404, code="model_not_found", param="model")


def _parameters(request: Request) -> Iterator[Problem]:
    for name in request.body:
        if name not in KNOWN[request.api]:
            yield Problem(code="unknown_parameter", param=name)
    for name, longest in (("prompt_cache_key", 64), ("safety_identifier", 128)):
        if len(request.body.get(name, "")) > longest:
            yield Problem(code="string_above_max_length", param=name)
    if request.body.get("max_output_tokens", 16) < 16:
        yield Problem(code="integer_below_min_value", param="max_output_tokens")
    if not request.items:
        yield Problem(code="missing_required_parameter", param="messages" if request.api == "chat" else "input")


def _model_rules(request: Request) -> Iterator[Problem]:
    model, body = request.body["model"], request.body
    if PLAIN.match(model) and ("include" in body or "reasoning" in body or "reasoning_effort" in body):
        yield Problem(param="include", message="Encrypted content is not supported with this model.")
    effort = body.get("reasoning_effort", body.get("reasoning", {}).get("effort"))
    if effort == "none" and NEVER_NONE.match(model):
        yield Problem(code="unsupported_value", param="reasoning_effort")
    if request.api == "chat" and RESPONSES_FIRST.match(model):
        if request.tools and effort != "none":
            yield Problem(param="reasoning_effort", message="Function tools with reasoning_effort are not supported.")
        if "max_tokens" in body:
            yield Problem(code="unsupported_parameter", param="max_tokens")


def _functions(request: Request) -> Iterator[Problem]:
    names = [tool.get("name", "") for tool in request.tools]
    if len(set(names)) < len(names) or not all(NAME.fullmatch(name) for name in names):
        yield Problem(code="invalid_function_name", param="tools")
    for tool in request.tools:
        if tool.get("strict"):
            fault = next(_schema_faults(tool["parameters"], "parameters", depth=0), None)
            if fault:
                yield Problem(code="invalid_function_parameters", param="tools", message=f"{tool['name']}: {fault}")


def _schema_faults(schema: dict[str, Any], path: str, *, depth: int) -> Iterator[str]:
    """Find what a strict schema must not have; the root must be an object."""
    if depth > 10:
        yield f"{path}: more than 10 levels"
    if depth == 0 and schema.get("type") != "object":
        yield f"{path}: the root must be an object"
    for word in UNSUPPORTED_WORDS & schema.keys():
        yield f"{path}: {word} is not permitted"
    kinds = schema.get("type", [])
    if "object" in (kinds if isinstance(kinds, list) else [kinds]):
        yield from _object_faults(schema, path)
    if kinds == "array" and "items" not in schema:
        yield f"{path}: items are missing"
    inner = {**schema.get("properties", {}), **schema.get("$defs", {})}
    inner |= {f"anyOf[{i}]": one for i, one in enumerate(schema.get("anyOf", []))}
    inner |= {"items": schema["items"]} if "items" in schema else {}
    for name, one in inner.items():
        yield from _schema_faults(one, f"{path}.{name}", depth=depth + 1)


def _object_faults(schema: dict[str, Any], path: str) -> Iterator[str]:
    if schema.get("additionalProperties") is not False:
        yield f"{path}: additionalProperties must be false"
    if sorted(schema.get("required", [])) != sorted(schema.get("properties", {})):
        yield f"{path}: every property must be required"


def _choice(request: Request) -> Iterator[Problem]:
    if "tool_choice" in request.body and not request.tools:
        yield Problem(param="tool_choice", message="tool_choice is only allowed with tools")
    offered = {tool["name"] for tool in request.tools}
    if not set(request.allowed or ()) <= offered:
        yield Problem(param="tool_choice", message="an allowed tool is not among the tools")


def _pairs(request: Request) -> Iterator[Problem]:
    """Every call has its result and every result its call, the call first."""
    waiting: set[str] = set()
    for item in request.items:
        waiting |= {made["id"] for made in item.get("tool_calls", [])}
        if item.get("type") == "function_call":
            waiting.add(item["call_id"])
        if item.get("role") == "tool" or item.get("type") == "function_call_output":
            answered = item["tool_call_id"] if request.api == "chat" else item["call_id"]
            if answered not in waiting:
                yield Problem(message=f"No tool call found for {answered}.", param="input")
            waiting.discard(answered)
    if waiting:
        yield Problem(message=f"No tool output found for {min(waiting)}.", param="input")
