"""Writes: proposed in full, consented to, dispatched once, settled. The order of commits makes `at most once` true.

proposed and asked (the turn's commit) → consent (a later message) → `dispatched` (a commit of its own, won by
compare-and-set) → the call, with the action's id as its idempotency key → its outcome (the turn's commit). A turn that
finds an action dispatched or unknown settles it before it does anything else.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from bot import approvals, called, letters, refused, replies, senders, step_up
from bot.draft import Draft, plain
from bot.parts import Parts
from bot.run import Run
from bot.workflow_parts import Again
from bot.workflows import Step
from state import events as ev
from state import faults
from state.session import Action
from tools.base import ApprovalRule, Caller, Outcome, Proposal

CALL_S = 20.0
DOUBTFUL = frozenset({"dispatched", "unknown"})
UNDER_WAY = DOUBTFUL | {"awaiting_approval", "confirmed"}


def of_task(draft: Draft, task_id: str) -> list[Action]:
    """The actions of a task, oldest first."""
    return [a for a in draft.session.actions.values() if a.task == task_id]


def of_step(one: Run, step: Step) -> list[Action]:
    """The actions of a step, oldest first; one that was proposed before steps were noted is known by its tool."""
    tool = step.calls[0].tool
    return [a for a in of_task(one.draft, one.task_id) if a.step == step.name or (not a.step and a.tool == tool)]


def latest(actions: list[Action]) -> list[Action]:
    """What was asked for last: one write, or those that were asked for together."""
    return [a for a in actions if a.batch and a.batch == actions[-1].batch] or actions[-1:]


def resume_at(one: Run) -> int:
    """The step to begin with: after the last write of this task that went through, with its result as a fact.

    One that nobody can tell of comes first; so do, of several writes asked for together, those that are missing.
    """
    first = 0
    for number, step in enumerate(one.workflow.steps):
        if not (known := _of_write(one, step)):
            continue
        done = [a for a in known if a.state == "succeeded"]
        if _is_half_done(step, known):
            return number
        if done:
            one.facts[step.calls[0].fact] = [a.result for a in done] if step.each else done[-1].result
            one.facts["items"] = replies.bullets(a.terms for a in done)
            first = number + 1
    return first


def _of_write(one: Run, step: Step) -> list[Action]:
    return of_step(one, step) if step.kind == "act" and step.calls else []


def _is_half_done(step: Step, known: list[Action]) -> bool:
    """Whether a write is in doubt, or some of those asked for together are done and others not."""
    if any(a.state in DOUBTFUL for a in known):
        return True
    some = step.each is not None and any(a.state == "succeeded" for a in known)
    return some and any(a.state != "succeeded" for a in latest(known))


def has_begun(one: Run, step: Step) -> bool:
    """Whether a step's write was asked for and is not through, so that what it hangs on did hold."""
    known = _of_write(one, step)
    return any(a.open for a in known) or _is_half_done(step, known)


async def act(one: Run, step: Step) -> bool:
    """Propose the write and ask; or, when this turn's message consents, carry it out. True when it went through."""
    draft = one.draft
    waiting = next((a for a in reversed(of_step(one, step)) if a.open), None)
    if waiting and waiting.state in DOUBTFUL:
        draft.say(one.parts.replies["action_unknown"])
        return False
    arguments = replies.fill(step.calls[0].arguments, one.scope())
    agreed = waiting is not None and (waiting.state == "confirmed" or draft.consented == waiting.id)
    made = await propose(one, step, arguments, besides=(waiting.id,) if waiting else (), agreed=agreed)
    if made is None:
        return False
    if waiting and waiting.args_hash == made.args_hash:
        if waiting.state == "awaiting_approval":
            draft.say(approvals.waiting_words(one, waiting))
            return False
        if waiting.state == "confirmed":
            return await _carry_out(one, step, waiting)
        if draft.consented == waiting.id:
            return await _consented(one, step, waiting, made.approval)
    _ask(one, step, made, waiting)
    return False


async def _consented(one: Run, step: Step, action: Action, rule: ApprovalRule | None) -> bool:
    """The customer agrees: carry it out, unless staff must agree as well."""
    if wanted := approvals.needed(one, step, rule):
        await approvals.ask(one, step, action, wanted)
        return False
    if step.consent:
        one.set({step.consent: "confirmed"}, by="policy")
    one.draft.move(action, "confirmed", by="customer", source=one.draft.last_in)
    return await _carry_out(one, step, one.draft.session.actions[action.id])


