"""Customers who talk without a pause: each sends when the last message was answered. Counts what became of it all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.harness.phone import Phone
from tests.harness.stage import Stage
from tests.harness.waiting import until
from tests.harness.web import WebClient

PATIENCE_S = 90.0
TEXTS = ("hi", "what can you do", "thanks", "who are you", "good day")


@dataclass(slots=True, kw_only=True)
class Talker:
    """One customer. `answered`: how many of their messages got an answer so far."""

    answered: int = 0
    sent: list[str] = field(default_factory=list)
    ending: bool = False
    web: WebClient | None = None
    phone: Phone | None = None

    async def talk(self) -> None:
        """Say something, wait for the answer, and again."""
        while not self.ending:
            text = TEXTS[len(self.sent) % len(TEXTS)]
            if self.web:
                self.sent.append(await self.web.say(text))
                await self.web.answer(self.sent[-1], patience=PATIENCE_S)
            elif self.phone:
                self.sent.append(await self.phone.write(text))
                await self.phone.deliver(self.sent[-1], patience=PATIENCE_S)
                await self.phone.answers(self.sent[-1], patience=PATIENCE_S)
            self.answered += 1


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Many of them at once."""

    stage: Stage
    talkers: list[Talker]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def progress(self, more: int) -> None:
        """Wait until every one of them got so many more answers."""
        wanted = {id(talker): talker.answered + more for talker in self.talkers}

        async def look() -> bool:
            for task in self.tasks:
                if task.done():
                    task.result()
            return all(talker.answered >= wanted[id(talker)] for talker in self.talkers)

        await until(look, f"{more} more answers for everyone", patience=PATIENCE_S)

    async def end(self) -> None:
        """Let everyone finish what they are saying."""
        for talker in self.talkers:
            talker.ending = True
        await asyncio.gather(*self.tasks)

    async def verdict(self) -> dict[str, int]:
        """What was acknowledged, lost and doubled, by everybody's own transcript; and replies that came twice."""
        await self.stage.operators.at_rest()
        total: Counter[str] = Counter(acknowledged=0, lost=0, doubled=0, resent=0)
        for talker in self.talkers:
            total.update(await (_web(self.stage, talker.web) if talker.web else _phone(self.stage, talker)))
        return dict(total)


async def _web(stage: Stage, web: WebClient) -> dict[str, int]:
    fresh = await stage.web(visitor=web.visitor)
    there = Counter(m["id"] for m in fresh.shown() if m["author"] == "user")
    return _compared(Counter(web.acked), there)


async def _phone(stage: Stage, talker: Talker) -> dict[str, int]:
    assert talker.phone
    session = await stage.operators.session_of(f"whatsapp:{talker.phone.number}")
    events = await stage.operators.events(session)
    there = Counter(e["data"]["message_id"] for e in events if e["kind"] == "MessageReceived")
    committed = sum(e["kind"] == "ReplyQueued" for e in events)
    received = len(await talker.phone.received())
    return _compared(Counter(talker.sent), there) | {"resent": received - committed}


def _compared(acked: Counter[str], there: Counter[str]) -> dict[str, int]:
    acked = Counter(dict.fromkeys(acked, 1))
    return {
        "acknowledged": acked.total(),
        "lost": (acked - there).total(),
        "doubled": (there - acked).total(),
    }


@asynccontextmanager
async def crowd(stage: Stage, *, webs: int, phones: int) -> AsyncIterator[Crowd]:
    """People in front of the bot, talking for as long as the context lasts."""
    talkers = [Talker(web=await stage.web()) for _ in range(webs)]
    talkers += [Talker(phone=stage.phone(f"+1555987{number:04}")) for number in range(phones)]
    one = Crowd(stage=stage, talkers=talkers)
    one.tasks = [asyncio.create_task(talker.talk()) for talker in talkers]
    try:
        yield one
    finally:
        for task in one.tasks:
            task.cancel()
        await asyncio.gather(*one.tasks, return_exceptions=True)
