"""Who may use which tool: one row per rule, what holds for any numbers, and the price of asking."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.money import Money
from config.tool_rules import NO_RULES, ToolRules
from state.identity import Assurance
from state.ledger import NOTHING, Spent
from tests.tools.shop import CALLER, count_orders, get_order, order_keyed
from tools import policy
from tools.base import SYSTEM, Caller, Tool

ENGINE = replace(CALLER, actor=SYSTEM)
NOBODY = Caller(actor="bot", session_id="S", user_id="U", channel="web", assurance=Assurance.CLAIMED)
VERIFIED_ONLY = replace(order_keyed, assurance=Assurance.VERIFIED)
OPEN = replace(get_order, scopes=frozenset(), assurance=Assurance.CLAIMED)
FRIDAY = datetime(2026, 7, 3, 12, tzinfo=UTC)
LEVELS = [Assurance.CLAIMED, Assurance.CHANNEL, Assurance.VERIFIED]


def rules(**given: Any) -> ToolRules:
    """Limits as policies.yaml would have them."""
    return ToolRules.model_validate(given)


DAY = {"argument": "amount", "most": "1000.00 USD"}
APPROVAL = {"argument": "amount", "above": "500.00 USD", "scope": "shop:approve"}
LIMITED = rules(amount_per_day=DAY, approval=APPROVAL, per_day=5)


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
    verdict = policy.decide(tool, caller, now=FRIDAY)
    assert (reason, reason == "allowed") == (verdict.reason, verdict.allowed)
    assert verdict.allowed or tool.name in verdict.message


@pytest.mark.parametrize(
    "row, amount, spent, reason, approval",
    [
        (NO_RULES, "9999.00 USD", NOTHING, "allowed", None),
        (LIMITED, "500.00 USD", NOTHING, "allowed", None),
        (LIMITED, "500.01 USD", NOTHING, "allowed", "500.01 USD is above 500.00 USD"),
        (LIMITED, "400.00 USD", Spent(calls=1, sums={"USD": 6_000_000}), "allowed", None),
        (LIMITED, "400.01 USD", Spent(calls=1, sums={"USD": 6_000_000}), "limit", None),
        (LIMITED, "400.01 USD", Spent(calls=1, sums={"EUR": 6_000_000}), "allowed", None),
        (LIMITED, "1.00 USD", Spent(calls=4), "allowed", None),
        (LIMITED, "1.00 USD", Spent(calls=5), "limit", None),
        (LIMITED, "1.00 EUR", NOTHING, "allowed", "1.00 EUR is in another currency than the limit of 500.00 USD"),
        (LIMITED, None, NOTHING, "allowed", "an amount that cannot be read is not below 500.00 USD"),
        (rules(amount_per_day=DAY), "1.00 EUR", NOTHING, "limit", None),
        (rules(amount_per_day=DAY), None, NOTHING, "limit", None),
        (rules(amount_per_day=DAY), "1000.00 USD", NOTHING, "allowed", None),
        (rules(approval={"scope": "shop:approve"}), None, NOTHING, "allowed", "order_keyed always needs approval"),
        (
            rules(amount_per_day=DAY, approval={**APPROVAL, "above": "500.00 EUR"}),
            "1.00 EUR",
            NOTHING,
            "allowed",
            "the limit of 1000.00 USD in 24 hours is in another currency",
        ),
        (rules(off=True), "1.00 USD", NOTHING, "off", None),
        (rules(minimum=2), "1.00 USD", NOTHING, "version", None),
        (rules(minimum=1), "1.00 USD", NOTHING, "allowed", None),
        (rules(hours={"from": "09:00", "to": "17:00", "time_zone": "UTC"}), "1.00 USD", NOTHING, "allowed", None),
        (rules(hours={"from": "13:00", "to": "17:00", "time_zone": "UTC"}), "1.00 USD", NOTHING, "hours", None),
        (rules(hours={"days": ["sat"], "from": 9, "to": 17, "time_zone": "UTC"}), "1.00 USD", NOTHING, "hours", None),
    ],
)
def test_the_table_of_limits(
    row: ToolRules, amount: str | None, spent: Spent, reason: str, approval: str | None
) -> None:
    """Each limit objects alone, or asks for approval and says why."""
    found = policy.decide(order_keyed, CALLER, rules=row, now=FRIDAY, arguments={"amount": amount}, spent=spent)
    assert reason == found.reason
    assert approval == (found.approval.why if found.approval else None)
    assert found.approval is None or found.approval.scope == "shop:approve"
    assert found.allowed or "order_keyed" in found.message


def test_what_is_left_is_said() -> None:
    """The message of a sum names the limit, the rest and what was asked for."""
    spent = Spent(calls=1, sums={"USD": 9_000_000})
    found = policy.decide(
        order_keyed, CALLER, rules=LIMITED, now=FRIDAY, arguments={"amount": "200.00 USD"}, spent=spent
    )
    assert found.message == (
        "order_keyed moves at most 1000.00 USD in 24 hours; 100.00 USD is left, and this is 200.00 USD"
    )


def test_every_objection_is_given() -> None:
    """Not only the first: who explains a decision sees all of it."""
    row = rules(off=True, hours={"from": "13:00", "to": "17:00", "time_zone": "UTC"})
    found = policy.decide(order_keyed, NOBODY, rules=row, now=FRIDAY)
    assert ["off", "scope", "assurance", "customer", "hours"] == [one.reason for one in found.objections]


def test_before_the_arguments_are_known_only_the_rest_is_judged() -> None:
    """A model is told of a tool even where some amounts would be refused."""
    spent = Spent(calls=9, sums={"USD": 10**9})
    found = policy.decide(order_keyed, CALLER, rules=LIMITED, now=FRIDAY, spent=spent)
    assert (True, None) == (found.allowed, found.approval)


def test_an_internal_tool_looks_like_none() -> None:
    """Its refusal cannot be told from that of an invented name."""
    assert policy.unknown("count_orders") == policy.decide(count_orders, CALLER, now=FRIDAY)


CENTS = st.integers(min_value=0, max_value=400_000)
CURRENCY = st.sampled_from(["USD", "USD", "USD", "EUR", "JPY"])
SPENT = st.builds(
    lambda calls, usd, eur: Spent(calls=calls, sums={"USD": usd * 100, "EUR": eur * 100}),
    *(st.integers(min_value=0, max_value=8), CENTS, CENTS),
)
ROWS = st.builds(
    lambda most, above, per_day, parts: rules(
        amount_per_day={**DAY, "most": f"{most}.00 USD"} if "sum" in parts else None,
        approval={**APPROVAL, "above": f"{above}.00 USD"} if "approval" in parts else None,
        per_day=per_day if "count" in parts else None,
    ),
    *(st.integers(min_value=1, max_value=3_000), st.integers(min_value=0, max_value=3_000), st.integers(1, 9)),
    st.sets(st.sampled_from(["sum", "approval", "count"])),
)


def judged(row: ToolRules, cents: int, currency: str, spent: Spent, who: Caller = CALLER) -> policy.Decision:
    """The decision on one amount."""
    amount = str(Money(amount=Decimal(cents) / 100, currency=currency))
    return policy.decide(order_keyed, who, rules=row, now=FRIDAY, arguments={"amount": amount}, spent=spent)


@given(row=ROWS, cents=CENTS, currency=CURRENCY, spent=SPENT, further=st.tuples(st.integers(0, 5), CENTS))
def test_more_spent_never_allows_more(
    row: ToolRules, cents: int, currency: str, spent: Spent, further: tuple[int, int]
) -> None:
    """Whatever was refused stays refused when more was done before, and no approval is dropped by it."""
    calls, more = further
    later = Spent(calls=spent.calls + calls, sums={k: v + more * 100 for k, v in spent.sums.items()})
    one, two = judged(row, cents, currency, spent), judged(row, cents, currency, later)
    assert one.allowed or not two.allowed
    assert one.approval == two.approval


@given(row=ROWS, cents=CENTS, more=CENTS, currency=CURRENCY, spent=SPENT)
def test_a_larger_amount_never_gets_more(row: ToolRules, cents: int, more: int, currency: str, spent: Spent) -> None:
    """It is not allowed where the smaller one was refused, and it does not lose the approval that it needed."""
    small, large = judged(row, cents, currency, spent), judged(row, cents + more, currency, spent)
    assert small.allowed or not large.allowed
    assert small.approval is None or large.approval is not None


@given(
    row=ROWS,
    cents=CENTS,
    spent=SPENT,
    levels=st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS)),
    needs=st.sampled_from(LEVELS),
)
def test_a_lower_assurance_never_allows_more(
    row: ToolRules, cents: int, spent: Spent, levels: tuple[Assurance, Assurance], needs: Assurance
) -> None:
    """Nor does it lose an approval."""
    low, high = sorted(levels, key=LEVELS.index)
    tool = replace(order_keyed, assurance=needs)
    found = [
        policy.decide(
            tool,
            replace(CALLER, assurance=level),
            rules=row,
            now=FRIDAY,
            arguments={"amount": f"{cents / 100:.2f} USD"},
            spent=spent,
        )
        for level in (low, high)
    ]
    assert found[1].allowed or not found[0].allowed
    assert found[0].approval == found[1].approval


@given(row=ROWS, cents=CENTS, spent=SPENT, usd=CENTS)
def test_currencies_are_never_mixed(row: ToolRules, cents: int, spent: Spent, usd: int) -> None:
    """What was spent in one currency changes nothing in another, and another than the limit's is never just allowed."""
    other = Spent(calls=spent.calls, sums={**spent.sums, "USD": usd * 100})
    assert judged(row, cents, "EUR", spent) == judged(row, cents, "EUR", other)
    if row.amount_per_day or row.approval:
        found = judged(row, cents, "EUR", NOTHING)
        assert found.approval is not None or not found.allowed


def test_asking_is_cheap() -> None:
    """One verdict costs at most 50 microseconds of CPU with every limit there is, at the best of several rounds."""
    row = LIMITED.model_copy(
        update={"hours": rules(hours={"from": "09:00", "to": "17:00", "time_zone": "Europe/Berlin"}).hours}
    )
    spent, arguments = Spent(calls=2, sums={"USD": 100_000}), {"amount": "20.00 USD"}
    rounds = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(1_000):
            policy.decide(order_keyed, CALLER, rules=row, now=FRIDAY, arguments=arguments, spent=spent)
        rounds.append((time.process_time() - began) / 1_000)
    assert min(rounds) < 50e-6
