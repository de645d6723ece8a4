"""Mails taken in: whose they are, which conversation they continue, which are never answered, and which are one."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.mail.mail_in import MailIn
from state.identity import Address, Assurance
from state.messages import Thread
from tests.channels.mail import mails
from tests.channels.mail.mails import KIM, LEE, OURS, OUTBOX, SERVER, mail, stated, taken
from tests.channels.world import World

NAMES = (
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Content-Type", "Return-Path",
    "Content-Transfer-Encoding", "Auto-Submitted", "Authentication-Results", "Delivered-To", "Reply-To",
)  # fmt: skip

LINES = st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=60)), max_size=8)


pytestmark = pytest.mark.usefixtures("quick")


async def test_a_mail_becomes_a_message(world: World) -> None:
    """With the words that were written, the name, the raw mail, and what an answer needs to stay in the thread."""
    raw = stated(mail("Where is my refund?\r\n\r\nKim", References="<a@x> <b@x>", In_Reply_To="<b@x>"))
    got = await taken(world, raw)
    assert ("email", OURS, Address(channel="email", address=KIM)) == (got.channel, got.account, got.sender)
    assert (Assurance.CHANNEL, KIM, "Kim Example", raw) == (got.assurance, got.email, got.name, got.raw)
    assert got.text.startswith("Where is my refund?")
    assert "silent" not in got.extra
    thread = got.extra["thread"]
    assert (["a@x", "b@x"], "My refund", None, OURS) == tuple(
        thread[name] for name in ("references", "subject", "ticket", "to")
    )
    assert thread["message_id"].endswith("@example.com")


@pytest.mark.parametrize(
    "value",
    [
        None,
        "mx.evil.example; dmarc=pass header.from=example.com",
        f"{SERVER}.evil.example; dmarc=pass header.from=example.com",
        f"{SERVER}; dmarc=pass header.from=evil.example",
        f"{SERVER}; dmarc=pass",
        f"{SERVER}; dmarc=fail header.from=example.com; dkim=pass header.d=example.com",
        f"{SERVER}; dmarc=permerror header.from=example.com; spf=pass smtp.mailfrom=example.com",
        f"{SERVER}; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=x@evil.example",
        f"{SERVER}; dkim=pass header.d=com",
        f"{SERVER}; dkim=fail header.d=example.com",
        f"{SERVER}; none",
        f'{SERVER}; spf=pass smtp.mailfrom="a; dmarc=pass header.from=example.com ;"@evil.example',
        f"{SERVER}; spf=pass (; dmarc=pass header.from=example.com ;) smtp.mailfrom=evil.example",
    ],
)
async def test_a_claimed_sender_is_nobody_s_session(world: World, value: str | None) -> None:
    """Without our server's word for this very domain, the sender is a claim with an identity of its own."""
    got = await taken(world, mail() if value is None else stated(mail(), value))
    assert (Address(channel="email", address=f"?{KIM}"), Assurance.CLAIMED) == (got.sender, got.assurance)
    assert got.email is None


@pytest.mark.parametrize(
    "value",
    [
        f"{SERVER}; dmarc=pass header.from=example.com",
        f"{SERVER.upper()} 1; spf=none; dmarc=pass (p=REJECT) header.from=EXAMPLE.com",
        f"{SERVER}; dkim=fail header.d=list.example; dkim=pass header.d=example.com header.s=s1",
        f"{SERVER}; dkim=pass header.i=@example.com",
        f"{SERVER}; dkim=pass header.d=mail.example.com; dmarc=none header.from=example.com",
        f"{SERVER}; spf=pass smtp.mailfrom=bounces@mail.example.com",
    ],
)
async def test_our_server_s_word_counts(world: World, value: str) -> None:
    """DMARC for the sender's domain, or DKIM or SPF of the same organisation."""
    got = await taken(world, stated(mail(), value))
    assert (Address(channel="email", address=KIM), Assurance.CHANNEL) == (got.sender, got.assurance)


async def test_only_the_topmost_word_counts(world: World) -> None:
    """One with our server's name further down was in the mail when it came."""
    forged = stated(mail(), mails.PASS)
    for above in (f"{SERVER}; dmarc=fail header.from=example.com", f"{SERVER}; spf=none", "relay.example; none"):
        got = await taken(world, stated(forged + b" ", above))
        assert f"?{KIM}" == got.sender.address


async def test_words_on_untrusted_ways_do_not_count(world: World) -> None:
    """What did not come through our own server may bear anybody's word."""
    box = MailIn(world.ports())
    await box.take(stated(mail()), trusted=False)
    await box.close()
    assert f"?{KIM}" == world.inbound[0].sender.address


