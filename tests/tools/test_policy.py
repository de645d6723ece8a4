"""Who may use which tool: one row per rule, and the price of asking."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from state.identity import Assurance
from tests.tools.shop import CALLER, count_orders, get_order, order_keyed
from tools import policy
from tools.base import SYSTEM, Caller, Tool

ENGINE = replace(CALLER, actor=SYSTEM)
NOBODY = Caller(actor="bot", session_id="S", user_id="U", channel="web", assurance=Assurance.CLAIMED)
VERIFIED_ONLY = replace(order_keyed, assurance=Assurance.VERIFIED)
OPEN = replace(get_order, scopes=frozenset(), assurance=Assurance.CLAIMED)


@pytest.mark.parametrize(
    "tool, caller, reason",
    [
        (get_order, CALLER, "allowed"),
        (order_keyed, CALLER, "allowed"),
        (OPEN, NOBODY, "allowed"),
        (count_orders, ENGINE, "allowed"),
        (count_orders, CALLER, "unknown_tool"),
        (count_orders, replace(CALLER, tools=frozenset({"count_orders"})), "unknown_tool"),
        (get_order, NOBODY, "scope"),
        (get_order, replace(CALLER, scopes=frozenset({"shopping", "sho"})), "scope"),
        (replace(get_order, scopes=frozenset({"shop", "more"})), CALLER, "scope"),
        (get_order, replace(CALLER, tools=frozenset()), "step"),
        (get_order, replace(CALLER, tools=frozenset({"order_keyed"})), "step"),
        (get_order, replace(CALLER, tools=frozenset({"get_order"})), "allowed"),
        (get_order, replace(CALLER, assurance=Assurance.CLAIMED), "assurance"),
        (VERIFIED_ONLY, CALLER, "assurance"),
        (VERIFIED_ONLY, replace(CALLER, assurance=Assurance.VERIFIED), "allowed"),
        (order_keyed, replace(CALLER, customer_id=None), "customer"),
        (order_keyed, replace(CALLER, customer_id=""), "customer"),
        (get_order, replace(CALLER, customer_id=None), "allowed"),
    ],
)
def test_the_table_of_rules(tool: Tool, caller: Caller, reason: str) -> None:
    """Each rule objects alone, with its word and a sentence."""
    verdict = policy.allow(tool, caller)
    assert (reason, reason == "allowed") == (verdict.reason, verdict.allowed)
    assert verdict.allowed or tool.name in verdict.message


def test_an_internal_tool_looks_like_none() -> None:
    """Its refusal cannot be told from that of an invented name."""
    assert policy.unknown("count_orders") == policy.allow(count_orders, CALLER)


def test_asking_is_cheap() -> None:
    """One verdict costs at most 50 microseconds, at the best of several rounds."""
    rounds = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(1_000):
            policy.allow(order_keyed, CALLER)
        rounds.append((time.perf_counter() - began) / 1_000)
    assert min(rounds) < 50e-6
