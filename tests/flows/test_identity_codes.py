"""One-time codes over the real wires: asked for on one channel, sent to the other address, typed where asked for."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.flows.told import EVERYWHERE, NOTICE, REASON, refunded
from tests.harness.mailbox import Mailbox
from tests.harness.outside import KIM
from tests.harness.phone import Phone
from tests.harness.stage import Stage
from tests.harness.waiting import until

CODE = re.compile(r"^(\d{6})$", re.MULTILINE)
STRANGERS = "+15559998877"


async def test_a_number_not_on_file_proves_itself_by_a_code(stage: Stage) -> None:
    """The task goes on by itself; the code is in no log; who typed it is verified, and the mailbox is told."""
    phone, mailbox = stage.phone(STRANGERS), stage.mailbox()
    assert "not on file" in await phone.ask("check invoice 18492")
    code = await _asked(phone, mailbox)

    assert "Invoice 18492 is paid" in await phone.ask(code)

    assert code not in await _everything(stage)
    assert await _same_user(stage, f"whatsapp:{STRANGERS}", "customer:C-1001", "email:kim@example.com")
    told = await mailbox.arrived("Your conversation is now also on WhatsApp")
    assert "UNLINK" in told["text"]
    assert code not in told["text"]


@EVERYWHERE
async def test_a_code_typed_where_there_was_a_conversation_before(stage: Stage) -> None:
    """Kim's chat and the new number become one; the chat hears of it; what was asked for on the phone is done there."""
    web = await stage.web(customer=KIM)
    await web.ask("check invoice 18493")
    phone, mailbox = stage.phone(STRANGERS), stage.mailbox()
    await phone.ask("I want a refund for invoice 18492")
    code = await _asked(phone, mailbox)

    assert REASON in await phone.ask(f"{code[:3]} {code[3:]}")

    await web.seen(lambda m: "now also on WhatsApp" in m["text"], "the word of the new address")
    assert "confirm this refund" in await phone.ask("I was charged twice")
    assert NOTICE in await phone.ask("yes")
    assert ["18492"] == await refunded(stage)
    assert 1 == len([m for m in web.shown() if "now also on WhatsApp" in m["text"]])


async def test_a_visitor_of_the_website_by_a_code(stage: Stage) -> None:
    """Who cannot sign in may type a code in the chat all the same."""
    web, mailbox = await stage.web(), stage.mailbox()
    await web.ask("check invoice 18492")
    await web.ask("kim@example.com")
    letter = await mailbox.arrived("Your code")
    answer = await web.ask(_code(letter))
    assert "Invoice 18492 is paid" in answer["text"]


async def test_what_the_letter_says(stage: Stage) -> None:
    """What is linked by it, that it may be ignored, and that nobody asks for it; the subject does not give it away."""
    phone, mailbox = stage.phone(STRANGERS), stage.mailbox()
    await phone.ask("check invoice 18492")
    await _asked(phone, mailbox)
    letter = await mailbox.arrived("Your code")
    for words in ("WhatsApp +1…77", "linked", "ignore it", "Nobody from us will ever ask"):
        assert words in letter["text"]
    assert "code" in letter["subject"]
    assert not CODE.search(letter["subject"])


async def test_nobody_learns_whether_an_address_is_on_file(stage: Stage) -> None:
    """A known and an unknown address get the same words at every step, down to the last wrong code."""
    heard = []
    for number, address in ((STRANGERS, "kim@example.com"), ("+15559998878", "kam@example.com")):
        phone = stage.phone(number)
        await phone.ask("check invoice 18492")
        words = [await phone.ask(address)]
        words += [await phone.ask("000000" if n else "000 001") for n in range(6)]
        words.append(await phone.ask("what now?"))
        heard.append(words)
    assert heard[0] == heard[1]
    assert "4 more times" in heard[0][1]
    assert "void" in heard[0][5]
    assert [] == await stage.mailbox("kam@example.com").letters()


