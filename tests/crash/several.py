"""Several writes under one yes: what the customer paid lately is disputed, each invoice once, wherever it dies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.crash.counted import Count, count
from tests.crash.told import MOST_YES, PATIENCE_S, Customer
from tests.harness.outside import Json

WORKFLOWS = (
    """
name: dispute_all
title: Dispute all paid invoices
goal: The customer disputes everything they paid.
needs_customer: true
review: none
examples:
  - dispute all my paid invoices
  - I want to dispute everything I paid
  - all paid invoices are wrong
  - dispute them all
  - please dispute every paid invoice
  - contest all paid bills
slots:
  since: {type: date, ask: since_when}
  confirmation: {type: choice, set_by: [policy], default: pending, choices: {pending: not yet, confirmed: confirmed}}
steps:
  - name: look
    kind: retrieve
    needs: [since]
    calls: [{tool: search_invoices, arguments: {status: paid, since: "{since}"}, fact: found}]
  - name: dispute
    kind: act
    when: found.invoices
    each: found.invoices
    item: one
    calls:
      - tool: create_dispute
        arguments: {invoice_id: "{item.invoice_id}", dispute_reason: wrong_amount}
        fact: disputes
    confirm: terms
    consent: confirmation
    say: all_done
replies:
  since_when: "Since which day?"
  one: "invoice {item.invoice_id}"
  terms: |-
    Shall I dispute these?
    {items}
  all_done: |-
    All disputed:
    {items}
""",
    "{name: greeting, listed: false, examples: [hello, hi, good morning, hey]}",
)
"""All that the bot has in this conversation."""
DAYS, PAID = 80, ("18492", "18476", "18459")
TERMS, NOTICE = "Shall I dispute these?", "All disputed:"
LISTED = "\n".join(f"• invoice {number}" for number in PAID)


async def all_disputed(kim: Customer) -> None:
    """Sign in, ask for it, and press yes below the newest terms until it is done."""
    await kim.sign_in()
    since = datetime.now(UTC).date() - timedelta(days=DAYS)
    await kim.say(f"I want to dispute everything I paid since {since}")
    for _ in range(MOST_YES):
        terms = await kim.web.seen(lambda m: _asks(m) and bool(m["choices"]), "the terms", patience=PATIENCE_S)
        assert terms["text"].endswith(f"{TERMS}\n{LISTED}"), terms["text"]
        answer = await kim.press(terms, "Yes")
        if not _asks(answer):
            await kim.shown(NOTICE)
            return
    raise AssertionError("the bot asked for a yes again and again")


def _asks(message: Json) -> bool:
    return TERMS in message["text"]


async def count_disputes(kim: Customer) -> Count:
    """What is counted anyway; of the writes, whether each is there once under its own key, and was told once."""
    found = await count(kim)
    rows = await kim.stage.outside.ledger("dispute")
    exact = sorted(row["body"]["invoice_id"] for row in rows) == sorted(PAID) and len({r["key"] for r in rows}) == len(
        PAID
    )
    told = [text for text in (await kim.stage.web(visitor=kim.web.visitor)).said_by_bot() if NOTICE in text]
    whole = [text for text in told if text.endswith(f"{NOTICE}\n{LISTED}")]
    return replace(found, refunds=int(exact), notices=len(told), muddled=len(told) - len(whole))
