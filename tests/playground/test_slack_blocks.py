"""Slack's limits on blocks and modals, case by case, without a server."""

from __future__ import annotations

import pytest

from playground import slack_blocks
from playground.slack_blocks import Refused
from tests.playground.conftest import Json, Value

PLAIN: Json = {"type": "plain_text", "text": "x"}
MARKED: Json = {"type": "mrkdwn", "text": "x"}
OPTION: Json = {"text": PLAIN, "value": "v"}


def text(letters: int, kind: str = "plain_text") -> Json:
    """A text of so many letters."""
    return {"type": kind, "text": "x" * letters}


def actions(**element: Value) -> Json:
    """One element in a row of actions."""
    return {"type": "actions", "elements": [{"type": "button", "text": PLAIN, **element}]}


def select(**changes: Value) -> Json:
    """A list to choose from."""
    return actions(**{"type": "static_select", "options": [OPTION], **changes})


CONFIRM: Json = {"title": PLAIN, "text": PLAIN, "confirm": PLAIN, "deny": PLAIN}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "divider"},
        {"type": "header", "text": text(150)},
        {"type": "section", "text": text(3000, "mrkdwn")},
        {"type": "section", "fields": [text(2000)] * 6 + [PLAIN] * 4},
        {"type": "section", "text": MARKED, "accessory": {"type": "button", "text": PLAIN}},
        {"type": "context", "elements": [MARKED] * 9 + [{"type": "image", "image_url": "x", "alt_text": "y"}]},
        {"type": "image", "image_url": "x", "alt_text": "y" * 2000},
        {"type": "markdown", "text": "x" * 12_000},
        {"type": "section", "text": MARKED, "block_id": "b" * 255},
        actions(url="u" * 3000, value="v" * 2000, style="danger"),
        actions(confirm={"title": text(100), "text": text(300), "confirm": text(30), "deny": text(30)}),
        select(options=[{"text": text(75), "value": "v" * 150}] * 100),
        {"type": "actions", "elements": [{"type": "button", "text": PLAIN}] * 25},
    ],
)
def test_what_fits(block: Json) -> None:
    """At the limit itself a block is taken, and has an id."""
    (taken,) = slack_blocks.check_message("", [block])
    assert taken["block_id"]
    assert all(element["action_id"] for _, element in slack_blocks.elements([taken]))


@pytest.mark.parametrize(
    "block",
    [
        "divider",
        {"type": "header", "text": MARKED},
        {"type": "header"},
        {"type": "section", "fields": [PLAIN] * 11},
        {"type": "section", "fields": [text(2001)]},
        {"type": "section", "fields": "x"},
        {"type": "section", "text": MARKED, "accessory": {"type": "buton"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": 5}},
        {"type": "context", "elements": [MARKED] * 11},
        {"type": "context", "elements": ["x"]},
        {"type": "image", "image_url": "x"},
        {"type": "image", "image_url": "x", "alt_text": "y" * 2001},
        {"type": "markdown", "text": "x" * 12_001},
        {"type": "section", "text": MARKED, "block_id": "b" * 256},
        {"type": "actions", "elements": [{"type": "button", "text": PLAIN}] * 26},
        {"type": "actions", "elements": [{"type": "button", "text": PLAIN, "action_id": "a"}] * 2},
        actions(action_id="a" * 256),
        actions(url="u" * 3001),
        actions(value=5),
        actions(confirm="sure?"),
        actions(confirm={**CONFIRM, "text": text(301)}),
        actions(confirm={**CONFIRM, "deny": text(31)}),
        actions(confirm={"title": PLAIN}),
        select(options=[OPTION] * 101),
        select(options=[]),
        select(options=[{"text": text(76), "value": "v"}]),
        select(options=[{"text": PLAIN, "value": "v" * 151}]),
        {"type": "input", "element": {"type": "plain_text_input"}},
    ],
)
def test_what_does_not_fit(block: Value) -> None:
    """One letter or one item too many, or a part of the wrong kind, refuses the whole message and says where."""
    with pytest.raises(Refused) as caught:
        slack_blocks.check_message("", [block])
    assert "invalid_blocks" == caught.value.error
    assert "[json-pointer:/blocks/0" in caught.value.remarks[0]


def test_all_blocks_together() -> None:
    """Each may fit and all together not."""
    assert 4 == len(slack_blocks.check_message("", [{"type": "section", "text": text(3000)}] * 4))
    with pytest.raises(Refused, match="msg_blocks_too_long"):
        slack_blocks.check_message("", [{"type": "section", "text": text(2601)}] * 5)


INPUT: Json = {"type": "input", "label": PLAIN, "element": {"type": "plain_text_input"}}


def modal(**changes: Value) -> Json:
    """A modal with one field."""
    return {"type": "modal", "title": text(24), "submit": text(24), "close": text(24), "blocks": [INPUT], **changes}


def test_a_modal_that_fits() -> None:
    """A hundred blocks, names of 24 letters, 3,000 letters of metadata."""
    blocks = [INPUT, *[{"type": "divider"}] * 99]
    taken = slack_blocks.check_view(modal(blocks=blocks, private_metadata="x" * 3000, callback_id="x" * 255))
    assert (100, True) == (len(taken["blocks"]), bool(taken["blocks"][0]["element"]["action_id"]))


@pytest.mark.parametrize(
    "view",
    [
        "modal",
        modal(close=text(25)),
        modal(callback_id="x" * 256),
        modal(blocks=[{**INPUT, "label": text(2001)}]),
        modal(blocks=[{**INPUT, "element": "x"}]),
        {name: part for name, part in modal().items() if name != "submit"},
        {name: part for name, part in modal().items() if name != "title"},
    ],
)
def test_a_modal_that_does_not_fit(view: Value) -> None:
    """The word is `invalid_arguments`, and a remark says where."""
    with pytest.raises(Refused) as caught:
        slack_blocks.check_view(view)
    assert "invalid_arguments" == caught.value.error
    assert "[json-pointer:/view" in caught.value.remarks[0]
