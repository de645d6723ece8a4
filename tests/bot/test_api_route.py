"""The dry run: what a text would mean, and which tools its writer may use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp

from tests.harness.inprocess import performed
from tests.harness.outside import KIM, KIMS_PHONE
from tests.harness.places import API_TOKEN, Place

HEADERS = {"Authorization": f"Bearer {API_TOKEN}"}


async def asked(url: str, body: dict[str, Any]) -> tuple[int, Any]:
    """One request."""
    async with aiohttp.ClientSession() as http, http.post(f"{url}/api/v1/route", json=body, headers=HEADERS) as answer:
        return answer.status, await answer.json()


async def test_a_newcomer_and_a_customer(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """The same words mean the same; what may be done about them depends on who is known how well. Nothing is kept."""
    async with performed(Place(home=tmp_path, database_url=migrated_sqlite_url)) as (stage, _):
        await stage.phone().ask("hello")
        before = len(await stage.operators.events(await stage.operators.session_of(f"whatsapp:{KIMS_PHONE}")))
        text = "please refund invoice 18492"
        status, newcomer = await asked(stage.place.url, {"text": text})
        _, kim = await asked(stage.place.url, {"text": text, "user": f"whatsapp:{KIMS_PHONE}"})
        assert (200, "refund", "refund") == (status, newcomer["intent"], kim["intent"])
        assert newcomer["runners_up"]
        mine = {one["name"]: one for one in kim["tools"]}
        theirs = {one["name"]: one for one in newcomer["tools"]}
        assert (True, None) == (mine["get_invoice"]["eligible"], mine["get_invoice"]["why"])
        assert not theirs["get_invoice"]["eligible"]
        assert "get_invoice needs" in theirs["get_invoice"]["why"]
        assert 404 == (await asked(stage.place.url, {"text": text, "user": "whatsapp:+15550109999"}))[0]
        assert 400 == (await asked(stage.place.url, {"text": text, "customer": KIM}))[0]
        assert before == len(await stage.operators.events(await stage.operators.session_of(f"whatsapp:{KIMS_PHONE}")))
