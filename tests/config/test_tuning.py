"""The engine's times and limits: the file that ships says the defaults, and nonsense is refused."""

from __future__ import annotations

import pytest

from config import tuning
from config.settings import SHIPPED


def test_the_file_that_ships_says_the_defaults() -> None:
    """Whoever reads bot.toml sees every value, as it is without the file."""
    text = (SHIPPED / "bot.toml").read_text()
    assert tuning.Tuning() == tuning.parse(text)
    assert not [name for name in tuning.Tuning.model_fields if f"\n{name} = " not in text]


def test_a_table_changes_only_the_channels_it_names() -> None:
    """A channel left out keeps its default; one that nobody knows does not wait."""
    found = tuning.parse("burst_wait_s = { web = 0 }\nconfirmation_minutes = { web = 5 }")
    assert (0.0, 1.0, 0.0) == (found.burst_wait("web"), found.burst_wait("whatsapp"), found.burst_wait("pigeon"))
    assert (300.0, 86_400.0) == (found.confirmation_s("web"), found.confirmation_s("whatsapp"))


@pytest.mark.parametrize(
    "text,part",
    [
        ("renew_s = 10", "at most half of lease_s"),
        ("model_total_s = 61", "turn_deadline_s"),
        ("max_steps = 0", "max_steps"),
        ("turn_deadline_s = -1", "turn_deadline_s"),
        ("turn_deadline_s = nan", "turn_deadline_s"),
        ("attempt_backoff_s = []", "attempt_backoff_s"),
        ("nonsense = 1", "nonsense"),
    ],
)
def test_nonsense_is_refused(text: str, part: str) -> None:
    """Values that cannot work are named before anything starts."""
    with pytest.raises(ValueError, match=part):
        tuning.parse(text)
