"""One turn, the file to read first: open the session, settle what is uncertain, answer what was said, commit it all.

Everything between opening and commit runs outside any transaction. Holds no rule of any workflow.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot import (
    actions,
    answers,
    codes,
    desk,
    directory,
    doubts,
    fallbacks,
    flow,
    observe,
    operators,
    outgoing,
    replies,
    router,
    tickets,
    unproven,
    wishes,
)
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev
from state import faults
from state.lease import Lease
from state.session import Action, Question
from state.sql.turns import Opened, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a turn left behind: the end of its log, replies to send now (in order), when it is due again (ms)."""

    session_id: str
    seq: int
    outgoing: tuple[tuple[int, ev.ReplyQueued], ...]
    due_ms: int | None


async def run(lease: Lease, parts: Parts, started: Callable[[Draft], None]) -> Done:
    """Run the turn. Raises LeaseLost, directory.Moved, answers.Defer; anything else is a failed attempt."""
    parts = replace(parts, deadline=time.monotonic() + parts.settings.tuning.turn_deadline_s)
    faults.point("turn.claimed")
    with observe.step("open"):
        opened = await parts.store.open_session(lease)
    opened, unsure = await _resolved(opened, lease, parts)
    draft = Draft.start(lease, opened, scopes=parts.scopes, unsure=unsure)
    if not draft.muted:
        started(draft)
    with observe.step("think"):
        await _think(draft, parts)
    return await finish(draft, parts)


async def _resolved(opened: Opened, lease: Lease, parts: Parts) -> tuple[Opened, bool]:
    """The session with its customer number, if there is one; and whether nobody could tell now."""
    try:
        opened = await codes.redeem(opened, lease, parts)
        return await directory.resolve(opened, lease, parts), False
    except directory.Silent:
        return opened, True


async def _think(draft: Draft, parts: Parts) -> None:
    """Decide everything this turn does; the words go into the draft."""
    sent = {action.id for action in draft.session.open_actions() if action.state == "dispatched"}
    settled = await actions.settle(draft, parts)
    answered = actions.handled_upto(draft)
    messages = [m for m in draft.messages if m[0].seq > answered and not m[1].extra.get("silent")]
    for action in settled:
        await _after_settling(draft, parts, action)
    for action in [a for a in draft.session.open_actions() if a.id in sent and a.state == "unknown"]:
        await flow.run(draft, parts, action.task)  # the turn that sent it died and told nobody
    await doubts.show(draft, parts)
    await tickets.opened_by_mail(draft, parts)
    await desk.handle(draft, parts)
    await operators.handle(draft, parts)
    messages, told = codes.read(draft, parts, messages)
    messages, wished = wishes.take(draft, parts, messages)
    messages = unproven.without(draft, parts, messages)
    task = draft.session.task
    if draft.muted:
        pass  # a person has the conversation; what came in is theirs to answer
    elif messages:
        await _respond(draft, parts, messages)
    elif task and task.question and _goes_on(draft, task.question, told=bool(told or wished)):
        await flow.run(draft, parts, task.id)
    if draft.texts and not draft.muted:
        await _resume(draft, parts)
    unproven.restore(draft)
    tickets.settle(draft)


def _goes_on(draft: Draft, question: Question, *, told: bool) -> bool:
    """Whether the task goes on though nobody wrote: the rest of a list is due, or it waits for a proof.

    A proof may be among what came in; that a reply was lost is nothing of the kind.
    """
    if question.rest:
        return True
    news = (s for s in draft.pending if not isinstance(s.data, ev.DeliveryFailed | ev.OperatorCalled))
    return question.slot == flow.SIGN_IN and not told and any(news)


async def _after_settling(draft: Draft, parts: Parts, action: Action) -> None:
    """Go on with the task of a write whose outcome is certain now."""
    late = action.doubts > 0
    doubts.close(draft, action)
    if action.foreign:
        operators.close(draft, action)
        return
    if action.state == "failed" and not action.batch:
        draft.say(parts.replies["action_settled_failed" if late else "action_failed"])
        draft.end_task(action.task, "failed")
        return
    if late and action.state == "succeeded":
        draft.say(parts.replies["action_settled_done"])
    await flow.run(draft, parts, action.task)


async def _respond(draft: Draft, parts: Parts, messages: list[tuple[ev.Stored, ev.MessageReceived]]) -> None:
    """Answer a burst of messages: as answers to what was asked, else by what they want."""
    if draft.unproven and draft.unsure:
        return draft.say(parts.replies["lookup_failed"])
    said = answers.said(messages)
    if not said.texts and not said.choices:
        media = any(m.media for _, m in messages)
        return draft.say(parts.replies["media_unreadable" if media else "empty_message"])
    if not (await fallbacks.answered(draft, parts, said) or await answers.read(draft, parts, said)):
        await router.route(draft, parts, said)
    return None


async def _resume(draft: Draft, parts: Parts) -> None:
    """When a task is done and another was set aside for it, come back to that one."""
    session = draft.session
    if session.task is not None or not session.waiting or draft.about is not None or draft.unproven:
        return
    task = session.waiting[-1]
    workflow = parts.workflows.get(task.workflow)
    draft.emit(ev.TaskResumed(task=task.id))
    draft.say(replies.render(parts.replies["resumed"], {"title": workflow.title if workflow else task.workflow}))
    await flow.run(draft, parts, task.id)


async def finish(draft: Draft, parts: Parts) -> Done:
    """Queue the reply and commit the turn."""
    deliveries = await outgoing.queue(draft, parts)
    draft.again_ms = flow.again_ms(draft, parts)
    with observe.step("commit"):
        written: Written = await parts.store.commit(
            draft.lease,
            draft.work(deliveries),
            done_seq=draft.opened.upto,
            worker=parts.worker,
            claim_ms=int(parts.settings.tuning.claim_s * 1000),
        )
    placed = zip(written.seqs, draft.entries, strict=True)
    replies_out = ((seq, e.event) for seq, e in placed if isinstance(e.event, ev.ReplyQueued))
    return Done(
        session_id=draft.lease.session_id,
        seq=written.next_seq - 1,
        outgoing=tuple((seq, reply) for seq, reply in replies_out if reply.outbox in written.claimed),
        due_ms=written.due_ms,
    )
