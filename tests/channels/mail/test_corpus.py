"""Every mail of the corpus, as it is and with its HTML alone: what its writer said, and which sort of mail it is."""

from __future__ import annotations

import pytest

from channels import mail_parse
from tests.channels.mail.corpus import FOLDER, Case, cases, even

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_writers_words_are_found(case: Case) -> None:
    """The visible text is what the customer wrote, no more and no less."""
    assert case.text == even(mail_parse.preview(case.raw).text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_sort_of_mail_is_told(case: Case) -> None:
    """People, programs and mail systems are told apart."""
    assert case.kind == mail_parse.preview(case.raw).class_


def test_there_are_enough_mails_and_each_has_its_own_name() -> None:
    """The corpus keeps its size: at least 120 mails, from all the clients and in all the languages."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) > 250
    for client in ("outlook", "gmail", "iphone", "applemail", "thunderbird"):
        found = {name for name in names if name.startswith(client)}
        assert len(found) >= 5, client
    languages = " ".join(names)
    assert all(f"-{code}" in languages for code in ("en", "de", "fr", "es", "pt", "nl", "it", "pl"))
    assert len(list(FOLDER.glob("*.yaml"))) >= 10
