"""The bot in the test's process, its model behind HTTP; after each test every message has exactly one answer."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot import observe
from bot.app import Services
from tests import openai_planner
from tests.harness import trained
from tests.harness.inprocess import performed
from tests.harness.places import Place
from tests.harness.stage import Stage
from tests.openai_server import OpenAIServer

trained.share()


@pytest.fixture(params=["openai_responses", "openai_chat"])
def backend(request: pytest.FixtureRequest) -> str:
    """Every test runs with both APIs; a test that needs but one says so by parametrising it."""
    return str(request.param)


@pytest.fixture
def chosen() -> str:
    """The model's name, by which the program knows what its API takes; a test parametrises it."""
    return "gpt-6.1-terra"


@pytest.fixture
def tuning() -> dict[str, Any]:
    """Times that a test wants to be other than fast; a test parametrises it."""
    return {}


@pytest.fixture
async def model() -> AsyncIterator[OpenAIServer]:
    """The model's server: the steps it is told, then the demonstration planner. No step may be left over."""
    async with OpenAIServer(rule=openai_planner.plan) as server:
        yield server


@pytest.fixture
def settings(backend: str, chosen: str, model: OpenAIServer) -> dict[str, str]:
    """What tells a bot to use the model's server."""
    server = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "sk-of-the-tests", "OPENAI_MODEL": chosen}
    return {"MODEL_BACKEND": backend, **server}


@pytest.fixture
async def running(
    settings: dict[str, str], tuning: dict[str, Any], migrated_sqlite_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Stage, Services]]:
    """An empty bot, from outside and from inside."""
    place = Place(home=tmp_path, database_url=migrated_sqlite_url, tuning=tuning, settings=settings)
    async with performed(place) as (stage, (services,)):
        yield stage, services
        await stage.operators.at_rest()
        for row in await stage.operators.sessions():
            found = await services.parts.store.session(row["id"])
            assert found
            assert found[1] == await services.parts.store.refold(row["id"])
            await _answered_once(stage, row["id"])


@pytest.fixture
def stage(running: tuple[Stage, Services]) -> Stage:
    """The bot as its customers see it."""
    return running[0]


async def _answered_once(stage: Stage, session: str) -> None:
    """Each message had one answer, no more and no less: no test here sends bursts."""
    log = await stage.operators.events(session)
    kinds = [event["kind"] for event in log if event["data"].get("kind") != "notice"]  # a letter is no answer
    assert kinds.count("MessageReceived") == kinds.count("ReplyQueued")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything the server logs at its most talkative, and the logs as they were afterwards."""
    stream, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:]
    observe.set_up("debug", stream=stream, readable=False)
    yield stream
    structlog.reset_defaults()
    root.handlers = before
    logging.raiseExceptions = True
