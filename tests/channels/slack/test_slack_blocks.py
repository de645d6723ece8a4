"""Whatever a ticket holds, its card and lines are within Slack's limits, harmless, and exact where it matters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import render
from channels.slack import slack_blocks, slack_texts
from channels.slack.slack_blocks import Message, card, note, read_back
from channels.staff import ApprovalView, Case, Note
from playground import slack_blocks as limits
from tests.channels.slack.slack import CASE

Json = dict[str, Any]
ALPHABET = "a1&<>👋\n *_`~|!@#\u202e\u200d\x00é"
WORDS = st.builds(lambda text, times: text * times, st.text(ALPHABET, max_size=30), st.sampled_from([1, 1, 3, 40, 700]))
SHORT = st.text(ALPHABET, max_size=40)
VIEWS = st.builds(
    ApprovalView,
    action=st.uuids().map(str),
    args_hash=st.just("h" * 64),
    title=WORDS,
    why=WORDS,
    lines=st.lists(st.tuples(SHORT, WORDS), max_size=12).map(tuple),
    expires=st.integers(0, 4_000_000_000_000),
    verdict=st.sampled_from([None, None, "approved", "denied", "expired", "void"]),
    name=st.none() | SHORT,
    at=st.none() | st.integers(0, 4_000_000_000_000),
)
CASES = st.builds(
    Case,
    ticket=st.uuids().map(str),
    number=st.integers(1, 10**9),
    subject=WORDS,
    status=st.sampled_from(["open", "pending", "resolved"]),
    priority=st.sampled_from(["low", "normal", "high", "urgent", "odd"]),
    reason=WORDS,
    customer=WORDS,
    known=SHORT,
    channels=st.lists(SHORT, max_size=5).map(tuple),
    mode=st.sampled_from(["bot", "staff"]),
    holder=st.none() | WORDS,
    assignee=st.none() | WORDS,
    outcome=st.none() | WORDS,
    task=st.none() | WORDS,
    step=st.none() | WORDS,
    slots=st.lists(st.tuples(SHORT, WORDS), max_size=10).map(tuple),
    did=st.lists(WORDS, max_size=12).map(tuple),
    approvals=st.lists(VIEWS, max_size=6, unique_by=lambda view: view.action).map(tuple),
)
NOTES = st.builds(
    Note,
    key=SHORT.filter(bool),
    kind=st.sampled_from(["customer", "bot", "staff", "internal", "system"]),
    author=SHORT,
    text=WORDS,
    channel=st.none() | SHORT,
    sendable=st.booleans(),
)


def check(shown: Message) -> None:
    """Hold a message against Slack's limits, as the pretended Slack knows them, and against what may ring."""
    limits.check_message(shown.text, shown.blocks, longest=limits.UPDATED_TEXT)
    assert shown.text
    for text in [shown.text, *_texts(shown.blocks)]:
        for piece in text.split("<")[1:]:
            assert piece.startswith("!date^"), text  # our own times alone are markup
        assert "\x00" not in text
        assert "\u202e" not in text
    for value in _values(shown.blocks):
        assert slack_texts.length(value) <= 2_800