@pytest.mark.parametrize(
    "above",
    [
        "Subject: Close my account", "Message-ID: <other@evil.example>", "In-Reply-To: <a@x>", "References: <a@x>",
        "To: somebody@else.example", "CONTENT-TYPE: text/html", "Date: Fri, 27 Nov 2026 10:00:00 +0000",
    ],
)  # fmt: skip
async def test_a_header_put_above_a_signed_mail_proves_nothing(world: World, above: str) -> None:
    """A signature holds for the lowest of them, and a program shows the topmost: an old mail would say new things."""
    signed = mail(In_Reply_To="<b@x>", References="<b@x>", Content_Type="text/plain")
    got = await taken(world, stated(above.encode() + b"\r\n" + signed))
    assert (f"?{KIM}", Assurance.CLAIMED) == (got.sender.address, got.assurance)


# --- evidence that we wrote to this address


async def test_a_signed_reply_address_leads_to_its_ticket(world: World) -> None:
    """The mail lands under its sender, as a claim only, whatever else is in it."""
    to = mails.tokens(world).reply_address(1042, KIM)
    got = await taken(world, mail(To=to))
    assert (Address(channel="email", address=KIM), Assurance.CLAIMED) == (got.sender, got.assurance)
    assert (1042, to) == (got.extra["thread"]["ticket"], got.extra["thread"]["to"])
    proven = await taken(world, stated(mail("Again.", To="x@y", Delivered_To=to)))
    assert (Assurance.CHANNEL, 1042) == (proven.assurance, proven.extra["thread"]["ticket"])


async def test_another_one_s_reply_address_leads_nowhere(world: World) -> None:
    """It was made for Lee; in Kim's hands, proven or not, it says nothing."""
    to = mails.tokens(world).reply_address(1042, LEE)
    assert None is (await taken(world, mail(To=to))).extra["thread"]["ticket"]
    assert f"?{KIM}" == world.inbound[-1].sender.address
    got = await taken(world, stated(mail("Proven.", To=to)))
    assert (KIM, None) == (got.sender.address, got.extra["thread"]["ticket"])


async def test_a_forger_with_a_name_but_no_token_gets_no_session(world: World) -> None:
    """Tokens with another number, cut short, or made up."""
    made = mails.tokens(world).reply_address(1042, KIM)
    for to in (made.replace("1042", "1"), made.replace("@", "a@"), "support+t1042-aaaaaaaaaaaaaaaaaaaa@acme.example"):
        assert f"?{KIM}" == (await taken(world, mail(To=to))).sender.address


async def test_our_message_id_leads_to_its_conversation(world: World) -> None:
    """In `In-Reply-To`, or only in `References` as when a provider replaced the parent's id."""
    ours = mails.written(world, KIM, ticket=7)
    for headers in ({"In_Reply_To": ours}, {"References": f"{ours} <0102-ses@eu.amazonses.com>"}):
        got = await taken(world, mail(**headers))
        assert (KIM, Assurance.CLAIMED) == (got.sender.address, got.assurance)
        assert 7 == got.extra["thread"]["ticket"]


async def test_a_provider_s_id_leads_to_its_conversation(world: World) -> None:
    """SES names a mail by the left part of the id that it gave it."""
    mails.written(world, KIM, outbox="0102018f-ses-000000")
    got = await taken(world, mail(In_Reply_To="<0102018f-ses-000000@eu-west-1.amazonses.com>"))
    assert (KIM, Assurance.CLAIMED) == (got.sender.address, got.assurance)


async def test_a_forged_in_reply_to_leads_nowhere(world: World) -> None:
    """An id without our proof, and a true one of a mail to somebody else."""
    ours = mails.written(world, KIM)
    for bare in (f"<{OUTBOX}@acme.example>", f"<{OUTBOX}>", f"<{OUTBOX.upper()}@x>"):
        assert f"?{KIM}" == (await taken(world, mail(In_Reply_To=bare))).sender.address
    assert (
        f"?{KIM}"
        == (await taken(world, mail(In_Reply_To=f"<{OUTBOX}.aaaaaaaaaaaaaaaaaaaa@acme.example>"))).sender.address
    )
    got = await taken(world, mail(From=LEE, In_Reply_To=ours))
    assert f"?{LEE}" == got.sender.address
    got = await taken(world, stated(mail(From=LEE, In_Reply_To=ours, Subject="Re: [#7]")))
    assert (LEE, None) == (got.sender.address, got.extra["thread"]["ticket"])


