"""The operators' API as a test reads it. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.harness.outside import Json
from tests.harness.places import API_TOKEN
from tests.harness.waiting import until


@dataclass(slots=True, kw_only=True)
class Operators:
    """A client of one bot's operators' API."""

    http: aiohttp.ClientSession
    url: str

    async def get(self, path: str, **query: str) -> Any:  # noqa: ANN401  JSON
        """GET a path below `/api/v1`."""
        headers = {"Authorization": f"Bearer {API_TOKEN}"}
        async with self.http.get(f"{self.url}/api/v1{path}", params=query, headers=headers) as response:
            response.raise_for_status()
            return await response.json()

    async def call(
        self, tool: str, arguments: object, *, user: str | None = None, key: str | None = None, **query: str
    ) -> tuple[int, Json]:
        """Call a tool; answers the status and the body."""
        headers = {"Authorization": f"Bearer {API_TOKEN}", **({"Idempotency-Key": key} if key else {})}
        body = {"user": user, "arguments": arguments, "reason": "asked on the telephone"}
        url = f"{self.url}/api/v1/tools/{tool}/call"
        async with self.http.post(url, params=query, headers=headers, json=body) as response:
            return response.status, await response.json()

    async def session_of(self, identity: str) -> str:
        """The session in which an address stands, `channel:address`."""
        found = await self.get("/users", identity=identity)
        return str(found["users"][0]["session"])

    async def session(self, session_id: str) -> Json:
        """A session with its task."""
        found: Json = await self.get(f"/sessions/{session_id}")
        return found

    async def sessions(self) -> list[Json]:
        """All sessions."""
        found: list[Json] = (await self.get("/sessions"))["sessions"]
        return found

    async def events(self, session_id: str, kind: str | None = None) -> list[Json]:
        """The log of a session, whole, or one kind of event."""
        found: list[Json] = []
        while page := (await self.get(f"/sessions/{session_id}/events", after=str(_last(found))))["events"]:
            found += page
        return [event for event in found if kind is None or event["kind"] == kind]

    async def tickets(self) -> list[Json]:
        """All tickets."""
        found: list[Json] = (await self.get("/tickets"))["tickets"]
        return found

    async def at_rest(self) -> list[Json]:
        """Wait until no session has anything left to do; answers the sessions."""

        async def look() -> list[Json] | None:
            found = await self.sessions()
            busy = [s for s in found if not s["forwarded_to"] and (s["done_seq"] < s["in_seq"] or s["ready_at"])]
            return None if busy else found

        return await until(look, "every session to be at rest")


def _last(events: list[Json]) -> int:
    return int(events[-1]["seq"]) if events else 0
