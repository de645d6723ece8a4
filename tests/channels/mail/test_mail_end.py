"""What signs a text is taken off its end, and nothing that may be meant for us."""

from __future__ import annotations

import pytest

from channels.mail.reading import mail_end
from channels.mail.reading import mail_signs as signs


def trimmed(text: str, *, whole: bool = True) -> str:
    """Take the end off a text."""
    rows = text.split("\n")
    mail_end.trim(rows, whole=whole)
    return "\n".join(rows).strip("\n")


@pytest.mark.parametrize(
    "text, left",
    [
        ("hi\n-- \nKim", "hi"),
        ("hi\n--\nKim\nAcme Ltd", "hi"),
        ("hi\n--\n--\nKim", "hi"),
        ("hi\n--", "hi"),
        ("hi\n\nSent from my iPhone", "hi"),
        ("hi\n\nSent from my iPhone\nGet Outlook for iOS<https://aka.ms/x>", "hi"),
        ("hi\n___\n\nSent from my iPhone", "hi"),
        ("hi.\n\n-Kim Meyer", "hi."),
        ("hi!\n\n--Anna de la Cruz", "hi!"),
        ("hi\n\nRegards\nKim\nTel. +44 20 7946 0000\nwww.example.com", "hi\n\nRegards\nKim"),
        ("hi\n\n____\nA mailing list\nhttps://lists.example", "hi"),
        ("hi\n\nThis message was scanned for viruses by a gateway, and you may read all about it there.", "hi"),
    ],
)
def test_what_signs_a_text_goes(text: str, left: str) -> None:
    """Dashes, programs' lines, names behind a dash, contact lines, footers."""
    assert trimmed(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "--\nKim",
        "hi\n--\nwhen will it come?",
        "hi\n--\nthe second thing is that the lamp is broken again.",
        "as follows:\n--\nKim",
        "hi\n-- \nKim\n\nmy order is missing",
        "hi\n--\n" + "line\n" * 13,
        "hi\n\nRegards\nKim\nwww.example.com",
        "hi\n\nRegards\nKim\n0018492\n0018493",
        "hi\n\nRegards\nKim\n+44 20 7946 0000\nwww.example.com\nplease use our new address in Leeds for it.",
        "hi,\n\n-Kim Meyer",
        "hi.\n\n-one\n\n-Kim Meyer",
        "hi.\n\n- Kim Meyer",
        "hi.\n\n-Kim",
        "Sent from Berlin it takes two days.",
        "x" * 500,
    ],
)
def test_what_may_be_meant_stays(text: str) -> None:
    """Questions, sentences, numbers, lists."""
    assert trimmed(text) == text.strip("\n")


def test_what_is_left_below_a_quote_may_be_nothing_but_a_signature() -> None:
    """There the first line may be part of it, since the text stands above."""
    assert trimmed("--\nKim", whole=False) == ""
    assert trimmed("___\nA mailing list\nhttps://lists.example", whole=False) == ""


@pytest.mark.parametrize(
    "line, made",
    [
        ("Sent from my iPhone", True),
        ('"Sent from my iPhone."', True),
        ("Sent from my TI-85", True),
        ("Von meinem iPhone gesendet", True),
        ("Sent from Pony<http://pony.example>", True),
        ("Sent from my office, tomorrow", False),
        ("Sent from my phone, call me: 555", False),
        ("From my iPhone", True),
        ("From my iPhone, with love, Kim?", False),
        ("\u1427", True),
        ("x" * 500, False),
        ("", False),
    ],
)
def test_programs_lines(line: str, made: bool) -> None:
    """Known ones, capitals of unknown models, advertisements with a link."""
    assert signs.is_machine_made(line) is made


@pytest.mark.parametrize(
    "texts, lines",
    [
        (
            [
                "CAUTION: This email originated from outside of the company. Do not click links unless you know it.",
                "",
            ],
            1,
        ),
        (["", "Sent from my iPhone", "", "hi"], 2),
        (["Sent from my iPhone", "hi"], 0),
        (
            ["CAUTION: I originated from outside, do not click links unless you know what you do, says my doctor.", ""],
            0,
        ),
        (["hi"], 0),
        ([""], 0),
        ([], 0),
    ],
)
def test_what_stands_on_top(texts: list[str], lines: int) -> None:
    """A warning of a mail server, or a phone's line; nobody's own words."""
    assert mail_end.banner(texts) == lines
