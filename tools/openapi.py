"""Tools out of an OpenAPI document: tools.yaml names the operations and says what they may do. Python is not needed.

Source: OpenAPI 3.0 and 3.1, https://spec.openapis.org/oas/latest.html. Of the parameters those in path and query are
sent; a header or a cookie that an operation insists on is refused, since a model has no business there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, Field

from config import files
from config.outside import Argument, OpenApi, OpenApiTool, Outside
from state import errors
from state.identity import Assurance
from tools import base, openapi_run
from tools.base import FromSession, Tool
from tools.openapi_run import Operation, Place
from tools.openapi_types import Document, Json, Tree, Types, model, tree

METHODS = ("get", "post", "put", "patch", "delete")
SENT: Mapping[str, Place] = {"path": "path", "query": "query"}
FORM = "application/x-www-form-urlencoded"
COMPLETE = "complete"


def tools(outside: Outside) -> list[Tool]:
    """Every tool of every document of tools.yaml. Raises BadInput naming document, tool and what is wrong."""
    return [tool for spec in outside.openapi for tool in _of_document(spec, outside.folder / spec.spec)]


def _of_document(spec: OpenApi, path: Path) -> Iterator[Tool]:
    document = _read(path)
    operations = {name: one for one in _operations(document) for name in one.names}
    for name, wanted in spec.tools.items():
        try:
            yield _Made(name=name, system=spec.system, wanted=wanted, document=document, operations=operations).tool()
        except errors.BadInput as error:
            raise errors.BadInput(f"{path.name}, tool {name}: {error}") from error


def _read(path: Path) -> Document:
    try:
        data = files.parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise errors.BadInput(f"{path.name}: cannot be read ({str(error).splitlines()[0]})") from error
    if not isinstance(data, Mapping) or not str(data.get("openapi", "")).startswith("3."):
        raise errors.BadInput(f"{path.name}: is no OpenAPI 3 document; convert it to one")
    return Document(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """One operation as the document has it."""

    method: str
    path: str
    data: Json
    shared: tuple[object, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What tools.yaml may call it."""
        return (str(self.data.get("operationId") or ""), f"{self.method} {self.path}")