def _texts(part: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Every text that Slack reads as its markup."""
    if isinstance(part, list):
        return [text for each in part for text in _texts(each)]
    if not isinstance(part, dict):
        return []
    own = [part["text"]] if part.get("type") == "mrkdwn" else []
    return own + [text for each in part.values() for text in _texts(each)]


def _values(part: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Every text that is shown, whatever its kind."""
    if isinstance(part, list):
        return [text for each in part for text in _values(each)]
    if not isinstance(part, dict):
        return []
    own = [part["text"]] if isinstance(part.get("text"), str) else []
    return own + [text for each in part.values() for text in _values(each)]


def elements(shown: Message, name: str) -> list[Json]:
    """The elements of a message with this action."""
    return [e for block in shown.blocks for e in block.get("elements", []) if e.get("action_id") == name]


@given(case=CASES)
def test_any_card_is_within_the_limits(case: Case) -> None:
    """However long, odd or many its parts are; what is open has buttons only when it is shown in full."""
    shown = card(case)
    check(shown)
    asked = {json.loads(each["value"])["a"] for each in elements(shown, "approve")}
    text = "".join(_values(shown.blocks)).replace("\n", "")
    for view in case.approvals:
        if view.action in asked:
            assert view.verdict is None
            for line in (view.title, view.why, *(value for _, value in view.lines)):
                assert render.clean(line).replace("\n", " ⏎ ") in text


@given(line=NOTES)
def test_any_line_is_within_the_limits(line: Note) -> None:
    """Or it is a file; and a draft can be read back to the letter, but for spaces at its ends."""
    shown = note(line)
    if shown is None:
        assert slack_texts.length(line.text) > slack_blocks.NOTE
        return
    check(shown)
    for button in elements(shown, "send"):
        assert slack_texts.digest(read_back(shown.blocks)) == json.loads(button["value"])["d"]


@given(text=WORDS, limit=st.integers(20, 400))
def test_pieces_joined_are_the_text(text: str, limit: int) -> None:
    """Nothing is lost or added, and no piece is too long."""
    found = list(slack_texts.pieces(text, limit))
    assert text == "".join(piece + ("\n" if ended else "") for piece, ended in found)
    assert all(slack_texts.length(piece) <= limit for piece, _ in found)


@given(text=WORDS, limit=st.integers(20, 400))
def test_what_is_fitted_is_whole(text: str, limit: int) -> None:
    """No entity is torn, and no letter of Slack's markup is left."""
    found = slack_texts.fitted(text, limit)
    assert slack_texts.length(found) <= limit
    assert found == slack_texts.escape(slack_texts.unescape(found))
    assert slack_texts.length(slack_texts.cut(text, limit)) <= limit


@pytest.mark.parametrize(
    "text,expected",
    [
        (
            "<!channel> <@U1> <https://evil.example|bank>",
            "&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|bank&gt;",
        ),
        ("a & b", "a &amp; b"),
        ("\u202eevil\u200b", "evil"),
    ],
)
def test_markup_of_customers_means_nothing(text: str, expected: str) -> None:
    """No mention rings, no link shows a false name."""
    assert expected == slack_texts.escape(text)


@pytest.mark.parametrize(
    "text,expected",
    [
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
        ("<https://a.example/x?a=1&amp;b=2>", "https://a.example/x?a=1&b=2"),
        ("<https://a.example|our page>", "our page (https://a.example)"),
        ("<http://a.example|a.example>", "http://a.example"),
        ("<mailto:a@b.c|a@b.c> <tel:+1555|+1555>", "a@b.c +1555"),
        ("<@U123> <@U123|sam> <#C1|help> <#C2>", "@sam #help"),
        ("<!here> <!channel|x> <!date^1^{date}|today> <!subteam^S1|@team>", "@here @channel today @team"),
        ("1 < 2 > 0", "1 < 2 > 0"),
    ],
)
def test_what_staff_typed_is_read_from_slacks_markup(text: str, expected: str) -> None:
    """Customers see addresses and names, no ids."""
    assert expected.split() == slack_texts.plain(text).split()


# --- what is on a card


def test_an_open_card_has_its_buttons() -> None:
    """Whoever has the conversation decides which of two is shown."""
    names = [e["action_id"] for e in card(CASE).blocks[-1]["elements"]]
    assert ["reply", "take_over", "assign_me", "priority", "resolve"] == names
    held = card(replace(CASE, mode="staff", holder="Sam"))
    assert ["reply", "hand_back", "assign_me", "priority", "resolve"] == [
        e["action_id"] for e in held.blocks[-1]["elements"]
    ]
    assert "Sam has it" in str(held.blocks)
    assert "normal" == elements(held, "priority")[0]["initial_option"]["value"]


def test_a_resolved_card_has_its_outcome_and_no_buttons() -> None:
    """But for what is still to be decided."""
    shown = card(replace(CASE, status="resolved", outcome="staff", approvals=()))
    assert ("*Outcome*\nstaff" in _texts(shown.blocks), []) == (True, elements(shown, "reply"))


def test_a_decided_approval_says_who_and_when() -> None:
    """And has no buttons any more."""
    view = replace(CASE.approvals[0], verdict="approved", name="Sam", at=1_700_000_000_000)
    shown = card(replace(CASE, approvals=(view,)))
    assert [] == elements(shown, "approve") + elements(shown, "deny")
    (text,) = [text for text in _texts(shown.blocks) if "Approved" in text]
    assert text.startswith("*Approved* by Sam, <!date^1700000000^")
    assert "amount: 900.00 USD" in text


def test_what_cannot_be_shown_in_full_cannot_be_decided() -> None:
    """There is a word on it instead of the buttons; others of the ticket keep theirs."""
    long = replace(CASE.approvals[0], action="ac-2", lines=(("memo", "x" * 6_000),))
    shown = card(replace(CASE, approvals=(long, CASE.approvals[0])))
    assert ["ac-1"] == [json.loads(each["value"])["a"] for each in elements(shown, "approve")]
    assert "1 more to approve" in str(_texts(shown.blocks))


def test_an_argument_cannot_look_like_two() -> None:
    """A line of the customer's is no line of the request."""
    view = replace(CASE.approvals[0], lines=(("memo", "x\n• amount: 1.00 USD"),))
    (text,) = [text for text in _values(card(replace(CASE, approvals=(view,))).blocks) if "Approval needed" in text]
    assert text.endswith("• memo: x ⏎ • amount: 1.00 USD")


def test_an_argument_is_shown_as_it_is() -> None:
    """Markup would swallow the characters it is made of, and the staff member would decide on other words."""
    view = replace(CASE.approvals[0], lines=(("memo", "*9*00 _USD_ ~no~ `x` <https://a.example|b>"),))
    (block,) = [b for b in card(replace(CASE, approvals=(view,))).blocks if "Approval needed" in str(b.get("text"))]
    assert "plain_text" == block["text"]["type"]
    assert block["text"]["text"].endswith("• memo: *9*00 _USD_ ~no~ `x` <https://a.example|b>")


def _head_texts(line: Note) -> list[str]:
    message = note(line)
    assert message
    return [element["text"] for element in message.blocks[0]["elements"]]


def test_lines_say_who_sees_them() -> None:
    """What was sent and what only staff see look different."""
    line = Note(key="k", kind="internal", author="Draft, not sent", text="Hello", sendable=True)
    assert ["Draft, not sent", "*internal: only staff see this*"] == _head_texts(line)
    told = replace(line, kind="bot", author="*Kim*", channel="WhatsApp")
    assert ["*Kim*", "→ *customer*", "(WhatsApp)"] == _head_texts(told)
    system = note(replace(line, kind="system", author="", text="Robin took over.", sendable=False))
    assert system == Message(
        text="Robin took over.",
        blocks=[{"type": "context", "elements": [{"type": "plain_text", "text": "Robin took over.", "emoji": False}]}],
    )


def test_the_modal_is_within_the_limits() -> None:
    """As the pretended Slack checks them."""
    view = slack_blocks.reply_modal(
        {"t": "x" * 64, "c": "C1", "p": "1.2"}, ticket="#18 " + "A title that is long " * 40
    )
    assert "Send to customer" == limits.check_view(view)["submit"]["text"]


def test_a_name_with_lines_adds_no_line() -> None:
    """A card and a line's head have a fixed layout: what a customer is called cannot look like more of it."""
    name = "Kim\n*Status*\nresolved"
    (facts,) = [block["fields"] for block in card(replace(CASE, customer=name)).blocks if "fields" in block]
    assert all(1 == field["text"].count("\n") for field in facts)
    line = note(Note(key="k", kind="customer", author=name, text="hello", channel="web chat"))
    assert line
    assert "\n" not in line.blocks[0]["elements"][0]["text"]
