"""docs/attacks.md and the catalogue say the same, and the last run let nothing through."""

from __future__ import annotations

from tests.attacks import page
from tests.attacks.catalogue import ATTACKS
from tests.attacks.lists import GAPS, PLACES

TEXT = page.PLACE.read_text(encoding="utf-8")
LEAST = 60


def test_there_are_enough_attacks_of_every_kind() -> None:
    """All channels, and every place of the lists either attacked or named as a gap."""
    assert len(ATTACKS) >= LEAST
    assert {"web", "whatsapp", "email", "slack", "api"} == {attack.channel for attack in ATTACKS}
    named = {place for attack in ATTACKS for place in attack.places}
    assert named <= PLACES.keys()
    assert not PLACES.keys() - named - GAPS.keys()


def test_every_attack_stands_on_the_page_as_it_is() -> None:
    """In the words of the catalogue, each once, and none that is gone."""
    rows = [page.row(attack) for attack in ATTACKS]
    assert [] == [row for row in rows if TEXT.count(f"\n{row} ") != 1], "run python -m tests.attacks --page"
    shown = [
        line
        for line in TEXT.split("\n")
        if line.startswith("| ") and line.endswith((" nothing |", " through |", " run |"))
    ]
    assert len(shown) == len(rows) + 1  # the head of the table of stores


def test_the_last_run_let_nothing_through() -> None:
    """On both stores, all of them."""
    for store in ("sqlite", "postgres"):
        line = next(line for line in TEXT.split("\n") if line.startswith(f"| {store} | 20"))
        assert line.endswith(f"| {len(ATTACKS)} of {len(ATTACKS)} |"), line
    assert "got through" not in TEXT
    assert "not run" not in TEXT
