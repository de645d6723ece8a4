"""The customers' mail server takes what real SMTP clients send, keeps it before it says so, and can be in trouble."""

from __future__ import annotations

import asyncio
import smtplib
import sqlite3
from pathlib import Path

import aiohttp
import aiosmtplib
import pytest

from playground import mail_rows
from playground.app import standalone
from tests.playground.conftest import Bot, get, options_for, post, serving
from tests.playground.mails import ENVELOPE, KIM, LEE, MAIL, REPLY_TO, act, box, letter, port, send, settled


async def fault(client: aiohttp.ClientSession, kind: str, **more: str | int) -> None:
    """Switch a fault on."""
    assert 201 == (await post(client, f"{MAIL}/faults", json={"kind": kind, **more}))[0]


async def test_a_letter_lands_in_the_box(client: aiohttp.ClientSession) -> None:
    """As text and HTML, with its headers, its envelope, and byte for byte."""
    message = letter()
    message.set_boundary("cut-here")
    assert {} == await send(client, message)
    sent = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    (mail,) = await box(client)
    assert ("received", "Refund of 49.00 USD [#7]", "<o1@acme.example>") == (
        mail["way"],
        mail["subject"],
        mail["message_id"],
    )
    assert {"from": ENVELOPE, "to": KIM} == mail["envelope"]
    assert mail["text"].startswith("Dear Kim,\n\nyour refund")
    assert "<b>on its way</b>" in mail["html"]
    assert (["<first@example.com>"], False) == (mail["references"], mail["seen"])
    async with client.get(f"{MAIL}/mails/{mail['n']}/raw") as response:
        raw = await response.read()
    trace = f"Return-Path: <{ENVELOPE}>\r\nDelivered-To: {KIM}\r\n".encode()
    assert trace + sent == raw


async def test_the_asynchronous_client_and_two_recipients(client: aiohttp.ClientSession) -> None:
    """Each recipient has a copy of his own; one transaction is recorded."""
    await aiosmtplib.send(
        letter(), sender=ENVELOPE, recipients=[KIM, LEE], hostname="127.0.0.1", port=await port(client)
    )
    assert [1, 1] == [len(await box(client, address)) for address in (KIM, LEE)]
    (session,) = await get(client, f"{MAIL}/smtp")
    assert (ENVELOPE, [KIM, LEE], "250") == (session["sender"], session["recipients"], session["answer"])
    info = await get(client, f"{MAIL}/info")
    assert {KIM: 1, LEE: 1} == {each["box"]: each["new"] for each in info["boxes"]}


@pytest.mark.parametrize(
    "path,status,error",
    [
        ("/mail/*", 451, smtplib.SMTPSenderRefused),
        ("/rcpt/kim@example.com", 550, smtplib.SMTPRecipientsRefused),
        ("/data", 451, smtplib.SMTPDataError),
        ("/data", 552, smtplib.SMTPDataError),
        ("/data", 421, smtplib.SMTPDataError),
    ],
)
async def test_refusals_at_every_step(
    client: aiohttp.ClientSession, path: str, status: int, error: type[Exception]
) -> None:
    """The code is the one asked for, nothing is kept, and the refusal is recorded; then it works again."""
    await fault(client, "smtp_refuse", path=path, status=status)
    with pytest.raises(error, match=str(status)):
        await send(client, letter())
    assert [] == await box(client)
    (session,) = await get(client, f"{MAIL}/smtp")
    assert session["answer"].startswith(str(status))
    await send(client, letter())
    assert 1 == len(await box(client))


async def test_one_recipient_of_two_is_refused(client: aiohttp.ClientSession) -> None:
    """The other one gets the letter."""
    await act(client, "habits", box=KIM, reject=True)
    refused = await send(client, letter(), KIM, LEE)
    assert {KIM: 550} == {address: code for address, (code, _) in refused.items()}
    assert [0, 1] == [len(await box(client, address)) for address in (KIM, LEE)]


@pytest.mark.parametrize("kind,kept", [("smtp_drop", 0), ("smtp_lost_answer", 1)])
async def test_a_connection_that_breaks_at_data(client: aiohttp.ClientSession, kind: str, kept: int) -> None:
    """Before the letter is kept, or after it without an answer."""
    await fault(client, kind, path="/data")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await send(client, letter())
    await asyncio.wait_for(settled(client, lambda news: len(news["mails"]) == kept), 5)


async def test_a_server_that_is_silent(client: aiohttp.ClientSession) -> None:
    """The client gives up; nothing is kept meanwhile."""
    await fault(client, "smtp_hang", path="/rcpt/*", ms=1_000)
    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await aiosmtplib.send(letter(), sender=ENVELOPE, hostname="127.0.0.1", port=await port(client), timeout=0.2)
    assert [] == await box(client)


