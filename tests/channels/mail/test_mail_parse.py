"""What a preview says of a mail: from whom to whom, in which thread, with which files; and never nothing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.reading import mail_mime, mail_parse
from channels.mail.reading.mail_decode import Mailbox

MIXED = "Content-Type: multipart/mixed; boundary=b\n\n"


def preview(text: str) -> mail_parse.Preview:
    """Read a mail that is written with plain line ends."""
    return mail_parse.preview(text.encode())


def test_who_writes_to_whom() -> None:
    """Senders and recipients with their names, in their order; names are read, addresses are not changed by them."""
    found = preview(
        "From: =?utf-8?q?J=C3=B6rg?= <j@example.com>\nReply-To: Team <team@example.com>\n"
        "To: support@acme.example, Sales <sales@acme.example>\nCc: Lee <lee@example.com>\n\nhi\n"
    )
    assert found.from_ == (Mailbox(name="Jörg", address="j@example.com"),)
    assert found.reply_to == (Mailbox(name="Team", address="team@example.com"),)
    assert [box.address for box in found.to] == ["support@acme.example", "sales@acme.example"]
    assert found.cc == (Mailbox(name="Lee", address="lee@example.com"),)


def test_every_address_that_a_mail_came_to_is_told() -> None:
    """Signed addresses may stand in headers that servers add; each is named once."""
    found = preview(
        "From: a@b.example\nTo: support@acme.example\nDelivered-To: support+t1@acme.example\n"
        "X-Original-To: support+t2@acme.example\nEnvelope-To: support@acme.example\n\nhi\n"
    )
    assert found.recipients == ("support@acme.example", "support+t1@acme.example", "support+t2@acme.example")


@pytest.mark.parametrize(
    "sender",
    [
        "From: a@x.example, b@y.example",
        "From: a@x.example\nFrom: b@y.example",
        "From: both: a@x.example, b@y.example;",
        "From: a@x.example\nX: y\nFROM: b@y.example",
    ],
)
def test_two_senders_are_two(sender: str) -> None:
    """However they are written, so that the caller can refuse them."""
    assert [box.address for box in preview(f"{sender}\n\nhi\n").from_] == ["a@x.example", "b@y.example"]


@pytest.mark.parametrize(
    "sender",
    [
        "Subject: x",
        "From: ",
        "From: nobody",
        "From: undisclosed:;",
        "From: <>",
        f"From: a@x.example, {' ' * 6_000}b@y.example",
    ],
)
def test_no_sender_is_none(sender: str) -> None:
    """Missing, empty, broken, or so long that a second one could hide in it."""
    assert preview(f"{sender}\n\nhi\n").from_ == ()


def test_an_encoded_name_holds_no_address() -> None:
    """Encoded words are read after the address was found."""
    (sender,) = preview("From: =?utf-8?q?a=40bank.example=3E=2C?= <evil@x.example>\n\nhi\n").from_
    assert sender.address == "evil@x.example"


def test_the_thread_is_told() -> None:
    """Message ids without their brackets, in their order."""
    found = preview(
        "From: a@b.example\nMessage-ID: <m@example.com>\nIn-Reply-To: <out-2@acme.example>\n"
        "References: <out-1@acme.example>\n <in-1@example.com>\n <out-2@acme.example>\n"
        "Subject: Re: [#1042] [Acme #7] [#1043] [#not a number] [#] Lamp\nDate: Mon, 2 Mar 2026 09:14:12 +0100\n\nhi\n"
    )
    assert found.message_id == "m@example.com"
    assert found.in_reply_to == ("out-2@acme.example",)
    assert found.references == ("out-1@acme.example", "in-1@example.com", "out-2@acme.example")
    assert found.tags == ("1042", "1043")
    assert found.date == "Mon, 2 Mar 2026 09:14:12 +0100"


def test_a_subject_is_one_line_without_tricks() -> None:
    """Folded, encoded, with control and direction signs."""
    assert preview("Subject: a\n b =?utf-8?q?c=0D=0AX:_y=00?=\u202e d\n\nhi\n").subject == "a b c X: y d"


def test_files_are_kept_by_name_kind_and_size() -> None:
    """Their bytes are found again by number; pictures inside the text are told apart."""
    coded = base64.b64encode(b"%PDF" * 100).decode()
    raw = (
        f"From: a@b.example\n{MIXED}--b\n\nhi\n"
        f'--b\nContent-Type: application/pdf; name="=?utf-8?q?Gr=C3=BC=C3=9Fe.pdf?="\n'
        f"Content-Transfer-Encoding: base64\nContent-Disposition: attachment\n\n{coded}\n"
        "--b\nContent-Type: image/png\nContent-ID: <logo>\nContent-Disposition: inline; filename=logo.png\n\nx\n--b--\n"
    ).encode()
    pdf, logo = mail_parse.preview(raw).attachments
    assert (pdf.name, pdf.kind, pdf.inline) == ("Grüße.pdf", "application/pdf", False)
    assert abs(pdf.size - 400) <= 4
    assert mail_parse.attachment(raw, pdf.number) == b"%PDF" * 100
    assert (logo.name, logo.inline, logo.content_id) == ("logo.png", True, "logo")
    with pytest.raises(IndexError):
        mail_parse.attachment(raw, 99)


@pytest.mark.parametrize(
    "given, name",
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\windows\\\\a.exe", "a.exe"),
        ("a\tb<c>.txt", "abc.txt"),
        (".hidden", "hidden"),
        (" x . ", "x"),
        ("a" * 300 + ".pdf", "a" * 116 + ".pdf"),
        ("...", "part.pdf"),
        ("", "part.pdf"),
    ],
)
def test_a_file_name_is_only_a_name(given: str, name: str) -> None:
    """No folders, no signs that a system minds, not too long, and never none."""
    part = f'Content-Type: application/pdf\nContent-Disposition: attachment; filename="{given}"\n\nx\n'
    (file,) = preview(f"{MIXED}--b\n\nhi\n--b\n{part}--b--\n").attachments
    assert file.name == name


def test_signatures_of_programs_are_no_files_and_sealed_mails_are_noted() -> None:
    """What we cannot open is said; a detached signature is nothing to keep."""
    sealed = "Content-Type: application/pkcs7-mime; name=smime.p7m\n\nx\n"
    signature = "Content-Type: application/pgp-signature; name=signature.asc\n\nx\n"
    found = preview(f"{MIXED}--b\n{sealed}--b\n{signature}--b--\n")
    assert found.notes == ("encrypted",)
    assert [file.name for file in found.attachments] == ["smime.p7m"]


@pytest.mark.parametrize(
    "mail, text",
    [
        ("Subject: Cancel it\n\n\n", "Cancel it"),
        ("Subject: Lamp\n\n> only quoted\n", "> only quoted"),
        (f"{MIXED}--b\nContent-Type: application/pdf; name=a.pdf\n\nx\n--b--\n", "(a.pdf)"),
        ("From: a@b.example\n\n \n\u200b\n", mail_parse.NO_TEXT),
        ("", mail_parse.NO_TEXT),
    ],
)
def test_there_is_always_a_text(mail: str, text: str) -> None:
    """The subject, all of it, the files, or a line that says that there is none."""
    assert preview(mail).text == text


def test_a_part_that_only_quotes_adds_nothing() -> None:
    """Apple's client divides a mail at its pictures; what stands below the last one may be the quote alone."""
    quote = "On Mon, Mar 2, 2026 at 9:14 AM Acme <support@acme.example> wrote:\n\n> Send us a picture.\n"
    found = preview(
        f"In-Reply-To: <a@b>\n{MIXED}--b\n\nHere it is.\n--b\nContent-Type: image/png\n\nx\n--b\n\n{quote}--b--\n"
    )
    assert found.text == "Here it is."
    assert "Send us a picture." in found.full


