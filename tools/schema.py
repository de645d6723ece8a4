"""Schemas for model providers out of pydantic models, and the way back through the full model. Pure.

What a provider is told is lossy: OpenAI's strict subset, every property required, an optional one nullable. So whatever
comes back is validated again against the model itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, PydanticUserError, ValidationError

from state import errors

JSON = dict[str, Any]
M = TypeVar("M", bound=BaseModel)

MAX_DEPTH = 10
MAX_PROPERTIES = 5_000
MAX_ERRORS = 3
MAX_WORDS = 300
FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
KEPT = frozenset({"type", "enum", "description", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}) | {
    "multipleOf",
    "minItems",
    "maxItems",
}
SILENT = frozenset({"title", "default", "examples", "$defs", "$ref", "discriminator", "additionalProperties"}) | {
    "properties",
    "required",
    "items",
    "anyOf",
    "oneOf",
    "allOf",
    "const",
}
LOOK_AROUND = ("(?=", "(?!", "(?<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Strict:
    """A provider schema, and what was lost or looks unwise."""

    schema: JSON
    notes: tuple[str, ...]


def strict(
    model: type[BaseModel],
    *,
    hidden: Collection[str] = frozenset(),
    mode: Literal["validation", "serialization"] = "validation",
) -> Strict:
    """The strict provider schema of a model without its `hidden` fields. Raises BadInput where a field is free-form."""
    for one in (model, *nested_models(model)):
        _check_aliases(one)
    try:
        whole = model.model_json_schema(mode=mode)
    except PydanticUserError as error:  # a type that JSON has no word for
        raise errors.BadInput(f"{model.__name__}: {str(error).splitlines()[0]}") from error
    if "$ref" in whole:  # pydantic writes a model that refers to itself like this
        whole = {**whole["$defs"][model.__name__], "$defs": whole["$defs"]}
    whole["properties"] = {k: v for k, v in whole.get("properties", {}).items() if k not in hidden}
    walk = _Walk(definitions=whole.get("$defs", {}))
    if whole.get("type") != "object":
        raise errors.BadInput(f"{model.__name__}: the outermost value must be an object with named fields")
    made = walk.convert(whole, "", 0)
    made.pop("description", None)  # the model's docstring is for us; the tool's own is sent beside the schema
    return Strict(schema=made, notes=(*walk.notes, *_optional_note(whole)))


def _check_aliases(model: type[BaseModel]) -> None:
    for name, info in model.model_fields.items():
        if info.alias or info.validation_alias or info.serialization_alias:
            raise errors.BadInput(f"{name}: aliases are not supported; call the field what it is called outside")


def _optional_note(whole: JSON) -> tuple[str, ...]:
    names = whole["properties"]
    optional = [name for name in names if name not in whole.get("required", ())]
    if len(optional) > 3 and len(optional) * 2 > len(names):
        return (f"{len(optional)} of {len(names)} arguments are optional; models guess then, split it instead",)
    return ()


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One pass over a JSON schema: references inlined, everything outside the strict subset noted or refused."""

    definitions: JSON
    notes: list[str] = field(default_factory=list)
    count: int = 0

    def convert(self, node: JSON, path: str, depth: int) -> JSON:
        node = self._resolved(node)
        if node.get("contentMediaType") == "application/json":
            raise errors.BadInput(f"{path}: text that holds JSON (Json) is free-form; write a model with named fields")
        if depth > MAX_DEPTH:
            raise errors.BadInput(f"{path}: nested deeper than {MAX_DEPTH} levels, or refers to itself")
        made = {key: value for key, value in node.items() if key in KEPT}
        made |= self._text_rules(node, path)
        if "const" in node:
            made["enum"] = [node["const"]]
        options = node.get("anyOf") or node.get("oneOf")
        if options:
            made["anyOf"] = [self.convert(option, path, depth + 1) for option in options]
        elif node.get("type") == "object":
            made |= self._object(node, path, depth)
        elif node.get("type") == "array":
            made["items"] = self._items(node, path, depth)
        elif "type" not in node and "enum" not in made:
            raise errors.BadInput(f"{path or 'a field'}: accepts anything (Any); name its type")
        return made

    def _resolved(self, node: JSON) -> JSON:
        """Put the definition in the place of its reference; words beside the reference win."""
        if len(node.get("allOf", ())) == 1:
            node = {**node["allOf"][0], **{k: v for k, v in node.items() if k != "allOf"}}
        if "$ref" not in node:
            return node
        target = self.definitions[node["$ref"].rpartition("/")[2]]
        return {**target, **{key: value for key, value in node.items() if key != "$ref"}}

    def _text_rules(self, node: JSON, path: str) -> JSON:
        """Keep the formats and patterns providers know; note every rule that is lost."""
        kept: JSON = {}
        if node.get("format") in FORMATS:
            kept["format"] = node["format"]
        if "pattern" in node and not any(sign in node["pattern"] for sign in LOOK_AROUND):
            kept["pattern"] = node["pattern"]
        lost = [key for key in node if key not in KEPT and key not in SILENT and key not in kept]
        self.notes.extend(f"{path}: {key} is checked by us only, models are not told" for key in lost)
        return kept

    def _object(self, node: JSON, path: str, depth: int) -> JSON:
        if "properties" not in node and node.get("additionalProperties") is not False:
            raise errors.BadInput(f"{path}: a free-form object (dict) is not allowed; write a model with named fields")
        if node.get("additionalProperties") is not False:
            raise errors.BadInput(f"{path or 'the model'}: set model_config = ConfigDict(extra='forbid')")
        names = node.get("properties", {})
        self.count += len(names)
        if self.count > MAX_PROPERTIES:
            raise errors.BadInput(f"more than {MAX_PROPERTIES} properties")
        required = node.get("required", ())
        made = {}
        for name, inner in names.items():
            shown = self.convert(inner, f"{path}.{name}".lstrip("."), depth + 1)
            made[name] = shown if name in required else _nullable(shown)
        return {"properties": made, "required": list(made), "additionalProperties": False}

    def _items(self, node: JSON, path: str, depth: int) -> JSON:
        if "prefixItems" in node or "items" not in node:
            raise errors.BadInput(f"{path}: a list needs one type for all its items")
        return self.convert(node["items"], f"{path}[]", depth + 1)


