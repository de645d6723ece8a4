"""The JSON of the two APIs' answers, as the real service writes it. Decides nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from tests.openai_script import Request, Step


def answer(request: Request, step: Step, number: int) -> dict[str, Any]:
    """Write one successful answer."""
    return (_chat if request.api == "chat" else _response)(request, step, number)


def error(*, message: str, kind: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    """Write one refusal."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def models(names: tuple[str, ...]) -> dict[str, Any]:
    """Write the list of models."""
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "created": 1, "owned_by": "scripted"} for name in names],
    }


def _chat(request: Request, step: Step, number: int) -> dict[str, Any]:
    calls = [
        {"id": f"call_{number}_{i}", "type": "function", "function": {"name": name, "arguments": _text(arguments)}}
        for i, (name, arguments) in enumerate(step.calls)
    ]
    if step.fault == "failed":  # this API knows no such status: its choices are just not there
        return {"id": f"chatcmpl-{number}", "object": "chat.completion", "model": "", "choices": []}
    message: dict[str, Any] = {"role": "assistant", "content": step.text or None, "refusal": None, "annotations": []}
    if calls:
        message["tool_calls"] = calls
    if step.fault == "refusal":
        message["refusal"] = "I cannot help with that."
    endings = {"incomplete": "length", "filtered": "content_filter"}
    ending = endings.get(step.fault or "", "tool_calls" if calls else "stop")
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": f"{request.body['model']}-2026-09-22",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": ending}],
        "usage": {
            "prompt_tokens": _tokens(request),
            "completion_tokens": 20,
            "total_tokens": _tokens(request) + 20,
            "prompt_tokens_details": {"cached_tokens": 7, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
    }


def _response(request: Request, step: Step, number: int) -> dict[str, Any]:
    statuses = {"incomplete": "incomplete", "filtered": "incomplete", "failed": "failed"}
    status = statuses.get(step.fault or "", "completed")
    reasons = {"incomplete": "max_output_tokens", "filtered": "content_filter"}
    reason = reasons.get(step.fault or "")
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "background": False,
        "error": {"code": step.code or "server_error", "message": "scripted"} if status == "failed" else None,
        "incomplete_details": {"reason": reason} if reason else None,
        "model": f"{request.body['model']}-2026-09-22",
        "output": [] if status == "failed" else _output(request, step, number),
        "parallel_tool_calls": False,
        "previous_response_id": None,
        "store": False,
        "tool_choice": "auto",
        "usage": {
            "input_tokens": _tokens(request),
            "input_tokens_details": {"cached_tokens": 7},
            "output_tokens": 20,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": _tokens(request) + 20,
        },
        "metadata": {},
    }


def _output(request: Request, step: Step, number: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if request.body.get("include"):
        sealed = f"sealed-{number}"
        items.append({"type": "reasoning", "id": f"rs_{number}", "summary": [], "encrypted_content": sealed})
    for i, (name, arguments) in enumerate(step.calls):
        said = {"call_id": f"call_{number}_{i}", "name": name, "arguments": _text(arguments)}
        items.append({"type": "function_call", "id": f"fc_{number}_{i}", "status": "completed", **said})
    parts: list[dict[str, Any]] = []
    if step.text:
        parts.append({"type": "output_text", "text": step.text, "annotations": [], "logprobs": []})
    if step.fault == "refusal":
        parts.append({"type": "refusal", "refusal": "I cannot help with that."})
    if parts:
        ending = "incomplete" if step.fault == "incomplete" else "completed"
        items.append(
            {
                "type": "message",
                "id": f"msg_{number}",
                "status": ending,
                "role": "assistant",
                "content": parts,
            }
        )
    return items


def _text(arguments: Mapping[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _tokens(request: Request) -> int:
    return len(json.dumps(request.body)) // 4
