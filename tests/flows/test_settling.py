"""A write of which nobody can tell whether it happened: a person looks, and says so in Slack."""

from __future__ import annotations

import pytest

from tests.flows.desk import Desk
from tests.flows.told import asked_for_consent, refunded
from tests.harness.outside import KIM
from tests.harness.workspace import ROBIN, SAM, Workspace, actions_of, words_of

SILENT = {"unknown_probe_s": [0.1, 0.8]}


@pytest.mark.parametrize("tuning", [SILENT])
@pytest.mark.parametrize("button,word", [("happened", "it did go through"), ("not_happened", "it did not go through")])
async def test_what_stays_unknown_is_settled_by_a_button(desk: Desk, button: str, word: str) -> None:
    """The card has the evidence; one click counts, the customer is told, the ticket ends, and Acme's answer is late."""
    slack, stage = Workspace(outside=desk.stage.outside), desk.stage
    web = await stage.web(customer=KIM)
    terms = await asked_for_consent(web)
    await stage.outside.break_acme("error", "/v1/refunds*", times=1_000)
    await web.click(terms, "Yes")
    await web.seen(lambda m: "ticket number" in m["text"], "that a person looks")
    card = await slack.card(with_button="happened")
    (action,) = await desk.logged("ActionProposed")
    evidence = ("create_refund_request@1", "18492", "49.00 USD", action["action"], "Called: ", "Read back: ", "Sent: ")
    assert [] == [part for part in evidence if part not in words_of(card)]

    await slack.press(card, button, ROBIN, copies=2)
    await slack.press(card, "happened", SAM, stale=True)

    await web.seen(lambda m: word in m["text"], "how it ended")
    await slack.line("looked it up")
    settled = await slack.card(without="happened")
    assert "not_happened" not in actions_of(settled)
    assert "Robin" in words_of(settled)
    (ticket,) = await stage.operators.tickets()
    assert ("resolved", "staff") == (ticket["status"], ticket["outcome"])
    await stage.outside.mend()
    assert 1 == len(await desk.logged("ActionSettled"))
    assert [] == await refunded(stage)
