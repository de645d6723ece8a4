"""The template language and the engine's own replies."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import replies
from state import errors

SHIPPED = Path(__file__).parents[2] / "config" / "replies.yaml"
SCOPE = {
    "invoice_id": "18492",
    "terms": {"amount": "1200.5", "currency": "USD", "paid_on": "2026-03-04", "price": "49.00 EUR", "none": None},
    "rows": [{"n": 1}, {"n": 2}],
    "day": date(2026, 12, 24),
    "text": "a lot",
    "yes": True,
}


@pytest.mark.parametrize(
    "template,text",
    [
        ("Invoice {invoice_id}.", "Invoice 18492."),
        ("{terms.amount:money}", "1,200.50 USD"),
        ("{terms.price:money}", "49.00 EUR"),
        ("{terms:money}", "1,200.50 USD"),
        ("{terms.paid_on:date}", "4 March 2026"),
        ("{day:date}", "24 December 2026"),
        ("{rows.1.n}", "2"),
        ("{terms.none}", "not known"),
        ("{terms.none:money}, {terms.none:date}", "not known, not known"),
        ("{invoice_id:money}", "18,492.00"),
        ("{invoice_id:date}", "18492"),
        ("{yes}", "yes"),
        ("{rows}", "{'n': 1}, {'n': 2}"),
        ("{terms.none.deeper}", "not known"),
        ("{text:money}", "a lot"),
        ("{{no name}}", "{no name}"),
        ("  around  ", "around"),
    ],
)
def test_templates(template: str, text: str) -> None:
    """Names, fields, rows, money and dates; what is not known says so."""
    assert replies.render(template, SCOPE) == text


@pytest.mark.parametrize(
    "template", ["{", "}", "{a", "{A}", "{a b}", "{a!r}", "{a:x}", "{0}", "{}", "{a[0]}", "{a.__class__}", "{a.}"]
)
def test_what_the_language_does_not_know_is_refused(template: str) -> None:
    """No attribute access, no conversion, no positions: the language is only names."""
    with pytest.raises(errors.BadInput):
        replies.render(template, {"a": 1})


def test_a_missing_name_is_an_error() -> None:
    """A name that is not there is never silently empty."""
    with pytest.raises(replies.Missing, match=r"\{terms.total\}"):
        replies.render("{terms.total}", SCOPE)


@settings(max_examples=100)
@given(value=st.text(max_size=40))
def test_values_are_never_read_as_templates(value: str) -> None:
    """Braces in a value stay text."""
    assert replies.render("<{name}>", {"name": value}) == f"<{value}>"


def test_arguments_keep_their_types() -> None:
    """A placeholder that stands alone gives the value itself; within text it becomes text."""
    filled = replies.fill(
        {"a": "{rows}", "b": ["{yes}", 3], "c": "No. {invoice_id}", "d": {"e": "{terms.none}"}}, SCOPE
    )
    assert filled == {"a": [{"n": 1}, {"n": 2}], "b": [True, 3], "c": "No. 18492", "d": {"e": None}}


def test_a_channel_may_have_its_own_words() -> None:
    """The variant of the channel is taken where there is one."""
    table = {"hello": "Hello", "hello.whatsapp": "Hi"}
    assert replies.pick(table, "hello", "whatsapp") == "Hi"
    assert replies.pick(table, "hello", "web") == "Hello"


def test_shipped_replies_are_complete() -> None:
    """Every reply of the engine is there, and nothing else."""
    table = replies.load(SHIPPED)
    assert {key.split(".")[0] for key in table} == set(replies.KEYS)


@pytest.mark.parametrize(
    "change,problem",
    [
        ({"declined": None}, "declined: missing"),
        ({"declined": ["a"]}, "declined: must be text in quotes"),
        ({"hallo": "x"}, "hallo: the engine has no reply of this name"),
        ({"declined": "{name}"}, "declined: {name} is not known here"),
        ({"handed_over": "{ticket.id}"}, "handed_over: {ticket.id} is not known here (known: ticket.number)"),
        ({"declined": "{"}, "declined: a brace is not closed"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, change: dict[str, object], problem: str) -> None:
    """One line names the file, the reply and what is wrong."""
    path = tmp_path / "replies.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(errors.BadInput) as raised:
        replies.load(path)
    assert problem in str(raised.value)
    assert str(raised.value).startswith("replies.yaml: ")


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", ""])
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    """A list, broken YAML or nothing at all."""
    path = tmp_path / "replies.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(errors.BadInput, match=r"replies\.yaml: "):
        replies.load(path)
