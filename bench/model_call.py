"""CPU per model call: our client against a fixed answer on loopback, for short and long conversations. Asserts nothing.

Run: .venv/bin/python bench/model_call.py
"""

from __future__ import annotations

import asyncio
import importlib
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.models import MODELS
from bot.models.base import Function, Line, Model, Prompt
from bot.models.guarded import Guarded
from config.settings import Settings
from tests.openai_script import Step, say
from tests.openai_server import OpenAIServer

CALLS, BATCHES, LENGTHS = 100, 5, (2, 40, 400)
TEXT = "Hello, could you please check whether invoice INV-1 has been paid already?"
SCHEMA = {
    "type": "object",
    "properties": {"invoice_id": {"type": "string", "description": "The invoice's number"}},
    "required": ["invoice_id"],
    "additionalProperties": False,
}


def serve(ready: Connection) -> None:
    """Answer every request alike, in a process of its own, so that only our side is measured."""

    async def run() -> None:
        server = OpenAIServer(rule=_answer)
        await server.start()
        ready.send(server.url)
        await asyncio.Event().wait()

    asyncio.run(run())


def _answer(_: object) -> Step:
    return say("Invoice INV-1 is paid: 42.00 EUR, received on 3 March.")


def prompt_of(length: int) -> Prompt:
    """Make a conversation of so many lines."""
    past = tuple(Line(role=("user", "assistant")[i % 2], text=TEXT) for i in range(length - 1))
    function = Function(name="get_invoice", description="Look up one invoice.", schema=SCHEMA)
    return Prompt(
        version="bench",
        instructions="You answer briefly. " * 40,
        situation="No task is open.",
        lines=(*past, Line(role="user", text=TEXT)),
        texts=(TEXT,),
        functions=(function,),
        user_hash="0" * 32,
        cache_key="bench",
    )


async def cpu_ms(call: Callable[[], Awaitable[object]]) -> tuple[float, float, float]:
    """Measure this process's CPU per call: median, least and most of several batches."""
    for _ in range(3):
        await call()
    found = []
    for _ in range(BATCHES):
        began = time.process_time()
        for _ in range(CALLS):
            await call()
        found.append((time.process_time() - began) / CALLS * 1000)
    found.sort()
    return found[len(found) // 2], found[0], found[-1]


async def measure(backend: str, url: str) -> None:
    """Print one line per length of conversation."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"PLAYGROUND": "1", "MODEL_BACKEND": backend, "OPENAI_BASE_URL": url, "OPENAI_MODEL": "gpt-6.1-terra"}
        settings = Settings.load(env, root=Path(folder))
    module, name = MODELS[backend].split(":")
    inner: Model = getattr(importlib.import_module(module), name)(settings)
    model = Guarded(inner=inner)
    for length in LENGTHS:
        prompt = prompt_of(length)
        median, least, most = await cpu_ms(lambda prompt=prompt: model.plan(prompt, timeout=10))  # type: ignore[misc]
        print(f"{backend:17} {length:4} lines   {median:6.2f} ms   [{least:.2f}-{most:.2f}]")
    await model.close()


def main() -> None:
    """Measure both backends."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    url = ours.recv()
    for backend in ("openai_chat", "openai_responses"):
        asyncio.run(measure(backend, url))
    server.terminate()


if __name__ == "__main__":
    main()