async def test_too_many_codes(stage: Stage) -> None:
    """A victim's mailbox is not flooded: three an hour, whoever asks."""
    said = []
    for number in range(4):
        phone = stage.phone(f"+1555999887{number}")
        await phone.ask("check invoice 18492")
        said.append(await phone.ask("kim@example.com"))
    assert [False, False, False, True] == ["Too many codes" in text for text in said]

    async def sent() -> int | None:
        found = len([m for m in await stage.mailbox().letters() if "Your code" in m["text"]])
        return found if found >= 3 else None

    assert 3 == await until(sent, "the three codes")


async def test_a_new_code_voids_the_first(stage: Stage) -> None:
    """And the one that counts is the last."""
    phone, mailbox = stage.phone(STRANGERS), stage.mailbox()
    await phone.ask("check invoice 18492")
    first = await _asked(phone, mailbox)
    second = await _asked(phone, mailbox, count=2)
    if first != second:
        assert "not the code" in await phone.ask(first)
    assert "Invoice 18492 is paid" in await phone.ask(second)


async def test_an_order_number_is_no_try(stage: Stage) -> None:
    """Numbers of other lengths, and words around them, are read as what they are."""
    phone, mailbox = stage.phone(STRANGERS), stage.mailbox()
    await phone.ask("check invoice 18492")
    code = await _asked(phone, mailbox)
    await phone.ask("18492")
    assert "Invoice 18492 is paid" in await phone.ask(code)
    session = await stage.operators.session_of(f"whatsapp:{STRANGERS}")
    assert ["right"] == [e["data"]["outcome"] for e in await stage.operators.events(session, "CodeChecked")]


@pytest.mark.parametrize("tuning", [{"code_minutes": 0.0001}])
async def test_a_late_code(stage: Stage) -> None:
    """It is said to be late, and a new one can be had."""
    phone = stage.phone(STRANGERS)
    await phone.ask("check invoice 18492")
    await phone.ask("kim@example.com")
    assert "no longer valid" in await phone.ask("123456")


async def test_the_own_address_proves_nothing(stage: Stage) -> None:
    """A code to where one writes from would say nothing new."""
    mailbox = stage.mailbox("stranger@elsewhere.example")
    letter = await mailbox.ask("check invoice 18492")
    assert "who you are" in letter["text"]
    answer = await mailbox.ask_on(letter, "stranger@elsewhere.example")
    assert "the address you are writing from" in answer["text"]


async def test_a_mailbox_that_is_on_file_needs_no_code(stage: Stage) -> None:
    """An authenticated mail is asked of the directory like a phone number, and is one conversation with it."""
    letter = await stage.mailbox().ask("check invoice 18492")
    assert "Invoice 18492 is paid" in letter["text"]
    await stage.phone().ask("check invoice 18493")
    assert await _same_user(stage, "email:kim@example.com", "whatsapp:+15550101001")


async def _asked(phone: Phone, mailbox: Mailbox, *, count: int = 1) -> str:
    """Give Kim's address and wait for the letter; answers the code."""
    assert "k…@example.com is on file" in await phone.ask("It is kim@example.com")
    letter = None
    while letter is None or len([m for m in await mailbox.letters() if "Your code" in m["text"]]) < count:
        letter = await mailbox.arrived("Your code")
    return _code([m for m in await mailbox.letters() if "Your code" in m["text"]][-1])


def _code(letter: dict[str, Any]) -> str:
    found = CODE.search(letter["text"])
    assert found
    return found.group(1)


async def _everything(stage: Stage) -> str:
    """Every event of every session, as operators see them."""
    return "".join([json.dumps(await stage.operators.events(row["id"])) for row in await stage.operators.sessions()])


async def _same_user(stage: Stage, *identities: str) -> bool:
    found = {str((await stage.operators.get("/users", identity=one))["users"][0]["id"]) for one in identities}
    return len(found) == 1
