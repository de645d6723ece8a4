"""What becomes of a letter, line by line of the page on mail: a mail server that answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from channels.mail_send import MailSender
from config.tuning import Tuning
from state.identity import Address
from state.messages import Outbound, Receipt
from tests.channels.mails import mail_settings, mail_world
from tests.docs.examples import rows

LETTER = Outbound(
    id="0" * 32,
    session_id="s1",
    seq=2,
    part=1,
    channel="email",
    to=Address(channel="email", address="kim@example.com"),
    text="hi",
)
STEPS = ("connect", "rcpt", "data")


@dataclass(slots=True, kw_only=True)
class Server:
    """A mail server in a few lines. `answers`: by step, in place of success; empty text hangs up, None stays silent."""

    answers: dict[str, str | None] = field(default_factory=dict)
    letters: list[bytes] = field(default_factory=list)
    port: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            await self._talk(reader, writer)
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        going = await self._say(writer, "connect", "220 mx.example.com")
        while going and (line := (await reader.readline()).upper()):
            if line.startswith(b"DATA"):
                await self._say(writer, "", "354 go on")
                self.letters.append(await reader.readuntil(b"\r\n.\r\n"))
                going = await self._say(writer, "data", "250 2.0.0 Ok: queued as 4RxY1z2")
            elif line.startswith(b"RCPT"):
                going = await self._say(writer, "rcpt", "250 2.1.5 Ok")
            else:
                going = await self._say(writer, "", "221 bye" if line.startswith(b"QUIT") else "250 Ok")

    async def _say(self, writer: asyncio.StreamWriter, step: str, usual: str) -> bool:
        text = self.answers.get(step, usual)
        if text is None:
            await self.over.wait()
        if not text:
            return False
        writer.write(f"{text}\r\n".encode())
        await writer.drain()
        return not text.startswith("221")


@asynccontextmanager
async def listening(**answers: str | None) -> AsyncIterator[Server]:
    """The server, for as long as the context lasts."""
    server = Server(answers=answers)
    found = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = found.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        server.over.set()
        found.close()


async def sent(server: Server, *attempts: int, claim_s: float = 10.0) -> list[Receipt]:
    """What becomes of the letter, attempt by attempt."""
    settings = mail_settings(SMTP_URL=f"smtp://127.0.0.1:{server.port}").model_copy(
        update={"tuning": Tuning(claim_s=claim_s)}
    )
    sender = MailSender(settings, mail_world().ports())
    try:
        return [await sender.send(replace(LETTER, attempt=n, first_attempt_at=1)) for n in attempts]
    finally:
        await sender.close()


@pytest.mark.parametrize(
    "answers, state, reason",
    [
        ({}, "sent", None),
        ({"rcpt": "450 4.2.0 try again later"}, "retry", "450 4.2.0"),
        ({"data": "451 4.3.0 try again later"}, "retry", "451 4.3.0"),
        ({"rcpt": "550 5.1.1 no such user"}, "failed", "550 5.1.1"),
        ({"data": "554 5.7.1 refused"}, "failed", "554 5.7.1"),
        ({"data": ""}, "unknown", "no_answer"),
        ({"connect": "421 4.7.0 busy"}, "retry", "421 4.7.0"),
        ({"connect": "554 5.7.1 not you"}, "retry", "554 5.7.1"),
        ({"connect": ""}, "retry", "unreachable"),
    ],
)
async def test_every_answer_has_its_meaning(answers: dict[str, str | None], state: str, reason: str | None) -> None:
    """What was not begun may be tried again, what was refused is refused, what nobody knows is unknown."""
    async with listening(**answers) as server:
        (receipt,) = await sent(server, 1)
    assert (state, True) == (receipt.state, (receipt.reason or "").startswith(reason or ""))
    assert (receipt.provider_id == "4RxY1z2") == (state == "sent")


async def test_a_letter_is_sent_once_per_call() -> None:
    """Nothing repeats by itself, whatever the answer; only a call that says so sends again."""
    async with listening(data="") as server:
        await sent(server, 1)
        assert 1 == len(server.letters)
    async with listening() as server:
        await sent(server, 1, 2)
        assert 2 == len(server.letters)


async def test_a_second_attempt_is_the_same_letter() -> None:
    """To the byte, Message-ID and date included, so that a mailbox shows it once."""
    async with listening() as server:
        await sent(server, 1, 2)
    first, second = server.letters
    assert first == second
    assert b"\r\nMessage-ID: <" + LETTER.id.encode() in first


@pytest.mark.parametrize("step, state", [("connect", "retry"), ("rcpt", "retry"), ("data", "unknown")])
async def test_a_silent_server_is_given_up(step: str, state: str) -> None:
    """Within the time of a claim; after the letter went out the outcome is unknown."""
    async with listening(**{step: None}) as server:
        began = asyncio.get_running_loop().time()
        (receipt,) = await sent(server, 1, claim_s=1.0)
        assert asyncio.get_running_loop().time() - began < 1.0
    assert state == receipt.state


async def test_a_busy_server_is_asked_later_and_later() -> None:
    """After one minute, two, and five at most."""
    async with listening(rcpt="450 4.2.0 later") as server:
        receipts = await sent(server, 1, 2, 9)
    assert [60.0, 120.0, 300.0] == [receipt.after for receipt in receipts]


def test_the_page_has_these_lines() -> None:
    """Each kind of answer stands in the table."""
    assert ["250", "4xx", "5xx", "nothing, after it had the letter", "the log-in is refused"] == [
        row[0] for row in rows("connect-mail.md", "the server says")
    ]
