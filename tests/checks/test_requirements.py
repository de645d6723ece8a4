"""The lock files: every package pinned with hashes, no address inside, and no more of them than promised."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "requirements"
LOCKS = sorted(FOLDER.glob("*.txt"))
MOST = 75  # what the product promises for running the server


def pins(lock: Path) -> dict[str, str]:
    """The packages of a lock file, with all that is said of each."""
    entries = lock.read_text().replace("\\\n", " ").splitlines()
    return {entry.partition("==")[0]: entry for entry in entries if entry.strip()}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_hashes_and_no_address(lock: Path) -> None:
    """What is installed is exactly what was tested, from wherever it is fetched."""
    text = lock.read_text()
    assert "://" not in text
    assert not [name for name, entry in pins(lock).items() if "--hash=sha256:" not in entry]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_what_is_asked_for_is_pinned(lock: Path) -> None:
    """A package added to the list but not compiled is found here, not on somebody's machine."""
    asked = [line.partition("#")[0].strip() for line in lock.with_suffix(".in").read_text().splitlines()]
    names = [line.replace("[", ">").partition(">")[0].partition(";")[0].strip().lower() for line in asked if line]
    assert not [name for name in names if name not in pins(lock)]


def test_shared_packages_have_one_version() -> None:
    """What the tests add never changes what the server runs with."""
    base, dev = pins(FOLDER / "base.txt"), pins(FOLDER / "dev.txt")
    assert {name: base[name].split()[0] for name in base.keys() & dev.keys()} == {
        name: dev[name].split()[0] for name in base.keys() & dev.keys()
    }


def test_the_server_needs_few_packages() -> None:
    """The footprint that the README promises."""
    assert len(pins(FOLDER / "base.txt")) <= MOST
