"""Every mail of the corpus, as it is and with its HTML alone: what its writer said, and which sort of mail it is."""

from __future__ import annotations

import pytest

from tests.channels.mail.corpus import FOLDER, Case, cases, miss, summary

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mail_is_read_as_expected(case: Case) -> None:
    """The visible text is what the customer wrote, no more and no less; people, programs and mail systems differ."""
    assert not (text := miss(case)), f"{case.name}\n{text}"


def test_misses_are_printed() -> None:
    """A mail that is read otherwise than expected is named, with the lines that differ, and counted."""
    case = Case(name="wrong", raw=b"Subject: x\n\nfound\n", text="wanted", kind="bounce")
    text = miss(case)
    assert "-wanted" in text
    assert "+found" in text
    assert "bounce expected, normal found" in text
    printed = summary([(case.name, text)], 5)
    assert printed.startswith("wrong\n")
    assert printed.endswith("mail corpus: 4 of 5 mails read as expected, 1 missed")


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
