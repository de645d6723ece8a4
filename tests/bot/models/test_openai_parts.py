"""The parts both APIs share, by table."""

from __future__ import annotations

import pytest

from bot.models import openai_parts
from bot.models.base import Call, Line, ModelWrong, Usage
from tests.openai_prompts import bot, prompt_of, user

MADE = Call(id="c", name="refund")
CALL, RESULT = Line(role="call", call=MADE), Line(role="result", call=MADE, text="{}")


@pytest.mark.parametrize(
    "lines, before",
    [
        ((), 0),
        ((user("a"),), 0),
        ((user("a"), bot("b"), user("c")), 2),
        ((user("a"), bot("b"), user("c"), user("d")), 2),
        ((user("a"), bot("b"), user("c"), CALL, RESULT), 2),
        ((user("a"), bot("b"), user("c"), CALL, RESULT, CALL, RESULT), 2),
        ((user("a"), bot("b")), 2),
        ((user("a"), bot("b"), user("c"), Line(role="assistant", items=({"id": "r"},)), CALL, RESULT), 2),
    ],
)
def test_the_lines_are_cut_before_what_is_answered(lines: tuple[Line, ...], before: int) -> None:
    """The newest messages, with the calls of this turn, stay together at the end."""
    assert (lines[:before], lines[before:]) == openai_parts.split(lines)


def test_permitted_functions_keep_their_order() -> None:
    """Names that do not exist are ignored; the order is that of the list."""
    prompt = prompt_of(user("hi"), allowed=("talk_to_person", "unknown", "invoice_status"))
    assert ["invoice_status", "talk_to_person"] == [f.name for f in openai_parts.permitted(prompt)]
    assert openai_parts.is_narrowed(prompt)
    assert not openai_parts.is_narrowed(prompt_of(user("hi")))


@pytest.mark.parametrize(
    "arguments, call",
    [
        ('{"a": 1}', Call(id="c", name="f", arguments={"a": 1})),
        ("", Call(id="c", name="f")),
        ({"a": 1}, Call(id="c", name="f", arguments={"a": 1})),
        (None, Call(id="c", name="f", raw="null")),
        ("[1]", Call(id="c", name="f", raw="[1]")),
        ("{", Call(id="c", name="f", raw="{")),
        ('{"a": NaN}', Call(id="c", name="f", raw='{"a": NaN}')),
    ],
)
def test_arguments_are_an_object_or_kept_as_text(arguments: object, call: Call) -> None:
    """Some servers send an object instead of text; nothing else is guessed."""
    assert call == openai_parts.read_call("c", "f", arguments)


@pytest.mark.parametrize("identifier, name", [(None, "f"), ("", "f"), ("c", None), ("c", ""), (7, "f")])
def test_a_call_needs_an_id_and_a_name(identifier: object, name: object) -> None:
    """Without them it can neither be made nor answered."""
    with pytest.raises(ModelWrong):
        openai_parts.read_call(identifier, name, "{}")


def test_a_call_that_could_not_go_back_is_no_call() -> None:
    """A name is made fit for the next request, which repeats it; endless arguments are refused."""
    assert "functions_refund__" == openai_parts.read_call("c", "functions.refund()", "{}").name
    assert 64 == len(openai_parts.read_call("c", "f" * 1_000, "{}").name)
    with pytest.raises(ModelWrong):
        openai_parts.read_call("c", "f", '{"a": "' + "x" * 40_000 + '"}')


@pytest.mark.parametrize("usage", [None, [], {}, {"in": "many", "details": 3}, {"in": None, "out": None}])
def test_missing_token_counts_are_zero(usage: object) -> None:
    """Compatible servers leave counts out."""
    assert Usage() == openai_parts.read_usage({"usage": usage}, names=("in", "out", "details"))
