"""Replies put into an approved template: one line, within the limit, and what was cut is known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.templated import LIMIT, fill
from channels import render
from config.templates import Template

SID = "HX0123456789abcdef0123456789abcdef"
UPDATE = Template(sid=SID, body="News on your request {{1}}: {{2}}", variables={"1": "{ticket}", "2": "{text}"})
YES_NO = [{"label": "Yes, do", "value": "t1"}, {"label": "No", "value": "t2"}]


def test_a_text_stands_in_its_place() -> None:
    """With the ticket's number, and what the person reads is known."""
    found = fill(UPDATE, "Your refund\n\nis **made**.", [], 1042)
    assert {"sid": SID, "variables": {"1": "1042", "2": "Your refund is *made*."}} == found.template
    assert "News on your request 1042: Your refund is *made*." == found.shown
    assert found.whole


def test_choices_come_in_the_same_line() -> None:
    """Numbered, since a template of ours has no buttons; without a ticket there is a dash, as nothing may be empty."""
    found = fill(UPDATE, "Refund it?", YES_NO, None)
    assert {"1": "-", "2": "Refund it? Reply 1 or 2: 1. Yes, do 2. No"} == found.variables


@pytest.mark.parametrize("body", [UPDATE.body, "", "{{2}} {{2}}", "{{ 2 }}{{9}}"])
@given(text=st.text(max_size=3_000))
def test_whatever_the_text_it_fits(body: str, text: str) -> None:
    """Within WhatsApp's limit and in one line; a cut is marked."""
    template = Template(sid=SID, body=body, variables=UPDATE.variables)
    found = fill(template, text, [], 1042)
    filled = found.shown if body else "".join(found.variables.values())
    assert render.measure(filled) <= LIMIT
    assert all(value and "\n" not in value for value in found.variables.values())
    if len(text) < 300 and body == UPDATE.body:
        assert found.whole


def test_no_text_fills_another_place() -> None:
    """Words that look like a place stay words."""
    found = fill(UPDATE, "{{1}} {ticket}", [], 7)
    assert "News on your request 7: {{1}} {ticket}" == found.shown


def test_a_template_without_a_place_for_the_text_is_never_whole() -> None:
    """It can say that there is news, not which."""
    bare: Any = Template(sid=SID, body="There is news on request {{1}}.", variables={"1": "{ticket}"})
    found = fill(bare, "Your refund is made.", [], 7)
    assert ("There is news on request 7.", False) == (found.shown, found.whole)
