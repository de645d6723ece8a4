"""The page on calling tools: its commands, its token and its client, against a bot."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.docs.examples import example
from tests.docs.running import running_here, shell
from tests.docs.test_operating import needs_curl
from tests.harness.outside import KIM
from tests.harness.places import API_TOKEN, Place

PAGE = "tools-api.md"


@needs_curl
async def test_the_page(tmp_path: Path, migrated_sqlite_url: str) -> None:
    """The list, one refund however often it is asked for, a token, and what the official client prints with it."""
    place = Place(home=tmp_path, database_url=migrated_sqlite_url)
    async with running_here(place) as stage:
        await (await stage.web(customer=KIM)).ask("hello")
        env = {**place.environment(), "BOT": place.url, "API_TOKEN": API_TOKEN}
        listed = json.loads(await asyncio.to_thread(shell, example(PAGE, "list"), env=env))["tools"]
        assert all(row["eligible"] or row["why"] for row in listed)
        told = [json.loads(await asyncio.to_thread(shell, example(PAGE, "call"), env=env)) for _ in range(2)]
        assert ("succeeded", told[0]) == (told[1]["state"], told[1])
        assert 1 == len(await stage.outside.ledger())
        env["TOKEN"] = (await asyncio.to_thread(shell, example(PAGE, "token"), env=env)).strip()
        (tmp_path / "client.py").write_text(example(PAGE, "client"))
        printed = await asyncio.to_thread(shell, f".venv/bin/python {tmp_path / 'client.py'}", env=env)
        assert "create_refund_request" in printed
        assert "'status': 'refunded'" in printed
