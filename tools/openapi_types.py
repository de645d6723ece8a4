"""Types out of the schemas of an OpenAPI document, as pydantic models: closed, named and bounded, or refused. Pure."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from pydantic_core import SchemaError

from state import errors

Json = Mapping[str, Any]
MAX_DEPTH = 8
MAX_WORDS = 300
NUMBERS: Mapping[str, str] = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}
SIMPLE: Mapping[str | None, type] = {"string": str, "integer": int, "number": float, "boolean": bool}
TEXTS: Mapping[str, str] = {"minLength": "min_length", "maxLength": "max_length"}
CONFIG = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())
LENIENT: ConfigDict = {**CONFIG, "extra": "ignore", "json_schema_extra": {"additionalProperties": False}}
"""An answer may have fields that its document does not know yet. They are not seen, as no other undeclared one is."""


@dataclass(frozen=True, slots=True)
class Document:
    """An OpenAPI document; references are followed within it alone."""

    data: Json

    def resolved(self, node: object) -> Json:
        """What a reference names; raises BadInput where it leads nowhere, out of the document, or in a circle."""
        for _ in range(MAX_DEPTH):
            if not isinstance(node, Mapping):
                raise errors.BadInput("a schema must be an object")
            if "$ref" not in node:
                return node
            node = self._at(str(node["$ref"]))
        raise errors.BadInput("references go in a circle")

    def _at(self, reference: str) -> object:
        if not reference.startswith("#/"):
            raise errors.BadInput(f"{reference}: only references within the document are followed")
        found: object = self.data
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or name not in found:
                raise errors.BadInput(f"{reference}: there is no such thing in the document")
            found = found[name]
        return found


Tree = dict[str, "Tree"]
"""Which fields of an answer are kept; an empty one keeps all that is under it."""


def tree(paths: tuple[str, ...]) -> Tree:
    """The fields named by paths like `data.id`; lists are passed through."""
    made: Tree = {}
    for path in paths:
        at = made
        for name in path.split("."):
            at = at.setdefault(name, {})
    return made


def prune(data: Any, kept: Tree) -> Any:  # noqa: ANN401 - any JSON
    """Only the fields that are kept; lists are passed through."""
    if isinstance(data, list):
        return [prune(item, kept) for item in data]
    if not kept or not isinstance(data, Mapping):
        return data
    return {name: prune(data[name], inner) for name, inner in kept.items() if name in data}


@dataclass(slots=True, kw_only=True)
class Types:
    """One pass over the schemas of one tool. `lenient`: for answers, which outlive new values of an enum."""

    document: Document
    name: str
    lenient: bool = False
    made: int = field(default=0)

    def of(self, node: object, place: str, kept: Tree | None = None, depth: int = 0) -> Any:  # noqa: ANN401 - a type
        """The type of a schema; with `kept`, of those fields alone. Raises BadInput naming the place and why."""
        schema = self.document.resolved(node)
        if depth > MAX_DEPTH:
            raise errors.BadInput(f"{place}: nested deeper than {MAX_DEPTH} levels; name fewer fields")
        found = self._bare(_merged(self.document, schema), place, kept or {}, depth)
        return found | None if _is_nullable(schema) else found

    def _bare(self, schema: Json, place: str, kept: Tree, depth: int) -> Any:  # noqa: ANN401 - a type
        if "const" in schema or "enum" in schema:
            return self._enum(schema, place)
        options = schema.get("oneOf") or schema.get("anyOf")
        if options:
            return self._union(options, place, kept, depth)
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, place, kept, depth)
        if kind == "array":
            return list[self.of(schema.get("items", {}), f"{place}[]", kept, depth + 1)]  # type: ignore[misc]
        if kind not in SIMPLE:
            raise errors.BadInput(f"{place}: accepts anything; leave it out, or write its type into the document")
        return self._text(schema) if kind == "string" else Annotated[SIMPLE[kind], _rules(schema, NUMBERS)]

    def _enum(self, schema: Json, place: str) -> Any:  # noqa: ANN401 - a type
        given = [schema["const"]] if "const" in schema else schema["enum"]
        allowed = tuple(value for value in given if value is not None)
        if not allowed or not all(isinstance(value, str | int) for value in allowed):
            raise errors.BadInput(f"{place}: an enum of texts or whole numbers is wanted")
        if self.lenient:
            return str if all(isinstance(value, str) for value in allowed) else int
        return Literal[allowed]

    def _union(self, options: object, place: str, kept: Tree, depth: int) -> Any:  # noqa: ANN401 - a type
        if not isinstance(options, list):
            raise errors.BadInput(f"{place}: a list of choices is wanted")
        told = [option for option in options if self.document.resolved(option).get("type") != "null"]
        types = tuple(self.of(option, place, kept, depth + 1) for option in told)
        if not types:
            raise errors.BadInput(f"{place}: accepts nothing")
        found = types[0] if len(types) == 1 else Union[types]  # noqa: UP007 - the types are known at run time only
        return found | None if len(told) < len(options) else found

    def _text(self, schema: Json) -> Any:  # noqa: ANN401 - a type
        match schema.get("format"):
            case "date":
                return date
            case "date-time":
                return datetime
        rules = _rules(schema, TEXTS)
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and not self.lenient and _is_usable(pattern):
            return Annotated[str, rules, Field(pattern=pattern)]
        return Annotated[str, rules]

    def _object(self, schema: Json, place: str, kept: Tree, depth: int) -> type[BaseModel]:
        known = schema.get("properties")
        if not isinstance(known, Mapping) or not known:
            raise errors.BadInput(f"{place}: a free-form object; leave it out, or name its fields in the document")
        missing = next((name for name in kept if name not in known), None)
        if missing:
            raise errors.BadInput(f"{place}: has no field {missing!r} (there are {', '.join(sorted(known))})")
        needed = schema.get("required", ())
        fields = {
            name: self.parameter(inner, f"{place}.{name}".lstrip("."), kept.get(name), depth, required=name in needed)
            for name, inner in known.items()
            if name in kept or not kept
        }
        self.made += 1
        return model(f"{self.name}_{self.made}", fields, LENIENT if self.lenient else CONFIG)

    def parameter(
        self, node: object, place: str, kept: Tree | None = None, depth: int = 0, *, required: bool, words: str = ""
    ) -> tuple[Any, Any]:
        """A field of a model: its type, and its default when it may be left out. `words` for what the schema says."""
        found = self.of(node, place, kept, depth + 1)
        words = (words or str(self.document.resolved(node).get("description") or "")).strip()[:MAX_WORDS]
        shown = words if words and not self.lenient else None
        return (found, Field(description=shown)) if required else (found | None, Field(default=None, description=shown))


def model(name: str, fields: Mapping[str, tuple[Any, Any]], config: ConfigDict = CONFIG) -> type[BaseModel]:
    """A model with these fields and no others."""
    wrong = next((field for field in fields if field.startswith("_")), None)
    if wrong:
        raise errors.BadInput(f"{wrong}: a name cannot begin with an underscore; leave it out")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an API may well call a field `json` or `copy`; we call no such method
        made: type[BaseModel] = create_model(name, __config__=config, **fields)  # type: ignore[call-overload]
    return made


def _merged(document: Document, schema: Json) -> Json:
    """An object whose parts are said by `allOf`, in one."""
    parts = schema.get("allOf")
    if not isinstance(parts, list):
        return schema
    found: dict[str, Any] = {name: value for name, value in schema.items() if name != "allOf"}
    for part in parts:
        inner = _merged(document, document.resolved(part))
        properties = {**inner.get("properties", {}), **found.get("properties", {})}
        required = [*found.get("required", ()), *inner.get("required", ())]
        found = {**inner, **found, "properties": properties, "required": required}
    return found


def _kind(schema: Json) -> str | None:
    kind = schema.get("type")
    if isinstance(kind, list):
        named = [one for one in kind if one != "null"]
        return str(named[0]) if len(named) == 1 else None
    if kind is None and "properties" in schema:
        return "object"
    return str(kind) if kind else None


def _is_nullable(schema: Json) -> bool:
    kind = schema.get("type")
    return schema.get("nullable") is True or (isinstance(kind, list) and "null" in kind)


def _rules(schema: Json, names: Mapping[str, str]) -> Any:  # noqa: ANN401 - a FieldInfo
    """The bounds that a schema sets."""
    return Field(**dict(_bounds(schema, names)))


def _bounds(schema: Json, names: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for theirs, ours in names.items():
        value = schema.get(theirs)
        if isinstance(value, int | float) and not isinstance(value, bool):  # OpenAPI 3.0 has true in exclusiveMinimum
            yield ours, value


def _is_usable(pattern: str) -> bool:
    """Whether our validator takes a pattern; one with look-around is the other side's to check."""
    try:
        TypeAdapter(Annotated[str, Field(pattern=pattern)])
    except SchemaError:
        return False
    return True
