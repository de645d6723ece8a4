"""The operators' API describes itself: every route and every tool, as a client generator reads it."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from tests.harness.inprocess import performed
from tests.harness.places import API_TOKEN, Place


async def test_the_document(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """Behind the token; routes with their parameters, tools with their own schemas, internal ones not."""
    async with performed(Place(home=tmp_path, database_url=migrated_sqlite_url)) as (stage, _):
        url = f"{stage.place.url}/api/openapi.json"
        async with aiohttp.ClientSession() as http:
            assert 401 == (await http.get(url)).status
            answer = await http.get(url, headers={"Authorization": f"Bearer {API_TOKEN}"})
            found = await answer.json()
    paths = found["paths"]
    assert {"/api/v1/sessions", "/api/v1/tools/{name}/call", "/api/v1/email/preview"} <= set(paths)
    names = {(one["in"], one["name"]) for one in paths["/api/v1/sessions/{id}/events"]["get"]["parameters"]}
    assert {("path", "id"), ("query", "after"), ("query", "wait")} == names
    refund = paths["/api/v1/tools/create_refund_request/call"]["post"]
    assert (True, "202") == (refund["parameters"][0]["required"], list(refund["responses"])[1])
    arguments = refund["requestBody"]["content"]["application/json"]["schema"]["properties"]["arguments"]
    assert ({"invoice_id", "amount", "refund_reason"}, False) == (
        set(arguments["properties"]),
        arguments["additionalProperties"],
    )
    assert not [path for path in paths if "find_customer/" in path]
    assert all(one["summary"] for path in paths.values() for one in path.values())
