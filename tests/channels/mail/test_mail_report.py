"""Bounces of the common servers, as they write them: who, for good or for now, and which of our mails it was."""

# ruff: noqa: E501 - headers as servers write them

from __future__ import annotations

import base64

import pytest

from channels.mail.reading import mail_parse
from channels.mail.reading.mail_report import Report

OURS = "out-1.1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b@acme.example"
RETURNED = (
    f"From: Acme Support <support@acme.example>\nTo: kim@example.com\nMessage-ID: <{OURS}>\nSubject: Your invoice\n"
)


def bounce(headers: str, *parts: str) -> bytes:
    """Write a delivery report: its headers, then its parts."""
    head = f'{headers}MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
    return (head + "".join(f"--b\n{part}\n" for part in parts) + "--b--\n").replace("\n", "\r\n").encode()


def only(raw: bytes) -> Report:
    """Read a bounce that speaks of one recipient."""
    found = mail_parse.preview(raw)
    assert found.class_ == "bounce"
    (report,) = found.reports
    return report


POSTFIX = bounce(
    "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.com (Mail Delivery System)\nTo: support+t@acme.example\n"
    "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nMessage-ID: <p@mx.example.com>\n",
    "Content-Description: Notification\nContent-Type: text/plain; charset=us-ascii\n\nThis is the mail system at host x.\n",
    "Content-Description: Delivery report\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n"
    "X-Postfix-Queue-ID: 4ABC\nArrival-Date: Mon,  2 Mar 2026 09:14:12 +0100 (CET)\n\n"
    "Final-Recipient: rfc822; kim@example.com\nOriginal-Recipient: rfc822;kim+2Bshop@example.com\nAction: failed\n"
    "Status: 5.1.1\nRemote-MTA: dns; mx2.example.com\nDiagnostic-Code: smtp; 550 5.1.1 <kim@example.com>: no such user\n",
    f"Content-Description: Undelivered Message\nContent-Type: message/rfc822\n\n{RETURNED}"
    'Content-Type: multipart/alternative; boundary="i"\n\n--i\n\nHi\n--i--\n',
)
EXIM = bounce(
    "Return-path: <>\nX-Failed-Recipients: kim@example.com\nAuto-Submitted: auto-replied\n"
    "From: Mail Delivery System <Mailer-Daemon@exim.example>\nTo: support@acme.example\nMessage-Id: <E1-x@exim.example>\n"
    "Subject: Mail delivery failed: returning message to sender\n",
    "Content-type: text/plain; charset=us-ascii\n\nThis message was created automatically by mail delivery software.\n",
    "Content-type: message/delivery-status\n\nReporting-MTA: dns; exim.example\n\nAction: failed\n"
    "Final-Recipient: rfc822;kim@example.com\nStatus: 5.0.0\nRemote-MTA: dns; mx.example.com\n"
    "Diagnostic-Code: smtp; 550 Unrouteable address\n",
    f"Content-type: message/rfc822\n\nReturn-path: <support@acme.example>\nReceived: from x\n\tby y\n{RETURNED}\nHi\n",
)
EXCHANGE = bounce(
    f"From: <postmaster@example.com>\nTo: support@acme.example\nMessage-ID: <n@example.com>\nIn-Reply-To: <{OURS}>\n"
    "Subject: Undeliverable: Your invoice\nAuto-Submitted: auto-replied\n",
    'Content-Type: multipart/alternative; differences=Content-Type; boundary="a"\n\n--a\nContent-Type: text/plain\n\n'
    "Your message wasn't delivered.\n--a\nContent-Type: text/html\n\n<p>Your message wasn't delivered.</p>\n--a--\n",
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns;MX.example.com\nReceived-From-MTA: dns;out.acme.example\n"
    "\nFinal-recipient: RFC822;kim@example.com\nAction: failed\nStatus: 5.1.10\n"
    "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\n"
    "X-Display-Name: Kim\n",
    f"Content-Type: message/rfc822\n\n{RETURNED.replace('Message-ID: ', 'Message-ID:' + chr(10) + chr(9))}\nHi\n",
)
GMAIL = bounce(
    "Return-Path: <>\nFrom: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nTo: support@acme.example\n"
    f"Auto-Submitted: auto-replied\nReferences: <{OURS}>\nIn-Reply-To: <{OURS}>\nX-Failed-Recipients: kim@example.com\n"
    "Subject: Delivery Status Notification (Failure)\nMessage-ID: <g@mx.google.com>\n",
    'Content-Type: multipart/related; boundary="r"\n\n--r\nContent-Type: multipart/alternative; boundary="a"\n\n--a\n'
    "Content-Type: text/plain; charset=UTF-8\n\n** Address not found **\n\nYour message wasn't delivered.\n--a\n"
    "Content-Type: text/html; charset=UTF-8\n\n<p>Address not found</p>\n--a--\n--r\nContent-Type: image/png\n\nx\n--r--\n",
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; googlemail.com\nArrival-Date: Mon, 02 Mar 2026\n"
    f"X-Original-Message-ID: <{OURS}>\n\nFinal-Recipient: rfc822; kim@example.com\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\n"
    "Last-Attempt-Date: Mon, 02 Mar 2026\n",
    f"Content-Type: message/rfc822\n\n{RETURNED}\n----- Message truncated -----\n",
)
QMAIL = (
    "Return-Path: <>\nFrom: MAILER-DAEMON@qmail.example\nTo: support@acme.example\nSubject: failure notice\n"
    "Message-ID: <20260302@qmail.example>\n\nHi. This is the qmail-send program at qmail.example.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
    "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
    "<kim@example.com>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 User unknown\nGiving up on it.\n\n"
    f"--- Below this line is a copy of the message.\n\nReturn-Path: <support@acme.example>\n{RETURNED}\nHi\n"
).encode()
OLD_EXIM = (
    "Return-path: <>\nX-Failed-Recipients: kim@example.com\nFrom: Mail Delivery System <Mailer-Daemon@exim.example>\n"
    "To: support@acme.example\nSubject: Mail delivery failed\nMessage-Id: <E2@exim.example>\n\n"
    "This message was created automatically by mail delivery software.\n\n  kim@example.com\n    SMTP error from remote "
    "mail server after RCPT TO:<kim@example.com>:\n    host mx.example.com: 550 unknown user\n\n"
    f"------ This is a copy of the message, including all the headers. ------\n\n{RETURNED}\nHi\n"
).encode()


