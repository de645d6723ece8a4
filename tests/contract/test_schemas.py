"""What callers rest on: the tools' schemas are as committed, and a change that breaks callers is another version."""

from __future__ import annotations

import argparse
from copy import deepcopy
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from bot import schemas
from config.settings import Settings
from state import errors
from tools import snapshot
from tools.base import Context, Tool, tool
from tools.catalog import Catalog


def test_the_schemas_are_as_committed() -> None:
    """A change that breaks callers fails here for good; an addition until it is written: the message says how."""
    now, before = snapshot.taken(Catalog.load()), schemas.read(schemas.COMMITTED)
    assert [] == snapshot.breaking(before, now)
    assert before == now, f"run {schemas.WRITE}"
    assert schemas.written(now) == schemas.COMMITTED.read_bytes()


STRICT = ConfigDict(extra="forbid")


class Row(BaseModel):
    """A row of a result."""

    model_config = STRICT
    number: int
    note: str | None


def pay(version: int = 1, **changes: Any) -> dict[str, snapshot.JSON]:
    """A tool's picture; `changes`: arguments and result fields (`out_…`) other than it has. None: left out."""
    arguments: dict[str, Any] = {
        "amount": (Annotated[str, Field(pattern="^[0-9]+$")], ...),
        "plan_type": (Literal["basic", "pro"], ...),
        "count": (Annotated[int, Field(ge=1, le=9)], 1),
        "note": (str | None, None),
    }
    result: dict[str, Any] = {"state": (Literal["new", "old"], ...), "rows": (list[Row], ...)}
    for name, kind in changes.items():
        target = result if name.startswith("out_") else arguments
        target.pop(key := name.removeprefix("out_"), None)
        target.update({key: kind} if kind else {})
    took = create_model("Took", __config__=STRICT, **arguments)
    gave = create_model("Gave", __config__=STRICT, **result)

    async def pay(arguments: BaseModel, context: Context) -> BaseModel:
        """Pay."""
        return gave()

    pay.__annotations__ = {"arguments": took, "context": Context, "return": gave}
    made: Tool = tool(kind="lookup", version=version)(pay)
    return snapshot.taken(Catalog([made]))


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"note": None}, "argument note was removed"),
        ({"reason": (str, ...)}, "argument reason is new and required"),
        ({"plan_type": (Literal["basic"], ...)}, "argument plan_type takes fewer values: pro"),
        ({"note": (Literal["a"] | None, None)}, "argument note takes fewer values: only those of a list"),
        ({"amount": (int, ...)}, "argument amount does not take string any more"),
        ({"count": (Annotated[int, Field(ge=1, le=9)], ...)}, "argument count does not take null any more"),
        ({"count": (Annotated[int, Field(ge=2, le=9)], 2)}, "argument count is checked more strictly (minimum 2)"),
        ({"count": (Annotated[int, Field(ge=1, le=8)], 1)}, "argument count is checked more strictly (maximum 8)"),
        ({"amount": (Annotated[str, Field(pattern="^[1-9]+$")], ...)}, "argument amount is checked more strictly"),
        ({"out_state": None}, "result field state was removed"),
        ({"out_state": (int, ...)}, "result field state may be integer now"),
        ({"out_state": (Literal["new", "old"] | None, ...)}, "result field state may be null now"),
        ({"out_rows": (list[str], ...)}, "result field rows[] may be string now"),
    ],
)
def test_what_breaks_callers(change: dict[str, Any], problem: str) -> None:
    """The line names the tool, the field, the problem and the remedy; as another version it is fine."""
    (line,) = snapshot.breaking(pay(), pay(**change))
    assert line.startswith(f"pay@1: {problem}")
    assert line.endswith("; make it version=2 and keep pay@1 beside it")
    assert [] == snapshot.breaking(pay(), pay() | pay(version=2, **change))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"reason": (str | None, None)},
        {"plan_type": (Literal["basic", "pro", "max"], ...)},
        {"plan_type": (str, ...)},
        {"count": (Annotated[int, Field(ge=0, le=99)], 1)},
        {"amount": (str, ...)},
        {"amount": (Annotated[str, Field(pattern="^[0-9]+$", description="How much")] | None, None)},
        {"out_more": (int, ...)},
        {"out_state": (Literal["new"], ...)},
        {"out_state": (Literal["new", "old", "gone"], ...)},
    ],
)
def test_what_does_not(change: dict[str, Any]) -> None:
    """Whoever called before goes on as before."""
    assert [] == snapshot.breaking(pay(), pay(**change))


def test_nested_fields_tools_and_kinds() -> None:
    """A field of a row, a tool that went, a version that went when a newer one is there, a lookup that writes now."""
    now = deepcopy(pay())
    del now["pay@1"]["result"]["properties"]["rows"]["items"]["properties"]["note"]
    assert "result field rows[].note was removed" in snapshot.breaking(pay(), now)[0]
    assert "pay@1: was removed" in snapshot.breaking(pay(), {})[0]
    assert [] == snapshot.breaking(pay(), pay(version=2))
    now = pay()
    now["pay@1"]["kind"] = "transact"
    assert "is a transact now, not a lookup" in snapshot.breaking(pay(), now)[0]


def test_the_command(tmp_path: Path) -> None:
    """It compares, writes additions, and refuses to write over what breaks callers unless told to."""
    path = tmp_path / "schemas.json"
    settings = Settings.load({}, root=tmp_path)

    def run(*words: str) -> str:
        parser = argparse.ArgumentParser()
        schemas.arguments(parser)
        return "\n".join(schemas.run(parser.parse_args([*words, "--file", str(path)]), settings))

    with pytest.raises(errors.BadInput, match=r"is not up to date .*run python -m bot schemas --write"):
        run()
    assert "are in schemas.json" in run("--write")
    assert "are as in schemas.json" in run()
    before = schemas.read(path)
    before["get_invoice@1"]["result"]["properties"]["gone"] = {"type": "string"}
    path.write_bytes(schemas.written(before))
    for words in ((), ("--write",)):
        with pytest.raises(errors.BadInput, match=r"get_invoice@1: result field gone was removed; make it version=2"):
            run(*words)
    run("--write", "--breaking")
    assert schemas.COMMITTED.read_bytes() == path.read_bytes()
