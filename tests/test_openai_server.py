"""The scripted server is as strict as the real one and fails as told; its planner is good enough to demonstrate."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from tests import openai_planner
from tests.openai_checks import first_problem
from tests.openai_prompts import FUNCTIONS, INVOICE
from tests.openai_script import Request
from tests.openai_server import OpenAIServer, call, fault, say

HEADERS = {"Authorization": "Bearer sk-test"}
TOOLS = [{"type": "function", "name": f.name, "parameters": f.schema, "strict": True} for f in FUNCTIONS]
MORE = [{"type": "function", "name": name, "parameters": INVOICE} for name in ("get_invoice", "refund_status")]


def responses(*items: dict[str, Any], **body: Any) -> Request:  # any field of the body
    """Make a request of the Responses API."""
    told = {"model": "gpt-6.1-terra", "input": list(items), "tools": [*MORE, *TOOLS], **body}
    return Request(api="responses", body=told, headers=HEADERS)


def chat(*messages: dict[str, Any], **body: Any) -> Request:  # any field of the body
    """Make a request of Chat Completions."""
    told = {"model": "gpt-4o-mini", "messages": list(messages), **body}
    return Request(api="chat", body=told, headers=HEADERS)


def said(text: str) -> dict[str, Any]:
    """Make the customer's message."""
    return {"role": "user", "content": text}


def result(text: str, number: int = 1) -> list[dict[str, Any]]:
    """Make a call and its result."""
    made = {"type": "function_call", "call_id": f"c{number}", "name": "get_invoice", "arguments": "{}"}
    return [made, {"type": "function_call_output", "call_id": f"c{number}", "output": text}]


@pytest.mark.parametrize(
    "words, name, arguments",
    [
        ("check invoice 18492", "invoice_status", {"invoice_id": "18492"}),
        ("please check invoice INV-000-1-2 for me", "invoice_status", {"invoice_id": "INV-000-1-2"}),
        ("refund 18492, it was a duplicate", "refund", {"invoice_id": "18492", "refund_reason": "duplicate"}),
        ("I want my money back", "refund", {"invoice_id": None, "refund_reason": None}),
        ("what is the status of my refund", "refund_status", {"invoice_id": None}),
        ("let me talk to a human", "talk_to_person", {}),
    ],
)
def test_the_planner_calls_what_the_words_mean(words: str, name: str, arguments: dict[str, Any]) -> None:
    """Functions by keywords, ids by digits, choices by their words."""
    assert ((name, arguments),) == openai_planner.plan(responses(said(words))).calls


@pytest.mark.parametrize(
    "before, name", [("check invoice 18492", "invoice_status"), ("refund invoice 18492 please", "refund_status")]
)
def test_the_planner_takes_a_short_question_for_a_follow_up(before: str, name: str) -> None:
    """What "any update?" is about stands in the message before; the id is left to whoever remembers it."""
    step = openai_planner.plan(responses(said(before), {"role": "assistant", "content": "Done."}, said("any update?")))
    assert ((name, {"invoice_id": None}),) == step.calls


def test_the_planner_answers_what_was_asked_for() -> None:
    """A message that means nothing by itself goes to the task that waits for an answer, "other" where nothing fits."""
    reason = {"type": ["string", "null"], "enum": ["duplicate", "other", None]}
    schema = {"type": "object", "properties": {"refund_reason": reason}}
    tools = [{"type": "function", "name": "refund", "parameters": schema}]
    waiting = 'Situation:\n{"task":{"workflow":"refund","waiting_for":"refund_reason"}}'
    request = responses({"role": "developer", "content": waiting}, said("my cat did it"), tools=tools)
    assert (("refund", {"refund_reason": "other"}),) == openai_planner.plan(request).calls


@pytest.mark.parametrize(
    "found, told",
    [
        (
            {"invoice_id": "18492", "status": "paid", "amount": "49.00 USD", "due_date": "2026-11-30"},
            "Invoice 18492 is paid: 49.00 USD, due 2026-11-30.",
        ),
        ({"invoice_id": "18492", "status": "open"}, "Invoice 18492 is open."),
        ({"say": "All done."}, "All done."),
        ({"renews_on": "2026-12-01", "plan": None}, "renews on: 2026-12-01."),
        ([1, 2], "Here is what I found: [1, 2]."),
    ],
)
def test_the_planner_tells_a_result(found: object, told: str) -> None:
    """A result becomes one sentence; nothing is called again."""
    assert told == openai_planner.plan(responses(said("check invoice 18492"), *result(json.dumps(found)))).text


def test_the_planner_mends_a_refused_call_and_gives_up_in_the_end() -> None:
    """An error leads to a call by the words; an earlier good result is told; after three errors the error is told."""
    wrong = '{"error":"no such function"}'
    asked = said("check invoice 18492")
    assert "invoice_status" == openai_planner.plan(responses(asked, *result(wrong))).calls[0][0]
    good = openai_planner.plan(responses(asked, *result('{"say":"It is paid."}'), *result(wrong, 2)))
    assert "It is paid." == good.text
    thrice = [item for number in range(3) for item in result(wrong, number)]
    assert "no such function" == openai_planner.plan(responses(asked, *thrice)).text


