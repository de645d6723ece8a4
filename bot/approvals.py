"""A write that needs staff besides the customer: asked for with its exact arguments, decided once. Calls no tool."""

from __future__ import annotations

from bot import handoff, replies
from bot.draft import Draft
from bot.parts import Parts
from bot.run import Run
from bot.workflows import Step
from state import events as ev
from state.session import Action, Task


def is_needed(one: Run, step: Step) -> bool:
    """Whether the workflow's rule asks for staff on these terms; a rule that cannot be read asks for them."""
    if step.approval is None:
        return False
    needed = replies.fill(f"{{{step.approval.when}}}", one.scope())
    return bool(needed) or needed is None


async def ask(one: Run, step: Step, action: Action) -> None:
    """Ask staff, and tell the customer that they are asked."""
    draft, wanted = one.draft, step.approval
    assert wanted is not None  # noqa: S101 - `is_needed` said so
    title = one.workflow.title or one.workflow.name
    ticket = await handoff.open_ticket(draft, one.parts, reason="approval", subject=f"{title}: {_object(one, step)}")
    number = {"number": ticket.number}
    hold_ms = int(one.parts.settings.tuning.approval_hours * 3_600_000)
    draft.move(action, "awaiting_approval", by="customer", source=draft.last_in)
    draft.expire_in[action.id] = hold_ms
    draft.emit(
        ev.ApprovalRequested(
            action=action.id,
            ticket=ticket.id,
            args_hash=action.args_hash,
            scope=wanted.scope,
            why=one.text(wanted.why, ticket=number),
            title=title,
            expires=draft.opened.now + hold_ms,
            lines=[[label, replies.render(text, one.scope())] for label, text in wanted.lines.items()],
            words={
                "denied": one.text(wanted.denied, ticket=number),
                "expired": one.text(wanted.expired, ticket=number),
            },
        )
    )
    if step.consent:
        one.set({step.consent: "confirmed"}, by="policy")
    draft.say(one.text(wanted.say, ticket=number))


def _object(one: Run, step: Step) -> str:
    """What the write is about, in a few words for the ticket's subject."""
    arguments = replies.fill(step.calls[0].arguments, one.scope())
    named = [str(value) for name, value in arguments.items() if name.endswith("_id") and value is not None]
    return ", ".join(named) or step.calls[0].tool


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
