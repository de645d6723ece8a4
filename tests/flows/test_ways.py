"""Which way the bot's words go when the person is not there to be answered: window, consent, lost replies, staff."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.app import Services
from state.sql.database import Tx, query
from tests.flows.desk import Desk
from tests.flows.told import EVERYWHERE, NOTICE, refunded
from tests.harness.mailbox import LEES_MAIL
from tests.harness.outside import LEE, LEES_PHONE, Json
from tests.harness.phone import Phone
from tests.harness.places import SAM, Place
from tests.harness.waiting import until

SID = "HX0123456789abcdef0123456789abcdef"
BODY = "News on your request {{1}}: {{2}}"
TEMPLATES = f"""
whatsapp:
  templates:
    update: {{sid: {SID}, body: "{BODY}", variables: {{"1": "{{ticket}}", "2": "{{text}}"}}}}
"""
DAY_MS = 25 * 3_600 * 1_000


@pytest.fixture
def templates() -> str:
    """The channels.yaml of the deployment; without a template unless a test says more."""
    return "{}"


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, tuning: dict[str, Any], templates: str) -> Place:
    """An empty database, and the deployment's own words."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "channels.yaml").write_text(templates)
    if getattr(request, "param", "sqlite") == "sqlite":
        return Place(home=tmp_path, database_url=request.getfixturevalue("migrated_sqlite_url"), tuning=tuning)
    url, redis = (request.getfixturevalue(name) for name in ("migrated_postgres_url", "redis_url"))
    return Place(home=tmp_path, database_url=url, redis_url=redis, tuning=tuning)


@pytest.fixture
async def lee(desk: Desk) -> Phone:
    """Lee's phone, from which a refund was asked for that waits for staff's approval."""
    phone = desk.stage.phone(LEES_PHONE)
    assert "Why would you like" in await phone.ask("please refund invoice 20001")
    assert "Please confirm" in await phone.ask("1")
    assert "a colleague has to approve it" in await phone.ask("yes")
    await desk.stage.outside.post("/twilio/templates", {"sid": SID, "body": BODY})
    return phone


async def a_day_passes(desk: Desk) -> None:
    """Everything that happened is a day older; what was folded from it is folded anew."""

    def tx() -> Tx[None]:
        yield query("UPDATE events SET at = at - :age", age=DAY_MS)
        yield query("UPDATE sessions SET state = NULL, state_seq = 0")

    await desk.stage.operators.at_rest()
    await desk.services.parts.store.database.write(tx)


def a_day_passes_at_twilio(desk: Desk) -> None:
    """Twilio counts another day than we do: it refuses free text that we take for allowed, and says so later."""
    with closing(sqlite3.connect(desk.stage.place.home / "playground.db")) as db, db:
        db.execute("UPDATE message SET created_at = created_at - 90000")


async def approved(desk: Desk) -> Json:
    """Staff say yes; answers the reply that tells of it."""
    assert (await desk.decide("approve", who=SAM)).done
    return await until(lambda: _told(desk), "the word that it is done")


async def _told(desk: Desk) -> Json | None:
    found = [reply for reply in await desk.logged("ReplyQueued") if NOTICE in reply["text"]]
    return found[-1] if found else None


async def withheld(desk: Desk) -> Json:
    """Wait for words that could not be said to be put before staff; answers their ticket."""

    async def look() -> Json | None:
        notes = [note for note in await desk.logged("NoteWritten") if note["kind"] == "withheld"]
        opened = [t for t in await desk.logged("TicketOpened") if t["reason"] == "unreachable"]
        return opened[0] if opened and notes and NOTICE in notes[0]["text"] else None

    return await until(look, "a task for staff")


async def shown(phone: Phone, words: str) -> Json:
    """Wait for words on the phone; answers the bubble."""

    async def look() -> Json | None:
        return next((m for m in await phone.transcript() if words in m["body"]), None)

    return await until(look, words)


@EVERYWHERE
async def test_within_the_day_free_text_is_sent(desk: Desk, lee: Phone) -> None:
    """To where they wrote last; the log says so."""
    told = await approved(desk)
    assert ("last used", "notice", None) == (told["why"], told["kind"], told["template"])
    assert NOTICE in (await shown(lee, NOTICE))["body"]


@EVERYWHERE
@pytest.mark.parametrize("templates", [TEMPLATES])
async def test_a_day_later_a_template_is_sent(desk: Desk, lee: Phone) -> None:
    """Never free text: an approved template with the same words."""
    await a_day_passes(desk)
    told = await approved(desk)
    assert "window closed: template" == told["why"]
    assert SID == told["template"]["sid"]
    body = (await shown(lee, NOTICE))["body"]
    assert body.startswith("News on your request ")
    assert "\n" not in body
    assert body == told["text"]


@EVERYWHERE
async def test_a_day_later_without_a_template_a_letter_is_sent(desk: Desk, lee: Phone) -> None:
    """To the address that the directory has on file, though Lee never wrote a mail."""
    await a_day_passes(desk)
    told = await approved(desk)
    assert ("email", "no other way is open: the e-mail address on file") == (told["channel"], told["why"])
    letter = await desk.stage.mailbox(LEES_MAIL).arrived(NOTICE)
    assert "auto-generated" == letter["auto_submitted"]
    assert not [text for text in await lee.received() if NOTICE in text]


async def test_a_day_later_without_any_way_staff_are_told(desk: Desk, lee: Phone) -> None:
    """What was done is done; that nobody could be told of it is a task with the words."""
    await desk.stage.mailbox(LEES_MAIL).habits(reject=True)
    await a_day_passes(desk)
    assert (await desk.decide("approve", who=SAM)).done
    await withheld(desk)
    assert ["20001"] == await refunded(desk.stage)
    assert not [text for text in await lee.received() if NOTICE in text]