def test_a_lists_footer_in_a_part_of_its_own_is_dropped() -> None:
    """Where the list program adds a part instead of lines."""
    footer = "_______________\nUsers mailing list\nUsers@lists.example\nhttps://lists.example/users\n"
    assert preview(f"{MIXED}--b\n\nThe lamp is back.\n--b\n\n{footer}--b--\n").text == "The lamp is back."


def test_html_is_read_where_the_plain_part_only_points_at_it() -> None:
    """And where there is no plain part, or an empty one."""
    html = "--b\nContent-Type: text/html\n\n<p>The lamp is broken.</p>\n--b--\n"
    head = MIXED.replace("mixed", "alternative")
    for plain in ("--b\n\nYour client does not show HTML messages.\n", "--b\n\n \n", ""):
        found = preview(f"{head}{plain}{html}")
        assert (found.text, found.html_used) == ("The lamp is broken.", True)
    assert not preview(f"{head}--b\n\nThe lamp.\n{html}").html_used


def test_a_mail_that_is_too_much_is_still_known_by_its_headers() -> None:
    """Staff look at it; nothing is lost, nothing is made up."""
    raw = b"From: kim@example.com\r\nSubject: [#7] Lamp\r\nX-Throughline-Loop: acme\r\n\r\nhi\r\n"
    found = mail_parse.not_understood(raw, "too much: parts")
    assert (found.understood, found.reasons, found.text, found.tags) == (
        False,
        ("too much: parts",),
        "[#7] Lamp",
        ("7",),
    )
    assert found.from_[0].address == "kim@example.com"
    assert found.loops == ("acme",)
    assert mail_parse.not_understood(b"\xff" * 100, "x").text == mail_parse.NO_TEXT


LINES = st.sampled_from(
    ["From: a@b.example", "From: (((", "To: x: a@b, c@d;", "Subject: =?utf-8?b?w7w=?=", "Subject: [#1",
     "Message-ID: <a", "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
     "Content-Type: text/html; charset=utf-16", "Content-Type: multipart/mixed; boundary=b",
     "Content-Type: message/delivery-status", "--b", "--b--", "", "Final-Recipient: rfc822; a@b", "Status: x",
     "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable", "aGVsbG8=", "<p>x", "> y",
     "Authentication-Results: a; b=c (", "Content-Disposition: attachment; filename*=x''%ff", "Return-Path: <>",
     "X-Failed-Recipients: a@b", "-- ", "On 2.3.2026 9:14 a@b wrote:", "\x00\x07", "Auto-Submitted: no"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(LINES, max_size=25), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_mail_is_read(rows: list[str], end: str) -> None:
    """Whatever stands where, it is read, its text is never empty, and it says the same a second time."""
    raw = end.join(rows).encode()
    found = mail_parse.preview(raw, ours={"a@b.example"})
    assert found.text.strip()
    assert found.class_ in {"normal", "auto", "bounce"}
    assert found == mail_parse.preview(raw, ours={"a@b.example"})
    assert mail_parse.not_understood(raw, "x").text.strip()


@given(st.binary(max_size=500))
def test_any_bytes_are_read(raw: bytes) -> None:
    """Nothing but a limit ever refuses them."""
    try:
        assert mail_parse.preview(raw).text.strip()
    except mail_mime.TooMuch:
        assert len(raw) > 500
