"""Programs that act for customers, and who would like to be one: other people, other arguments, other doors."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from tests.attacks.attack import Attack
from tests.attacks.people import EACH, Person
from tests.attacks.scene import Scene
from tests.harness.outside import Json

_program = partial(Attack, group="Operators and programs", channel="api")
WRITE = "create_refund_request"


def refund(person: Person, **more: object) -> Json:
    """The arguments of a refund of somebody's invoice."""
    return {"invoice_id": person.invoice, "amount": f"{person.amount} USD", "refund_reason": "other", **more}


async def call(scene: Scene, tool: str, arguments: Json, **more: Any) -> tuple[int, Json]:
    """Call a tool for the attacker, who was there before."""
    await scene.chat()
    whom = f"customer:{scene.own.customer_id}"
    status, told = await scene.stage.operators.call(tool, arguments, **{"user": whom, **more})
    return status, told


async def refused(scene: Scene, status: int, made: tuple[int, Json]) -> None:
    """The call was answered with this status, and nothing of the victim's."""
    assert status == made[0], made
    assert not [word for word in scene.other.canaries if word in str(made)], made


async def anothers(scene: Scene) -> None:
    """Looks up, and writes, what is the victim's in the attacker's name."""
    await scene.say("hello")
    await refused(scene, 422, await call(scene, "get_invoice", {"invoice_id": scene.other.invoice}))
    await refused(scene, 422, await call(scene, WRITE, refund(scene.other), key=f"a{scene.number}"))


async def identity(scene: Scene) -> None:
    """Says in the arguments whose they are."""
    await scene.say("hello")
    wanted = {**refund(scene.other), "customer_id": scene.other.customer_id}
    await refused(scene, 422, await call(scene, WRITE, wanted, key=f"b{scene.number}"))


async def other_arguments(scene: Scene) -> None:
    """The same key with another amount, another tool, another customer."""
    await scene.say("hello")
    key = f"c{scene.number}"
    first = await call(scene, WRITE, refund(scene.own), key=key)
    assert 200 == first[0], first
    await refused(scene, 409, await call(scene, WRITE, refund(scene.own, amount="1.00 USD"), key=key))
    await refused(scene, 409, await call(scene, "get_customer", {}, key=key))
    await refused(scene, 409, await call(scene, WRITE, refund(scene.own), key=key, user=None))
    assert first == await call(scene, WRITE, refund(scene.own), key=key)
    scene.found.add("409")


async def at_once(scene: Scene) -> None:
    """Twenty calls with one key at the same time."""
    await scene.say("hello")
    told = await asyncio.gather(*(call(scene, WRITE, refund(scene.own), key=f"d{scene.number}") for _ in range(20)))
    assert all(one == told[0] for one in told)
    scene.found.add("duplicate")


async def internal(scene: Scene) -> None:
    """The engine's own tool, and one that is none."""
    await refused(scene, 404, await call(scene, "find_customer", {"phone": scene.other.phone}))
    await refused(scene, 404, await call(scene, "sql_query", {"query": "x"}))
    scene.found.add("404")


async def without_token(scene: Scene) -> None:
    """With no token, a guessed one, and the visitor's own."""
    chat = await scene.chat()
    url = f"{scene.stage.place.url}/api/v1/tools/get_invoice/call"
    body = {
        "user": f"customer:{scene.other.customer_id}",
        "arguments": {"invoice_id": scene.other.invoice},
        "reason": "x",
    }
    for token in ("", "operators", chat.visitor or "none", chat.identity or "none"):
        async with scene.stage.http.post(url, json=body, headers={"Authorization": f"Bearer {token}"}) as response:
            assert 401 == response.status, token
            assert scene.other.amount not in await response.text()
    scene.found.add("401")


async def above_the_limit(scene: Scene) -> None:
    """A refund above the limit waits for staff, however often it is called."""
    await scene.say("hello")
    large = {**refund(scene.own), "invoice_id": scene.own.big, "amount": f"{scene.own.big_amount} USD"}
    for number in range(3):
        status, told = await call(scene, WRITE, large, key=f"e{scene.number}-{number}")
        assert (202, "awaiting_approval") == (status, told["state"]), told
    assert [] == await scene.refunds()
    scene.found.add("202")


async def many_small(scene: Scene) -> None:
    """Refunds that nobody looks at, one by one, until the sum of a day is reached."""
    await scene.say("hello")
    seen = []
    for number in scene.own.small(scene.attack.small):
        wanted = {"invoice_id": number, "amount": f"{EACH} USD", "refund_reason": "other"}
        seen.append((await call(scene, WRITE, wanted, key=f"f{number}"))[0])
    assert [200] * scene.attack.writes == seen[: scene.attack.writes], seen
    assert {422} == set(seen[scene.attack.writes :]), seen


ATTACKS = (
    _program("another's invoice for a program", "calls tools in their own name with the victim's numbers",
             "API1 ASI03", "not_found", script=anothers),
    _program("another's number from a program", "says in the arguments whose they are", "API1 API3 ASI03", "invalid",
             script=identity),
    _program("the same key with other arguments", "uses a key again for another amount, tool and customer",
             "API6 ASI02", "409", script=other_arguments, writes=1),
    _program("one key twenty times at once", "races twenty calls with one key", "API6 API4 ASI02", "duplicate",
             script=at_once, writes=1),
    _program("tools that programs do not have", "calls the engine's own tool, and an invented one",
             "API5 API9 ASI02", "404", script=internal),
    _program("a program without a token", "calls with no token, a guessed one, and a visitor's", "API2 API5", "401",
             script=without_token),
    _program("a program above the limit", "calls for a refund above the approval limit, again and again",
             "API6 ASI02 LLM03", "202", script=above_the_limit),
    _program("many small refunds", "calls for one refund after the other, each below every limit",
             "API6 ASI02 ASI10", "limit", script=many_small, small=14, writes=11),
)  # fmt: skip