async def test_a_day_later_whoever_is_in_the_chat_reads_it_there(desk: Desk, lee: Phone) -> None:
    """They signed in meanwhile, so that the chat is another way to them."""
    await a_day_passes(desk)
    web = await desk.stage.web(customer=LEE)
    assert await web.ask("hello")
    await approved(desk)
    assert NOTICE in (await web.seen(lambda m: NOTICE in m["text"], "the word in the chat"))["text"]
    assert not [text for text in await lee.received() if NOTICE in text]


@EVERYWHERE
@pytest.mark.parametrize("templates", [TEMPLATES])
async def test_a_refusal_that_comes_later_is_answered_by_a_template(desk: Desk, lee: Phone) -> None:
    """Twilio took the free text, then said that it is outside the window; the customer reads it all the same, once."""
    a_day_passes_at_twilio(desk)
    assert (await desk.decide("approve", who=SAM)).done
    body = (await shown(lee, "News on your request"))["body"]
    assert NOTICE in body
    await desk.stage.operators.at_rest()
    told = [r for r in await desk.logged("ReplyQueued") if NOTICE in r["text"]]
    assert ["last used", "window closed: template"] == [r["why"] for r in told]
    assert told[0]["outbox"] == told[1]["instead"]
    assert ["window"] == [failed["reason"] for failed in await desk.logged("DeliveryFailed")]


async def test_what_is_lost_twice_is_for_a_person(desk: Desk, lee: Phone) -> None:
    """No third attempt; the words are with staff."""
    await desk.stage.mailbox(LEES_MAIL).habits(reject=True)
    a_day_passes_at_twilio(desk)
    assert (await desk.decide("approve", who=SAM)).done
    await withheld(desk)
    await desk.stage.operators.at_rest()
    told = [r for r in await desk.logged("ReplyQueued") if NOTICE in r["text"]]
    assert ["whatsapp", "email"] == [reply["channel"] for reply in told]
    assert told[0]["outbox"] == told[1]["instead"]


async def test_who_said_stop_is_answered_and_left_alone(desk: Desk, lee: Phone) -> None:
    """One confirmation, answers to what they write, and no word that the bot begins there; START brings it back."""
    assert "You will get no more messages" in await lee.ask("STOP")
    (changed,) = await desk.logged("ConsentChanged")
    assert (False, "keyword", "whatsapp") == (changed["granted"], changed["method"], changed["channel"])
    assert "still has to approve this" in await lee.ask("any update?")

    assert "email" == (await approved(desk))["channel"]
    assert await desk.stage.mailbox(LEES_MAIL).arrived(NOTICE)
    assert not [text for text in await lee.received() if NOTICE in text]

    assert "You will get our messages here again." == await lee.ask("start")
    assert [False, True] == [c["granted"] for c in await desk.logged("ConsentChanged")]


async def test_stop_within_a_question_is_an_answer(desk: Desk) -> None:
    """The refund is called off and nobody is opted out; a word that means nothing else opts out even then."""
    phone = desk.stage.phone(LEES_PHONE)
    assert "Why would you like" in await phone.ask("please refund invoice 20001")
    assert "Please confirm" in await phone.ask("1")
    assert "nothing was done" in await phone.ask("stop")
    assert [] == await desk.logged("ConsentChanged")
    assert "Why would you like" in await phone.ask("please refund invoice 20001")
    assert "You will get no more messages" in await phone.ask("UNSUBSCRIBE")
    assert 1 == len(await desk.logged("ConsentChanged"))


async def test_who_refused_at_the_provider_is_not_written_to_again(desk: Desk, lee: Phone) -> None:
    """Twilio's own word on consent counts like theirs; what was to be said comes by mail."""
    await desk.stage.outside.post(f"/phone/{LEES_PHONE}/optout")
    assert (await desk.decide("approve", who=SAM)).done
    assert await desk.stage.mailbox(LEES_MAIL).arrived(NOTICE)
    (changed,) = await desk.logged("ConsentChanged")
    assert (False, "provider") == (changed["granted"], changed["method"])


async def test_staff_who_cannot_be_heard_are_told(
    desk: Desk, lee: Phone, performance: tuple[Any, list[Services]]
) -> None:
    """Their words to a customer outside the window, whose mailbox is gone, come back to them."""
    await desk.stage.mailbox(LEES_MAIL).habits(reject=True)
    await a_day_passes(desk)
    assert (await desk.act("reply", text="We are on it.")).done

    async def look() -> bool:
        return any(note["text"] == "We are on it." for note in await desk.logged("NoteWritten"))

    await until(look, "the words to come back")
    assert "We are on it." not in await lee.received()


async def test_what_was_lost_on_the_phone_is_not_said_twice_in_the_chat(desk: Desk, lee: Phone) -> None:
    """The chat shows everything that was said on any channel; a note says that this is where it can be read."""
    web = await desk.stage.web(customer=LEE)
    assert await web.ask("hello")
    assert await lee.ask("hello")
    a_day_passes_at_twilio(desk)
    assert (await desk.decide("approve", who=SAM)).done
    await web.seen(lambda m: NOTICE in m["text"], "the word in the chat")

    async def noted() -> bool:
        return any("where it stands already" in note["text"] for note in await desk.logged("NoteWritten"))

    await until(noted, "the note")
    assert 1 == sum(NOTICE in m["text"] for m in web.shown())
