"""Reading a YAML file into a typed model: every mistake is one line that names the file and the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def read(path: Path, model: type[Model]) -> Model:
    """Read a file; an empty one is a model of defaults. Raises ValueError: one line, what is wrong and where."""
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return model.model_validate({} if data is None else data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "as a whole"
        raise ValueError(f"{path.name} {where}: {first['msg'].removeprefix('Value error, ')}") from error
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: {str(error).splitlines()[0]}") from error
