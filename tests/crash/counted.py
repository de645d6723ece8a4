"""What came of a conversation, from the outside: Acme's ledger, the phone, a fresh browser. Reads no database."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from tests.crash.told import Customer, is_notice, is_plain_notice
from tests.harness.outside import Json
from tests.harness.waiting import until

OPEN = re.compile(r'^throughline_outbox_replies\{state="open"\} (\d+)', re.MULTILINE)
ACK = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The figures of one run.

    `unanswered`: messages that the bot left without a word after them; `resent`: replies that reached the phone more
    often than they were committed; `muddled`: notices that say more than that. Where staff take part: `out_of_turn`,
    the bot's words while a person had the conversation; `told_twice`: lines, cards and staff's own words; `letters`.
    """

    acknowledged: int
    lost: int
    doubled: int
    unanswered: int
    resent: int
    refunds: int
    notices: int
    muddled: int
    out_of_turn: int = 0
    told_twice: int = 0
    letters: int | None = None

    @property
    def fine(self) -> bool:
        """Whether all is as promised."""
        bad = (self.lost, self.doubled, self.unanswered, self.resent, self.muddled, self.out_of_turn, self.told_twice)
        return not any(bad) and (self.refunds, self.notices) == (1, 1) and self.letters in {None, 1}


async def count(kim: Customer) -> Count:
    """Wait until nothing is left to do, then count."""
    stage = kim.stage
    await stage.operators.at_rest()
    await until(lambda: _outbox_is_empty(kim), "the outbox to be empty")
    fresh = await stage.web(visitor=kim.web.visitor)
    shown, phone = fresh.shown(), await kim.phone.transcript()
    acked = Counter([*kim.web.acked, *(m["body"] for m in phone if _is_taken(m))])
    there = Counter(_mark(m) for m in shown if m["author"] == "user")
    sent = [m["body"] for m in phone if m["direction"] == "outbound"]
    committed = [m for m in shown if m["author"] in {"bot", "staff"} and m["channel"] == "whatsapp"]
    return Count(
        acknowledged=acked.total(),
        lost=(acked - there).total(),
        doubled=(there - acked).total(),
        unanswered=_unanswered(shown),
        resent=len(sent) - len(committed),
        refunds=len(await stage.outside.ledger()),
        notices=sum(is_notice(t) for t in (*sent, *fresh.said_by_bot())),
        muddled=sum(is_notice(t) and not is_plain_notice(t) for t in (*sent, *fresh.said_by_bot())),
    )


def _is_taken(bubble: Json) -> bool:
    return bool(bubble["direction"] == "inbound" and bubble["webhook"]["state"] == ACK)


def _mark(message: Json) -> str:
    """How a message of the customer is known again: by the browser's own id, or by its words."""
    return str(message["id"] if message["channel"] == "web" else message["text"])


def _unanswered(shown: list[Json]) -> int:
    """Messages after the bot's last word."""
    last = max((n for n, m in enumerate(shown) if m["author"] != "user"), default=-1)
    return sum(m["author"] == "user" for m in shown[last + 1 :])


async def _outbox_is_empty(kim: Customer) -> bool:
    async with kim.stage.http.get(f"{kim.stage.place.url}/metrics") as response:
        found = OPEN.search(await response.text())
    return found is not None and int(found.group(1)) == 0
