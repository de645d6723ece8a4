"""The arguments of a call: as JSON, without what the session fills, hashed, read again as they were stored. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from pydantic import BaseModel

from state import errors
from state.session import Action
from tools import schema
from tools.base import MOST_IN, Caller, Tool

JSON = dict[str, Any]

KEY_LIFE_MS = 23 * 3_600_000  # keys may be forgotten after 24 h (Stripe does)


def hash_of(tool: Tool, arguments: JSON) -> str:
    """SHA-256 over the canonical JSON of the tool's id and all arguments, those from the session included."""
    body = orjson.dumps({"arguments": arguments, "tool": tool.id}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()


def as_stored(tool: Tool | None, action: Action) -> tuple[Tool, BaseModel]:
    """The arguments as they were sent; raises Rejected when they cannot be trusted or read any more."""
    if tool is None:
        raise errors.Rejected(f"{action.tool}@{action.version} is not here any more", reason="unknown_tool")
    if tool.kind != "transact" or hash_of(tool, action.arguments) != action.args_hash:
        raise errors.Rejected("the stored arguments are not those that were agreed to", reason="changed")
    return tool, schema.validate(tool.arguments, action.arguments)


def is_repeatable(tool: Tool, dispatched_ms_ago: int) -> bool:
    """Whether a write that may have happened can be sent again without doing it twice."""
    if tool.effect == "transactional":
        return True
    return tool.effect == "keyed" and 0 <= dispatched_ms_ago < KEY_LIFE_MS


def identity(tool: Tool, caller: Caller) -> JSON:
    """The arguments that the session fills."""
    return {argument: getattr(caller, fact) for argument, fact in tool.identity.items()}


def without_identity(tool: Tool, arguments: JSON) -> JSON:
    """The arguments that a model may see."""
    return {name: value for name, value in arguments.items() if name not in tool.identity}


def plain(checked: BaseModel) -> JSON:
    """Validated arguments as plain JSON; raises AskModel for a number that JSON cannot carry."""
    made = checked.model_dump(mode="json")
    try:
        orjson.dumps(made)
    except TypeError as error:  # a model without bounds takes a whole number of any length, as text too
        raise errors.AskModel("the arguments cannot be written as JSON") from error
    return made


def as_json(arguments: object, most: int = MOST_IN) -> object:
    """The arguments as plain JSON of a bearable size, without what JSON has no word for (NaN becomes null)."""
    try:
        body = orjson.dumps(arguments)
    except TypeError as error:  # orjson's own error is one, for text or numbers that JSON cannot carry
        raise errors.AskModel("the arguments cannot be written as JSON") from error
    if len(body) > most:
        raise errors.AskModel(f"the arguments are {len(body)} bytes long; at most {most} are taken")
    return orjson.loads(body)


def presentable(arguments: object) -> JSON:
    """Refused arguments for the audit, unless they are too large or no object at all."""
    try:
        read = as_json(arguments)
    except errors.AskModel:
        return {}
    return read if isinstance(read, dict) else {}


def is_whole(result: object) -> bool:
    """Whether a result says nothing of parts that are missing."""
    return not (isinstance(result, dict) and result.get("complete") is False)
