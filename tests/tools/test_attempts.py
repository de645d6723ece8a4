"""The pure parts of an attempt: what a failure proves, what follows from it, how long to wait."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import BaseModel, ValidationError

from state import errors
from tests.tools.shop import CALLER, Order, order_keyed, order_keyed_blind
from tools import attempts, failures
from tools.attempts import Proof, Tried
from tools.base import Attempt, Context, Effect
from tools.http import Systems


class Number(BaseModel):
    """To be wrong about."""

    n: int


def wrong_answer() -> ValidationError:
    """What a pack raises when an API answers otherwise than documented."""
    try:
        Number.model_validate({"n": "x"})
    except ValidationError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    "error, proof, reason, again",
    [
        (failures.NotSent(), Proof.NOT_NOW, "unavailable", True),
        (failures.NotSent(reason="timeout"), Proof.NOT_NOW, "timeout", True),
        (failures.Throttled(), Proof.NOT_NOW, "busy", True),
        (failures.Unavailable(), Proof.DOUBT, "unavailable", True),
        (failures.Uncertain(reason="timeout"), Proof.DOUBT, "timeout", True),
        (failures.Uncertain(reason="too_large"), Proof.DOUBT, "too_large", False),
        (errors.RetryLater(), Proof.DOUBT, "unavailable", True),
        (errors.Conflict(), Proof.DOUBT, "unavailable", True),
        (TimeoutError(), Proof.DOUBT, "timeout", True),
        (failures.NotFound(), Proof.NONE, "not_found", False),
        (failures.Declined(), Proof.NONE, "rejected", False),
        (errors.Rejected(), Proof.NONE, "rejected", False),
        (errors.AskModel(), Proof.NONE, "invalid", False),
        (errors.AskHuman(), Proof.NOT_NOW, "denied", False),
        (errors.KeyMissing(), Proof.DOUBT, "defect", False),
        (wrong_answer(), Proof.DOUBT, "schema", False),
        (ZeroDivisionError("secret"), Proof.DOUBT, "defect", False),
    ],
)
def test_what_a_failure_proves(error: Exception, proof: Proof, reason: str, *, again: bool) -> None:
    """Only what certainly had no effect is called so; a defect's own words are not passed on."""
    tried = attempts.classify(error)
    assert (proof, reason, again) == (tried.proof, tried.reason, tried.again)
    assert "secret" not in tried.message


UNSENT = Tried(proof=Proof.NOT_NOW, unsent=True, again=True)
THROTTLED = Tried(proof=Proof.NOT_NOW, again=True)
DENIED = Tried(proof=Proof.NOT_NOW)
LOST = Tried(proof=Proof.DOUBT, again=True)
BROKEN = Tried(proof=Proof.DOUBT)


@pytest.mark.parametrize(
    "effect, tried, doubt, follows",
    [
        ("keyed", Tried(proof=Proof.DONE), True, "succeeded"),
        ("keyed", Tried(proof=Proof.NONE), True, "failed"),
        ("keyed", LOST, False, "again"),
        ("keyed", BROKEN, False, "unknown"),
        ("keyed", UNSENT, True, "again"),
        ("keyed", DENIED, False, "failed"),
        ("keyed", DENIED, True, "unknown"),
        ("transactional", LOST, False, "again"),
        ("probeable", UNSENT, False, "again"),
        ("probeable", UNSENT, True, "unknown"),
        ("probeable", THROTTLED, False, "failed"),
        ("probeable", LOST, False, "unknown"),
        ("probeable", DENIED, False, "failed"),
    ],
)
def test_what_follows_from_an_attempt(effect: Effect, tried: Tried, *, doubt: bool, follows: str) -> None:
    """Doubt once had is only ended by a clear answer, and only a key lets doubt be repeated."""
    assert follows == attempts.decide_write(effect, tried, doubt=doubt)


@pytest.mark.parametrize(
    "reasons, words",
    [
        ([], ""),
        (["timeout"], ""),
        (["timeout", "timeout", "unavailable"], "tried 3 times: timeout, timeout, unavailable"),
        (["timeout", "/not_found"], "tried 2 times: timeout, read back: not_found"),
    ],
)
def test_what_was_tried_is_told_in_short(reasons: list[str], words: str) -> None:
    """For a model, and for staff; a single attempt needs no history."""
    history = [
        Attempt(n=n, reason=reason.lstrip("/"), ms=1, verb="probe" if reason.startswith("/") else "call")
        for n, reason in enumerate(reasons, 1)
    ]
    assert words == attempts.told(history)


def test_waits_grow_and_obey(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as long each time, with jitter; what the other side asked for is kept to."""
    monkeypatch.setattr(attempts, "FIRST_WAIT", 0.1)
    assert 0.05 <= attempts.wait_before(2, None, 0.0) < attempts.wait_before(2, None, 1.0) <= 0.151
    assert attempts.wait_before(3, None, 0.5) == pytest.approx(2 * attempts.wait_before(2, None, 0.5))
    assert 7 <= attempts.wait_before(2, 7.0, 1.0) <= 7.5


async def test_nothing_is_tried_without_time() -> None:
    """A spent budget means that nothing was sent."""
    context = Context(caller=CALLER, systems=Systems({}), timeout=0, key="K")
    arguments = Order(item="tea", customer_id="C-1")
    state, tried = await attempts.write(order_keyed, arguments, context)
    assert ("failed", "timeout", True) == (state, tried.reason, tried.unsent)


async def test_a_long_wait_is_not_waited_for() -> None:
    """When the other side asks for more time than is left, the answer comes at once."""

    async def busy(arguments: Order, context: Context) -> Order:
        raise failures.Throttled(after=60)

    context = Context(caller=CALLER, systems=Systems({}), timeout=5, key="K")
    state, tried = await attempts.write(replace(order_keyed, run=busy), Order(item="tea", customer_id="C-1"), context)
    assert ("failed", "busy") == (state, tried.reason)
    assert context.remaining > 4


async def test_a_tool_without_a_probe_cannot_be_read_back() -> None:
    """That leaves doubt."""
    context = Context(caller=CALLER, systems=Systems({}), timeout=5, key="K")
    tried = await attempts.probe(order_keyed_blind, Order(item="tea", customer_id="C-1"), context)
    assert tried.proof is Proof.DOUBT
