"""From words to what is wanted: the model chooses among what policy allows, code does it. A wrong call gets one repair.

A workflow is one function to the model; its arguments are proposals for slots, and rules decide which are taken.
Lookups are called directly. Writes are never offered; a model that asks for one all the same is refused and counted.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot import context, fallbacks, flow, handoff, proposals, replies, saying
from bot.answers import Said
from bot.draft import Draft
from bot.models.base import Call, ModelDown, ModelRefused, ModelWrong, Reply
from bot.parts import Parts
from bot.talk import Talk
from channels import render
from state import events as ev
from tools import attempts
from tools.base import Outcome

STRIKES = 2
MOST_CALLS = 4
LONGEST_REPLY = 3_000
ONE_AT_A_TIME = {"error": "not carried out: call one function at a time"}
LISTED = 12
NO_MODEL = "The language model gives no usable answer"


async def route(draft: Draft, parts: Parts, said: Said) -> None:
    """Find out what is wanted and do it; when the model is down or stays wrong, go on without it and say so."""
    prompt = context.assemble(draft, parts, said, _allowed(draft, parts))
    talk = Talk(draft=draft, parts=parts, prompt=prompt, said=said, lines=list(prompt.lines))
    for _ in range(parts.settings.tuning.max_steps):
        try:
            reply = await talk.ask()
        except (ModelDown, ModelWrong, ModelRefused) as error:
            return await _without_model(talk, type(error).__name__)
        if await _follow(talk, reply):
            return None
        if talk.strikes >= STRIKES:
            return await _without_model(talk, "stays wrong")
        if talk.strikes:
            fallbacks.narrow(talk, reply.calls[0].name if reply.calls else None)
    return await _without_model(talk, "too many steps")


def _allowed(draft: Draft, parts: Parts) -> list[str]:
    """Policy first: the functions this person may cause to be called now."""
    usable = parts.gateway.usable(draft.caller())
    return [f.name for f in parts.functions if f.name in parts.workflows or f.name in usable]


async def _follow(talk: Talk, reply: Reply) -> bool:
    """Do what the model chose; True when the turn's answer stands.

    Text beside a call is dropped, and so is what more was called at once: each call is chosen knowing the one before.
    """
    if reply.none:
        await _not_understood(talk, reply)
        return True
    if not reply.calls:
        return await _speak(talk, reply.text)
    call, *others = talk.take(reply, MOST_CALLS)
    if call.name in talk.parts.workflows:
        if await _workflow(talk, call, reply):
            return True
    else:
        await _tool(talk, call)
    for other in others:
        talk.answer(other, ONE_AT_A_TIME)
    return False


async def _speak(talk: Talk, text: str) -> bool:
    """Say the model's own words, at most one message of the channel; a blank is asked for again.

    What a task waits for stays visible below them. Terms are shown anew: whatever the model said, a yes that comes
    after it must mean the terms.
    """
    draft, parts = talk.draft, talk.parts
    words = _permitted(talk, _fitting(text, min(LONGEST_REPLY, parts.capabilities[draft.channel].text_limit)))
    if not words:
        talk.strikes += 1
        return False
    draft.say(words)
    task = draft.session.task
    question = task.question if task else None
    if draft.unproven:
        return True
    if task and question and question.action:
        await flow.run(draft, parts, task.id)
    elif question and question.choices:
        draft.offer([{"label": c["label"], "value": c["token"]} for c in question.choices], question.id)
    return True


def _permitted(talk: Talk, words: str) -> str:
    """What may be said of the model's own words; what may not is on record."""
    ours = talk.parts.instructions
    if saying.gives_away(words, ours.text, ours.mark):
        talk.draft.emit(ev.Refused(what="words", reason="instructions"))
        return ""
    safe = saying.without_links(words, talk.parts.settings.origins())
    if safe != words:
        talk.draft.emit(ev.Refused(what="words", reason="link"))
    return safe.strip()


def _fitting(text: str, limit: int) -> str:
    """The text without hidden characters, cut at a sensible place where it is too long."""
    clean = render.clean(text[: 2 * limit]).strip()
    parts = render.split(clean, limit - 2)
    return clean if len(parts) < 2 else f"{parts[0]} …"


