"""From words to what is wanted: the model chooses among what policy allows, code does it. A wrong call gets one repair.

A workflow is one function to the model; its arguments are proposals for slots, and rules decide which are taken.
Lookups are called directly. Writes are never offered; a model that asks for one all the same is refused and counted.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import re2

from bot import context, flow, handoff, metrics, observe, replies
from bot.answers import Said, values
from bot.draft import Draft
from bot.models.base import Call, Line, ModelDown, ModelRefused, ModelWrong, Prompt, Reply
from bot.models.guarded import Attempt
from bot.parts import Parts
from bot.workflows import Slot, Workflow
from state import events as ev
from state import faults

STRIKES = 2
FREE_TYPES = frozenset({"choice", "yes_no", "date", "text"})


@dataclass(slots=True, kw_only=True)
class Talk:
    """One exchange with a model in one turn: what was said, what was called, how often it was wrong."""

    draft: Draft
    parts: Parts
    prompt: Prompt
    said: Said
    lines: list[Line]
    seen: set[bytes] = field(default_factory=set)
    strikes: int = 0

    def answer(self, call: Call, text: str) -> None:
        """Put a call and its result at the end of what the model sees next."""
        self.lines += [Line(role="call", call=call), Line(role="result", call=call, text=text)]

    def refuse(self, call: Call, reason: str, text: str) -> None:
        """Refuse a call: on record, counted, and said to the model."""
        self.strikes += 1
        shown = (
            call.name
            if call.name in self.parts.workflows or self.parts.gateway.catalog.get(call.name)
            else "(invented)"
        )
        self.draft.emit(ev.ToolRefused(tool=shown, reason=reason, message=text))
        if reason == "unknown_tool":
            metrics.tool_invented()
        else:
            metrics.policy_blocked(shown, reason)
        self.answer(call, orjson.dumps({"error": text}).decode())


async def route(draft: Draft, parts: Parts, said: Said) -> None:
    """Find out what is wanted and do it; when the model is down or stays wrong, go on without it and say so."""
    allowed = _allowed(draft, parts)
    prompt = context.assemble(draft, parts, said.texts, allowed)
    talk = Talk(draft=draft, parts=parts, prompt=prompt, said=said, lines=list(prompt.lines))
    for _ in range(parts.settings.tuning.max_steps):
        try:
            reply = await _ask(talk)
        except (ModelDown, ModelWrong, ModelRefused) as error:
            return await _without_model(talk, type(error).__name__)
        if await _follow(talk, reply):
            return None
        if talk.strikes >= STRIKES:
            return await _without_model(talk, "stays wrong")
    return await _without_model(talk, "too many steps")


def _allowed(draft: Draft, parts: Parts) -> list[str]:
    """Policy first: the functions this person may cause to be called now."""
    eligible = {e.name for e in parts.gateway.eligible(draft.caller()) if e.ok}
    return [f.name for f in parts.functions if f.name in parts.workflows or f.name in eligible]


async def _ask(talk: Talk) -> Reply:
    """One model call, each of its attempts on record."""
    attempts: list[Attempt] = []
    model = talk.parts.model.listening(attempts.append)
    prompt = replace(talk.prompt, lines=tuple(talk.lines))
    try:
        with observe.step("model"):
            return await model.plan(prompt, timeout=talk.parts.time_left(talk.parts.settings.tuning.model_total_s))
    finally:
        for attempt in attempts:
            _note(talk, attempt, prompt)
        faults.point("model.called")


def _note(talk: Talk, attempt: Attempt, prompt: Prompt) -> None:
    offline = attempt.backend == talk.parts.offline.name
    talk.draft.emit(
        ev.ModelCalled(
            backend=attempt.backend,
            model=attempt.model,
            prompt_version=attempt.prompt_version,
            outcome=attempt.outcome,
            ms=attempt.ms,
            tokens_in=attempt.usage.tokens_in,
            tokens_out=attempt.usage.tokens_out,
            prompt="" if offline else _shown(prompt),
        )
    )


def _shown(prompt: Prompt) -> str:
    """The changing part of a prompt; the stable part is named by its version."""
    return orjson.dumps({"situation": prompt.situation, "lines": prompt.lines, "allowed": prompt.allowed}).decode()


async def _follow(talk: Talk, reply: Reply) -> bool:
    """Do what the model chose; True when the turn's answer stands."""
    if reply.none or not (reply.calls or reply.text):
        await _not_understood(talk, reply)
        return True
    if not reply.calls:
        talk.draft.say(reply.text)
        return True
    if reply.items:
        talk.lines.append(Line(role="assistant", items=reply.items))
    call = reply.calls[0]
    if call.name in talk.parts.workflows:
        return await _workflow(talk, call, reply)
    await _tool(talk, call)
    return False


