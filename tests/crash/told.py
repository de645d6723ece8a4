"""A refund over web and WhatsApp, told by a customer who waits, comes back, and says yes again only if asked again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tests.harness.outside import KIM, Json
from tests.harness.phone import Phone
from tests.harness.stage import Stage
from tests.harness.waiting import until
from tests.harness.web import WebClient

NOTICE = "Your refund number is RF-"
TERMS = "Please confirm this refund:"
PLAIN = re.compile(r"(We checked: it did go through\.\s+)?Done(: [^\n]+ Your refund number is RF-\d+)?\.")
PATIENCE_S = 60.0
MOST_YES = 5


def is_notice(text: str) -> bool:
    """Whether a text says that the refund was made."""
    return NOTICE in text or text.strip() == "Done."


def is_plain_notice(text: str) -> bool:
    """Whether it says that and nothing more, such as that a yes came twice, which nobody said twice."""
    return is_notice(text) and PLAIN.fullmatch(text.strip()) is not None


@dataclass(slots=True, kw_only=True)
class Customer:
    """Kim or Lee, with browser and phone, and everything they sent."""

    stage: Stage
    web: WebClient
    phone: Phone
    sids: list[str] = field(default_factory=list)

    async def say(self, text: str) -> Json:
        """Write in the chat and wait for an answer there."""
        return await self.web.answer(await self.web.say(text), patience=PATIENCE_S)

    async def press(self, message: Json, label: str) -> Json:
        """Press a button and wait for an answer in the chat."""
        value = next(c["value"] for c in message["choices"] if c["label"].startswith(label))
        return await self.web.answer(await self.web.press(value), patience=PATIENCE_S)

    async def write(self, text: str) -> list[str]:
        """Write by WhatsApp, see to it that it gets through, and wait for an answer there; answers the texts since."""
        sid = await self.phone.write(text)
        self.sids.append(sid)
        await self.phone.deliver(sid, patience=PATIENCE_S)
        return await self.phone.answers(sid, patience=PATIENCE_S)

    async def sign_in(self, customer: str = KIM) -> None:
        """Sign in on the website."""
        await self.web.sign_in(await self.stage.outside.identity(customer))

    async def shown(self, words: str) -> Json:
        """Wait until the chat shows a message of the bot with these words; answers the newest."""
        return await self.web.seen(
            lambda m: m["author"] != "user" and words in m["text"], f"{words!r} in the chat", patience=PATIENCE_S
        )


async def begun_on_the_web(kim: Customer) -> None:
    """Asked for in the chat before the sign-in, confirmed by WhatsApp."""
    await kim.say("I want a refund for invoice 18492")
    await kim.sign_in()
    question = await kim.shown("Why would you like invoice 18492 refunded?")
    await kim.press(question, "I was charged twice")
    await _consent_by_phone(kim)
    await kim.write("thanks")


async def begun_on_the_phone(kim: Customer) -> None:
    """Asked for by WhatsApp, confirmed in the chat by a button, after two conversations became one by the sign-in."""
    await kim.write("I was charged twice, please refund invoice 18492")
    await kim.say("hi")
    await kim.sign_in()
    await consent_on_the_web(kim)
    await kim.write("what is the status of my refund")


async def _consent_by_phone(kim: Customer) -> None:
    """Say yes until the notice is there: once, and once more only for terms that are shown again."""
    for _ in range(MOST_YES):
        if await _yes(kim) == "told":
            return
    raise AssertionError("the bot asked for a yes again and again")


async def _yes(kim: Customer) -> str:
    """Say yes and wait for what comes of it."""
    before = len(await kim.phone.received())
    await kim.write("yes please")
    return await until(lambda: _verdict(kim, before), "the notice on the phone", patience=PATIENCE_S)


async def _verdict(kim: Customer, before: int) -> str | None:
    """What the phone shows since: the notice, the terms once more, or nothing that decides."""
    texts = (await kim.phone.received())[before:]
    if any(is_notice(text) for text in texts):
        return "told"
    return "asked" if any(TERMS in text for text in texts) else None


async def consent_on_the_web(kim: Customer) -> None:
    """Press yes below the newest terms until the notice is there."""
    for _ in range(MOST_YES):
        terms = await kim.web.seen(
            lambda m: TERMS in m["text"] and bool(m["choices"]), "the terms with buttons", patience=PATIENCE_S
        )
        answer = await kim.press(terms, "Yes")
        if TERMS not in answer["text"]:
            await kim.shown(NOTICE)
            return
    raise AssertionError("the bot asked for a yes again and again")
