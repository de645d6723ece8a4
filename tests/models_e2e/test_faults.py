"""A model that is down, slow or out of money: repeated where that helps, else the rules answer, else a person does."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from tests.flows.told import NOTICE, TERMS, asked_for_consent, refunded
from tests.harness.outside import KIM
from tests.harness.stage import Stage
from tests.models_e2e.seen import ONE_API, PAID, PERSON, RULES, degraded, outcomes
from tests.openai_server import OpenAIServer, Step, call, fault, say

PASSING: tuple[Step, ...] = (
    fault("rate_limit"),
    fault("status", status=503, code="overloaded"),
    fault("disconnect"),
    fault("failed"),
    fault("incomplete"),
    fault("not_object"),
)
LASTING: tuple[Step, ...] = (
    fault("quota"),
    fault("status", status=429, code="credit_balance_exhausted"),
    fault("status", status=401, code="invalid_api_key"),
    fault("status", status=400, code="invalid_prompt"),
    fault("refusal"),
    fault("filtered"),
)
SHORT = {"turn_deadline_s": 3.0, "model_total_s": 1.5, "model_first_byte_s": 1.0}
NEVER_AGAIN = {"model_retries": 0}


async def test_what_may_pass_is_asked_again(stage: Stage, model: OpenAIServer) -> None:
    """One failure of each kind is one more request, and the customer notices nothing."""
    web = await stage.web(customer=KIM)
    for number, trouble in enumerate(PASSING, start=1):
        model.script(trouble)
        assert PAID in (await web.ask("check invoice 18492"))["text"], trouble
        assert 2 * number == len(model.requests), trouble

    assert [] == await degraded(stage)


async def test_what_does_not_pass_is_not_asked_again(stage: Stage, model: OpenAIServer) -> None:
    """No money, no access, a refusal: one request each, and the rules answer at once and say so."""
    web = await stage.web(customer=KIM)
    for number, trouble in enumerate(LASTING, start=1):
        model.script(trouble)
        answer = (await web.ask("check invoice 18492"))["text"]
        assert RULES in answer, trouble
        assert PAID in answer, trouble
        assert number == len(model.requests), trouble

    assert ["offline"] * len(LASTING) == await degraded(stage)
    assert RULES not in (await web.ask("check invoice 18492"))["text"]


async def test_the_server_says_when_to_come_back(stage: Stage, model: OpenAIServer) -> None:
    """The next attempt comes no sooner than the server asked for, in seconds or milliseconds."""
    web = await stage.web(customer=KIM)
    model.script(fault("rate_limit", retry_after="1"))
    assert PAID in (await web.ask("check invoice 18492"))["text"]
    model.script(fault("rate_limit", retry_after_ms="700"))
    assert PAID in (await web.ask("check invoice 18492"))["text"]

    first, second, third, fourth = (request.at for request in model.requests)
    assert 1.0 <= second - first < 3.0
    assert 0.7 <= fourth - third < 2.7


@ONE_API
async def test_too_long_a_pause_is_not_waited_for(stage: Stage, model: OpenAIServer) -> None:
    """A server that wants ten minutes is left alone: the rules answer at once."""
    web = await stage.web(customer=KIM)
    model.script(fault("rate_limit", retry_after="600"))
    began = time.monotonic()

    answer = (await web.ask("check invoice 18492"))["text"]

    assert RULES in answer
    assert PAID in answer
    assert time.monotonic() - began < 5
    assert 1 == len(model.requests)


@ONE_API
@pytest.mark.parametrize("tuning", [SHORT])
async def test_a_turn_keeps_its_deadline(stage: Stage, model: OpenAIServer, tuning: dict[str, Any]) -> None:
    """However long the model hangs, there is time left to look the invoice up without it."""
    web = await stage.web(customer=KIM)
    model.rule = lambda _: fault("hang")
    began = time.monotonic()

    answer = (await web.ask("check invoice 18492"))["text"]

    assert RULES in answer
    assert PAID in answer
    assert time.monotonic() - began < SHORT["turn_deadline_s"]


@ONE_API
@pytest.mark.parametrize("tuning", [SHORT | {"model_first_byte_s": 0.3}])
async def test_all_calls_of_a_turn_share_its_time(stage: Stage, model: OpenAIServer, tuning: dict[str, Any]) -> None:
    """A model that is slow with every lookup it wants gets no new time for each: the rules still have theirs."""
    web = await stage.web(customer=KIM)
    numbers = iter(range(18_400, 18_450))
    is_well = itertools.cycle((False, True))
    model.rule = lambda _: call("get_invoice", invoice_id=str(next(numbers))) if next(is_well) else fault("hang")
    began = time.monotonic()

    answer = (await web.ask("check invoice 18492"))["text"]

    assert RULES in answer
    assert PAID in answer
    assert time.monotonic() - began < SHORT["turn_deadline_s"] - 0.5


async def test_a_fault_after_a_lookup(stage: Stage, model: OpenAIServer) -> None:
    """The second call of a turn may fail as the first: it is repeated with the same transcript, and then given up."""
    web = await stage.web(customer=KIM)
    model.script(call("get_invoice", invoice_id="18493"), fault("disconnect"), say("It is open."))
    assert "It is open." == (await web.ask("how about 18493?"))["text"]
    assert model.requests[1].body == model.requests[2].body

    model.script(call("get_invoice", invoice_id="18492"), fault("quota"))
    answer = (await web.ask("check invoice 18492"))["text"]

    assert RULES in answer
    assert PAID in answer


@ONE_API
async def test_what_the_rules_do_not_understand_goes_to_a_person(stage: Stage, model: OpenAIServer) -> None:
    """Without a model and without a rule that fits there is a ticket; the next such message names the same one."""
    web = await stage.web(customer=KIM)
    model.rule = lambda _: fault("quota")

    first = await web.ask("qwertz asdfgh yxcvbn")
    second = await web.ask("yxcvbn qwertz")

    number = (await stage.operators.tickets())[0]["number"]
    assert PERSON in first["text"]
    assert f"ticket is number {number}" in first["text"]
    assert f"ticket is number {number}" in second["text"]
    assert 1 == len(await stage.operators.tickets())
    assert ["person", "person"] == await degraded(stage)


@ONE_API
@pytest.mark.parametrize("tuning", [NEVER_AGAIN])
async def test_a_model_that_stays_down_is_left_alone(stage: Stage, model: OpenAIServer, tuning: dict[str, Any]) -> None:
    """`model_retries` of bot.toml holds, and after five failures in a row no customer waits for the model any more."""
    web = await stage.web(customer=KIM)
    model.rule = lambda _: fault("status", status=500)

    for _ in range(7):
        assert PAID in (await web.ask("check invoice 18492"))["text"]

    assert 5 == len(model.requests)
    assert ["down"] * 5 + ["paused"] * 2 == await outcomes(stage)


@ONE_API
async def test_a_refund_without_the_model(stage: Stage, model: OpenAIServer) -> None:
    """The model dies with the terms on the table: they come back by rule, and the yes needs no model."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    await asked_for_consent(web)
    model.rule = lambda _: fault("quota")

    assert TERMS in (await web.ask("hm, refund invoice 18492, what was that again"))["text"]

    assert [] == await refunded(stage)
    assert NOTICE in await phone.ask("yes")
    assert ["18492"] == await refunded(stage)
