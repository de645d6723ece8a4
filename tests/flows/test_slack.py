"""The support team's Slack over its own wire: a refund approved, a conversation taken over, nothing sent by slip."""

from __future__ import annotations

from tests.flows.desk import Desk
from tests.flows.told import EVERYWHERE, NOTICE, refunded
from tests.harness.outside import KIM, LEE
from tests.harness.workspace import GUEST, ROBIN, SAM, STRANGER, Workspace, actions_of, words_of


@EVERYWHERE
async def test_a_refund_is_approved_by_a_button(desk: Desk) -> None:
    """Robin's role does not allow it, a guest and a stranger are nobody, Sam's click counts once."""
    slack = Workspace(outside=desk.stage.outside)
    web = await desk.stage.web(customer=LEE)
    await web.click(await web.click(await web.ask("please refund invoice 20001"), "I no longer need it"), "Yes")
    card = await slack.card(with_button="approve")
    assert all(words in words_of(card) for words in ("900.00 USD", "20001", "I no longer need it"))

    for user in (ROBIN, GUEST, STRANGER):
        await slack.press(card, "approve", user)
    assert [] == await refunded(desk.stage)
    assert any("role" in text for text in await slack.whispers(ROBIN))
    await slack.press(card, "approve", SAM, copies=3)
    await slack.press(card, "deny", SAM, stale=True)

    await web.seen(lambda m: NOTICE in m["text"], "the word that it is done")
    assert ["20001"] == await refunded(desk.stage)
    await slack.line("Approved by Sam")
    decided = await slack.card(without="approve")
    assert "deny" not in actions_of(decided)
    assert "Approved" in words_of(decided)
    assert 1 == len(await slack.cards())


@EVERYWHERE
async def test_staff_take_over_answer_and_give_back(desk: Desk) -> None:
    """What is written in the thread stays there; what is sent by the form reaches the customer."""
    slack = Workspace(outside=desk.stage.outside)
    web = await desk.stage.web(customer=KIM)
    await web.ask("I want to talk to a person")
    card = await slack.card(with_button="take_over")
    await slack.press(card, "take_over")
    card = await slack.card(with_button="hand_back")
    await slack.act("write", ROBIN, thread_ts=card["ts"], text="internal: is she the one who called yesterday?")
    await web.acknowledged(await web.say("hello?"))
    await slack.line("hello?")
    await slack.reply(card, "Robin here, how can I help?")
    word = await web.seen(lambda m: m["author"] == "staff", "Robin's words")
    assert ("Robin here, how can I help?", "Robin") == (word["text"], word["name"])
    await slack.line("Robin here, how can I help?")
    assert [] == [m for m in web.shown() if "internal" in m["text"]]
    await slack.press(card, "hand_back")
    await slack.card(with_button="take_over")
    assert "Invoice 18492 is paid" in (await web.ask("check invoice 18492"))["text"]


async def test_a_draft_is_sent_by_a_button_only(desk: Desk) -> None:
    """`@bot draft` answers in the thread; the customer gets it when somebody presses the button."""
    slack = Workspace(outside=desk.stage.outside)
    web = await desk.stage.web(customer=KIM)
    await web.ask("I want to talk to a person")
    card = await slack.card(with_button="take_over")
    await slack.press(card, "take_over")
    await web.acknowledged(await web.say("check invoice 18492"))
    await slack.line("check invoice 18492")
    await slack.act("write", ROBIN, thread_ts=card["ts"], text="<@U0BOT00001> draft")
    draft = await slack.line("Invoice 18492 is paid")
    assert [] == [m for m in web.shown() if "is paid" in m["text"]]
    await slack.press(draft, "send")
    sent = await web.seen(lambda m: "Invoice 18492 is paid" in m["text"], "the draft")
    assert ("staff", "Robin") == (sent["author"], sent["name"])
