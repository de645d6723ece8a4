"""Every workflow on every channel, with the offline model and with a scripted OpenAI-compatible one.

What is said and heard is data in `tests/flows/tellings/`. One that is told `everywhere` runs in each pair of channel
and model, each other in one pair, in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import cycle, product
from pathlib import Path

import pytest

from tests import openai_planner
from tests.flows.tellings import (
    billing_address,
    billing_dispute,
    demo_scheduling,
    invoice_intake,
    invoice_list,
    lead_enrichment,
    my_plan,
    onboarding,
    refund,
    send_invoice_copy,
    triage,
)
from tests.flows.tellings.frame import Card, Json, Later, Line, Staff, Telling
from tests.flows.tellings.players import MAILBOXES, Player, player
from tests.harness.inprocess import performed
from tests.harness.places import Place
from tests.harness.stage import Stage
from tests.harness.waiting import until
from tests.harness.workspace import SAM, Workspace, words_of
from tests.openai_server import OpenAIServer

ALL: tuple[tuple[Telling, ...], ...] = (
    refund.ROWS,
    billing_dispute.ROWS,
    billing_address.ROWS,
    my_plan.ROWS,
    demo_scheduling.ROWS,
    lead_enrichment.ROWS,
    send_invoice_copy.ROWS,
    invoice_list.ROWS,
    triage.ROWS,
    onboarding.ROWS,
    invoice_intake.ROWS,
)
"""Add a workflow: its rows, one line here."""
CHANNELS, MODELS = ("web", "whatsapp", "email"), ("offline", "openai_responses")


def cells() -> Iterator[object]:
    """Which telling is played where, with which model."""
    turns = cycle(product(CHANNELS, MODELS))
    for telling in (telling for rows in ALL for telling in rows):
        fitting = [pair for pair in product(CHANNELS, MODELS) if set(telling.only) <= set(pair)]
        one = next(pair for pair in turns if pair in fitting)
        for channel, model in fitting if telling.everywhere else (one,):
            yield pytest.param(telling, channel, model, id=f"{telling.id}-{channel}-{model}")


@pytest.mark.parametrize("telling, channel, model", list(cells()))
async def test_a_workflow_is_told(
    telling: Telling, channel: str, model: str, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    """Each line is answered as told, and Acme has applied exactly what was agreed to."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(OpenAIServer(rule=openai_planner.plan))
        settings = {} if model == "offline" else _settings(model, server)
        place = Place(home=tmp_path, database_url=migrated_sqlite_url, settings=settings)
        stage, (services,) = await stack.enter_async_context(performed(place))
        customer = await player(stage, channel, telling.customer)
        for line in telling.lines:
            await _tell(stage, customer, line, server if settings else None)
        if telling.letter and telling.customer and channel != "email":
            await _arrived(stage, telling.customer, telling.letter)
        assert [(one.kind, one.body) for one in telling.ledger] == await _applied(stage, telling)
        assert [] == server.refused
        await stage.operators.at_rest()
        for row in await stage.operators.sessions():
            found = await services.parts.store.session(row["id"])
            assert found
            assert found[1] == await services.parts.store.refold(row["id"])


def _settings(model: str, server: OpenAIServer) -> dict[str, str]:
    address = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-of-the-tests", "OPENAI_MODEL": "gpt-6.1-terra"}
    return {"MODEL_BACKEND": model, **address}


async def _tell(stage: Stage, customer: Player, line: Line | Staff | Card | Later, model: OpenAIServer | None) -> None:
    if isinstance(line, Staff):
        await _break(stage, line)
        await _decided(stage, line)
        await customer.hear(line.hears)
        await _mend(stage, line)
    elif isinstance(line, Card):
        await _seen(stage, line)
    elif isinstance(line, Later):
        await customer.hear(line.hears)
    else:
        await _said(stage, customer, line, model)


async def _said(stage: Stage, customer: Player, line: Line, model: OpenAIServer | None) -> None:
    await _break(stage, line)
    if line.model and model:
        model.script(line.model)
    answer = await customer.say(line)
    for piece in line.hears:
        assert piece in answer
    for piece in line.not_a_word_of:
        assert piece not in answer
    if line.applied is not None:
        assert line.applied == len(await stage.outside.get("/acme/ledger"))
    await _mend(stage, line)


async def _break(stage: Stage, line: Line | Staff) -> None:
    if line.trouble:
        await stage.outside.break_acme(line.trouble.kind, line.trouble.path, **line.trouble.more)


async def _mend(stage: Stage, line: Line | Staff) -> None:
    if line.trouble:
        await stage.outside.mend()


async def _decided(stage: Stage, line: Staff) -> None:
    """Sam decides in Slack on what the newest card asks for."""
    slack = Workspace(outside=stage.outside)
    card = await slack.card(with_button=line.presses)
    for piece in line.shows:
        assert piece in words_of(card)
    await slack.press(card, line.presses, SAM)


async def _seen(stage: Stage, line: Card) -> None:
    """The newest card shows what the telling says."""
    slack = Workspace(outside=stage.outside)

    async def look() -> bool:
        cards = await slack.cards()
        return bool(cards) and all(piece in words_of(cards[-1]) for piece in line.shows)

    await until(look, f"a card with {line.shows!r}")


async def _arrived(stage: Stage, customer: str, pieces: tuple[str, ...]) -> None:
    box = stage.mailbox(MAILBOXES[customer])

    async def look() -> bool:
        return any(all(piece in letter["text"] for piece in pieces) for letter in await box.letters())

    await until(look, f"a letter with {pieces!r}")


async def _applied(stage: Stage, telling: Telling) -> list[tuple[str, Json]]:
    """Acme's ledger, of each body only the fields that the telling names."""
    rows = await stage.outside.get("/acme/ledger")
    named = [set(one.body) for one in telling.ledger] + [set()] * len(rows)
    return [
        (row["kind"], {name: value for name, value in row["body"].items() if name in fields})
        for row, fields in zip(rows, named, strict=False)
    ]
