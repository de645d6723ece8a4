"""Two who want the same time, what staff read of a doubtful lead, who is not proven, how much one may ask for."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.flows.desk import Desk
from tests.harness.outside import KIM, Json
from tests.harness.stage import Stage
from tests.harness.waiting import until
from tests.harness.web import WebClient, button
from tests.harness.workspace import Workspace

SAM, JO = "sam@initech.example", "jo@globex.example"
TAKEN = "somebody else has just taken that time"


async def to_terms(web: WebClient, address: str) -> tuple[str, Json]:
    """Ask for a demo, take the first time and come as far as the terms; answers the time's label and the terms."""
    await web.ask("book a demo of 30 minutes please")
    times = await web.ask("Berlin")
    label = times["choices"][0]["label"]
    await web.click(times, label)
    return label, await web.ask(address)


async def finish(web: WebClient, refused: Json, label: str) -> None:
    """Choose among what is offered in place of a time that is gone, and agree to it."""
    others = [choice["label"] for choice in refused["choices"]]
    assert others
    assert label not in others
    again = await web.click(refused, others[0])
    assert "Please confirm this meeting:" in again["text"]
    assert "it is booked" in (await web.click(again, "Yes"))["text"]


async def booked_by(stage: Stage) -> list[str]:
    """Whose meetings there are, in order; no two at the same time."""
    bodies = [row["body"] for row in await stage.outside.ledger("meeting")]
    assert len(bodies) == len({body["starts_at"] for body in bodies})
    return [body["email"] for body in bodies]


async def test_a_time_that_was_taken_meanwhile_is_offered_no_more(stage: Stage) -> None:
    """Whoever says yes second is told before anything is sent, chooses anew, and is asked for consent anew."""
    first, second = await stage.web(), await stage.web()
    label, terms = await to_terms(first, SAM)
    same, rival = await to_terms(second, JO)
    assert label == same
    await second.click(rival, "Yes")

    refused = await first.click(terms, "Yes")

    assert "the time you chose is not free any more" in refused["text"]
    assert [JO] == await booked_by(stage)
    await first.click(terms, "Yes")  # the old button
    asked = await first.ask("yes")
    assert [JO] == await booked_by(stage)
    await finish(first, asked, label)
    assert [JO, SAM] == await booked_by(stage)


async def overtaken(
    stage: Stage, web: WebClient, terms: Json, path: str, act: Callable[[], Coroutine[Any, Any, Json]]
) -> Json:
    """Say yes, and while that write is on its way let somebody else be faster; answers what the bot says."""
    await stage.outside.break_acme("latency", path, method="POST", ms=1_500)
    pressed = await web.press(button(terms, "Yes"))

    async def on_its_way() -> bool:
        return not (await stage.outside.get("/acme/faults"))["faults"]

    await until(on_its_way, "the write to be on its way")
    await act()
    return await web.answer(pressed)


async def test_a_time_that_is_taken_while_it_is_being_booked(stage: Stage) -> None:
    """Acme's own refusal (409) leads to the next times as well, and the task goes on."""
    first, second = await stage.web(), await stage.web()
    label, terms = await to_terms(first, SAM)
    _, rival = await to_terms(second, JO)
    refused = await overtaken(stage, first, terms, "/v1/meetings", lambda: second.click(rival, "Yes"))

    assert TAKEN in refused["text"]
    assert [JO] == await booked_by(stage)
    await finish(first, refused, label)
    assert [JO, SAM] == await booked_by(stage)


async def about_initech(web: WebClient) -> Json:
    """Come as far as the question whether Sam's lead may be passed on."""
    await web.ask("we have 40 employees and look for a support bot")
    await web.ask("Initech")
    await web.ask(SAM)
    return await web.ask("as soon as possible")


async def test_a_lead_that_another_made_meanwhile_is_not_made_twice(stage: Stage) -> None:
    """Acme's own refusal (409): no second lead, and as it is not this person's, people see to it."""
    first, second = await stage.web(), await stage.web()
    terms, rival = await about_initech(first), await about_initech(second)
    assert "May I pass this to our sales team?" in terms["text"]

    refused = await overtaken(stage, first, terms, "/v1/leads", lambda: second.click(rival, "Yes"))

    assert "I made no second entry" in refused["text"]
    assert "a colleague will look at them" in refused["text"]
    assert 1 == len(await stage.outside.ledger("lead"))
    assert [] == await stage.outside.ledger("lead_update")


async def test_staff_read_why_a_lead_is_in_doubt(desk: Desk) -> None:
    """Every reason stands on the ticket's thread in Slack; the customer reads none of them, and nothing is written."""
    web = await desk.stage.web()
    await web.ask("we have 5000 employees and look for a support bot")
    await web.ask("Initech")
    await web.ask("lou@hooli.example")
    answer = await web.ask("no hurry")

    assert "a colleague will look at them" in answer["text"]
    assert "contradict" not in answer["text"]
    note = (await desk.notes())[0]["text"]
    for reason in (
        "The registers contradict each other: country, employees.",
        "The name given is Initech, that domain is Hooli's.",
        "Looking for: A bot for customer support",
    ):
        assert reason in note
    await Workspace(outside=desk.stage.outside).line("The registers contradict each other")
    assert [] == await desk.stage.outside.get("/acme/ledger")


@pytest.mark.parametrize("text", ["book a demo", "we are looking for a support bot"])
async def test_a_mail_that_proves_nothing_writes_nothing(stage: Stage, text: str) -> None:
    """A forged sender gets no further than being asked to show who they are; no tool is called in their name."""
    box = stage.mailbox("sam@initech.example")

    letter = await box.ask(text, auth="fail")

    assert "Nothing shows that this mail is really from its sender's address" in letter["text"]
    assert [] == await stage.outside.get("/acme/ledger")


async def test_nobody_books_more_meetings_a_day_than_policy_allows(stage: Stage) -> None:
    """The fourth of a day is refused in plain words, and Acme hears nothing of it."""
    web = await stage.web(customer=KIM)

    async def one_more() -> Json:
        await web.ask("book a demo of 30 minutes please")
        times = await web.ask("Berlin")
        return await web.click(times, times["choices"][0]["label"])

    for _ in range(3):
        assert "it is booked" in (await web.click(await one_more(), "Yes"))["text"]

    assert "beyond what can be done in 24 hours" in (await one_more())["text"]
    assert 3 == len(await stage.outside.ledger("meeting"))
