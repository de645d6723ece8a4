"""Mails taken apart: by boundaries, in one pass, within limits; as Python's own parser does where that one is right."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.reading import mail_mime
from channels.mail.reading.mail_mime import Part, TooMuch

MIXED = 'Content-Type: multipart/mixed; boundary="b"\n\n'


def taken(text: str) -> list[Part]:
    """Take a mail apart that is written with plain line ends."""
    return mail_mime.read(text.encode())


def bodies(text: str) -> list[str]:
    """Give the bodies of its leaves as they stand."""
    raw = text.encode()
    return [
        raw[part.start : part.end].decode() for part in mail_mime.read(raw) if not part.kind.startswith("multipart/")
    ]


def test_a_mail_without_parts_is_one() -> None:
    """Its own headers, and the rest."""
    (part,) = taken("Subject: x\nFrom: a@b.example\n\nhi\n")
    assert part.headers.one("subject") == "x"
    assert part.kind == "text/plain"
    assert part.is_text


def test_parts_stand_between_their_boundaries() -> None:
    """What is before the first and after the last belongs to none."""
    assert bodies(f"{MIXED}preamble\n--b\n\none\n--b\nX: y\n\ntwo\n--b--\nepilogue\n") == ["one\n", "two\n"]


def test_a_missing_end_loses_nothing() -> None:
    """The last part goes on to the end of the mail, an inner multipart to the next boundary around it."""
    inner = 'Content-Type: multipart/alternative; boundary="i"\n\n--i\n\none\n'
    assert bodies(f"{MIXED}--b\n{inner}--b\n\ntwo\n") == ["one\n", "two\n"]


def test_a_boundary_that_is_never_seen_makes_it_text() -> None:
    """So that a broken mail is still read."""
    (part,) = taken(f"{MIXED}hello\n")
    assert (part.kind, part.is_text) == ("text/plain", True)


def test_a_multipart_without_boundary_is_text() -> None:
    """There is nothing to divide it by."""
    assert [part.kind for part in taken("Content-Type: multipart/mixed\n\nhello\n")] == ["text/plain"]


def test_a_boundary_that_begins_like_another_is_another() -> None:
    """Lines are compared whole."""
    assert bodies(f"{MIXED}--b\n\none\n--bb\n--b-\n--b--x\n--b \n\ntwo\n--b--\n") == [
        "one\n--bb\n--b-\n--b--x\n",
        "two\n",
    ]


def test_structure_is_told() -> None:
    """Which multiparts a part is inside of, and which parts are alternatives of each other."""
    alternative = 'Content-Type: multipart/alternative; boundary="a"\n\n--a\n\nplain\n'
    related = 'Content-Type: multipart/related; boundary="r"\n\n--r\nContent-Type: text/html\n\n<p>html</p>\n--r--\n'
    parts = taken(f"{MIXED}--b\n{alternative}--a\n{related}--a--\n--b\n\nother\n--b--\n")
    plain, html, other = (part for part in parts if part.is_text)
    assert plain.inside == ("multipart/mixed", "multipart/alternative")
    assert html.inside == ("multipart/mixed", "multipart/alternative", "multipart/related")
    assert [[part.kind for part in group] for group in mail_mime.texts(parts)] == [
        ["text/plain", "text/html"], ["text/plain"],
    ]  # fmt: skip
    assert other.group == -1


def test_an_enclosed_mail_is_one_part_and_no_text() -> None:
    """Its boundaries are its own business; what it says is not what the sender says."""
    enclosed = f"Content-Type: message/rfc822\n\nSubject: y\n{MIXED.replace('b', 'c', 1)}--c\n\ninner\n--c--\n"
    parts = taken(f"{MIXED}--b\n\nmine\n--b\n{enclosed}--b--\n")
    assert [part.kind for part in parts] == ["multipart/mixed", "text/plain", "message/rfc822"]
    assert [len(group) for group in mail_mime.texts(parts)] == [1]


def test_parts_of_a_digest_are_mails() -> None:
    """Unless they say otherwise."""
    parts = taken(f"{MIXED.replace('mixed', 'digest')}--b\n\nSubject: y\n\nhi\n--b--\n")
    assert {part.kind for part in parts} == {"multipart/digest", "message/rfc822"}


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_of_all_sorts_are_understood(end: bytes) -> None:
    """Old Macs too."""
    raw = f"Subject: x\n{MIXED}--b\n\none\n--b\n\ntwo\n--b--\n".encode().replace(b"\n", end)
    parts = mail_mime.read(raw)
    assert [part.kind for part in parts if part.is_text] == ["text/plain", "text/plain"]
    assert [part.headers.one("subject") for part in parts if part.kind.startswith("multipart/")] == ["x"]


def test_headers_are_read_as_servers_write_them() -> None:
    """Folded ones are joined, a line that is none begins the body, the line of a mailbox file is passed over."""
    headers = mail_mime.headers(b"From kim Mon Mar  2\nSubject: a\n\t b\nX-Empty:\nSUBJECT: c\n\nNo: header\n")
    assert headers.all("subject") == ["a\t b", "c"]
    assert headers.raws("subject") == [" a\n\t b\n", " c\n"]
    assert (headers.one("subject"), headers.one("x-empty"), headers.one("missing")) == ("a\t b", "", "")
    assert headers.has("x-empty")
    assert not headers.has("no")
    assert [name for name, _ in mail_mime.headers(b"A: b\nthis is text\nC: d\n").fields] == ["a"]


@pytest.mark.parametrize(
    "raw, why",
    [
        (b"x" * (mail_mime.BYTES_LIMIT + 1), "bytes"),
        (b"X: boundary=\n" * 101, "boundaries"),
        (b"Content-Type: message/rfc822\n\n" * 101, "messages"),
        (b"X: y\n" * 5_001, "header"),
        (b"X: " + b"y" * 256_001, "header"),
        (MIXED.encode() + b"--b\n\n" * 501, "parts"),
        (MIXED.encode() + b"--c\n" * 10_001, "parts"),
        (
            b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(21)),
            "depth",
        ),
    ],
    ids=["bytes", "boundaries", "messages", "header lines", "header bytes", "parts", "dashes", "depth"],
)
def test_what_is_too_much_is_refused_by_its_name(raw: bytes, why: str) -> None:
    """Each limit has one; the headers alone can still be read."""
    with pytest.raises(TooMuch, match=f"^{why}$"):
        mail_mime.read(raw)
    assert mail_mime.headers(raw) is not None


def test_a_text_with_many_dashes_is_no_multipart() -> None:
    """A log full of dashed lines is read; only where parts could be are they counted."""
    (part,) = taken("Subject: x\n\n" + "--\n" * 20_000)
    assert part.end - part.start == 60_000


def test_sizes_are_near() -> None:
    """Without decoding: exact for plain bodies, within line ends and padding for base64."""
    message = EmailMessage()
    message.set_content("text")
    message.add_attachment(b"\0" * 10_000, maintype="application", subtype="pdf", filename="a.pdf")
    raw = message.as_bytes()
    file = mail_mime.read(raw)[-1]
    assert file.filename == "a.pdf"
    assert abs(file.size(raw) - 10_000) <= 4
    assert file.data(raw, 20_000) == b"\0" * 10_000
    assert file.data(raw, 100) == b"\0" * 100


TOKENS = st.sampled_from(
    [b"--b\n", b"--b--\n", b"--i\n", b"--i--\n", b"\n", b"\r\n", b"text\n", b"--\n", b"X: y\n", b" folded\n",
     b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Type: multipart/alternative; boundary=i\n",
     b"Content-Type: message/rfc822\n", b"Content-Type: text/html\n", b"Content-Transfer-Encoding: base64\n",
     b"Content-Disposition: attachment; filename=x\n", b"\0", b"=?utf-8?q?", b'boundary="', b"\xff\xfe", b":"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(TOKENS, max_size=40))
def test_any_bytes_are_taken_apart(pieces: list[bytes]) -> None:
    """Whatever stands where: at least one part, every body inside the mail and behind its headers, nothing raised."""
    raw = b"".join(pieces)
    parts = mail_mime.read(raw)
    assert parts
    for part in parts:
        assert 0 <= part.start <= part.end <= len(raw)
        assert isinstance(part.data(raw), bytes)
        assert part.size(raw) >= 0


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=200)
NAMES = st.from_regex(r"[a-z]{1,12}\.[a-z]{2,4}", fullmatch=True)


@settings(max_examples=60)
@given(TEXTS, TEXTS, st.lists(st.tuples(NAMES, st.binary(max_size=300)), max_size=4), st.sampled_from(["7bit", "8bit"]))
def test_mails_are_taken_apart_as_pythons_own_parser_does(
    text: str, html: str, files: list[tuple[str, bytes]], policy: str
) -> None:
    """For mails that are well made both find the same parts with the same bytes."""
    message = EmailMessage(policy=email.policy.SMTP if policy == "7bit" else email.policy.SMTPUTF8)
    message.set_content(f"{text}\n")
    message.add_alternative(f"<p>{html}</p>\n", subtype="html")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    raw = message.as_bytes()
    theirs = [part for part in email.message_from_bytes(raw).walk() if not part.is_multipart()]
    ours = [part for part in mail_mime.read(raw) if not part.kind.startswith("multipart/")]
    assert [(part.kind, part.filename) for part in ours] == [
        (part.get_content_type(), part.get_filename() or "") for part in theirs
    ]
    for mine, other in zip(ours, theirs, strict=True):
        payload = other.get_payload(decode=True)
        assert isinstance(payload, bytes)
        assert mine.data(raw).rstrip(b"\r\n") == payload.rstrip(b"\r\n")
