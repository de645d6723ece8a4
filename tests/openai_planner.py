"""A planner for demonstrations: picks functions by keywords, ids by digits, and tells results in a sentence."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.openai_script import Request, Step, say

# what a customer says, and how much it speaks for a part of a function's name
SIGNS = {
    "refund": {"refund": 3.0, "money back": 3.0, "reimburse": 3.0},
    "invoice": {"invoice": 2.0, "bill": 1.5, "paid": 1.0, "due": 1.0},
    "status": {"status": 1.5, "check": 1.0, "update": 1.0, "how is": 1.0, "what about": 1.0, "state": 1.0},
    "greeting": {"hello": 2.0, "good morning": 2.0, "what can you do": 2.0, "help": 1.0},
    "thanks": {"thank": 3.0},
    "demo": {"demo": 2.0, "deep dive": 2.0, "onboarding call": 2.0, "meeting": 1.5, "appointment": 1.5, "a call": 1.5},
    "scheduling": {"book": 1.0, "schedule": 1.0, "arrange": 1.0, "set up": 1.0, "demo": 0.5},
    "lead": {"sales": 2.0, "interested": 2.0, "looking for": 1.5, "quote": 1.5, "employees": 1.5},
    "enrichment": {"our company": 0.5, "employees": 0.5, "sales": 0.5},
    "dispute": {"dispute": 3.0, "contest": 3.0, "wrong": 2.0},
    "plan": {"my plan": 3.0, "upgrade": 3.0, "downgrade": 3.0, "subscription": 2.0, "seats": 2.0},
    "intake": {"our invoice": 2.0, "our bill": 2.0, "please find": 2.0},
    "person": {"person": 4.0, "human": 4.0, "agent": 3.0, "representative": 3.0, "someone": 2.0, "staff": 3.0},
}
FILLERS = frozenset({"my", "to", "talk", "the", "of", "a"})
LOOKUPS = frozenset({"get", "search", "find", "list"})  # a workflow that fits is better than a bare look-up
SELDOM = frozenset({"intake"})  # who speaks of an invoice mostly means their own
UNSAID = 0.5  # what a part of the name that nobody said counts against it
PATIENCE = 3
IDENTIFIER = re.compile(r"\b(?:[A-Z]{2,}-[\w-]+|\d{3,})\b")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
HELP = "I can look up invoices, arrange refunds and fetch a person. What do you need?"


def plan(request: Request) -> Step:
    """Tell a function's result in a sentence, mend a call that was refused, or call what the customer's words mean."""
    results = request.results
    good = [result for result in results if not _is_error(result)]
    if good or len(results) >= PATIENCE:
        return say(_sentence((good or results)[-1]))
    return _by_words(request)


def _by_words(request: Request) -> Step:
    """Call what the last message means; else answer what was asked for; else take it for a follow-up."""
    text = request.said[-1] if request.said else ""
    best = _best(request, text.lower())
    if best is not None and best[0] >= 1:
        return _call(best[1], text)
    task = request.situation.get("task") or {}
    asked = [f for f in request.functions if f["name"] == task.get("workflow") and task.get("waiting_for")]
    if asked:
        return _call(asked[0], text, asked=task["waiting_for"])
    best = _best(request, " ".join([*request.said[-3:], *request.replied[-1:]]).lower())
    return _call(best[1], text) if best is not None and best[0] >= 1 else say(HELP)


def _call(function: dict[str, Any], text: str, *, asked: str | None = None) -> Step:
    properties = function["parameters"].get("properties", {})
    arguments = {name: _value(name, schema, text) for name, schema in properties.items()}
    if asked in arguments and arguments[asked] is None and "other" in _kinds(properties[asked])[1]:
        arguments[asked] = "other"
    return Step(calls=((function["name"], arguments),))


def _best(request: Request, text: str) -> tuple[float, dict[str, Any]] | None:
    scored = [(_score(function["name"], text), function) for function in request.functions]
    return max(scored, key=lambda pair: pair[0], default=None)


def _score(name: str, text: str) -> float:
    parts = [part for part in name.split("_") if part not in FILLERS]
    return sum(_sign(part, text) for part in parts)


def _sign(part: str, text: str) -> float:
    if part in LOOKUPS:
        return -2 * UNSAID
    signs = SIGNS.get(part, {part: 2.0})
    unsaid = -2 * UNSAID if part in SELDOM else -UNSAID
    return max((weight for words, weight in signs.items() if words in text), default=unsaid)


def _value(name: str, schema: dict[str, Any], text: str) -> Any:  # noqa: ANN401  # any JSON value
    kinds, choices = _kinds(schema)
    if choices:
        return next((choice for choice in choices if _is_meant(choice, text.lower())), None)
    if "string" not in kinds and kinds & {"integer", "number"}:
        found = NUMBER.search(text)
        number = float(found.group()) if found else None
        return int(number) if number is not None and "integer" in kinds else number
    pattern = EMAIL if "email" in name else IDENTIFIER if name.endswith(("_id", "id", "number")) else None
    said = pattern.search(text) if pattern else None
    if said:
        return said.group()
    return None if "null" in kinds else "" if pattern else text


def _kinds(schema: dict[str, Any]) -> tuple[set[str], list[str]]:
    """Gather the types and the permitted values of a property, also from anyOf."""
    kinds: set[str] = set()
    choices: list[str] = []
    for one in [schema, *schema.get("anyOf", [])]:
        named = one.get("type", [])
        kinds |= set(named if isinstance(named, list) else [named])
        choices += [choice for choice in one.get("enum", []) if isinstance(choice, str)]
    return kinds, choices


def _is_meant(choice: str, text: str) -> bool:
    return any(word in text for word in choice.lower().split("_") if len(word) > 3)


def _is_error(result: str) -> bool:
    try:
        found = json.loads(result)
    except json.JSONDecodeError:
        return False
    return isinstance(found, dict) and "error" in found


def _sentence(result: str) -> str:
    try:
        found = json.loads(result)
    except json.JSONDecodeError:
        return result
    if not isinstance(found, dict):
        return f"Here is what I found: {found}."
    for name in ("say", "message", "text", "error"):
        if isinstance(found.get(name), str):
            return str(found[name])
    if "invoice_id" in found and "status" in found:
        return _invoice(found)
    return ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in found.items() if value is not None) + "."


def _invoice(found: dict[str, Any]) -> str:
    amount = f": {found['amount']} {found.get('currency') or ''}".rstrip() if found.get("amount") is not None else ""
    due = f", due {found['due_date']}" if found.get("due_date") else ""
    return f"Invoice {found['invoice_id']} is {found['status']}{amount}{due}."
