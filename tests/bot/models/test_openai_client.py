"""The wire: every way a server can fail, named by who must react; what a call may cost; who may import the SDK."""

from __future__ import annotations

import asyncio
import datetime as dt
import subprocess
import sys
import time
from email.utils import format_datetime
from pathlib import Path

import pytest
from openai._utils import _transform

from bot.models.base import Model, ModelDown, ModelRefused, ModelWrong
from bot.models.openai_chat import OpenAIChat
from bot.models.openai_client import OpenAIClient, retry_after
from tests.openai_checks import UNKNOWN_MODEL, WRONG_KEY
from tests.openai_prompts import bot, prompt_of, settings_for, user
from tests.openai_script import Fault, Step
from tests.openai_server import OpenAIServer, fault, say

PROMPT = prompt_of(user("check invoice 18492"))
ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ("config", "state", "channels", "tools", "bot", "playground")


@pytest.mark.parametrize(
    "step, after, named",
    [
        (fault("rate_limit", retry_after="7"), 7.0, "429 rate_limit_exceeded"),
        (fault("status", status=500), None, "500 server_error"),
        (fault("status", status=503, retry_after_ms="40"), 0.04, "503 server_error"),
        (fault("status", status=408), None, "408"),
        (fault("status", status=409), None, "409"),
        (fault("truncate"), None, "connection"),
        (fault("disconnect"), None, "connection"),
    ],
)
async def test_what_may_pass_is_down(
    either: Model, server: OpenAIServer, step: Step, after: float | None, named: str
) -> None:
    """A busy or failing server and a lost connection are named so, with the pause the server asked for."""
    server.script(step)
    with pytest.raises(ModelDown, match=named) as caught:
        await either.plan(PROMPT, timeout=5)
    assert after == caught.value.after


@pytest.mark.parametrize("kind", ["hang", "stall"])
async def test_silence_ends_at_the_deadline(either: Model, server: OpenAIServer, kind: Fault) -> None:
    """No first byte, or half an answer and then nothing: the deadline ends it."""
    server.script(fault(kind))
    began = time.monotonic()
    with pytest.raises(ModelDown, match="in time"):
        await either.plan(PROMPT, timeout=0.2)
    assert time.monotonic() - began < 2


async def test_silence_ends_at_the_first_bytes_own_limit(server: OpenAIServer, tmp_path: Path) -> None:
    """A server that says nothing is given up long before the deadline."""
    settings = settings_for(server.url, tmp_path)
    settings = settings.model_copy(update={"tuning": settings.tuning.model_copy(update={"model_first_byte_s": 0.2})})
    server.script(fault("hang"))
    async with OpenAIChat(settings) as model:
        with pytest.raises(ModelDown, match="in time"):
            await model.plan(PROMPT, timeout=60)


async def test_a_server_that_is_not_there_is_down(tmp_path: Path, unused_tcp_port: int) -> None:
    """Connection refused is an error of ours, with no address in it."""
    async with OpenAIChat(settings_for(f"http://127.0.0.1:{unused_tcp_port}/v1", tmp_path)) as model:
        with pytest.raises(ModelDown, match="connection") as caught:
            await model.plan(PROMPT, timeout=5)
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize("code", ["insufficient_quota", "credit_balance_exhausted", "spend_limit_reached"])
async def test_an_empty_account_is_refused_not_busy(either: Model, server: OpenAIServer, code: str) -> None:
    """The code decides, not the status 429: money does not come back in seconds."""
    server.script(fault("quota", code=code))
    with pytest.raises(ModelRefused, match=code):
        await either.plan(PROMPT, timeout=5)


@pytest.mark.parametrize(
    "env", [{"openai_api_key": WRONG_KEY}, {"openai_model": UNKNOWN_MODEL}], ids=["wrong key", "unknown model"]
)
async def test_a_wrong_setting_is_refused(server: OpenAIServer, tmp_path: Path, env: dict[str, str]) -> None:
    """A wrong key or model name is for people; the error names the code and the provider's request id, not the key."""
    async with OpenAIChat(settings_for(server.url, tmp_path, **env)) as model:
        with pytest.raises(ModelRefused, match=r"(401 invalid_api_key|404 model_not_found).* request req_") as caught:
            await model.plan(PROMPT, timeout=5)
    assert WRONG_KEY not in str(caught.value)


async def test_a_request_that_cannot_be_taken_is_not_repeated(either: Model, server: OpenAIServer) -> None:
    """A 400 comes back the same however often one asks."""
    server.script(fault("status", status=400, code="context_length_exceeded"))
    with pytest.raises(ModelWrong, match="400 context_length_exceeded") as caught:
        await either.plan(PROMPT, timeout=5)
    assert not caught.value.again