async def _tool(talk: Talk, call: Call) -> None:
    """A lookup the model asked for."""
    parts = talk.parts
    tool = parts.gateway.catalog.get(call.name)
    if tool is None:
        names = ", ".join(talk.prompt.allowed or ())
        return talk.refuse(call, "unknown_tool", f"there is no such function; choose one of: {names}")
    if tool.kind == "transact" or call.name not in {f.name for f in parts.functions}:
        return talk.refuse(call, "policy", "this cannot be called directly; choose the workflow for it")
    if talk.is_repeated(call):
        return talk.refuse(call, "repeated", "this very call was made already; use its result")
    given = call.arguments if call.raw is None else call.raw
    outcome = await parts.gateway.look_up(call.name, given, caller=talk.draft.caller(), timeout=parts.time_left())
    flow.note(talk.draft, outcome)
    if outcome.reason == "invalid":
        talk.strikes += 1
    return talk.answer(call, outcome.result if outcome.state == "succeeded" else _failure(outcome))


def _failure(outcome: Outcome) -> dict[str, str]:
    """What a model is told of a call in vain: why, and how often it was tried, so that it does not try again."""
    history = attempts.told(outcome.attempts)
    return {"error": outcome.message or outcome.reason, **({"history": history} if history else {})}


async def _workflow(talk: Talk, call: Call, reply: Reply) -> bool:
    """Begin or continue a task with the slots the model proposes; the flow says the rest."""
    draft, workflow = talk.draft, talk.parts.workflows[call.name]
    problem = "the arguments are not a JSON object with the function's fields"
    if call.raw is None:
        problem = proposals.problem(workflow, call.arguments)
    if problem:
        talk.refuse(call, "invalid", problem)
        return False
    draft.emit(_routed(call.name, reply))
    if draft.unproven and workflow.needs_customer:
        draft.say(replies.pick(talk.parts.replies, "sign_in_unproven", draft.channel))
        return True
    await proposals.begin(draft, talk.parts, workflow, call.arguments, talk.said)
    return True


def _routed(intent: str, reply: Reply) -> ev.IntentRouted:
    runners_up = [{"intent": name, "confidence": score} for name, score in reply.runners_up]
    return ev.IntentRouted(intent=intent, by=reply.model, confidence=reply.confidence, runners_up=runners_up)


async def _not_understood(talk: Talk, reply: Reply) -> None:
    """Nothing fits: ask the open question once more, or say what can be done."""
    draft, words = talk.draft, talk.parts.replies
    draft.emit(_routed("none", reply))
    task = draft.session.task
    if task and task.question and not draft.unproven:
        draft.again = True
        if not task.question.action and task.question.slot != flow.SIGN_IN:
            draft.say(replies.render(words["ask_again"], {"question": ""}))
        return await flow.run(draft, talk.parts, task.id)
    again = bool(draft.opened.recent) and _was_not_understood(draft, words)
    draft.say(words["not_understood_again" if again else "not_understood"])
    listed = [w for w in talk.parts.workflows.values() if w.listed and w.examples]
    lines = [
        replies.render(words["ability"], {"title": w.title or w.name, "example": w.examples[0]})
        for w in listed[:LISTED]
    ]
    return draft.say("\n".join([words["abilities"], *(f"- {line}" for line in lines)])) if lines else None


def _was_not_understood(draft: Draft, words: Mapping[str, str]) -> bool:
    last = next((s.data for s in reversed(draft.opened.recent) if isinstance(s.data, ev.ReplyQueued)), None)
    return last is not None and last.text.startswith((words["not_understood"], words["not_understood_again"]))


async def _without_model(talk: Talk, reason: str) -> None:
    """The honest way down: a question where the rules are unsure, the rules, what was found so far, a person."""
    draft, parts = talk.draft, talk.parts
    reply = await parts.offline.plan(talk.prompt, timeout=parts.time_left())
    chosen = next((call for call in reply.calls if call.name in parts.workflows), None)
    if fallbacks.ask(talk, reason, reply):
        return None
    if chosen or (draft.session.task and draft.session.task.question):
        draft.emit(ev.TurnDegraded(reason=reason, to="offline"))
        draft.say(parts.replies["model_down"])
        if not chosen:
            return await _not_understood(talk, reply)
        if await _workflow(talk, chosen, reply):
            return None
    draft.say(fallbacks.found(draft, parts))
    draft.emit(ev.TurnDegraded(reason=reason, to="person"))
    ticket = await handoff.open_ticket(draft, parts, reason="model_down", subject=NO_MODEL)
    return draft.say(replies.render(parts.replies["model_down_person"], {"ticket": {"number": ticket.number}}))
