"""Running a task: the steps of its workflow, in order, until one asks, ends the task or all are through.

Every turn starts from the first step again, so decisions rest on fresh facts; once a write of this task was dispatched,
the steps before it are not run again. Which words are said comes from the workflow's replies, never from a model.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot import actions, batches, decisions, handoff, refused, replies, senders, step_up, unlinking
from bot.draft import Draft, Letter, plain
from bot.parts import Parts
from bot.run import Run, start
from bot.workflow_parts import Ending, StepLetter, ToolCall
from bot.workflows import Slot, Step, Workflow
from state import events as ev
from tools.base import Outcome

SIGN_IN = step_up.SIGN_IN
PASSING = frozenset({"unavailable", "timeout", "busy"})
"""Why a lookup failed, where another one later may do better."""


async def run(draft: Draft, parts: Parts, task_id: str) -> None:
    """Run the task as far as it goes."""
    task = draft.session.find_task(task_id)
    if task is None or task.outcome:
        return
    if task.workflow == unlinking.WORKFLOW:
        await unlinking.ask(draft, parts, task_id)
        return
    workflow = parts.workflows.get(task.workflow)
    if workflow is None:
        draft.end_task(task_id, "failed", "the workflow is not there any more")
        draft.say(parts.replies["not_understood"])
        return
    one = Run(draft=draft, parts=parts, task_id=task_id, workflow=workflow)
    await senders.know(draft, parts, workflow.called())
    if draft.unproven and workflow.needs_customer:
        return  # it waits for the person themselves
    if workflow.needs_customer and draft.session.customer_id is None:
        await step_up.ask(one)
    elif not workflow.steps:
        await _hand_over(one, workflow.name, None)
    else:
        await _steps(one)


async def _steps(one: Run) -> None:
    first = actions.resume_at(one)
    _said_before(one, first)
    for step in one.workflow.steps[first:]:
        if not _applies(one, step):
            continue
        if one.task.step != step.name:
            one.draft.emit(ev.StepEntered(task=one.task_id, step=step.name))
        if not (_has_needs(one, step) and await KINDS[step.kind](one, step)):
            return await _anew(one)
        if step.say:
            one.words = one.text(step.say)
        if step.letter:
            await _write_letter(one, step.letter)
    one.draft.say(one.words or one.parts.replies["done"])
    one.end("done")
    return None


def _said_before(one: Run, first: int) -> None:
    """What the last write said is still the answer, unless it needs facts of its own turn."""
    said = one.workflow.steps[first - 1].say if first else None
    if said:
        with contextlib.suppress(replies.Missing):
            one.words = one.text(said)


def _applies(one: Run, step: Step) -> bool:
    """Whether what a step hangs on holds; what is not known in this turn does not, unless the step has begun."""
    if step.when is None:
        return True
    try:
        return bool(replies.fill(f"{{{step.when}}}", one.scope()))
    except replies.Missing:
        return actions.has_begun(one, step)


async def _anew(one: Run) -> None:
    """Run the steps once more where a refused write asks for it; what they propose then waits for a yes of its own."""
    if one.anew:
        one.anew, one.words = False, None
        one.facts.clear()
        await _steps(one)


async def _write_letter(one: Run, letter: StepLetter) -> None:
    """Confirm by e-mail as well; without an address the reply has to do."""
    outcome = await look_up(one, letter.call)
    if outcome.state != "succeeded":
        return
    one.facts[letter.call.fact] = outcome.result
    to = replies.fill(letter.to, one.scope())
    if to and to != replies.NOT_KNOWN:
        one.draft.letters.append(Letter(to=str(to), subject=_title(one), text=one.text(letter.text)))


def _title(one: Run) -> str:
    return one.workflow.title or one.workflow.name


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
    one.ask(missing, text, _choices(one, slot))
    return False


def _choices(one: Run, slot: Slot) -> list[tuple[str, Any]]:
    """What may be answered, as (label, answer): the slot's own choices, or those that a fact of this turn holds."""
    if slot.options:
        return [(str(row["label"]), row["value"]) for row in replies.fill(f"{{{slot.options}}}", one.scope())]
    return [(label, value) for value, label in slot.choices.items()]


async def retrieve(one: Run, step: Step) -> bool:
    """Look up what the step names into facts."""
    for call in step.calls:
        outcome = await look_up(one, call)
        missing = call.fact in step.missing and _is_empty(outcome.result)
        if outcome.state != "succeeded" and outcome.reason in PASSING and _waits_longer(one):
            return False
        if outcome.state != "succeeded" or missing:
            return await _not_had(one, step, call, outcome)
        one.facts[call.fact] = outcome.result
    return True


async def look_up(one: Run, call: ToolCall, *, fresh: bool = False) -> Outcome:
    """Make one lookup and put it on record. What a write rests on, and what reads one back, is asked for anew."""
    draft, parts = one.draft, one.parts
    caller = draft.caller(workflow=one.workflow.name, step=one.task.step)
    arguments = replies.fill(call.arguments, one.scope())
    outcome = await parts.gateway.look_up(
        call.tool,
        arguments,
        caller=caller,
        timeout=parts.time_left(),
        version=one.task.tools.get(call.tool),
        fresh=fresh or one.workflow.writes,
    )
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
        "attempts": plain(outcome.attempts),
    }
    if outcome.state == "succeeded":
        draft.emit(ev.ToolSucceeded(result=outcome.result, cached=outcome.cached, **shared))
    else:
        draft.emit(ev.ToolFailed(reason=outcome.reason, message=outcome.message, **shared))


