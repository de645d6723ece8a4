"""Running a task: the steps of its workflow, in order, until one asks, ends the task or all are through.

Every turn starts from the first step again, so decisions rest on fresh facts; once a write of this task was dispatched, the steps
before it are not run again. Which words are said comes from the workflow's replies, never from a model.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot import actions, decisions, handoff, replies
from bot.draft import Draft
from bot.parts import Parts
from bot.workflows import Ending, Step, ToolCall, Workflow
from state import events as ev
from state.session import Task
from tools.base import Outcome

SIGN_IN = "sign_in"
ASK_SIGN_IN = frozenset({"customer", "assurance"})


@dataclass(slots=True, kw_only=True)
class Run:
    """One task being run in one turn. `fresh`: it began, or got something new, in this turn."""

    draft: Draft
    parts: Parts
    task_id: str
    workflow: Workflow
    facts: dict[str, Any] = field(default_factory=dict)
    words: str | None = None

    @property
    def task(self) -> Task:
        """The task as it stands now."""
        found = self.draft.session.find_task(self.task_id)
        assert found is not None  # noqa: S101 - a run is made for a task of this session
        return found

    def slots(self) -> dict[str, Any]:
        """Every slot's value, with defaults; None where it is not set."""
        task = self.task
        values = {name: task.value(name) for name in self.workflow.slots}
        session = {"customer_id": self.draft.session.customer_id}
        return {
            name: value if value is not None else session.get(name, self.workflow.slots[name].default)
            for name, value in values.items()
        }

    def scope(self, **more: Any) -> dict[str, Any]:
        """What templates may name."""
        slots = self.slots()
        labels = {
            name: slot.choices.get(str(slots[name]), slots[name])
            for name, slot in self.workflow.slots.items()
            if slot.choices
        }
        return {**slots, **self.facts, "labels": labels, "limits": self.workflow.limits, **more}

    def text(self, key: str, **more: Any) -> str:
        """A reply of the workflow, filled in."""
        return replies.render(replies.pick(self.workflow.replies, key, self.draft.channel), self.scope(**more))

    def set(self, values: Mapping[str, Any], *, by: str) -> None:
        """Set slots that changed."""
        new = {name: value for name, value in values.items() if self.task.value(name) != value}
        if new:
            self.draft.emit(ev.SlotsSet(task=self.task_id, values=new, by=by, source=self.draft.last_in))

    def end(self, outcome: str, reason: str | None = None) -> None:
        """End the task."""
        self.draft.emit(ev.TaskEnded(task=self.task_id, outcome=outcome, reason=reason))

    def ask(self, slot: str, text: str, choices: list[tuple[str, Any]], **more: Any) -> None:
        """Ask for a slot, with choices as (label, answer)."""
        offered = [{"label": label, "token": secrets.token_urlsafe(12), "answer": answer} for label, answer in choices]
        question = uuid.uuid4().hex
        self.draft.emit(ev.Asked(task=self.task_id, slot=slot, question=question, choices=offered, **more))
        self.draft.say(text)
        self.draft.offer([{"label": c["label"], "value": c["token"]} for c in offered], question)


async def run(draft: Draft, parts: Parts, task_id: str) -> None:
    """Run the task as far as it goes."""
    task = draft.session.find_task(task_id)
    if task is None or task.outcome:
        return
    workflow = parts.workflows.get(task.workflow)
    if workflow is None:
        draft.emit(ev.TaskEnded(task=task_id, outcome="failed", reason="the workflow is not there any more"))
        return draft.say(parts.replies["not_understood"])
    one = Run(draft=draft, parts=parts, task_id=task_id, workflow=workflow)
    if workflow.needs_customer and draft.session.customer_id is None:
        return _ask_sign_in(one)
    if not workflow.steps:
        return await _hand_over(one, workflow.name, None)
    await _steps(one)


async def _steps(one: Run) -> None:
    first = actions.resume_at(one)
    for step in one.workflow.steps[first:]:
        if one.task.step != step.name:
            one.draft.emit(ev.StepEntered(task=one.task_id, step=step.name))
        if not (_has_needs(one, step) and await KINDS[step.kind](one, step)):
            return
        if step.say:
            one.words = one.text(step.say)
    one.draft.say(one.words or one.parts.replies["done"])
    one.end("done")


def _has_needs(one: Run, step: Step) -> bool:
    """Whether every slot the step needs is set; asks for the first that is not."""
    missing = next((name for name in step.needs if one.slots()[name] is None), None)
    if missing is None:
        return True
    slot = one.workflow.slots[missing]
    text = (
        one.text(slot.ask)
        if slot.ask
        else replies.render(one.parts.replies["ask_slot"], {"slot": missing.replace("_", " ")})
    )
    one.ask(missing, text, [(label, value) for value, label in slot.choices.items()])
    return False


