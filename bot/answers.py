"""Reading an answer to an open question by rule: a button's token, a yes or no, a slot's value. Asks no model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from bot import actions, approvals, choices, consent, extract, flow, replies, step_up, unlinking
from bot.draft import Draft
from bot.parts import Parts
from bot.workflows import Slot
from state import errors
from state import events as ev
from state.session import Question, Task

NUMBERS = {"1": True, "2": False}
LONG_WORDS = 4
SURE = 0.75


class Defer(errors.BotError):
    """The question is still on its way to the person: read the answer once that is certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The messages of this turn: their texts, the buttons pressed, the place and the time of the first."""

    texts: tuple[str, ...]
    choices: tuple[str, ...]
    first_seq: int
    first_at: int

    @property
    def text(self) -> str:
        """All texts, one per line."""
        return "\n".join(self.texts)


def said(messages: list[tuple[ev.Stored, ev.MessageReceived]]) -> Said:
    """Gather the messages of a burst."""
    return Said(
        texts=tuple(m.text.strip() for _, m in messages if m.text.strip() and not m.choice),
        choices=tuple(m.choice for _, m in messages if m.choice),
        first_seq=messages[0][0].seq,
        first_at=messages[0][0].at,
    )


async def read(draft: Draft, parts: Parts, what: Said) -> bool:
    """Take the messages as answers where they are; False when they are something else. Raises Defer."""
    if draft.unproven:
        return await _public(draft, parts, what)
    if what.choices:
        return await _button(draft, parts, what)
    if await unlinking.wished(draft, parts, what.text):
        return True
    task = draft.session.task
    if task is None or task.question is None:
        return _stray(draft, parts, what)
    return await _to(draft, parts, what, task, task.question)


async def _public(draft: Draft, parts: Parts, what: Said) -> bool:
    """What a sender whom nobody vouches for may answer: a question of a task that concerns nobody's account."""
    task = draft.session.task
    workflow = parts.workflows.get(task.workflow) if task else None
    if task is None or task.question is None or workflow is None or workflow.needs_customer or task.question.action:
        return False
    return bool(what.texts) and await _slot(draft, parts, what, task, task.question)


async def _to(draft: Draft, parts: Parts, what: Said, task: Task, question: Question) -> bool:
    """Take the texts as an answer to the open question, each kind by its own rule."""
    if question.action:
        return await _consent(draft, parts, what, task, question)
    if question.slot == unlinking.SLOT:
        return await unlinking.read(draft, parts, what.text, task)
    if question.slot == step_up.SIGN_IN:
        if step_up.is_moot(draft) and _verdict(what, "", ""):
            draft.again = True  # it was asked elsewhere; here the terms are what a yes is about
            await flow.run(draft, parts, task.id)
            return True
        return await step_up.read(draft, parts, what.text, task, question)
    return await _slot(draft, parts, what, task, question)


async def _button(draft: Draft, parts: Parts, what: Said) -> bool:
    """A pressed button names its question and answer by itself. A stale one is said to be stale."""
    tasks = ((draft.session.task,) if draft.session.task else ()) + draft.session.waiting
    for task in tasks:
        offered = {choice["token"]: choice["answer"] for choice in task.question.choices} if task.question else {}
        if what.choices[-1] in offered and task.question:
            if draft.session.task is not task:
                draft.emit(ev.TaskResumed(task=task.id))
            if task.question.action and _contradicts_itself(what, task.question, offered):
                draft.emit(ev.Refused(what="answer", reason="contradictory"))
                draft.again = True
                await flow.run(draft, parts, task.id)
            else:
                answer = offered[what.choices[-1]]
                await _answer(draft, parts, what, task, task.question, answer=answer, shown=True)
            return True
    if what.texts:
        return False
    draft.emit(ev.Refused(what="answer", reason="stale"))
    draft.say(parts.replies["already_done" if _just_done(draft) else "stale_choice"])
    return True


def _contradicts_itself(what: Said, question: Question, offered: dict[str, Any]) -> bool:
    """Whether the burst of a yes or no holds the other one too, or with a yes anything that is not plainly yes."""
    given = {offered[token] for token in what.choices if token in offered}
    verdict = _in_words(what, question) if what.texts else None
    if given == {"yes"}:
        return bool(what.texts) and verdict is not True
    return len(given) > 1 or verdict is True


def _just_done(draft: Draft) -> bool:
    ended = draft.session.ended
    return bool(ended) and any(a.state == "succeeded" for a in actions.of_task(draft, ended[-1].id))


def _stray(draft: Draft, parts: Parts, what: Said) -> bool:
    """A yes or no to nothing gets an answer too."""
    verdict = _verdict(what, "", "")
    if verdict is None:
        return False
    asked = approvals.of_task(draft, draft.session.task)
    if asked and not verdict:
        approvals.withdraw(draft, parts, asked)
        return True
    key = _stray_reply(draft, yes=verdict)
    draft.emit(ev.Refused(what="answer", reason=key))
    draft.say(parts.replies[key])
    return True


def _stray_reply(draft: Draft, *, yes: bool) -> str:
    """What to say to a yes or no that nothing waits for."""
    if any(a.state in actions.UNDER_WAY and not a.foreign for a in draft.session.open_actions()):
        return "in_progress"
    if yes and _just_done(draft):
        return "already_done"
    return "nothing_waiting" if yes else "nothing_to_cancel"