def _is_empty(result: object) -> bool:
    """Whether a result says that there is nothing: null, or a table whose lists are all empty."""
    if isinstance(result, Mapping):
        lists = [value for value in result.values() if isinstance(value, list)]
        return bool(lists) and not any(lists)
    return result is None or result == []


async def _not_had(one: Run, step: Step, call: ToolCall, outcome: Outcome) -> bool:
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
    elif outcome.reason in step_up.REASONS:
        await step_up.ask(one)
    elif outcome.reason in refused.LIMITS:
        await refused.tell(one, outcome, agreed=False)
    elif outcome.reason in {"policy", "scope", "step", "denied"}:
        one.end("refused", outcome.reason)
        one.draft.say(one.parts.replies["not_allowed"])
    else:
        one.draft.say(one.parts.replies["lookup_failed"])
        one.end("failed", outcome.reason)
    return False


async def decide(one: Run, step: Step) -> bool:
    """Let a pure function decide on the facts, those of its transforms included; its outcome may end the task."""
    for call in step.calls:
        one.facts[call.fact] = (await look_up(one, call)).result
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
    if ending.ask:
        _ask_on(one, ending, ending.ask)
    elif ending.handoff:
        await _hand_over(one, ending.handoff, key, note=ending.note, sort=ending.sort)
    else:
        one.draft.say(one.text(key))
        one.end(ending.outcome, reason)
        if ending.workflow:
            await _go_over(one, one.parts.workflows[ending.workflow])


def _ask_on(one: Run, ending: Ending, name: str) -> None:
    """Ask for a slot; where the task goes on by itself as well, what was asked already is not said again."""
    slot, question = one.workflow.slots[name], one.task.question
    words = ending.say or slot.ask or ""
    if ending.rest is None:
        one.ask(name, one.text(words), _choices(one, slot))
    elif question is None or not question.rest:
        one.ask(name, one.text(words), _choices(one, slot), rest=1)
    elif not _waits_longer(one):
        one.draft.say(one.text(ending.rest))
        one.end("done", "the rest did not come")


def _waits_longer(one: Run) -> bool:
    """Whether the rest of a list is asked for once more; nothing is said meanwhile."""
    question = one.task.question
    if question is None or not 0 < question.rest < len(one.parts.settings.tuning.rest_wait_s):
        return False
    one.draft.emit(ev.Asked(task=one.task_id, slot=question.slot, question=question.id, rest=question.rest + 1))
    return True


def again_ms(draft: Draft, parts: Parts) -> int | None:
    """When the task at hand goes on by itself, if it does."""
    question = draft.session.task.question if draft.session.task else None
    if question is None or not question.rest or draft.muted:
        return None
    waits = parts.settings.tuning.rest_wait_s
    return int(waits[min(question.rest, len(waits)) - 1] * 1000)


async def _go_over(one: Run, workflow: Workflow) -> None:
    """Begin another workflow with what both of them want to know."""
    ours, slots = one.workflow.user_slots(), one.slots()
    known = {
        name: slots[name]
        for name, slot in workflow.user_slots().items()
        if name in ours
        and slots[name] is not None
        and (slot.type, slot.choices) == (ours[name].type, ours[name].choices)
    }
    task = start(one.draft, one.parts, workflow)
    if known:
        one.draft.emit(ev.SlotsSet(task=task, values=known, by="user", source=one.draft.last_in))
    await run(one.draft, one.parts, task)


async def _hand_over(
    one: Run, reason: str, key: str | None, *, note: str | None = None, sort: str | None = None
) -> None:
    """Give the task to a person: a ticket with a number, and with a note that staff alone read."""
    fact = one.facts.get(sort or "") or {}
    title = one.workflow.title or one.workflow.name
    ticket = await handoff.open_ticket(
        one.draft,
        one.parts,
        reason=reason,
        subject=fact.get("subject") or title,
        sorted_as=handoff.Sorted(**{name: fact[name] for name in ("priority", "category", "team") if name in fact}),
    )
    if note:
        one.draft.emit(ev.NoteWritten(text=one.text(note), kind="notice", ticket=ticket.id))
    if key:
        one.draft.say(one.text(key, ticket={"number": ticket.number}))
    else:
        one.draft.say(replies.render(one.parts.replies["handed_over"], {"ticket": {"number": ticket.number}}))
    one.end("handed_off", reason)


async def act(one: Run, step: Step) -> bool:
    """Write, once, with consent; or hand the task to a person."""
    if not step.calls:
        await _hand_over(one, step.handoff or one.workflow.name, step.say)
        return False
    return await batches.act(one, step) if step.each else await actions.act(one, step)


async def verify(one: Run, step: Step) -> bool:
    """Read back what was done. When that fails the write stands all the same, and the plain word for it is said."""
    for call in step.calls:
        outcome = await look_up(one, call, fresh=True)
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