def _operations(document: Document) -> Iterator[_Listed]:
    paths = document.data.get("paths")
    for path, found in (paths if isinstance(paths, Mapping) else {}).items():
        item = document.resolved(found)
        for method in METHODS:
            if isinstance(item.get(method), Mapping):
                shared = tuple(item.get("parameters", ()))
                yield _Listed(method=method.upper(), path=str(path), data=item[method], shared=shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A parameter or a field of the body, as the document has it."""

    name: str
    place: Place
    schema: object
    required: bool
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """One tool in the making."""

    name: str
    system: str
    wanted: OpenApiTool
    document: Document
    operations: Mapping[str, _Listed]

    def tool(self) -> Tool:
        """The tool, checked."""
        wanted, listed = self.wanted, self._listed(self.wanted.operation)
        kept = tree(wanted.result)
        self._check_names(listed)
        run = openapi_run.Run(
            system=self.system,
            operation=self._operation(listed),
            fixed={name: one.fixed for name, one in wanted.arguments.items() if one.fixed is not None},
            keyed=frozenset(name for name, one in wanted.arguments.items() if one.source == "key"),
            kept=kept,
            result=self._result(listed, kept),
            pages=wanted.pages,
            owner=wanted.owner,
            owned=self._operation(self._listed(wanted.owner.operation)) if wanted.owner else None,
            probe=wanted.probe,
            probed=self._operation(self._listed(wanted.probe.operation)) if wanted.probe else None,
        )
        return base.declare(
            Tool(
                name=self.name,
                version=wanted.version,
                kind=wanted.kind,
                description=wanted.description or self._description(listed),
                arguments=self._arguments(listed),
                result=run.result,
                run=run.call,
                scopes=frozenset(wanted.scopes),
                assurance=Assurance(wanted.assurance),
                needs_customer=bool(wanted.owner and wanted.owner.equals == "customer_id"),
                effect=wanted.effect,
                cache_s=wanted.cache_s,
                probe=run.read_back if wanted.probe else None,
            )
        )

    def _listed(self, name: str) -> _Listed:
        """An operation by name; "" is the tool's own."""
        found = self.operations.get(name or self.wanted.operation)
        if found is None:
            raise errors.BadInput(f"there is no operation {name!r}; write its operationId, or METHOD /path")
        return found

    def _check_names(self, listed: _Listed) -> None:
        """Every argument that tools.yaml names is one of its operation."""
        wanted, own = self.wanted, set(self._given(listed))
        named: list[tuple[str, set[str], set[str]]] = [("arguments", set(wanted.arguments), own)]
        if wanted.pages:
            named.append(("pages.to", {wanted.pages.to}, own))
        for place, call in (("owner", wanted.owner), ("probe", wanted.probe)):
            if call and call.operation:
                named.append((place, set(call.arguments), set(self._given(self._listed(call.operation)))))
        for place, names, known in named:
            if unknown := sorted(names - known):
                there = ", ".join(sorted(known)) or "none"
                raise errors.BadInput(f"{place}: the operation has no argument {unknown[0]!r} (it has {there})")

    def _description(self, listed: _Listed) -> str:
        text = str(listed.data.get("summary") or listed.data.get("description") or "").strip()
        return text[:300]

    def _given(self, listed: _Listed) -> dict[str, _Given]:
        """Everything that may be sent, by name."""
        found: dict[str, _Given] = {}
        for one in (*self._parameters(listed), *self._body(listed)):
            first = found.setdefault(one.name, one)
            if first.place != one.place and (one.required or one.name in self.wanted.arguments):
                raise errors.BadInput(f"{one.name}: stands twice, in {first.place} and {one.place}")
        return found

    def _parameters(self, listed: _Listed) -> Iterator[_Given]:
        own = [self.document.resolved(one) for one in listed.data.get("parameters", ())]
        shared = [self.document.resolved(one) for one in listed.shared]
        for one in (*own, *shared):
            place = SENT.get(str(one.get("in")))
            if place:
                yield _Given(
                    name=str(one.get("name")),
                    place=place,
                    schema=one.get("schema", {}),
                    required=bool(one.get("required")) or place == "path",
                    description=str(one.get("description") or ""),
                )
            elif one.get("required"):
                raise errors.BadInput(f"insists on {one.get('name')!r} in a {one.get('in')}; it cannot be a tool")

    def _body(self, listed: _Listed) -> Iterator[_Given]:
        schema = self._schema_of(listed.data.get("requestBody"))
        if schema is None:
            return
        needed = schema.get("required", ())
        for name, inner in schema.get("properties", {}).items():
            words = str(self.document.resolved(inner).get("description") or "")
            yield _Given(name=str(name), place="body", schema=inner, required=name in needed, description=words)

    def _schema_of(self, content: object) -> Json | None:
        """The schema of a body or an answer, as JSON or as a form."""
        if content is None:
            return None
        kinds = self.document.resolved(content).get("content", {})
        for kind, media in kinds.items() if isinstance(kinds, Mapping) else ():
            if "json" in kind or kind == FORM:
                return self.document.resolved(media.get("schema", {}))
        return None

    def _is_form(self, listed: _Listed) -> bool:
        body = listed.data.get("requestBody")
        kinds = self.document.resolved(body).get("content", {}) if body is not None else {}
        return FORM in kinds and not any("json" in kind for kind in kinds)

    def _operation(self, listed: _Listed) -> Operation:
        places = {name: one.place for name, one in self._given(listed).items()}
        return Operation(method=listed.method, path=listed.path, places=places, form=self._is_form(listed))

    def _arguments(self, listed: _Listed) -> type[BaseModel]:
        """The model of what a caller gives: what the API insists on and what tools.yaml lists."""
        types = Types(document=self.document, name=self.name)
        fields = {}
        for name, one in self._given(listed).items():
            ours = self.wanted.arguments.get(name)
            if (one.required or ours) and not (ours and (ours.fixed is not None or ours.source == "key")):
                fields[name] = self._argument(types, one, ours or Argument())
        return model(f"{self.name}_arguments", fields)

    def _argument(self, types: Types, one: _Given, ours: Argument) -> tuple[Any, Any]:
        if ours.source is not None:
            return Annotated[str, FromSession(ours.source)], Field()
        required = one.required or ours.required
        return types.parameter(one.schema, one.name, required=required, words=ours.description or one.description)

    def _result(self, listed: _Listed, kept: Tree) -> type[BaseModel]:
        """The model of what may be seen of the answer."""
        answers = listed.data.get("responses", {})
        good = next((answers[code] for code in sorted(answers, key=str) if str(code).startswith("2")), None)
        schema = self._schema_of(good)
        if schema is None:
            raise errors.BadInput("the document does not say what a good answer looks like (responses: 2xx, as JSON)")
        types = Types(document=self.document, name=f"{self.name}_result", lenient=True)
        made = types.of(schema, "the answer", kept)
        if not (isinstance(made, type) and issubclass(made, BaseModel)):
            raise errors.BadInput("the answer must be one object; a bare list cannot be told apart from its pages")
        if self.wanted.pages is None:
            return made
        fields = {name: (info.annotation, info) for name, info in made.model_fields.items()}
        words = "Whether this is all there is."
        return model(f"{self.name}_result", {**fields, COMPLETE: (bool, Field(default=True, description=words))})