@pytest.mark.parametrize("kind", ["not_json", "not_object", "empty"])
async def test_an_unreadable_answer_is_wrong(either: Model, server: OpenAIServer, kind: Fault) -> None:
    """A complete answer that is of no use may be asked for once more."""
    server.script(fault(kind))
    with pytest.raises(ModelWrong) as caught:
        await either.plan(PROMPT, timeout=5)
    assert caught.value.again


async def test_a_redirect_is_not_followed(either: Model, server: OpenAIServer) -> None:
    """The key and the conversation go to the server in the settings and to no other."""
    server.script(fault("status", status=307, location="http://127.0.0.1:9/v1/elsewhere"))
    with pytest.raises(ModelRefused, match="307"):
        await either.plan(PROMPT, timeout=5)


async def test_errors_hold_no_words_of_the_conversation(either: Model, server: OpenAIServer) -> None:
    """Whatever happens, the error can be logged."""
    for kind in ("rate_limit", "quota", "status", "truncate", "not_json", "empty", "refusal"):
        server.script(fault(kind))
        with pytest.raises((ModelDown, ModelRefused, ModelWrong)) as caught:
            await either.plan(prompt_of(user("my password is hunter2")), timeout=5)
        assert "hunter2" not in str(caught.value)
        assert "scripted" not in str(caught.value).replace("req_scripted", "")


async def test_a_call_can_be_cancelled(either: Model, server: OpenAIServer) -> None:
    """A turn that ends takes its model call with it, and the next call works."""
    server.script(fault("hang"), say("Hello."))
    asked = asyncio.create_task(either.plan(PROMPT, timeout=60))
    await server.arrived.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert "Hello." == (await either.plan(PROMPT, timeout=5)).text


async def test_the_sdk_never_repeats_a_call(either: Model, server: OpenAIServer) -> None:
    """One call, one request: repetitions are ours, in one place."""
    server.script(fault("status", status=500))
    with pytest.raises(ModelDown):
        await either.plan(PROMPT, timeout=5)
    assert 1 == len(server.requests)


async def test_a_server_without_a_key_works(server: OpenAIServer, tmp_path: Path) -> None:
    """OPENAI_BASE_URL alone is enough; some text goes out as the key."""
    settings = settings_for(server.url, tmp_path).model_copy(update={"openai_api_key": None})
    server.script(say("Hello."))
    async with OpenAIChat(settings) as model:
        assert "Hello." == (await model.plan(PROMPT, timeout=5)).text
    assert "Bearer none" == server.last.headers["Authorization"]


async def test_the_sdk_does_not_walk_the_messages(
    either: Model, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK's typed methods check every message in pure Python, half a millisecond each; ours is the way around."""

    def walk(*_: object, **__: object) -> object:
        raise AssertionError("the SDK walks the body")

    for name in ("_transform_recursive", "_async_transform_recursive"):
        monkeypatch.setattr(_transform, name, walk)
    server.script(say("Hello."))
    long = [user("hello") if i % 2 else bot("hello") for i in range(400)]
    assert "Hello." == (await either.plan(prompt_of(*long, user("hi")), timeout=5)).text
    assert len(server.last.items) >= 401


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Thu, 01 Jan 2015 00:00:00 GMT"}, 0.0),
        ({"retry-after": "Thu, 01 Jan 2015 00:00:00"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds first, then seconds or a date; nonsense counts as nothing said."""
    assert seconds == retry_after(headers)


def test_retry_after_as_a_date_counts_from_now() -> None:
    """A date in half a minute is half a minute."""
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
    found = retry_after({"retry-after": format_datetime(moment, usegmt=True)})
    assert found is not None
    assert 27 < found <= 30


async def test_a_closed_client_is_down(server: OpenAIServer, tmp_path: Path) -> None:
    """A call that comes too late at shutdown ends in an error of ours."""
    client = OpenAIClient(settings_for(server.url, tmp_path))
    await client.close()
    with pytest.raises(ModelDown):
        await client.post("/responses", {}, timeout=1)


def test_the_sdk_is_imported_only_by_its_backend() -> None:
    """Everything else about models loads without the SDK, which costs over a second and fifty megabytes."""
    loaded = (
        "import sys, bot.models, bot.models.guarded, bot.models.known, bot.models.prompts, bot.models.openai_parts;"
    )
    asked = "sys.exit(','.join({'openai', 'httpx2'} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", loaded + asked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stderr)


def test_one_file_imports_the_sdk() -> None:
    """A new major of the SDK touches one file; the client below it is also what MCP's SDK speaks through."""
    sources = [path for folder in SHIPPED for path in (ROOT / folder).rglob("*.py")]
    lines = {path: path.read_text(encoding="utf-8").splitlines() for path in sources}
    found = {path.name for path, text in lines.items() if any(_imports_sdk(line) for line in text)}
    assert {"openai_client.py", "mcp_client.py"} == found


def _imports_sdk(line: str) -> bool:
    words = line.split()
    return words[:1] in (["import"], ["from"]) and words[1].split(".")[0] in {"openai", "httpx2"}
