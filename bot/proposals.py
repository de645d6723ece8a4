"""What a model proposes for a task's slots, held against the rules: the slot's form, and the person's own words.

Calls no model and no tool; what is taken goes to the flow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import re2

from bot import countries, flow, zones
from bot.answers import Said, values
from bot.draft import Draft
from bot.parts import Parts
from bot.run import start
from bot.workflows import Slot, Workflow
from state import events as ev

LONGEST_TEXT = 2_000
DAY_LONG = len("2026-11-19")
ADDRESS = Slot(type="email")
FORMS = {
    "yes_no": "true or false",
    "date": "a date as YYYY-MM-DD",
    "time": "a time as HH:MM",
    "datetime": "a day with its time as YYYY-MM-DDTHH:MM",
    "time_zone": "an IANA time zone such as Europe/Berlin",
    "country": "a country's code of two letters (ISO 3166)",
}
CLOSED = frozenset({"choice", *FORMS})
"""Types whose values are the model's reading of the person's words; their form is all that can be checked."""


def problem(workflow: Workflow, arguments: dict[str, Any]) -> str:
    """Say what a model must mend in its arguments: unknown names, values that are none of the choices. "": nothing."""
    slots = _by_name(workflow)
    for name, value in arguments.items():
        slot = slots.get(name)
        if slot is None:
            return f"there is no argument of that name; there are: {', '.join(sorted(slots)) or 'none'}"
        if _is_given(value) and slot.type in CLOSED and _formed(slot, value) is None:
            return f"{name}: {_wanted(slot)}, or null when the customer did not say"
    return ""


async def begin(draft: Draft, parts: Parts, workflow: Workflow, proposed: dict[str, Any], said: Said) -> None:
    """Start the workflow's task, or go on with the one that is open, with whatever proposed values the rules take."""
    task = _open_task(draft, workflow.name) or _started(draft, parts, workflow, said)
    taken, unsaid = _taken(draft, workflow, task, proposed, said)
    if taken:
        draft.emit(ev.SlotsSet(task=task, values=taken, by="user", source=draft.last_in))
    if unsaid:
        message = f"not what the customer said: {', '.join(unsaid)}"
        draft.emit(ev.ToolRefused(tool=workflow.name, reason="unsaid", message=message))
    await flow.run(draft, parts, task)


def _started(draft: Draft, parts: Parts, workflow: Workflow, said: Said) -> str:
    """A new task, with the words that began it where the workflow keeps them."""
    task = start(draft, parts, workflow)
    opening = [name for name, slot in workflow.slots.items() if slot.opening]
    if opening and said.text.strip():
        values = dict.fromkeys(opening, said.text.strip()[:LONGEST_TEXT])
        draft.emit(ev.SlotsSet(task=task, values=values, by="user", source=draft.last_in))
    return task


def _by_name(workflow: Workflow) -> dict[str, Slot]:
    """The slots a customer may set, under each of their names."""
    return {n: slot for name, slot in workflow.user_slots().items() for n in (name, *slot.aliases)}


def _is_given(value: object) -> bool:
    """Whether a model said anything: some servers write an empty text where a null is meant."""
    return value is not None and value != ""


def _wanted(slot: Slot) -> str:
    if slot.type == "choice":
        return f"must be one of {', '.join(slot.choices)}"
    return f"must be {FORMS[slot.type]}"


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


def _taken(
    draft: Draft, workflow: Workflow, task_id: str, proposed: dict[str, Any], said: Said
) -> tuple[dict[str, Any], list[str]]:
    """The values that are set, and the slots whose proposed value the rules do not take.

    What was not said is remembered from the conversation, where the slot allows it.
    """
    task = draft.session.find_task(task_id)
    heard = _heard(draft, said)
    taken: dict[str, Any] = {}
    unsaid: list[str] = []
    for name, slot in workflow.user_slots().items():
        names = (name, *slot.aliases)
        given = next((proposed[n] for n in names if _is_given(proposed.get(n))), None)
        value = _checked(draft, name, slot, given, heard) if given is not None else None
        if given is not None and value is None and not (task and task.value(name) == given):
            unsaid.append(name)
        if value is None and slot.remember and not draft.unproven and task and task.value(name) is None:
            value = next((draft.session.entities[n].value for n in names if n in draft.session.entities), None)
        if value is not None and not (task and task.value(name) == value):
            taken[name] = value
    return taken, unsaid


def _heard(draft: Draft, said: Said) -> list[str]:
    """What the person wrote, as far back as a turn looks, newest first. What the bot said proves nothing."""
    recent = [] if draft.unproven else [stored for stored in draft.opened.recent if draft.is_theirs(stored)]
    before = [s.data.text for s in recent if isinstance(s.data, ev.MessageReceived) and s.data.text]
    return [*reversed(said.texts), *reversed(before)]


def _checked(draft: Draft, name: str, slot: Slot, given: object, heard: list[str]) -> Any:  # noqa: ANN401
    """A proposed value in the slot's own form, or None when the rules do not take it."""
    if slot.type in CLOSED or slot.type == "text":
        return _formed(slot, given)
    known = draft.session.entities.get(name)
    if known and str(known.value) == str(given):
        return known.value
    value = _formed(slot, given)
    return value if value is not None and any(_is_said(value, slot, text) for text in heard) else None


def _formed(slot: Slot, given: object) -> Any:  # noqa: ANN401 - a value of the slot's type
    """A value in the slot's own form; None when it has none."""
    if slot.type == "yes_no":
        return given if isinstance(given, bool) else None
    if slot.type == "emails" and isinstance(given, list):
        given = " ".join(str(one) for one in given)
    if not isinstance(given, str | int) or isinstance(given, bool):
        return None
    text = str(given).strip()[:LONGEST_TEXT]
    if slot.type in READERS:
        return READERS[slot.type](slot, text)
    found = values(text, slot)
    return found[0] if len(found) == 1 else None


def _choice(slot: Slot, text: str) -> str | None:
    """A choice by its name or its label, in any case."""
    wanted = text.casefold()
    return next((name for name, label in slot.choices.items() if wanted in {name.casefold(), label.casefold()}), None)


def _date(_: Slot, text: str) -> str | None:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _time(_: Slot, text: str) -> str | None:
    try:
        return dt.time.fromisoformat(text).isoformat("minutes")
    except ValueError:
        return None


def _datetime(_: Slot, text: str) -> str | None:
    try:
        return dt.datetime.fromisoformat(text).isoformat(timespec="minutes") if len(text) > DAY_LONG else None
    except ValueError:
        return None


def _country(_: Slot, text: str) -> str | None:
    return text.upper() if text.upper() in countries.known() else None


READERS: dict[str, Callable[[Slot, str], str | None]] = {
    "choice": _choice,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "time_zone": lambda _, text: zones.named(text),
    "country": _country,
}
"""How a model's reading of the customer's words is checked, where its form is all that can be."""


def _is_said(value: object, slot: Slot, text: str) -> bool:
    """Whether the value stands in a text, as a word of its own or in another notation of the same."""
    if isinstance(value, list):
        return bool(value) and all(_is_said(one, ADDRESS, text) for one in value)
    word = re2.escape(str(value))
    return bool(re2.search(rf"(?i)(?:^|[^\pL\pN_]){word}(?:[^\pL\pN_]|$)", text)) or value in values(text, slot)
