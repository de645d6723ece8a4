"""Answers written with every client in every language, whatever the names: all of the answer, nothing of the quote."""

from __future__ import annotations

import pytest

from channels.mail.reading import mail_parse
from tests.channels.mail import clients

ANSWER = "The green one, please.\n\nAnd the invoice 18492, too: it says 49.00 USD.\n\nKim"


@pytest.mark.parametrize("name", clients.NAMES)
def test_top_posted_answers(name: str) -> None:
    """The answer stands above what the client writes."""
    wrong = [
        f"{reply.client} {reply.language}: {found!r}"
        for reply in clients.replies(name, "support@acme.example")
        if (found := mail_parse.visible(f"{ANSWER}\n\n{reply.below}")) != ANSWER
    ]
    assert wrong == []


@pytest.mark.parametrize("language", clients.PHONES)
def test_a_phones_line_goes_with_the_quote(language: str) -> None:
    """Whichever client's quote stands below it."""
    line = clients.PHONES[language]
    for reply in clients.replies("Acme Support", "support@acme.example"):
        if reply.language.split("-")[0] == language:
            found = mail_parse.visible(f"{ANSWER}\n\n{line}\n\n{reply.below}")
            assert found == ANSWER, reply


def test_answers_between_the_quoted_lines() -> None:
    """All of them, where the client marks what it quotes."""
    answers = "The green one.\n\nYes, both."
    for reply in clients.replies("Acme Support", "support@acme.example"):
        if reply.client in {"gmail", "apple", "thunderbird"}:
            mail = f"{reply.below}\nThe green one.\n> and the invoice?\nYes, both."
            assert mail_parse.visible(mail) == answers, reply


def test_answers_below_the_quoted_lines() -> None:
    """The answer stands below, and nothing above."""
    for reply in clients.replies("Acme Support", "support@acme.example"):
        if reply.client in {"gmail", "apple", "apple-quoted", "thunderbird"}:
            assert mail_parse.visible(f"{reply.below}\n\n{ANSWER}") == ANSWER, reply
