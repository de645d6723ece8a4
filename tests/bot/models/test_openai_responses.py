"""Responses: the body that leaves, and what is read from the answer."""

from __future__ import annotations

from typing import Any

import pytest

from bot.models.base import Call, Line, ModelDown, ModelRefused, ModelWrong, Prompt
from bot.models.known import Known
from bot.models.openai_responses import OpenAIResponses, build, read
from tests.openai_prompts import INSTRUCTIONS, SITUATION, bot, prompt_of, user
from tests.openai_server import OpenAIServer, call, call_badly, say

REASONING = Known(dialect="openai", reasoning=True, effort="low")
PLAIN = Known(dialect="openai")


def body_of(prompt: Prompt, facts: Known = REASONING, *, functions: bool = True) -> dict[str, Any]:
    """Build a body with a room of 1000 tokens for reasoning."""
    return build(prompt, model="some-model", facts=facts, room=1000, functions=functions)


def test_the_situation_stands_before_the_message_that_is_answered() -> None:
    """Instructions apart, older lines first, the customer's message last."""
    body = body_of(prompt_of(user("hi"), bot("hello"), user("check it")))
    assert INSTRUCTIONS == body["instructions"]
    situation = f"Situation:\n{SITUATION}"
    assert [("user", "hi"), ("assistant", "hello"), ("developer", situation), ("user", "check it")] == [
        (item["role"], item["content"]) for item in body["input"]
    ]


def test_nothing_is_stored_and_reasoning_travels_with_us() -> None:
    """Stateless: store=false, encrypted reasoning asked for, one call at a time, room to think."""
    body = body_of(prompt_of(user("hi"), max_tokens=500, cache_key="k" * 99, user_hash="u" * 200))
    assert (False, False, 1500) == (body["store"], body["parallel_tool_calls"], body["max_output_tokens"])
    assert (["reasoning.encrypted_content"], {"effort": "low"}) == (body["include"], body["reasoning"])
    assert ("k" * 64, "u" * 128) == (body["prompt_cache_key"], body["safety_identifier"])
    assert all(tool["strict"] for tool in body["tools"])


def test_a_model_without_reasoning_is_not_asked_for_it() -> None:
    """The API answers 400 when such a model is asked for encrypted reasoning."""
    body = body_of(prompt_of(user("hi"), max_tokens=1), PLAIN)
    assert not {"include", "reasoning"} & body.keys()
    assert 16 == body["max_output_tokens"]


def test_the_function_list_is_constant_and_narrowed_by_name() -> None:
    """Which functions are allowed changes the tool choice and never the list."""
    whole, narrowed = body_of(prompt_of(user("hi"))), body_of(prompt_of(user("hi"), allowed=("refund",)))
    assert whole["tools"] == narrowed["tools"]
    assert "auto" == whole["tool_choice"]
    only = [{"type": "function", "name": "refund"}]
    assert {"type": "allowed_tools", "mode": "auto", "tools": only} == narrowed["tool_choice"]
    assert "none" == body_of(prompt_of(user("hi"), allowed=()))["tool_choice"]
    assert "tools" not in body_of(prompt_of(user("hi")), functions=False)


async def test_reasoning_goes_back_as_it_came(responses: OpenAIResponses, server: OpenAIServer) -> None:
    """The items of the first answer precede the result, each once, and the result is the last item."""
    server.script(call("invoice_status", invoice_id="18492"), say("It is paid."))
    first = await responses.plan(prompt_of(user("is 18492 paid?")), timeout=5)
    made = first.calls[0]
    lines = [user("is 18492 paid?"), Line(role="call", call=made, items=first.items)]
    lines += [Line(role="result", call=made, items=first.items, text='{"status":"paid"}')]
    assert "It is paid." == (await responses.plan(prompt_of(*lines), timeout=5)).text
    kinds = [item.get("type", item.get("role")) for item in server.last.items]
    assert ["developer", "user", "reasoning", "function_call", "function_call_output"] == kinds
    assert "sealed-1" == server.last.items[2]["encrypted_content"]
    assert not server.refused


async def test_reasoning_on_a_line_of_its_own_goes_back_too(responses: OpenAIResponses, server: OpenAIServer) -> None:
    """The engine may keep the items on a line before the call; the order and the count stay the same."""
    server.script(call("invoice_status", invoice_id="18492"), say("It is paid."))
    first = await responses.plan(prompt_of(user("is 18492 paid?")), timeout=5)
    made = first.calls[0]
    lines = [user("is 18492 paid?"), Line(role="assistant", items=first.items)]
    lines += [Line(role="call", call=made), Line(role="result", call=made, text='{"status":"paid"}')]
    await responses.plan(prompt_of(*lines), timeout=5)
    kinds = [item.get("type", item.get("role")) for item in server.last.items]
    assert ["developer", "user", "reasoning", "function_call", "function_call_output"] == kinds
    assert not server.refused