async def _tool(talk: Talk, call: Call) -> None:
    """A lookup the model asked for."""
    names = {f.name for f in talk.parts.functions}
    tool = talk.parts.gateway.catalog.get(call.name)
    if tool is None:
        return talk.refuse(
            call, "unknown_tool", f"there is no such function; choose one of: {', '.join(talk.prompt.allowed or ())}"
        )
    if call.name not in names or tool.kind == "transact":
        return talk.refuse(call, "policy", "this cannot be called directly; choose the workflow for it")
    if _is_repeated(talk, call):
        return talk.refuse(call, "repeated", "this very call was made already; use its result")
    outcome = await talk.parts.gateway.look_up(
        call.name,
        call.arguments if call.raw is None else call.raw,
        caller=talk.draft.caller(),
        timeout=talk.parts.time_left(),
    )
    flow.note(talk.draft, outcome)
    if outcome.reason == "invalid":
        talk.strikes += 1
    if outcome.state == "succeeded":
        return talk.answer(call, orjson.dumps(outcome.result).decode())
    return talk.answer(call, orjson.dumps({"error": outcome.message or outcome.reason}).decode())


def _is_repeated(talk: Talk, call: Call) -> bool:
    key = orjson.dumps([call.name, call.arguments, call.raw], option=orjson.OPT_SORT_KEYS)
    if key in talk.seen:
        return True
    talk.seen.add(key)
    return False


async def _workflow(talk: Talk, call: Call, reply: Reply) -> bool:
    """Begin or continue a task with the slots the model proposes; the flow says the rest."""
    draft, workflow = talk.draft, talk.parts.workflows[call.name]
    if call.raw is not None:
        metrics.schema_failed(call.name, "arguments")
        talk.refuse(call, "invalid", "the arguments are not a JSON object with the function's fields")
        return False
    problem = _unknown_field(workflow, call.arguments)
    if problem:
        metrics.schema_failed(call.name, "arguments")
        talk.refuse(call, "invalid", problem)
        return False
    draft.emit(
        ev.IntentRouted(
            intent=call.name,
            by=reply.model,
            confidence=reply.confidence,
            runners_up=[{"intent": name, "confidence": score} for name, score in reply.runners_up],
        )
    )
    await begin(draft, talk.parts, workflow, call.arguments, talk.said)
    return True


def _unknown_field(workflow: Workflow, arguments: dict[str, Any]) -> str:
    known = set(workflow.user_slots())
    for name, slot in workflow.user_slots().items():
        known |= set(slot.aliases) | {name}
    unknown = next((name for name in arguments if name not in known), None)
    return f"there is no argument {unknown!r}; there are: {', '.join(sorted(known))}" if unknown else ""


async def begin(draft: Draft, parts: Parts, workflow: Workflow, proposed: dict[str, Any], said: Said) -> None:
    """Start the workflow's task, or go on with the one that is open, with whatever proposed values the rules take."""
    task = _open_task(draft, workflow.name)
    if task is None:
        task = uuid.uuid4().hex
        defaults = {name: slot.default for name, slot in workflow.slots.items() if slot.default is not None}
        draft.emit(ev.TaskStarted(task=task, workflow=workflow.name, slots=defaults))
    taken = _taken(draft, workflow, task, proposed, said)
    if taken:
        draft.emit(ev.SlotsSet(task=task, values=taken, by="user", source=draft.last_in))
    await flow.run(draft, parts, task)


def _open_task(draft: Draft, workflow: str) -> str | None:
    """The open task of a workflow, made the active one; None when there is none."""
    active = draft.session.task
    if active and active.workflow == workflow:
        return active.id
    waiting = next((t for t in draft.session.waiting if t.workflow == workflow), None)
    if waiting is None:
        return None
    draft.emit(ev.TaskResumed(task=waiting.id))
    return waiting.id


