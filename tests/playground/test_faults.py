"""Trouble strikes as often as asked for, and says nothing false about what took effect."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.playground.conftest import ACME, Json, Value, get, post
from tests.playground.test_refunds import LEDGER, refund

FAULTS = "/playground/acme/faults"
INVOICE = "/playground/acme/v1/invoices/18492"


async def switch_on(client: aiohttp.ClientSession, **fault: Value) -> None:
    """Switch one fault on."""
    status, _ = await post(client, FAULTS, json=fault)
    assert 201 == status


async def status_of(client: aiohttp.ClientSession, path: str = INVOICE) -> int:
    """GET and return the status."""
    async with client.get(path, headers=ACME) as response:
        return response.status


async def test_an_error_strikes_as_often_as_asked(client: aiohttp.ClientSession) -> None:
    """Two 503, then health."""
    await switch_on(client, path="/v1/invoices/*", kind="error", status=503, times=2)
    assert [503, 503, 200] == [await status_of(client) for _ in range(3)]


async def test_a_fault_strikes_only_its_path_and_method(client: aiohttp.ClientSession) -> None:
    """Other paths and methods are left alone, and a fault without a token is not used up."""
    await switch_on(client, path="/v1/refunds", kind="error", method="POST")
    assert 200 == await status_of(client)
    assert 200 == await status_of(client, "/playground/acme/v1/refunds")
    assert 401 == (await post(client, "/playground/acme/v1/refunds", json={}))[0]
    assert 500 == (await refund(client, "key-1"))[0]
    assert 201 == (await refund(client, "key-1"))[0]


async def test_a_rate_limit_says_how_long(client: aiohttp.ClientSession) -> None:
    """429 comes with Retry-After in whole seconds."""
    await switch_on(client, kind="rate_limited", ms=1500)
    async with client.get(INVOICE, headers=ACME) as response:
        assert (429, "2") == (response.status, response.headers["Retry-After"])


async def test_a_lost_answer_took_effect_before_the_line_broke(client: aiohttp.ClientSession) -> None:
    """The caller sees a broken connection, the ledger sees the refund, and the same key reads it back."""
    await switch_on(client, path="/v1/refunds", kind="lost_answer")
    with pytest.raises(aiohttp.ClientError):
        await refund(client, "key-1")
    assert 1 == len(await get(client, LEDGER))
    assert 201 == (await refund(client, "key-1"))[0]
    assert 1 == len(await get(client, LEDGER))


async def test_a_reset_took_no_effect(client: aiohttp.ClientSession) -> None:
    """The connection breaks before anything is applied."""
    await switch_on(client, path="/v1/refunds", kind="reset")
    with pytest.raises(aiohttp.ClientError):
        await refund(client, "key-1")
    assert [] == await get(client, LEDGER)


@pytest.mark.parametrize("kind,effects", [("timeout", 0), ("accept_then_hang", 1)])
async def test_a_server_that_stays_silent(client: aiohttp.ClientSession, kind: str, effects: int) -> None:
    """A caller who gives up finds out by reading whether his request took effect."""
    await switch_on(client, path="/v1/refunds", kind=kind)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await refund(client, "key-1")
    assert effects == len(await get(client, LEDGER))


async def test_a_late_answer_still_comes(client: aiohttp.ClientSession) -> None:
    """`late` applies first and answers afterwards."""
    await switch_on(client, path="/v1/refunds", kind="late", ms=300)
    asked = asyncio.create_task(refund(client, "key-1"))
    async with asyncio.timeout(5):
        while not (ledger := await get(client, LEDGER)):
            assert not asked.done()
    assert (1, 201) == (len(ledger), (await asked)[0])


async def test_a_repeating_proxy_is_absorbed_by_the_key(client: aiohttp.ClientSession) -> None:
    """`twice` runs one request two times; the key makes it one effect."""
    await switch_on(client, path="/v1/refunds", kind="twice")
    assert 201 == (await refund(client, "key-1"))[0]
    assert 1 == len(await get(client, LEDGER))


async def test_faults_can_be_seen_and_cleared(client: aiohttp.ClientSession) -> None:
    """What is on is listed; after clearing, nothing strikes."""
    await switch_on(client, kind="latency", ms=5, times=3)
    assert [("latency", 3)] == [(f["kind"], f["times"]) for f in (await get(client, FAULTS))["faults"]]
    async with client.delete(FAULTS) as response:
        assert 200 == response.status
    assert [] == (await get(client, FAULTS))["faults"]


@pytest.mark.parametrize("fault", [{}, {"kind": "fire"}, {"kind": "error", "times": 0}, {"kind": "late", "ms": "x"}])
async def test_a_fault_that_makes_no_sense_is_refused(client: aiohttp.ClientSession, fault: Json) -> None:
    """Wrong switches are 400, so that no test runs without its fault unnoticed."""
    assert 400 == (await post(client, FAULTS, json=fault))[0]