async def test_an_unproven_correspondent_stays_unproven(world: World) -> None:
    """Who was answered as a claim goes on as that claim; proven, they are somebody else until a person links them."""
    ours = mails.written(world, f"?{KIM}", ticket=7)
    to = mails.tokens(world).reply_address(7, f"?{KIM}")
    for headers in ({"In_Reply_To": ours}, {"To": to}):
        got = await taken(world, mail(**headers))
        assert (f"?{KIM}", 7) == (got.sender.address, got.extra["thread"]["ticket"])
        got = await taken(world, stated(mail("Proven.", **headers)))
        assert (KIM, None) == (got.sender.address, got.extra["thread"]["ticket"])


async def test_a_ticket_number_counts_for_its_own_customer(world: World) -> None:
    """A stranger who quotes a number, or a forger with the customer's name, gets no ticket."""
    world.tickets[1042, f"email:{KIM}"] = Thread(
        session_id="s1", user_id="u1", address=Address(channel="email", address=KIM), ticket=1042
    )
    subject = "Re: Invoice [#1042] [#x] [#1] [#99999999999999]"
    assert 1042 == (await taken(world, stated(mail(Subject=subject)))).extra["thread"]["ticket"]
    assert None is (await taken(world, mail("Forged.", Subject=subject))).extra["thread"]["ticket"]
    assert f"?{KIM}" == world.inbound[-1].sender.address
    assert None is (await taken(world, stated(mail(From=LEE, Subject=subject)))).extra["thread"]["ticket"]


# --- senders that are none


@pytest.mark.parametrize(
    "sender,wanted",
    [
        (f"{KIM}, {LEE}", f"?{KIM}"),
        (f"{KIM}\r\nFrom: {LEE}", f"?{KIM}"),
        (f"not an address\r\nFrom: {KIM}", f"?{KIM}"),
        (f"{KIM}\r\nFrom: not an address", f"?{KIM}"),
    ],
)
async def test_more_than_one_sender_is_kept_without_an_answer(world: World, sender: str, wanted: str) -> None:
    """Whoever our server vouches for may be the other one."""
    to = mails.tokens(world).reply_address(1042, KIM)
    got = await taken(world, stated(mail(From=sender, To=to)))
    assert (wanted, Assurance.CLAIMED) == (got.sender.address, got.assurance)
    assert (True, "auto") == (got.extra["silent"], got.extra["class"])


async def test_no_sender_at_all_is_kept_without_an_answer(world: World) -> None:
    """Each such mail is a person of its own, whom nobody writes to."""
    first = await taken(world, mail("One.", From=""))
    second = await taken(world, mail("Two.", From="undisclosed"))
    for got in (first, second):
        assert got.sender.address.startswith("?")
        assert got.sender.address.endswith("@nobody.invalid")
        assert got.extra["silent"]
    assert first.sender != second.sender


async def test_a_name_that_looks_like_an_address_is_a_name(world: World) -> None:
    """`"kim@example.com" <mallory@evil.example>` is Mallory."""
    value = f"{SERVER}; dmarc=pass header.from=evil.example"
    got = await taken(world, stated(mail(From=f'"{KIM}" <mallory@evil.example>'), value))
    assert ("mallory@evil.example", Assurance.CHANNEL) == (got.sender.address, got.assurance)
    got = await taken(world, stated(mail("Hi", From=f'"{KIM}" <mallory@evil.example>')))
    assert "?mallory@evil.example" == got.sender.address


async def test_an_address_has_one_spelling(world: World) -> None:
    """Upper case and an international domain lead to the same person."""
    got = await taken(world, stated(mail(From="Kim <KIM@Example.COM>")))
    assert KIM == got.sender.address
    value = f"{SERVER}; dmarc=pass header.from=xn--bcher-kva.example"
    got = await taken(world, stated(mail(From="Kim <kim@bücher.example>"), value))
    assert ("kim@xn--bcher-kva.example", Assurance.CHANNEL) == (got.sender.address, got.assurance)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=60)), max_size=8), body=st.binary(max_size=99)
)
async def test_whatever_comes_can_be_stored(world: World, lines: list[tuple[str, bytes]], body: bytes) -> None:
    """Nothing in a mail makes taking it fail, here or where it is written down; nothing unproven has a plain name."""
    world.uses.clear()
    raw = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in lines) + b"\r\n" + body
    got = await taken(world, raw)
    stored = orjson.dumps([got.text, got.name, got.sender.address, got.extra, got.media, got.provider_id])
    assert stored.decode()
    assert got.text
    assert got.sender.address.startswith("?")
