"""Nobody's data for nobody: who is not known is asked to show who they are, and then the task goes on by itself."""

from __future__ import annotations

import pytest

from tests.flows.told import EVERYWHERE, NOTICE, REASON, refunded
from tests.harness.outside import KIM, LEE
from tests.harness.stage import Stage


@EVERYWHERE
@pytest.mark.parametrize("text", ["check invoice 18492", "I want a refund for invoice 18492"])
async def test_a_visitor_signs_in_and_the_task_goes_on(stage: Stage, text: str) -> None:
    """The wish of an anonymous visitor is carried out as soon as they have signed in, without being said again."""
    web = await stage.web()
    assert "sign in" in (await web.ask(text))["text"]

    await web.sign_in(await stage.outside.identity(KIM))

    words = REASON if "refund" in text else "Invoice 18492 is paid"
    await web.seen(lambda m: words in m["text"], "the task to go on")
    assert [] == await refunded(stage)


async def test_a_visitor_who_is_known_from_the_phone_signs_in(stage: Stage) -> None:
    """Two sessions become one: the visitor's open wish goes on in the customer's, and each message is shown once."""
    phone = stage.phone()
    await phone.ask("check invoice 18493")
    web = await stage.web()
    assert "sign in" in (await web.ask("I want a refund for invoice 18492"))["text"]

    await web.sign_in(await stage.outside.identity(KIM))

    question = await web.seen(lambda m: REASON in m["text"], "the task to go on")
    terms = await web.click(question, "I was charged twice")
    assert NOTICE in await phone.ask("yes")
    assert ["18492"] == await refunded(stage)
    texts = [m["text"] for m in web.shown() if m["author"] == "user"]
    assert 1 == texts.count("I want a refund for invoice 18492")
    assert 1 == texts.count("check invoice 18493")
    assert terms


async def test_a_number_that_is_not_on_file(stage: Stage) -> None:
    """An unknown phone gets no data, is told what to do, and may still talk to a person."""
    stranger = stage.phone("+15559998877")

    assert "not on file" in await stranger.ask("check invoice 18492")
    assert "ticket number" in await stranger.ask("then let me talk to a person")
    assert [] == await refunded(stage)


async def test_a_business_scoped_id_is_somebody_too(stage: Stage) -> None:
    """WhatsApp users without a number are answered, and known as nobody."""
    nameless = stage.phone("US.13491208655302741918")

    assert "sign in" in await nameless.ask("check invoice 18492")


async def test_another_customer_in_the_same_browser(stage: Stage) -> None:
    """Who signs in after somebody else starts anew: nothing of the first is shown or known."""
    web = await stage.web(customer=KIM)
    await web.ask("check invoice 18492")

    await web.sign_in(await stage.outside.identity(LEE))

    assert [] == web.shown()
    assert "49.00" not in (await web.ask("any update?"))["text"]


async def test_a_claim_in_the_chat_proves_nothing(stage: Stage) -> None:
    """Saying who one is, and which number one has, opens nothing."""
    web = await stage.web()

    for text in ("I am Kim Berger, my phone is +15550101001", "my customer number is C-1001", "check invoice 18492"):
        answer = await web.ask(text)
        assert "49.00" not in answer["text"]

    assert [] == await refunded(stage)


async def test_a_forged_token_is_refused(stage: Stage) -> None:
    """A rejected identity is said to be so; the chat does not go on as if nobody had claimed anything."""
    async with stage.http.ws_connect(f"{stage.place.url}/chat/ws", headers={"Origin": stage.place.url}) as wire:
        forged = (await stage.outside.identity(KIM))[:-4] + "AAAA"
        await wire.send_json({"type": "hello", "visitor": None, "identity": forged, "after": 0})

        assert "identity_invalid" == (await wire.receive_json())["code"]
        await wire.receive()
        assert 4401 == wire.close_code


@EVERYWHERE
async def test_a_sign_in_while_the_phones_turn_runs(stage: Stage) -> None:
    """The phone's conversation joins another under its running turn, which comes to nothing: it is answered once."""
    web = await stage.web()
    await web.ask("hi")
    phone = stage.phone()
    await stage.outside.break_acme("latency", "/v1/customers", ms=1_500, times=1)
    sid = await phone.write("check invoice 18492")

    await web.sign_in(await stage.outside.identity(KIM))

    assert "Invoice 18492 is paid" in (await phone.answers(sid))[0]
    await stage.operators.at_rest()
    assert 1 == len(await phone.received())
    await web.seen(lambda m: "Invoice 18492 is paid" in m["text"], "the phone's answer in the chat")
    assert 1 == sum(m["text"] == "check invoice 18492" for m in web.shown())
    assert 1 == len([s for s in await stage.operators.sessions() if not s["forwarded_to"]])
