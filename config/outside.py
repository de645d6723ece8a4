"""tools.yaml, typed: outside APIs, and which of their operations are tools. Secrets stand in it by name only.

A tool is on because it is listed; what a spec or a server offers besides is off.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, model_validator

from config import files, keys, values

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Setting = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,63}$")]
FieldPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+|\[-1\])*$")]
OneField = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$")]
ADDRESS: TypeAdapter[str] = TypeAdapter(values.HttpUrl)
Fact = Literal["customer_id", "user_id", "session_id", "channel", "key"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Auth(_Strict):
    """How an API knows us. `secret`: the name of the setting (or of a NAME_FILE) that has it; `kind` is how it is sent.

    `bearer` in Authorization, `basic` as `user:password` in Authorization, `header` in the header named `header`.
    """

    kind: Literal["bearer", "basic", "header", "none"] = "none"
    secret: Setting | None = None
    header: str = Field(default="", pattern=r"^[A-Za-z0-9-]{0,64}$")
    value: SecretStr | None = Field(default=None, exclude=True)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.value is not None:
            raise ValueError("value: a secret stands here by the name of its setting alone")
        if (self.kind == "none") != (self.secret is None):
            raise ValueError("secret: name the setting that has it (and none where kind is none)")
        if (self.kind == "header") != bool(self.header):
            raise ValueError("header: name the header, where kind is header")
        return self

    def headers(self) -> dict[str, str]:
        """The header that carries the secret, once it is known."""
        if self.value is None:
            return {}
        secret = self.value.get_secret_value()
        if self.kind == "header":
            return {self.header: secret}
        text = base64.b64encode(secret.encode()).decode() if self.kind == "basic" else secret
        return {"Authorization": f"{'Basic' if self.kind == 'basic' else 'Bearer'} {text}"}


class OutsideSystem(_Strict):
    """An outside API. `base_url_from`: the setting that may put another address in the place of `base_url`."""

    base_url: values.HttpUrl
    base_url_from: Setting | None = None
    auth: Auth = Auth()
    key_header: str = Field(default="Idempotency-Key", pattern=r"^[A-Za-z0-9-]{1,64}$")


class Argument(_Strict):
    """An argument of an operation: chosen by whoever calls the tool, unless `fixed` or `from` gives it.

    `from`: a fact of the session, or `key`, the idempotency key of the write. `required`: asked for although the API
    does not insist.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    fixed: str | int | bool | None = None
    source: Fact | None = Field(default=None, alias="from")
    description: str = ""
    required: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.fixed is not None and self.source is not None:
            raise ValueError("give fixed or from, not both")
        return self


WHOSE = "whose records can be got by it?"


def _is_bound(arguments: Mapping[str, Argument]) -> bool:
    """Whether the session says whose records a call is about."""
    return any(argument.source in {"customer_id", "user_id"} for argument in arguments.values())


class Pages(_Strict):
    """How a list goes on: `items` is the list, `next` the value that the parameter `to` of the next request gets.

    `next` may end in the last item (`data[-1].id`). `more`: a flag that must be true for another page.
    """

    items: FieldPath
    next: FieldPath
    to: str
    more: FieldPath | None = None
    most: int = Field(default=5, ge=1, le=50)


KEY = "{key}"


class Call(_Strict):
    """Another operation that is called besides, with arguments of the tool (`"{charge}"`) or its key (`"{key}"`)."""

    operation: str
    arguments: dict[str, str] = Field(default_factory=dict)


class Owner(Call):
    """Whose record it is: `field` of the answer (of the tool's own operation, or of another one) must be `equals`.

    A write names another operation: who is asked only afterwards has been written for already.
    """

    operation: str = ""
    field: OneField
    equals: Literal["customer_id", "user_id"] = "customer_id"


