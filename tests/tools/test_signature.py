"""What a tool takes and gives is read from its function: a model, or typed parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from state import errors
from tests.tools.test_openapi import KIM
from tools import signature
from tools.base import Context
from tools.http import Systems


class Given(BaseModel, extra="forbid"):
    """A model of arguments."""

    number: int


class Sum(BaseModel, extra="forbid"):
    """A result."""

    total: int
    key: str | None = None


async def by_model(arguments: Given, context: Context) -> Sum:
    """Take a model."""
    return Sum(total=arguments.number, key=context.key)


async def by_parameters(number: int, context: Context, more: int = 1) -> Sum:
    """Take parameters."""
    return Sum(total=number + more, key=context.key)


async def without_context(given: Given) -> Sum:
    """Take a model and no context."""
    return Sum(total=given.number)


async def without_anything() -> Sum:
    """Take nothing."""
    return Sum(total=7)


CONTEXT = Context(caller=KIM, systems=Systems({}), timeout=1, key="k")


@pytest.mark.parametrize(
    "run, given, fields, expected",
    [
        (by_model, {"number": 1}, ["number"], Sum(total=1, key="k")),
        (by_parameters, {"number": 1}, ["number", "more"], Sum(total=2, key="k")),
        (by_parameters, {"number": 1, "more": 4}, ["number", "more"], Sum(total=5, key="k")),
        (without_context, {"number": 3}, ["number"], Sum(total=3)),
        (without_anything, {}, [], Sum(total=7)),
    ],
)
async def test_a_function_is_called_with_what_its_model_holds(
    run: Callable[..., Any], given: dict[str, Any], fields: list[str], expected: Sum
) -> None:
    """Whichever way it is written."""
    found = signature.read(run, Context)
    assert fields == list(found.arguments.model_fields)
    assert expected == await found.run(found.arguments.model_validate(given), CONTEXT)
    with pytest.raises(ValidationError):
        found.arguments.model_validate({**given, "unknown": 1})


def not_async(number: int, context: Context) -> Sum:
    """Wait for nothing."""
    return Sum(total=number)


async def no_model(number: int, context: Context) -> int:
    """Answer no model."""
    return number


@pytest.mark.parametrize("run", [not_async, no_model])
def test_how_to_write_it_is_said(run: Callable[..., Any]) -> None:
    """By the function's name."""
    with pytest.raises(errors.BadInput, match="write it as"):
        signature.read(run, Context)
