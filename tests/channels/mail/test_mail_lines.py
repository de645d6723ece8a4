"""Plain text by lines: which are quoted, what clients tore apart mended, and nothing lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.reading import mail_lines

LONG = f"> {'a' * 75},"


@pytest.mark.parametrize(
    "text, quoted",
    [
        ("a\n> b\n>c\n  > d\nx > y", [0, 1, 1, 1, 0]),
        ("<https://a.example/b\n> c", [0, 0]),
        ("Acme <a@b.example\n> wrote:", [0, 0]),
        (f"{LONG}\nand b\n> c", [1, 1, 1]),
        (f"{LONG}\nAnd b\n> c", [1, 0, 1]),
        ("> a,\nand b\n> c", [1, 0, 1]),
        ("> see (https://a.example/b\nc)\n> d", [1, 1, 1]),
        ("> a\n (https://a.example) >\n> d", [1, 1, 1]),
        ("> a\nyes (really)\n> d", [1, 0, 1]),
        (">>> Acme <a@b.example> 02.03.2026 09:14 >>>\nb", [0, 0]),
        (">>> a >>>\nb", [1, 0]),
    ],
)
def test_quoted_lines(text: str, quoted: list[int]) -> None:
    """Those that begin with the mark, and what was torn out of them; never an answer among them."""
    assert mail_lines.split(text).quoted == quoted


def test_an_attribution_gets_a_line_of_its_own() -> None:
    """Where it stands behind an answer and above a quote."""
    line = "On Mon, Mar 2, 2026 at 9:14 AM, a@b.example wrote:"
    assert mail_lines.split(f"yes {line}\n> b").texts == ["yes", line, "> b"]
    assert mail_lines.split(f"yes {line}\n\n> b").texts == ["yes", line, "", "> b"]
    assert mail_lines.split(f"yes {line}\nb").texts == [f"yes {line}", "b"]
    assert mail_lines.split(f"> yes {line}\n> b").texts == [f"> yes {line}", "> b"]


def test_an_address_comes_back_into_its_attribution() -> None:
    """Where a client broke it over lines."""
    text = "On Monday Acme\n\n<\nmailto:Acme <a@b.example>\n> wrote:\n\nhi"
    assert mail_lines.split(text).texts == ["On Monday Acme <Acme <a@b.example>> wrote:", "", "hi"]


def test_what_is_too_long_is_cut_and_too_many_lines_are_one() -> None:
    """So that the cost of all that follows is bounded."""
    assert len("".join(mail_lines.split("x" * 300_000).texts)) == mail_lines.TEXT_LIMIT
    assert len(mail_lines.split("a\n" * 20_000).texts) == mail_lines.LINES_LIMIT + 1


@given(
    st.lists(
        st.sampled_from(["a", "> b", "", "  ", "-- ", "[cid:x]", "c <d", LONG, "(http://x", "e wrote:"]), max_size=30
    )
)
def test_every_line_has_its_mark(rows: list[str]) -> None:
    """No two blank lines together, none with white space at its end but the one that programs write."""
    lines = mail_lines.split("\n".join(rows))
    assert len(lines.texts) == len(lines.quoted)
    assert all(row == "-- " or row == row.rstrip() for row in lines.texts)
    assert all(row or lines.texts[index] for index, row in enumerate(lines.texts[1:]))
