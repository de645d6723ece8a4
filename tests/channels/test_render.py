"""Text made fit for channels: nothing lost but white space, nothing unsafe, nothing invisible."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import render
from state.messages import Choice

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
WORDS = st.lists(
    st.sampled_from(
        ["a", "word", "https://example.com/a?b=c", "end. ", "x" * 30, "\n\n", "\n", "é", "👩‍👩‍👧", "🇩🇪🇫🇷", "日本。"]
    ),
    max_size=80,
).map(" ".join)
YES_NO = (Choice(label="Yes, refund 49.00 USD", value="t1"), Choice(label="No", value="t2"))


def squeezed(text: str) -> str:
    """A text without its white space."""
    return "".join(text.split())


# --- splitting


@given(st.one_of(ANY_TEXT, WORDS), st.integers(2, 90))
def test_parts_lose_only_white_space_and_fit(text: str, limit: int) -> None:
    """Whatever the text and the limit."""
    pieces = render.split(text, limit)
    assert squeezed(text) == squeezed("".join(pieces))
    assert all(0 < render.measure(piece) <= limit and piece == piece.strip() for piece in pieces)


@given(WORDS, st.integers(40, 90))
def test_words_that_fit_stay_whole(text: str, limit: int) -> None:
    """A word, and so a URL, is cut only when it is longer than the limit."""
    split_words = [word for piece in render.split(text.replace("。", "."), limit) for word in piece.split()]
    assert text.replace("。", ".").split() == split_words


@pytest.mark.parametrize(
    "text, limit, expected",
    [
        ("", 10, []),
        (" \n ", 10, []),
        ("short", 10, ["short"]),
        ("exactly 10", 10, ["exactly 10"]),
        ("one two three\n\nfour five", 18, ["one two three", "four five"]),
        ("First line\nsecond line is longer", 20, ["First line", "second line is", "longer"]),
        ("It is paid. It was due on Monday.", 20, ["It is paid.", "It was due on", "Monday."]),
        ("a " + "x" * 25, 20, ["a", "x" * 20, "x" * 5]),
        ("これは一つ。それは二つ。", 8, ["これは一つ。", "それは二つ。"]),
    ],
)
def test_cuts_are_at_sensible_places(text: str, limit: int, expected: list[str]) -> None:
    """A paragraph before a line, a line before a sentence, a sentence before a word."""
    assert expected == render.split(text, limit)


@pytest.mark.parametrize("unit", ["👩‍👩‍👧", "🇩🇪", "e\u0301", "👍🏽", "❤️"])
def test_a_character_of_several_parts_stays_whole(unit: str) -> None:
    """Families, flags, skins and accents are never cut through."""
    assert all(piece == unit * (len(piece) // len(unit)) for piece in render.split(unit * 30, 17))


def test_an_emoji_counts_as_two() -> None:
    """As in UTF-16, in which providers count."""
    assert ["😀" * 5, "😀"] == render.split("😀" * 6, 10)
    assert (2, 1, 3) == (render.measure("😀"), render.measure("é"), render.measure("a😀"))


def test_a_character_without_end_is_cut_all_the_same() -> None:
    """Marks upon marks are no way to a part beyond the limit."""
    text = "e" + "\u0301" * 500
    assert text == "".join(render.split(text, 20))


def test_a_limit_without_room_is_a_mistake() -> None:
    """An emoji would never fit."""
    with pytest.raises(ValueError, match="limit"):
        render.split("text", 1)


def test_long_text_is_split_quickly() -> None:
    """A hundred kilobytes without a single space."""
    began = time.perf_counter()
    render.split("x" * 100_000, 1_600)
    assert time.perf_counter() - began < 0.5


# --- choices


def test_choices_are_numbered() -> None:
    """With the numbers that may be replied."""
    assert "Refund it?\n\nReply 1 or 2:\n1. Yes, refund 49.00 USD\n2. No" == render.numbered("Refund it?", YES_NO)


@pytest.mark.parametrize(
    "count, words",
    [(1, "Reply 1:"), (3, "Reply 1, 2 or 3:"), (4, "Reply 1, 2, 3 or 4:"), (6, "Reply with a number from 1 to 6:")],
)
def test_the_numbers_are_named(count: int, words: str) -> None:
    """As a person would say it."""
    choices = [Choice(label=f"Option {n}", value=str(n)) for n in range(count)]
    assert words in render.numbered("Which?", choices)


def test_a_label_cannot_add_a_line() -> None:
    """One choice is one line, without hidden characters."""
    text = render.numbered("Which?", [Choice(label="One\n2. Two\u202e", value="t")])
    assert text.endswith("\n1. One 2. Two")


def test_without_choices_the_text_stays() -> None:
    """Nothing is added."""
    assert "Hello" == render.numbered("Hello", ())


@given(WORDS, st.integers(60, 300), st.integers(0, 3), st.integers(0, 3))
def test_a_reply_fits_its_channel_with_its_choices(text: str, limit: int, count: int, buttons: int) -> None:
    """As buttons on the last part where there are enough, else as numbers; always within the limit."""
    choices = [Choice(label=f"Option {n}", value=f"t{n}") for n in range(count)]
    found = render.parts(text, choices, limit=limit, buttons=buttons)
    assert all(render.measure(part.text) <= limit for part in found)
    as_buttons = count <= buttons
    assert [choices if as_buttons else []] == [list(part.choices) for part in found[-1:]]
    assert all(not part.choices for part in found[:-1])
    assert as_buttons or all(f"{n + 1}. Option {n}" in found[-1].text for n in range(count))


# --- markup


@pytest.mark.parametrize(
    "text, expected",
    [
        ("**Paid** on _Monday_", "<p><strong>Paid</strong> on <em>Monday</em></p>\n"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"),
        ("`code`", "<p><code>code</code></p>\n"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>\n"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<b onclick=x>bold</b>", "&lt;b onclick=x&gt;bold&lt;/b&gt;"),
        ("![alt](https://evil.example/?q=secret)", "<p></p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("# Heading", "Heading\n"),
    ],
)
def test_markdown_becomes_safe_html(text: str, expected: str) -> None:
    """What we write may have markup; what could do something has none."""
    assert expected.strip() in render.html(text)


@pytest.mark.parametrize("link", ["https://example.com/a?b=c", "http://example.com", "mailto:kim@example.com"])
def test_links_keep_their_distance(link: str) -> None:
    """A link opens without telling the page it came from."""
    assert f'<a href="{link}" rel="noopener noreferrer nofollow">' in render.html(f"[x]({link})")


@pytest.mark.parametrize(
    "link",
    [
        "//evil.example",
        "/path",
        "data:text/html,x",
        "vbscript:x",
        "JaVaScRiPt:alert(1)",
        "java\tscript:x",
        "file:///etc",
        "&#106;avascript:x",
    ],
)
def test_other_links_lead_nowhere(link: str) -> None:
    """Relative ones, and every scheme that is not listed."""
    assert "href" not in render.html(f"[x]({link})")
    assert "href" not in render.html(f"[x](<{link}>)")


@given(ANY_TEXT)
def test_no_text_gives_a_tag_beyond_the_list(text: str) -> None:
    """Whatever is rendered."""
    found = render.html(text)
    opened = [piece.split(">")[0].split()[0].strip("/") for piece in found.split("<")[1:]]
    assert set(opened) <= render._TAGS
    assert "\x00" not in found


@pytest.mark.parametrize("hostile", ["<div>", "[", "*", "`", "> ", "![](", "_a_*b*", "|a|b|\n", "&#", "\n- ", "<!--"])
def test_hostile_text_is_rendered_in_bounded_time(hostile: str) -> None:
    """Both parsers get eight thousand characters at most."""
    began = time.perf_counter()
    render.html(hostile * 20_000)
    assert time.perf_counter() - began < 3.0


@pytest.mark.parametrize(
    "text, expected",
    [
        ("plain text", "plain text"),
        ("It is **paid**.", "It is *paid*."),
        ("__Paid__", "*Paid*"),
        ("## Invoice\ntext", "*Invoice*\ntext"),
        ("see [the page](https://example.com/a_b)", "see the page (https://example.com/a_b)"),
        ("2 * 3 ** 4 and #5 and [x] (y)", "2 * 3 ** 4 and #5 and [x] (y)"),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
    ],
)
def test_whatsapp_gets_its_own_marks(text: str, expected: str) -> None:
    """Bold, headings and links; all else stays."""
    assert expected == render.whatsapp(text)


@given(WORDS)
def test_whatsapps_marks_never_make_a_text_longer(text: str) -> None:
    """So that a part that was cut to the limit still fits."""
    for dressed in (text, f"**{text}**", f"# {text}", f"[{text}](https://a.b)"):
        assert render.measure(render.whatsapp(dressed)) <= render.measure(dressed)


# --- invisible characters


@pytest.mark.parametrize(
    "text, expected",
    [
        ("plain", "plain"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("a\r\nb\rc\u2028d\u2029e\x85f", "a\nb\nc\nd\ne\nf"),
        ("nul\x00 bell\x07 escape\x1b[31m", "nul bell escape[31m"),
        ("pay\u202e05 DSU", "pay05 DSU"),
        ("\u2066isolate\u2069 \u200emark\u200f \u061c", "isolate mark "),
        ("zero\u200bwidth\ufeff\u2060 soft\u00adhyphen", "zerowidth softhyphen"),
        ("tags\U000e0041\U000e0042\U000e007f", "tags"),
        ("selectors\U000e0100\ufe00", "selectors"),
        ("filler\u3164\u115f", "filler"),
        ("half\ud83d \udc00", "half "),
        ("ad\u200dmin p\u200cay", "admin pay"),
        ("👩\u200d👩\u200d👧 ❤\ufe0f", "👩\u200d👩\u200d👧 ❤\ufe0f"),
        ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),  # Persian: "mi", joiner, "khu"
        ("\u0645\u06cc\u200c\u200c\u062e\u0648", "\u0645\u06cc\u062e\u0648"),
        ("é ñ 日本 עברית", "é ñ 日本 עברית"),
    ],
)
def test_what_nobody_sees_is_removed(text: str, expected: str) -> None:
    """Except the joiners that emoji and some scripts need."""
    assert expected == render.clean(text)


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing_and_leaves_no_control(text: str) -> None:
    """For any text, surrogates included; it can then be encoded."""
    once = render.clean(text)
    assert once == render.clean(once)
    assert not [char for char in once if unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t"]
    once.encode()
