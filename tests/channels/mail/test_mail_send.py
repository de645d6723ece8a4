"""Letters over real SMTP: what each answer of a server means, and that every attempt is the same letter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from channels.mail import mail_send
from channels.mail.mail_send import MailSender, Server, queue_id
from state.identity import Address
from state.messages import Receipt
from tests.channels.mail.letters import OUTBOX, read, reply, text_of
from tests.channels.mail.servers import MailServer, answers, drops, hangs, only, serving
from tests.channels.world import World, settings

MAIL = {"EMAIL_ADDRESS": "support@acme.example", "EMAIL_INBOUND_TOKEN": "a-token-of-the-mail-webhook-0123456789"}
Open = Callable[..., Awaitable[MailSender]]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Everything that is closed at the end."""
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def server(stack: AsyncExitStack) -> MailServer:
    """A mail server."""
    return await stack.enter_async_context(serving(MailServer()))


@pytest.fixture
async def sender(server: MailServer, stack: AsyncExitStack) -> MailSender:
    """The sender, pointed at the server."""
    return await opened(server.url, stack)


async def opened(url: str, stack: AsyncExitStack, *, claim_s: float = 30.0, **env: str) -> MailSender:
    """A sender that speaks to a server."""
    made = settings(**MAIL, SMTP_URL=url, **env)
    made = made.model_copy(update={"tuning": made.tuning.model_copy(update={"claim_s": claim_s})})
    found = MailSender(made, World(settings=made).ports())
    await found.start()
    stack.push_async_callback(found.close)
    return found


def told(receipt: Receipt) -> tuple[str, str | None]:
    """State and reason."""
    return receipt.state, receipt.reason


async def test_a_reply_leaves_as_a_letter(sender: MailSender, server: MailServer) -> None:
    """To its recipient alone, from an address that a bounce leads back by; the server's name of it is the receipt."""
    receipt = await sender.send(reply())
    assert (OUTBOX, "sent", "4F2A91C0B7") == (receipt.outbox_id, receipt.state, receipt.provider_id)
    (taken,) = server.taken
    assert ["kim@example.com"] == taken.rcpt_tos
    assert (taken.mail_from or "").startswith(f"support+b{OUTBOX}-")
    assert isinstance(taken.content, bytes)
    mail = read(taken.content)
    assert "Re: Invoice 18492 [#1042]" == mail["Subject"]
    assert "Hello Kim Meyer," in text_of(mail)
    assert "Acme Support" in str(mail["From"])


async def test_a_long_reply_is_one_letter(sender: MailSender, server: MailServer) -> None:
    """Nothing is cut, in either form."""
    words = [f"word{number}" for number in range(3_000)]
    paragraphs = [" ".join(words[start : start + 50]) for start in range(0, 3_000, 50)]
    assert "sent" == (await sender.send(reply(text="\n\n".join(paragraphs)))).state
    content = server.taken[0].content
    assert isinstance(content, bytes)
    mail = read(content)
    assert set(words) <= set(text_of(mail).split())
    assert set(words) <= set(text_of(mail, "html").replace("<", " ").replace(">", " ").split())


async def test_one_connection_serves_many_letters(sender: MailSender, server: MailServer) -> None:
    """Also when they are sent at once; none is lost, none comes twice."""
    receipts = await asyncio.gather(*(sender.send(reply(id=f"{number:032x}")) for number in range(12)))
    assert {"sent"} == {receipt.state for receipt in receipts}
    assert 12 == len({taken.mail_from for taken in server.taken}) == len(server.taken)
    assert 1 == server.connections


async def test_a_connection_that_is_gone_is_opened_anew(sender: MailSender, server: MailServer) -> None:
    """The server hung up between two letters; nobody notices."""
    await sender.send(reply())
    server.once("RSET", drops())
    assert "sent" == (await sender.send(reply(id="1" * 32))).state
    assert (2, 2) == (server.connections, len(server.taken))


