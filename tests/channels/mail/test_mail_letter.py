"""Replies as letters, read back by the standard library and our own reader: headers, words, what must not get in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.mail_letter import called, ids
from channels.mail.reading import mail_parse, mail_words
from state.identity import Address
from tests.channels.mail.letters import DATE, KIM, OUTBOX, THREAD, TOKENS, WRITER, YES_NO, read, reply, text_of, write

OWN = f"<{TOKENS.message_id(OUTBOX)}>"


def test_a_letter_continues_its_thread() -> None:
    """By all three headers; our own id is among the references too, since some providers replace Message-IDs."""
    mail = read(write().raw)
    assert OWN == mail["Message-ID"]
    assert "<in-7@example.com>" == mail["In-Reply-To"]
    assert ["<out-1@acme.example>", "<in-3@example.com>", "<in-7@example.com>", OWN] == str(mail["References"]).split()
    assert "Re: Invoice 18492 [#1042]" == mail["Subject"]
    assert "kim@example.com" == mail["To"]
    assert (
        '"Acme Support" <support@acme.example>' == str(mail["From"])
        or "Acme Support <support@acme.example>" == mail["From"]
    )
    assert TOKENS.reply_address(1042, "kim@example.com") == mail["Reply-To"]
    assert "1.0" == mail["MIME-Version"]
    assert DATE == mail["Date"].datetime


def test_a_letter_is_known_again_by_everything_it_bears() -> None:
    """By its id, its reply address and its envelope sender."""
    letter = write()
    assert OUTBOX == TOKENS.outbox_id(read(letter.raw)["Message-ID"])
    assert OUTBOX == TOKENS.bounced(letter.sender)
    token = TOKENS.check(TOKENS.token_of(read(letter.raw)["Reply-To"]) or "", "kim@example.com")
    assert token is not None
    assert 1042 == token.ticket
    assert "kim@example.com" == letter.recipient


def test_every_attempt_is_the_same_letter() -> None:
    """Byte for byte, when it is made again from the same reply."""
    assert write().raw == write(attempt=3).raw
    assert write().raw != write(id="f" * 32).raw


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, "auto-replied"),
        ({"author": "system"}, "auto-replied"),
        ({"kind": "holding"}, "auto-replied"),
        ({"kind": "notice"}, "auto-generated"),
        ({"author": "staff", "name": "Robin"}, None),
    ],
)
def test_programs_are_told_what_a_program_wrote(changes: dict[str, str], expected: str | None) -> None:
    """What a person wrote is no automatic mail; all of it bears our mark."""
    mail = read(write(**changes).raw)
    assert expected == mail["Auto-Submitted"]
    assert (expected is None) == (mail["X-Auto-Response-Suppress"] is None)
    assert "0123456789abcdef" == mail["X-Throughline-Loop"]


def test_the_bot_writes_a_letter_and_says_that_it_is_one() -> None:
    """A greeting, the words, numbered choices, sources, and who wrote."""
    citation = {"n": 1, "title": "Refunds", "url": "https://acme.example/refunds?a=1&b=2"}
    mail = read(write(text="Shall we refund **49.00 USD**? [1]", choices=YES_NO, citations=(citation,)).raw)
    assert text_of(mail) == (
        f"{mail_words.DELIMITER}\n\nHello Kim Meyer,\n\nShall we refund *49.00 USD*? [1]\n\n"
        "Reply with 1 or 2:\n1. Yes, refund 49.00 USD\n2. No, do not\n\n"
        "Sources:\n[1] Refunds: https://acme.example/refunds?a=1&b=2\n\n"
        "Acme Support\nThis is an automatic answer.\n"
    )
    page = text_of(mail, "html")
    assert "<strong>49.00 USD</strong>" in page
    assert "Reply with 1 or 2:<br>1. Yes, refund 49.00 USD<br>2. No, do not" in page
    assert 'href="https://acme.example/refunds?a=1&amp;b=2"' in page
    assert page.index(mail_words.DELIMITER) < page.index("Hello Kim Meyer,")


def test_a_person_writes_under_their_name() -> None:
    """And the bot takes no part in it."""
    words = text_of(read(write(author="staff", name="Robin").raw))
    assert words.endswith("Robin\nAcme Support\n")
    assert "automatic" not in words


def test_a_page_fetches_nothing() -> None:
    """No image, no script, no style sheet, whatever the words say."""
    hostile = (
        "![x](https://evil.example/p.png) <img src=https://evil.example/p.png> <script>x</script> [a](javascript:x)"
    )
    page = text_of(read(write(text=hostile, thread={**THREAD, "name": "<img src=x>"}).raw), "html")
    for word in ("<img", "<script", "<link", "@import", 'href="javascript', "url("):
        assert word not in page


def test_nothing_but_the_recipient_is_told_who_was_written_to() -> None:
    """Who asks for a code elsewhere is in no header."""
    assert 1 == write().raw.count(b"kim@example.com")


@pytest.mark.parametrize(
    "subject, expected",
    [
        ("Invoice", "Re: Invoice [#1042]"),
        ("Re: AW: Re[2]: SV: Invoice [#1042] [#7]", "Re: Invoice [#1042]"),
        ("re:Re :Invoice", "Re: Invoice [#1042]"),
        ("[#1042]", "Re: Your message to us [#1042]"),
        ("", "Re: Your message to us [#1042]"),
        (None, "Re: Your message to us [#1042]"),
        ("Rechnung über 49,00 € für Jörg", "Re: Rechnung über 49,00 € für Jörg [#1042]"),
        ("請求書" * 60, f"Re: {('請求書' * 60)[:150]} [#1042]"),
        ("Pay\r\nBcc: all@example.com", "Re: Pay Bcc: all@example.com [#1042]"),
        ("a\u2028Bcc: x@example.com\x00\x85b", "Re: a Bcc: x@example.com b [#1042]"),
        ("=?utf-8?q?Bcc?= x", "Re: = ?utf-8?q?Bcc?= x [#1042]"),
        ("Ärger =?utf-8?q?x?=", "Re: Ärger = ?utf-8?q?x?= [#1042]"),
        ("reply to refund", "Re: reply to refund [#1042]"),
    ],
)
def test_subjects_have_one_prefix_and_one_tag(subject: str | None, expected: str) -> None:
    """In whatever letters, and never with a header in them."""
    mail = read(write(thread={**THREAD, "subject": subject}).raw)
    assert expected == str(mail["Subject"])
    assert mail["Bcc"] is None
    assert "1042" == mail_parse.preview(write(thread={**THREAD, "subject": subject}).raw).tags[-1]


def test_a_letter_that_begins_a_thread_answers_nothing() -> None:
    """No Re, no In-Reply-To, and no ticket in the subject when there is none."""
    mail = read(write(thread={}, ticket=None, kind="notice").raw)
    assert "Your message to us" == mail["Subject"]
    assert mail["In-Reply-To"] is None
    assert OWN == mail["References"]


def test_a_stranger_gets_nothing_that_they_chose() -> None:
    """Who says to be somebody else cannot make us write to that person what they like."""
    thread = {
        **THREAD,
        "subject": "You won! Call +1555",
        "name": "Click here",
        "references": ["<spam.text@evil.example>"],
    }
    letter = write(to=Address(channel="email", address="?victim@example.com"), thread=thread, text="word " * 1_000)
    mail = read(letter.raw)
    assert ("victim@example.com", "victim@example.com") == (letter.recipient, mail["To"])
    assert "Re: Your message to us [#1042]" == mail["Subject"]
    token = TOKENS.check(TOKENS.token_of(mail["Reply-To"]) or "", "victim@example.com")
    assert token is not None
    assert "?victim@example.com" == token.address  # what they answer does not reach the real owner's conversation
    assert "\n\nHello,\n\n" in text_of(mail)
    assert len(text_of(mail)) < 1_300
    for part in (mail.as_string(), text_of(mail), text_of(mail, "html")):
        assert "Click" not in part
        assert "spam.text" not in part


def test_a_person_answers_a_stranger_as_they_like() -> None:
    """They saw what they answer to; the rule is for programs."""
    mail = read(write(to=Address(channel="email", address="?new@example.com"), author="staff", name="Robin").raw)
    assert "Re: Invoice 18492 [#1042]" == mail["Subject"]
    assert "Hello Kim Meyer," in text_of(mail)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("Kim", "Kim"),
        (" Jörg  Müller ", "Jörg Müller"),
        ("Meyer, Kim", "Kim Meyer"),
        ("Dr. Ann B. O'Neil-Smith", "Dr. Ann B. O'Neil-Smith"),
        ("李雷", "李雷"),
        ("kim@example.com", None),
        ("Visit evil.example now", None),
        ("https://evil.example", None),
        ("Call 555 0100", None),
        ("x" * 61, None),
        ("Kim\r\nBcc: x", "Kim Bcc: x"),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_only_a_name_is_greeted(name: object, expected: str | None) -> None:
    """No link, no number, no address."""
    if name == "Kim\r\nBcc: x":
        expected = None  # a colon is in no name
    assert expected == called(name)


@pytest.mark.parametrize(
    "value, expected",
    [
        ("<a@b>", ["<a@b>"]),
        ("a@b", ["<a@b>"]),
        ("<a@b>\r\n <c@d>", ["<a@b>", "<c@d>"]),
        (["<a@b>", "c@d", 7, None], ["<a@b>", "<c@d>"]),
        ("<a@b>\x00", []),
        ("<a b@c>", []),
        ("<é@c>", []),
        (f"<{'x' * 260}@c>", []),
        ("nothing", []),
        (None, []),
        ({"a": 1}, []),
    ],
)
def test_message_ids_are_taken_for_nothing_else(value: object, expected: list[str]) -> None:
    """Whatever stands in the kept thread; hence no header can be made of it."""
    assert expected == ids(value)


def test_long_ids_stay_whole_and_long_threads_bounded() -> None:
    """An id that is folded or encoded threads nothing any more."""
    long = f"<{'x' * 180}@mail.example.com>"
    many = [f"<{number}@example.com>" for number in range(100)]
    raw = write(thread={**THREAD, "message_id": long, "references": many}).raw
    mail = read(raw)
    assert long.encode() in raw
    references = str(mail["References"]).split()
    assert ["<0@example.com>", "<99@example.com>", long, OWN] == [references[0], *references[-3:]]
    assert 21 == len(references)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_other_letters_than_ascii_in_an_address_ask_for_a_server_that_knows_them() -> None:
    """They are written as they are, which is what SMTPUTF8 means."""
    letter = write(to=Address(channel="email", address="jörg@example.com"))
    assert letter.international
    assert letter.raw.startswith("To: jörg@example.com\r\n".encode())
    assert not write().international


@given(text=st.text(max_size=400), subject=st.text(max_size=200), name=st.text(max_size=80))
def test_whatever_the_words_the_headers_are_ours(text: str, subject: str, name: str) -> None:
    """No text of anybody makes a header, a part or a line too long."""
    raw = WRITER.write(reply(text=text, thread={**THREAD, "subject": subject, "name": name}), date=DATE).raw
    mail = read(raw)
    assert sorted(mail.keys()) == sorted(read(write().raw).keys())
    assert ["text/plain", "text/html"] == [part.get_content_type() for part in mail.iter_parts()]
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_our_own_letters_are_known_as_ours() -> None:
    """When one comes back, it is automatic mail with our mark and no person's."""
    seen = mail_parse.preview(write().raw, ours={"support@acme.example"})
    assert ("auto", ("0123456789abcdef",)) == (seen.class_, seen.loops)
    assert KIM.address == seen.to[0].address
