"""Acme or Twilio in trouble: the customer is told the truth, nothing is written twice, nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.told import EVERYWHERE, NOTICE, TERMS, asked_for_consent, committed, notices, refunded
from tests.harness.outside import KIM
from tests.harness.stage import Stage
from tests.harness.waiting import until

REFUNDS = "/v1/refunds"
PATIENT = {"unknown_probe_s": [0.5] * 20}
SHORT = {"turn_deadline_s": 3.0, "model_total_s": 2.0}


async def test_acme_is_down(stage: Stage) -> None:
    """The bot says so and is back as soon as Acme is."""
    web = await stage.web(customer=KIM)
    await stage.outside.break_acme("error", "/v1/*", times=1_000)
    for _ in range(2):
        assert "does not answer right now" in (await web.ask("check invoice 18492"))["text"]
    async with stage.http.get(f"{stage.place.url}/readyz") as response:
        ready = await response.json()
    assert ("ready", 1) == (ready["status"], len(ready["warnings"]))
    assert "acme: left alone after too many failures" in ready["warnings"][0]

    await stage.outside.mend()

    assert "Invoice 18492 is paid" in (await web.ask("check invoice 18492"))["text"]


async def test_acme_is_down_when_a_phone_writes_first(stage: Stage) -> None:
    """Who cannot be looked up now is looked up again with the next message."""
    phone = stage.phone()
    await stage.outside.break_acme("error", "/v1/*", times=1_000)
    assert await phone.ask("check invoice 18492")

    await stage.outside.mend()

    assert "Invoice 18492 is paid" in await phone.ask("check invoice 18492")


async def test_acme_hiccups(stage: Stage) -> None:
    """One failure in a lookup is not worth a word."""
    web = await stage.web(customer=KIM)
    await stage.outside.break_acme("error", "/v1/invoices/*", times=1)
    await stage.outside.break_acme("rate_limited", "/v1/invoices/*", times=1)

    assert "Invoice 18492 is paid" in (await web.ask("check invoice 18492"))["text"]


async def test_acme_is_slow(stage: Stage) -> None:
    """A slow answer is waited for."""
    web = await stage.web(customer=KIM)
    await stage.outside.break_acme("latency", "/v1/*", times=3, ms=300)

    assert "Invoice 18492 is paid" in (await web.ask("check invoice 18492"))["text"]


@EVERYWHERE
@pytest.mark.parametrize("fault", ["lost_answer", "reset", "error", "twice"])
async def test_one_failure_of_the_write_is_repeated_under_its_key(stage: Stage, fault: str) -> None:
    """Whether it took effect or not: the same key goes out again, one refund is made, one notice is seen."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    await asked_for_consent(web)
    await stage.outside.break_acme(fault, REFUNDS, method="POST")

    assert NOTICE in await phone.ask("yes")

    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


@EVERYWHERE
@pytest.mark.parametrize("tuning", [PATIENT])
@pytest.mark.parametrize("fault", ["lost_answer", "error"])
async def test_an_unknown_outcome_is_settled_later(stage: Stage, fault: str) -> None:
    """Acme falls silent: the customer is told that it is being checked, and later, unasked, how it ended."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    await asked_for_consent(web)
    await stage.outside.break_acme(fault, "/v1/refunds*", times=1_000)
    sid = await phone.write("yes")
    assert "cannot tell yet" in (await phone.answers(sid))[0]
    assert "being done right now" in await phone.ask("yes")
    assert "being done right now" in await phone.ask("no, cancel")

    await stage.outside.mend()

    await phone.answers(sid, count=4)
    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


@pytest.mark.parametrize("tuning", [SHORT])
async def test_acme_hangs_at_the_write(stage: Stage, tuning: dict[str, Any]) -> None:
    """A write that is taken but never answered is in doubt until it is read back: exactly one refund, told once."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    await asked_for_consent(web)
    await stage.outside.break_acme("accept_then_hang", REFUNDS, method="POST", times=3, ms=5_000)
    sid = await phone.write("yes")

    texts = await phone.answers(sid, count=2)

    assert "cannot tell yet" in texts[0]
    assert NOTICE in texts[1]
    assert ["18492"] == await refunded(stage)
    assert 1 == await notices(stage, web)