@pytest.mark.parametrize(
    "command, answer, expected",
    [
        ("RCPT", "451 4.7.1 Greylisted, <kim@example.com> try later", ("retry", "451 4.7.1")),
        ("RCPT", "550 5.1.1 <kim@example.com>: no such user", ("failed", "550 5.1.1")),
        ("MAIL", "421 4.3.2 too busy", ("retry", "421 4.3.2")),
        ("MAIL", "550 no", ("failed", "550")),
        ("MAIL", "530 5.7.0 Authentication required", ("retry", "530 5.7.0")),
        ("DATA", "452 4.2.2 mailbox full", ("retry", "452 4.2.2")),
        ("DATA", "554 5.7.1 looks like spam", ("failed", "554 5.7.1")),
        ("RCPT", "503 5.5.1 out of step", ("retry", "503 5.5.1")),
    ],
)
async def test_a_refusal_is_for_now_or_for_good(
    sender: MailSender, server: MailServer, command: str, answer: str, expected: tuple[str, str]
) -> None:
    """By its code; the words, which repeat addresses, are not kept. The next letter leaves."""
    server.once(command, answers(answer))
    assert expected == told(await sender.send(reply()))
    assert [] == server.taken
    assert "sent" == (await sender.send(reply(attempt=2))).state


async def test_a_greylisting_server_is_given_time(sender: MailSender, server: MailServer) -> None:
    """More with every attempt, up to five minutes."""
    waits = []
    for attempt in (1, 2, 3, 9):
        server.once("RCPT", answers("451 4.7.1 later"))
        waits.append((await sender.send(reply(attempt=attempt))).after)
    assert [60.0, 120.0, 180.0, 300.0] == waits


async def test_a_letter_that_was_cut_short_is_sent_again_as_the_same(sender: MailSender, server: MailServer) -> None:
    """The server took it and hung up before saying so: the outcome is unknown, and both copies bear one id."""
    server.once("DATA", drops(server))
    assert "unknown" == (await sender.send(reply())).state
    assert "sent" == (await sender.send(reply(attempt=2))).state
    first, second = [read(taken.content) for taken in server.taken if isinstance(taken.content, bytes)]
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_server_that_hangs_up_before_the_letter_has_nothing(sender: MailSender, server: MailServer) -> None:
    """So it is tried again soon, with no doubt."""
    server.once("RCPT", drops())
    receipt = await sender.send(reply())
    assert "retry" == receipt.state
    assert (receipt.reason or "").startswith("unreachable")


@pytest.mark.parametrize("command, expected", [("RCPT", "retry"), ("DATA", "unknown")])
async def test_a_silent_server_does_not_outlast_the_claim(
    server: MailServer, stack: AsyncExitStack, command: str, expected: str
) -> None:
    """Sending ends before another process may claim the reply; what waits behind it is not lost either."""
    sender = await opened(server.url, stack, claim_s=1.0)
    server.once(command, hangs())
    async with asyncio.timeout(0.8):
        first, second = await asyncio.gather(sender.send(reply()), sender.send(reply(id="1" * 32)))
    assert (expected, "retry", "busy") == (first.state, second.state, second.reason)
    assert "sent" == (await sender.send(reply(id="1" * 32, attempt=2))).state


async def test_a_server_that_is_not_there_is_tried_again(free_port: int, stack: AsyncExitStack) -> None:
    """Nothing has left."""
    sender = await opened(f"smtp://127.0.0.1:{free_port}", stack)
    receipt = await sender.send(reply())
    assert "retry" == receipt.state


@pytest.mark.parametrize("banner", [b"554 go away\r\n", b"421 not now\r\n", b"junk\r\n", b""])
async def test_a_server_that_will_not_speak_says_nothing_about_the_letter(banner: bytes, stack: AsyncExitStack) -> None:
    """Whatever it greets with."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(banner)
        writer.close()

    listening = await asyncio.start_server(greet, "127.0.0.1", 0)
    stack.push_async_callback(listening.wait_closed)
    stack.callback(listening.close)
    sender = await opened(f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}", stack)
    assert "retry" == (await sender.send(reply())).state


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # this is loopback
async def test_a_wrong_password_keeps_letters_waiting(stack: AsyncExitStack) -> None:
    """It is ours to mend, not the letter's fault; with the right one it leaves."""
    options = {"authenticator": only("bot", "p@ss"), "auth_require_tls": False, "auth_required": True}
    server = await stack.enter_async_context(serving(MailServer(), **options))
    wrong = await opened(f"smtp://bot:wrong@127.0.0.1:{server.port}", stack)
    assert ("retry", "535 5.7.8") == told(await wrong.send(reply()))
    right = await opened(f"smtp://bot:p%40ss@127.0.0.1:{server.port}", stack)
    assert "sent" == (await right.send(reply())).state


