"""Messages that opt out or in: what is taken from a burst, what is left to be answered, and what goes on record."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot import wishes
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev
from state.lease import Lease
from state.session import Question, Reach, Session, Task
from state.sql.turns import Opened

PARTS = cast("Parts", SimpleNamespace(replies={"opted_out": "OUT", "opted_in": "IN"}))
QUESTION = Question(id="q", slot="reason")


def draft(*, busy: bool = False, opted_out: bool = False) -> Draft:
    """A turn of somebody who wrote by mail and by phone."""
    reach = {
        name: Reach(identity=name, channel=name, assurance="channel", opted_out=opted_out)
        for name in ("email", "whatsapp")
    }
    task = Task(id="t", workflow="refund", question=QUESTION if busy else None)
    session = Session(reach=reach, task=task, last_identity="email")
    opened = Opened(session=session, pending=(), recent=(), next_seq=9, upto=8, now=0)
    lease = Lease(session_id="s", user_id="u", owner="w", fence=1, attempts=1)
    return Draft.start(lease, opened, scopes=frozenset())


def message(text: str, *, channel: str = "whatsapp", **extra: Any) -> wishes.Message:
    """One message."""
    said = ev.MessageReceived(
        channel=channel, identity=channel, assurance="channel", message_id="m", text=text, extra=extra
    )
    return ev.Stored(seq=7, kind="MessageReceived", at=0, data=said), said


def changes(one: Draft) -> list[tuple[str, bool]]:
    """What went on record."""
    events = [entry.event for entry in one.entries]
    return [(e.identity, e.granted) for e in events if isinstance(e, ev.ConsentChanged)]


@pytest.mark.parametrize(
    "given, busy, recorded, left",
    [
        (message("STOP"), False, [("whatsapp", False)], 0),
        (message("stop"), True, [], 1),
        (message("unsubscribe"), True, [("whatsapp", False)], 0),
        (message("stop the refund"), False, [], 1),
        (message("unsubscribe", channel="email", subject="unsubscribe"), False, [("email", False)], 0),
        (message("Please, no more of it.", channel="email", subject="Unsubscribe"), False, [("email", False)], 1),
        (message("I want to stop the refund.", channel="email", subject="Stop"), False, [], 1),
        (message("STOP", channel="email", subject="Re: your invoice"), False, [("email", False)], 0),
        (message("", channel="email", consent=False), False, [("email", False)], 0),
        (message("and where is my refund?", channel="email", consent=False), False, [("email", False)], 1),
    ],
)
def test_a_wish_is_taken_down(given: wishes.Message, busy: bool, recorded: list[tuple[str, bool]], left: int) -> None:
    """And what a message says besides is answered too."""
    one = draft(busy=busy)
    rest, wished = wishes.take(one, PARTS, [given])
    assert (recorded, left, bool(recorded)) == (changes(one), len(rest), wished)
    assert (["OUT"] if recorded else []) == one.texts
    assert all(one.session.reach[name].opted_out for name, _ in recorded)


def test_the_last_word_of_a_burst_counts_and_is_said_once() -> None:
    """Out and in again at once."""
    one = draft()
    rest, wished = wishes.take(one, PARTS, [message("STOP"), message("start"), message("check invoice 18492")])
    assert ([("whatsapp", False), ("whatsapp", True)], ["IN"], True) == (changes(one), one.texts, wished)
    assert ["check invoice 18492"] == [said.text for _, said in rest]
    assert not one.session.reach["whatsapp"].opted_out


@pytest.mark.parametrize("assurance, left", [("channel", 0), ("claimed", 1)])
def test_only_who_is_proven_opts_in(assurance: str, left: int) -> None:
    """A forged sender brings nobody messages again; that somebody opts out is believed of anyone."""
    one = draft(opted_out=True)
    stored, said = message("start", channel="email")
    claimed = replace(said, assurance=assurance)
    rest, _ = wishes.take(one, PARTS, [(stored, claimed)])
    assert left == len(rest)
    assert one.session.reach["email"].opted_out == (assurance == "claimed")


def test_a_button_is_no_keyword() -> None:
    """Its label may read like one."""
    stored, said = message("Stop")
    pressed = ev.MessageReceived(
        channel=said.channel, identity=said.identity, assurance="channel", message_id="m", text="Stop", choice="t1"
    )
    one = draft()
    assert ([(stored, pressed)], False) == wishes.take(one, PARTS, [(stored, pressed)])
