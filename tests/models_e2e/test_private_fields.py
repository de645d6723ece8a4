"""What Acme says beside what a tool declares stays at the door: no event, audit line, log line or prompt has it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest

from bot.app import Services
from state.sql import log as stored
from state.sql.database import Tx, query
from state.store import Store
from tests.harness.outside import KIM
from tests.harness.stage import Stage
from tests.models_e2e.seen import PAID
from tests.openai_server import OpenAIServer

CANARY = "internal-risk-note-7731"


def _with_secrets(value: object) -> object:
    """Every object of an answer with a field that is none of ours."""
    if isinstance(value, list):
        return [_with_secrets(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {**{name: _with_secrets(one) for name, one in value.items()}, "internal_note": CANARY}


async def test_private_fields_reach_nobody(
    running: tuple[Stage, Services], model: OpenAIServer, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    """A lookup by the model and a whole refund, with a private field in each object that Acme sends."""
    stage, services = running
    seen = 0

    def private(send: Any) -> Any:  # noqa: ANN401 - the client's method
        async def answer(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - JSON
            nonlocal seen
            seen += 1
            return _with_secrets(await send(*given, **named))

        return answer

    system = type(services.systems["acme"])
    for verb in ("get", "post", "request"):
        monkeypatch.setattr(system, verb, private(getattr(system, verb)))
    web = await stage.web(customer=KIM)
    assert PAID in (await web.ask("Is invoice 18492 paid?"))["text"]
    question = await web.ask("I want a refund for invoice 18492")
    terms = await web.click(question, "I no longer need it")
    assert "RF-" in (await web.click(terms, "Yes"))["text"]

    assert seen >= 4
    events = [event for row in await stage.operators.sessions() for event in await stage.operators.events(row["id"])]
    assert {"ToolSucceeded", "ActionMoved"} <= {event["kind"] for event in events}
    kept = await _audited(services.parts.store)
    assert len(kept) >= 4
    told: Mapping[str, str] = {
        "events": json.dumps(events),
        "audit": b"".join(kept).decode(),
        "log": log.getvalue(),
        "prompts": json.dumps([request.body for request in model.requests]),
        "chat": json.dumps([message["text"] for message in web.shown()]),
    }
    assert all(told.values())
    assert [] == [name for name, text in told.items() if CANARY in text]


async def _audited(store: Store) -> list[bytes]:
    """The words of the audit trail, opened."""

    def tx() -> Tx[list[bytes]]:
        rows = yield query("SELECT id, owner, body FROM audit")
        keys = yield from stored.ciphers(store.vault, [row["owner"] for row in rows])
        return [keys[row["owner"]].open(row["body"], f"audit|body|{row['id']}") for row in rows]

    return await store.database.read(tx)
