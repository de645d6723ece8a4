"""A refund above the limit with staff: agreed to in the chat, taken over and given back in between, approved in Slack.

Told by people who wait, and do a thing again only when they see that it did not happen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tests.crash.counted import Count, count
from tests.crash.told import MOST_YES, NOTICE, PATIENCE_S, TERMS, Customer
from tests.harness.outside import LEE, Json
from tests.harness.waiting import GaveUp, until
from tests.harness.workspace import ROBIN, SAM, Workspace, actions_of

WORDS = "Robin here, one moment please"
AGAIN_S = 6.0
TRIES = 8


async def approved_by_staff(lee: Customer) -> None:
    """Begun in the chat, a person in between, decided by another, told on the phone."""
    slack = Workspace(outside=lee.stage.outside)
    await lee.say("please refund invoice 20001")
    await lee.sign_in(LEE)
    await lee.press(await lee.shown("Why would you like invoice 20001 refunded?"), "I no longer need it")
    await _agreed(lee)
    await _pressed(slack, "take_over", ROBIN, lambda there: "hand_back" in there)
    await _unanswered(lee, "hello? is anybody there")
    await _spoken(slack, lee)
    await _pressed(slack, "hand_back", ROBIN, lambda there: "take_over" in there)
    await _pressed(slack, "approve", SAM, lambda there: "approve" not in there)
    await until(lambda: _told(lee), "the notice on the phone", patience=PATIENCE_S)
    await lee.write("thanks")


async def _agreed(lee: Customer) -> None:
    """Say yes to the newest terms until staff are asked."""
    for _ in range(MOST_YES):
        terms = await lee.web.seen(lambda m: TERMS in m["text"] and bool(m["choices"]), "terms", patience=PATIENCE_S)
        answer = await lee.press(terms, "Yes")
        if TERMS not in answer["text"]:
            return
    raise AssertionError("the bot asked for a yes again and again")


async def _pressed(slack: Workspace, action: str, user: str, done: Callable[[set[str]], bool]) -> None:
    """Press a button of the card until the card shows that it was pressed."""
    await slack.card(with_button=action, patience=PATIENCE_S)
    for _ in range(TRIES):
        card = await slack.card()
        if action in actions_of(card):
            await slack.press(card, action, user)
        try:
            await until(lambda: _shows(slack, done), f"{action} on the card", patience=AGAIN_S)
        except GaveUp:
            continue
        return
    raise AssertionError(f"{action} had no effect")


async def _shows(slack: Workspace, done: Callable[[set[str]], bool]) -> bool:
    return done(actions_of((await slack.cards())[-1]))


async def _unanswered(lee: Customer, text: str) -> None:
    """Write by WhatsApp while a person has the conversation, and see that it gets through."""
    sid = await lee.phone.write(text)
    lee.sids.append(sid)
    await lee.phone.deliver(sid, patience=PATIENCE_S)
    await lee.stage.operators.at_rest()


async def _spoken(slack: Workspace, lee: Customer) -> None:
    """Write to the customer by the form; once more only when it was not taken."""
    for _ in range(TRIES):
        if await _logged(lee, "StaffReplied"):
            break
        await slack.reply(await slack.card(with_button="reply", patience=PATIENCE_S), WORDS)
        try:
            await until(lambda: _logged(lee, "StaffReplied"), "the reply in the log", patience=AGAIN_S)
        except GaveUp:
            continue
    await until(lambda: _received(lee, WORDS), "the person's words on the phone", patience=PATIENCE_S)


async def _received(lee: Customer, words: str) -> bool:
    return words in await lee.phone.received()


async def _told(lee: Customer) -> bool:
    return any(NOTICE in text for text in await lee.phone.received())


async def _logged(lee: Customer, kind: str) -> list[Json]:
    return [event["data"] for event in await _log(lee) if event["kind"] == kind]


async def _log(lee: Customer) -> list[Json]:
    operators = lee.stage.operators
    return [event for row in await operators.sessions() for event in await operators.events(row["id"])]


async def count_with_staff(lee: Customer) -> Count:
    """What is counted without staff, and: the bot's words out of turn, lines and cards told twice, letters."""
    found = await count(lee)
    slack = Workspace(outside=lee.stage.outside)
    await until(lambda: _all_told(lee, slack), "everything to be told to staff", patience=PATIENCE_S)
    keys = Counter(str(m["metadata"]) for m in await slack.messages() if m.get("metadata"))
    letters = await lee.stage.outside.get("/mail/boxes/lee@example.com")
    said_twice = (await lee.phone.received()).count(WORDS) - 1
    return Count(
        **{
            **{name: getattr(found, name) for name in found.__dataclass_fields__},
            "out_of_turn": await _out_of_turn(lee),
            "told_twice": sum(n - 1 for n in keys.values()) + len(await slack.cards()) - 1 + said_twice,
            "letters": len({m["message_id"] for m in letters}),
        }
    )


async def _out_of_turn(lee: Customer) -> int:
    """The bot's replies between a takeover and the hand-back."""
    taken, found = False, 0
    for event in await _log(lee):
        if event["kind"] in {"StaffTookOver", "StaffHandedBack"}:
            taken = event["kind"] == "StaffTookOver"
        elif event["kind"] == "ReplyQueued" and event["data"]["author"] == "bot" and taken:
            found += 1
    return found


async def _all_told(lee: Customer, slack: Workspace) -> bool:
    """Whether the customer's last words stand in the thread."""
    card = (await slack.cards())[-1]
    lines = await slack.thread(card)
    return any("thanks" in str(line) for line in lines)