async def test_an_address_in_other_letters_needs_a_server_that_takes_them(stack: AsyncExitStack) -> None:
    """One that does not can never bring it; one that does gets it as it is written."""
    jorg = Address(channel="email", address="jörg@example.com")
    plain = await stack.enter_async_context(serving(MailServer()))
    refused = await (await opened(plain.url, stack)).send(reply(to=jorg))
    assert ("failed", []) == (refused.state, plain.taken)
    able = await stack.enter_async_context(serving(MailServer(), enable_SMTPUTF8=True))
    assert "sent" == (await (await opened(able.url, stack)).send(reply(to=jorg))).state
    assert ["jörg@example.com"] == able.taken[0].rcpt_tos


async def test_a_reply_to_nobody_fails_by_itself(sender: MailSender, server: MailServer) -> None:
    """An address with a line of its own in it reaches no server."""
    receipt = await sender.send(reply(to=Address(channel="email", address="a@b.example>\r\nRCPT TO:<c@d.example")))
    assert ("failed", "not an address") == told(receipt)
    assert 0 == server.connections


@pytest.mark.parametrize(
    "answer, expected",
    [
        ("2.0.0 Ok: queued as 4F2A91C0B7", "4F2A91C0B7"),
        (
            "Ok 0102018f3c4d5e6f-12345678-abcd-4ef0-9876-0123456789ab-000000",
            "0102018f3c4d5e6f-12345678-abcd-4ef0-9876-0123456789ab-000000",
        ),
        ("OK id=1rXyZ2-0001Ab-3C", "1rXyZ2-0001Ab-3C"),
        ("2.0.0 OK  1700000000 x12-20020a05.3 - gsmtp", None),
        ("OK", None),
        ("Message accepted for delivery", None),
        ("", None),
    ],
)
def test_the_servers_own_name_of_a_letter_is_kept(answer: str, expected: str | None) -> None:
    """Since some providers replace the Message-ID by one made of it; what names nothing is not kept."""
    assert expected == queue_id(answer)


@pytest.mark.parametrize(
    "url, port, tls, start_tls",
    [
        ("smtps://u:p@mail.example.com", 465, True, False),
        ("smtp://mail.example.com", 25, False, None),
        ("smtp://mail.example.com:587", 587, False, True),
        ("smtp://u:p@mail.example.com:25", 25, False, True),
        ("smtp://127.0.0.1:587", 587, False, False),
        ("smtp://u:p@localhost:1025", 1025, False, False),
        ("smtps://[::1]:465", 465, True, False),
    ],
)
def test_passwords_and_submissions_are_not_sent_in_clear(
    url: str, port: int, tls: bool, start_tls: bool | None
) -> None:
    """To another machine; on this one nobody listens in."""
    server = Server.of(url, "acme.example")
    assert (port, tls, start_tls) == (server.port, server.tls, server.start_tls)


async def test_our_words_come_from_the_configuration(server: MailServer, stack: AsyncExitStack, tmp_path: Path) -> None:
    """A firm's own name and its own language."""
    (tmp_path / "channels.yaml").write_text(
        'email: {name: "Müller & Söhne", hello: "Guten Tag {name},"}', encoding="utf-8"
    )
    sender = await opened(server.url, stack, CONFIG_DIR=str(tmp_path))
    await sender.send(reply())
    content = server.taken[0].content
    assert isinstance(content, bytes)
    mail = read(content)
    assert "Müller & Söhne" == mail["From"].addresses[0].display_name
    assert "Guten Tag Kim Meyer," in text_of(mail)


def test_sending_ends_before_the_claim_does() -> None:
    """The sender of `bot.outbox` gives up at 0.8 of the claim's time."""
    assert 0 < mail_send.TURN < 1
    assert mail_send.SAFE < 0.8
