"""Several things said in one breath, or around a link: what contradicts itself, or came before, is no consent."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from tests.flows.told import asked_for_consent, refunded
from tests.harness.outside import KIM
from tests.harness.stage import Stage
from tests.harness.web import WebClient, button
from tests.security.frames import wire
from tests.security.target import Target

pytestmark = pytest.mark.asyncio(loop_scope="session")
BREATH_S = 0.25


@pytest.fixture(scope="module")
def tuning() -> dict[str, Any]:
    """After the first, every message waits a moment for more: what is said at once is one turn."""
    return {"burst_wait_s": {"web": BREATH_S, "whatsapp": BREATH_S}, "burst_idle_s": 60.0}


@pytest_asyncio.fixture(loop_scope="session")
async def stage(mark: Target) -> Stage:
    """Acme's books as new."""
    await mark.stage.outside.reset()
    return mark.stage


async def asked(web: WebClient) -> dict[str, Any]:
    """The terms, after whatever was before."""
    await web.ask("cancel")
    return await asked_for_consent(web)


@pytest.mark.parametrize("text", ["no, stop!", "wait, but only half of it"])
@pytest.mark.parametrize("order", ["button first", "words first"])
async def test_a_button_and_a_doubt_in_one_breath_is_no_consent(
    mark: Target, stage: Stage, text: str, order: str
) -> None:
    """Who presses yes and writes something else at once is asked again; nothing is done."""
    web = await stage.web(customer=KIM)
    value = button(await asked(web), "Yes")
    ids = [await web.say(text)] if order == "words first" else []
    ids += [await web.press(value)]
    ids += [] if ids[1:] else [await web.say(text)]
    for one in ids:
        await web.answer(one)
    await stage.operators.at_rest()

    assert [] == await refunded(stage)


@pytest.mark.parametrize("labels", [("No", "Yes"), ("Yes", "No")])
async def test_yes_and_no_pressed_in_one_breath_is_no_consent(
    mark: Target, stage: Stage, labels: tuple[str, str]
) -> None:
    """Two buttons that contradict each other, in either order."""
    web = await stage.web(customer=KIM)
    terms = await asked(web)
    for one in [await web.press(button(terms, label)) for label in labels]:
        await web.answer(one)
    await stage.operators.at_rest()
    assert [] == await refunded(stage)


async def test_a_yes_in_words_and_by_button_is_one_yes(mark: Target, stage: Stage) -> None:
    """What agrees with itself counts, once."""
    web = await stage.web(customer=KIM)
    value = button(await asked(web), "Yes")
    ids = [await web.press(value), await web.say("yes please"), await web.press(value)]
    for one in ids:
        await web.answer(one)
    await stage.operators.at_rest()
    assert ["18492"] == await refunded(stage)


async def test_a_yes_from_before_the_link_does_not_answer_what_the_link_brought(mark: Target, stage: Stage) -> None:
    """A yes said in the older chat while it was nobody's; then its visitor signs in, and Kim's open question comes along."""
    other = await stage.web()
    await other.ask("hello")
    kim = await stage.web(customer=KIM)
    terms = await asked(kim)
    await other.ask("I want a refund for invoice 18492")  # it is asked to sign in

    identity = await stage.outside.identity(KIM)
    early = [await other.say("hm"), await other.say("yes")]
    for one in early:
        await other.acknowledged(one)
    async with wire(mark) as signed_in:
        await signed_in.hello(visitor=other.visitor, identity=identity)
    await stage.operators.at_rest()

    assert [] == await refunded(stage)
    for _ in range(2):
        await kim.answer(await kim.press(button(terms, "Yes")))
    await stage.operators.at_rest()
    assert await refunded(stage) in ([], ["18492"])
