"""A write that needs more proof than the channel gives: the task waits for it and goes on by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from state.identity import Assurance
from tests.flows.told import NOTICE, REASON, TERMS, refunded
from tests.harness.outside import KIM
from tests.harness.phone import Phone
from tests.harness.stage import Stage
from tools.packs import billing


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refunds need a verified identity in this deployment."""
    tools = [
        replace(tool, assurance=Assurance.VERIFIED) if tool.name == "create_refund_request" else tool
        for tool in billing.TOOLS
    ]
    monkeypatch.setattr(billing, "TOOLS", tools)


async def test_a_code_to_the_mailbox_on_file(stage: Stage) -> None:
    """The phone is known, but not enough; the code goes to the address that the directory has, and the terms follow."""
    phone = stage.phone()
    offer = await _as_far_as_the_write(phone)
    assert "Send a code to k…@example.com" in offer
    assert "is on file" in await phone.ask("1")
    letter = await stage.mailbox().arrived("Your code")
    code = next(line for line in letter["text"].splitlines() if line.strip().isdigit())
    assert TERMS in await phone.ask(code.strip())
    assert [] == await refunded(stage)
    assert NOTICE in await phone.ask("yes")
    assert ["18492"] == await refunded(stage)


async def test_a_yes_is_enough_where_one_address_is_offered(stage: Stage) -> None:
    """A wrong code is said to be wrong, and the task waits on."""
    phone = stage.phone()
    await _as_far_as_the_write(phone)
    assert "is on file" in await phone.ask("yes please")
    assert "not the code" in await phone.ask("000000")
    assert "nothing was done" in (await phone.ask("no")).lower()
    assert [] == await refunded(stage)


async def test_a_sign_in_takes_the_task_to_the_website(stage: Stage) -> None:
    """There it goes on by itself, since a signed-in visitor is verified; the phone alone still cannot."""
    phone, web = stage.phone(), await stage.web()
    await web.ask("hello")
    await _as_far_as_the_write(phone)
    await web.sign_in(await stage.outside.identity(KIM))
    terms = await web.seen(lambda m: TERMS in m["text"], "the terms in the chat")
    assert NOTICE not in await phone.ask("yes")
    assert TERMS in (await web.ask("yes"))["text"]
    assert NOTICE in (await web.ask("yes"))["text"]
    assert terms
    assert ["18492"] == await refunded(stage)


async def test_who_is_verified_is_not_asked(stage: Stage) -> None:
    """In a signed-in chat the terms come at once."""
    web = await stage.web(customer=KIM)
    question = await web.ask("I want a refund for invoice 18492")
    assert TERMS in (await web.click(question, "I was charged twice"))["text"]


async def _as_far_as_the_write(phone: Phone) -> str:
    assert REASON in await phone.ask("I want a refund for invoice 18492")
    answer = await phone.ask("I was charged twice")
    assert "more proof" in answer
    return answer
