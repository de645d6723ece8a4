"""An operator changes the customer's address while their own refund waits for a yes, and tries again and again."""

from __future__ import annotations

from dataclasses import replace

import aiohttp

from tests.crash.counted import Count, count
from tests.crash.told import PATIENCE_S, Customer, consent_on_the_web
from tests.harness.outside import KIM, Json
from tests.harness.waiting import until

TOOL, KEY = "update_billing_address", "address-of-kim"
ADDRESS = {"street": "1 New Road", "city": "Springfield", "region": "IL", "postal_code": "62701", "country": "US"}
ENDED = {200, 422}


async def called_by_an_operator(kim: Customer) -> None:
    """The customer comes as far as the terms; the operator's write comes in between, and once more at the end."""
    await kim.sign_in()
    await kim.say("I want a refund for invoice 18492")
    await kim.press(await kim.shown("Why would you like invoice 18492 refunded?"), "I was charged twice")
    await _called(kim)
    await consent_on_the_web(kim)
    await _called(kim)


async def _called(kim: Customer) -> Json:
    """Call with the one key until there is an outcome, whatever becomes of the server meanwhile."""
    return await until(lambda: _attempt(kim), "the operator's write to be done", patience=PATIENCE_S)


async def _attempt(kim: Customer) -> Json | None:
    try:
        status, told = await kim.stage.operators.call(TOOL, ADDRESS, user=f"customer:{KIM}", key=KEY)
    except (aiohttp.ClientError, ConnectionError, TimeoutError):
        return None
    return {"status": status, **told} if status in ENDED else None


async def count_with_operator(kim: Customer) -> Count:
    """What is counted anyway; a write that was not done exactly once, or not answered with it, counts as lost."""
    found, told = await count(kim), await _called(kim)
    keys = [row["key"] for row in await kim.stage.outside.ledger("address")]
    fine = (keys, told["status"]) == ([told["action"]], 200)
    return found if fine else replace(found, lost=found.lost + 1)
