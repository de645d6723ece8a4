"""Writes of which nobody can tell whether they happened: shown to staff with the evidence, settled by their word.

Nothing here repeats a write. Reading back goes on meanwhile; whichever comes first, the system's answer or a person's,
counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import orjson

from bot import actions, called, flow, handoff, operators, replies, tickets
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev
from state.session import Action

Line = list[str]
REASON = "unknown_outcome"
REASONS = frozenset({REASON, operators.REASON})


async def show(draft: Draft, parts: Parts) -> None:
    """Open a ticket for every write that was looked for often enough, with all that is known of it, once."""
    for action in [a for a in draft.session.open_actions() if a.doubt is None and actions.is_hopeless(parts, a)]:
        task = draft.session.find_task(action.task)
        subject = f"Unknown outcome of {action.tool}, action {action.id}"
        reason = operators.REASON if action.foreign else REASON
        ticket = await handoff.open_ticket(draft, parts, reason=reason, subject=subject)
        lines = list(_evidence(parts, action))
        raised = ev.DoubtRaised(
            action=action.id,
            ticket=ticket.id,
            shown=_hash(action, lines),
            title=f"{action.tool.replace('_', ' ')}: did it happen?",
            lines=lines,
        )
        draft.emit(raised)
        if task and not task.outcome:
            draft.say(replies.render(parts.replies["handed_over"], {"ticket": {"number": ticket.number}}))
            if not action.batch:  # else what is missing of it follows once this is certain
                draft.end_task(action.task, "handed_off", "unknown outcome")


def _hash(action: Action, lines: list[Line]) -> str:
    """What a decision is bound to: the write, and every line of the evidence."""
    body = orjson.dumps({"action": action.id, "args_hash": action.args_hash, "lines": lines})
    return hashlib.sha256(body).hexdigest()


def _evidence(parts: Parts, action: Action) -> Iterator[Line]:
    """What a person needs to look it up: the call as it was agreed to, when it was sent, and what was tried since."""
    yield ["Tool", f"{action.tool}@{action.version}"]
    yield from _arguments(parts, action)
    yield ["Key", action.id]
    if action.dispatched_at is not None:
        yield ["Sent", _at(action.dispatched_at)]
    for (verb, reason), found in groupby(action.attempts, lambda one: (one.get("verb"), one.get("reason"))):
        yield ["Read back" if verb == "probe" else "Called", _tries(str(reason), list(found))]


def _tries(reason: str, attempts: Sequence[Mapping[str, Any]]) -> str:
    """How often in a row an attempt ended like that, and when."""
    first, last = (_at(int(one.get("at", 0))) for one in (attempts[0], attempts[-1]))
    if len(attempts) == 1:
        return f"{reason}, {attempts[0].get('ms')} ms, known since {first}"
    return f"{reason}, {len(attempts)} times, known since {first}, last {last}"


def _arguments(parts: Parts, action: Action) -> Iterator[Line]:
    """The arguments as an approver was shown them, or else each by its name."""
    if action.approval:
        yield from ([label, value] for label, value in action.approval.lines)
        return
    tool = parts.gateway.catalog.get(action.tool, action.version)
    hidden = tool.identity if tool else {}
    for name, value in action.arguments.items():
        if name not in hidden and value is not None:
            yield [name.replace("_", " ").capitalize(), _plain(value)]


def _plain(value: Any) -> str:  # noqa: ANN401 - any argument
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else replies.plain(value)


def _at(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


async def settled(draft: Draft, parts: Parts, event: ev.ActionSettled) -> None:
    """Tell the customer what a person found, close the ticket, and go on with the task if it waits for that."""
    action = draft.session.actions.get(event.action)
    doubt = action.doubt if action else None
    if action is None or doubt is None or (doubt.staff, doubt.shown) != (event.staff, event.shown):
        return
    if action.foreign:
        draft.answers[action.id] = called.by_hand(action.state)
        operators.close(draft, action)
    elif action.reason in parts.workflows:  # it was the customer who asked for it
        draft.say(parts.replies["action_settled_done" if event.happened else "action_settled_failed"])
    close(draft, action, by=event.staff)
    await flow.run(draft, parts, action.task)


def close(draft: Draft, action: Action, *, by: str = "bot") -> None:
    """Close the ticket of a write that is certain now, unless it is about something else by now."""
    ticket = draft.session.find_ticket(action.doubt.ticket if action.doubt else None)
    if ticket is None or ticket.reason not in REASONS:
        return
    happened = action.state == "succeeded"
    tickets.close(
        draft,
        ticket.id,
        outcome="bot" if by == "bot" else "staff",
        goal=happened,
        reason="done" if happened else "failed",
        by=by,
    )
