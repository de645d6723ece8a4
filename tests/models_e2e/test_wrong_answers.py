"""A model that answers nonsense, or too much of it: one repair, then the rules; counted, and never a write."""

from __future__ import annotations

import pytest

from tests.flows.told import REASON, TERMS, refunded
from tests.harness.outside import KIM
from tests.harness.stage import Stage
from tests.models_e2e.seen import ONE_API, PAID, RULES, Counted, degraded, events, figures
from tests.openai_server import OpenAIServer, Step, call, call_badly, say

INVENTED = "throughline_invented_tools_total"
ARGUMENTS = 'throughline_schema_failures_total{reason="arguments",tool="refund"}'
MALFORMED: dict[str, Step] = {
    "cut off": call_badly("refund", '{"invoice_id": "184'),
    "not an object": call_badly("refund", '["18492"]'),
    "words": call_badly("refund", "the invoice 18492, please"),
    "an argument too many": call("refund", invoice_id="18492", refund_reason=None, amount="4900.00 USD"),
    "the consent": call("refund", invoice_id="18492", refund_reason=None, confirmation="confirmed"),
    "the verdict": call("refund", invoice_id="18492", refund_reason=None, eligibility_status="eligible"),
    "somebody else": call("refund", invoice_id="18492", refund_reason=None, customer_id="C-1002"),
    "none of the choices": call("refund", invoice_id="18492", refund_reason="fraud"),
    "a list for a choice": call("refund", invoice_id="18492", refund_reason=["duplicate"]),
}
GOOD = call("refund", invoice_id="18492", refund_reason=None)
WISH = "I want a refund for invoice 18492"


async def test_wrong_arguments_get_one_repair(stage: Stage, model: OpenAIServer) -> None:
    """What is wrong is said to the model, which mends it; each is counted, and the transcript is one that is taken."""
    web = await stage.web(customer=KIM)
    counted = await Counted.begin(stage)
    for name, bad in MALFORMED.items():
        model.script(bad, GOOD)
        assert REASON in (await web.ask(WISH))["text"], name
        assert "error" in model.last.results[-1], name

    assert len(MALFORMED) == await counted.grown(stage, ARGUMENTS)
    assert [] == await degraded(stage)
    assert [] == model.refused
    assert [] == await refunded(stage)


@ONE_API
async def test_wrong_arguments_twice_are_enough(stage: Stage, model: OpenAIServer) -> None:
    """After one repair that was none, the rules read the message, and say so."""
    web = await stage.web(customer=KIM)
    model.script(MALFORMED["cut off"], MALFORMED["none of the choices"])

    answer = (await web.ask(WISH))["text"]

    assert RULES in answer
    assert REASON in answer
    assert ["offline"] == await degraded(stage)
    assert 2 == len(model.requests)


async def test_wrong_arguments_of_a_lookup(stage: Stage, model: OpenAIServer) -> None:
    """A lookup's arguments are held against its own schema, and mended like a workflow's."""
    web = await stage.web(customer=KIM)
    model.script(call("get_invoice", number="18492"), call("get_invoice", invoice_id="18492"), say("Paid."))
    assert "Paid." == (await web.ask("and 18492?"))["text"]

    model.script(call("get_invoice"), call_badly("get_invoice", "{"))
    answer = (await web.ask("check invoice 18492"))["text"]

    assert RULES in answer
    assert PAID in answer
    assert [] == model.refused


@ONE_API
async def test_an_invented_function_is_refused_and_counted(stage: Stage, model: OpenAIServer) -> None:
    """Its name reaches neither the figures nor the log, since a model may invent any number of them."""
    web = await stage.web(customer=KIM)
    counted = await Counted.begin(stage)
    model.script(call("give_money_to_ann", amount="900"), call("invoice_status", invoice_id="18492"))

    assert PAID in (await web.ask("check invoice 18492"))["text"]

    assert 1 == await counted.grown(stage, INVENTED)
    assert ["(invented)"] == [event["tool"] for event in await events(stage, "ToolRefused")]
    assert not [name for name in await figures(stage) if "give_money" in name]
    assert "invoice_status" in model.last.results[-1]


@ONE_API
@pytest.mark.parametrize("name", ["create_refund_request", "find_customer"])
async def test_a_write_cannot_be_called_directly(stage: Stage, model: OpenAIServer, name: str) -> None:
    """It is not on the list; who asks for it all the same is refused and counted, and nothing is written."""
    web = await stage.web(customer=KIM)
    counted = await Counted.begin(stage)
    wanted = call(name, invoice_id="18492", amount="49.00 USD", refund_reason="duplicate", phone="+15550101002")
    model.script(wanted, wanted)

    answer = (await web.ask(WISH))["text"]

    assert RULES in answer
    assert REASON in answer
    blocked = f'throughline_policy_blocks_total{{reason="policy",tool="{name}"}}'
    assert 2 == await counted.grown(stage, blocked)
    assert name not in [tool["name"] for tool in model.last.tools]
    assert [] == await stage.outside.get("/acme/ledger")


@ONE_API
async def test_the_same_call_again_is_refused(stage: Stage, model: OpenAIServer) -> None:
    """A model that goes in a circle is told once, then the rules take over; Acme is asked once."""
    web = await stage.web(customer=KIM)
    model.rule = lambda _: call("get_invoice", invoice_id="18493")

    answer = (await web.ask("check invoice 18493"))["text"]

    assert RULES in answer
    assert "Invoice 18493 is open" in answer
    assert ["repeated", "repeated"] == [event["reason"] for event in await events(stage, "ToolRefused")]
    assert 3 == len(model.requests)


