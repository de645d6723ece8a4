"""Provider schemas and the way back: strict for the provider, complete for us, refused where nothing can be checked."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel

from state import errors
from tools import schema


class Strict(BaseModel):
    """Refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")


class Place(Strict):
    """Somewhere."""

    city: str
    zip_code: str | None = "00000"


class Trip(Strict):
    """Uses most of what a model can say."""

    customer_id: str
    to: Annotated[Place, Field(description="Where to")]
    via: list[Place] = []
    day: date | None = None
    seats: Annotated[int, Field(ge=1, le=9)] = 1
    kind: Literal["bus", "train"] = "bus"
    fixed: Literal["x"]
    note: Annotated[str, Field(max_length=50, pattern="^[a-z ]*$")] = ""


def objects(node: object) -> list[dict[str, Any]]:
    """Every object of a schema."""
    if isinstance(node, list):
        return [found for item in node for found in objects(item)]
    if not isinstance(node, dict):
        return []
    own = [node] if node.get("type") == "object" else []
    return own + [found for value in node.values() for found in objects(value)]


def test_a_strict_schema() -> None:
    """Everything required, optional fields nullable, objects closed, references gone, session fields absent."""
    made = schema.strict(Trip, hidden={"customer_id"})
    assert ["to", "via", "day", "seats", "kind", "fixed", "note"] == made.schema["required"]
    assert {
        "description": "Where to",
        "type": "object",
        "properties": {"city": {"type": "string"}, "zip_code": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "required": ["city", "zip_code"],
        "additionalProperties": False,
    } == made.schema["properties"]["to"]
    assert {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]} == made.schema["properties"]["day"]
    assert {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"type": "null"}]} == (
        made.schema["properties"]["seats"]
    )
    assert {"type": "string", "enum": ["x"]} == made.schema["properties"]["fixed"]
    for found in objects(made.schema):
        assert list(found["properties"]) == found["required"]
        assert found["additionalProperties"] is False
    assert "$" not in str(made.schema).replace("]*$", "")
    assert "default" not in str(made.schema)
    assert ("note: maxLength is checked by us only, models are not told",) == made.notes[:1]


def test_many_optional_arguments_are_noted() -> None:
    """A tool whose arguments are mostly optional makes models guess; the operator is told."""

    class Vague(Strict):
        a: int
        b: int = 0
        c: int = 0
        d: int = 0
        e: int = 0

    assert "4 of 5 arguments are optional" in schema.strict(Vague).notes[0]


class Open(BaseModel):
    """Takes any field."""

    a: int


class Free(Strict):
    """Has a dict."""

    a: dict[str, int]


class Anything(Strict):
    """Has a field of any type."""

    a: Any


class AnyList(Strict):
    """Has a list of anything."""

    a: list[Any]


class Pair(Strict):
    """Has a tuple."""

    a: tuple[int, str]


class Inner(Strict):
    """Has an open model inside."""

    a: Open


class Renamed(Strict):
    """Has another name outside."""

    a: Annotated[int, Field(alias="b")]


class Tree(Strict):
    """Refers to itself."""

    children: list[Tree] = []


class Rows(RootModel[list[int]]):
    """Is no object."""


@pytest.mark.parametrize(
    "model, words",
    [
        (Open, "extra='forbid'"),
        (Inner, "a: set model_config"),
        (Free, "free-form object"),
        (Anything, "accepts anything"),
        (AnyList, "accepts anything"),
        (Pair, "one type for all"),
        (Renamed, "aliases"),
        (Tree, "refers to itself"),
        (Rows, "must be an object"),
    ],
)
def test_what_cannot_be_checked_is_refused(model: type[BaseModel], words: str) -> None:
    """A field that takes anything is refused by name, with the reason."""
    with pytest.raises(errors.BadInput, match=words):
        schema.strict(model)


def test_null_means_not_given() -> None:
    """What a provider must send as null gets its default, also inside."""
    given = {
        "to": {"city": "Bonn", "zip_code": None},
        "via": [{"city": "Köln", "zip_code": None}],
        "day": None,
        "seats": None,
        "kind": None,
        "fixed": "x",
        "note": None,
    }
    made = schema.validate(Trip, given, filled={"customer_id": "C-1"})
    assert Trip(customer_id="C-1", to=Place(city="Bonn"), via=[Place(city="Köln")], fixed="x") == made


@pytest.mark.parametrize(
    "change, words",
    [
        ({"customer_id": "C-2"}, "customer_id: is not an argument of this tool"),
        ({"fixed": None}, "fixed: must be 'x'"),
        ({"fixed": "y"}, "fixed: must be 'x'"),
        ({"seats": 10}, "seats: must be less than or equal to 9"),
        ({"seats": "many"}, "seats: must be a valid integer, unable to parse string as an integer"),
        ({"note": "x" * 51}, "note: string should have at most 50 characters"),
        ({"to": {"city": 1}}, "to.city: must be a valid string"),
        ({"to": "Bonn"}, "to: must be a valid dictionary or instance of Place"),
        ({"day": "tomorrow"}, "day: must be a valid date or datetime, input is too short"),
        ({"x": 1, "y": 1, "z": 1, "seats": 0}, "and 1 more"),
        ({"k" * 500: 1}, "k" * 40 + ": is not an argument of this tool"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], words: str) -> None:
    """The text for the model names field and problem, is short, and does not repeat the input."""
    with pytest.raises(errors.AskModel) as raised:
        schema.validate(Trip, {"to": {"city": "Bonn"}, "fixed": "x", **change}, filled={"customer_id": "C-1"})
    assert words in str(raised.value)
    assert len(str(raised.value)) <= schema.MAX_WORDS


@pytest.mark.parametrize("given", [None, [], "{}", 1])
def test_arguments_are_an_object(given: object) -> None:
    """Anything else is refused."""
    with pytest.raises(errors.AskModel, match="one JSON object"):
        schema.validate(Trip, given)
