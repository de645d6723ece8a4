"""A list that could be had only in part: the rest follows by itself, or the customer narrows it, or it is given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.harness.outside import KIM
from tests.harness.stage import Stage
from tests.harness.waiting import until

LATER_PAGES = "/v1/customers/*/invoices?*cursor=*"
SLOWLY = {"rest_wait_s": [30.0]}


async def broken(stage: Stage) -> None:
    """Only the first page of invoices can be had."""
    await stage.outside.break_acme("error", LATER_PAGES, times=1_000)


async def test_what_does_not_come_is_given_up(stage: Stage) -> None:
    """After a few times in silence the customer gets what there is, and the task is over."""
    phone = stage.phone()
    await broken(stage)
    sid = await phone.write("show me all my invoices")

    first, last = await phone.answers(sid, count=2)

    await stage.operators.at_rest()
    assert "I found 8 invoices (18493, 18492, 18476, …)" in first
    assert "cannot be fetched right now" in last
    assert "18401: 49.00 USD, paid" in last
    assert 2 == len(await phone.received())
    session = await stage.operators.session_of("whatsapp:+15550101001")
    asked = [event["data"]["rest"] for event in await stage.operators.events(session, "Asked")]
    assert [1, 2, 3] == asked
    found = await stage.operators.events(session, "ToolSucceeded")
    assert 4 == len(found)
    assert {3} == {len(event["data"]["attempts"]) for event in found}


@pytest.mark.parametrize("tuning", [SLOWLY])
async def test_the_customer_narrows_it(stage: Stage) -> None:
    """A day is an answer: the first page is enough then, and nothing more comes."""
    web = await stage.web(customer=KIM)
    await broken(stage)
    assert "fetching the rest" in (await web.ask("show me all my invoices"))["text"]

    since = (datetime.now(UTC) - timedelta(days=10)).date().isoformat()
    answer = (await web.ask(since))["text"]

    assert "These are your invoices, 2 in all:" in answer
    await stage.operators.at_rest()


async def test_who_asks_something_else_gets_the_rest_as_well(stage: Stage) -> None:
    """A message in between is answered, and the list is not forgotten."""
    web = await stage.web(customer=KIM)
    await broken(stage)
    await web.ask("show me all my invoices")
    assert "Invoice 18492 is paid" in (await web.ask("is invoice 18492 paid"))["text"]

    await stage.outside.mend()

    await web.seen(lambda m: "10 in all:" in m["text"], "the whole list")


async def test_a_failure_meanwhile_is_not_worth_a_word(stage: Stage) -> None:
    """When Acme does not answer at all at the second time, nothing is said until it does."""
    web = await stage.web(customer=KIM)
    await broken(stage)
    await web.ask("show me all my invoices")
    await stage.outside.break_acme("error", "/v1/customers/*/invoices*", times=1_000)

    async def failed() -> bool:
        rows = await stage.operators.sessions()
        return bool(await stage.operators.events(rows[0]["id"], "ToolFailed"))

    await until(failed, "a lookup in vain")
    await stage.outside.mend()
    await web.seen(lambda m: "10 in all:" in m["text"], "the whole list")