def test_the_planner_offers_help_otherwise() -> None:
    """Nothing fits, nothing is allowed, nothing was said."""
    assert openai_planner.HELP == openai_planner.plan(responses(said("what a day"))).text
    assert openai_planner.HELP == openai_planner.plan(responses(said("refund 18492"), tool_choice="none")).text
    assert openai_planner.HELP == openai_planner.plan(responses()).text


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Make a strict function over one schema."""
    return {"type": "function", "function": {"name": "f", "parameters": schema, "strict": True}}


OPEN = {"type": "object", "properties": {}}
OPTIONAL = {**INVOICE, "required": []}
DEFAULTED = {**INVOICE, "properties": {"invoice_id": {"type": "string", "default": "1"}}}
UNTYPED = {**INVOICE, "properties": {"invoice_id": {"type": "array"}}}
NESTED = {**INVOICE, "properties": {"invoice_id": {"anyOf": [OPEN, {"type": "null"}]}}}
ANY_OF = {"anyOf": [INVOICE]}
NEW = {"model": "gpt-6.1-terra"}


@pytest.mark.parametrize(
    "request_, code",
    [
        (chat(said("hi"), surprise=1), "unknown_parameter"),
        (chat(), "missing_required_parameter"),
        (chat(said("hi"), model="no-such-model"), "model_not_found"),
        (chat(said("hi"), prompt_cache_key="k" * 65), "string_above_max_length"),
        (responses(said("hi"), max_output_tokens=15), "integer_below_min_value"),
        *((chat(said("hi"), tools=[strict(s)]), "invalid_function_parameters") for s in (OPEN, OPTIONAL, DEFAULTED)),
        *((chat(said("hi"), tools=[strict(s)]), "invalid_function_parameters") for s in (UNTYPED, NESTED, ANY_OF)),
        (chat(said("hi"), tools=[strict(INVOICE), strict(INVOICE)]), "invalid_function_name"),
        (chat(said("hi"), tool_choice="auto"), "invalid_value"),
        (responses(said("hi"), tool_choice={"type": "allowed_tools", "tools": [{"name": "x"}]}), "invalid_value"),
        (responses(said("hi"), model="gpt-4o", include=["reasoning.encrypted_content"]), "invalid_value"),
        (chat(said("hi"), **NEW, tools=[strict(INVOICE)], reasoning_effort="low"), "invalid_value"),
        (chat(said("hi"), **NEW, max_tokens=5), "unsupported_parameter"),
        (chat(said("hi"), model="gpt-6-astra", reasoning_effort="none"), "unsupported_value"),
        (responses(result("{}")[0]), "invalid_value"),
        (responses(result("{}")[1]), "invalid_value"),
        (Request(api="chat", body={"model": "m", "messages": [said("hi")]}, headers={}), "invalid_api_key"),
    ],
)
def test_what_the_real_api_refuses_is_refused(request_: Request, code: str) -> None:
    """A request that would fail in production fails in the tests."""
    problem = first_problem(request_)
    assert problem is not None
    assert code == problem.code


def test_a_good_request_is_taken() -> None:
    """Strict functions, a call with its result, no complaint."""
    assert first_problem(responses(said("hi"), *result("{}"))) is None
    assert first_problem(chat(said("hi"), tools=[strict(INVOICE)], max_tokens=5)) is None


async def test_steps_come_before_the_rule_and_can_be_sent_over_http() -> None:
    """A run in which the server is a process of its own is scripted over HTTP, and read the same way."""
    async with OpenAIServer(rule=openai_planner.plan) as server, aiohttp.ClientSession(headers=HEADERS) as http:
        steps = [
            {"text": "First."},
            {"calls": [{"name": "refund", "arguments": {}}]},
            {"fault": "status", "status": 503},
        ]
        await http.post(server.url.replace("/v1", "/_script"), json=steps)
        body = {"model": "gpt-6.1-terra", "input": [said("check invoice 18492")], "tools": TOOLS}
        answers = []
        for _ in range(4):
            async with http.post(f"{server.url}/responses", json=body) as response:
                answers.append((response.status, await response.text()))
        assert [200, 200, 503, 200] == [status for status, _ in answers]
        for word, (_, text) in zip(("First.", "refund", "server_error", "invoice_status"), answers, strict=True):
            assert word in text
        async with http.get(server.url.replace("/v1", "/_requests")) as response:
            assert 4 == len(await response.json())
        async with http.get(f"{server.url}/models") as response:
            assert "gpt-6.1-terra" == (await response.json())["data"][0]["id"]


async def test_a_step_nobody_asked_for_fails_the_test() -> None:
    """A script that was not played to its end is a mistake of the test or of the code."""
    with pytest.raises(AssertionError, match="left over"):
        async with OpenAIServer(say("never asked for"), call("refund"), fault("hang")):
            pass


async def test_a_request_nobody_scripted_fails_the_test() -> None:
    """So is a request too many."""
    with pytest.raises(AssertionError, match="1 requests without a step"):
        async with OpenAIServer() as server, aiohttp.ClientSession(headers=HEADERS) as http:
            await http.post(f"{server.url}/responses", json={"model": "m", "input": [said("hi")]})
