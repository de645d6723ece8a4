"""HTML to lines: what a reader sees and nothing else; what mail programs mark is noted; nothing makes it fail."""

from __future__ import annotations

import html as entities

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.reading import mail_html
from channels.mail.reading.mail_html import Budget
from channels.mail.reading.mail_lines import STRONG, WEAK


def seen(page: str) -> list[str]:
    """Give the lines that a page shows."""
    return [line for line in mail_html.lines(page).texts if line]


@pytest.mark.parametrize(
    "page, expected",
    [
        ("<p>one<p>two", ["one", "two"]),
        ("one<br>two<BR/>three", ["one", "two", "three"]),
        ("<div>one</div><div>two</div>", ["one", "two"]),
        ("a <b>bold</b><i>italic</i> word", ["a bolditalic word"]),
        ("spaces \n\t and&nbsp;&nbsp;more", ["spaces and more"]),
        ("<ul><li>one<li>two</ul><ol><li>three<li>four</ol>", ["- one", "- two", "1. three", "2. four"]),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", ["a\tb", "c"]),
        ("<pre>  two\n    four</pre>", ["  two", "    four"]),
        ("&lt;p&gt; &amp; &quot;x&quot; &#8364; &#x20ac; &eacute; &unknown; &amp", ['<p> & "x" € € é &unknown; &']),
        ("a < b and b > c, 1<2", ["a < b and b > c, 1<2"]),
        ("write to <kim@example.com> please", ["write to <kim@example.com> please"]),
        ("<a href='http://x'>link</a><img alt='logo'><img alt='🎉'>", ["link🎉"]),
        ("<o:p>Office</o:p><o:p/>", ["Office"]),
    ],
)
def test_what_a_reader_sees(page: str, expected: list[str]) -> None:
    """Breaks, lists, tables, references; brackets that are no tags."""
    assert seen(page) == expected


@pytest.mark.parametrize(
    "hidden",
    [
        "<style>p{}</style>",
        "<script>alert(1)</script>",
        "<title>t</title>",
        "<!-- c -->",
        "<!--[if mso]><p>mso</p><![endif]-->",
        "<!doctype html><?xml x?>",
        "<textarea>x</textarea>",
        '<p style="display:none">x</p>',
        '<p style="x:y; display : none">x</p>',
        "<p hidden>x</p>",
        '<p style="font-size:0">x</p>',
        '<p style="font-size: 0px !important">x</p>',
        '<p style="visibility:hidden">x</p>',
        '<p style="mso-hide:all">x</p>',
        '<p style="opacity:0">x</p>',
        '<p style="color:transparent">x</p>',
        '<p style="max-height:0;overflow:hidden">x</p>',
        '<p style="position:absolute;left:-9999px">x</p>',
        "<style>.gone{display:none}</style><p class='a gone'>x</p>",
        "<style>#gone{display:none}</style><p id=gone>x</p>",
        "<select><option>x</select>",
        "<svg><text>x</text></svg>",
    ],
)
def test_what_nobody_sees_is_dropped(hidden: str) -> None:
    """Text that a program hides is not the customer's."""
    assert seen(f"before {hidden} after")[0].split()[0] == "before"
    assert " ".join(" ".join(seen(f"<div>before</div>{hidden}<div>after</div>")).split()) == "before after"


@pytest.mark.parametrize(
    "shown",
    [
        '<p style="font-size:10px">x</p>',
        '<p style="opacity:0.5">x</p>',
        '<p style="max-height:100px;overflow:hidden">x</p>',
        "<style>@media print{.a{display:none}}</style><p class=a>x</p>",
        "<style>.a .b{display:none}</style><p class=b>x</p>",
        '<p title="a > b" data-x="hidden">x</p>',
        "<p class=hidden-print>x</p>",
    ],
)
def test_what_only_resembles_hiding_is_shown(shown: str) -> None:
    """Sizes other than zero, rules for printers, words in other attributes."""
    assert seen(shown) == ["x"]