async def retrieve(one: Run, step: Step) -> bool:
    """Look up what the step names into facts."""
    for call in step.calls:
        outcome = await look_up(one, call)
        if outcome.state == "succeeded" and not _is_empty(outcome.result):
            one.facts[call.fact] = outcome.result
        elif outcome.state == "succeeded" and call.fact not in step.missing:
            one.facts[call.fact] = outcome.result
        else:
            return _not_had(one, step, call, outcome)
    return True


async def look_up(one: Run, call: ToolCall) -> Outcome:
    """Make one lookup and put it on record."""
    draft, parts = one.draft, one.parts
    caller = draft.caller(workflow=one.workflow.name, step=one.task.step)
    arguments = replies.fill(call.arguments, one.scope())
    outcome = await parts.gateway.look_up(call.tool, arguments, caller=caller, timeout=parts.time_left())
    note(draft, outcome)
    return outcome


def note(draft: Draft, outcome: Outcome) -> None:
    """Record a lookup in the log and the audit trail."""
    draft.audit(outcome.audit)
    shared: dict[str, Any] = {
        "tool": outcome.tool,
        "version": outcome.version,
        "arguments": outcome.arguments,
        "ms": outcome.ms,
    }
    if outcome.state == "succeeded":
        draft.emit(ev.ToolSucceeded(result=outcome.result, **shared))
    else:
        draft.emit(ev.ToolFailed(reason=outcome.reason, message=outcome.message, **shared))


def _is_empty(result: Any) -> bool:
    """Whether a result says that there is nothing: null, or a table whose lists are all empty."""
    if isinstance(result, Mapping):
        lists = [value for value in result.values() if isinstance(value, list)]
        return bool(lists) and not any(lists)
    return result is None or result == []


def _not_had(one: Run, step: Step, call: ToolCall, outcome: Outcome) -> bool:
    """Say why a lookup brought nothing; asks again for the number that was wrong."""
    if outcome.state == "succeeded" or outcome.reason == "not_found":
        key = step.missing.get(call.fact)
        text = one.text(key) if key else one.parts.replies["not_found"]
        wrong = step.needs[-1] if step.needs else None
        if wrong is None or "user" not in one.workflow.slots[wrong].set_by:
            one.end("refused", "not_found")
            one.draft.say(text)
        else:
            one.draft.emit(ev.SlotsSet(task=one.task_id, values={wrong: None}, by="policy", source=one.draft.last_in))
            one.ask(wrong, text, [])
    elif outcome.reason in ASK_SIGN_IN:
        _ask_sign_in(one)
    elif outcome.reason in {"policy", "scope", "step", "denied"}:
        one.end("refused", outcome.reason)
        one.draft.say(one.parts.replies["not_allowed"])
    else:
        one.draft.say(one.parts.replies["lookup_failed"])
        one.end("failed", outcome.reason)
    return False


def _ask_sign_in(one: Run) -> None:
    """Ask the person to show who they are; the task goes on by itself once they did."""
    one.ask(SIGN_IN, replies.pick(one.parts.replies, "sign_in", one.draft.channel), [])


async def decide(one: Run, step: Step) -> bool:
    """Let a pure function decide on the facts; its outcome may end the task."""
    assert step.decision is not None  # noqa: S101 - the loader checks it
    decision = decisions.decide(
        step.decision, facts=one.facts, slots=one.slots(), limits=one.workflow.limits, today=datetime.now(UTC).date()
    )
    one.set(decision.slots, by="policy")
    if step.fact:
        one.facts[step.fact] = decision.values
    ending = step.outcomes.get(decision.outcome)
    if ending is None:
        return True
    await _finish(one, ending, decision.reason)
    return False


async def _finish(one: Run, ending: Ending, reason: str) -> None:
    key = ending.say or reason
    if ending.handoff:
        return await _hand_over(one, ending.handoff, key)
    one.draft.say(one.text(key))
    one.end("refused", reason)


async def _hand_over(one: Run, reason: str, key: str | None) -> None:
    """Give the task to a person: a ticket with a number."""
    ticket = await handoff.open_ticket(
        one.draft, one.parts, reason=reason, subject=one.workflow.title or one.workflow.name
    )
    if key:
        one.draft.say(one.text(key, ticket={"number": ticket}))
    else:
        one.draft.say(replies.render(one.parts.replies["handed_over"], {"ticket": {"number": ticket}}))
    one.end("handed_off", reason)


async def act(one: Run, step: Step) -> bool:
    """Write, once, with consent; or hand the task to a person."""
    if not step.calls:
        await _hand_over(one, step.handoff or one.workflow.name, step.say)
        return False
    return await actions.act(one, step)


async def verify(one: Run, step: Step) -> bool:
    """Read back what was done. When that fails the write stands all the same, and the plain word for it is said."""
    for call in step.calls:
        outcome = await look_up(one, call)
        if outcome.state != "succeeded":
            one.draft.say(one.parts.replies["done"])
            one.end("done", "not read back")
            return False
        one.facts[call.fact] = outcome.result
    return True


KINDS: dict[str, Callable[[Run, Step], Awaitable[bool]]] = {
    "classify": decide,
    "retrieve": retrieve,
    "decide": decide,
    "act": act,
    "verify": verify,
}
