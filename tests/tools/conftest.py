"""Acme as the playground pretends it and a shop that fails as told, over real HTTP, and the gateway to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from playground.app import standalone
from playground.options import Options
from state.identity import Assurance
from tests.tools.shop import TOOLS, Counter, Shop, open_shop
from tools import attempts
from tools.base import Caller
from tools.catalog import Catalog
from tools.gateway import Gateway
from tools.http import Endpoint, Systems
from tools.packs import billing

KIM = Caller(
    actor="bot",
    session_id="S-1",
    user_id="U-1",
    channel="whatsapp",
    assurance=Assurance.CHANNEL,
    customer_id="C-1001",
    scopes=frozenset({billing.READ, billing.REFUND}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acme:
    """The pretended company, seen from the gateway and from outside."""

    gateway: Gateway
    url: str

    async def ledger(self) -> list[dict[str, Any]]:
        """Every write Acme applied."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/ledger") as response:
            found: list[dict[str, Any]] = await response.json()
            return found

    async def fault(self, **fault: object) -> None:
        """Switch on a fault."""
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}/faults", json=fault) as response:
            assert response.status == 201


@pytest.fixture
async def acme(tmp_path: Path) -> AsyncIterator[Acme]:
    """Acme on a free port, with fresh demo data."""
    options = Options(
        db=tmp_path / "playground.db",
        bot_url="http://127.0.0.1:9",
        public_url="http://127.0.0.1:9",
        api_token="api-token",
        web_identity_secret="identity",
        acme_api_token="acme-token",
        twilio_account_sid="ACtest",
        twilio_auth_token="auth-token",
    )
    async with TestServer(standalone(options), host="127.0.0.1") as server:
        url = str(server.make_url("/playground/acme"))
        systems = Systems({"acme": Endpoint(base_url=url, token="acme-token")})
        yield Acme(gateway=Gateway(Catalog.load(), systems), url=url)
        await systems.close()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let repeats follow at once."""
    monkeypatch.setattr(attempts, "FIRST_WAIT", 0.001)


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Shop, Gateway, Counter]]:
    """A shop that knows keys, and the gateway to it."""
    count = Counter()
    async with open_shop(keyed=getattr(request, "param", True)) as (shop, systems):
        yield shop, Gateway(Catalog(TOOLS), systems, count), count
