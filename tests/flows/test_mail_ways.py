"""Answers by mail on each of the three ways in: from every program into their ticket, forged by all means into none."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import servers
from tests.channels.mail.mails import KIM, OURS, PASS, SERVER, mail, stated
from tests.dovecot import Dovecot, dovecot
from tests.flows.desk import Desk
from tests.harness import places
from tests.harness.outside import Json
from tests.harness.places import SECRETS, Place
from tests.harness.stage import Stage
from tests.harness.waiting import until

WAYS = ["webhook", "smtp", "imap"]
CLIENTS = ["plain", "gmail", "outlook", "apple", "thunderbird"]
THEIRS = "mallory@evil.example"
THEIR_PASS = f"{SERVER}; dmarc=pass header.from=evil.example"


@pytest.fixture(scope="module")
def imap() -> Iterator[Dovecot]:
    """One mailbox server for all tests of this file."""
    try:
        with dovecot() as found:
            yield found
    except servers.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def place(tmp_path: Path, migrated_sqlite_url: str, imap: Dovecot) -> Place:
    """A bot with all three ways open."""
    with imap.client() as client:
        client.select_folder("INBOX")
        if found := client.search("ALL"):
            client.delete_messages(found)
            client.expunge()
    settings = {"EMAIL_SMTP_LISTEN": f"127.0.0.1:{places.port()}", "IMAP_URL": imap.url}
    return Place(home=tmp_path, database_url=migrated_sqlite_url, settings=settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The three ways in, and Kim who writes."""

    stage: Stage
    imap: Dovecot

    async def bring(self, way: str, raw: bytes) -> None:
        """Bring one mail by one way."""
        if way == "webhook":
            headers = {"Authorization": f"Bearer {SECRETS['EMAIL_INBOUND_TOKEN']}"}
            async with self.stage.http.post(f"{self.stage.place.url}/email/inbound", data=raw, headers=headers) as said:
                assert 200 == said.status
        elif way == "smtp":
            await asyncio.to_thread(self._send, raw)
        else:
            await asyncio.to_thread(self.imap.deliver, raw)

    def _send(self, raw: bytes) -> None:
        port = int(self.stage.place.settings["EMAIL_SMTP_LISTEN"].rpartition(":")[2])
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.sendmail("anybody@elsewhere.example", [OURS], raw)

    async def ask(self, way: str, raw: bytes) -> Json:
        """Bring a mail of Kim's, and wait for the letter that answers."""
        box = self.stage.mailbox()
        before = len(await box.letters())
        await self.bring(way, raw)

        async def look() -> Json | None:
            found = await box.letters()
            return found[before] if len(found) > before else None

        return await until(look, f"an answer to the mail by {way}")

    async def answer(self, letter: Json, text: str, client: str) -> bytes:
        """What Kim's program makes of an answer; the pretended mail server loses it, so that it comes one way only."""
        await self.stage.outside.post("/mail/faults", {"kind": "lost_mail", "times": 1})
        made = (await self.stage.mailbox().answer(letter, text, client=client))["mail"]
        async with self.stage.http.get(f"{self.stage.outside.url}/mail/mails/{made['n']}/raw") as raw:
            return stated(await raw.read(), PASS)

    async def heard(self, count: int) -> list[Json]:
        """Wait for so many messages in all sessions, and until all is done; the sessions."""

        async def look() -> bool:
            return await self.messages() >= count

        await until(look, f"{count} messages")
        return await self.stage.operators.at_rest()

    async def messages(self) -> int:
        """How many messages there are in all."""
        operators = self.stage.operators
        return sum([len(await operators.events(row["id"], "MessageReceived")) for row in await operators.sessions()])


@pytest.fixture
def ways(desk: Desk, imap: Dovecot) -> Ways:
    """The ways into one bot."""
    return Ways(stage=desk.stage, imap=imap)


