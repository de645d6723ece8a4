"""The offline model: what it chooses on held-out texts, what it reads out of them, how it follows a conversation."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import workflows
from bot.models import offline
from bot.models.base import Line, Prompt, Reply, TaskView
from bot.workflows import Slot, Workflow

DATA = Path(__file__).parent / "data"
SHIPPED = workflows.load(Path(__file__).parents[3] / "config" / "workflows")
MODEL = offline.Offline(SHIPPED)


def lines(name: str) -> list[str]:
    """The cases of a file of held-out texts."""
    text = (DATA / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def task(workflow: str, asked: str | None = None, **slots: str) -> TaskView:
    """A task as the engine shows it."""
    return TaskView(workflow=workflow, slots=slots, asked=asked)


async def plan(
    *texts: str,
    active: TaskView | None = None,
    recent: TaskView | None = None,
    allowed: tuple[str, ...] | None = None,
    model: offline.Offline = MODEL,
) -> Reply:
    """Plan one burst."""
    prompt = Prompt(
        version="1",
        instructions="",
        situation="",
        lines=(),
        texts=texts,
        task=active,
        recent=recent,
        allowed=allowed,
    )
    return await model.plan(prompt, timeout=1.0)


async def chosen(*texts: str, active: TaskView | None = None, recent: TaskView | None = None) -> str | None:
    """The workflow chosen for one burst."""
    reply = await plan(*texts, active=active, recent=recent)
    assert reply.none != bool(reply.calls)
    return reply.calls[0].name if reply.calls else None


def share(hits: list[bool], title: str) -> float:
    """The share of hits, printed."""
    print(f"{title}: {sum(hits)} of {len(hits)} ({sum(hits) / len(hits):.1%})")  # noqa: T201 - shown with -s
    return sum(hits) / len(hits)


def test_held_out_texts_are_not_in_the_examples() -> None:
    """Nothing that is measured was learned."""
    learned = {example.casefold().rstrip(".?!") for w in SHIPPED.values() for example in w.examples}
    held_out = [
        line.split("\t")[-1] for name in ("heldout.txt", "out_of_scope.txt", "attacks.txt") for line in lines(name)
    ]
    assert not [text for text in held_out if text.casefold().rstrip(".?!") in learned]


def test_held_out_wishes_are_understood() -> None:
    """At least 95 of 100 texts that a shipped workflow serves reach it."""
    cases = [line.split("\t") for line in lines("heldout.txt")]
    misses = [(want, text) for want, text in cases if MODEL.classify(text)[0] != want]
    print("missed:", misses)  # noqa: T201 - shown with -s
    assert len(cases) >= 80
    assert share([(want, text) not in misses for want, text in cases], "in scope") >= 0.95


@pytest.mark.parametrize(
    "around",
    [
        "Hello, I hope you are well. {} Thank you very much!",
        "Dear Sir or Madam, I have been a customer for many years and write because of this. {} Best regards, Kim",
        "HELLO THERE. {}",
    ],
)
def test_politeness_around_a_wish_changes_nothing(around: str) -> None:
    """A wish within a letter is found."""
    cases = [line.split("\t") for line in lines("heldout.txt") if not line.startswith(("greeting", "thanks"))]
    assert share([MODEL.classify(around.format(text))[0] == want for want, text in cases], around) >= 0.95


def test_texts_out_of_scope_are_none() -> None:
    """At least 90 of 100 texts that no workflow serves are recognised as such; of the attacks three quarters."""
    strangers, attacks = lines("out_of_scope.txt"), lines("attacks.txt")
    assert len(strangers) + len(attacks) >= 40
    assert share([MODEL.classify(text)[0] == "none" for text in strangers], "out of scope") >= 0.9
    assert share([MODEL.classify(text)[0] == "none" for text in attacks], "attacks") >= 0.75


def test_confidence_and_runners_up_are_probabilities() -> None:
    """They lie between 0 and 1, the best first."""
    for text in ("refund invoice 18492", "what is the weather", ""):
        _, confidence, runners_up = MODEL.classify(text)
        assert 0.0 <= confidence <= 1.0
        assert [share for _, share in runners_up] == sorted((share for _, share in runners_up), reverse=True)


async def test_a_wish_comes_with_its_values() -> None:
    """Number and reason are read from a burst of four messages."""
    reply = await plan("hi", "I want a refund", "for invoice 18492", "it was charged twice")
    assert [(call.name, call.arguments) for call in reply.calls] == [
        ("refund", {"invoice_id": "18492", "refund_reason": "duplicate"})
    ]
    assert reply.confidence > 0.5
    assert reply.runners_up


async def test_two_numbers_are_no_number() -> None:
    """What is ambiguous is left to a question."""
    reply = await plan("refund invoices 18492 and 18493")
    assert reply.calls[0].arguments == {}


@pytest.mark.parametrize(
    "text,workflow",
    [
        ("check the status of my refund", "refund_status"),
        ("check invoice 18492", "invoice_status"),
        ("refnud invoce 18492", "refund"),
        ("i wnat to speak wiht a humna", "talk_to_person"),
        ("Hello! I'd like a refund, please.", "refund"),
        ("thanks!", "thanks"),
        ("hello", "greeting"),
        ("", None),
        ("🙂", None),
        ("2 + 2", None),
    ],
)
async def test_plain_and_misspelt_wishes(text: str, workflow: str | None) -> None:
    """The obvious ones, with slips of the finger; nothing is made of nothing."""
    assert await chosen(text) == workflow


@pytest.mark.parametrize(
    "text,last,workflow",
    [
        ("any update?", "invoice_status", "invoice_status"),
        ("status?", "invoice_status", "invoice_status"),
        ("and that one?", "invoice_status", "invoice_status"),
        ("what about it", "invoice_status", "invoice_status"),
        ("?", "invoice_status", "invoice_status"),
        ("and 18493?", "invoice_status", "invoice_status"),
        ("any update?", "refund", "refund_status"),
        ("is it done yet?", "refund", "refund_status"),
        ("and 18493?", "refund", "refund"),
        ("any news on this?", "talk_to_person", "talk_to_person"),
        ("and the amount?", "invoice_status", "invoice_status"),
        ("thanks", "refund", "thanks"),
        ("what's the weather", "invoice_status", None),
        ("I want a refund", "invoice_status", "refund"),
        ("any update?", "a workflow that is gone", None),
    ],
)
async def test_follow_ups(text: str, last: str, workflow: str | None) -> None:
    """A text that only points goes to what was talked about last; after a refund it asks for its status."""
    assert await chosen(text, recent=task(last)) == workflow


async def test_a_follow_up_to_nothing_is_none() -> None:
    """Without anything talked about, "any update?" is a question back."""
    assert await chosen("any update?") is None


@pytest.mark.parametrize(
    "text,asked,workflow",
    [
        ("18493", "invoice_id", "refund"),
        ("I mean invoice 18493, sorry", "invoice_id", "refund"),
        ("no wait, 18493 instead", "confirmation", "refund"),
        ("yes but for invoice 18493", "confirmation", "refund"),
        ("yes but change the amount", "confirmation", None),
        ("check the status of invoice 18493", "refund_reason", "invoice_status"),
        ("it stopped working, there is a bug", "refund_reason", "refund"),
        ("can I talk to a human first?", "confirmation", "talk_to_person"),
        ("what's the weather", "invoice_id", None),
    ],
)
async def test_an_active_task_keeps_what_belongs_to_it(text: str, asked: str, workflow: str | None) -> None:
    """Values and corrections stay with the task; a clear wish for something else leaves it."""
    assert await chosen(text, active=task("refund", asked, invoice_id="18492")) == workflow


async def test_only_what_is_allowed_is_called() -> None:
    """A workflow that policy does not offer is not chosen."""
    reply = await plan("refund invoice 18492", allowed=("invoice_status",))
    assert reply.none
    assert reply.calls == ()


async def test_free_text_is_taken_only_where_it_was_asked_for() -> None:
    """A slot of plain text takes the answer whole; relative dates count from the given day."""
    flow = Workflow(
        name="call_me",
        examples=("call me", "please call me back", "give me a ring"),
        slots={"topic": Slot(type="text"), "day": Slot(type="date")},
    )
    model = offline.Offline({"call_me": flow}, today=lambda: date(2026, 11, 18))
    first = await plan("please call me tomorrow", model=model)
    assert first.calls[0].arguments == {"day": "2026-11-19"}
    active = task("call_me", "topic")
    answer = await plan("my broken bicycle", active=active, model=model)
    assert answer.calls[0].arguments == {"topic": "my broken bicycle"}


async def test_generate_is_honest() -> None:
    """It repeats the newest result, or says that it has only fixed answers."""
    prompt = Prompt(
        version="1", instructions="", situation="", lines=(Line(role="result", text="49.00 USD"),), texts=()
    )
    assert (await MODEL.generate(prompt, timeout=1.0)).text == "49.00 USD"
    empty = Prompt(version="1", instructions="", situation="", lines=(), texts=())
    assert (await MODEL.generate(empty, timeout=1.0)).none
    await MODEL.close()


def test_it_is_deterministic() -> None:
    """Trained twice it answers the same, to the last digit."""
    again = offline.Offline(SHIPPED)
    for line in lines("heldout.txt")[:20]:
        assert MODEL.classify(line) == again.classify(line)


def test_it_is_quick() -> None:
    """Far below a millisecond of a free processor for a text; measured here with room for a busy one."""
    texts = [line.split("\t")[1] for line in lines("heldout.txt")]
    begun = time.process_time()
    for text in texts:
        MODEL.classify(text)
    per_text = (time.process_time() - begun) / len(texts)
    print(f"{per_text * 1000:.2f} ms a text")  # noqa: T201 - shown with -s
    assert per_text < 0.005


@pytest.mark.parametrize("piece", ["refnud ", "abcdefghij ", "1 ", "a@b.c ", "é", "?", "refund-invoice/"])
def test_long_texts_cost_little(piece: str) -> None:
    """A megabyte of anything is cut, and looked at once."""
    begun = time.process_time()
    MODEL.classify(piece * (1_000_000 // len(piece)))
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("flows", [{}, {"empty": Workflow(name="empty")}])
async def test_without_examples_nothing_is_chosen(flows: dict[str, Workflow]) -> None:
    """No workflows, or none with examples, is no reason to fail."""
    model = offline.Offline(flows)
    assert model.classify("hello")[0] == "none"
    assert (await plan("hello", model=model)).none


async def test_one_workflow_alone_still_knows_none() -> None:
    """With a single workflow, a text about something else is not forced into it."""
    model = offline.Offline({"refund": Workflow(name="refund", examples=SHIPPED["refund"].examples)})
    assert model.classify("please refund order 18492")[0] == "refund"
    assert model.classify("what is the capital of France")[0] == "none"


@settings(max_examples=80)
@given(text=st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    """Any text gets an intent or none."""
    assert MODEL.classify(text)[0] in {*SHIPPED, "none"}