def test_what_programs_mark_is_noted() -> None:
    """Quotes, attributions, signatures and the place where a reply's header begins."""
    page = mail_html.lines(
        "<p>answer</p><div class=gmail_signature>Kim</div><div class=moz-cite-prefix>On Monday Acme wrote:</div>"
        "<blockquote type=cite>question</blockquote><blockquote>indented</blockquote>"
        "<div id=divRplyFwdMsg>From: x</div>"
    )
    at = {text: index for index, text in enumerate(page.texts) if text}
    assert at["Kim"] in page.signed
    assert at["On Monday Acme wrote:"] in page.attributed
    assert page.quoted[at["question"]] == STRONG
    assert page.quoted[at["indented"]] == WEAK
    assert at["From: x"] in page.cuts
    assert page.quoted[at["answer"]] == 0


def test_gmails_blockquote_is_a_reply_only_inside_its_container() -> None:
    """By itself it is the button for quoting, which the customer pressed."""
    quote = "<blockquote class=gmail_quote>x</blockquote>"
    assert mail_html.lines(quote).quoted == [WEAK]
    assert mail_html.lines(f"<div class=gmail_quote>{quote}</div>").quoted == [STRONG]
    assert mail_html.lines(f"<div class='gmail_quote gmail_quote_container'>{quote}</div>").quoted == [STRONG]


@pytest.mark.parametrize(
    "page, expected",
    [
        ("one<!-- never ends", ["one"]),
        ("one<style>never ends", ["one"]),
        ("one<b", ["one<b"]),
        ("one</p></div></b>two", ["one", "two"]),
        ("<b><i>one</b>two</i>", ["onetwo"]),
        ('<p title="never ends>one</p>', ["one"]),
        ('<p title="it\'s > fine">one</p>', ["one"]),
        ("<div style='display:none'>x</div></div>one", ["one"]),
        ("\0o\0ne", ["one"]),
        ("", []),
    ],
)
def test_broken_pages_are_read_as_far_as_they_go(page: str, expected: list[str]) -> None:
    """As browsers do where that matters; the rest stays text."""
    assert seen(page) == expected


PIECES = st.sampled_from(
    ["<p>", "</p>", "<div", ">", "<", '"', "'", "<!--", "-->", "<style>", "</style>", "<b>", "</b>", "<br>", "&amp;",
     "&#", "text", " ", "\n", "<blockquote type=cite>", "</blockquote>",
     "<li>", "<td>", "<pre>", "</pre>", "display:none",
     "<p style='", "<a@b.c>", "<!", "</", "\0"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=40))
def test_any_page_is_read(pieces: list[str]) -> None:
    """However tags are mixed, every line has its mark, none is empty twice, and none holds a line end."""
    page = mail_html.lines("".join(pieces))
    assert len(page.texts) == len(page.quoted)
    assert all(page.texts[index] or page.texts[index - 1] for index in range(1, len(page.texts)))
    assert not any("\n" in text for text in page.texts)
    assert all(index < len(page.texts) for index in (*page.cuts, *page.attributed, *page.signed))


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=60))
def test_escaped_text_comes_back(word: str) -> None:
    """What a client escaped is what the customer wrote."""
    assert seen(f"<p>{entities.escape(word)}</p>") == [word]


def test_pages_of_one_mail_share_what_they_may_cost() -> None:
    """A thousand pages cost little more than one, and each of them shows at least its beginning."""
    budget = Budget(tags=30)
    first = mail_html.lines("<b>x</b>" * 100, budget)
    second = mail_html.lines("<p>one<p>two" + "<b></b>" * 100 + "three", budget)
    assert first.texts == ["x" * 15]
    assert [text for text in second.texts if text] == ["one", "two"]


def test_many_references_are_left_as_they_stand() -> None:
    """But for the common ones: with tens of thousands it is no text."""
    assert seen("&eacute;&amp;" * 6_000)[0][:9] == "&eacute;&"
