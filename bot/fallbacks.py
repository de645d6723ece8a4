"""What is tried when the model is no help, level by level: fewer functions, a question with choices, what was found.

The rules that answer without a model, and the person at the end, are in `bot.router`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot import choices, proposals, replies
from bot.answers import Said
from bot.draft import Draft
from bot.models.base import Reply
from bot.parts import Parts
from bot.talk import Talk
from state import events as ev

BEGIN = "begin:"
"""What a button's value starts with that begins a workflow; it says nothing but which."""
LIKELY = 0.2
SURE = 0.8
MOST = 3
MOST_FOUND = 12


def narrow(talk: Talk, called: str | None) -> None:
    """After a mistake: only workflows, the lookups of the active task, and what was called wrongly, to be mended."""
    draft, workflows = talk.draft, talk.parts.workflows
    workflow = workflows.get(draft.session.task.workflow) if draft.session.task else None
    of_task = {call.tool for step in workflow.steps for call in step.calls} if workflow else set()
    kept = {*workflows, *of_task, *([called] if called else [])}
    talk.prompt = replace(talk.prompt, allowed=tuple(n for n in talk.prompt.allowed or () if n in kept))


def ask(talk: Talk, reason: str, reply: Reply) -> bool:
    """Ask which of the likeliest things is meant, where the rules are not sure; False when there is nothing to ask."""
    draft, parts = talk.draft, talk.parts
    likely = [
        n for n, score in reply.runners_up if score >= LIKELY and n in parts.workflows and parts.workflows[n].listed
    ]
    unsure = not reply.calls or (len(likely) > 1 and reply.confidence < SURE)
    if not likely or not unsure or (draft.session.task and draft.session.task.question) or draft.unproven:
        return False
    draft.emit(ev.TurnDegraded(reason=reason, to="question"))
    draft.say(parts.replies["model_down_choose"])
    draft.offer([{"label": _title(parts, name), "value": f"{BEGIN}{name}"} for name in likely[:MOST]], None)
    return True


async def answered(draft: Draft, parts: Parts, said: Said) -> bool:
    """Whether the last reply offered workflows and this names one of them; it begins then."""
    last = next((s.data for s in reversed(draft.opened.recent) if isinstance(s.data, ev.ReplyQueued)), None)
    offered = {c["value"]: c["label"] for c in last.choices if c["value"].startswith(BEGIN)} if last else {}
    if not offered or draft.unproven:
        return False
    pressed = said.choices[-1] if said.choices else None
    meant = [pressed] if pressed else choices.pick(said.text, offered)
    workflow = parts.workflows.get(meant[0].removeprefix(BEGIN)) if len(meant) == 1 and meant[0] in offered else None
    if workflow is None:
        return False
    draft.emit(ev.IntentRouted(intent=workflow.name, by="choice"))
    await proposals.begin(draft, parts, workflow, {}, said)
    return True


def _title(parts: Parts, name: str) -> str:
    return parts.workflows[name].title or name


def found(draft: Draft, parts: Parts) -> str:
    """What this turn's lookups found, in plain words; "" when there is nothing."""
    results = [e.event.result for e in draft.entries if isinstance(e.event, ev.ToolSucceeded)]
    lines = [f"- {name.replace('_', ' ')}: {value}" for result in results for name, value in _plain(result)]
    return replies.render(parts.replies["found_so_far"], {"found": "\n".join(lines[:MOST_FOUND])}) if lines else ""


def _plain(result: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - any JSON
    """The single values of a result; what is nested would not be read by anybody."""
    if not isinstance(result, Mapping):
        return []
    return [
        (str(name), str(value))
        for name, value in result.items()
        if isinstance(value, str | int | float) and value != ""
    ]
