"""Chat Completions: the body that leaves, and what is read from the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.models.base import Call, Line, ModelRefused, ModelWrong, Prompt
from bot.models.known import Known, read
from bot.models.openai_chat import OpenAIChat, build, check
from bot.models.openai_chat import read as read_answer
from config.settings import SHIPPED
from state import errors
from tests.openai_prompts import FUNCTIONS, INSTRUCTIONS, SITUATION, bot, prompt_of, settings_for, user
from tests.openai_server import OpenAIServer, call, call_badly, say

OPENAI = Known(dialect="openai", reasoning=True, effort="low", chat_tools="effort_none", allowed_tools=True)
PLAIN = Known(dialect="openai")
PORTABLE = Known()


def body_of(prompt: Prompt, facts: Known = OPENAI, *, functions: bool = True) -> dict[str, Any]:
    """Build a body with a room of 1000 tokens for reasoning."""
    return build(prompt, model="some-model", facts=facts, room=1000, functions=functions)


def names_in(body: dict[str, Any]) -> list[str]:
    """List the functions of a body, in order."""
    return [tool["function"]["name"] for tool in body.get("tools", [])]


def test_the_instructions_come_first_and_the_customers_message_last() -> None:
    """What stays the same leads, the situation stands before the message that is being answered."""
    body = body_of(prompt_of(user("hi"), bot("hello"), user("check it"), user("now")))
    told = [(message["role"], message["content"]) for message in body["messages"]]
    assert [
        ("system", INSTRUCTIONS),
        ("user", "hi"),
        ("assistant", "hello"),
        ("system", f"Situation:\n{SITUATION}"),
        ("user", "check it"),
        ("user", "now"),
    ] == told


def test_a_tool_result_is_the_last_message() -> None:
    """After a call the situation stays where it was, so that the start of the prompt is the same as before."""
    made = Call(id="call_1", name="refund", arguments={"invoice_id": "18492"})
    before = body_of(prompt_of(user("refund 18492")))["messages"]
    after = body_of(
        prompt_of(
            user("refund 18492"), Line(role="call", call=made), Line(role="result", call=made, text='{"state":"done"}')
        )
    )["messages"]
    assert before == after[: len(before)]
    assert {"role": "tool", "tool_call_id": "call_1", "content": '{"state":"done"}'} == after[-1]


def test_calls_made_together_share_one_message() -> None:
    """The API wants the results of one message's calls right after it."""
    one, two = Call(id="c1", name="refund"), Call(id="c2", name="refund", raw="{broken")
    lines = [Line(role="call", call=one), Line(role="call", call=two)]
    lines += [Line(role="result", call=one, text="{}"), Line(role="result", call=two, text="{}")]
    messages = body_of(prompt_of(user("do both"), *lines))["messages"]
    assert ["system", "system", "user", "assistant", "tool", "tool"] == [message["role"] for message in messages]
    assert ["{}", "{}"] == [made["function"]["arguments"] for made in messages[3]["tool_calls"]]


def test_a_call_nobody_answered_and_an_empty_line_are_left_out() -> None:
    """The API refuses a call without a result, and an empty message says nothing."""
    made, other = Call(id="c1", name="refund"), Call(id="c2", name="talk_to_person")
    lines = [Line(role="assistant", items=({"type": "reasoning"},)), Line(role="call", call=made)]
    lines += [Line(role="call", call=other), Line(role="result", call=made, text="{}")]
    messages = body_of(prompt_of(user("do it"), *lines))["messages"]
    assert ["system", "system", "user", "assistant", "tool"] == [message["role"] for message in messages]
    assert ["c1"] == [told["id"] for told in messages[3]["tool_calls"]]


