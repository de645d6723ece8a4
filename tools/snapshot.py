"""The committed picture of all tools' schemas, and which changes to it break those who call them. Pure.

Whoever began a task with `name@version` must be able to end it: such a version takes every argument that it took, and
gives every field that it gave. Additions are fine; anything else is another version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from tools.base import Tool
from tools.catalog import Catalog

JSON = dict[str, Any]
Side = Literal["argument", "result field"]
LOWER = ("minimum", "exclusiveMinimum", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxItems")
SAME = ("pattern", "format", "multipleOf")


def taken(catalog: Catalog) -> JSON:
    """Every version of every tool: its kind, what it takes from a caller, what it gives."""
    every = (tool for newest in catalog for tool in catalog.versions(newest.name))
    return {tool.id: _picture(tool) for tool in sorted(every, key=lambda tool: (tool.name, tool.version))}


def _picture(tool: Tool) -> JSON:
    return {"kind": tool.kind, "arguments": _wordless(tool.schema), "result": _wordless(tool.gives)}


def _wordless(node: Any) -> Any:  # noqa: ANN401  JSON
    """Without descriptions, which may change as they like (a property may be called so, too)."""
    if isinstance(node, list):
        return [_wordless(one) for one in node]
    if not isinstance(node, dict):
        return node
    bare = {name: value for name, value in node.items() if name not in {"description", "properties"}}
    made = {name: _wordless(value) for name, value in bare.items()}
    if "properties" in node:
        made["properties"] = {name: _wordless(value) for name, value in node["properties"].items()}
    return made


def breaking(before: Mapping[str, JSON], now: Mapping[str, JSON]) -> list[str]:
    """Every change that breaks a caller: tool, field, problem and remedy, one line each."""
    found = []
    for tool, old in before.items():
        new = now.get(tool)
        if new is None:
            found += _removed(tool, now)
            continue
        problems = [*_changes(old["arguments"], new["arguments"], "", "argument")]
        problems += _changes(old["result"], new["result"], "", "result field")
        if old["kind"] != new["kind"]:
            problems.append(f"is a {new['kind']} now, not a {old['kind']}")
        found += [f"{tool}: {problem}; {_remedy(tool)}" for problem in problems]
    return found


def _removed(tool: str, now: Mapping[str, JSON]) -> list[str]:
    """A version may go once a newer one is there; its tasks are told to begin anew."""
    name, _, version = tool.partition("@")
    if any(other.startswith(f"{name}@") and int(other.partition("@")[2]) > int(version) for other in now):
        return []
    return [f"{tool}: was removed; keep it with deprecated=, or add a newer version first"]


def _remedy(tool: str) -> str:
    name, _, version = tool.partition("@")
    return f"make it version={int(version) + 1} and keep {name}@{version} beside it"


def _changes(old: JSON, new: JSON, path: str, side: Side) -> Iterator[str]:
    """How a node takes less than it took, or gives less than it gave."""
    olds, news = _by_type(old), _by_type(new)
    where = f"{side} {path}" if path else f"the {side}s"
    lost, gained = olds.keys() - news.keys(), news.keys() - olds.keys()
    if side == "argument" and lost:
        yield f"{where} does not take {_listed(lost)} any more"
    if side == "result field" and gained:
        yield f"{where} may be {_listed(gained)} now"
    for kind in olds.keys() & news.keys():
        if side == "argument":
            yield from (f"{where} {problem}" for problem in _narrower(olds[kind], news[kind]))
        yield from _within(kind, olds[kind], news[kind], path, side)


def _within(kind: str, old: JSON, new: JSON, path: str, side: Side) -> Iterator[str]:
    if kind == "array":
        yield from _changes(old["items"], new["items"], f"{path}[]", side)
    if kind != "object":
        return
    olds, news = old.get("properties", {}), new.get("properties", {})
    for name, node in olds.items():
        inner = f"{path}.{name}".lstrip(".")
        if name not in news:
            yield f"{side} {inner} was removed"
        else:
            yield from _changes(node, news[name], inner, side)
    for name, node in news.items():
        if name not in olds and side == "argument" and "null" not in _by_type(node):
            yield f"argument {path}.{name} is new and required".replace(" .", " ")


def _by_type(node: JSON) -> dict[str, JSON]:
    """The options of a node by what they are; an enum without a type is its values' own."""
    options = node.get("anyOf") or [node]
    return {str(option.get("type", "enum")): option for option in options}


def _narrower(old: JSON, new: JSON) -> Iterator[str]:
    """How a value that was taken may be refused now."""
    if "enum" in new:
        gone = [value for value in old.get("enum", ()) if value not in new["enum"]]
        if gone or "enum" not in old:
            yield f"takes fewer values: {_listed(gone) if gone else 'only those of a list'}"
    for rule in (*LOWER, *UPPER, *SAME):
        if rule in new and new[rule] != old.get(rule) and not _looser(rule, old.get(rule), new[rule]):
            yield f"is checked more strictly ({rule} {new[rule]})"


def _looser(rule: str, old: Any, new: Any) -> bool:  # noqa: ANN401  JSON
    if old is None or rule in SAME:
        return False
    return bool(new <= old if rule in LOWER else new >= old)


def _listed(values: Any) -> str:  # noqa: ANN401  anything that can be gone through
    return ", ".join(sorted(str(value) for value in values))
