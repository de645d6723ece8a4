"""One person on all channels at once, with staff in between: one session, one order, every word once."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise

from tests.flows.desk import Desk
from tests.flows.told import EVERYWHERE, NOTICE, refunded
from tests.harness.mailbox import LEES_MAIL, Mailbox
from tests.harness.outside import KIM, KIMS_PHONE, LEE, Json
from tests.harness.waiting import until
from tests.harness.workspace import SAM, Workspace

EACH = 6


@EVERYWHERE
async def test_all_channels_write_to_one_session_at_once(desk: Desk) -> None:
    """Each message stands in the log once, in the order of its channel; every answer leaves in order, once."""
    stage = desk.stage
    web, phone, box = await stage.web(customer=KIM), stage.phone(), Mailbox(outside=stage.outside)
    await web.ask("I want to talk to a person")
    await phone.ask("check invoice 18492")
    await box.write("check invoice 18493")
    await box.arrived("Invoice 18493")
    session = await stage.operators.session_of(f"whatsapp:{KIMS_PHONE}")
    assert session == await stage.operators.session_of("email:kim@example.com")

    async def on_the_web() -> None:
        for number in range(EACH):
            await web.acknowledged(await web.say(f"web {number}: check invoice 18492"))

    async def by_phone() -> None:
        for number in range(EACH):
            await phone.write(f"phone {number}: check invoice 18492", copies=2)

    async def by_mail() -> None:
        for number in range(EACH):
            await box.write(f"post {number}: check invoice 18492", copies=2)  # "mail" is a wish of its own

    async def by_staff() -> None:
        for number in range(EACH):
            await desk.act("reply", text=f"staff {number}", number=1001, provider_id=f"e{number // 2}")
            await desk.act("hand_back", number=1001)

    await asyncio.gather(on_the_web(), by_phone(), by_mail(), by_staff())
    await stage.operators.at_rest()
    log = await stage.operators.events(session)
    await _every_word_once(log)
    await until(lambda: _handed_over(desk, session), "every reply to leave")
    await _in_order(desk, session, log)


async def _every_word_once(log: list[Json]) -> None:
    """All that was said is there, once, and each channel's words in their order."""
    assert all(one["seq"] + 1 == two["seq"] for one, two in pairwise(log))
    said = [e["data"]["text"].strip() for e in log if e["kind"] == "MessageReceived"]
    for channel in ("web", "phone", "post"):
        mine = [text for text in said if text.startswith(f"{channel} ")]
        assert [f"{channel} {number}: check invoice 18492" for number in range(EACH)] == mine
    staff = [e["data"]["text"] for e in log if e["kind"] == "StaffReplied"]
    assert [f"staff {number}" for number in range(0, EACH, 2)] == staff


async def _handed_over(desk: Desk, session: str) -> bool:
    rows = await desk.services.parts.store.deliveries(session)
    return all(row["state"] in {"sent", "withheld"} for row in rows)


async def _in_order(desk: Desk, session: str, log: list[Json]) -> None:
    """The phone and the mailbox got what was committed for them and not withheld, in that order."""
    rows = await desk.services.parts.store.deliveries(session)
    sent = {row["id"] for row in rows if row["state"] == "sent"}
    queued = [e["data"] for e in log if e["kind"] == "ReplyQueued" and e["data"]["outbox"] in sent]
    for channel in ("whatsapp", "email"):
        assert 1 == max(Counter(one["outbox"] for one in queued if one["channel"] == channel).values(), default=1)
    texts = [one["text"] for one in queued if one["channel"] == "whatsapp"]
    assert texts == await desk.stage.phone().received()


@EVERYWHERE
async def test_asked_on_the_web_confirmed_by_mail_approved_in_slack_answered_by_mail(desk: Desk) -> None:
    """One task over all of them, and a letter that can be answered."""
    stage, slack = desk.stage, Workspace(outside=desk.stage.outside)
    web, box = await stage.web(customer=LEE), Mailbox(outside=stage.outside, address=LEES_MAIL)
    await web.click(await web.ask("please refund invoice 20001"), "I no longer need it")
    await box.write("yes please", subject="My refund")
    asked = await box.arrived("a colleague has to approve it")
    assert "[#1001]" in asked["subject"]
    await slack.press(await slack.card(with_button="approve"), "approve", SAM)
    told = await box.arrived(NOTICE)
    assert told["in_reply_to"]
    assert ["20001"] == await refunded(stage)

    await box.answer(told, "thank you, when will the money arrive?", client="outlook")
    await stage.operators.at_rest()
    session = await stage.operators.session_of(f"email:{LEES_MAIL}")
    said = [e["data"] for e in await stage.operators.events(session, "MessageReceived")]
    assert "thank you, when will the money arrive?" == said[-1]["text"]