def test_the_function_list_is_constant_and_narrowed_by_name() -> None:
    """Which functions are allowed changes the tool choice and never the list, where the model can do that."""
    whole = body_of(prompt_of(user("hi")))
    narrowed = body_of(prompt_of(user("hi"), allowed=("talk_to_person", "invoice_status")))
    assert whole["tools"] == narrowed["tools"]
    assert "auto" == whole["tool_choice"]
    named = [{"type": "function", "function": {"name": name}} for name in ("invoice_status", "talk_to_person")]
    assert {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": named}} == narrowed["tool_choice"]


@pytest.mark.parametrize("facts", [PLAIN, PORTABLE])
def test_the_list_itself_is_narrowed_where_the_model_cannot(facts: Known) -> None:
    """Other models are shown only what they may call, in the constant order."""
    body = body_of(prompt_of(user("hi"), allowed=("talk_to_person", "invoice_status")), facts)
    assert ["invoice_status", "talk_to_person"] == names_in(body)
    assert "auto" == body["tool_choice"]


def test_nothing_allowed_means_no_call() -> None:
    """With an empty list of permitted functions none can be called, whatever the server."""
    assert "none" == body_of(prompt_of(user("hi"), allowed=()))["tool_choice"]
    assert "tools" not in body_of(prompt_of(user("hi"), allowed=()), PORTABLE)


def test_every_function_is_strict_and_calls_come_one_at_a_time() -> None:
    """Strict schemas for every function, no parallel calls, nothing kept by the provider."""
    body = body_of(prompt_of(user("hi"), cache_key="k" * 99, user_hash="u" * 200))
    assert all(tool["function"]["strict"] for tool in body["tools"])
    assert (False, False) == (body["parallel_tool_calls"], body["store"])
    assert ("k" * 64, "u" * 128) == (body["prompt_cache_key"], body["safety_identifier"])


def test_reasoning_is_off_only_where_functions_forbid_it() -> None:
    """Newer models take functions here only without reasoning; in plain answers they may think."""
    planned = body_of(prompt_of(user("hi"), max_tokens=500))
    answered = body_of(prompt_of(user("hi"), max_tokens=500), functions=False)
    assert ("none", 500) == (planned["reasoning_effort"], planned["max_completion_tokens"])
    assert ("low", 1500) == (answered["reasoning_effort"], answered["max_completion_tokens"])
    assert "tools" not in answered
    assert "reasoning_effort" not in body_of(prompt_of(user("hi")), PLAIN)


def test_an_unknown_server_gets_only_what_all_servers_take() -> None:
    """One system message, max_tokens, and none of OpenAI's own fields."""
    body = body_of(prompt_of(user("hi"), bot("hello"), user("again"), cache_key="k", user_hash="u"), PORTABLE)
    assert {"model", "messages", "tools", "tool_choice", "parallel_tool_calls", "max_tokens"} == body.keys()
    assert ["system", "user", "assistant", "user"] == [message["role"] for message in body["messages"]]
    assert f"{INSTRUCTIONS}\n\nSituation:\n{SITUATION}" == body["messages"][0]["content"]


def test_a_model_that_cannot_call_functions_here_is_refused_at_start(tmp_path: Path) -> None:
    """The refusal names the setting and the backend that works."""
    settings = settings_for("http://127.0.0.1:9/v1", tmp_path, openai_model="gpt-6.1-sol")
    with pytest.raises(errors.BadInput, match=r"OPENAI_MODEL: gpt-6\.1-sol .* MODEL_BACKEND=openai_responses"):
        OpenAIChat(settings)


def test_every_listed_model_is_either_usable_or_refused() -> None:
    """No row of models.yaml is in between."""
    table = read(SHIPPED / "models.yaml")
    refused = set()
    for name, facts in table.models.items():
        try:
            check(name, facts)
        except errors.BadInput:
            refused.add(name)
    assert {"gpt-6-astra", "gpt-6.1-sol", "gpt-6.2-astra", "gpt-6.2-sol"} == refused


async def test_a_call_is_read_over_the_wire(chat: OpenAIChat, server: OpenAIServer) -> None:
    """The real SDK and the scripted server: the request is accepted, the call comes back parsed."""
    server.script(call("refund", invoice_id="18492", refund_reason=None))
    reply = await chat.plan(prompt_of(user("refund 18492"), allowed=("refund",)), timeout=5)
    assert not server.refused
    assert {"invoice_id": "18492", "refund_reason": None} == reply.calls[0].arguments
    assert ("gpt-6.1-terra-2026-09-22", 20, 7) == (reply.model, reply.usage.tokens_out, reply.usage.cached)


async def test_arguments_that_are_no_object_are_kept_for_one_repair(chat: OpenAIChat, server: OpenAIServer) -> None:
    """Broken JSON, and JSON that is no object, arrive as they were; then the conversation goes on."""
    for text in ('{"invoice_id": "18', "[1]", '"18492"'):
        server.script(call_badly("refund", text), say("Sorry."))
        prompt = prompt_of(user("refund 18492"))
        made = (await chat.plan(prompt, timeout=5)).calls[0]
        assert (text, {}) == (made.raw, made.arguments)
        lines = (*prompt.lines, Line(role="call", call=made), Line(role="result", call=made, text="not readable"))
        assert "Sorry." == (await chat.plan(prompt_of(*lines), timeout=5)).text
    assert not server.refused


def test_an_answer_in_parts_is_read() -> None:
    """Some servers answer with a list of parts."""
    message = {"content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}, "?"]}
    reply = read_answer({"choices": [{"message": message, "finish_reason": "stop"}]}, model="asked")
    assert ("Hello", "asked") == (reply.text, reply.model)


@pytest.mark.parametrize("identifier", [None, ""])
def test_a_call_without_an_id_gets_one(identifier: str | None) -> None:
    """Some servers leave the id out; it only pairs the call with our result, so one of our own does."""
    made = [{"id": identifier, "function": {"name": "refund", "arguments": "{}"}} for _ in range(2)]
    first, second = read_answer({"choices": [{"message": {"tool_calls": made}}]}, model="m").calls
    assert first.id
    assert first.id != second.id


@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"message": None},
        {"message": {"content": ""}},
        {"message": {"content": "  \n"}},
        {"message": {"content": 7}},
        {"message": {"content": "half"}, "finish_reason": "length"},
        {"message": {"tool_calls": [{"id": "c", "function": {"arguments": "{}"}}]}},
    ],
)
def test_an_answer_that_cannot_be_used_is_wrong(choice: dict[str, Any]) -> None:
    """Empty, cut off, or a call without a name: never half an answer, and its cost is not lost."""
    with pytest.raises(ModelWrong) as caught:
        read_answer({"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}, model="m")
    assert caught.value.again
    if "tool_calls" not in str(choice):
        assert (3, 4) == (caught.value.usage.tokens_in, caught.value.usage.tokens_out)


@pytest.mark.parametrize("answer", [{}, {"choices": None}, {"choices": []}, {"choices": ["x"]}, {"usage": []}])
def test_an_answer_of_another_shape_is_wrong(answer: dict[str, Any]) -> None:
    """Whatever a server sends, it ends in an error of ours."""
    with pytest.raises(ModelWrong):
        read_answer(answer, model="m")


@pytest.mark.parametrize(
    "choice", [{"message": {"refusal": "No."}}, {"message": {"content": "x"}, "finish_reason": "content_filter"}]
)
def test_a_refusal_is_never_asked_again(choice: dict[str, Any]) -> None:
    """A refusal and a filtered answer are for people, not for a retry."""
    with pytest.raises(ModelRefused):
        read_answer({"choices": [choice]}, model="m")


def test_functions_are_sent_in_the_order_given() -> None:
    """The order is the caller's, call after call."""
    assert [f.name for f in FUNCTIONS] == names_in(body_of(prompt_of(user("hi"))))
