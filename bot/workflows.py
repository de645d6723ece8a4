"""Workflows as data: the schema of config/workflows/*.yaml and its loader. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self

import re2
import yaml
from pydantic import Field, ValidationError, model_validator

from bot import decisions, replies
from bot.workflow_parts import Again, Ending, StepApproval, StepLetter, Strict, ToolCall
from config import files
from state import errors

Setter = Literal["user", "tool", "policy", "staff", "session"]
SlotType = Literal[
    "invoice_id", "order_id", "id", "amount", "integer", "date", "time", "datetime", "time_zone", "country", "email",
    "emails", "choice", "yes_no", "text",
]  # fmt: skip
StepKind = Literal["classify", "retrieve", "decide", "act", "verify"]
RESERVED = frozenset({"labels", "limits", "ticket", "approval", "item", "items"})
"""What templates may use beside slots and facts: labels of chosen values, the workflow's limits, the ticket opened, the
limit above which its write needs approval."""
IN_APPROVALS = frozenset({"ticket.number", "approval.above", "approval.why"})


class Slot(Strict):
    """One typed value of a task. `set_by`: who may set it (what a model proposes counts as the user's word).

    `remember`: may be taken from what the conversation was last about. `aliases`: other names accepted for it.
    `ask`: the reply that asks for it. `choices`: value → label, for type choice; `hints`: value → other words
    customers use for it. `pattern`: an RE2 pattern, for type id. `options`: the fact that holds the choices of this
    turn, a list of rows with `value` and `label`; only an answer to the question sets such a slot. `opening`: the
    message that begins the task is its value, word for word.
    """

    type: SlotType = "text"
    set_by: tuple[Setter, ...] = ("user",)
    ask: str | None = None
    choices: dict[str, str] = Field(default_factory=dict)
    hints: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    remember: bool = False
    default: Any = None
    pattern: str | None = None
    options: str | None = None
    opening: bool = False
    description: str = ""


class Step(Strict):
    """One step. Every turn runs the steps from the first on; each does its work or asks for what it needs and stops.

    when: the fact or slot that must hold, else the step is passed over; one that has begun to write is gone on with.
    needs: slots that must be set first (asked for in this order).
    retrieve: `calls` are looked up (or, by transforms, worked out) into facts. `missing`: fact → reply said when the
    answer is empty or "not found" (ends the task). An argument that is a slot without a value is passed as null.
    classify, decide: `decision` names a pure function in bot.decisions. It sets slots, its values become the fact
    `fact`, and `outcomes` says which of its outcomes end the task; an outcome without a row goes on. The `calls` of a
    classify are transforms; the fact of one that does not answer is null, which the decision must take for unsure.
    act: `calls[0]` is a transact tool; `confirm` is the reply with its exact terms, `confirm_yes` and `confirm_no` the
    labels of the two answers, `consent` the slot that turns "confirmed", `approval` when staff must agree as well,
    `again` what follows a refusal, by its code. With `each`, a slot or fact that is a list, there is one write for
    every `{item}` of it, all under one yes: `confirm` lists them as `{items}`, `item` is the reply that says one of
    them, the fact is the list of results. Or, without calls, `handoff`: the reason of the ticket it opens.
    verify: `calls` read back. `say`, in any step: the reply said when it is through (the last one said is the answer).
    `letter`: what is sent to the customer by e-mail besides, once the step is through.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    kind: StepKind
    when: str | None = None
    needs: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    missing: dict[str, str] = Field(default_factory=dict)
    decision: str | None = None
    fact: str | None = None
    outcomes: dict[str, Ending] = Field(default_factory=dict)
    confirm: str | None = None
    confirm_yes: str | None = None
    confirm_no: str | None = None
    consent: str | None = None
    approval: StepApproval | None = None
    again: dict[str, Again] = Field(default_factory=dict)
    each: str | None = None
    item: str | None = None
    handoff: str | None = None
    say: str | None = None
    letter: StepLetter | None = None

    def said(self) -> tuple[str, ...]:
        """Names of the workflow's replies this step may say."""
        endings = (name for ending in self.outcomes.values() for name in (ending.say, ending.note, ending.rest))
        refusals = (again.say for again in self.again.values())
        labels = (self.confirm, self.confirm_yes, self.confirm_no, self.item)
        asked = self.approval.said() if self.approval else ()
        found = (*self.missing.values(), *endings, *refusals, *labels, *asked, self.say)
        return tuple(name for name in (*found, self.letter.text if self.letter else None) if name)

    def facts(self) -> tuple[str, ...]:
        """Names of the facts this step brings."""
        return (*(call.fact for call in self.calls), *((self.fact,) if self.fact else ()))


class Workflow(Strict):
    """One kind of task. With only `name` and `examples` it is valid and routes (a person takes it).

    `listed`: whether it is named when the bot says what it can do. `follow_up`: the workflow that "any update?" means
    when this one was the last (else itself). `review`: which of its writes staff must approve besides: all of them,
    those above a limit (the tool's in policies.yaml, or `approval: when`), or none (the tool's own limit holds).
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    title: str = ""
    goal: str = ""
    examples: tuple[str, ...] = ()
    slots: dict[str, Slot] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    replies: dict[str, str] = Field(default_factory=dict)
    limits: dict[str, Any] = Field(default_factory=dict)
    tools: tuple[str, ...] = ()
    routing: Literal["single", "two_stage"] | None = None
    needs_customer: bool = False
    listed: bool = True
    follow_up: str | None = None
    review: Literal["all", "above_limit", "none"] = "all"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for problem in _problems(self):
            raise ValueError(problem)
        return self

    @property
    def writes(self) -> bool:
        """Whether it changes anything outside: then what it rests on is looked up anew."""
        return any(step.kind == "act" and step.calls for step in self.steps)

    def called(self) -> frozenset[str]:
        """The names of the tools it calls, its letters' included."""
        letters = (step.letter.call.tool for step in self.steps if step.letter)
        return frozenset({*(call.tool for step in self.steps for call in step.calls), *letters, *self.tools})

    def user_slots(self) -> dict[str, Slot]:
        """The slots a customer (and so a model on their behalf) may set; what was offered is only ever chosen."""
        theirs = ((name, slot) for name, slot in self.slots.items() if "user" in slot.set_by)
        return {name: slot for name, slot in theirs if not (slot.options or slot.opening)}


def load(folder: Path) -> dict[str, Workflow]:
    """Read every *.yaml of a folder, by name. Raises BadInput naming the file and what is wrong with it."""
    found: dict[str, Workflow] = {}
    for path in sorted(folder.glob("*.yaml")):
        workflow = _read(path)
        if workflow.name in found:
            raise errors.BadInput(f"{path.name}: a workflow named {workflow.name!r} exists already")
        found[workflow.name] = workflow
    for workflow in found.values():
        if workflow.follow_up and workflow.follow_up not in found:
            raise errors.BadInput(f"workflow {workflow.name!r}: follow_up {workflow.follow_up!r} does not exist")
        for ending in (ending for step in workflow.steps for ending in step.outcomes.values()):
            if ending.workflow and ending.workflow not in found:
                raise errors.BadInput(
                    f"workflow {workflow.name!r}: it goes on with {ending.workflow!r}, which is not there"
                )
    if not found:
        raise errors.BadInput(f"{folder}: no workflow (*.yaml) found; set CONFIG_DIR to a folder that has workflows/")
    return found


def _read(path: Path) -> Workflow:
    try:
        return Workflow.model_validate(files.parsed(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise errors.BadInput(f"{path.name}: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise errors.BadInput(f"{path.name}: {where}: {message}" if where else f"{path.name}: {message}") from error


def _problems(workflow: Workflow) -> Iterator[str]:
    """What does not fit together in a workflow, one line each."""
    for name, slot in workflow.slots.items():
        yield from (f"slot {name!r}: {problem}" for problem in _slot_problems(workflow, name, slot))
    facts: dict[str, str | None] = {}
    for step in workflow.steps:
        yield from (f"step {step.name!r}: {problem}" for problem in _step_problems(workflow, step, facts))
    names = [step.name for step in workflow.steps]
    yield from (f"two steps are named {name!r}" for name in sorted(set(names)) if names.count(name) > 1)
    known = (
        _names(workflow, facts) | IN_APPROVALS | ({"item", "items"} if any(s.each for s in workflow.steps) else set())
    )
    for key, text in workflow.replies.items():
        yield from (f"reply {key!r}: {problem}" for problem in replies.template_problems(text, known))


def _slot_problems(workflow: Workflow, name: str, slot: Slot) -> Iterator[str]:
    if name in RESERVED:
        yield "the name is taken"
    if slot.ask and slot.ask not in workflow.replies:
        yield f"asks with reply {slot.ask!r}, which is not in replies"
    if slot.type == "choice" and bool(slot.choices) == bool(slot.options):
        yield "is a choice with both choices and options" if slot.options else "is a choice without choices"
    if slot.options and slot.type != "choice":
        yield "has options, which belong to a choice"
    if not set(slot.hints) <= set(slot.choices):
        yield f"has hints for {min(set(slot.hints) - set(slot.choices))!r}, which is not one of its choices"
    if slot.pattern:
        try:
            re2.compile(slot.pattern, _QUIET)
        except re2.error as error:
            yield f"RE2 cannot read the pattern ({error})"


def _step_problems(workflow: Workflow, step: Step, facts: dict[str, str | None]) -> Iterator[str]:
    """What is wrong with one step; adds the facts it brings to `facts` (name → the decision that made it)."""
    yield from (f"needs unknown slot {name!r}" for name in step.needs if name not in workflow.slots)
    yield from _named_problems(workflow, step, _names(workflow, facts))
    yield from (
        f"names reply {name!r}, which is not in replies" for name in step.said() if name not in workflow.replies
    )
    yield from _kind_problems(workflow, step)
    for call in step.calls:
        known = _names(workflow, facts) | ({"item"} if step.each else set())
        for text in texts(call.arguments):
            yield from (f"{call.tool}: {problem}" for problem in replies.template_problems(text, known))
        if call.fact in facts or call.fact in workflow.slots or call.fact in RESERVED:
            yield f"the fact name {call.fact!r} is taken"
        facts[call.fact] = None
    if step.decision:
        yield from _decision_problems(workflow, step, facts)
    yield from (f"missing names unknown fact {n!r}" for n in step.missing if n not in step.facts())
    if step.letter:
        known = _names(workflow, {**facts, step.letter.call.fact: None})
        yield from (f"letter: {problem}" for problem in replies.template_problems(step.letter.to, known))
    if step.approval:
        if workflow.review == "none":
            yield "approval belongs to review: all or above_limit, and this workflow has review: none"
        if step.approval.when and not step.approval.scope:
            yield "approval: when needs scope, the word that somebody must hold who decides"
        known = _names(workflow, facts)
        when = [f"{{{step.approval.when}}}"] if step.approval.when else []
        for text in (*when, *step.approval.lines.values()):
            yield from (f"approval: {problem}" for problem in replies.template_problems(text, known))
    yield from _said_problems(workflow, step, _names(workflow, facts))


def _named_problems(workflow: Workflow, step: Step, known: frozenset[str]) -> Iterator[str]:
    """Whether the facts are there that a step needs by name: those it hangs on, and the options it offers."""
    options = [workflow.slots[name].options for name in step.needs if name in workflow.slots]
    for path in (step.when, step.each, *options):
        if path:
            yield from replies.template_problems(f"{{{path}}}", known)
    yield from (
        f"again {code!r} empties unknown slot {again.empty!r}"
        for code, again in step.again.items()
        if again.empty and again.empty not in workflow.slots
    )


def _kind_problems(workflow: Workflow, step: Step) -> Iterator[str]:
    if (step.kind in {"classify", "decide"}) != bool(step.decision):
        yield "a decision belongs to kinds classify and decide, and they need one"
    if step.kind == "retrieve" and not step.calls:
        yield "retrieve needs calls"
    if step.kind == "decide" and step.calls:
        yield "decide calls nothing; a transform whose result it needs belongs to kind classify or retrieve"
    if step.kind == "act" and not step.handoff and len(step.calls) != 1:
        yield "act needs exactly one call, or a handoff"
    if step.kind == "act" and step.calls and not step.confirm:
        yield "a write needs confirm: the reply with its exact terms"
    if step.kind != "act" and (step.confirm or step.consent or step.handoff or step.approval or step.again):
        yield "confirm, consent, approval, again and handoff belong to kind act"
    yield from _each_problems(workflow, step)
    if step.consent and "policy" not in getattr(workflow.slots.get(step.consent), "set_by", ()):
        yield f"consent {step.consent!r} must be a slot that policy sets"
    if step.confirm_yes and not workflow.replies.get(step.confirm_yes, "Yes").startswith("Yes"):
        yield "the label of consent must begin with Yes"


def _each_problems(workflow: Workflow, step: Step) -> Iterator[str]:
    if step.each is None:
        return
    if step.kind != "act" or not step.calls:
        yield "each belongs to a write"
    if step.again:
        yield "again does not go with each: what failed is asked for again with what was not tried"
    if "{items}" not in workflow.replies.get(step.confirm or "", ""):
        yield "confirm must list {items}, all that one yes is for"


def _decision_problems(workflow: Workflow, step: Step, facts: dict[str, str | None]) -> Iterator[str]:
    rule = decisions.DECISIONS.get(step.decision or "")
    if rule is None:
        yield f"no decision is named {step.decision!r} (there are {', '.join(sorted(decisions.DECISIONS))})"
        return
    yield from (f"{step.decision} needs fact {name!r} first" for name in sorted(rule.facts - set(facts)))
    yield from (f"{step.decision} has no outcome {name!r}" for name in step.outcomes if name not in rule.outcomes)
    for name in sorted(rule.slots):
        if "policy" not in getattr(workflow.slots.get(name), "set_by", ()):
            yield f"{step.decision} sets slot {name!r}, which must exist and be set by policy"
    yield from _asked_problems(workflow, step)
    if any(ending.say is None and ending.ask is None for ending in step.outcomes.values()):
        yield from (
            f"reply {name!r} is missing, a reason of {step.decision}"
            for name in sorted(rule.reasons - set(workflow.replies))
        )
    if step.fact:
        if step.fact in facts or step.fact in workflow.slots or step.fact in RESERVED:
            yield f"the fact name {step.fact!r} is taken"
        facts[step.fact] = step.decision


def _asked_problems(workflow: Workflow, step: Step) -> Iterator[str]:
    """Whether what an outcome asks for is a slot with a question that the customer may set."""
    for name, ending in step.outcomes.items():
        slot = workflow.slots.get(ending.ask or "")
        if ending.ask and (slot is None or "user" not in slot.set_by):
            yield f"outcome {name!r} asks for {ending.ask!r}, which is no slot that the user sets"
        elif slot and not (ending.say or slot.ask):
            yield f"outcome {name!r} asks for {ending.ask!r} without words"


def _said_problems(workflow: Workflow, step: Step, known: frozenset[str]) -> Iterator[str]:
    """Whether each reply of a step uses only what is known when it is said."""
    tickets = {ending.say for ending in step.outcomes.values() if ending.handoff} | (
        {step.say} if step.handoff else set(step.approval.said()) if step.approval else set()
    )
    for name in step.said():
        names = known | {"ticket.number"} if name in tickets else known
        names = names | {"item"} if name == step.item else names | {"items"} if step.each else names
        names = names | IN_APPROVALS if step.approval and name in step.approval.said() else names
        text = workflow.replies.get(name, "")
        yield from (f"reply {name!r}: {problem}" for problem in replies.template_problems(text, names))


def _names(workflow: Workflow, facts: dict[str, str | None]) -> frozenset[str]:
    """Every name a template may use: slots, labels, limits, facts; of a decision's fact only the values it gives."""
    made = {f"{name}.{value}" for name, rule in facts.items() if rule for value in decisions.DECISIONS[rule].values}
    labels = {f"labels.{name}" for name, slot in workflow.slots.items() if slot.choices}
    limits = {f"limits.{name}" for name in workflow.limits}
    return frozenset({*workflow.slots, *labels, *limits, *made, *(name for name, rule in facts.items() if not rule)})


def texts(value: object) -> Iterator[str]:
    """Every text within the arguments of a call."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts(one)


def _quiet() -> Any:  # noqa: ANN401 - re2 publishes no types
    options = re2.Options()
    options.log_errors = False
    return options


_QUIET = _quiet()
