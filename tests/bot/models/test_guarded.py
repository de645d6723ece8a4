"""The guard around a model: every fault of a server, told attempt by attempt, within the deadline."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.models.base import Model, ModelDown, ModelRefused, ModelWrong
from bot.models.guarded import Attempt, Guarded
from bot.models.openai_chat import OpenAIChat
from bot.models.openai_responses import OpenAIResponses
from bot.models.patience import RetryPolicy
from tests.openai_prompts import prompt_of, user
from tests.openai_server import OpenAIServer, Step, call_badly, fault, say

PROMPT = prompt_of(user("check invoice 18492"))
QUICK = RetryPolicy(first_wait=0.01, shortest=0.01, opens_after=50)
DOWN = fault("status", status=503)


def outcomes(attempts: list[Attempt]) -> list[str]:
    """List the outcomes in order."""
    return [attempt.outcome for attempt in attempts]


@pytest.mark.parametrize(
    "failures, told",
    [
        ([fault("rate_limit", retry_after_ms="20")], ["down", "ok"]),
        ([fault("status", status=500)], ["down", "ok"]),
        ([DOWN, DOWN], ["down", "down", "ok"]),
        ([fault("truncate")], ["down", "ok"]),
        ([fault("disconnect")], ["down", "ok"]),
        ([fault("not_json")], ["wrong", "ok"]),
        ([fault("not_object")], ["wrong", "ok"]),
        ([fault("empty")], ["wrong", "ok"]),
        ([fault("incomplete")], ["wrong", "ok"]),
        ([DOWN, fault("rate_limit", retry_after="0")], ["down", "down", "ok"]),
    ],
    ids=lambda value: None if not isinstance(value, list) else "-".join(str(getattr(v, "fault", v)) for v in value),
)
async def test_a_fault_that_passes_is_survived(
    either: Model, server: OpenAIServer, failures: list[Step], told: list[str]
) -> None:
    """The answer after the fault is the answer; each attempt is told with its outcome."""
    attempts: list[Attempt] = []
    server.script(*failures, say("Here I am."))
    model = Guarded(inner=either, policy=QUICK, on_call=attempts.append)
    assert "Here I am." == (await model.plan(PROMPT, timeout=10)).text
    assert told == outcomes(attempts)
    assert list(range(1, len(told) + 1)) == [attempt.number for attempt in attempts]


async def test_an_attempt_tells_backend_version_time_and_tokens(
    responses: OpenAIResponses, server: OpenAIServer
) -> None:
    """What a session's log and the metrics need is there, and no word of the conversation."""
    attempts: list[Attempt] = []
    server.script(fault("empty"), say("Here I am."))
    await Guarded(inner=responses, policy=QUICK, on_call=attempts.append).generate(PROMPT, timeout=10)
    wrong, good = attempts
    assert ("openai_responses", "generate", "plan@1", "wrong") == (
        wrong.backend, wrong.verb, wrong.prompt_version, wrong.outcome,
    )  # fmt: skip
    assert ("gpt-6.1-terra-2026-09-22", "", 20) == (good.model, good.detail, good.usage.tokens_out)
    assert wrong.usage.tokens_in > 0
    assert wrong.ms >= 0
    assert "18492" not in repr(attempts)


async def test_the_last_error_is_raised_when_nothing_helps(either: Model, server: OpenAIServer) -> None:
    """Three attempts, then the error itself, so that the turn can fall back."""
    attempts: list[Attempt] = []
    server.script(DOWN, DOWN, fault("status", status=500))
    with pytest.raises(ModelDown, match="500"):
        await Guarded(inner=either, policy=QUICK, on_call=attempts.append).plan(PROMPT, timeout=10)
    assert ["down"] * 3 == outcomes(attempts)


async def test_a_refusal_is_asked_once(either: Model, server: OpenAIServer) -> None:
    """No money, no permission, no will: asking again does not help."""
    for step in (fault("quota"), fault("refusal"), fault("filtered"), fault("status", status=403)):
        server.script(step)
        with pytest.raises(ModelRefused):
            await Guarded(inner=either, policy=QUICK).plan(PROMPT, timeout=10)
    assert 4 == len(server.requests)


async def test_a_bad_request_is_asked_once(either: Model, server: OpenAIServer) -> None:
    """A 400 is the same the next time."""
    server.script(fault("status", status=400))
    with pytest.raises(ModelWrong):
        await Guarded(inner=either, policy=QUICK).plan(PROMPT, timeout=10)


async def test_an_answer_that_stays_useless_is_asked_for_twice(either: Model, server: OpenAIServer) -> None:
    """Every useless answer costs money; two are enough."""
    server.script(fault("empty"), fault("empty"))
    with pytest.raises(ModelWrong):
        await Guarded(inner=either, policy=QUICK).plan(PROMPT, timeout=10)


async def test_malformed_arguments_are_left_to_the_turn(either: Model, server: OpenAIServer) -> None:
    """The turn repairs a call, since only it can tell the model what was wrong with it."""
    server.script(call_badly("refund", "{broken"))
    reply = await Guarded(inner=either, policy=QUICK).plan(PROMPT, timeout=10)
    assert "{broken" == reply.calls[0].raw


@pytest.mark.parametrize("kind", ["hang", "stall"])
async def test_silence_ends_at_the_deadline(either: Model, server: OpenAIServer, kind: str) -> None:
    """The deadline holds for all attempts together."""
    server.script(fault("hang") if kind == "hang" else fault("stall"))
    began = time.monotonic()
    with pytest.raises(ModelDown, match="in time"):
        await Guarded(inner=either, policy=QUICK).plan(PROMPT, timeout=0.2)
    assert time.monotonic() - began < 2


