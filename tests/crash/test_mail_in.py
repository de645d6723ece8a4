"""Killed at the commit of a mail, before and after: by SMTP and from a mailbox, it is one message with one answer."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests import servers
from tests.channels.mail.mails import KIM, OURS, PASS, mail, stated
from tests.crash.conftest import BOTH
from tests.crash.databases import Databases
from tests.dovecot import dovecot
from tests.harness import places
from tests.harness.deployment import Deployment, deployed
from tests.harness.places import Place
from tests.harness.processes import Preloaded, playground
from tests.harness.stage import Stage, staged
from tests.harness.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAULTS = ["ingest.pre_commit:1:kill", "ingest.post_commit:1:kill"]
FIRED = ["ingest.pre_commit kill", "ingest.post_commit kill"]
RAW = stated(mail("What is the status of invoice 18492?"), PASS)


@asynccontextmanager
async def running(place: Place, forked: Preloaded) -> AsyncIterator[tuple[Deployment, Stage]]:
    """A bot that dies before its first commit, then after it, then lives."""
    async with playground(place), deployed(place, forked, faults=FAULTS) as bot, staged(place) as stage:
        yield bot, stage


async def check(bot: Deployment, stage: Stage) -> None:
    """One message of Kim's own, one answer, and both deaths."""
    await stage.mailbox().arrived("18492 is paid")
    await stage.operators.at_rest()
    assert 1 == len(await stage.mailbox().letters())
    session = await stage.operators.session_of(f"email:{KIM}")
    assert 1 == len(await stage.operators.events(session, "MessageReceived"))
    assert FIRED == bot.fired()


def try_to_send(port: int) -> bool:
    """Try once, as a mail server does that keeps the mail until it hears 250."""
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.sendmail(KIM, OURS, RAW)
    except (OSError, smtplib.SMTPException):
        return False
    return True


@pytest.mark.crash
@pytest.mark.parametrize("databases", BOTH[:1], indirect=True)
async def test_a_mail_by_smtp_survives(databases: Databases, forked: Preloaded, tmp_path: Path) -> None:
    """Without 250 the sender has it still; after an unheard commit the next try is known."""
    port = places.port()
    settings = {"EMAIL_SMTP_LISTEN": f"127.0.0.1:{port}"}
    place = Place(home=tmp_path, database_url=databases.new(), settings=settings)
    async with running(place, forked) as (bot, stage):

        async def sent() -> bool:
            return await asyncio.to_thread(try_to_send, port)

        assert await until(sent, "the mail to be taken")
        await check(bot, stage)
    databases.drop(place.database_url)


@pytest.mark.crash
@pytest.mark.parametrize("databases", BOTH[1:], indirect=True)
async def test_a_mail_in_a_mailbox_survives(databases: Databases, forked: Preloaded, tmp_path: Path) -> None:
    """Killed between the commit and the note of how far it read, it reads the mail again."""
    try:
        with dovecot() as server:
            place = Place(home=tmp_path, database_url=databases.new(), settings={"IMAP_URL": server.url})
            server.deliver(RAW)
            async with running(place, forked) as (bot, stage):
                await check(bot, stage)
            databases.drop(place.database_url)
    except servers.Missing as missing:
        pytest.skip(str(missing))
