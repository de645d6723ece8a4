"""The conversation that must pass with every backend: an invoice, the other channel, a refund, refusals, a person."""

from __future__ import annotations

import pytest

from tests.flows.told import NOTICE, REASON, TERMS, asked_for_consent, notices, refunded
from tests.harness.outside import KIM
from tests.harness.stage import Stage
from tests.models_e2e.seen import ONE_API, PAID, RULES, degraded, first_fails, outcomes
from tests.openai_server import OpenAIServer, Step, call, fault, say

IMPATIENT = {"model_first_byte_s": 0.5, "model_between_s": 0.5}
TROUBLES: tuple[Step, ...] = (
    fault("rate_limit", retry_after_ms="20"),
    fault("hang"),
    fault("not_json"),
    fault("truncate"),
    fault("empty"),
    fault("stall"),
    fault("status", status=500),
)


async def converse(stage: Stage) -> None:
    """Everything a customer does here, on two channels in turn, counted at Acme and on the phone."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    assert PAID in (await web.ask("check invoice 18492"))["text"]
    follow_up = await phone.ask("any update?")
    assert PAID in follow_up
    assert "?" not in follow_up

    question = await web.ask("I want a refund for invoice 18492")
    assert REASON in question["text"]
    assert (await web.click(question, "I was charged twice"))["text"].startswith(TERMS)
    aside = await web.ask("check the status of my refund")
    assert "There is no refund" in aside["text"]
    assert TERMS in aside["text"]
    assert [] == await stage.outside.get("/acme/ledger")
    assert NOTICE in await phone.ask("yes")
    assert "done already" in await phone.ask("yes")

    assert "RF-1001" in (await web.ask("check the status of my refund"))["text"]
    assert "a refund is possible within 30 days" in (await web.ask("I want a refund for invoice 18401"))["text"]
    assert "ticket" in await phone.ask("let me talk to a person")
    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


async def test_the_whole_conversation(stage: Stage, model: OpenAIServer) -> None:
    """With a model that answers: it plans, the rules act, and nothing had to go another way."""
    await converse(stage)

    assert {"ok"} == set(await outcomes(stage))
    assert [] == await degraded(stage)
    assert [] == model.refused
    assert {stage.place.settings["MODEL_BACKEND"]} == {f"openai_{request.api}" for request in model.requests}


@pytest.mark.parametrize(
    "backend, chosen",
    [("openai_chat", "qwen3-32b"), ("openai_chat", "gpt-4o-mini"), ("openai_responses", "gpt-4o-mini")],
    indirect=["backend"],
)
async def test_the_whole_conversation_with_another_model(stage: Stage, model: OpenAIServer, chosen: str) -> None:
    """A model without reasoning, or one of another maker, whose server takes only what every server takes."""
    await converse(stage)

    assert {"ok"} == set(await outcomes(stage))
    assert [] == model.refused
    assert {chosen} == {request.body["model"] for request in model.requests}


@pytest.mark.parametrize("tuning", [IMPATIENT])
async def test_the_whole_conversation_when_every_call_fails_once(stage: Stage, model: OpenAIServer) -> None:
    """Each call fails before it succeeds, each in another way: the customer notices nothing, nothing is doubled."""
    model.rule = first_fails(*TROUBLES)

    await converse(stage)

    assert [] == await degraded(stage)
    assert {"down", "wrong", "ok"} == set(await outcomes(stage))
    assert len(TROUBLES) <= len(model.requests) // 2


@pytest.mark.parametrize("trouble", [fault("status", status=503), fault("quota")])
async def test_the_whole_conversation_without_the_model(stage: Stage, model: OpenAIServer, trouble: Step) -> None:
    """Nothing usable ever comes: simple rules carry all of it, and each answer of theirs says so."""
    model.rule = lambda _: trouble

    await converse(stage)

    assert {"offline"} == set(await degraded(stage))
    assert len(await degraded(stage)) == sum(RULES in text for text in await _texts(stage))


async def _texts(stage: Stage) -> list[str]:
    web = await stage.web(customer=KIM)
    return [m["text"] for m in web.shown() if m["author"] == "bot"]


@ONE_API
async def test_another_topic_in_the_middle(stage: Stage) -> None:
    """A question about another invoice is answered, the terms are back with it, and a yes to them counts."""
    web = await stage.web(customer=KIM)
    await asked_for_consent(web)

    aside = await web.ask("what is the status of invoice 18493?")

    assert "Invoice 18493 is open: 120.00 USD" in aside["text"]
    assert TERMS in aside["text"]
    assert [] == await refunded(stage)
    assert NOTICE in (await web.click(aside, "Yes"))["text"]
    assert ["18492"] == await refunded(stage)


async def test_a_lookup_is_followed_by_an_answer(stage: Stage, model: OpenAIServer) -> None:
    """The result goes back as the last thing the model sees, with the reasoning that led to the call, if there was."""
    web = await stage.web(customer=KIM)
    model.script(call("get_invoice", invoice_id="18493"), say("Invoice 18493 is still open, 120.00 USD."))

    assert "still open" in (await web.ask("what about 18493?"))["text"]

    first, second = model.requests
    assert "120.00" in second.results[-1]
    last = second.items[-1]
    assert "tool" == last.get("role") or "function_call_output" == last.get("type")
    assert ("sealed-1" in second.text()) is (first.api == "responses")
    assert [] == model.refused


@ONE_API
async def test_a_task_goes_on_with_what_the_model_understood(stage: Stage, model: OpenAIServer) -> None:
    """An answer in the customer's own words is read by the model and taken into the open task, not into a new one."""
    web = await stage.web(customer=KIM)
    model.script(
        call("refund", invoice_id="18492", refund_reason=None),
        call("refund", invoice_id=None, refund_reason="not_as_described"),
    )
    assert REASON in (await web.ask("I want a refund for invoice 18492"))["text"]

    terms = await web.ask("tja, das Ding tut einfach nicht, was ihr versprochen habt")

    assert terms["text"].startswith(TERMS)
    assert "It does not work as described" in terms["text"]
    session = (await stage.operators.sessions())[0]["id"]
    assert 1 == len(await stage.operators.events(session, "TaskStarted"))


@ONE_API
async def test_the_customers_language(stage: Stage, model: OpenAIServer) -> None:
    """A question in German leads to the same lookup, and the model's words arrive as it wrote them."""
    web = await stage.web(customer=KIM)
    model.script(call("invoice_status", invoice_id="18492"), say("Gern geschehen! Schönen Tag noch, bis bald. 👋"))

    assert PAID in (await web.ask("Ist die Rechnung 18492 schon bezahlt?"))["text"]
    assert "Gern geschehen! Schönen Tag noch, bis bald. 👋" == (await web.ask("Vielen lieben Dank euch allen"))["text"]
    assert "customer's language" in model.requests[0].text()
