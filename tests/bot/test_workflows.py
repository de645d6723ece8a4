"""The shipped workflows load and fit their tools; a mistake in one is named with its file, place and reason."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from pydantic import BaseModel

from bot import fitting, functions, replies, workflows
from state import errors
from tools import PACKS
from tools.base import Context, tool
from tools.catalog import Catalog

CONFIG = Path(__file__).parents[2] / "config"
SHIPPED = workflows.load(CONFIG / "workflows")

GOOD = """
name: greet
examples: [hello]
slots:
  invoice_id: {type: invoice_id, ask: ask_invoice}
  reason: {type: choice, choices: {a: First, b: Second}, hints: {a: [one]}}
  verdict: {set_by: [policy]}
steps:
  - {name: look, kind: retrieve, needs: [invoice_id], missing: {invoice: gone},
     calls: [{tool: get_invoice, arguments: {invoice_id: "{invoice_id}"}, fact: invoice}]}
  - {name: do, kind: act, needs: [reason], confirm: terms, confirm_yes: sure, consent: verdict,
     say: done, calls: [{tool: create_refund_request, fact: refund, arguments:
       {invoice_id: "{invoice.invoice_id}", amount: "{invoice.amount}", refund_reason: "{reason}"}}]}
replies:
  ask_invoice: Which one?
  gone: There is no {invoice_id}.
  terms: "{invoice.amount:money} for {labels.reason}?"
  sure: Yes, do it
  done: "Done: {refund.refund_id}"
