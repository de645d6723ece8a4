"""Mail in by SMTP, with real clients over loopback: no 250 before the commit, no relay, no smuggling, bounded."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import smtplib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.mail import mail_listen
from channels.mail.channel import Mail
from state import errors
from state.messages import Accepted, Inbound
from tests.channels.mail import mails
from tests.channels.mail.mails import KIM, OURS, mail, stated
from tests.channels.world import World
from tests.harness.waiting import until

T = TypeVar("T")
PIECES = (b".", b"..", b"\r\n", b"\n", b"\r", b"x" * 17_000, b"y", b"\r\n.")


pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
async def world(free_port: int) -> World:
    """A world whose mail comes by SMTP."""
    return mails.mail_world(EMAIL_SMTP_LISTEN=f"127.0.0.1:{free_port}")


@pytest.fixture
async def server(world: World) -> AsyncIterator[Mail]:
    """The channel, listening."""
    channel = Mail(world.ports())
    await channel.start()
    yield channel
    await channel.close()


async def smtp(port: int, talk: Callable[[smtplib.SMTP], T]) -> T:
    """Talk to the server from a thread, as the client's library does."""

    def run() -> T:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            return talk(client)

    return await asyncio.to_thread(run)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection for bytes as they are; it has ended when the block has."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(10):
            yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def say(port: int, *lines: bytes) -> bytes:
    """Send lines one by one; everything that was answered."""
    async with connected(port) as (reader, writer):
        got = await reader.readline()
        for line in lines:
            writer.write(line)
            got += await reader.readline()
        return got


async def test_a_mail_is_committed_before_it_is_acknowledged(server: Mail, world: World, free_port: int) -> None:
    """By smtplib; what our own server says of the sender counts, and the envelope says where it came to."""
    to = mails.tokens(world).reply_address(7, KIM)
    await smtp(free_port, lambda client: client.sendmail("bounce@example.com", [to, OURS], stated(mail())))
    (got,) = world.inbound
    assert (KIM, "channel", 7) == (got.sender.address, got.assurance, got.extra["thread"]["ticket"])
    assert got.raw.startswith(b"Return-Path: <bounce@example.com>\r\nDelivered-To: " + to.encode())


@pytest.mark.parametrize("how", ["failing", "draining", "surprising"])
async def test_what_is_not_committed_is_not_acknowledged(
    server: Mail, world: World, free_port: int, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender hears 451 and tries again; the next time it is taken."""
    world.failing, world.ready = how == "failing", how != "draining"
    if how == "surprising":
        monkeypatch.setattr(world, "uses", None)
    raw = mail()
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await smtp(free_port, lambda client: client.sendmail(KIM, OURS, raw))
    assert 451 == refused.value.smtp_code
    monkeypatch.undo()
    mails.read_here(monkeypatch)
    world.failing, world.ready = False, True
    await smtp(free_port, lambda client: client.sendmail(KIM, OURS, raw))
    assert 1 == len(world.inbound)


@pytest.mark.parametrize(
    "to", ["lee@example.com", "support@acme.example.evil.example", "supporter@acme.example", "support"]
)
async def test_nobody_s_mail_is_relayed(server: Mail, world: World, free_port: int, to: str) -> None:
    """An unknown recipient is refused before the mail is sent."""
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        await smtp(free_port, lambda client: client.sendmail(KIM, to, mail()))
    assert 550 == refused.value.recipients[to][0]
    assert [] == world.inbound


async def test_a_null_sender_is_told_on(server: Mail, world: World, free_port: int) -> None:
    """So a bounce without any other sign of one is not answered."""
    await smtp(free_port, lambda client: client.sendmail("", OURS, mail()))
    assert "bounce" == world.inbound[0].extra["class"]


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n.\x00\r\n"])
async def test_no_second_mail_is_smuggled_in(server: Mail, world: World, free_port: int, end: bytes) -> None:
    """Only the standard's end of a mail ends it; whatever else looks like one is text."""
    smuggled = (
        b"MAIL FROM:<admin@acme.example>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n" % OURS.encode()
    )
    got = await say(
        free_port,
        b"HELO client\r\n",
        b"MAIL FROM:<kim@example.com>\r\n",
        b"RCPT TO:<%s>\r\n" % OURS.encode(),
        b"DATA\r\n",
        mail("Hello").rstrip() + end + smuggled + b"\r\n.\r\n",
    )
    assert b"250 2.0.0 OK" in got.splitlines()[-1]
    (one,) = world.inbound
    assert b"smuggled" in one.raw
    assert "My refund" == one.extra["subject"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.sampled_from([b".", b"..", b"\r\n", b"\n", b"\r", b"x" * 17_000, b"y", b"\r\n."]), max_size=12)
)
async def test_a_mail_arrives_as_it_was_sent(server: Mail, world: World, free_port: int, pieces: list[bytes]) -> None:
    """Dots at the beginning of lines, long lines and bare line ends included."""
    raw = mail("", X_Pieces=str(len(world.inbound))) + b"".join(pieces) + b"\r\n"
    stuffed = raw.replace(b"\r\n.", b"\r\n..")

    def talk(client: smtplib.SMTP) -> int:
        client.helo()
        client.docmd(f"MAIL FROM:<{KIM}>")
        client.docmd(f"RCPT TO:<{OURS}>")
        client.docmd("DATA")
        client.sock.sendall(stuffed + b".\r\n")  # type: ignore[union-attr]
        return client.getreply()[0]

    assert 250 == await smtp(free_port, talk)
    assert world.inbound[-1].raw.endswith(b"\r\n" + raw)