def test_a_call_nobody_answered_does_not_go_back() -> None:
    """The API refuses a call without a result, so of two calls made at once only the one that was followed is told."""
    made, other = Call(id="call_1", name="refund"), Call(id="call_2", name="talk_to_person")
    items = tuple({"type": "function_call", "call_id": c.id, "name": c.name, "arguments": "{}"} for c in (made, other))
    lines = (user("both"), Line(role="call", call=made, items=items), Line(role="result", call=made, text="{}"))
    sent = body_of(prompt_of(*lines, Line(role="call", call=other)))["input"]
    assert ["call_1", "call_1"] == [item["call_id"] for item in sent if "call_id" in item]


def test_a_call_without_its_items_is_written_anew() -> None:
    """A call of an older log, or of another backend, can be continued."""
    made = Call(id="call_9", name="refund", arguments={"invoice_id": "18492"})
    lines = (user("refund"), Line(role="call", call=made), Line(role="result", call=made, text="{}"))
    items = body_of(prompt_of(*lines))["input"]
    assert {
        "type": "function_call",
        "call_id": "call_9",
        "name": "refund",
        "arguments": '{"invoice_id":"18492"}',
    } == items[-2]
    assert {"type": "function_call_output", "call_id": "call_9", "output": "{}"} == items[-1]


async def test_unreadable_arguments_are_kept_for_one_repair(responses: OpenAIResponses, server: OpenAIServer) -> None:
    """The call arrives with its text, and the conversation goes on with what the model had said."""
    server.script(call_badly("refund", '{"invoice_id": '), say("Sorry."))
    first = await responses.plan(prompt_of(user("refund 18492")), timeout=5)
    made = first.calls[0]
    assert ('{"invoice_id": ', {}) == (made.raw, made.arguments)
    lines = [user("refund 18492"), Line(role="call", call=made, items=first.items)]
    lines.append(Line(role="result", call=made, text="not readable"))
    assert "Sorry." == (await responses.plan(prompt_of(*lines), timeout=5)).text
    assert not server.refused


async def test_a_text_is_read_over_the_wire(responses: OpenAIResponses, server: OpenAIServer) -> None:
    """Text, model and tokens; items are passed along only beside a call."""
    server.script(say("Hello."))
    reply = await responses.generate(prompt_of(user("hi")), timeout=5)
    assert ("Hello.", "gpt-6.1-terra-2026-09-22", 20, 7, ()) == (
        reply.text,
        reply.model,
        reply.usage.tokens_out,
        reply.usage.cached,
        reply.items,
    )


def message(*parts: dict[str, Any]) -> dict[str, Any]:
    """Make the output of one message."""
    return {"output": [{"type": "message", "content": list(parts)}], "usage": {"input_tokens": 3, "output_tokens": 4}}


@pytest.mark.parametrize(
    "answer",
    [
        message(),
        message({"type": "output_text", "text": " "}),
        message({"type": "output_text", "text": None}),
        {"status": "completed", "output": None},
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        {"status": "incomplete", "incomplete_details": None},
        {"output": [{"type": "function_call", "name": "refund"}]},
        {"output": [{"type": "function_call", "call_id": "c"}]},
    ],
)
def test_an_answer_that_cannot_be_used_is_wrong(answer: dict[str, Any]) -> None:
    """Empty, cut off, or a call without a name or id: never half an answer."""
    with pytest.raises(ModelWrong) as caught:
        read(answer, model="m")
    assert caught.value.again


def test_a_useless_answer_says_what_it_cost() -> None:
    """The tokens of an answer that cannot be used are counted too."""
    with pytest.raises(ModelWrong) as caught:
        read(message(), model="m")
    assert (3, 4) == (caught.value.usage.tokens_in, caught.value.usage.tokens_out)


@pytest.mark.parametrize(
    "answer",
    [
        message({"type": "refusal", "refusal": "No."}),
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        {"status": "failed", "error": {"code": "misalignment_policy_violation"}},
    ],
)
def test_a_refusal_is_never_asked_again(answer: dict[str, Any]) -> None:
    """A refusal, a filtered answer and a policy's verdict are for people, not for a retry."""
    with pytest.raises(ModelRefused):
        read(answer, model="m")


def test_a_failure_is_named_by_its_code() -> None:
    """A server's trouble may pass; another failure comes back the same."""
    for code in ("server_error", "rate_limit_exceeded"):
        with pytest.raises(ModelDown):
            read({"status": "failed", "error": {"code": code}}, model="m")
    for answer in ({"status": "failed", "error": {"code": "invalid_prompt"}}, {"status": "queued"}, {"status": None}):
        with pytest.raises(ModelWrong) as caught:
            read(answer, model="m")
        assert not caught.value.again
