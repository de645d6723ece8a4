"""Who sees what when people share, lose and change addresses: households, shared mailboxes, numbers that move on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from playground import records
from tests.flows.told import EVERYWHERE, refunded
from tests.harness.mailbox import KIMS_MAIL
from tests.harness.outside import KIM, KIMS_PHONE, LEE, LEES_PHONE
from tests.harness.stage import Stage

PRIVATE = ("49.00", "900.00", "Berger", "Tanaka")


@pytest.fixture
def household(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kim and Lee live together and share Kim's telephone."""
    monkeypatch.setitem(records.CUSTOMERS, LEE, replace(records.CUSTOMERS[LEE], phone=KIMS_PHONE))


@pytest.fixture
def one_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kim and Lee share Kim's mailbox."""
    monkeypatch.setitem(records.CUSTOMERS, LEE, replace(records.CUSTOMERS[LEE], email=KIMS_MAIL))


@EVERYWHERE
async def test_a_household_with_one_telephone(stage: Stage, household: None) -> None:
    """The number is two customers', so nobody's: each sees their own after a sign-in; the phone asks who it is."""
    phone = stage.phone()
    first = await phone.ask("check invoice 18492")
    assert not [word for word in PRIVATE if word in first]
    kim, lee = await stage.web(customer=KIM), await stage.web(customer=LEE)
    assert "49.00" in (await kim.ask("check invoice 18492"))["text"]
    assert "900.00" in (await lee.ask("check invoice 20001"))["text"]
    again = await phone.ask("check invoice 20001")
    assert not [word for word in PRIVATE if word in again]
    assert 3 == len(
        {await _user(stage, one) for one in (f"whatsapp:{KIMS_PHONE}", f"customer:{KIM}", f"customer:{LEE}")}
    )
    for web, others in ((kim, "20001"), (lee, "18492")):
        assert not [m for m in web.shown() if others in m["text"]]


async def test_in_a_household_a_code_says_who_holds_the_telephone(stage: Stage, household: None) -> None:
    """Whoever of the two reads the code in their own mailbox; the other's account stays closed there."""
    phone = stage.phone()
    await phone.ask("check invoice 18492")
    await phone.ask(KIMS_MAIL)
    letter = await stage.mailbox().arrived("Your code")
    code = next(line for line in letter["text"].splitlines() if line.strip().isdigit())
    assert "49.00" in await phone.ask(code.strip())
    assert "900.00" not in await phone.ask("check invoice 20001")
    lee = await stage.web(customer=LEE)
    await lee.ask("hello")
    assert not [m for m in lee.shown() if "49.00" in m["text"]]


@EVERYWHERE
async def test_one_mailbox_of_two_people(stage: Stage, one_mailbox: None) -> None:
    """Mails from it open nobody's account, no code is sent to it, and neither's chat shows what was written from it."""
    mailbox = stage.mailbox()
    letter = await mailbox.ask("check invoice 18492 please, it is our secret")
    assert not [word for word in ("49.00", "900.00") if word in letter["text"]]
    phone = stage.phone("+15559998877")
    await phone.ask("check invoice 18492")
    assert "is on file" in await phone.ask(KIMS_MAIL)
    assert "not the code" in await phone.ask("123456")
    for customer, invoice in ((KIM, "18492"), (LEE, "20001")):
        web = await stage.web(customer=customer)
        await web.ask(f"check invoice {invoice}")
        assert not [m for m in web.shown() if "our secret" in m["text"]]
    assert not [m for m in await mailbox.letters() if "Your code" in m["text"]]


@pytest.mark.parametrize("tuning", [{"recheck_hours": 0.000_001}])
@pytest.mark.parametrize("now_of", [None, LEE])
async def test_a_number_that_changed_hands(stage: Stage, monkeypatch: pytest.MonkeyPatch, now_of: str | None) -> None:
    """Kim gave the number up: whoever writes from it now sees nothing of Kim's, and Kim's chat nothing of theirs."""
    phone, web = stage.phone(), await stage.web(customer=KIM)
    assert "49.00" in await phone.ask("check invoice 18492")
    await web.seen(lambda m: "49.00" in m["text"], "the phone's answer in Kim's chat")
    monkeypatch.setitem(records.CUSTOMERS, KIM, replace(records.CUSTOMERS[KIM], phone="+15550101099"))
    if now_of:
        monkeypatch.setitem(records.CUSTOMERS, now_of, replace(records.CUSTOMERS[now_of], phone=KIMS_PHONE))

    answer = await phone.ask("what is with invoice 18492, said the new one")

    assert "49.00" not in answer
    if now_of:
        assert "900.00" in await phone.ask("check invoice 20001")
    assert await _user(stage, f"whatsapp:{KIMS_PHONE}") != await _user(stage, f"customer:{KIM}")
    await web.ask("hello")
    assert [] == [m for m in web.shown() if "said the new one" in m["text"]]
    assert [m for m in web.shown() if "49.00" in m["text"]]


@pytest.mark.parametrize("tuning", [{"recheck_hours": 0.000_001}])
async def test_a_silent_directory_opens_nothing_for_long(stage: Stage) -> None:
    """Nobody can say whether the number is still Kim's: nothing is told until somebody can."""
    phone = stage.phone()
    assert "49.00" in await phone.ask("check invoice 18492")
    await stage.outside.break_acme("error", "/v1/customers", times=1_000)
    answer = await phone.ask("check invoice 18492")
    assert "49.00" not in answer
    assert "does not answer" in answer
    await stage.outside.mend()
    assert "49.00" in await phone.ask("check invoice 18492")


async def test_a_whatsapp_user_without_a_number(stage: Stage) -> None:
    """Known as nobody until a code says who it is; the directory is never asked about an id that is no number."""
    nameless = stage.phone("US.13491208655302741918")
    assert "sign in" in await nameless.ask("check invoice 18492")
    assert "is on file" in await nameless.ask(KIMS_MAIL)
    letter = await stage.mailbox().arrived("Your code")
    code = next(line for line in letter["text"].splitlines() if line.strip().isdigit())
    assert "49.00" in await nameless.ask(code.strip())
    other = stage.phone("US.999")
    assert "49.00" not in await other.ask("check invoice 18492")
    assert [] == await refunded(stage)


async def test_the_other_customer_is_never_reached(stage: Stage) -> None:
    """Lee's phone with Kim's code in hand: it stays Lee's, and learns nothing."""
    phone = stage.phone(LEES_PHONE)
    assert "900.00" in await phone.ask("check invoice 20001")
    assert "49.00" not in await phone.ask("check invoice 18492")
    await phone.ask("it is kim@example.com")
    assert [] == [m for m in await stage.mailbox().letters() if "Your code" in m["text"]]


async def _user(stage: Stage, identity: str) -> Any:  # noqa: ANN401  JSON
    return (await stage.operators.get("/users", identity=identity))["users"][0]["id"]
