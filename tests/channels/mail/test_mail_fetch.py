"""Mail in from a real mailbox (dovecot): pushed or looked for, over restarts and renumbering, nothing lost or twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import pytest

from channels.mail import mail_fetch
from channels.mail.channel import Mail
from channels.mail.mail_box import Place
from channels.mail.mail_fetch import Reached
from state import errors
from state.messages import Accepted, Inbound
from tests import servers
from tests.channels.mail import mails
from tests.channels.mail.mails import KIM, mail, stated
from tests.channels.world import World
from tests.dovecot import Dovecot, dovecot
from tests.harness.waiting import until


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    """One server for all tests of this file."""
    try:
        with dovecot() as found:
            yield found
    except servers.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(autouse=True)
def clean(server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty mailbox, mails read in this process, and no long waits between tries."""
    mails.read_here(monkeypatch)
    monkeypatch.setattr(mail_fetch, "FIRST_BACKOFF_S", 0.02)
    monkeypatch.setattr(mail_fetch, "LONGEST_BACKOFF_S", 0.05)
    monkeypatch.setattr(mail_fetch, "WAIT_S", 0.02)
    with server.client() as client:
        client.select_folder("INBOX")
        if found := client.search("ALL"):
            client.delete_messages(found)
            client.expunge()


@pytest.fixture
def world(server: Dovecot) -> World:
    """A world whose mail is in the mailbox."""
    return mails.mail_world(EMAIL_INBOUND_TOKEN="", IMAP_URL=server.url)


@asynccontextmanager
async def reading(world: World) -> AsyncIterator[Mail]:
    """The channel at work."""
    channel = Mail(world.ports())
    await channel.start()
    try:
        yield channel
    finally:
        await channel.close()


async def taken(world: World, count: int) -> list[str]:
    """Wait for so many mails; the texts of all that came."""

    async def look() -> bool:
        return len(world.inbound) >= count

    await until(look, f"{count} mails", patience=10)
    return [got.text for got in world.inbound]


async def kept(world: World, uid: int) -> Reached:
    """Wait until so much was read; how far that is."""

    async def look() -> Reached | None:
        found = [Reached.read(value) for value in world.cursors.values()]
        return found[0] if found and found[0].uid >= uid else None

    return await until(look, f"the cursor at {uid}", patience=10)


async def test_mails_that_wait_are_taken_in_order(world: World, server: Dovecot) -> None:
    """With what our mail server says of their senders; the mailbox is left as it was."""
    server.deliver(*(stated(mail(f"Mail {n}")) for n in range(3)))
    async with reading(world):
        assert ["Mail 0", "Mail 1", "Mail 2"] == await taken(world, 3)
    assert {KIM} == {got.sender.address for got in world.inbound}
    with server.client() as client:
        client.select_folder("INBOX", readonly=True)
        flags = client.get_flags(client.search("ALL"))
    assert not [one for one in flags.values() if b"\\Seen" in one]