"""


def load(folder: Path, text: str) -> workflows.Workflow:
    """Load one workflow from its text."""
    (folder / "one.yaml").write_text(dedent(text), encoding="utf-8")
    return next(iter(workflows.load(folder).values()))


def test_shipped_workflows_are_rich_enough() -> None:
    """Each has 25 examples or more, none twice, none shared with another; and fits the billing tools."""
    seen: dict[str, str] = {}
    for name, workflow in SHIPPED.items():
        assert len(workflow.examples) >= 25
        for example in workflow.examples:
            assert seen.setdefault(example.casefold(), name) == name
        assert len(set(workflow.examples)) == len(workflow.examples)
    functions.check(SHIPPED, Catalog.load((), built_in=PACKS))


def test_the_refund_has_the_state_the_issue_asks_for() -> None:
    """Its slots, who may set them, and its four steps."""
    refund = SHIPPED["refund"]
    assert {"invoice_id", "customer_id", "refund_reason", "eligibility_status", "confirmation"} == set(refund.slots)
    assert refund.slots["invoice_id"].aliases == ("order_id",)
    assert set(refund.user_slots()) == {"invoice_id", "refund_reason"}
    assert set(refund.slots["eligibility_status"].choices) == {"unknown", "eligible", "ineligible"}
    assert set(refund.slots["confirmation"].choices) == {"pending", "confirmed"}
    assert [(step.name, step.kind) for step in refund.steps] == [
        ("retrieve", "retrieve"),
        ("decide", "decide"),
        ("request", "act"),
        ("notify", "verify"),
    ]


def test_who_only_asks_reaches_no_step_that_writes() -> None:
    """Asking how a refund is coming along, or about an invoice, has none."""
    writing = {name for name, w in SHIPPED.items() if any(s.kind == "act" and s.calls for s in w.steps)}
    assert writing.isdisjoint({"refund_status", "invoice_status", "talk_to_person", "greeting", "thanks"})


def test_labels_of_consent_begin_with_yes() -> None:
    """The first choice of a confirmation is the yes, and looks like one."""
    refund = SHIPPED["refund"]
    assert refund.replies[refund.steps[2].confirm_yes or ""].startswith("Yes")
    assert replies.load(CONFIG / "replies.yaml")["confirm_yes"].startswith("Yes")


def test_a_name_and_examples_are_enough(tmp_path: Path) -> None:
    """A file with only these is valid and routes."""
    workflow = load(tmp_path, "{name: card_lost, examples: [I lost my card]}")
    assert workflow.steps == ()
    assert workflow.user_slots() == {}


def test_the_good_one_is_good(tmp_path: Path) -> None:
    """The workflow that the cases below break is itself in order."""
    workflow = load(tmp_path, GOOD)
    functions.check({"greet": workflow}, Catalog.load((), built_in=PACKS))


@pytest.mark.parametrize(
    "old,new,problem",
    [
        ("name: greet", "name: Greet!", "one.yaml: name: String should match"),
        ("name: greet", "nam: greet", "one.yaml: nam"),
        ("examples: [hello]", "examples: [hello", "one.yaml: while parsing"),
        ("needs: [invoice_id]", "needs: [order]", "step 'look': needs unknown slot 'order'"),
        ("ask: ask_invoice", "ask: ask_me", "slot 'invoice_id': asks with reply 'ask_me', which is not in replies"),
        ("choices: {a: First, b: Second}, ", "", "slot 'reason': is a choice without choices"),
        ("hints: {a: [one]}", "hints: {c: [one]}", "has hints for 'c', which is not one of its choices"),
        ("{type: invoice_id,", "{type: id, pattern: '(', ", "slot 'invoice_id': RE2 cannot read the pattern"),
        ("gone: There is no {invoice_id}.", "gone: There is no {order}.", "reply 'gone': {order} is not known here"),
        ("gone: There is no {invoice_id}.", 'gone: "{refund.amount}"', "step 'look': reply 'gone': {refund.amount} is"),
        ("gone: There is no {invoice_id}.", "gone: There is no {invoice_id.", "a brace is not closed"),
        ("{invoice.amount:money} for", "{invoice.amount:gold} for", "unknown format 'gold'"),
        ('"Done: {refund.refund_id}"', '"{ticket.number}"', "step 'do': reply 'done': {ticket.number} is not known"),
        ('refund_reason: "{reason}"', 'refund_reason: "{why}"', "create_refund_request: {why} is not known here"),
        ("missing: {invoice: gone}", "missing: {bill: gone}", "step 'look': missing names unknown fact 'bill'"),
        ("missing: {invoice: gone}", "missing: {invoice: lost}", "names reply 'lost', which is not in replies"),
        ("fact: refund,", "fact: invoice,", "step 'do': the fact name 'invoice' is taken"),
        ("confirm: terms, ", "", "step 'do': a write needs confirm"),
        ("kind: act", "kind: verify", "confirm, consent, approval, again and handoff belong to kind act"),
        ("kind: act", "kind: decide", "a decision belongs to kinds classify and decide"),
        ("kind: retrieve,", "kind: retrieve, decision: latest_refund,", "a decision belongs to kinds"),
        ("sure: Yes, do it", "sure: Go on", "the label of consent must begin with Yes"),
        ("consent: verdict", "consent: reason", "consent 'reason' must be a slot that policy sets"),
        ("name: do,", "name: look,", "two steps are named 'look'"),
        (
            "fact: invoice}]",
            "fact: invoice}], consent: verdict",
            "confirm, consent, approval, again and handoff belong to kind act",
        ),
        ("verdict:", "limits:", "slot 'limits': the name is taken"),
        ("name: do,", "name: do, when: nothing.known,", "step 'do': {nothing.known} is not known here"),
        ("name: do,", "name: do, again: {gone: {say: never}},", "names reply 'never', which is not in replies"),
        ("name: do,", "name: do, again: {gone: {say: done, empty: day}},", "empties unknown slot 'day'"),
        ("type: choice, ", "type: choice, options: rows, ", "is a choice with both choices and options"),
        ("{type: invoice_id,", "{type: invoice_id, options: rows,", "has options, which belong to a choice"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """Every mistake gives one line with the file, the place and the reason."""
    assert old in GOOD
    with pytest.raises(errors.BadInput) as raised:
        load(tmp_path, GOOD.replace(old, new))
    assert problem in str(raised.value)
    assert "one.yaml" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "old,new,problem",
    [
        ("tool: get_invoice", "tool: get_bill", "there is no tool 'get_bill'"),
        ("tool: get_invoice", "tool: create_refund_request", "create_refund_request writes"),
        ("tool: create_refund_request", "tool: get_refund", "get_refund only reads"),
        ('{invoice_id: "{invoice_id}"}', '{invoice: "{invoice_id}"}', "get_invoice has no argument 'invoice'"),
        ('{invoice_id: "{invoice_id}"}', "{}", "get_invoice needs the argument 'invoice_id'"),
        (
            '{invoice_id: "{invoice_id}"}',
            '{invoice_id: "1", customer_id: C-1002}',
            "customer_id is filled from the session",
        ),
        ('amount: "{invoice.amount}"', 'amount: "{invoice.price}"', "{invoice.price}: the result has no such field"),
        ("{refund.refund_id}", "{refund.number}", "reply 'done': {refund.number}: the result has no such field"),
    ],
)
def test_what_does_not_fit_the_tools_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """Missing tools, wrong arguments and fields that a result does not have are found before the first message."""
    assert old in GOOD
    with pytest.raises(errors.BadInput, match="workflow greet: ") as raised:
        functions.check({"greet": load(tmp_path, GOOD.replace(old, new))}, Catalog.load((), built_in=PACKS))
    assert problem in str(raised.value)


DECIDES = """
name: judge
slots: {eligibility_status: {set_by: [policy]}, invoice_id: {type: invoice_id}}
steps:
  - {name: look, kind: retrieve, calls: [{tool: get_customer, fact: customer}, {tool: search_invoices, fact: invoices}]}
  - {name: decide, kind: decide, decision: refund_eligibility, fact: terms, outcomes: {ineligible: {say: sorry}}}
