"""Writes that are called from outside the conversation, within the turn of whoever they are for. Says nothing to them.

The call is the consent. What comes after it is what comes after a customer's yes: approval where a limit asks for it,
`dispatched` committed before the first byte, the outcome on record, and the same settling after a crash.
"""

from __future__ import annotations

from typing import Any

from bot import actions, approvals, called, handoff, tickets
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev
from state.session import Action
from tools.base import ApprovalRule, Outcome, Proposal

TASK = "operator"
"""What stands in the place of a task: these writes belong to none."""

REASON = "operator"
"""Why a ticket is opened about a call; the customer, who did not ask for it, waits for nobody."""

DEFECT = {"code": "defect", "message": "It could not be carried out; staff have a ticket about it. Nothing was done."}


async def handle(draft: Draft, parts: Parts) -> None:
    """Carry out the call that this turn is about, if it is about one."""
    for stored in draft.pending:
        if isinstance(stored.data, ev.OperatorCalled) and stored.data.action not in draft.session.actions:
            await _called(draft, parts, stored.seq, stored.data)


async def _called(draft: Draft, parts: Parts, seq: int, call: ev.OperatorCalled) -> None:
    who = called.foreign(draft, parts, call.by, tuple(call.scopes))
    made = await parts.gateway.propose(call.tool, call.arguments, caller=who, version=call.version)
    draft.audit(made.audit)
    if isinstance(made, Outcome):
        draft.emit(ev.ToolRefused(tool=call.tool, reason=made.reason, message=made.message))
        draft.answers[call.action] = called.answer(made)
        return
    action = _proposed(draft, call, made)
    if made.approval:
        await _ask_staff(draft, parts, action, made.approval, seq)
        return
    draft.move(action, "confirmed", by=call.by, source=seq)
    await _carry_out(draft, parts, draft.session.actions[action.id])


def _proposed(draft: Draft, call: ev.OperatorCalled, made: Proposal) -> Action:
    proposed = ev.ActionProposed(
        action=call.action,
        task=TASK,
        tool=made.tool,
        version=made.version,
        arguments=made.arguments,
        args_hash=made.args_hash,
        terms="",
        reason=call.reason,
        amount=made.amount,
        actor=call.by,
        scopes=call.scopes,
    )
    draft.emit(proposed)
    draft.proposals.append(proposed)
    return draft.session.actions[call.action]


async def _ask_staff(draft: Draft, parts: Parts, action: Action, rule: ApprovalRule, seq: int) -> None:
    """A limit of the tool asks for staff, whoever calls it. The customer is told nothing of it, now or later."""
    title = f"{action.tool.replace('_', ' ').capitalize()}, called by {action.actor}"
    ticket = await handoff.open_ticket(draft, parts, reason="approval", subject=f"{title}: {action.id[:8]}")
    hold_ms = int(parts.settings.tuning.approval_hours * 3_600_000)
    draft.move(action, "awaiting_approval", by=action.actor, source=seq)
    draft.expire_in[action.id] = hold_ms
    draft.emit(
        ev.ApprovalRequested(
            action=action.id,
            ticket=ticket.id,
            args_hash=action.args_hash,
            scope=rule.scope,
            why=f"Needs approval: {rule.why}.",
            title=title,
            expires=draft.opened.now + hold_ms,
            lines=[*approvals.arguments(parts, action), ["Reason given", action.reason or "none"]],
        )
    )


async def _carry_out(draft: Draft, parts: Parts, action: Action) -> None:
    await actions.dispatch(draft, parts, action, called.caller(draft, parts, action))
    close(draft, draft.session.actions[action.id])


async def decided(draft: Draft, parts: Parts, action: Action) -> None:
    """Go on with a write that staff agreed to, or note that they did not, or not in time."""
    if action.state == "confirmed":
        await _carry_out(draft, parts, action)
    elif action.state in called.ENDED:
        draft.answers[action.id] = called.ended(action.state)
        close(draft, action)


def close(draft: Draft, action: Action) -> None:
    """Resolve the request for approval of a write that is over."""
    if action.approval is None or action.open:
        return
    reason = {"succeeded": "done", "failed": "failed"}.get(action.state, "refused")
    goal = action.state == "succeeded"
    tickets.close(draft, action.approval.ticket, outcome="staff", goal=goal, reason=reason)


def quarantined(draft: Draft) -> bool:
    """Answer a call that no turn survived; False when this turn is not about one. What was sent is settled as ever."""
    calls: list[Any] = [s.data for s in draft.pending if isinstance(s.data, ev.OperatorCalled)]
    for call in calls:
        if call.action not in draft.session.actions:
            draft.answers[call.action] = {"state": "failed", "error": DEFECT}
    return bool(calls)
