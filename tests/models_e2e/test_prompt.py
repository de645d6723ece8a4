"""What the model gets to see, and what is kept of it: always about as much, the newest last, and readable by nobody."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

from bot.app import Services
from state import events as ev
from tests.harness.outside import KIM, KIMS_PHONE
from tests.harness.stage import Stage
from tests.models_e2e.seen import ONE_API, PAID, Counted, events
from tests.openai_server import OpenAIServer, call, fault, say

WORDS = "My grandmother's maiden name is Threepwood"


@ONE_API
async def test_the_hundredth_visit_costs_what_the_first_did(stage: Stage, model: OpenAIServer) -> None:
    """The size of a request does not grow with the conversation once its window is full."""
    web = await stage.web(customer=KIM)
    model.rule = lambda request: say(f"Answer number {len(model.requests):03} to what was asked, in a sentence.")
    for number in range(100):
        await web.ask(f"Question number {number:03} about nothing in particular, and the time of day.")

    sizes = [len(json.dumps(request.body)) for request in model.requests]

    assert 100 == len(sizes)
    assert sizes[-1] <= 1.25 * sizes[0]
    assert max(sizes[10:]) - min(sizes[10:]) < 200
    assert "number 099" in model.last.said[-1]


@ONE_API
async def test_long_messages_are_cut_in_the_middle(stage: Stage, model: OpenAIServer) -> None:
    """Of a very long message the beginning and the end are shown: the question is usually at one of them."""
    web = await stage.web(customer=KIM)
    text = "Dear all. " + "I have been with you for years. " * 200 + "So: is invoice 18492 paid?"

    assert PAID in (await web.ask(text))["text"]

    shown = model.last.said[-1]
    assert shown.startswith("Dear all.")
    assert shown.endswith("is invoice 18492 paid?")
    assert len(shown) <= 1_500


async def test_what_is_to_be_answered_comes_last(stage: Stage, model: OpenAIServer) -> None:
    """A message that comes while the model still thinks stands before its answer in the log, but last in the prompt."""
    phone = stage.phone()
    await phone.ask("hello")
    release = asyncio.Event()
    thinking = asyncio.Event()
    answer = model._answer

    async def slow(http: object, api: object) -> object:
        if not thinking.is_set():
            thinking.set()
            await release.wait()
        return await answer(http, api)  # type: ignore[arg-type]

    model._answer = slow  # type: ignore[method-assign, assignment]
    first = await phone.write("check invoice 18493")
    await thinking.wait()
    await phone.write("check invoice 18492")
    release.set()

    texts = await phone.answers(first, count=2)

    assert ["18493", "18492"] == [text.split()[1] for text in texts]
    last = model.last.items[-1]
    assert ("user", "check invoice 18492") == (last["role"], last["content"])
    assert "Invoice 18493 is open" in model.last.replied[-1]


async def test_buttons_are_read_by_their_words(stage: Stage, model: OpenAIServer) -> None:
    """What the customer pressed stands in the transcript as it stood on the button."""
    web = await stage.web(customer=KIM)
    question = await web.ask("I want a refund for invoice 18492")
    await web.click(question, "I was charged twice")

    await web.ask("thank you so much")

    assert "I was charged twice" in model.last.said


async def test_every_attempt_is_on_record(stage: Stage, model: OpenAIServer, backend: str) -> None:
    """Backend, model, version of the prompt, tokens, time and outcome: in the session's log and in the figures."""
    counted = await Counted.begin(stage)
    model.script(fault("status", status=503), call("invoice_status", invoice_id="18492"))
    await stage.phone().ask("check invoice 18492")

    down, ok = await events(stage, "ModelCalled")

    assert ("down", "ok") == (down["outcome"], ok["outcome"])
    assert (backend, "gpt-6.1-terra-2026-09-22") == (ok["backend"], ok["model"])
    assert ok["prompt_version"].startswith("plan@")
    assert (True, 20, True) == (ok["tokens_in"] > 100, ok["tokens_out"], ok["ms"] >= 0)
    calls, names = "throughline_model_calls_total", f'backend="{backend}",model="gpt-6.1-terra"'
    assert 1 == await counted.grown(stage, f'{calls}{{{names},outcome="ok"}}')
    assert 1 == await counted.grown(stage, f'{calls}{{{names},outcome="down"}}')
    written = f'backend="{backend}",kind="output",model="gpt-6.1-terra"'
    assert 20 == await counted.grown(stage, f"throughline_model_tokens_total{{{written}}}")


@ONE_API
async def test_the_prompt_is_readable_nowhere(
    stage: Stage, model: OpenAIServer, tmp_path: Path, log: io.StringIO
) -> None:
    """Each attempt has its line in the log; what was said is in none, in no answer about events, in no file."""
    model.script(fault("status", status=503), call("invoice_status", invoice_id="18492"))
    await stage.phone().ask(f"check invoice 18492. {WORDS}")
    await stage.operators.at_rest()

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    told = [line for line in lines if line["event"] == "model_called"]

    assert [("down", 1), ("ok", 2)] == [(line["outcome"], line["attempt"]) for line in told]
    assert "503" in told[0]["reason"]
    assert {"backend", "model", "prompt_version", "ms", "tokens_in", "tokens_out", "session", "turn"} <= told[1].keys()
    assert "Threepwood" not in log.getvalue()
    assert "prompt" not in (await events(stage, "ModelCalled"))[1]
    assert _holds_nowhere(tmp_path, b"Threepwood")


def _holds_nowhere(folder: Path, words: bytes) -> bool:
    files = [file for file in folder.glob("throughline.db*") if file.is_file()]
    return bool(files) and not any(words in file.read_bytes() for file in files)


@ONE_API
async def test_the_prompt_is_kept_under_the_persons_key(running: tuple[Stage, Services], model: OpenAIServer) -> None:
    """Each event holds what was new in the prompt: nothing twice, nothing missing."""
    stage, services = running
    phone = stage.phone()
    model.script(call("get_invoice", invoice_id="18492"), fault("disconnect"), say("It is paid."))
    assert "It is paid." == await phone.ask(f"is 18492 fine? {WORDS}")
    session = await stage.operators.session_of(f"whatsapp:{KIMS_PHONE}")

    stored = await services.parts.store.events(session, 0)

    first, second, third = [s.data.prompt for s in stored if isinstance(s.data, ev.ModelCalled)]
    whole, added = json.loads(first), json.loads(second)
    assert ["user"] == [line["role"] for line in whole["lines"]]
    assert WORDS in whole["lines"][0]["text"]
    assert "get_invoice" in whole["allowed"]
    assert "whatsapp" in whole["situation"]
    assert ["assistant", "call", "result"] == [line["role"] for line in added["lines"]]
    assert "49.00" in added["lines"][-1]["text"]
    assert "" == third
