"""A world with mail on; and one line at the end of a run: how many of the corpus's mails were read as expected."""

from __future__ import annotations

import pytest

from tests.channels.mail import mails
from tests.channels.world import World

TEST = "test_a_mail_is_read_as_expected"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count the corpus's mails that were run, and print it."""
    counts = {
        kind: sum(TEST in getattr(report, "nodeid", "") for report in terminalreporter.stats.get(kind, ()))
        for kind in ("passed", "failed")
    }
    if total := sum(counts.values()):
        terminalreporter.write_line(
            f"mail corpus: {counts['passed']} of {total} mails read as expected, {counts['failed']} missed"
        )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read mails in this process."""
    mails.read_here(monkeypatch)


@pytest.fixture
def world() -> World:
    """A world with mail on, and a server of ours that vouches for senders."""
    return mails.mail_world()
