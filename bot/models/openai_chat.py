"""Chat Completions: OpenAI's older models and every compatible server. Builds bodies, reads answers, keeps no state."""

from __future__ import annotations

import uuid
from typing import Any, Self

from bot.models import known, openai_parts
from bot.models.base import Call, Function, Line, ModelRefused, ModelWrong, Prompt, Reply, Usage
from bot.models.known import Known
from bot.models.openai_client import OpenAIClient
from config.settings import Settings
from state import errors

PATH = "/chat/completions"
USAGE_NAMES = ("prompt_tokens", "completion_tokens", "prompt_tokens_details")


class OpenAIChat:
    """The model `OPENAI_MODEL` over Chat Completions."""

    name = "openai_chat"

    def __init__(self, settings: Settings) -> None:
        table = known.read(settings.config_file("models.yaml"))
        self._model, self._room = settings.openai_model, table.reasoning_room
        self._known = table.find(self._model)
        check(self._model, self._known)
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


def check(model: str, facts: Known) -> None:
    """Refuse, at start, a model that takes no functions on this API."""
    if facts.chat_tools == "no":
        raise errors.BadInput(
            f"OPENAI_MODEL: {model} calls functions on the Responses API alone; "
            "set MODEL_BACKEND=openai_responses, or choose another model"
        )


def build(prompt: Prompt, *, model: str, facts: Known, room: int, functions: bool) -> dict[str, Any]:
    """Build the body: what stays the same first, so that the provider's cache holds it."""
    offered = functions and bool(prompt.functions)
    effort = "none" if offered and facts.chat_tools == "effort_none" else facts.effort
    body: dict[str, Any] = {"model": model, "messages": _messages(prompt, facts)}
    if offered:
        body |= _functions(prompt, facts)
    if facts.portable:
        return body | {"max_tokens": prompt.max_tokens}
    thinking = facts.reasoning and effort != "none"
    body |= {"max_completion_tokens": prompt.max_tokens + (room if thinking else 0), "store": False}
    if facts.reasoning and effort:
        body["reasoning_effort"] = effort
    return body | openai_parts.labels(prompt)


def _functions(prompt: Prompt, facts: Known) -> dict[str, Any]:
    """Offer the whole list narrowed by name where the model can do that, else the permitted ones alone."""
    narrowed, permitted = openai_parts.is_narrowed(prompt), openai_parts.permitted(prompt)
    if not permitted and facts.portable:
        return {}
    choice: Any = "auto" if permitted else "none"
    listed = permitted if narrowed and permitted and not facts.allowed_tools else prompt.functions
    if narrowed and permitted and facts.allowed_tools:
        names = [{"type": "function", "function": {"name": function.name}} for function in permitted]
        choice = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": names}}
    return {"tools": [_tool(f) for f in listed], "tool_choice": choice, "parallel_tool_calls": False}


def _tool(function: Function) -> dict[str, Any]:
    described = {"name": function.name, "description": function.description, "parameters": function.schema}
    return {"type": "function", "function": described | {"strict": True}}


def _messages(prompt: Prompt, facts: Known) -> list[dict[str, Any]]:
    """Put the situation where the cache likes it, or, for servers that take one system message, into the first."""
    before, after = openai_parts.split(prompt.lines)
    situation = openai_parts.situation(prompt)
    if facts.portable or not situation:
        first = "\n\n".join(text for text in (prompt.instructions, situation) if text)
        return [{"role": "system", "content": first}, *_said(prompt.lines)]
    middle = {"role": "system", "content": situation}
    return [{"role": "system", "content": prompt.instructions}, *_said(before), middle, *_said(after)]


def _said(lines: tuple[Line, ...]) -> list[dict[str, Any]]:
    """Write the lines as messages; calls made together belong into one."""
    messages: list[dict[str, Any]] = []
    answered = openai_parts.answered(lines)
    for line in lines:
        if line.role == "call":
            if line.call and line.call.id in answered:
                _add_call(messages, line.call)
        elif line.role == "result":
            if line.call:
                messages.append({"role": "tool", "tool_call_id": line.call.id, "content": line.text})
        elif line.text:
            messages.append({"role": line.role, "content": line.text})
    return messages


def _add_call(messages: list[dict[str, Any]], call: Call) -> None:
    if messages and "tool_calls" in messages[-1]:
        messages[-1]["tool_calls"].append(_call(call))
    else:
        messages.append({"role": "assistant", "content": None, "tool_calls": [_call(call)]})


def _call(call: Call) -> dict[str, Any]:
    # several servers parse these arguments again: what was no JSON may not go back to them
    arguments = "{}" if call.raw is not None else openai_parts.arguments_text(call)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def read(answer: dict[str, Any], *, model: str) -> Reply:
    """Read the first choice; raises ModelWrong for what cannot be used and ModelRefused for a refusal."""
    choices = openai_parts.mappings(answer.get("choices"))
    usage = openai_parts.read_usage(answer, names=USAGE_NAMES)
    if not choices:
        raise ModelWrong("the model's answer has no choices", usage=usage)
    message = openai_parts.mapping(choices[0].get("message"))
    _check_ending(choices[0].get("finish_reason"), refusal=message.get("refusal"), usage=usage)
    calls = tuple(_read_call(item) for item in openai_parts.mappings(message.get("tool_calls")))
    text = _text(message.get("content"))
    if not (calls or text):
        raise ModelWrong("the model's answer is empty", usage=usage)
    return Reply(model=openai_parts.model_name(answer, model), text=text, calls=calls, usage=usage)


def _check_ending(reason: object, *, refusal: object, usage: Usage) -> None:
    if refusal or reason == "content_filter":
        raise ModelRefused("the model declines to answer", usage=usage)
    if reason == "length":
        raise ModelWrong("the model's answer was cut off at its limit", usage=usage)


def _read_call(item: dict[str, Any]) -> Call:
    function = openai_parts.mapping(item.get("function"))
    identifier = item.get("id") or f"call_{uuid.uuid4().hex}"  # some servers leave it out; it only pairs our own lines
    return openai_parts.read_call(identifier, function.get("name"), function.get("arguments"))


def _text(content: object) -> str:
    """Some servers answer with a list of parts, as requests may have."""
    if isinstance(content, list):
        return openai_parts.joined(part.get("text") for part in openai_parts.mappings(content))
    return openai_parts.joined([content])
