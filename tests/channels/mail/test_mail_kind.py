"""People, programs and mail systems told apart, with the reasons; and what is no reason at all."""

from __future__ import annotations

import pytest

from channels.mail.reading import mail_parse

REPORT = 'Content-Type: multipart/report; report-type=%s; boundary="b"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n'


def sort(headers: str, *, sender: str = "kim@example.com") -> tuple[str, tuple[str, ...]]:
    """Tell the sort of a mail with these headers, and why."""
    found = mail_parse.preview(f"From: {sender}\r\nSubject: x\r\n{headers}\r\nhi\r\n".encode())
    return found.class_, found.reasons


@pytest.mark.parametrize(
    "headers, reason",
    [
        ("Auto-Submitted: auto-replied\r\n", "auto-submitted"),
        ("Auto-Submitted: Auto-Generated; x=y\r\n", "auto-submitted"),
        ("Auto-Submitted: auto-notified (calendar)\r\n", "auto-submitted"),
        ("Precedence: bulk\r\n", "precedence"),
        ("Precedence:  LIST \r\n", "precedence"),
        ("Precedence: junk\r\n", "precedence"),
        ("Precedence: auto_reply\r\n", "precedence"),
        ("List-Id: <users.lists.example>\r\n", "list"),
        ("List-Unsubscribe: <https://news.example/u>\r\n", "list"),
        ("List-Post: NO\r\n", "list"),
        ("X-Autoreply: yes\r\n", "x-autoreply"),
        ("X-Autorespond: away\r\n", "x-autorespond"),
        ("X-Throughline-Loop: acme-1\r\n", "our own loop"),
        (REPORT % "disposition-notification", "report"),
        (REPORT % "feedback-report", "report"),
    ],
)
def test_programs_say_that_they_wrote_it(headers: str, reason: str) -> None:
    """Each of these headers makes a mail automatic, and is given as the reason."""
    assert sort(headers) == ("auto", (reason,))


@pytest.mark.parametrize(
    "headers",
    [
        "",
        "Auto-Submitted: no\r\n",
        "Auto-Submitted: No (a person)\r\n",
        "Auto-Submitted:\r\n",
        "Precedence: first-class\r\n",
        "X-Auto-Response-Suppress: All\r\n",
        "Feedback-ID: 1:x:AmazonSES\r\n",
        "X-Mailer: vacation planner\r\n",
        "Return-Path: <kim@example.com>\r\n",
    ],
)
def test_people_are_people(headers: str) -> None:
    """None of these makes a mail automatic."""
    assert sort(headers) == ("normal", ())


@pytest.mark.parametrize(
    "value, asked",
    [
        ("All", True), ("DR, AutoReply", True), ("dr, rn, nrn, oof, autoreply", True), ("OOF", True),
        ("DR, RN, NRN", False), ("None", False), ("", False),
    ],
)  # fmt: skip
def test_who_wants_no_automatic_answer_is_still_a_person(value: str, asked: bool) -> None:
    """Exchange asks for no automatic answer on people's mail; who declines receipts alone may be answered."""
    raw = f"From: kim@example.com\r\nX-Auto-Response-Suppress: {value}\r\n\r\nhi\r\n".encode()
    assert mail_parse.preview(raw).wants_no_auto_reply is asked
    assert mail_parse.preview(raw).class_ == "normal"
    assert not mail_parse.preview(raw.replace(b"X-Auto", b"X-Other")).wants_no_auto_reply


@pytest.mark.parametrize(
    "sender",
    ["no-reply@shop.example", "NoReply@shop.example", "do_not_reply@shop.example", "noreply+7@shop.example",
     "Shop <nicht-antworten@shop.example>"],
)  # fmt: skip
def test_nobody_is_behind_a_no_reply_address(sender: str) -> None:
    """However it is spelled."""
    assert sort("", sender=sender) == ("auto", ("no-reply sender",))


@pytest.mark.parametrize("sender", ["reply@shop.example", "noreplyman@example.com", "bounce@example.com"])
def test_a_name_that_only_resembles_is_a_persons(sender: str) -> None:
    """A local part counts as a whole."""
    assert sort("", sender=sender) == ("normal", ())


@pytest.mark.parametrize(
    "headers, sender, reasons",
    [
        (REPORT % "delivery-status", "kim@example.com", ("delivery report",)),
        ("X-Failed-Recipients: kim@example.com\r\n", "x@example.com", ("failed recipients",)),
        ("", "MAILER-DAEMON@mx.example.com", ("mail system",)),
        ("", "Postmaster <postmaster@mx.example.com>", ("mail system",)),
        ("Return-Path: <>\r\n", "kim@example.com", ("null sender",)),
        ("Return-Path: < >\r\n", "mailer-daemon@x.example", ("null sender", "mail system")),
    ],
)
def test_mail_systems_are_told(headers: str, sender: str, reasons: tuple[str, ...]) -> None:
    """A report, a server's name, or an envelope that wants no answer."""
    assert sort(headers, sender=sender) == ("bounce", reasons)


@pytest.mark.parametrize("more", ["Auto-Submitted: auto-replied\r\n", REPORT % "disposition-notification"])
def test_an_automatic_reply_with_a_null_sender_is_no_bounce(more: str) -> None:
    """Out-of-office notes and receipts leave the envelope empty, too; nothing came back."""
    kind, reasons = sort(f"Return-Path: <>\r\n{more}")
    assert kind == "auto"
    assert "null sender" in reasons


def test_our_own_address_is_no_customer() -> None:
    """A mail from one of our addresses is ours, in whatever case it is written."""
    raw = b"From: Support@Acme.Example\r\n\r\nhi\r\n"
    assert mail_parse.preview(raw, ours={"support@acme.example"}).reasons == ("our own address",)
    assert mail_parse.preview(raw, ours={"sales@acme.example"}).class_ == "normal"


def test_the_marks_of_our_own_mail_are_given() -> None:
    """Every value of our loop header is handed on, so that the sender can be told apart from another instance."""
    raw = b"From: kim@example.com\r\nX-Throughline-Loop: acme-1\r\nX-Throughline-Loop: acme-2\r\n\r\nhi\r\n"
    assert mail_parse.preview(raw).loops == ("acme-1", "acme-2")
    assert mail_parse.preview(b"From: kim@example.com\r\n\r\nhi\r\n").loops == ()