def _verdict(what: Said, yes: str, no: str) -> bool | None:
    """Yes only when every message of the burst is one; no when none says yes and one says no."""
    found = [
        NUMBERS.get(t.strip(" .)("), consent.yes_no(t, yes=yes, no=no)) if yes else consent.yes_no(t)
        for t in what.texts
    ]
    if found and all(v is True for v in found):
        return True
    return False if any(v is False for v in found) and not any(v is True for v in found) else None


def _in_words(what: Said, question: Question) -> bool | None:
    """Yes or no to a question, by the texts alone."""
    labels = {c["answer"]: c["label"] for c in question.choices}
    return _verdict(what, labels.get("yes", ""), labels.get("no", ""))


async def _consent(draft: Draft, parts: Parts, what: Said, task: Task, question: Question) -> bool:
    verdict = _in_words(what, question)
    if verdict is None:
        return False
    await _answer(draft, parts, what, task, question, answer="yes" if verdict else "no", shown=False)
    return True


async def _answer(
    draft: Draft, parts: Parts, what: Said, task: Task, question: Question, *, answer: object, shown: bool
) -> None:
    """Apply an answer: consent to, or decline, an action; or set a slot."""
    if question.slot == unlinking.SLOT:
        await unlinking.answered(draft, parts, task, yes=answer == "yes")
        return
    if question.slot == step_up.SIGN_IN:
        await step_up.chosen(draft, parts, task, answer)
        return
    if question.action is None:
        draft.emit(ev.SlotsSet(task=task.id, values={question.slot: answer}, by="user", source=draft.last_in))
    elif answer == "no":
        _decline(draft, parts, task, question.action)
        return
    elif _counts(draft, what, question, shown=shown, patience_ms=_patience_ms(parts)):
        if question.expires is not None and draft.opened.now > question.expires:
            draft.emit(ev.Refused(what="answer", reason="late"))
            draft.late = question.action
        else:
            draft.consented = question.action
    else:
        draft.emit(ev.Refused(what="answer", reason="early"))
        draft.again = True
    await flow.run(draft, parts, task.id)


def _decline(draft: Draft, parts: Parts, task: Task, asked: str) -> None:
    """The customer does not want it, nor what was asked for with it; what was done before stays done."""
    mine = actions.of_task(draft, task.id)
    if any(a.state in actions.DOUBTFUL for a in mine):
        draft.emit(ev.Refused(what="answer", reason="in_progress"))
        draft.say(parts.replies["in_progress"])
        return
    batch = next((a.batch for a in mine if a.id == asked), "")
    for action in mine:
        if action.state == "awaiting_confirmation" and (action.id == asked or (batch and action.batch == batch)):
            draft.move(action, "declined", by="customer", source=draft.last_in)
    draft.end_task(task.id, "declined")
    draft.say(parts.replies["left_at_that" if any(a.state == "succeeded" for a in mine) else "declined"])


def _counts(draft: Draft, what: Said, question: Question, *, shown: bool, patience_ms: float) -> bool:
    """Whether the yes came after the question with these very terms was handed to a channel."""
    if question.replied_seq is None or what.first_seq <= question.replied_seq:
        return False
    if shown:
        return True
    if draft.opened.handed_at is None:
        if draft.opened.handing and draft.opened.now - what.first_at < patience_ms:
            raise Defer("the question is still on its way")
        return False
    return what.first_at >= draft.opened.handed_at


def _patience_ms(parts: Parts) -> float:
    """How long a yes waits for word of the terms: longer than the sender does, but not for an outage to end."""
    return 2_000 * parts.settings.tuning.reconcile_wait_s


async def _slot(draft: Draft, parts: Parts, what: Said, task: Task, question: Question) -> bool:
    """A value for the slot that was asked for, unless the text is plainly about something else."""
    workflow = parts.workflows.get(task.workflow)
    slot = workflow.slots.get(question.slot) if workflow else None
    if slot is None or _is_elsewhere(parts, what.text, task.workflow):
        return False
    offered = {str(choice["answer"]): str(choice["label"]) for choice in question.choices}
    found = choices.pick(what.text, offered) if slot.options else values(what.text, slot, today=draft.today)
    if slot.type == "text" and _verdict(what, "", "") is False:
        found = []  # any words are a text, but these take the task back
    if len(found) == 1:
        await _answer(draft, parts, what, task, question, answer=found[0], shown=False)
    elif len(found) > 1:
        names = ", ".join(str(offered.get(str(v), v)) for v in found)
        draft.say(replies.render(parts.replies["ambiguous"], {"slot": question.slot, "values": names}))
    elif _verdict(what, "", "") is False:
        draft.end_task(task.id, "cancelled")
        draft.say(parts.replies["cancelled"])
    else:
        return False
    return True


def values(text: str, slot: Slot, *, today: date | None = None) -> list[Any]:
    """The values of a slot in a text; a slot of plain text takes it whole, line breaks included."""
    return extract.find_all(text, slot, today=today)


def _is_elsewhere(parts: Parts, text: str, workflow: str) -> bool:
    """Whether a text of some length plainly asks for another workflow."""
    if len(text.split()) < LONG_WORDS:
        return False
    intent, confidence, _ = parts.offline.classify(text)
    return intent not in {workflow, "none"} and confidence >= SURE
