"""How Acme is asked: a list page by page, and what was written under a key. Knows the shape of none of its things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from tools import acme, failures
from tools.acme import Sent
from tools.base import Context

MOST_PAGES = 20
Made = TypeVar("Made", bound=Sent)


async def every_page(context: Context, path: str, name: str, params: Mapping[str, str] | None = None) -> list[Any]:
    """All rows of a list; one without an end is refused, since half of it would mislead. Raises Unavailable."""
    rows: list[Any] = []
    asked = {**(params or {}), "limit": "100"}
    for _ in range(MOST_PAGES):
        data = await context.get(acme.NAME, path, asked)
        rows += acme.listed(data, name)
        cursor = data.get("next_cursor")
        if not cursor:
            return rows
        asked["cursor"] = str(cursor)
    raise failures.Unavailable(f"there are too many {name} to list", reason="too_large")


async def written(context: Context, name: str, model: type[Made], **owner: str) -> Made | None:
    """What this call wrote before, read back by its key, if it is this owner's; somebody else's is nobody's."""
    data = await context.get(acme.NAME, f"/v1/{name}", {"key": context.key or ""})
    wanted = {"key": context.key, **owner}
    found = map(model.model_validate, acme.listed(data, name))
    return next((one for one in found if wanted.items() <= dict(one).items()), None)