async def test_too_long_a_retry_after_is_not_waited_for(either: Model, server: OpenAIServer) -> None:
    """A server that wants a minute while there are seconds is given up at once, with its word for later."""
    server.script(fault("rate_limit", retry_after="60"))
    began = time.monotonic()
    with pytest.raises(ModelDown) as caught:
        await Guarded(inner=either, policy=QUICK).plan(PROMPT, timeout=10)
    assert 60.0 == caught.value.after
    assert time.monotonic() - began < 5


async def test_retry_after_is_obeyed(chat: OpenAIChat, server: OpenAIServer) -> None:
    """No second request before the server's own pause is over."""
    server.script(fault("rate_limit", retry_after_ms="300"), say("Here I am."))
    began = time.monotonic()
    await Guarded(inner=chat, policy=QUICK).plan(PROMPT, timeout=10)
    assert time.monotonic() - began >= 0.3


async def test_an_open_breaker_answers_at_once(chat: OpenAIChat, server: OpenAIServer) -> None:
    """After five failures nobody waits for the server any more; a call later finds it back."""
    now = 0.0
    attempts: list[Attempt] = []
    policy = RetryPolicy(retries=0, opens_after=5, pause=15.0)
    model = Guarded(inner=chat, policy=policy, on_call=attempts.append, clock=lambda: now)
    server.script(*[DOWN] * 5)
    for _ in range(5):
        with pytest.raises(ModelDown, match="503"):
            await model.plan(PROMPT, timeout=10)
    with pytest.raises(ModelDown, match="left alone after 5 failures") as caught:
        await model.listening(attempts.append).plan(PROMPT, timeout=10)
    assert (15.0, 5) == (caught.value.after, len(server.requests))
    assert "paused" == attempts[-1].outcome
    now = 15.0
    server.script(say("Here I am."), say("Still here."))
    assert "Here I am." == (await model.plan(PROMPT, timeout=10)).text
    assert "Still here." == (await model.generate(PROMPT, timeout=10)).text


async def test_refusals_and_nonsense_do_not_open_the_breaker(chat: OpenAIChat, server: OpenAIServer) -> None:
    """A customer whose words are refused must not shut out all the others."""
    policy = RetryPolicy(retries=0, opens_after=1)
    model = Guarded(inner=chat, policy=policy)
    for step in (fault("refusal"), fault("empty"), fault("status", status=400)):
        server.script(step)
        with pytest.raises((ModelRefused, ModelWrong)):
            await model.plan(PROMPT, timeout=10)
    server.script(say("Here I am."))
    assert "Here I am." == (await model.plan(PROMPT, timeout=10)).text


async def test_the_fallback_answers_when_the_model_does_not(
    chat: OpenAIChat, responses: OpenAIResponses, server: OpenAIServer
) -> None:
    """Another backend takes over after the retries, and its attempt is told under its own name."""
    attempts: list[Attempt] = []
    server.script(DOWN, DOWN, DOWN, say("From the other one."))
    model = Guarded(inner=responses, fallback=chat, policy=QUICK, on_call=attempts.append)
    assert "From the other one." == (await model.plan(PROMPT, timeout=10)).text
    assert [("openai_responses", "down")] * 3 + [("openai_chat", "ok")] == [(a.backend, a.outcome) for a in attempts]


async def test_the_fallback_has_time_left(chat: OpenAIChat, responses: OpenAIResponses, server: OpenAIServer) -> None:
    """A backend that hangs does not use up the time of the one that stands in for it."""
    server.script(fault("hang"), say("From the other one."))
    model = Guarded(inner=responses, fallback=chat, policy=QUICK)
    assert "From the other one." == (await model.plan(PROMPT, timeout=1.0)).text


async def test_closing_closes_the_fallback_too(chat: OpenAIChat, responses: OpenAIResponses) -> None:
    """Nothing stays open behind a guard that was closed."""
    await Guarded(inner=responses, fallback=chat).close()
    for model in (chat, responses):
        with pytest.raises(ModelDown, match="closed"):
            await model.plan(PROMPT, timeout=1)


async def test_views_share_one_breaker_and_keep_their_own_records(chat: OpenAIChat, server: OpenAIServer) -> None:
    """Each turn listens to its own attempts; what is known of the backend is known to all."""
    one: list[Attempt] = []
    two: list[Attempt] = []
    model = Guarded(inner=chat, policy=RetryPolicy(retries=0, opens_after=1))
    server.script(DOWN)
    for record in (one, two):
        with pytest.raises(ModelDown):
            await model.listening(record.append).plan(PROMPT, timeout=10)
    assert (["down"], ["paused"]) == (outcomes(one), outcomes(two))


async def test_a_cancelled_turn_teaches_the_breaker_nothing(chat: OpenAIChat, server: OpenAIServer) -> None:
    """A turn that is stopped while the backend is being probed leaves the probe to the next."""
    now = 0.0
    model = Guarded(inner=chat, policy=RetryPolicy(retries=0, opens_after=1, pause=5.0), clock=lambda: now)
    server.script(DOWN)
    with pytest.raises(ModelDown):
        await model.plan(PROMPT, timeout=10)
    now = 5.0
    server.arrived.clear()
    server.script(fault("hang"), say("Here I am."))
    probe = asyncio.create_task(model.plan(PROMPT, timeout=60))
    await server.arrived.wait()
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert "Here I am." == (await model.plan(PROMPT, timeout=10)).text
