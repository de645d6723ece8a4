"""The finder finds what `find` finds, for positions that go up, and looks no more often than it must."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from channels.mail.reading.mail_find import Finder


class Counted(str):
    """A text that counts how often it is searched."""

    __slots__ = ("looks",)

    def find(self, *where: object) -> int:
        """Search, and count it."""
        self.looks = getattr(self, "looks", 0) + 1
        return super().find(*where)  # type: ignore[arg-type]


@given(st.text(alphabet="ab<", max_size=40), st.lists(st.tuples(st.sampled_from(["<", "ab", "x"]), st.integers(0, 40))))
def test_it_finds_what_find_finds(text: str, looks: list[tuple[str, int]]) -> None:
    """Whatever the marks, each with positions of its own that go up."""
    finder = Finder(text)
    for mark, start in sorted(looks, key=lambda look: look[1]):
        assert finder.find(mark, start) == text.find(mark, start)


def test_it_never_looks_twice_for_what_is_not_there() -> None:
    """Thousands of openings without an end cost one search."""
    text = Counted("<" * 1_000)
    finder: Finder[str] = Finder(text)
    assert {finder.find(">", start) for start in range(1_000)} == {-1}
    assert text.looks == 1
