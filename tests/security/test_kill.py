"""The plug pulled at the worst moments, and everything sent again by somebody who kept it: one refund, one notice."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.flows.told import NOTICE, asked_for_consent, refunded
from tests.harness.outside import KIM, KIMS_PHONE
from tests.harness.stage import Stage
from tests.harness.waiting import until
from tests.harness.web import WebClient, button
from tests.security import twilio_forgeries as twilio
from tests.security.frames import JSON, choice, message
from tests.security.target import Answer, Target

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def stage(mark: Target) -> Stage:
    """Acme's books as new."""
    await mark.stage.operators.at_rest()
    await mark.stage.outside.reset()
    return mark.stage


async def pull_the_plug(mark: Target) -> None:
    """Kill -9, and wait until it was started again."""
    first = mark.deployment.first
    assert first.process
    lives = len(first.codes)
    first.process.send(signal.SIGKILL)

    async def again() -> bool:
        return len(first.codes) > lives

    await until(again, "its end")
    await mark.deployment.ready()


async def yes(mark: Target, sid: str) -> Answer:
    """Kim's yes from the phone, as Twilio brings it."""
    post = twilio.right(mark.url, sid, "yes", From=f"whatsapp:{KIMS_PHONE}")
    return await mark.request("POST", post.path, data=post.data, headers=post.headers)


async def asked(web: WebClient) -> dict[str, Any]:
    """The terms, after whatever was before."""
    await web.ask("cancel")
    return await asked_for_consent(web)


def told(web: WebClient, since: int) -> int:
    """How often the chat shows the notice, in the bot's words on any channel."""
    return sum(NOTICE in m["text"] for m in web.shown() if m["seq"] > since)


@pytest.mark.parametrize("by", ["webhook", "button"])
async def test_a_yes_a_kill_and_the_yes_again(mark: Target, stage: Stage, by: str) -> None:
    """Killed right after the acknowledgement; then the very same comes again, three times, and once more at the end."""
    web = await stage.web(customer=KIM)
    terms = await asked(web)
    headers = {"Origin": mark.url, "Authorization": f"Bearer {web.visitor}", **JSON}
    body = choice(button(terms, "Yes"), id=f"00000000-0000-4000-a000-{len(by):012d}")

    async def send() -> int:
        if by == "webhook":
            return (await yes(mark, f"SMkilled{len(by)}")).status
        return (await mark.request("POST", "/chat/messages", data=body, headers=headers)).status

    assert 200 == await send()
    await pull_the_plug(mark)
    assert [200] * 3 == [await send() for _ in range(3)]
    await until(lambda: _refunded(stage), "the refund")
    await stage.operators.at_rest()
    await web.seen(lambda m: NOTICE in m["text"] and m["seq"] > terms["seq"], "the notice")
    await pull_the_plug(mark)
    assert 200 == await send()
    await stage.operators.at_rest()

    assert ["18492"] == await refunded(stage)
    assert 1 == told(web, terms["seq"])


async def _refunded(stage: Stage) -> list[str]:
    return await refunded(stage)


async def test_nothing_acknowledged_is_lost_and_nothing_doubled_under_kills(mark: Target, stage: Stage) -> None:
    """Messages by both wires while the plug is pulled twice; what got an answer is there once, in order."""
    web = await stage.web(customer=KIM)
    await web.ask("cancel")
    headers = {"Origin": mark.url, "Authorization": f"Bearer {web.visitor}", **JSON}
    acknowledged: list[str] = []

    async def write() -> None:
        for number in range(40):
            id_ = f"00000000-0000-4000-b000-{number:012d}"
            for _ in range(200):
                try:
                    body = message(f"hello number {number}", id=id_)
                    answer = await mark.request("POST", "/chat/messages", data=body, headers=headers)
                except (OSError, aiohttp.ClientConnectionError):
                    answer = None
                if answer is not None and answer.status == 200:
                    acknowledged.append(id_)
                    break
                await asyncio.sleep(0.05)

    writing = asyncio.create_task(write())
    for count in (8, 20):

        async def far(count: int = count) -> bool:
            return len(acknowledged) >= count

        await until(far, "some messages")
        await pull_the_plug(mark)
    await writing
    await stage.operators.at_rest()

    assert 40 == len(acknowledged)
    answer = await mark.request("GET", "/chat/messages?after=0", headers=headers)
    kept = [m["id"] for m in json.loads(answer.body)["messages"] if m["id"].startswith("00000000-0000-4000-b000")]
    assert acknowledged == kept


async def test_a_forger_gains_nothing_by_a_restart(mark: Target, stage: Stage) -> None:
    """Nothing that guards the door is kept in memory alone: forged stays forged, used stays used."""
    web = await stage.web(customer=KIM)
    value = button(await asked(web), "Yes")
    await web.answer(await web.press(value))
    assert ["18492"] == await refunded(stage)
    await stage.outside.reset()
    await stage.operators.at_rest()
    await pull_the_plug(mark)
    forged = twilio.forgeries(mark.url)
    with mark.unmoved():
        for name in ("no signature", "altered text", "signed for another host"):
            answer = await mark.request("POST", forged[name].path, data=forged[name].data, headers=forged[name].headers)
            assert 403 == answer.status

    assert "refund number" not in (await web.answer(await web.press(value)))["text"]
    await stage.operators.at_rest()
    assert [] == await refunded(stage)
