"""What is said when a write is refused: by the other side, by policy, or by a limit. Decides nothing."""

from __future__ import annotations

from bot import handoff, replies
from bot.run import Run
from tools.base import Outcome

LIMITS = frozenset({"limit", "hours", "off", "version", "rate"})
"""Reasons with words of their own: what the gateway says of them is for developers."""
TOLD = frozenset({"rejected", "policy", "scope", "customer", "assurance"})


async def tell(one: Run, outcome: Outcome, *, agreed: bool) -> None:
    """Say why, and end the task. `agreed`: the write was consented to, so what keeps it for good is for a person."""
    words, ending = one.parts.replies, "refused" if outcome.reason in LIMITS and not agreed else "failed"
    if outcome.reason == "version" and agreed:
        ticket = await handoff.open_ticket(
            one.draft,
            one.parts,
            reason="outdated",
            subject=f"{one.workflow.title or one.workflow.name}: {outcome.tool}",
        )
        one.draft.say(replies.render(words["refused_version_person"], {"ticket": {"number": ticket.number}}))
    elif outcome.reason == "rate":
        one.draft.say(replies.render(words["too_often"], {"seconds": round(outcome.after or 60)}))
    elif outcome.reason in LIMITS:
        one.draft.say(words[f"refused_{outcome.reason}"])
    elif outcome.message and (outcome.reason in TOLD or not agreed):
        one.draft.say(replies.render(words["action_refused"], {"message": outcome.message}))
    else:
        one.draft.say(words["action_failed"])
    one.end(ending, outcome.reason)
