"""Tools of MCP servers: which are on, of which kind and with which scopes is said by tools.yaml, never by the server.

A server's tools are reviewed once and pinned (`python -m bot mcp pin NAME`): names, words and schemas come from the
pin, so that a server that changes them later changes nothing here. Source: https://modelcontextprotocol.io/specification
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from config.outside import Argument, McpTool, Outside
from state import errors
from state.identity import Assurance
from tools import base, failures
from tools.base import Context, FromSession, Tool
from tools.openapi_types import Document, Tree, Types, model, prune, tree
from tools.request import Request

MAX_TEXT = 20_000


class Pinned(BaseModel):
    """One tool of a server, as reviewed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)
    result: dict[str, Any] | None = None


class Pin(BaseModel):
    """All tools of a server, as reviewed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tools: tuple[Pinned, ...] = ()

    def find(self, name: str) -> Pinned | None:
        """A tool by the server's name for it."""
        return next((one for one in self.tools if one.name == name), None)


class Said(BaseModel):
    """What a tool answers that declares no fields: text, of which the end may be missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str


def tools(outside: Outside) -> list[Tool]:
    """Every tool of tools.yaml's MCP servers. Raises BadInput naming server, tool and what is wrong."""
    return [tool for name in outside.mcp for tool in _of_server(name, outside)]


def _of_server(server: str, outside: Outside) -> Iterator[Tool]:
    given = outside.mcp[server]
    pin = read(outside.folder / given.pin, server) if given.tools else Pin()
    for name, wanted in given.tools.items():
        try:
            yield _tool(server, name, wanted, pin)
        except errors.BadInput as error:
            raise errors.BadInput(f"mcp {server}, tool {name}: {error}") from error


def read(path: Path, server: str) -> Pin:
    """A server's pin. Raises BadInput when there is none, or none that can be read."""
    try:
        return Pin.model_validate_json(path.read_bytes())
    except OSError as error:
        raise errors.BadInput(f"mcp {server}: {path.name} is not there; run: python -m bot mcp pin {server}") from error
    except ValueError as error:
        raise errors.BadInput(f"mcp {server}: {path.name} is no pin; run: python -m bot mcp pin {server}") from error


def write(path: Path, pin: Pin) -> None:
    """Keep a pin, in a form that shows in a review what changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    path.write_bytes(orjson.dumps(pin.model_dump(), option=options))


def _tool(server: str, name: str, wanted: McpTool, pin: Pin) -> Tool:
    pinned = pin.find(wanted.tool)
    if pinned is None:
        there = ", ".join(one.name for one in pin.tools) or "none"
        raise errors.BadInput(f"the server had no tool {wanted.tool!r} when it was pinned (it had {there})")
    keyed = frozenset(argument for argument, one in wanted.arguments.items() if one.source == "key")
    run = Run(
        server=server,
        tool=wanted.tool,
        writes=wanted.kind == "transact",
        fixed={argument: one.fixed for argument, one in wanted.arguments.items() if one.fixed is not None},
        keyed=keyed,
        kept=tree(wanted.result),
        result=_result(name, wanted, pinned),
    )
    effect: Literal["keyed", "probeable"] | None = None
    if wanted.kind == "transact":
        effect = "keyed" if keyed else "probeable"
    return base.declare(
        Tool(
            name=name,
            version=wanted.version,
            kind=wanted.kind,
            description=wanted.description or pinned.description.strip()[:300],
            arguments=_arguments(name, wanted, pinned),
            result=run.result,
            run=run.call,
            scopes=frozenset(wanted.scopes),
            assurance=Assurance(wanted.assurance),
            effect=effect,
            probe=cannot_be_read_back if effect == "probeable" else None,
            cache_s=wanted.cache_s,
        )
    )


def _arguments(name: str, wanted: McpTool, pinned: Pinned) -> type[BaseModel]:
    """The model of what a caller gives: what the tool insists on and what tools.yaml lists."""
    properties: Mapping[str, Any] = pinned.arguments.get("properties", {})
    if unknown := sorted(set(wanted.arguments) - set(properties)):
        raise errors.BadInput(f"{unknown[0]}: it has no such argument (it has {', '.join(properties) or 'none'})")
    types = Types(document=Document(pinned.arguments), name=name)
    needed = pinned.arguments.get("required", ())
    fields: dict[str, tuple[Any, Any]] = {}
    for argument, schema in properties.items():
        ours = wanted.arguments.get(argument) or Argument()
        if ours.fixed is not None or ours.source == "key":
            continue
        if ours.source:
            fields[argument] = Annotated[str, FromSession(ours.source)], Field()
        elif argument in needed or argument in wanted.arguments:
            required = argument in needed or ours.required
            fields[argument] = types.parameter(schema, argument, required=required, words=ours.description)
    return model(f"{name}_arguments", fields)


def _result(name: str, wanted: McpTool, pinned: Pinned) -> type[BaseModel]:
    if not wanted.result:
        return Said
    if pinned.result is None:
        raise errors.BadInput("result: the server declares no fields; leave it out, and the text it answers is taken")
    types = Types(document=Document(pinned.result), name=f"{name}_result", lenient=True)
    found: type[BaseModel] = types.of(pinned.result, "the answer", tree(wanted.result))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a tool of an MCP server does. `keyed`: the arguments that carry the idempotency key."""

    server: str
    tool: str
    writes: bool
    result: type[BaseModel]
    kept: Tree
    fixed: Mapping[str, Any] = field(default_factory=dict)
    keyed: frozenset[str] = frozenset()

    async def call(self, arguments: BaseModel, context: Context) -> BaseModel:
        """Call it, once."""
        given = {k: v for k, v in arguments.model_dump(mode="json").items() if v is not None}
        body = {**given, **self.fixed, **dict.fromkeys(self.keyed, context.key)}
        answer = await self._ask(context, body)
        if self.result is Said:
            return Said(text=str(answer.get("text") or "")[:MAX_TEXT])
        return self.result.model_validate(prune(answer.get("fields"), self.kept))

    async def _ask(self, context: Context, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Send it. A tool that ends in an error may have done half of its work: of a write, that is no refusal."""
        try:
            return await context.request(self.server, Request(method="POST", path=self.tool, body=body))
        except failures.Declined as error:
            if self.writes:
                raise failures.Uncertain(f"{self.server} answered with an error: {error}") from error
            raise


async def cannot_be_read_back(arguments: BaseModel, context: Context) -> BaseModel | None:
    """Nobody can be asked what became of such a write: a person decides."""
    del arguments, context
    raise failures.Unavailable("this server cannot be asked what became of it", reason="unknown")