async def propose(
    one: Run,
    step: Step,
    arguments: object,
    *,
    besides: Collection[str] = (),
    together: Collection[Proposal] = (),
    agreed: bool = False,
) -> Proposal | None:
    """The write with its arguments checked, and what its limits ask for; None (and said why) when it cannot be.

    `besides`: what was proposed before, whose place it takes; `together`: what is proposed at once with it;
    `agreed`: it was consented to already.
    """
    made = await one.parts.gateway.propose(
        step.calls[0].tool,
        arguments,
        caller=one.draft.caller(workflow=one.workflow.name, step=step.name),
        version=one.task.tools.get(step.calls[0].tool),
        besides=besides,
        together=together,
    )
    one.draft.audit(made.audit)
    if isinstance(made, Proposal):
        return made
    one.draft.emit(ev.ToolRefused(tool=step.calls[0].tool, reason=made.reason, message=made.message))
    if made.reason in step_up.REASONS:
        await step_up.ask(one)
    else:
        await refused.tell(one, made, agreed=agreed)
    return None


def put(one: Run, step: Step, made: Proposal, terms: str, *, batch: str = "") -> str:
    """Put a proposal on record, to wait for consent; its id."""
    proposed = ev.ActionProposed(
        action=uuid.uuid4().hex,
        task=one.task_id,
        tool=made.tool,
        version=made.version,
        arguments=made.arguments,
        args_hash=made.args_hash,
        terms=terms,
        reason=one.workflow.name,
        amount=made.amount,
        step=step.name,
        batch=batch,
    )
    one.draft.emit(proposed)
    one.draft.proposals.append(proposed)
    return proposed.action


def _ask(one: Run, step: Step, made: Proposal, waiting: Action | None) -> None:
    """Show the exact terms and wait for a yes to them; what was shown before and is no longer true is void."""
    draft = one.draft
    terms = one.text(step.confirm) if step.confirm else ""
    if waiting and waiting.args_hash == made.args_hash and draft.late != waiting.id:
        question(one, step, terms, waiting.id, key="confirm_again" if draft.again else "confirm")
        return
    if waiting:
        void(draft, waiting)
    key = ("expired" if draft.late else "changed") if waiting else "confirm"
    question(one, step, terms, put(one, step, made, terms), key=key)


def void(draft: Draft, waiting: Action) -> None:
    """What was shown before counts no longer."""
    draft.move(waiting, "expired" if draft.late == waiting.id else "cancelled", reason="terms shown again")


def question(one: Run, step: Step, terms: str, action: str, *, key: str) -> None:
    """Ask for a yes to these terms, which the action stands for; `key`: the reply that holds them."""
    holds = int(one.parts.settings.tuning.confirmation_s(one.draft.channel) * 1000)
    choices = [
        (_label(one, step.confirm_yes, "confirm_yes"), "yes"),
        (_label(one, step.confirm_no, "confirm_no"), "no"),
    ]
    text = replies.render(one.parts.replies[key], {"terms": terms})
    one.ask(step.consent or "confirmation", text, choices, action=action, expires=one.draft.opened.now + holds)


def _label(one: Run, key: str | None, default: str) -> str:
    return one.text(key) if key else one.parts.replies[default]


async def _carry_out(one: Run, step: Step, action: Action) -> bool:
    """Carry it out and say how it went."""
    return await _tell(one, step, await send(one, step, action))


async def send(one: Run, step: Step, action: Action) -> Outcome:
    """Carry a confirmed write of a task out."""
    caller = one.draft.caller(workflow=one.workflow.name, step=step.name)
    return await dispatch(one.draft, one.parts, action, caller)


async def dispatch(draft: Draft, parts: Parts, action: Action, caller: Caller) -> Outcome:
    """Commit `dispatched`, then call. Only who wins that commit may call."""
    draft.move(action, "dispatched")
    draft.settle_in[action.id] = _wait_ms(parts, 0)
    draft.written(await parts.store.append(draft.lease, draft.work()))
    mail = letters.Mail(draft=draft, parts=parts, action=action, caller=caller)
    outcome = await parts.gateway.perform(
        action,
        caller=caller,
        timeout=parts.time_left(CALL_S),
        confirmation=consent_of(action),
        mail=mail,
    )
    faults.point("tool.result")
    _record(draft, parts, draft.session.actions[action.id], outcome, mail)
    return outcome