async def test_what_stays_unknown_goes_to_a_person(stage: Stage) -> None:
    """When Acme stays silent, the bot gives up with a ticket instead of trying blindly for ever."""
    web = await stage.web(customer=KIM)
    terms = await asked_for_consent(web)
    await stage.outside.break_acme("timeout", "/v1/refunds*", times=1_000, ms=50)
    await web.click(terms, "Yes")

    handed = await web.seen(lambda m: "ticket number" in m["text"], "a ticket")

    assert handed["ticket"] == (await stage.operators.tickets())[0]["number"]
    assert 0 == await notices(stage, web)
    assert len(await refunded(stage)) <= 1


@pytest.mark.parametrize("fault", ["lost_answer", "error", "reset", "rate_limited"])
async def test_twilio_fails_once(stage: Stage, fault: str) -> None:
    """The reply arrives once, whether Twilio had taken it or not."""
    phone = stage.phone()
    await stage.outside.break_twilio(fault, "/2010-04-01/*/Messages.json", method="POST")

    answer = await phone.ask("check invoice 18492")

    await stage.operators.at_rest()
    assert "Invoice 18492 is paid" in answer
    await _settled(stage)  # whatever might still come would have come before the answer to this
    assert [answer] == (await phone.received())[:-1]


async def _settled(stage: Stage) -> None:
    """Have one more message answered, which cannot leave before everything before it is settled."""
    before = len(await stage.phone().received())
    sid = await stage.phone().write("thanks")
    await stage.phone().answers(sid)
    texts = await stage.phone().received()
    assert before + 1 == len(texts)
    assert "welcome" in texts[-1]


async def test_twilio_is_down_for_a_while(stage: Stage) -> None:
    """Replies wait and leave in their order when Twilio is back, each once; a yes to terms nobody saw is none."""
    phone = stage.phone()
    await stage.outside.break_twilio("error", "/2010-04-01/*/Messages.json", times=1_000)
    sids = [await phone.write("check invoice 18493")]
    await until(lambda: committed(stage, "18493 is open"), "the first reply to be on its way")
    await phone.write("I was charged twice, refund invoice 18492")
    await until(lambda: committed(stage, TERMS), "the terms to be on their way")
    await phone.write("yes")

    await stage.outside.mend()

    texts = await phone.answers(sids[0], count=3)
    assert "Invoice 18493 is open" in texts[0]
    assert TERMS in texts[1]
    assert "clear yes or no" in texts[2]
    assert [] == await refunded(stage)
    assert NOTICE in await phone.ask("yes")


async def test_webhooks_out_of_order_and_twice(stage: Stage) -> None:
    """Messages shuffled and doubled on their way are each taken once."""
    phone = stage.phone()
    await stage.outside.break_twilio("shuffled_webhooks", "/whatsapp/webhook")
    await stage.outside.break_twilio("duplicate_webhook", "/whatsapp/webhook", times=2)
    first = await phone.write("check invoice 18493", at_once=True)
    second = await phone.write("check invoice 18492", at_once=True)

    await phone.deliver(first)
    await phone.deliver(second)
    await stage.operators.at_rest()

    session = await stage.operators.session_of("whatsapp:+15550101001")
    taken = [e["data"]["message_id"] for e in await stage.operators.events(session, "MessageReceived")]
    assert sorted([first, second]) == sorted(taken)


async def test_the_words_of_a_status_do_not_go_back(stage: Stage) -> None:
    """Statuses that come shuffled leave the reply as far as it ever was, and cause nothing else."""
    phone = stage.phone()
    await stage.outside.break_twilio("shuffled_webhooks", "/whatsapp/status")

    await phone.ask("check invoice 18492")
    await stage.operators.at_rest()

    assert 1 == len(await phone.received())