class Probe(Call):
    """How a write is read back: the item of the list `items` whose fields are as `where` says; else the answer."""

    items: FieldPath | None = None
    where: dict[FieldPath, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _by_key(self) -> Self:
        if KEY not in {*self.arguments.values(), *self.where.values()}:
            raise ValueError(f"{KEY} must be in arguments or in where; else another write is taken for this one")
        return self


class _Listed(_Strict):
    """What is said of a tool, wherever it is from. `anyone`: it knows no customer, so it gives away nobody's record."""

    description: str = ""
    version: int = Field(default=1, ge=1)
    kind: Literal["lookup", "transact"] = "lookup"
    scopes: tuple[str, ...] = ()
    assurance: Literal["claimed", "channel", "verified"] = "channel"
    arguments: dict[str, Argument] = Field(default_factory=dict)
    anyone: bool = False
    cache_s: float = Field(default=0.0, ge=0, le=3600)


class OpenApiTool(_Listed):
    """One operation as a tool.

    `operation`: its operationId, or `METHOD /path`. `arguments`: those that are not as the spec has them, and the
    optional ones that may be given. `result`: the fields of the answer that may be seen.
    """

    operation: str
    result: tuple[FieldPath, ...] = Field(min_length=1)
    pages: Pages | None = None
    owner: Owner | None = None
    effect: Literal["keyed", "probeable"] | None = None
    probe: Probe | None = None

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if not (_is_bound(self.arguments) or self.owner or self.anyone):
            raise ValueError(f"{WHOSE} Fill an argument from: customer_id, give owner:, or say anyone: true")
        if self.kind == "transact" and self.effect is None:
            raise ValueError("effect: keyed (the API takes an idempotency key) or probeable (give probe:)")
        if self.kind == "transact" and self.owner and not self.owner.operation:
            raise ValueError("owner.operation: name the operation that says whose it is before anything is written")
        if self.kind == "lookup" and (self.effect or self.probe):
            raise ValueError("effect and probe belong to kind transact")
        return self


class OpenApi(_Strict):
    """A spec (a file beside tools.yaml, JSON or YAML, OpenAPI 3) of a system, and its operations that are tools."""

    system: Name
    spec: str
    tools: dict[Name, OpenApiTool] = Field(min_length=1)


class McpTool(_Listed):
    """A tool of an MCP server, as we see it: what the server says of its own kind and safety is not believed."""

    tool: str
    result: tuple[FieldPath, ...] = ()

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if not (self.anyone or _is_bound(self.arguments)):
            raise ValueError(f"{WHOSE} Fill an argument from: customer_id, or say anyone: true")
        return self


class McpServer(_Strict):
    """An MCP server: a program (`command`) or an address (`url`). `pin`: the file with its tools as reviewed."""

    command: tuple[str, ...] = ()
    url: values.HttpUrl | None = None
    auth: Auth = Auth()
    pin: str
    tools: dict[Name, McpTool] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise ValueError("give command (a program that we start) or url, not both")
        if self.command and self.auth.kind != "none":
            raise ValueError("auth: belongs to url; a program that we start is given no secret")
        return self


class Outside(_Strict):
    """The whole file. `folder` is where it stands, for the files it names."""

    systems: dict[Name, OutsideSystem] = Field(default_factory=dict)
    openapi: tuple[OpenApi, ...] = ()
    mcp: dict[Name, McpServer] = Field(default_factory=dict)
    folder: Path = Field(default=Path(), exclude=True)

    @model_validator(mode="after")
    def _systems_exist(self) -> Self:
        if twice := sorted(self.systems.keys() & self.mcp.keys()):
            raise ValueError(f"mcp.{twice[0]}: a system has this name already")
        for spec in self.openapi:
            if spec.system not in self.systems:
                raise ValueError(f"openapi: there is no system {spec.system!r} under systems")
        return self

    def auths(self) -> list[Auth]:
        """How each API and server knows us."""
        return [*(one.auth for one in self.systems.values()), *(one.auth for one in self.mcp.values())]

    def secrets(self) -> list[SecretStr]:
        """Every secret that it was given."""
        return [auth.value for auth in self.auths() if auth.value]


def load(path: Path, env: Mapping[str, str]) -> tuple[Outside, list[str]]:
    """Read tools.yaml and the secrets it names; answers it, and what is missing. Raises ValueError for a wrong file."""
    if not path.exists():
        return Outside(), []
    found = files.read(path, Outside)
    named = frozenset(auth.secret for auth in found.auths() if auth.secret)
    moved = frozenset(one.base_url_from for one in found.systems.values() if one.base_url_from)
    wanted = {name: text for name, text in env.items() if name.removesuffix("_FILE") in named | moved}
    known, problems = keys.resolve_files(wanted, named)
    problems += [f"{name}: missing; {path.name} names it" for name in sorted(named - set(known))]
    problems += [f"{name}: {wrong}" for name in sorted(moved & set(known)) if (wrong := _no_address(known[name]))]
    return _filled(found, known).model_copy(update={"folder": path.parent}), problems


def _no_address(text: str) -> str | None:
    """What is wrong with an address that a setting has."""
    try:
        ADDRESS.validate_python(text)
    except ValidationError as error:
        return str(error.errors()[0]["msg"]).removeprefix("Value error, ")
    return None


def _filled(found: Outside, known: Mapping[str, str]) -> Outside:
    """The same with the secrets and addresses that the settings have."""
    systems = {
        name: one.model_copy(
            update={"auth": _with_secret(one.auth, known), "base_url": known.get(one.base_url_from or "", one.base_url)}
        )
        for name, one in found.systems.items()
    }
    servers = {name: one.model_copy(update={"auth": _with_secret(one.auth, known)}) for name, one in found.mcp.items()}
    return found.model_copy(update={"systems": systems, "mcp": servers})


def _with_secret(auth: Auth, known: Mapping[str, Any]) -> Auth:
    text = known.get(auth.secret or "")
    return auth.model_copy(update={"value": SecretStr(text)}) if text else auth
