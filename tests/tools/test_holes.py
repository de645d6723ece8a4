"""No way round a schema: every spelling of "anything" is refused at registration; shared fields check their form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import BaseModel, ConfigDict, Json, JsonValue, RootModel, TypeAdapter, create_model

from state import errors
from tools import fields, schema
from tools.base import Context, tool

STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class Bag(RootModel[dict[str, Any]]):
    """A dict in a coat."""


class Loose(BaseModel):
    """Takes what it does not know."""

    a: str


class Pair(NamedTuple):
    """Two things by their place."""

    a: str
    b: int


HOLES = [
    *(dict, dict[str, str], Mapping, Mapping[str, str], Bag, Loose),
    *(Any, object, JsonValue, Json, Annotated[dict[str, int], Json], Any | None),
    *(list, list[Any], list[dict[str, str]], list[list[Any]], tuple, tuple[str, int], Pair, Sequence, set, frozenset),
    *(str | dict[str, str], str | list[Any], Literal["a"] | dict[str, Any]),
]


@pytest.mark.parametrize("kind", HOLES, ids=range(len(HOLES)))
def test_a_field_that_takes_anything_is_no_argument(kind: Any) -> None:  # noqa: ANN401 - any type expression
    """Refused when the tool is declared, by tool and field, with what to do instead."""
    took = create_model("Took", __config__=STRICT, field=(kind, ...))

    async def pay(arguments: BaseModel, context: Context) -> BaseModel:
        """Pay."""
        return arguments

    pay.__annotations__ = {"arguments": took, "context": Context, "return": create_model("Gave", __config__=STRICT)}
    with pytest.raises(errors.BadInput, match=r"^tool pay@1: field(\[\])*: .*(model|type|forbid)"):
        tool(kind="lookup")(pay)


@pytest.mark.parametrize("kind", HOLES, ids=range(len(HOLES)))
def test_a_field_that_may_be_anything_is_no_result(kind: Any) -> None:  # noqa: ANN401 - any type expression
    """Only what is declared reaches a model or the log, so it must be declared."""
    with pytest.raises(errors.BadInput):
        schema.strict(create_model("Gave", __config__=STRICT, field=(kind, ...)), mode="serialization")


def test_a_type_without_a_word_in_json() -> None:
    """Named like the rest."""
    with pytest.raises(errors.BadInput, match="Took: Cannot generate"):
        schema.strict(create_model("Took", __config__=STRICT, field=(type, ...)))


@pytest.mark.parametrize(
    "name, right, wrong",
    [
        ("Amount", "49.00 USD", ["49 USD", "49.00", "49.00 XYZ", "-1.00 USD", "49,00 USD", "1e3.00 USD"]),
        ("Currency", "EUR", ["eur", "XYZ", "EURO", ""]),
        ("TimeZone", "Europe/Berlin", ["Berlin", "CEST", "+02:00", "../etc/passwd"]),
        ("Moment", "2026-07-03T09:00:00+02:00", ["2026-07-03T09:00:00", "tomorrow"]),
        ("Email", "ann@example.com", ["ann", "ann@", "a b@example.com", "<ann@example.com>"]),
        ("Country", "US", ["us", "USA", ""]),
    ],
)
def test_shared_fields_check_their_form(name: str, right: str, wrong: list[str]) -> None:
    """Amounts with a currency that exists, moments with their offset, zones of the IANA list."""
    adapter: TypeAdapter[Any] = TypeAdapter(getattr(fields, name))
    assert adapter.validate_python(right) in {right, _moment(right)}
    for text in wrong:
        with pytest.raises(ValueError, match=r"."):
            adapter.validate_python(text)


def _moment(text: str) -> object:
    return datetime.fromisoformat(text) if "T" in text else text