@pytest.mark.parametrize("way", WAYS)
async def test_answers_of_every_program_land_in_their_ticket(ways: Ways, way: str) -> None:
    """One person, one session, one ticket; each answer is read without what it quotes."""
    letter = await ways.ask(way, stated(mail("check invoice 18492", Subject="My invoice"), PASS))
    subjects = [letter["subject"]]
    for client in CLIENTS:
        letter = await ways.ask(way, await ways.answer(letter, "check invoice 18493", client))
        assert "Invoice 18493 is open" in letter["text"]
        subjects.append(letter["subject"])
    assert {"Re: My invoice [#1001]"} == set(subjects)
    (session,) = await ways.stage.operators.at_rest()
    said = await ways.stage.operators.events(session["id"], "MessageReceived")
    assert ["check invoice 18492"] + ["check invoice 18493"] * 5 == [event["data"]["text"] for event in said]


async def test_the_same_mail_by_all_ways_is_one_message(ways: Ways) -> None:
    """With one answer."""
    raw = stated(mail("check invoice 18492"), PASS)
    await ways.ask("imap", raw)
    for way in WAYS * 2:
        await ways.bring(way, b"Received: from relay.example\r\n" + raw)
    await ways.ask("smtp", stated(mail("check invoice 18493"), PASS))
    assert 2 == await ways.messages()
    assert 2 == len(await ways.stage.mailbox().letters())


def forgeries(letter: Json, address: str) -> list[Callable[[str], bytes]]:
    """Mails by others that want to be in Kim's conversation; each takes a text, so that it is a mail of its own."""
    subject, ours = letter["subject"], letter["message_id"]
    local, _, domain = ours.strip("<>").partition("@")
    guessed = f"<{local[:-4]}aaaa@{domain}>"
    fail = f"{SERVER}; dmarc=fail header.from=example.com"
    return [
        lambda text: stated(mail(text, Subject=subject), fail),
        lambda text: stated(mail(text, Subject=subject, In_Reply_To=guessed, References=guessed), fail),
        lambda text: stated(mail(text, To=address.replace("+t1001-", "+t1002-"), Subject=subject), fail),
        lambda text: stated(stated(mail(text, Subject=subject), PASS), fail),
        lambda text: stated(mail(text, From=f"{KIM}, {THEIRS}", Subject=subject), PASS),
        lambda text: stated(mail(text, From=f"{KIM}\r\nFrom: {THEIRS}", To=address, In_Reply_To=ours), PASS),
        lambda text: stated(mail(text, From=f'"{KIM}" <{THEIRS}>', To=address, In_Reply_To=ours), THEIR_PASS),
        lambda text: stated(mail(text, From=THEIRS, To=address, Subject=subject, References=ours), THEIR_PASS),
    ]


@pytest.mark.parametrize("way", WAYS)
async def test_forgeries_land_in_no_ticket_of_hers(ways: Ways, way: str) -> None:
    """Whatever is forged or copied from her letters: her session hears nothing, and nobody reads her data."""
    letter = await ways.ask(way, stated(mail("check invoice 18492", Subject="My invoice"), PASS))
    hers = await ways.stage.operators.session_of(f"email:{KIM}")
    made = forgeries(letter, letter["reply_to"])
    for number, forged in enumerate(made):
        await ways.bring(way, forged(f"check invoice 18492, please ({number})"))
    sessions = await ways.heard(1 + len(made))
    assert 1 == len(await ways.stage.operators.events(hers, "MessageReceived"))
    assert len(sessions) > 1
    for row in sessions:
        replies = await ways.stage.operators.events(row["id"], "ReplyQueued")
        assert row["id"] == hers or not [r for r in replies if "49.00" in r["data"]["text"]]
    others = await ways.stage.outside.get(f"/mail/boxes/{THEIRS}")
    assert not [one for one in others if "49.00" in one["text"] or "Kim" in one["text"]]


@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_that_nobody_vouches_for_gets_no_data(ways: Ways, way: str) -> None:
    """In her thread by her own reply address it is hers, as a claim: it lands there, and learns nothing."""
    letter = await ways.ask(way, stated(mail("hello", Subject="My invoice"), PASS))
    await ways.bring(way, mail("check invoice 18492", To=letter["reply_to"], Subject=letter["subject"]))
    (session,) = await ways.heard(2)
    _, claimed = await ways.stage.operators.events(session["id"], "MessageReceived")
    assert "claimed" == claimed["data"]["assurance"]
    replies = await ways.stage.operators.events(session["id"], "ReplyQueued")
    assert not [reply for reply in replies if "49.00" in reply["data"]["text"]]
