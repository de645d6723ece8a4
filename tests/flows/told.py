"""What tests say about conversations: questions, terms, notices, by how they read to the customer."""

from __future__ import annotations

import pytest

from tests.harness.outside import KIMS_PHONE, Json
from tests.harness.stage import Stage
from tests.harness.web import WebClient

EVERYWHERE = pytest.mark.parametrize(
    "place",
    ["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.redis])],
    indirect=True,
)
REASON = "Why would you like invoice 18492 refunded?"
TERMS = "Please confirm this refund:\nAmount: 49.00 USD\nInvoice: 18492"
NOTICE = "Your refund number is RF-"


def is_notice(text: str) -> bool:
    """Whether a text tells the customer that a refund was made."""
    return NOTICE in text or text.strip() == "Done."


async def asked_for_consent(web: WebClient) -> Json:
    """Begin a refund of invoice 18492 in the chat and come as far as its terms; answers that message."""
    question = await web.ask("I want a refund for invoice 18492")
    assert question["text"].startswith(REASON)
    terms = await web.click(question, "I was charged twice")
    assert terms["text"].startswith(TERMS)
    return terms


async def refunded(stage: Stage) -> list[str]:
    """The invoices that Acme refunded, from its ledger."""
    return [row["body"]["invoice_id"] for row in await stage.outside.ledger()]


async def committed(stage: Stage, words: str) -> bool:
    """Whether a reply to Kim's phone's session with these words is committed, sent or not."""
    session = await stage.operators.session_of(f"whatsapp:{KIMS_PHONE}")
    return any(words in event["data"]["text"] for event in await stage.operators.events(session, "ReplyQueued"))


async def notices(stage: Stage, *webs: WebClient) -> int:
    """How often the customer was told of a refund, on the phone and in these chats."""
    texts = await stage.phone().received()
    for web in webs:
        texts += web.said_by_bot()
    return sum(is_notice(text) for text in texts)
