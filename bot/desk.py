"""What acts of staff do to a conversation, within its turn: their words, decisions and questions. Checks no permission.

That was done when the act was taken in (`state.sql.staff`); taking over and handing back took effect there too.
"""

from __future__ import annotations

from bot import approvals, doubts, flow, inquiry, operators, replies, tickets
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev


async def handle(draft: Draft, parts: Parts) -> None:
    """Follow what staff did, in order, before the customer's own messages are answered."""
    for stored in draft.pending:
        if stored.data is not None:
            await _follow(draft, parts, stored.seq, stored.data)


async def _follow(draft: Draft, parts: Parts, seq: int, event: ev.Event) -> None:
    match event:
        case ev.StaffReplied():
            draft.spoken.append((event.name, event.text))
        case ev.ApprovalDecided():
            await _decided(draft, parts, event)
        case ev.ActionSettled():
            await doubts.settled(draft, parts, event)
        case ev.ApprovalExpired():
            await _expired(draft, parts, event)
        case ev.StaffHandedBack():
            await _handed_back(draft, parts)
        case ev.StaffResolved():
            tickets.close(draft, event.ticket, outcome="staff", goal=event.goal, reason=event.reason, by=event.staff)
        case ev.StaffAsked():
            await inquiry.answer(draft, parts, seq, event)
        case ev.HandoffTimedOut():
            await _nobody_came(draft, parts, event)
        case _:
            return


async def _decided(draft: Draft, parts: Parts, event: ev.ApprovalDecided) -> None:
    """Go on with the write that staff agreed to, or tell the customer that they did not."""
    action = draft.session.actions.get(event.action)
    if action is None or action.approval is None or action.approval.staff != event.staff:
        return
    if action.foreign:
        await operators.decided(draft, parts, action)
    elif event.approved:
        await flow.run(draft, parts, action.task)
    else:
        approvals.not_given(draft, event.action, "denied")


async def _expired(draft: Draft, parts: Parts, event: ev.ApprovalExpired) -> None:
    """Nobody decided: whoever asked for the write hears it."""
    action = draft.session.actions.get(event.action)
    if action is not None and action.foreign:
        await operators.decided(draft, parts, action)
    else:
        approvals.not_given(draft, event.action, "expired")


async def _handed_back(draft: Draft, parts: Parts) -> None:
    """Go on where the task stands: what it waits for is asked again. Without a task there is nothing to say."""
    task = draft.session.task
    if task is not None and not draft.messages:
        draft.again = task.question is not None and task.question.action is not None
        await flow.run(draft, parts, task.id)


async def _nobody_came(draft: Draft, parts: Parts, event: ev.HandoffTimedOut) -> None:
    """Tell the customer that nobody is there, once, and offer e-mail."""
    ticket = draft.session.find_ticket(event.ticket)
    if draft.muted or ticket is None or ticket.status == "resolved" or ticket.assignee:
        return
    number = {"ticket": {"number": ticket.number}}
    if any(reach.channel == "email" and reach.assurance != "claimed" for reach in draft.session.reach.values()):
        how = parts.replies["handoff_by_mail"]
    elif parts.settings.email_address:
        how = replies.render(parts.replies["handoff_ask_mail"], {**number, "address": parts.settings.email_address})
    else:
        how = parts.replies["handoff_stay"]
    draft.say(replies.render(parts.replies["handoff_nobody"], {**number, "how": how}))
