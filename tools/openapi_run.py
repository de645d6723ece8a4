"""Calling an operation of an OpenAPI document: requests, pages, whose record it is, reading back. Builds no tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel

from config.outside import Owner, Pages, Probe
from state import errors
from tools import failures
from tools.base import Context
from tools.openapi_types import Tree, prune
from tools.request import Request

Place = Literal["path", "query", "body"]
ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """How an operation is asked. `places`: where each argument goes."""

    method: str
    path: str
    places: Mapping[str, Place]
    form: bool = False

    def request(self, given: Mapping[str, Any], key: str | None) -> Request:
        """The request for these arguments; null is not sent."""
        path, params, body = self.path, [], {}
        for name, value in given.items():
            place = self.places.get(name)
            if value is None or place is None:
                continue
            if place == "path":
                path = path.replace(f"{{{name}}}", _segment(value))
            elif place == "query":
                params += [(name, _text(one)) for one in (value if isinstance(value, list) else [value])]
            else:
                body[name] = value
        return Request(
            method=self.method,
            path=path,
            params=tuple(params),
            body=body if body or self.method not in {"GET", "DELETE"} else None,
            form=self.form,
            key=key,
        )


def _segment(value: object) -> str:
    """A value as one segment of a path; dots alone would lead to another operation."""
    text = str(value)
    if text in {"", ".", ".."}:
        raise errors.AskModel("an identifier cannot be empty or dots alone")
    return quote(text, safe="")


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a tool of an OpenAPI document does.

    `fixed`: arguments that are always the same; `keyed`: those that carry the idempotency key; `kept`: the fields of
    the answer that may be seen, `result` their model. `owned`, `probed`: the operations that `owner` and `probe` name.
    """

    system: str
    operation: Operation
    kept: Tree
    result: type[BaseModel]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    keyed: frozenset[str] = frozenset()
    pages: Pages | None = None
    owner: Owner | None = None
    owned: Operation | None = None
    probe: Probe | None = None
    probed: Operation | None = None

    async def call(self, arguments: BaseModel, context: Context) -> BaseModel:
        """Do it, once. Raises as the client of outside APIs does, and NotFound for what belongs to somebody else."""
        given = {**arguments.model_dump(mode="json"), **self.fixed, **dict.fromkeys(self.keyed, context.key)}
        await self._is_theirs(given, context)
        if self.pages:
            answer: Any = await self._all_pages(given, context, self.pages)
        else:
            answer = await self._ask(self.operation, given, context, key=context.key)
        self._check_owner(answer, context)
        return self._shown(answer)

    async def read_back(self, arguments: BaseModel, context: Context) -> BaseModel | None:
        """What the other side knows of a write by its key; None when it knows nothing."""
        probe, operation = self.probe, self.probed
        assert probe is not None  # noqa: S101 - only a tool with one is read back
        assert operation is not None  # noqa: S101 - the same
        given = {**arguments.model_dump(mode="json"), **self.fixed, "key": context.key}
        asked = {name: _filled(text, given) for name, text in probe.arguments.items()}
        try:
            answer = await self._ask(operation, asked, context)
        except failures.NotFound:
            return None
        rows = at(answer, probe.items) if probe.items else [answer]
        where = {path: _filled(text, given) for path, text in probe.where.items()}
        for row in rows if isinstance(rows, list) else []:
            if all(str(at(row, path)) == str(value) for path, value in where.items()):
                return self._shown(row)
        return None

    async def _ask(
        self, operation: Operation, given: Mapping[str, Any], context: Context, key: str | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        return await context.request(self.system, operation.request(given, key))

    async def _is_theirs(self, given: Mapping[str, Any], context: Context) -> None:
        """Look the record up before anything is done to it, where another operation says whose it is."""
        if self.owner is None or self.owned is None or not self.owner.operation:
            return
        asked = {name: _filled(text, given) for name, text in self.owner.arguments.items()}
        self._check(await self._ask(self.owned, asked, context), context)

    def _check_owner(self, answer: object, context: Context) -> None:
        if self.owner and not self.owner.operation:
            self._check(answer, context)

    def _check(self, record: object, context: Context) -> None:
        """Raise NotFound for somebody else's record: that it exists is nobody else's business either."""
        assert self.owner is not None  # noqa: S101 - both callers looked
        whose = getattr(context.caller, self.owner.equals)
        if whose is None or str(at(record, self.owner.field)) != str(whose):
            raise failures.NotFound("There is no such record on this account.")

    async def _all_pages(self, given: dict[str, Any], context: Context, pages: Pages) -> dict[str, Any]:
        """One answer with the items of all pages; what was had is kept when a later page fails."""
        answer = await self._ask(self.operation, given, context)
        found = _items(answer, pages)
        following = _following(answer, pages)
        for _ in range(pages.most - 1):
            if following is None:
                break
            try:
                answer = await self._ask(self.operation, {**given, pages.to: following}, context)
            except errors.RetryLater:
                break
            found += _items(answer, pages)
            following = _following(answer, pages)
        return {**_put(answer, pages.items, found), "complete": following is None}

    def _shown(self, answer: object) -> BaseModel:
        """Only the fields that may be seen, checked."""
        kept = {**self.kept, "complete": {}} if self.pages else self.kept
        return self.result.model_validate(prune(answer, kept))


def at(data: object, path: str | None) -> Any:  # noqa: ANN401 - JSON
    """The value at a path like `data[-1].id`; None where there is none."""
    for part in (path or "").split("."):
        name, last, _ = part.partition("[-1]")
        data = data.get(name) if isinstance(data, Mapping) else None
        if last:
            data = data[-1] if isinstance(data, list) and data else None
    return data


def _items(answer: object, pages: Pages) -> list[Any]:
    found = at(answer, pages.items)
    return list(found) if isinstance(found, list) else []


def _following(answer: object, pages: Pages) -> object | None:
    """What to ask the next page by; None when this was the last."""
    following = at(answer, pages.next)
    more = at(answer, pages.more) if pages.more else True
    return following if more and following != "" else None


def _put(answer: object, path: str, items: list[Any]) -> dict[str, Any]:
    """The answer with another list at a path."""
    made = dict(answer) if isinstance(answer, Mapping) else {}
    name, _, rest = path.partition(".")
    made[name] = _put(made.get(name), rest, items) if rest else items
    return made


def _filled(text: str, given: Mapping[str, Any]) -> Any:  # noqa: ANN401 - an argument's value
    """The argument that `{name}` names, or the text itself."""
    if text.startswith("{") and text.endswith("}"):
        found = given.get(text[1:-1], ABSENT)
        if found is ABSENT:
            raise errors.AskHuman(f"tools.yaml: {text} is no argument of this tool")
        return found
    return text