def _taken(draft: Draft, workflow: Workflow, task_id: str, proposed: dict[str, Any], said: Said) -> dict[str, Any]:
    """The values that may be set: by the slot's type and choices, and ids and the like only as the person wrote them.

    What was not said is remembered from the conversation, where the slot allows it.
    """
    task = draft.session.find_task(task_id)
    heard = "\n".join(
        [*(s.data.text for s in draft.opened.recent if isinstance(s.data, ev.MessageReceived)), *said.texts]
    )
    taken: dict[str, Any] = {}
    for name, slot in workflow.user_slots().items():
        value = next((proposed[n] for n in (name, *slot.aliases) if proposed.get(n) is not None), None)
        value = _checked(draft, name, slot, value, heard) if value is not None else None
        if value is None and slot.remember and task and task.value(name) is None:
            value = next(
                (draft.session.entities[n].value for n in (name, *slot.aliases) if n in draft.session.entities), None
            )
        if value is not None and not (task and task.value(name) == value):
            taken[name] = value
    return taken


def _checked(draft: Draft, name: str, slot: Slot, value: object, heard: str) -> object:
    """A proposed value in the slot's own form, or None when the rules do not take it."""
    if slot.type == "choice":
        return value if str(value) in slot.choices else None
    if slot.type in FREE_TYPES:
        return value
    text = str(value)
    known = draft.session.entities.get(name)
    if known and str(known.value) == text:
        return known.value
    found = values(text, slot)
    return found[0] if len(found) == 1 and _is_said(str(found[0]), heard) else None


def _is_said(text: str, heard: str) -> bool:
    """Whether the person wrote it, as a word of its own."""
    return bool(re2.search(rf"(?:^|[^\pL\pN_]){re2.escape(text)}(?:[^\pL\pN_]|$)", heard))


async def _not_understood(talk: Talk, reply: Reply) -> None:
    """Nothing fits: ask the open question once more, or say what can be done."""
    draft, words = talk.draft, talk.parts.replies
    draft.emit(
        ev.IntentRouted(
            intent="none",
            by=reply.model,
            confidence=reply.confidence,
            runners_up=[{"intent": name, "confidence": score} for name, score in reply.runners_up],
        )
    )
    task = draft.session.task
    if task and task.question:
        draft.again = True
        if not task.question.action and task.question.slot != flow.SIGN_IN:
            draft.say(replies.render(words["ask_again"], {"question": ""}))
        return await flow.run(draft, talk.parts, task.id)
    again = bool(draft.opened.recent) and _was_not_understood(draft, words)
    draft.say(words["not_understood_again" if again else "not_understood"])
    listed = [w for w in talk.parts.workflows.values() if w.listed and w.examples]
    lines = [
        replies.render(words["ability"], {"title": w.title or w.name, "example": w.examples[0]}) for w in listed[:6]
    ]
    return draft.say("\n".join([words["abilities"], *(f"- {line}" for line in lines)])) if lines else None


def _was_not_understood(draft: Draft, words: Mapping[str, str]) -> bool:
    last = next((s.data for s in reversed(draft.opened.recent) if isinstance(s.data, ev.ReplyQueued)), None)
    return last is not None and last.text.startswith((words["not_understood"], words["not_understood_again"]))


async def _without_model(talk: Talk, reason: str) -> None:
    """The honest way down: simple rules, and if those do not understand, a person."""
    draft, parts = talk.draft, talk.parts
    reply = await parts.offline.plan(talk.prompt, timeout=parts.time_left())
    if reply.calls and reply.calls[0].name in parts.workflows:
        draft.emit(ev.TurnDegraded(reason=reason, to="offline"))
        draft.say(parts.replies["model_down"])
        await _workflow(talk, reply.calls[0], reply)
        return
    draft.emit(ev.TurnDegraded(reason=reason, to="person"))
    ticket = await handoff.open_ticket(draft, parts, reason="model_down", subject="The language model does not answer")
    draft.say(replies.render(parts.replies["model_down_person"], {"ticket": {"number": ticket}}))
