"""A write that needs staff besides the customer: asked for with its exact arguments, decided once. Calls no tool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot import handoff, replies
from bot.draft import Draft
from bot.parts import Parts
from bot.run import Run
from bot.workflows import Step
from state import events as ev
from state.approvals import bound
from state.session import Action, Task
from tools.base import ApprovalRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An approval to be asked for. `scope`: all the words somebody must hold who decides; `rule`: the tool's own limit.

    `words`: the templates said, by what is said with them (why, say, denied, expired); `lines`: label → template.
    """

    scope: str
    words: dict[str, str]
    lines: dict[str, str]
    rule: ApprovalRule | None = None


def needed(one: Run, step: Step, rule: ApprovalRule | None, *, bare: bool = False) -> Wanted | None:
    """The approval that this write needs by its workflow, by its tool's own limit (`rule`), or by both.

    `bare`: in the engine's own words; those of the workflow need facts that this turn did not look up.
    """
    own = step.approval
    by_workflow = _asks(one, step)
    if not by_workflow and rule is None:
        return None
    scopes = {rule.scope} if rule else set()
    if by_workflow and own and own.scope:
        scopes.add(own.scope)
    elif by_workflow and not scopes:
        scopes.add(one.parts.gateway.limits.tools.review_scope)
    words = own.words() if own and not bare else {}
    flow, common = one.workflow.replies, one.parts.replies
    return Wanted(
        scope=" ".join(sorted(scopes)),
        words={
            use: replies.pick(*(flow, words[use]) if use in words else (common, f"review_{use}"), one.draft.channel)
            for use in ("why", "say", "denied", "expired")
        },
        lines=dict(own.lines) if own and not bare else {},
        rule=rule,
    )


def _asks(one: Run, step: Step) -> bool:
    """Whether the workflow itself asks for staff on these terms; a condition that cannot be read asks for them."""
    if one.workflow.review != "above_limit":
        return one.workflow.review == "all"
    if step.approval is None or step.approval.when is None:
        return False
    try:
        found = replies.fill(f"{{{step.approval.when}}}", one.scope())
    except replies.Missing:
        return True
    return bool(found) or found is None


async def ask(one: Run, step: Step, action: Action, wanted: Wanted, *, others: Sequence[Action] = ()) -> None:
    """Ask staff, and tell the customer that they are asked. `others`: decided with it, all or none."""
    draft = one.draft
    title = one.workflow.title or one.workflow.name
    ticket = await handoff.open_ticket(
        draft, one.parts, reason="approval", subject=f"{title}: {_object(one, action, others)}"
    )
    rule = wanted.rule
    scope = one.scope(
        ticket={"number": ticket.number},
        approval={"above": rule.above if rule else None, "why": rule.why if rule else one.parts.replies["review_all"]},
        title=title,
    )
    words = {use: replies.render(text, scope) for use, text in wanted.words.items()}
    hold_ms = int(one.parts.settings.tuning.approval_hours * 3_600_000)
    for waits in (action, *others):
        draft.move(waits, "awaiting_approval", by="customer", source=draft.last_in)
    draft.expire_in[action.id] = hold_ms
    draft.emit(
        ev.ApprovalRequested(
            action=action.id,
            ticket=ticket.id,
            args_hash=bound(draft.session.actions, action, tuple(one.id for one in others)),
            scope=wanted.scope,
            why=words["why"],
            title=title,
            expires=draft.opened.now + hold_ms,
            lines=_lines(one, wanted, scope, [action, *others]),
            words={"denied": words["denied"], "expired": words["expired"]},
            others=[waits.id for waits in others],
        )
    )
    if step.consent:
        one.set({step.consent: "confirmed"}, by="policy")
    draft.say(words["say"])


def _lines(one: Run, wanted: Wanted, scope: dict[str, Any], asked: Sequence[Action]) -> list[list[str]]:
    """What staff are shown; of several writes besides what the workflow names, each with all its arguments."""
    own = [[label, replies.render(text, scope)] for label, text in wanted.lines.items()]
    if len(asked) == 1:
        return own or arguments(one.parts, asked[0])
    each = ("; ".join(f"{label}: {text}" for label, text in arguments(one.parts, action)) for action in asked)
    return own + [[f"{number} of {len(asked)}", text] for number, text in enumerate(each, start=1)]


def arguments(parts: Parts, action: Action) -> list[list[str]]:
    """What staff are shown where no lines are named for them: each argument by its name."""
    return [[name.replace("_", " ").capitalize(), replies.plain(value)] for name, value in _given(parts, action)]


def _given(parts: Parts, action: Action) -> list[tuple[str, Any]]:
    """The arguments that are there, but for those that the session gave."""
    tool = parts.gateway.catalog.get(action.tool, action.version)
    hidden = tool.identity if tool else {}
    return [(name, value) for name, value in action.arguments.items() if name not in hidden and value is not None]


def _object(one: Run, action: Action, others: Sequence[Action]) -> str:
    """What the write is about, in a few words for the ticket's subject."""
    named = [str(value) for name, value in _given(one.parts, action) if name.endswith("_id")]
    return (", ".join(named) or action.tool) + (f" and {len(others)} more" if others else "")


def waiting_words(one: Run, action: Action) -> str:
    """What the customer hears while staff have not decided."""
    ticket = one.draft.session.find_ticket(action.approval.ticket if action.approval else None)
    return replies.render(
        one.parts.replies["approval_waiting"], {"ticket": {"number": ticket.number if ticket else ""}}
    )


def not_given(draft: Draft, action_id: str, how: str) -> None:
    """Tell the customer that a write was denied, or that nobody decided in time; its task ends."""
    action = draft.session.actions.get(action_id)
    if action is None or action.approval is None:
        return
    draft.say(action.approval.words.get(how, ""))
    draft.end_task(action.task, "refused", how)


def of_task(draft: Draft, task: Task | None) -> Action | None:
    """The action of a task that waits for staff."""
    waiting = [a for a in draft.session.actions.values() if task and a.task == task.id]
    return next((a for a in waiting if a.state == "awaiting_approval"), None)


def withdraw(draft: Draft, parts: Parts, action: Action) -> None:
    """The customer takes a request back that staff have not decided on."""
    draft.move(action, "cancelled", by="customer", source=draft.last_in, reason="withdrawn")
    draft.end_task(action.task, "declined")
    draft.say(parts.replies["approval_withdrawn"])
