"""The playground seen from a test: Acme's ledger, its faults, signed identities. Reads and switches, never judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import aiohttp

Json = dict[str, Any]
KIM, KIMS_PHONE = "C-1001", "+15550101001"
LEE, LEES_PHONE = "C-1002", "+15550101002"


@dataclass(slots=True, kw_only=True)
class Outside:
    """A client of one playground."""

    http: aiohttp.ClientSession
    url: str

    async def get(self, path: str, **query: str) -> Any:  # noqa: ANN401  JSON
        """GET a path below `/playground`."""
        async with self.http.get(self.url + path, params=query) as response:
            response.raise_for_status()
            return await response.json()

    async def post(self, path: str, body: object = None, **query: str) -> Any:  # noqa: ANN401  JSON
        """POST JSON to a path below `/playground`."""
        async with self.http.post(self.url + path, json=body or {}, params=query) as response:
            response.raise_for_status()
            return await response.json()

    async def reset(self) -> None:
        """Restore the demo data and forget all messages."""
        await self.post("/reset")

    async def ledger(self, kind: str = "refund") -> list[Json]:
        """Every write of a kind that Acme applied."""
        return [row for row in await self.get("/acme/ledger") if row["kind"] == kind]

    async def identity(self, customer: str = KIM) -> str:
        """A signed token, as Acme's website gives it to its customer's browser."""
        return str((await self.post("/signin", {"customer": customer}))["identity"])

    async def break_acme(self, kind: str, path: str = "*", **more: object) -> None:
        """Switch a fault of Acme on: `kind`, `path`, `times`, `ms`, `status`, `method`."""
        await self.post("/acme/faults", {"kind": kind, "path": path, **more})

    async def break_twilio(self, kind: str, path: str = "*", **more: object) -> None:
        """Switch a fault of Twilio on, for its API or its webhooks."""
        await self.post("/twilio/faults", {"kind": kind, "path": path, **more})

    async def mend(self) -> None:
        """Switch all faults off."""
        for service in ("acme", "twilio"):
            async with self.http.delete(f"{self.url}/{service}/faults") as response:
                response.raise_for_status()
