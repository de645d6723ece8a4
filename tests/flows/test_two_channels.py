"""One conversation on two channels: what was said on one is known on the other."""

from __future__ import annotations

import pytest

from tests.flows.told import EVERYWHERE, NOTICE, REASON, TERMS, asked_for_consent, notices, refunded
from tests.harness.outside import KIM
from tests.harness.stage import Stage


@EVERYWHERE
async def test_an_invoice_of_the_web_is_known_on_the_phone(stage: Stage) -> None:
    """`check invoice 18492` in the chat, `any update?` on WhatsApp: it is about that invoice and asks nothing again."""
    web = await stage.web(customer=KIM)
    assert "Invoice 18492 is paid: 49.00 USD" in (await web.ask("check invoice 18492"))["text"]

    answer = await stage.phone().ask("any update?")

    assert "Invoice 18492 is paid: 49.00 USD" in answer
    assert "?" not in answer


@EVERYWHERE
async def test_an_invoice_of_the_phone_is_known_on_the_web(stage: Stage) -> None:
    """The same in the other direction, where the browser signs in after the phone wrote."""
    assert "Invoice 18492 is paid" in await stage.phone().ask("check invoice 18492")

    web = await stage.web(customer=KIM)

    assert "Invoice 18492 is paid" in (await web.ask("any update?"))["text"]


@EVERYWHERE
@pytest.mark.parametrize("yes", ["yes please", "1"])
async def test_a_refund_of_the_web_is_confirmed_on_the_phone(stage: Stage, yes: str) -> None:
    """The terms stand in the chat, the yes comes from WhatsApp, and so does the word that it is done."""
    web = await stage.web(customer=KIM)
    await asked_for_consent(web)
    assert [] == await refunded(stage)

    assert NOTICE in await stage.phone().ask(yes)

    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


@EVERYWHERE
@pytest.mark.parametrize("by", ["button", "1", "yes please"])
async def test_a_refund_of_the_phone_is_confirmed_on_the_web(stage: Stage, by: str) -> None:
    """The terms went to WhatsApp as numbered text; the chat shows them with buttons, and takes a text too."""
    phone = stage.phone()
    assert REASON in await phone.ask("I want my money back for invoice 18492")
    terms = await phone.ask("1")
    assert terms.startswith(TERMS)
    assert "1. Yes, refund 49.00 USD" in terms
    web = await stage.web(customer=KIM)
    shown = await web.seen(lambda m: m["text"].startswith(TERMS), "the terms in the chat")

    answer = await (web.click(shown, "Yes") if by == "button" else web.ask(by))

    assert NOTICE in answer["text"]
    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


async def test_the_button_of_one_browser_is_shown_in_another(stage: Stage) -> None:
    """Two browsers of one customer are one conversation; the second may answer what the first was asked."""
    first, second = await stage.web(customer=KIM), await stage.web(customer=KIM)
    await asked_for_consent(first)
    shown = await second.seen(lambda m: m["text"].startswith(TERMS), "the terms in the other browser")

    answer = await second.click(shown, "Yes")

    assert NOTICE in answer["text"]
    assert ["18492"] == await refunded(stage)


async def test_two_customers_stay_apart(stage: Stage) -> None:
    """What one customer talks about is neither seen nor known by another."""
    kim = await stage.web(customer=KIM)
    await kim.ask("check invoice 18492")
    lee = await stage.web(customer="C-1002")

    answer = await lee.ask("check invoice 18492")

    assert "cannot find invoice 18492" in answer["text"]
    assert [] == [m for m in lee.shown() if "49.00" in m["text"]]
    assert not await stage.phone("+15550101002").received()
