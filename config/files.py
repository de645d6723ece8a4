"""Reading a YAML file into a typed model: every mistake is one line that names the file and the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

try:
    from yaml import CSafeLoader as _Loader  # reads the same, ten times as fast: most of a start was this
except ImportError:  # a PyYAML that was built without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

Model = TypeVar("Model", bound=BaseModel)


def parsed(text: str) -> Any:  # noqa: ANN401  whatever the text says
    """What a YAML text says: plain data, no objects. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_Loader)


def read(path: Path, model: type[Model]) -> Model:
    """Read a file; an empty one is a model of defaults. Raises ValueError: one line, what is wrong and where."""
    return read_with_body(path, model)[0]


def read_with_body(path: Path, model: type[Model]) -> tuple[Model, bytes]:
    """Read a file, and give the bytes that were read as well."""
    try:
        body = path.read_bytes()
        data: Any = parsed(body.decode("utf-8"))
        return model.model_validate({} if data is None else data), body
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "as a whole"
        raise ValueError(f"{path.name} {where}: {first['msg'].removeprefix('Value error, ')}") from error
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: {str(error).splitlines()[0]}") from error