async def test_a_large_letter_with_umlauts(client: aiohttp.ClientSession) -> None:
    """An attachment of two megabytes, names beyond ASCII."""
    message = letter()
    message.add_attachment(b"\x00" * 2_000_000, maintype="application", subtype="pdf", filename="Übersicht.pdf")
    await send(client, message)
    (mail,) = await box(client)
    (file,) = mail["attachments"]
    assert ("Übersicht.pdf", "application/pdf", 2_000_000) == (file["name"], file["type"], file["size"])
    async with client.get(f"{MAIL}/mails/{mail['n']}/attachments/0") as response:
        assert 2_000_000 == len(await response.read())
    assert 404 == (await post_get(client, f"{MAIL}/mails/{mail['n']}/attachments/1"))


async def post_get(client: aiohttp.ClientSession, path: str) -> int:
    """The status of a GET."""
    async with client.get(path) as response:
        return response.status


async def test_the_html_of_a_letter_can_do_nothing(client: aiohttp.ClientSession) -> None:
    """It is shown in a sandbox that loads nothing."""
    await send(client, letter())
    (mail,) = await box(client)
    async with client.get(f"{MAIL}/mails/{mail['n']}/html") as response:
        assert "sandbox; default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "<b>on its way</b>" in await response.text()


async def test_hard_and_soft_bounces_come_back(client: aiohttp.ClientSession, bot: Bot) -> None:
    """A report without a sender goes to the envelope's sender; after a hard bounce the letter is not in the box."""
    await act(client, "habits", box=KIM, bounce="hard")
    await send(client, letter())
    await bot.until(lambda: len(bot.mails) == 1)
    report = bot.mails[0].message
    assert ("multipart/report", "delivery-status") == (report.get_content_type(), report.get_param("report-type"))
    assert ("<>", ENVELOPE) == (report["Return-Path"], report["Delivered-To"])
    kinds = [part.get_content_type() for part in report.walk() if not part.is_multipart()]
    assert "text/plain" == kinds[0]
    assert "text/rfc822-headers" == kinds[-1]
    text = bot.mails[0].raw.decode()
    assert f"Final-Recipient: rfc822; {KIM}\r\n" in text
    assert "Status: 5.1.1\r\n" in text
    assert "<o1@acme.example>" in text
    assert ["bounced"] == [mail["way"] for mail in await box(client)]
    await act(client, "habits", box=KIM, bounce="soft")
    await send(client, letter())
    await bot.until(lambda: len(bot.mails) == 2)
    assert b"Status: 4.4.1\r\n" in bot.mails[1].raw
    await send(client, letter(), sender="")
    await act(client, "habits", box=KIM, bounce=None)
    await send(client, letter())
    assert 2 == len(bot.mails)


async def test_a_holiday_note_comes_back(client: aiohttp.ClientSession, bot: Bot) -> None:
    """Marked as automatic, without a sender, in the same thread."""
    await act(client, "habits", box=KIM, holiday="I am away until Monday.")
    await send(client, letter())
    await bot.until(lambda: len(bot.mails) == 1)
    note = bot.mails[0].message
    assert ("auto-replied", "<>", "<o1@acme.example>") == (
        note["Auto-Submitted"],
        note["Return-Path"],
        note["In-Reply-To"],
    )
    assert ("I am away until Monday.", "Kim Berger <kim@example.com>") == (note.get_content().strip(), note["From"])
    assert ["received", "sent"] == [mail["way"] for mail in await box(client)]
    assert REPLY_TO == note["Delivered-To"]
    await act(client, "habits", box=KIM, holiday_to="envelope")
    await send(client, letter())
    await bot.until(lambda: len(bot.mails) == 2)
    assert (ENVELOPE, ENVELOPE) == (bot.mails[1].message["Delivered-To"], bot.mails[1].message["To"])


async def test_a_port_that_is_taken_is_named(bot: Bot, tmp_path: Path) -> None:
    """The start fails and says where it could not listen."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        taken = server.sockets[0].getsockname()[1]
        with pytest.raises(OSError, match=f"mail server cannot listen on 127.0.0.1:{taken}"):
            async with serving(standalone(options_for(tmp_path, bot.url, smtp_port=taken))):
                pass


async def test_an_error_of_ours_puts_the_letter_off(
    client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be kept is not taken: 451, never 250 and never a final 5xx."""

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(mail_rows, "add", broken)
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        await send(client, letter())
    monkeypatch.undo()
    assert [] == await box(client)


async def test_what_was_taken_survives_a_stop(bot: Bot, tmp_path: Path) -> None:
    """The letter is in the file; without an address or a port there is no server."""
    async with serving(standalone(options_for(tmp_path, bot.url))) as url, aiohttp.ClientSession(url) as client:
        await send(client, letter())
    quiet = options_for(tmp_path, bot.url, smtp_port=0)
    async with serving(standalone(quiet)) as url, aiohttp.ClientSession(url) as client:
        assert 1 == len(await box(client))
        assert (await get(client, f"{MAIL}/info"))["smtp"] is None
        assert (await get(client, "/playground/info"))["parts"]["mail"]
    none = options_for(tmp_path, bot.url, email_address="")
    async with serving(standalone(none)) as url, aiohttp.ClientSession(url) as client:
        assert "mail_is_off" == (await get(client, f"{MAIL}/info"))["error"]["code"]