def consent_of(action: Action) -> str:
    """Which consents a write rests on: the customer's event, and the staff member's id with the time (ms).

    Their reason is a person's words, so it stays in the event, which is encrypted.
    """
    given = f"event:{action.consent_seq or action.id}"
    asked = action.approval
    if asked is None or asked.verdict != "approved":
        return given
    return f"{given} approved by {asked.staff} at {asked.at}"


async def _tell(one: Run, step: Step, outcome: Outcome) -> bool:
    draft, words = one.draft, one.parts.replies
    if outcome.state == "succeeded":
        one.facts[step.calls[0].fact] = outcome.result
        return True
    if outcome.state == "unknown":
        draft.say(words["action_unknown"])
        return False
    if outcome.code in step.again:
        _once_more(one, step, step.again[outcome.code])
        return False
    await refused.tell(one, outcome, agreed=True)
    return False


def _once_more(one: Run, step: Step, again: Again) -> None:
    """Say that it was refused, and have the steps run again; nothing of the consent is left."""
    one.draft.say(one.text(again.say))
    if again.empty:
        one.set({again.empty: None}, by="policy")
    if step.consent:
        one.set({step.consent: one.workflow.slots[step.consent].default}, by="policy")
    one.anew = True


def _record(draft: Draft, parts: Parts, action: Action, outcome: Outcome, mail: letters.Mail) -> None:
    """Put an outcome on record, with the letter it sends; one that is unknown is looked up again later."""
    draft.audit(outcome.audit)
    called.settled(draft, action, outcome)
    history = plain(outcome.attempts)
    draft.move(action, outcome.state, result=outcome.result, reason=outcome.reason or None, attempts=history)
    if outcome.state == "succeeded":
        mail.queue()
    if outcome.state == "unknown":
        wait = _wait_ms(parts, draft.session.actions[action.id].doubts - 1)
        if wait is not None:
            draft.settle_in[action.id] = wait


def _wait_ms(parts: Parts, tries: int) -> int:
    schedule = parts.settings.tuning.unknown_probe_s
    return int(schedule[min(tries, len(schedule) - 1)] * 1000)


async def settle(draft: Draft, parts: Parts) -> list[Action]:
    """Find out what became of writes that were dispatched and never answered. Returns the ones that are certain now."""
    certain = []
    for action in [a for a in draft.session.open_actions() if a.state in DOUBTFUL]:
        if action.state == "unknown" and draft.pending:
            continue  # it has its own times; a message meanwhile is told that it is being checked
        workflow = _workflow_of(draft, action)
        flow = parts.workflows.get(workflow or "")
        await senders.know(draft, parts, flow.called() if flow else ())
        caller = called.caller(draft, parts, action, workflow)
        mail = letters.Mail(draft=draft, parts=parts, action=action, caller=caller)
        outcome = await parts.gateway.settle(
            action,
            dispatched_ms_ago=max(0, draft.opened.now - (action.dispatched_at or 0)),
            caller=caller,
            timeout=parts.time_left(CALL_S),
            confirmation=consent_of(action),
            mail=mail,
            only_read=action.doubt is not None,
        )
        faults.point("tool.result")
        _record(draft, parts, action, outcome, mail)
        if outcome.state != "unknown":
            certain.append(draft.session.actions[action.id])
    return certain


def _workflow_of(draft: Draft, action: Action) -> str | None:
    task = draft.session.find_task(action.task)
    return task.workflow if task else None


def is_hopeless(parts: Parts, action: Action) -> bool:
    """Whether an unknown action was looked for often enough, so that a person must decide."""
    return action.state == "unknown" and action.doubts > len(parts.settings.tuning.unknown_probe_s)


def handled_upto(draft: Draft) -> int:
    """The newest message that a dispatched action already answers: a turn that died after it must not read it again."""
    own = [a for a in draft.session.actions.values() if not a.foreign]
    seqs = [a.consent_seq or 0 for a in own if a.state != "awaiting_confirmation"]
    return max(seqs, default=0)