def _nullable(node: JSON) -> JSON:
    options = node.get("anyOf", ())
    if {"type": "null"} in options:
        return node
    if options:
        return {**node, "anyOf": [*options, {"type": "null"}]}
    words = {"description": node["description"]} if "description" in node else {}
    return {**words, "anyOf": [{k: v for k, v in node.items() if k != "description"}, {"type": "null"}]}


def nested_models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Every model used inside this one, itself excluded."""
    seen: set[type[BaseModel]] = {model}
    ahead = [model]
    while ahead:
        for info in ahead.pop().model_fields.values():
            for found in _models_in(info.annotation):
                if found not in seen:
                    seen.add(found)
                    ahead.append(found)
                    yield found


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401  any type expression
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def validate(model: type[M], given: object, *, filled: Mapping[str, Any] | None = None) -> M:
    """Check what a provider sent against the full model; null stands for "not given".

    `filled` are the arguments that come from the session; nobody else may give them. Raises AskModel with a short text
    that names each field and its problem.
    """
    filled = filled or {}
    if not isinstance(given, Mapping):
        raise errors.AskModel("the arguments must be one JSON object")
    for name in filled:
        if name in given:
            raise errors.AskModel(f"{name}: is not an argument of this tool")
    try:
        return model.model_validate({**_without_nulls(model, given), **filled})
    except ValidationError as error:
        raise errors.AskModel(explain(error)) from error


def _without_nulls(model: type[BaseModel], given: Mapping[str, Any]) -> JSON:
    kept: JSON = {}
    for name, value in given.items():
        info = model.model_fields.get(name)
        if info is None:
            kept[name] = value
        elif value is not None or info.is_required():
            kept[name] = _inner_without_nulls(info.annotation, value)
    return kept


def _inner_without_nulls(annotation: Any, value: Any) -> Any:  # noqa: ANN401  any type expression, any JSON
    if not isinstance(value, (dict, list)):
        return value
    models = _models_in(annotation)
    if len(models) != 1:  # a choice between models cannot be read before it is validated
        return value
    if isinstance(value, dict):
        return _without_nulls(models[0], value)
    return [_without_nulls(models[0], item) if isinstance(item, dict) else item for item in value]


def explain(error: ValidationError) -> str:
    """The first problems of a validation, field by field, in words for a model or a person; never the input itself."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    words = [f"{_place(one['loc'])}: {_problem(one['type'], one['msg'])}" for one in found[:MAX_ERRORS]]
    if len(found) > MAX_ERRORS:
        words.append(f"and {len(found) - MAX_ERRORS} more")
    return "; ".join(words)[:MAX_WORDS]


def _place(where: tuple[int | str, ...]) -> str:
    return ".".join(str(part)[:40] for part in where) or "arguments"


def _problem(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is not an argument of this tool"
    message = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return message[:1].lower() + message[1:]