replies: {sorry: "No, not {terms.amount:money}."}
"""


@pytest.mark.parametrize(
    "old,new,problem",
    [
        ("decision: refund_eligibility", "decision: refund", "no decision is named 'refund' (there are "),
        ("fact: customer}, {", "fact: client}, {", "refund_eligibility needs fact 'customer' first"),
        ("outcomes: {ineligible:", "outcomes: {refused:", "refund_eligibility has no outcome 'refused'"),
        ("{say: sorry}", "{}", "reply 'already_refunded' is missing, a reason of refund_eligibility"),
        ("eligibility_status: {set_by: [policy]}, ", "", "sets slot 'eligibility_status', which must exist"),
        ("{terms.amount:money}", "{terms.price}", "{terms.price} is not known here"),
        ("{say: sorry}", "{ask: eligibility_status}", "asks for 'eligibility_status', which is no slot that the user"),
        ("{say: sorry}", "{ask: invoice_id}", "outcome 'ineligible' asks for 'invoice_id' without words"),
        ("{say: sorry}", "{say: sorry, workflow: refund}", "it goes on with 'refund', which is not there"),
        ("fact: terms", "fact: customer", "the fact name 'customer' is taken"),
    ],
)
def test_decisions_are_held_to_their_rule(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """A decision's facts, slots, outcomes, reasons and values are checked against what it declares."""
    load(tmp_path, DECIDES)
    with pytest.raises(errors.BadInput) as raised:
        load(tmp_path, DECIDES.replace(old, new))
    assert problem in str(raised.value)


