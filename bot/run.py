"""One task being run in one turn: its slots, its facts and its words. Decides nothing and calls no tool."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot import replies
from bot.draft import Draft
from bot.parts import Parts
from bot.workflows import Workflow
from state import events as ev
from state.session import Task


def start(draft: Draft, parts: Parts, workflow: Workflow) -> str:
    """Begin a task of a workflow; answers its id. It keeps the versions of its tools that are the newest now."""
    task = uuid.uuid4().hex
    defaults = {name: slot.default for name, slot in workflow.slots.items() if slot.default is not None}
    known = {name: parts.gateway.catalog.get(name) for name in workflow.called()}
    tools = {name: tool.version for name, tool in known.items() if tool}
    draft.emit(ev.TaskStarted(task=task, workflow=workflow.name, slots=defaults, tools=tools))
    return task


def _subject(draft: Draft) -> str | None:
    """What the person's last mail is about, if they ever wrote one."""
    mails = sorted((reach.last_at, str(reach.thread.get("subject") or "")) for reach in draft.session.reach.values())
    return next((subject for _, subject in reversed(mails) if subject), None)


@dataclass(slots=True, kw_only=True)
class Run:
    """One task being run in one turn. `anew`: its steps are to be run once more, on fresh facts."""

    draft: Draft
    parts: Parts
    task_id: str
    workflow: Workflow
    facts: dict[str, Any] = field(default_factory=dict)
    words: str | None = None
    anew: bool = False

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
        session = {"customer_id": self.draft.session.customer_id, "subject": _subject(self.draft)}
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
        self.draft.end_task(self.task_id, outcome, reason)

    def ask(self, slot: str, text: str, choices: list[tuple[str, Any]], **more: Any) -> None:
        """Ask for a slot, with choices as (label, answer)."""
        offered = [{"label": label, "token": secrets.token_urlsafe(12), "answer": answer} for label, answer in choices]
        question = uuid.uuid4().hex
        self.draft.emit(ev.Asked(task=self.task_id, slot=slot, question=question, choices=offered, **more))
        self.draft.say(text)
        self.draft.offer([{"label": c["label"], "value": c["token"]} for c in offered], question)
