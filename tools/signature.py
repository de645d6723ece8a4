"""What a tool's function takes and gives, read from its signature. Calls nothing."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from state import errors

CLOSED = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Signature(NamedTuple):
    """The models of a tool, and its function over them."""

    arguments: type[BaseModel]
    result: type[BaseModel]
    run: Callable[[Any, Any], Awaitable[Any]]


def read(run: Callable[..., Any], context: type) -> Signature:
    """The signature of `async def name(arguments: Model, context: Context) -> Model`, or of one with plain parameters.

    Plain parameters (`invoice_id: InvoiceId, context: Context`) become the fields of a closed model. A function that
    needs no context need not take it. Raises BadInput naming the function and how to write it.
    """
    name = getattr(run, "__name__", "?")
    hints = get_type_hints(run, include_extras=True)
    result = hints.pop("return", None)
    given = {field: hint for field, hint in hints.items() if hint is not context}
    if not (inspect.iscoroutinefunction(run) and _is_model(result)):
        raise errors.BadInput(
            f"tool {name}: write it as `async def {name}(arguments: Arguments, context: Context) -> Result`,"
            " where Arguments and Result are pydantic models; or with typed parameters instead of Arguments"
        )
    if len(given) == 1 and _is_model(model := next(iter(given.values()))):
        return Signature(model, result, run if len(hints) == 2 else lambda arguments, _: run(arguments))
    return Signature(_closed(name, given, run), result, _spread(run, context, hints))


def _is_model(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _closed(name: str, given: dict[str, Any], run: Callable[..., Any]) -> type[BaseModel]:
    """A model with a field for each parameter; one with a default may be left out."""
    known = inspect.signature(run).parameters
    defaults = {field: known[field].default for field in given}
    fields = {
        field: (hint, ... if defaults[field] is inspect.Parameter.empty else defaults[field])
        for field, hint in given.items()
    }
    made: type[BaseModel] = create_model(f"{name}_arguments", __config__=CLOSED, **fields)  # type: ignore[call-overload]
    return made


def _spread(run: Callable[..., Any], context: type, hints: dict[str, Any]) -> Callable[[Any, Any], Awaitable[Any]]:
    """The function over a model of its parameters."""
    places = [name for name, hint in hints.items() if hint is context]

    async def spread(arguments: BaseModel, given: object) -> Any:  # noqa: ANN401 - the tool's own result
        values = {name: getattr(arguments, name) for name in type(arguments).model_fields}
        return await run(**values, **dict.fromkeys(places, given))

    return spread