@pytest.mark.parametrize(
    "raw, status",
    [
        (POSTFIX, "5.1.1"),
        (EXIM, "5.0.0"),
        (EXCHANGE, "5.1.10"),
        (GMAIL, "5.1.1"),
        (QMAIL, "5.1.1"),
        (OLD_EXIM, "5.0.0"),
    ],
    ids=["postfix", "exim", "exchange", "gmail", "qmail", "old exim"],
)
def test_the_bounces_of_the_common_servers_are_understood(raw: bytes, status: str) -> None:
    """Each names the recipient, says that it failed for good, and leads to the mail that we sent."""
    report = only(raw)
    assert (report.recipient, report.action, report.status, report.original_id) == (
        "kim@example.com", "failed", status, OURS,
    )  # fmt: skip


def test_the_address_that_we_sent_to_is_told() -> None:
    """A mail that was forwarded fails at another address; the one that we asked for is written with codes in it."""
    assert only(POSTFIX).asked == "kim+shop@example.com"


def test_a_delay_is_no_failure() -> None:
    """A server that goes on trying says so; its status begins with 4."""
    raw = POSTFIX.replace(b"Action: failed", b"Action: delayed (will retry)").replace(
        b"Status: 5.1.1", b"Status: 4.4.1"
    )
    assert (only(raw).action, only(raw).status) == ("delayed", "4.4.1")


def test_a_report_without_status_takes_it_from_the_answer() -> None:
    """The diagnostic code holds one, or at least a reply code."""
    assert only(POSTFIX.replace(b"Status: 5.1.1", b"X: y")).status == "5.1.1"
    assert only(EXIM.replace(b"Status: 5.0.0", b"X: y")).status == "5.0.0"


def test_several_recipients_are_told_apart() -> None:
    """Each recipient has a block of its own."""
    more = b"Final-Recipient: rfc822; lee@example.com\r\nAction: delayed\r\nStatus: 4.2.2\r\n\r\nFinal-Recipient: rfc822; kim"
    found = mail_parse.preview(POSTFIX.replace(b"Final-Recipient: rfc822; kim", more)).reports
    assert [(report.recipient, report.status) for report in found] == [
        ("lee@example.com", "4.2.2"), ("kim@example.com", "5.1.1"),
    ]  # fmt: skip


def test_the_returned_mail_may_be_encoded_or_only_its_headers() -> None:
    """A gateway encodes the returned mail, another sends its headers alone."""
    coded = base64.encodebytes(RETURNED.encode()).decode()
    whole = f"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{coded}"
    status = (
        "Content-Type: message/delivery-status\n\nX: y\n\nFinal-Recipient: rfc822; kim@example.com\nAction: failed\n"
    )
    head = "From: mailer-daemon@example.com\nTo: support@acme.example\nSubject: x\n"
    assert only(bounce(head, status, whole)).original_id == OURS
    assert only(bounce(head, status, f"Content-Type: text/rfc822-headers\n\n{RETURNED}")).original_id == OURS


def test_the_bounces_own_headers_lead_to_the_mail_when_nothing_was_returned() -> None:
    """A server that returns nothing may still answer the mail as replies do."""
    report = only(EXCHANGE.replace(b"message/rfc822", b"image/png"))
    assert report.original_id == OURS


def test_a_bounce_that_says_nothing_gives_no_reports() -> None:
    """Nobody is made up."""
    found = mail_parse.preview(b"From: mailer-daemon@example.com\r\nSubject: Failure\r\n\r\nSorry.\r\n")
    assert found.class_ == "bounce"
    assert found.reports == ()


def test_a_persons_mail_reports_nothing() -> None:
    """Blocks that look like a report are text in a person's mail."""
    raw = b"From: kim@example.com\r\nSubject: x\r\n\r\nFinal-Recipient: rfc822; lee@example.com\r\nAction: failed\r\n"
    assert mail_parse.preview(raw).reports == ()
