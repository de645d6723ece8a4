"""What every model backend promises, whoever provides it. Each row of MODELS that can be loaded takes part."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import workflows
from bot.models import MODELS
from bot.models.base import Line, Model, Prompt
from config.settings import SHIPPED
from tests import openai_planner
from tests.openai_prompts import prompt_of, settings_for, user
from tests.openai_server import OpenAIServer

WORKFLOWS = workflows.load(SHIPPED / "workflows")


@pytest.fixture(params=sorted(MODELS))
async def model(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Model]:
    """Each backend in turn; those that need a server get the scripted one with its planner."""
    module, _, name = MODELS[request.param].partition(":")
    kind = getattr(importlib.import_module(module), name)
    async with OpenAIServer(rule=openai_planner.plan) as server:
        settings = settings_for(server.url, tmp_path, model_backend=request.param)
        made: Model = kind(WORKFLOWS if request.param == "offline" else settings)
        yield made
        await made.close()
    assert not server.refused


def prompt(text: str, *more: Line, allowed: tuple[str, ...] | None = None) -> Prompt:
    """Make a prompt as the engine does: the conversation, and the new messages alone."""
    return prompt_of(user(text), *more, texts=(text,), allowed=allowed, user_hash="u" * 32, cache_key="plan@1")


async def test_its_name_is_its_row(model: Model, request: pytest.FixtureRequest) -> None:
    """Logs, metrics and settings speak of a backend by one name."""
    assert request.node.callspec.params["model"] == model.name


async def test_it_calls_the_function_that_fits(model: Model) -> None:
    """A plain wish becomes one call of one function, with the number as it was said."""
    reply = await model.plan(prompt("what is the status of invoice 18492"), timeout=10)
    assert ["invoice_status"] == [made.name for made in reply.calls]
    assert "18492" == reply.calls[0].arguments["invoice_id"]
    assert reply.calls[0].id


async def test_it_calls_only_what_is_allowed(model: Model) -> None:
    """A function outside the permitted ones is not called, however well it fits."""
    reply = await model.plan(prompt("what is the status of invoice 18492", allowed=("talk_to_person",)), timeout=10)
    assert {made.name for made in reply.calls} <= {"talk_to_person"}


async def test_nothing_allowed_means_no_call(model: Model) -> None:
    """With nothing permitted it calls nothing."""
    reply = await model.plan(prompt("refund invoice 18492", allowed=()), timeout=10)
    assert () == reply.calls


async def test_generate_calls_nothing(model: Model) -> None:
    """An answer in text is an answer in text."""
    reply = await model.generate(prompt("refund invoice 18492"), timeout=10)
    assert () == reply.calls


async def test_it_puts_a_result_into_words(model: Model) -> None:
    """The result of its own call is taken and told, with the number it is about."""
    text = "what is the status of invoice 18492"
    first = await model.plan(prompt(text), timeout=10)
    made = first.calls[0]
    found = '{"invoice_id":"18492","status":"paid","amount":"49.00 USD","due_date":"2026-11-30"}'
    lines = (Line(role="call", call=made, items=first.items), Line(role="result", call=made, text=found))
    told = await model.generate(prompt(text, *lines), timeout=10)
    assert "18492" in told.text
    assert () == told.calls


async def test_every_reply_names_its_model(model: Model) -> None:
    """The log says which model answered."""
    assert (await model.plan(prompt("talk to a person"), timeout=10)).model
