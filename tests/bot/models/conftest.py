"""Both OpenAI backends against the scripted server, over real HTTP. Reaches nothing outside this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.models.base import Model
from bot.models.openai_chat import OpenAIChat
from bot.models.openai_responses import OpenAIResponses
from config.settings import Settings
from tests.harness import trained
from tests.openai_prompts import settings_for
from tests.openai_server import OpenAIServer

trained.share()


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    """A scripted server; at the end of the test no step may be left over."""
    async with OpenAIServer() as running:
        yield running


@pytest.fixture
def settings(server: OpenAIServer, tmp_path: Path) -> Settings:
    """Settings that point at the scripted server."""
    return settings_for(server.url, tmp_path)


@pytest.fixture
async def chat(settings: Settings) -> AsyncIterator[OpenAIChat]:
    """The Chat Completions backend."""
    async with OpenAIChat(settings) as model:
        yield model


@pytest.fixture
async def responses(settings: Settings) -> AsyncIterator[OpenAIResponses]:
    """The Responses backend."""
    async with OpenAIResponses(settings) as model:
        yield model


@pytest.fixture(params=["openai_chat", "openai_responses"])
async def either(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Model]:
    """Each of the two backends in turn."""
    model: Model = OpenAIChat(settings) if request.param == "openai_chat" else OpenAIResponses(settings)
    yield model
    await model.close()