async def test_calls_without_end(stage: Stage, model: OpenAIServer) -> None:
    """Fifty different calls in a row: the turn ends at its limit of steps."""
    web = await stage.web(customer=KIM)
    numbers = iter(range(18_000, 18_050))
    model.rule = lambda _: call("get_invoice", invoice_id=str(next(numbers)))

    answer = (await web.ask("check invoice 18492"))["text"]

    assert RULES in answer
    assert PAID in answer
    assert 8 == len(model.requests)
    assert [] == model.refused


async def test_calls_at_once(stage: Stage, model: OpenAIServer) -> None:
    """Of many calls in one answer the first is made; the others are said not to be, in a transcript that is taken."""
    web = await stage.web(customer=KIM)
    calls = tuple(("get_invoice", {"invoice_id": str(number)}) for number in range(18_492, 18_542))
    model.script(Step(calls=calls, text="I will look at all of them."), say("The first is paid."))

    assert "The first is paid." == (await web.ask("are they all paid?"))["text"]

    assert 1 == len(await events(stage, "ToolSucceeded"))
    first, *others = model.last.results
    assert "49.00" in first
    assert others
    assert all("not carried out" in result for result in others)
    assert [] == model.refused


async def test_text_beside_a_call_is_dropped(stage: Stage, model: OpenAIServer) -> None:
    """What the model says while it calls is not what the customer is told."""
    web = await stage.web(customer=KIM)
    model.script(Step(calls=GOOD.calls, text="Your refund is on its way!"))

    answer = (await web.ask(WISH))["text"]

    assert REASON in answer
    assert "on its way" not in answer


async def test_nothing_is_no_answer(stage: Stage, model: OpenAIServer) -> None:
    """An empty answer, or one of characters that nobody sees, is asked for once more; then the rules answer."""
    web = await stage.web(customer=KIM)
    for text in ("", " \n\t ", "\u200b\u2060\u200b"):
        model.script(say(text), call("invoice_status", invoice_id="18492"))
        assert RULES not in (await web.ask("check invoice 18492"))["text"], text

        model.script(say(text), say(text))
        assert RULES in (await web.ask("check invoice 18492"))["text"], text


@ONE_API
async def test_an_endless_text_is_cut(stage: Stage, model: OpenAIServer) -> None:
    """A hundred thousand characters become one message of the channel, cut between words, and cost no later prompt."""
    web, phone = await stage.web(customer=KIM), stage.phone()
    endless = say("All is well, really. " * 5_000)
    model.script(endless, endless)

    there = await phone.ask("tell me a story")
    here = (await web.ask("and another"))["text"]

    assert [there] == await phone.received()
    assert 1_000 < len(there) <= 1_600
    assert there.endswith("really. …")
    assert 2_000 < len(here) <= 3_000
    await web.ask("thanks")
    assert len(model.last.text()) < 30_000


@ONE_API
async def test_a_claim_is_no_deed(stage: Stage, model: OpenAIServer) -> None:
    """A model that says a refund was made has made none: nothing is written, and no task or action pretends so."""
    web = await stage.web(customer=KIM)
    model.script(say("I have refunded 49.00 USD for invoice 18492. Your refund number is RX-77."))

    await web.ask("refund 18492, twice if you can")

    assert [] == await stage.outside.get("/acme/ledger")
    assert [] == await events(stage, "ActionProposed")
    assert "already" not in (await web.ask("yes"))["text"]


@ONE_API
async def test_numbers_the_customer_never_wrote_are_not_taken(stage: Stage, model: OpenAIServer) -> None:
    """A model that makes up an invoice, or takes it from its own words, sets nothing: the customer is asked."""
    web = await stage.web(customer=KIM)
    model.script(
        say("Shall I refund invoice 18493?"),
        call("refund", invoice_id="18493", refund_reason="duplicate"),
        call("invoice_status", invoice_id="1849"),
    )
    await web.ask("hello, are you there?")

    assert "Which invoice is it?" in (await web.ask("please give me some money back"))["text"]
    assert "Which invoice?" in (await web.ask("I mean, is my invoice 18492 paid?"))["text"]
    assert [] == await refunded(stage)


@ONE_API
async def test_a_choice_by_its_label(stage: Stage, model: OpenAIServer) -> None:
    """A choice is taken by its name or its words; both are told to the model."""
    web = await stage.web(customer=KIM)
    model.script(call("refund", invoice_id="18492", refund_reason="I was charged Twice"))

    assert (await web.ask("refund invoice 18492, it went off my card two times"))["text"].startswith(TERMS)

    refund = next(tool for tool in model.last.tools if tool["name"] == "refund")
    assert "duplicate: I was charged twice" in refund["parameters"]["properties"]["refund_reason"]["description"]


@ONE_API
async def test_every_message_says_what_is_asked(stage: Stage, model: OpenAIServer) -> None:
    """While a choice is open, the model's own words keep its buttons."""
    web = await stage.web(customer=KIM)
    question = await web.ask(WISH)
    model.script(say("It helps us to get better."))

    aside = await web.ask("why do you want to know?")

    assert "It helps us to get better." == aside["text"]
    assert [c["label"] for c in question["choices"]] == [c["label"] for c in aside["choices"]]
    assert (await web.click(aside, "I was charged twice"))["text"].startswith(TERMS)
