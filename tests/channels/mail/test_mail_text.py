"""Quotes and signatures by lines: nothing of the customer's is lost, and time grows with the size only."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.reading import mail_lines, mail_parse, mail_text
from tests.channels.mail import hostile

# Words that begin no attribution, no header and no signature, so that the expected text is sure.
WORDS = st.sampled_from(
    ["refund", "invoice", "please", "18492", "lamp", "broken", "größer", "日本", "49.00", "thanks,", "x>y"]
)
LINE = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)
PARAGRAPH = st.lists(LINE, min_size=1, max_size=5)
ATTRIBUTIONS = (
    "On Mon, Mar 2, 2026 at 9:14 AM Acme Support <support@acme.example> wrote:",
    "Am 02.03.2026 um 09:14 schrieb Acme Support <support@acme.example>:",
    "Le lun. 2 mars 2026 à 09:14, Acme Support <support@acme.example> a écrit :",
    "El lun, 2 mar 2026 a las 9:14, Acme (<support@acme.example>) escribió:",
    "Em seg., 2 de mar. de 2026 às 09:14, Acme <support@acme.example> escreveu:",
    "Op ma 2 mrt 2026 om 09:14 schreef Acme Support <support@acme.example>:",
    "Il giorno lun 2 mar 2026 alle ore 09:14 Acme <support@acme.example> ha scritto:",
    "W dniu 2.03.2026 o 09:14, Acme Support pisze:",
)


def visible(text: str, *, reply: bool = True) -> str:
    """Read a plain text as the body of a reply."""
    return mail_parse.visible(text, reply=reply)


@given(st.text(max_size=2_000), st.booleans(), st.booleans())
def test_any_text_is_read(text: str, reply: bool, forwarded: bool) -> None:
    """No text makes it fail, and one with something in it never becomes nothing."""
    lines = mail_lines.split(text)
    found = mail_text.visible(lines, reply=reply, forwarded=forwarded)
    assert found.strip() or not mail_text.full(lines).strip()


MARKS = st.sampled_from(
    [*ATTRIBUTIONS, "", ">", "> quoted", ">> deeper", "-- ", "--", "From: a@b.example", "Sent: Monday",
     "To: c@d.example",
     "Subject: x", "-----Original Message-----", "##- reply above -##", "Sent from my iPhone", "Best regards", "text",
     "---------- Forwarded message ---------", "see my answers below", "Tel. +44 20 7946 0000", "a: b", "wrote:"]
)  # fmt: skip


@given(st.lists(MARKS, max_size=25), st.booleans(), st.booleans())
def test_what_is_shown_was_there(rows: list[str], reply: bool, forwarded: bool) -> None:
    """However marks are mixed, every visible line is one of the mail, in its order, and something is left."""
    lines = mail_lines.split("\n".join(rows))
    found = mail_text.visible(lines, reply=reply, forwarded=forwarded)
    left = iter(row.strip() for row in rows)
    assert all(line.strip() in left for line in found.split("\n") if line)
    assert bool(found.strip()) == any(row.strip() and row != "##- reply above -##" for row in rows)


@given(st.lists(PARAGRAPH, min_size=1, max_size=5), st.lists(LINE, max_size=8), st.sampled_from(ATTRIBUTIONS))
def test_top_posting_loses_nothing(answer: list[list[str]], quoted: list[str], attribution: str) -> None:
    """All lines above the attribution stay, all quoted ones go."""
    text = "\n\n".join("\n".join(paragraph) for paragraph in answer)
    mail = "\n".join([text, "", attribution, "", "> Hello", *(f"> {line}" for line in quoted)])
    assert text == visible(mail)


@given(st.lists(st.tuples(PARAGRAPH, LINE), min_size=1, max_size=6), st.sampled_from(ATTRIBUTIONS))
def test_interleaved_answers_are_all_kept(pairs: list[tuple[list[str], str]], attribution: str) -> None:
    """Between quoted lines every answer stays, in its place."""
    rows = [attribution]
    for answer, question in pairs:
        rows += [f"> {question}", "", *answer, ""]
    assert [line for answer, _ in pairs for line in answer] == [
        line for line in visible("\n".join(rows)).split("\n") if line
    ]


@given(st.lists(LINE, min_size=1, max_size=20))
def test_a_mail_without_marks_stays_whole(rows: list[str]) -> None:
    """Text in which nothing is marked is the text."""
    assert "\n".join(rows) == visible("\n".join(rows), reply=False)


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_a_wrapped_attribution_goes_whole(attribution: str) -> None:
    """Wrapped after its third word or later, an attribution leaves nothing behind and takes nothing along."""
    words = attribution.split(" ")
    for at in range(3, len(words)):
        wrapped = f"{' '.join(words[:at])}\n{' '.join(words[at:])}"
        assert visible(f"Yes, please.\n\n{wrapped}\n\n> Shall we?") == "Yes, please.", wrapped


def test_nothing_but_marks_is_the_text() -> None:
    """Only an empty mail has no text."""
    assert visible("> a\n> b") == "> a\n> b"
    assert visible("\n \n\n") == ""


def test_a_wrapped_link_is_no_quote() -> None:
    """The bracket that closes an address on a line of its own belongs to the attribution above it."""
    text = 'Yes.\n\nAm 21.04.2026 17:48 schrieb "Acme Support" <support@acme.example\n>:\n\n> Shall we?'
    assert visible(text) == "Yes."


def test_a_form_with_labels_is_no_header_block() -> None:
    """What a web site's form sends has labels like a mail's header, and is all text."""
    form = "Name: Kim\nFrom: kim@example.com\nSubject: Help\nDate: 2 March 2026\nMessage: it is broken"
    assert visible(f"New request\n\n{form}") == f"New request\n\n{form}"


def test_order_numbers_below_a_name_are_kept() -> None:
    """Contact lines go only if none of them may be meant for us."""
    text = "Please call.\n\nRegards,\nKim\nCustomer C-1001\nTel. +44 20 7946 0000\nwww.example.com"
    assert visible(text) == text


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(sorted(hostile.PLAIN)), min_size=2, max_size=4))
def test_mixed_hostile_texts_are_read(names: list[str]) -> None:
    """Mixtures of hostile texts are read like any other."""
    assert visible("\n".join(hostile.PLAIN[name](2_000) for name in names)) is not None
