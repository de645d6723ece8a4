"""What is known about a model by its name, read from config/models.yaml. Asks no provider."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from config import files
from state import errors

_STRICT = ConfigDict(frozen=True, extra="forbid")


class Price(BaseModel):
    """US dollars per million tokens; `cached`: input the provider had in its cache, where the price is known."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    input: float = Field(alias="in")
    output: float = Field(alias="out")
    cached: float | None = None


class Known(BaseModel):
    """One model's row; the meaning of each field stands at the top of models.yaml."""

    model_config = _STRICT

    dialect: Literal["openai", "portable"] = "portable"
    reasoning: bool = False
    effort: str | None = None
    chat_tools: Literal["yes", "effort_none", "no"] = "yes"
    allowed_tools: bool = False
    ends: dt.date | None = None
    price: Price | None = None

    @property
    def portable(self) -> bool:
        """Whether only what every compatible server takes may be sent."""
        return self.dialect == "portable"


class Table(BaseModel):
    """The whole file. `checked`: when somebody last compared it with the provider."""

    model_config = _STRICT

    checked: dt.date
    reasoning_room: int = Field(ge=0)
    models: dict[str, Known]

    def find(self, name: str) -> Known:
        """Find the row of a model: its own, else the longest pattern that fits, else what is safe everywhere.

        A dated name (`gpt-6-luna-2026-09-22`) is the model without its date.
        """
        for own in (name, _undated(name)):
            if own in self.models:
                return self.models[own]
        fitting = [key for key in self.models if key.endswith("*") and name.startswith(key[:-1])]
        return self.models[max(fitting, key=len)] if fitting else Known()


def _undated(name: str) -> str:
    try:
        dt.date.fromisoformat(name[-10:])
    except ValueError:
        return name
    return name[:-11]


def read(path: Path) -> Table:
    """Read a models.yaml. Raises BadInput naming the file and the first thing that is wrong."""
    try:
        return Table.model_validate(files.parsed(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise errors.BadInput(f"{path.name}: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise errors.BadInput(f"{path.name}: {where}: {first['msg']}") from error
