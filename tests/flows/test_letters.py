"""send_email in whole conversations: to the customer's own address, once whenever the process dies, or nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Services
from state import events as ev
from state import faults
from state.identity import Address, Claims
from tests import letters_pack
from tests.batches_pack import Killed
from tests.contract import stores
from tests.flows.crew import Crew, engine
from tests.letters_pack import MINE, WORKFLOW, Register


@pytest.fixture
async def services(tmp_path: Path, migrated_sqlite_url: str) -> AsyncIterator[Services]:
    """The engine with letters alone."""
    Register.silent = False
    async with engine(tmp_path, migrated_sqlite_url, WORKFLOW, TOOL_PACKS=letters_pack.__name__) as found:
        yield found


async def asked(services: Services, to: str = MINE) -> Crew:
    """A customer who was asked whether the letter is to go there."""
    crew = Crew(services=services)
    await crew.say("hello")
    address = Address(channel="web", address=crew.visitor)
    await services.parts.store.prove(address, Claims(customer_id="C-1001"), method="token", create=False)
    await crew.run()
    await crew.say("write me a letter")
    assert f"Shall I write to {to}?" in await crew.say(to)
    return crew


async def letters(crew: Crew) -> list[tuple[str, str]]:
    """What leaves by e-mail: the row of the outbox, and the words."""
    queued = [one for one in await crew.logged(ev.ReplyQueued) if isinstance(one, ev.ReplyQueued)]
    mine = {one.outbox: one.text for one in queued if one.channel == "email"}
    rows = await stores.rows(crew.services.parts.store, "SELECT id FROM outbox WHERE channel = 'email'")
    assert len(rows) == len([one for one in queued if one.channel == "email"])
    return [(str(row["id"]), mine[str(row["id"])]) for row in rows]


@pytest.mark.parametrize("point", ["tool.pre_send", "tool.sent", "tool.result"])
async def test_killed_between_the_call_and_the_commit_one_letter_leaves(
    services: Services, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """The letter is in the commit of its outcome: before it there is none, and settling makes the same one."""
    crew = await asked(services)
    passed = 0

    def die(name: str) -> None:
        nonlocal passed
        passed += name == point
        if name == point and passed == 1:
            raise Killed

    monkeypatch.setattr(faults, "point", die)
    await crew.say("yes")

    assert 1 == crew.deaths
    assert ["Words for you."] == [text for _, text in await letters(crew)]
    assert f"It is on its way to {MINE}." in (await crew.said())[-1]
    assert ["succeeded"] == [action.state for action in await crew.actions()]


async def test_a_foreign_address_gets_nothing(services: Services) -> None:
    """However the customer agrees to it."""
    crew = await asked(services, "eve@evil.example")
    assert "not known to be yours" in await crew.say("yes")
    assert ([], ["failed"]) == (await letters(crew), [action.state for action in await crew.actions()])


async def test_while_the_record_is_silent_nobody_is_told_that_the_address_is_foreign(services: Services) -> None:
    """Whose it is cannot be told now; nothing is sent, and it can be asked for again."""
    crew = await asked(services)
    Register.silent = True
    told = await crew.say("yes")
    assert "nothing was changed" in told
    assert "not known to be yours" not in told
    assert ([], ["failed"]) == (await letters(crew), [action.state for action in await crew.actions()])
