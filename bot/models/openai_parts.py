"""What both OpenAI APIs share: the order of the prompt, arguments and usage. Pure; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import re2

from bot.models.base import Call, Function, Line, ModelWrong, Prompt, Usage

LONGEST_ARGUMENTS = 32_768
NAME_LENGTH = 64
CACHE_KEY_LENGTH = 64
SAFETY_ID_LENGTH = 128
CODE = re2.compile(r"[a-zA-Z0-9_.\-\[\]]{1,64}")
_UNFIT = re2.compile(r"[^a-zA-Z0-9_-]")


def split(lines: tuple[Line, ...]) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Cut the lines before the messages that are being answered: the changing part of the prompt goes in between.

    What stands before it stays the same from call to call, so the provider's cache holds it, and the last line of all
    is still the customer's message or a tool's result.
    """
    cut = len(lines)
    while cut and (lines[cut - 1].role in {"call", "result"} or lines[cut - 1].items):
        cut -= 1
    while cut and lines[cut - 1].role == "user":
        cut -= 1
    return lines[:cut], lines[cut:]


def answered(lines: tuple[Line, ...]) -> frozenset[str]:
    """Name the calls that have a result: both APIs refuse a conversation in which a call has none."""
    return frozenset(line.call.id for line in lines if line.role == "result" and line.call)


def situation(prompt: Prompt) -> str:
    """Head the changing part with the word under which the instructions speak of it."""
    return f"Situation:\n{prompt.situation}" if prompt.situation else ""


def permitted(prompt: Prompt) -> tuple[Function, ...]:
    """Keep the functions that may be called now, in their constant order."""
    if prompt.allowed is None:
        return prompt.functions
    allowed = frozenset(prompt.allowed)
    return tuple(function for function in prompt.functions if function.name in allowed)


def is_narrowed(prompt: Prompt) -> bool:
    """Whether some of the functions may not be called now."""
    return len(permitted(prompt)) < len(prompt.functions)


def arguments_text(call: Call) -> str:
    """Write a call's arguments as the model wrote them."""
    return call.raw if call.raw is not None else orjson.dumps(call.arguments).decode()


def read_call(identifier: object, name: object, arguments: object) -> Call:
    """Read one proposed call; arguments that are no JSON object are kept as they are for one repair.

    They go back to the provider with the next request, so what it could not take is no call at all.
    """
    if not (isinstance(identifier, str) and identifier and isinstance(name, str) and name):
        raise ModelWrong("the model's call has no id or no name")
    text = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
    if len(text) > LONGEST_ARGUMENTS:
        raise ModelWrong("the model's call is too long")
    known = str(_UNFIT.sub("_", name))[:NAME_LENGTH]
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return Call(id=identifier, name=known, raw=text)
    if not isinstance(found, dict):
        return Call(id=identifier, name=known, raw=text)
    return Call(id=identifier, name=known, arguments=found)


def read_usage(answer: Mapping[str, Any], *, names: tuple[str, str, str]) -> Usage:
    """Read the token counts under the API's own names (in, out, details of in); what is missing counts as 0."""
    usage = mapping(answer.get("usage"))
    tokens_in, tokens_out, details = names
    return Usage(
        tokens_in=_count(usage.get(tokens_in)),
        tokens_out=_count(usage.get(tokens_out)),
        cached=_count(mapping(usage.get(details)).get("cached_tokens")),
    )


def model_name(answer: Mapping[str, Any], asked: str) -> str:
    """Read which model answered; a server that does not say so used the one it was asked for."""
    name = answer.get("model")
    return name[:NAME_LENGTH] if isinstance(name, str) and name else asked


def word(value: object) -> str:
    """A code as providers write them, "" for anything else: prose in its place may quote our prompt."""
    return value if isinstance(value, str) and CODE.fullmatch(value) else ""


def mapping(value: object) -> Mapping[str, Any]:
    """Take a JSON object as it is and anything else as an empty one: compatible servers leave things out."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """Take the objects of a JSON array; anything else is an empty one."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def joined(parts: Iterable[object]) -> str:
    """Join the pieces of an answer that are text."""
    return "".join(part for part in parts if isinstance(part, str)).strip()


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def labels(prompt: Prompt) -> dict[str, str]:
    """Name the cache and the customer's pseudonym, each cut to what the provider takes."""
    found = {}
    if prompt.cache_key:
        found["prompt_cache_key"] = prompt.cache_key[:CACHE_KEY_LENGTH]
    if prompt.user_hash:
        found["safety_identifier"] = prompt.user_hash[:SAFETY_ID_LENGTH]
    return found
