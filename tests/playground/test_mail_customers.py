"""Customers write and answer as their mail programs do; our own mail server hands it to the bot with its verdict."""

from __future__ import annotations

import asyncio
import base64
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from playground.app import standalone
from playground.mail_styles import CLIENTS
from tests.playground.conftest import Bot, Json, get, options_for, post, serving
from tests.playground.mails import KIM, LEE, MAIL, REPLY_TO, SUPPORT, act, box, letter, send, settled

EVE = "eve@evil.example"
TRUSTED = "mx.acme.example"


def words(message: EmailMessage, kind: str = "plain") -> str | None:
    """The text of a mail, or its HTML, in lines as Python has them."""
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content()).replace("\r\n", "\n")


async def received(client: aiohttp.ClientSession, **headers: str) -> int:
    """Let the bot's letter arrive; returns its number."""
    await send(client, letter(**headers))
    return int((await box(client))[-1]["n"])


async def test_a_new_mail_reaches_the_bot(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Raw, with the token, and with our own mail server's headers on top."""
    answer = await act(client, "compose", box=KIM, subject="Invoice 18492", text="Where is my refund?\n\nKim")
    (mail,) = bot.mails
    assert ("Bearer inbound-token", "message/rfc822") == (mail.token, mail.type)
    message = mail.message
    assert ["Return-Path", "Delivered-To", "Authentication-Results", "Received"] == message.keys()[:4]
    assert (f"<{KIM}>", SUPPORT, "Kim Berger <kim@example.com>") == (
        message["Return-Path"],
        message["Delivered-To"],
        message["From"],
    )
    verdict = " ".join(str(message["Authentication-Results"]).split())
    assert (
        f"{TRUSTED}; dmarc=pass header.from=example.com; dkim=pass header.d=example.com; spf=pass smtp.mailfrom={KIM}"
    ) == verdict
    assert "Where is my refund?\n\nKim\n" == words(message)
    assert ("delivered", "sent", message["Message-ID"]) == (
        answer["delivery"]["state"],
        answer["mail"]["way"],
        answer["mail"]["message_id"],
    )
    assert "Authentication-Results" not in dict(answer["mail"]["headers"])


@pytest.mark.parametrize("program", CLIENTS)
async def test_a_reply_of_every_program(client: aiohttp.ClientSession, bot: Bot, program: str) -> None:
    """To Reply-To, in the thread, with the quoted letter and the new words in text and, but for one, in HTML."""
    number = await received(client)
    await act(client, "reply", mail=number, text="Thank you!\nKim", client=program)
    message = bot.mails[0].message
    assert REPLY_TO == parseaddr(message["To"])[1] == message["Delivered-To"]
    assert ("<o1@acme.example>", "<first@example.com> <o1@acme.example>") == (
        message["In-Reply-To"],
        message["References"],
    )
    assert message["Subject"].lower() == "re: refund of 49.00 usd [#7]"
    text, html = words(message) or "", words(message, "html")
    assert "Thank you!\nKim" in text
    assert "your refund is on its way." in text
    assert (program == "plain") == (html is None)
    assert html is None or ("<b>on its way</b>" in html and "Thank you!" in html)


@pytest.mark.parametrize(
    "program,line,mark",
    [
        (
            "gmail",
            "On Sat, Nov 28, 2026 at 1:05 PM Acme Support <support@acme.example> wrote:\n\n> Dear",
            "gmail_quote",
        ),
        ("outlook", "________________________________\nFrom: Acme Support <support@acme.example>", "divRplyFwdMsg"),
        ("apple", "> On Nov 28, 2026, at 1:05 PM, Acme Support <support@acme.example> wrote:", 'type="cite"'),
        ("thunderbird", "On 11/28/26 1:05 PM, Acme Support wrote:\n> Dear Kim,", "moz-cite-prefix"),
        ("plain", "Acme Support wrote:\n> Dear Kim,\n>\n> your refund", ""),
    ],
)
async def test_each_program_quotes_in_its_own_way(
    client: aiohttp.ClientSession, bot: Bot, program: str, line: str, mark: str
) -> None:
    """The line before the quote, and the mark in the HTML, are those the programs write."""
    await act(client, "reply", mail=await received(client), text="Thanks", client=program)
    message = bot.mails[0].message
    assert line in (words(message) or "")
    assert mark in (words(message, "html") or "")


async def test_a_reply_without_a_quote_and_with_other_headers(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Some programs drop References, some people delete the quote, some change the subject."""
    number = await received(client)
    headers = {"References": None, "In-Reply-To": None, "X-Test": "1"}
    await act(client, "reply", mail=number, text="Thanks", quote=False, headers=headers, subject="new", cc=LEE)
    message = bot.mails[0].message
    assert ("Thanks\n", "new", LEE, "1") == (
        words(message),
        message["Subject"],
        message["Cc"],
        message["X-Test"],
    )
    assert message["References"] is message["In-Reply-To"] is None


async def test_attachments(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Files go along, even large ones."""
    files = [
        {"name": "a.pdf", "type": "application/pdf", "base64": base64.b64encode(b"%PDF" + b"\x00" * 600_000).decode()},
        {"name": "notes.txt", "type": "text/plain", "text": "hello"},
    ]
    await act(client, "compose", box=KIM, subject="files", text="see", client="gmail", attachments=files)
    names = [(part.get_filename(), part.get_content_type()) for part in bot.mails[0].message.iter_attachments()]
    assert [("a.pdf", "application/pdf"), ("notes.txt", "text/plain")] == names


def verdicts(message: EmailMessage) -> list[str]:
    """The verdicts of a mail, topmost first."""
    return [" ".join(str(value).split()) for value in message.get_all("Authentication-Results") or []]


async def test_a_forged_sender(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Who writes as somebody else fails, unless the test says otherwise; without any verdict is possible too."""
    forged = {"box": EVE, "from": "Kim Berger <kim@example.com>", "subject": "x", "text": "refund!"}
    await act(client, "compose", **forged)
    await act(client, "compose", **forged, auth="pass")
    await act(client, "compose", **forged, auth="none")
    await act(client, "compose", **forged, results="")
    failed, passed, none, nothing = (verdicts(mail.message) for mail in bot.mails)
    assert failed[0].startswith(f"{TRUSTED}; dmarc=fail header.from=example.com; dkim=none; spf=fail")
    assert "dmarc=pass header.from=example.com" in passed[0]
    assert "dmarc=none" in none[0]
    assert [] == nothing
    assert f"<{EVE}>" == bot.mails[0].message["Return-Path"]


async def test_verdicts_in_our_name_are_taken_away(client: aiohttp.ClientSession, bot: Bot) -> None:
    """What the sender claims our server said is gone, what other servers said stays; a bad server keeps both."""
    raw = (
        f"Authentication-Results: {TRUSTED};\n dmarc=pass header.from=example.com\n"
        "authentication-results:  MX.ACME.EXAMPLE 1; dkim=pass\n"
        "Authentication-Results: other.example; dmarc=pass\n"
        f"From: kim@example.com\nTo: {SUPPORT}\nSubject: x\nMessage-ID: <e@evil.example>\n\nrefund!\n"
    )
    await act(client, "raw", raw=raw, box=EVE)
    await act(client, "raw", raw=raw, box=EVE, keep_results=True)
    cleaned, kept = (verdicts(mail.message) for mail in bot.mails)
    assert ["dmarc=fail", "other.example;"] == [cleaned[0].split()[1], cleaned[1].split()[0]]
    assert (2, 4) == (len(cleaned), len(kept))
    assert bot.mails[0].raw.endswith(b"\r\n\r\nrefund!\r\n")


async def test_any_bytes_can_be_a_mail(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Broken headers, odd charsets, bytes that are no text: brought as they are, and shown as well as can be."""
    odd = (
        b"From: kim@example.com\r\nSubject: =?x-odd?Q?=FF?=\r\nContent-Type: text/plain; charset=x-odd\r\n\r\n\xff\xfe!"
    )
    broken = b"From: \xff\xfe <kim@@example..com>, a: b;\r\nTo: \r\nDate: yesterday\r\nMessage-ID: <\r\n\r\nx"
    for content in (odd, broken, b"no header at all", b"\x00\xff"):
        await act(client, "raw", base64=base64.b64encode(content).decode())
        assert bot.mails[-1].raw.endswith(content[-8:])
    assert 4 == len((await get(client, f"{MAIL}/events"))["mails"])
    assert 400 == (await post(client, f"{MAIL}/act", json={"act": "raw", "base64": "!"}))[0]


HOSTILE = {
    "nested": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(9_000)
    ),
    "within": b"Content-Type: MESSAGE/RFC822\r\n\r\n" * 3_000,
    "flat": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 20_000,
    "comments": b"From: " + b"(" * 3_900 + b"\r\nTo: " + b"(" * 30_000 + b"\r\n\r\nx",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_mail_is_brought_and_shown_in_no_time(client: aiohttp.ClientSession, bot: Bot, name: str) -> None:
    """It goes to the bot byte for byte; the page sees its head."""
    async with asyncio.timeout(2):
        answer = await act(client, "raw", base64=base64.b64encode(HOSTILE[name]).decode())
    assert bot.mails[0].raw.endswith(HOSTILE[name][-5_000:])
    assert len(HOSTILE[name]) == answer["mail"]["size"]


async def test_a_mail_that_is_put_off_comes_again(client: aiohttp.ClientSession, bot: Bot) -> None:
    """A 5xx, a 429 and an answer that never came are no reason to give up; a 4xx is."""
    bot.mail_answers += [web.Response(status=503), web.Response(status=429)]
    await act(client, "compose", box=KIM, subject="x", text="x")
    found = await settled(client, lambda news: news["deliveries"][0]["state"] == "delivered")
    assert [503, 429, 200] == [attempt["status"] for attempt in found["deliveries"][0]["attempts"]]
    assert 1 == len({mail.raw for mail in bot.mails})
    bot.mail_answers.append(web.Response(status=413))
    refused = await act(client, "compose", box=KIM, subject="x", text="x")
    assert ("failed", 4) == (refused["delivery"]["state"], len(bot.mails))


async def test_duplicates_losses_and_disorder(client: aiohttp.ClientSession, bot: Bot) -> None:
    """One mail twice, once more byte for byte, one never, one after the next."""
    first = await act(client, "compose", box=KIM, subject="1", text="x", copies=2)
    await act(client, "again", delivery=first["delivery"]["n"])
    assert (3, 1) == (len(bot.mails), len({mail.raw for mail in bot.mails}))
    for kind in ("lost_mail", "shuffled_mails"):
        await post(client, f"{MAIL}/faults", json={"kind": kind})
        await act(client, "compose", box=KIM, subject=kind, text="x")
    await act(client, "compose", box=KIM, subject="last", text="x")
    await bot.until(lambda: len(bot.mails) == 5)
    assert ["last", "shuffled_mails"] == [mail.message["Subject"] for mail in bot.mails[3:]]
    assert {"lost", "delivered"} == {each["state"] for each in await get(client, f"{MAIL}/deliveries")}


@pytest.mark.parametrize(
    "wanted",
    [
        {"act": "compose", "text": "x"},
        {"act": "compose", "box": KIM, "client": "pine"},
        {"act": "compose", "box": KIM, "subject": "a\nBcc: all@example.com"},
        {"act": "compose", "box": KIM, "auth": "maybe"},
        {"act": "compose", "box": KIM, "attachments": [{"base64": "?"}]},
        {"act": "habits", "box": KIM, "bounce": "gently"},
        {"act": "shout"},
    ],
)
async def test_acts_that_make_no_sense(client: aiohttp.ClientSession, bot: Bot, wanted: Json) -> None:
    """Each is 400 with a reason, and nothing is sent."""
    status, answer = await post(client, f"{MAIL}/act", json=wanted)
    assert (400, True) == (status, bool(answer["error"]["message"]))
    assert [] == bot.mails
    assert 404 == (await post(client, f"{MAIL}/act", json={"act": "reply", "mail": 99}))[0]


async def test_the_page_sees_mail_come_and_go(client: aiohttp.ClientSession) -> None:
    """News of one box alone, unread until it is seen; a reset empties all."""
    number = await received(client)
    await act(client, "compose", box=LEE, subject="x", text="x")
    news = await get(client, f"{MAIL}/events?box={KIM}")
    assert ([False], []) == ([mail["seen"] for mail in news["mails"]], news["deliveries"])
    await act(client, "seen", mail=number)
    later = await get(client, f"{MAIL}/events?box={KIM}&after={news['version']}&wait=5")
    assert [(number, True)] == [(mail["n"], mail["seen"]) for mail in later["mails"]]
    await act(client, "habits", box=KIM, reject=True)
    await post(client, "/playground/reset")
    assert [] == (await get(client, f"{MAIL}/events"))["mails"]
    assert {} == await send(client, letter())


class Listening:
    """The bot's own SMTP listener, as far as it matters here: what it answers, and what it took."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802  the library's name
        """Keep a mail, or refuse it as the test wants."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.taken.append((str(envelope.mail_from), envelope.rcpt_tos, content))
        return self.answers.pop(0) if self.answers else "250 OK"


async def test_mail_by_smtp(bot: Bot, tmp_path: Path) -> None:
    """With `bot_smtp` the same bytes go to the bot's listener; 4xx is tried again, 5xx is final."""
    door = Listening()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(door, hostname="bot", loop=loop), "127.0.0.1", 0)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with (
        serving(standalone(options_for(tmp_path, bot.url, bot_smtp=place))) as url,
        aiohttp.ClientSession(url) as client,
    ):
        door.answers = ["451 later"]
        await act(client, "compose", box=KIM, subject="x", text="Grüße")
        await settled(client, lambda news: news["deliveries"][0]["state"] == "delivered")
        await act(client, "compose", box=KIM, subject="y", text="x", envelope_from="")
        door.answers = ["554 never"]
        refused = await act(client, "compose", box=KIM, subject="z", text="x")
    server.close()
    assert ("failed", [], 4) == (refused["delivery"]["state"], bot.mails, len(door.taken))
    sender, recipients, content = door.taken[0]
    assert (KIM, [SUPPORT]) == (sender, recipients)
    assert content.startswith(b"Return-Path: <kim@example.com>\r\n")
    assert "<>" == door.taken[2][0]