def test_two_files_cannot_share_a_name(tmp_path: Path) -> None:
    """The second is refused by its file name."""
    (tmp_path / "a.yaml").write_text("{name: same, examples: [x]}", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("{name: same, examples: [y]}", encoding="utf-8")
    with pytest.raises(errors.BadInput, match=r"b\.yaml: a workflow named 'same' exists already"):
        workflows.load(tmp_path)


def test_a_follow_up_must_exist(tmp_path: Path) -> None:
    """The workflow that a follow-up leads to is one of the folder's."""
    (tmp_path / "a.yaml").write_text("{name: one, examples: [x], follow_up: two}", encoding="utf-8")
    with pytest.raises(errors.BadInput, match="follow_up 'two' does not exist"):
        workflows.load(tmp_path)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """It says which folder and what to set."""
    with pytest.raises(errors.BadInput, match="CONFIG_DIR"):
        workflows.load(tmp_path)


@pytest.mark.parametrize(
    "step,problem",
    [
        ("{name: x, kind: retrieve}", "step 'x': retrieve needs calls"),
        ("{name: x, kind: act}", "step 'x': act needs exactly one call, or a handoff"),
        ("{name: x, kind: classify}", "step 'x': a decision belongs to kinds classify and decide"),
        (
            "{name: x, kind: verify, handoff: help}",
            "again and handoff belong to kind act",
        ),
        ("{name: x, kind: dance}", "steps.0.kind: Input should be"),
    ],
)
def test_each_kind_of_step_has_its_fields(tmp_path: Path, step: str, problem: str) -> None:
    """A step without what its kind needs, or with what it cannot have, is refused."""
    with pytest.raises(errors.BadInput) as raised:
        load(tmp_path, f"{{name: one, examples: [x], steps: [{step}]}}")
    assert problem in str(raised.value)


CLASSIFIES = """
name: sort
steps:
  - name: look
    kind: classify
    decision: latest_refund
    calls: [{tool: CALLED, fact: invoices, arguments: {refunds: [x]}}]
"""


class Listed(BaseModel, extra="forbid"):
    """What is passed through."""

    refunds: list[str]


@tool(kind="transform")
async def listed(arguments: Listed, context: Context) -> Listed:
    """List refunds."""
    return arguments


def test_a_transforms_result_may_feed_the_decision_of_its_own_step(tmp_path: Path) -> None:
    """A classify step calls transforms alone, before its decision; a decide step calls nothing."""
    known = {"listed": listed, **{tool.name: tool for tool in Catalog.load((), built_in=PACKS)}}

    assert [] == list(fitting.problems(load(tmp_path, CLASSIFIES.replace("CALLED", "listed")), known))
    for called, kind in (("search_invoices", "retrieve"), ("create_refund_request", "act")):
        problem = f"{called} is no transform; call it in a step of kind {kind}"
        found = fitting.problems(load(tmp_path, CLASSIFIES.replace("CALLED", called)), known)
        assert f"step 'look': {problem}" in list(found)
    with pytest.raises(errors.BadInput, match="decide calls nothing"):
        load(tmp_path, CLASSIFIES.replace("classify", "decide"))


def test_arguments_may_be_nested(tmp_path: Path) -> None:
    """Placeholders are checked within tables and lists, too."""
    call = "{tool: t, fact: f, arguments: {a: [{b: '{gone}'}, 3]}}"
    with pytest.raises(errors.BadInput, match=r"t: \{gone\} is not known here"):
        load(tmp_path, f"{{name: one, steps: [{{name: x, kind: retrieve, calls: [{call}]}}]}}")


def test_fields_of_rows_and_of_unknown_tools(tmp_path: Path) -> None:
    """Rows are looked into by number; a fact of a tool that is not there is passed over."""
    calls = "[{tool: search_invoices, fact: found}, {tool: other, fact: more}]"
    steps = f"[{{name: x, kind: retrieve, say: say, calls: {calls}}}]"
    catalog = {tool.name: tool for tool in Catalog.load((), built_in=PACKS)}
    for path, fine in (
        ("found.invoices.0.amount", True),
        ("found.invoices", True),
        ("found.invoices.0.paid_on", True),
        ("found.invoices.0.price", False),
        ("found.total", False),
        ("found.complete.x", False),
        ("more.anything", True),
    ):
        workflow = load(tmp_path, f"{{name: one, steps: {steps}, replies: {{say: '{{{path}}}'}}}}")
        assert (list(fitting.problems(workflow, catalog)) == []) == fine