async def test_a_new_mail_is_pushed(world: World, server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the wait for it, which is longer than this test's patience."""
    monkeypatch.setattr(mail_fetch, "IDLE_S", 600.0)
    server.deliver(mail("First"))
    async with reading(world):
        await taken(world, 1)
        server.deliver(mail("Second"))
        assert ["First", "Second"] == await taken(world, 2)


async def test_without_push_it_is_looked_for(world: World, server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not know IDLE."""
    monkeypatch.setattr(mail_fetch, "POLL_S", 0.05)
    server.stop()
    server.configure("imap_capability = IMAP4rev1")
    server.start()
    try:
        async with reading(world):
            server.deliver(mail("First"))
            await taken(world, 1)
            server.deliver(mail("Second"))
            assert ["First", "Second"] == await taken(world, 2)
    finally:
        server.stop()
        server.configure()
        server.start()


async def test_it_goes_on_where_it_was(world: World, server: Dovecot) -> None:
    """After a restart of ours; what somebody read, flagged or deleted meanwhile does not matter."""
    server.deliver(mail("First"), mail("Second"))
    async with reading(world):
        await taken(world, 2)
    await kept(world, 2)
    with server.client() as client:
        client.select_folder("INBOX")
        client.append("INBOX", mail("Third"), flags=[b"\\Seen"])
        client.delete_messages(client.search("ALL")[:1])
        client.expunge()
    world.inbound.clear()
    async with reading(world):
        assert ["Third"] == await taken(world, 1)


async def test_it_comes_back_after_the_server(world: World, server: Dovecot) -> None:
    """A connection that ends while it waits, and a server that is away for a while."""
    server.deliver(mail("First"))
    async with reading(world):
        await taken(world, 1)
        server.stop()
        await asyncio.sleep(0)
        server.start()
        server.deliver(mail("Second"))
        assert ["First", "Second"] == await taken(world, 2)


async def test_it_starts_while_the_server_is_away(world: World, server: Dovecot) -> None:
    """The rest of the program runs; the mailbox is read when it is there."""
    server.stop()
    async with reading(world) as channel:
        assert channel.routes()
        server.start()
        server.deliver(mail("Here"))
        assert ["Here"] == await taken(world, 1)


async def test_a_renumbered_mailbox_is_read_again_and_nothing_is_twice(world: World, server: Dovecot) -> None:
    """New numbers may hide mails that were not taken yet; those that were are known."""
    server.deliver(mail("First"), mail("Second"))
    async with reading(world):
        await taken(world, 2)
    before = await kept(world, 2)
    server.renumber(before.validity + 17)
    server.deliver(mail("Third"))
    async with reading(world):
        assert ["First", "Second", "Third"] == await taken(world, 3)
        after = await kept(world, 3)
    assert (before.validity + 17, before.since) == (after.validity, after.since)


async def test_what_was_committed_but_not_noted_is_known(
    world: World, server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the commit and the cursor, it reads the mail again, and it is one message."""
    real = world.cursor
    down = asyncio.Event()

    async def cursor(name: str, value: str | None) -> str | None:
        if value is not None and world.inbound and not down.is_set():
            down.set()
            raise errors.RetryLater("killed here")
        return await real(name, value)

    monkeypatch.setattr(world, "cursor", cursor)
    server.deliver(mail("First"), mail("Second"))
    async with reading(world):
        assert ["First", "Second"] == await taken(world, 2)
        await kept(world, 2)
    assert down.is_set()


async def test_while_nothing_is_taken_it_waits(world: World, server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before readiness no server is called; without a database every mail stays where it is, however long."""
    server.deliver(mail("First"))
    world.ready = False
    async with reading(world) as channel:
        await asyncio.sleep(0)
        assert channel._fetcher._box is None
        refused = 0
        real = world.accept

        async def accept(message: Inbound) -> Accepted:
            nonlocal refused
            refused += world.failing
            return await real(message)

        monkeypatch.setattr(world, "accept", accept)
        world.ready, world.failing = True, True

        async def tried() -> bool:
            return channel._fetcher._failures > mail_fetch.TRIES

        await until(tried, "many tries")
        world.failing = False
        assert ["First"] == await taken(world, 1)


@pytest.mark.parametrize("error", [errors.RetryLater("for ever"), errors.KeyMissing(), ValueError("unforeseen")])
async def test_a_mail_that_is_always_refused_holds_nothing_up(
    world: World, server: Dovecot, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """After some tries it is skipped, since others would be taken."""
    real, tries = world.accept, 0

    async def accept(message: Inbound) -> Accepted:
        nonlocal tries
        if message.text == "Poison":
            tries += 1
            raise error
        return await real(message)

    monkeypatch.setattr(world, "accept", accept)
    channel_ports = world.ports()
    server.deliver(mail("First"), mail("Poison"), mail("Second"))
    channel = Mail(channel_ports)
    await channel.start()
    assert ["First", "Second"] == await taken(world, 2)
    await channel.close()
    assert mail_fetch.TRIES == tries


async def test_mails_from_long_before_are_left_alone(world: World, server: Dovecot) -> None:
    """A mailbox that was in use before is not answered from its beginning."""
    long_ago = datetime.now(UTC) - timedelta(days=5)
    with server.client() as client:
        client.append("INBOX", mail("Old"), msg_time=long_ago)
    server.deliver(mail("New"))
    async with reading(world):
        assert ["New"] == await taken(world, 1)


async def test_a_password_that_is_refused_is_tried_again_later(world: World, server: Dovecot) -> None:
    """It is said in the log, without the password; nothing else suffers."""
    world.settings = mails.mail_settings(IMAP_URL=server.url.replace("a-password", "another"))
    async with reading(world) as channel:

        async def tried() -> bool:
            return channel._fetcher._failures > 1

        await until(tried, "another try")
    assert [] == world.inbound


@pytest.fixture
def encrypted(server: Dovecot) -> Iterator[Dovecot]:
    """The server with TLS."""
    server.stop()
    server.encrypt()
    server.start()
    yield server
    server.stop()
    server.tls_port = 0
    server.configure()
    server.start()


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
async def test_over_tls(encrypted: Dovecot, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """From the first byte, or begun before the password; with push, and closed as quickly."""
    monkeypatch.setattr(Place, "is_here", False)  # on this machine nothing is encrypted that need not be
    url = encrypted.url.replace("imap:", f"{scheme}:")
    world = mails.mail_world(
        IMAP_URL=url.replace(str(encrypted.port), str(encrypted.tls_port)) if scheme == "imaps" else url
    )
    async with reading(world) as channel:

        async def tried() -> bool:
            return channel._fetcher._failures > 1

        await until(tried, "a certificate that nobody trusts to be refused")
        assert {} == world.cursors
    monkeypatch.setenv("SSL_CERT_FILE", str(encrypted.certificate))
    encrypted.deliver(mail("First"))
    async with reading(world) as channel:
        await taken(world, 1)
        encrypted.deliver(mail("Second"))
        assert ["First", "Second"] == await taken(world, 2)
        async with asyncio.timeout(2.5):
            await channel.close()


async def test_a_password_never_goes_in_clear(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """To another machine that offers no encryption nothing is said."""
    monkeypatch.setattr(Place, "is_here", False)
    async with reading(world) as channel:

        async def tried() -> bool:
            return channel._fetcher._failures > 1

        await until(tried, "another try")
    assert {} == world.cursors


async def test_closing_does_not_wait_for_a_push(world: World) -> None:
    """It ends within the time that a channel has."""
    async with reading(world) as channel:
        await kept(world, 0)
        async with asyncio.timeout(2.5):
            await channel.close()


@pytest.mark.parametrize(
    "url,wanted",
    [
        ("imaps://kim%40x:p%2Fw@mail.example.com", ("mail.example.com", 993, True, "kim@x", "p/w", "INBOX", False)),
        ("imap://u:p@127.0.0.1:1143/Support/New", ("127.0.0.1", 1143, False, "u", "p", "Support/New", True)),
        ("imap://u:p@localhost/", ("localhost", 143, False, "u", "p", "INBOX", True)),
    ],
)
def test_an_address_is_read(url: str, wanted: tuple[object, ...]) -> None:
    """Coded characters, ports by default, folders within folders."""
    place = Place.of(url)
    assert wanted == (
        place.host, place.port, place.tls, place.user, place.password, place.folder, place.is_here
    )  # fmt: skip
    assert "password" not in repr(place)


def test_a_cursor_reads_itself() -> None:
    """What is kept is what comes back."""
    reached = Reached(validity=17, uid=4, since=date(2026, 11, 27))
    assert reached == Reached.read(str(reached))
