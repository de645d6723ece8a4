"""All tools of this deployment, loaded from packs and looked up by name. Calls none."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Self

from state import errors
from tools import PACKS, mcp, openapi
from tools.base import Tool

if TYPE_CHECKING:
    from config.settings import Settings


class Catalog:
    """Tools by name and version, in the order in which their packs list them."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        """Take tools in order. Raises BadInput when `name@version` occurs twice."""
        self._by_id: dict[str, Tool] = {}
        self._newest: dict[str, Tool] = {}
        for tool in tools:
            if tool.id in self._by_id:
                raise errors.BadInput(f"tool {tool.id} exists twice; give the new one another name or version")
            self._by_id[tool.id] = tool
            known = self._newest.get(tool.name)
            if known is None or known.version < tool.version:
                self._newest[tool.name] = tool

    @classmethod
    def load(cls, tool_packs: Iterable[str] = (), *, built_in: Iterable[str] = PACKS) -> Self:
        """Import the deployment's own packs (TOOL_PACKS), then built-in ones by name; BadInput when one is wrong."""
        modules = (*tool_packs, *(PACKS[name] for name in built_in))
        return cls(tool for module in modules for tool in _tools_of(module))

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Every tool of this deployment: its own packs, ours, and those of tools.yaml. BadInput when one is wrong."""
        built_in = PACKS if settings.acme_api_base else ()
        modules = (*settings.tool_packs, *(PACKS[name] for name in built_in))
        own = [tool for module in modules for tool in _tools_of(module)]
        return cls([*own, *openapi.tools(settings.outside), *mcp.tools(settings.outside)])

    def get(self, name: str, version: int | None = None) -> Tool | None:
        """A tool by name, the newest version unless one is given; None when there is none."""
        return self._newest.get(name) if version is None else self._by_id.get(f"{name}@{version}")

    def versions(self, name: str) -> list[Tool]:
        """Every version of a tool, oldest first."""
        return sorted((tool for tool in self._by_id.values() if tool.name == name), key=lambda tool: tool.version)

    def __iter__(self) -> Iterator[Tool]:
        """The newest version of every tool, in stable order."""
        return iter(self._newest.values())

    def notes(self) -> list[str]:
        """What models are not told about the tools' rules, and what looks unwise; for the operator."""
        return [note for tool in self._by_id.values() for note in tool.notes]


def _tools_of(module: str) -> list[Tool]:
    try:
        pack = importlib.import_module(module)
    except ImportError as error:
        raise errors.BadInput(f"tool pack {module} cannot be imported: {error}") from error
    except errors.BadInput as error:
        raise errors.BadInput(f"tool pack {module}: {error}") from error
    tools = getattr(pack, "TOOLS", None)
    if not isinstance(tools, (list, tuple)) or not all(isinstance(one, Tool) for one in tools):
        raise errors.BadInput(f"tool pack {module} needs TOOLS = [...], a list of functions decorated with @tool")
    return list(tools)
