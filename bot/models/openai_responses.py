"""The Responses API, stateless: nothing is stored there, reasoning travels with us. Builds bodies, reads answers."""

from __future__ import annotations

from typing import Any, Self

from bot.models import known, openai_parts
from bot.models.base import Call, Function, Line, ModelDown, ModelRefused, ModelWrong, Prompt, Reply, Usage
from bot.models.known import Known
from bot.models.openai_client import OpenAIClient
from config.settings import Settings

PATH = "/responses"
USAGE_NAMES = ("input_tokens", "output_tokens", "input_tokens_details")
PASSING = frozenset({"server_error", "rate_limit_exceeded", "vector_store_timeout"})
FEWEST_TOKENS = 16  # the API refuses a lower limit


class OpenAIResponses:
    """The model `OPENAI_MODEL` over Responses."""

    name = "openai_responses"

    def __init__(self, settings: Settings) -> None:
        table = known.read(settings.config_file("models.yaml"))
        self._model, self._room = settings.openai_model, table.reasoning_room
        self._known = table.find(self._model)
        self._client = OpenAIClient(settings)

    async def plan(self, prompt: Prompt, *, timeout: float) -> Reply:
        """Let the model call one of the permitted functions, or answer in text."""
        return await self._ask(prompt, timeout=timeout, functions=True)

    async def generate(self, prompt: Prompt, *, timeout: float) -> Reply:
        """Let the model answer in text."""
        return await self._ask(prompt, timeout=timeout, functions=False)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    async def _ask(self, prompt: Prompt, *, timeout: float, functions: bool) -> Reply:
        body = build(prompt, model=self._model, facts=self._known, room=self._room, functions=functions)
        return read(await self._client.post(PATH, body, timeout=timeout), model=self._model)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def build(prompt: Prompt, *, model: str, facts: Known, room: int, functions: bool) -> dict[str, Any]:
    """Build the body: what stays the same first, so that the provider's cache holds it."""
    limit = max(FEWEST_TOKENS, prompt.max_tokens) + (room if facts.reasoning else 0)
    body: dict[str, Any] = {"model": model, "instructions": prompt.instructions, "input": _input(prompt)}
    if functions and prompt.functions:
        tools = [_tool(function) for function in prompt.functions]
        body |= {"tools": tools, "tool_choice": _choice(prompt), "parallel_tool_calls": False}
    body |= {"store": False, "max_output_tokens": limit}
    if facts.reasoning:
        body["include"] = ["reasoning.encrypted_content"]
        body |= {"reasoning": {"effort": facts.effort}} if facts.effort else {}
    return body | openai_parts.labels(prompt)


def _tool(function: Function) -> dict[str, Any]:
    described = {"name": function.name, "description": function.description, "parameters": function.schema}
    return {"type": "function", **described, "strict": True}


def _choice(prompt: Prompt) -> Any:  # noqa: ANN401  # a word or an object, as the API wants it
    """Narrow by name: the list itself stays constant, and with it the cache."""
    permitted = openai_parts.permitted(prompt)
    if not permitted:
        return "none"
    if not openai_parts.is_narrowed(prompt):
        return "auto"
    names = [{"type": "function", "name": function.name} for function in permitted]
    return {"type": "allowed_tools", "mode": "auto", "tools": names}


def _input(prompt: Prompt) -> list[dict[str, Any]]:
    before, after = openai_parts.split(prompt.lines)
    situation = openai_parts.situation(prompt)
    middle = [{"role": "developer", "content": situation}] if situation else []
    return [*_items(before), *middle, *_items(after)]


def _items(lines: tuple[Line, ...]) -> list[dict[str, Any]]:
    """Write the lines as items; what the provider gave us to pass along goes back as it came, each item once."""
    answered = openai_parts.answered(lines)
    items: list[dict[str, Any]] = []
    sent: set[object] = set()
    for line in lines:
        for item in (*line.items, *_own(line)):
            key = item.get("call_id") or item.get("id")
            if key in sent or (item.get("type") == "function_call" and key not in answered):
                continue
            sent |= {key} if key else set()
            items.append(item)
        if line.role == "result" and line.call:
            items.append({"type": "function_call_output", "call_id": line.call.id, "output": line.text})
    return items


def _own(line: Line) -> list[dict[str, Any]]:
    """Write what a line says by itself."""
    if line.role == "call" and line.call:
        return [_call(line.call)]
    return [{"role": line.role, "content": line.text}] if line.role in {"user", "assistant"} and line.text else []


def _call(call: Call) -> dict[str, Any]:
    arguments = openai_parts.arguments_text(call)
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}


def read(answer: dict[str, Any], *, model: str) -> Reply:
    """Read the output items; raises ModelWrong for what cannot be used and ModelRefused for a refusal."""
    usage = openai_parts.read_usage(answer, names=USAGE_NAMES)
    _check_status(answer, usage)
    items = openai_parts.mappings(answer.get("output"))
    parts = [
        part for item in items if item.get("type") == "message" for part in openai_parts.mappings(item.get("content"))
    ]
    if any(part.get("type") == "refusal" for part in parts):
        raise ModelRefused("the model declines to answer", usage=usage)
    text = openai_parts.joined(part.get("text") for part in parts if part.get("type") == "output_text")
    calls = tuple(_read_call(item) for item in items if item.get("type") == "function_call")
    if not (calls or text):
        raise ModelWrong("the model's answer is empty", usage=usage)
    return Reply(
        model=openai_parts.model_name(answer, model),
        text=text,
        calls=calls,
        items=tuple(items) if calls else (),
        usage=usage,
    )


def _check_status(answer: dict[str, Any], usage: Usage) -> None:
    status = answer.get("status", "completed")
    if status == "completed":
        return
    if status == "incomplete":
        reason = openai_parts.mapping(answer.get("incomplete_details")).get("reason")
        if reason == "content_filter":
            raise ModelRefused("the model declines to answer", usage=usage)
        raise ModelWrong("the model's answer was cut off at its limit", usage=usage)
    code = openai_parts.word(openai_parts.mapping(answer.get("error")).get("code"))
    if code in PASSING:
        raise ModelDown(f"the model failed: {code}")
    if "policy" in code:
        raise ModelRefused(f"the model declines to answer: {code}", usage=usage)
    raise ModelWrong(
        f"the model's answer has the status {openai_parts.word(status)} {code}".strip(), again=False, usage=usage
    )


def _read_call(item: dict[str, Any]) -> Call:
    return openai_parts.read_call(item.get("call_id"), item.get("name"), item.get("arguments"))