async def test_long_lines_and_odd_bytes_are_taken(server: Mail, world: World, free_port: int) -> None:
    """Some programs break no lines, and some send eight bits without a word."""
    raw = mail("x" * 20_000).replace(b"x", b"\xe9", 10)
    await smtp(free_port, lambda client: client.sendmail(KIM, OURS, raw))
    assert 20_000 == len(world.inbound[0].text)


async def test_a_mail_too_large_is_refused_by_its_word_and_by_its_bytes(
    server: Mail, world: World, free_port: int
) -> None:
    """552 either way, and the connection goes on."""

    def talk(client: smtplib.SMTP) -> tuple[int, int, int]:
        client.ehlo()
        told = client.docmd(f"MAIL FROM:<{KIM}> SIZE={mail_listen.SIZE_LIMIT + 1}")[0]
        client.docmd(f"MAIL FROM:<{KIM}>")
        client.docmd(f"RCPT TO:<{OURS}>")
        line = b"x" * 998 + b"\r\n"
        return told, client.data(mail() + line * (mail_listen.SIZE_LIMIT // 1_000 + 1))[0], client.noop()[0]

    assert (552, 552, 250) == await smtp(free_port, talk)
    assert [] == world.inbound


async def test_more_mails_than_there_is_room_for_come_later(server: Mail, world: World, free_port: int) -> None:
    """The sender keeps the mail; what was taken is given back."""
    room = server._listener.room
    room.most = 2_000
    codes = [
        await smtp(free_port, lambda client: client.sendmail(KIM, OURS, mail("1" * 1_000))),
        await smtp(free_port, lambda client: client.sendmail(KIM, OURS, mail("2" * 1_000))),
    ]
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await smtp(free_port, lambda client: client.sendmail(KIM, OURS, mail("3" * 3_000)))
    assert ([{}, {}], 452) == (codes, refused.value.smtp_code)
    assert (0, 2) == (room.used, len(world.inbound))


async def test_a_process_that_takes_no_messages_listens_to_nothing(world: World, free_port: int) -> None:
    """One that only runs turns and sends has no way in open, so that both can run on one machine."""
    channel = Mail(replace(world.ports(), listens=False))
    await channel.start()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", free_port)
    await channel.close()


async def test_one_peer_s_connections_are_limited(
    server: Mail, world: World, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many is told so and hung up on; when one leaves there is room again."""
    monkeypatch.setattr(mail_listen, "PER_PEER", 2)

    async def first_line() -> bytes:
        async with connected(free_port) as (reader, _):
            return await reader.readline()

    async def is_welcome() -> bool:
        return (await first_line()).startswith(b"220")

    async with connected(free_port) as (reader, _):
        assert (await reader.readline()).startswith(b"220")
        async with connected(free_port) as (second, _):
            assert (await second.readline()).startswith(b"220")
            assert (await first_line()).startswith(b"421")
        assert await until(is_welcome, "room for another connection")


async def test_a_silent_client_is_hung_up_on(world: World, free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within DATA too: a mail that drips does not hold a connection for ever."""
    monkeypatch.setattr(mail_listen, "IDLE_S", 0.2)
    channel = Mail(world.ports())
    await channel.start()
    async with connected(free_port) as (reader, writer):
        writer.write(b"HELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: x\r\n" % OURS.encode())
        assert (await reader.read()).count(b"\r\n") == 5
    await channel.close()
    assert [] == world.inbound


async def test_many_useless_commands_end_a_connection(server: Mail, free_port: int) -> None:
    """Nobody scans us for addresses without end."""

    def talk(client: smtplib.SMTP) -> list[int]:
        client.helo()
        client.docmd(f"MAIL FROM:<{KIM}>")
        codes = [0]
        while codes[-1] != 421:
            codes.append(client.docmd(f"RCPT TO:<{len(codes)}@acme.example>")[0])
        return codes

    assert [0] + [550] * 200 + [421] == await smtp(free_port, talk)


async def test_closing_answers_what_is_being_committed(
    world: World, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail in the middle of its commit gets its 250, an idle client a goodbye."""
    held, go_on = asyncio.Event(), asyncio.Event()
    accept = world.accept

    async def slow(message: Inbound) -> Accepted:
        held.set()
        await go_on.wait()
        return await accept(message)

    monkeypatch.setattr(world, "accept", slow)
    channel = Mail(world.ports())
    await channel.start()

    def send(client: smtplib.SMTP) -> list[int]:
        client.helo()
        client.docmd(f"MAIL FROM:<{KIM}>")
        client.docmd(f"RCPT TO:<{OURS}>")
        return [client.data(mail())[0], client.docmd("QUIT")[0]]

    def run() -> list[int]:
        client = smtplib.SMTP("127.0.0.1", free_port, timeout=10)
        try:
            return send(client)
        finally:
            client.close()

    sending = asyncio.create_task(asyncio.to_thread(run))
    async with connected(free_port) as (idle, _):
        assert (await idle.readline()).startswith(b"220")
        await held.wait()
        closing = asyncio.create_task(channel.close())
        go_on.set()
        assert [250, 421] == await sending
        await closing
        assert (await idle.read()).startswith(b"421")
    assert 1 == len(world.inbound)


async def test_a_port_that_is_taken_is_said_in_one_line(world: World, free_port: int) -> None:
    """With the setting's name and what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        channel = Mail(world.ports())
        with pytest.raises(errors.BadInput, match=r"^EMAIL_SMTP_LISTEN: 127\.0\.0\.1:"):
            await channel.start()
        await channel.close()


@pytest.mark.parametrize(
    "peer,wanted",
    [
        (("127.0.0.1", 1), True),
        (("10.1.2.3", 1), True),
        (("::1", 1, 0, 0), True),
        (("fe80::1%eth0", 1, 0, 0), True),
        (("::ffff:10.0.0.1", 1, 0, 0), True),
        (("::ffff:8.8.8.8", 1, 0, 0), False),
        (("8.8.8.8", 1), False),
        (("2001:4860:4860::8888", 1, 0, 0), False),
        ("", False),
        (None, False),
        (("x", 1), False),
    ],
)
def test_only_a_private_peer_speaks_for_our_server(peer: object, wanted: bool) -> None:
    """From elsewhere anybody could write our server's name into a mail."""
    assert wanted is mail_listen.is_private(peer)


@pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is missing")
async def test_swaks_sends_a_mail_with_a_file(server: Mail, world: World, free_port: int) -> None:
    """The common test client, as somebody setting this up would use it."""
    process = await asyncio.create_subprocess_exec(
        "swaks", "--server", "127.0.0.1", "--port", str(free_port), "--from", KIM, "--to", OURS,
        "--header", "Subject: From swaks", "--body", "Where is my refund?", "--attach", "-", "--silent", "2",
        stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await process.communicate(b"a file")
    assert 0 == process.returncode
    (got,) = world.inbound
    assert ("Where is my refund?", "From swaks", 1) == (got.text, got.extra["subject"], len(got.media))
