"""When the model is no help: fewer functions, then a question, the rules, what was found, and at last a person."""

from __future__ import annotations

from tests.harness.outside import KIM
from tests.harness.stage import Stage
from tests.models_e2e.seen import ONE_API, PERSON, RULES, degraded, events
from tests.openai_server import OpenAIServer, call, call_badly, fault, say

UNSURE = "something is wrong with my money"


@ONE_API
async def test_after_a_mistake_there_are_fewer_functions(stage: Stage, model: OpenAIServer) -> None:
    """Workflows, and the call that was wrong, to be mended; other lookups are not allowed any more."""
    web = await stage.web(customer=KIM)
    model.script(call("get_invoice", number="18492"), say("Paid."))

    assert "Paid." == (await web.ask("and 18492?"))["text"]

    first, second = model.requests
    assert "get_customer" in {tool["name"] for tool in first.tools}
    assert "auto" == first.body["tool_choice"]
    left = {tool["name"] for tool in second.body["tool_choice"]["tools"]}
    assert {"get_invoice", "refund", "invoice_status"} <= left
    assert "get_customer" not in left


@ONE_API
async def test_a_question_comes_before_the_rules(stage: Stage, model: OpenAIServer) -> None:
    """Where the rules are not sure either, the likeliest are offered, and a button begins what it says."""
    web = await stage.web(customer=KIM)
    model.script(fault("quota"))

    asked = await web.ask(UNSURE)

    assert "Is it one of these?" in asked["text"]
    assert RULES not in asked["text"]
    assert 1 <= len(asked["choices"]) <= 3
    assert ["question"] == await degraded(stage)
    requests = len(model.requests)
    answer = await web.click(asked, asked["choices"][0]["label"])
    assert answer["text"]
    assert requests == len(model.requests)
    begun = [event["workflow"] for event in await events(stage, "TaskStarted")]
    assert [asked["choices"][0]["value"].removeprefix("begin:")] == begun


@ONE_API
async def test_a_question_is_answered_in_words(stage: Stage, model: OpenAIServer) -> None:
    """On a channel without buttons a number is an answer."""
    phone = stage.phone()
    model.script(fault("quota"))
    assert "Is it one of these?" in await phone.ask(UNSURE)
    await phone.ask("1")
    assert 1 == len(await events(stage, "TaskStarted"))


@ONE_API
async def test_whoever_says_more_than_a_choice_is_heard(stage: Stage, model: OpenAIServer) -> None:
    """A whole request that names one of the choices is a request: what else is in it is not lost."""
    web = await stage.web(customer=KIM)
    model.script(fault("quota"), call("refund", invoice_id="18492", refund_reason="duplicate"))
    asked = await web.ask(UNSURE)
    labels = {choice["label"] for choice in asked["choices"]}
    assert "Refund an invoice" in labels
    assert "49.00 USD" in (await web.ask("refund invoice 18492, I was charged twice"))["text"]


@ONE_API
async def test_what_was_found_is_said_before_a_person_takes_over(stage: Stage, model: OpenAIServer) -> None:
    """A lookup that worked is not lost because the model fails after it."""
    web = await stage.web(customer=KIM)
    bad = call_badly("get_invoice", "{")
    model.script(call("get_invoice", invoice_id="18492"), bad, bad)

    answer = (await web.ask("qwertz asdfgh yxcvbn"))["text"]

    assert "This is what I could find so far:" in answer
    assert "- status: paid" in answer
    assert "- amount: 49.00 USD" in answer
    assert PERSON in answer
    assert ["person"] == await degraded(stage)
