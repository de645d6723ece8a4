"""Several writes under one yes: listed, agreed to and carried out one by one, each an action with a key of its own.

The yes is for exactly these arguments; what changes, comes or goes makes it void. It stops at the first that fails or
that nobody can tell of. What is done is never done again: from then on the list is what was agreed to, and a later turn
goes on with what is missing of it. What failed, and what was not tried, needs a yes of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot import actions, approvals, replies
from bot.run import Run
from bot.workflows import Step
from state import events as ev
from state.session import Action
from tools.base import Proposal

MOST = 20
LEAST_S = 5.0
"""With less time left in the turn no further write is begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One of the writes: worked out, and how it is said."""

    made: Proposal
    line: str


async def act(one: Run, step: Step) -> bool:
    """Ask for all of them, or carry them out when this turn's message consents. True when all went through."""
    known = actions.latest(actions.of_step(one, step))
    if any(a.state in actions.DOUBTFUL for a in known):
        _report(one, step)
        return False
    if any(a.state == "failed" for a in known):
        return await _go_on(one, step)
    waiting = [a for a in known if a.open]
    begun = any(a.state == "succeeded" for a in actions.of_step(one, step))
    items = await (_rest(one, step, waiting) if begun else _fresh(one, step, waiting))
    if items is None:
        return False
    return await _decide(one, step, items, waiting, begun=begun) if items else _through(one, step)


async def _decide(one: Run, step: Step, items: Sequence[Item], waiting: Sequence[Action], *, begun: bool) -> bool:
    """Act on what was answered, if it was for exactly these writes."""
    draft, states = one.draft, {a.state for a in waiting}
    if waiting and _same(items, waiting):
        if states == {"awaiting_approval"}:
            draft.say(approvals.waiting_words(one, waiting[0]))
            return False
        if states == {"confirmed"} and _is_recent(one, step):
            return await _carry_out(one, step, waiting)
        if states == {"awaiting_confirmation"} and draft.consented == waiting[0].id:
            return await _consented(one, step, items, waiting, begun=begun)
    _ask(one, step, items, waiting, begun=begun)
    return False


def _same(items: Iterable[Item], waiting: Iterable[Action]) -> bool:
    return sorted(item.made.args_hash for item in items) == sorted(a.args_hash for a in waiting)


def _is_recent(one: Run, step: Step) -> bool:
    """Whether the yes was given so lately that the rest may follow by itself."""
    sent = [a.dispatched_at for a in actions.of_step(one, step) if a.dispatched_at is not None]
    holds = one.parts.settings.tuning.confirmation_s(one.draft.channel) * 1000
    return one.draft.opened.now - max(sent, default=one.draft.opened.now) <= holds


# --- what is to be done


async def _fresh(one: Run, step: Step, waiting: Sequence[Action]) -> list[Item] | None:
    """The writes as the facts of this turn have them, each once; None (and said why) when they cannot be proposed."""
    given = replies.fill(f"{{{step.each}}}", one.scope())
    rows = [] if given is None else list(given) if isinstance(given, list | tuple) else [given]
    if len(rows) > MOST:
        _too_many(one, step, len(rows))
        return None
    calls = []
    for row in rows:
        scope = one.scope(item=row)
        arguments = replies.fill(step.calls[0].arguments, scope)
        line = one.text(step.item, item=row) if step.item else _listed(arguments)
        calls.append((arguments, line))
    return await _proposed(one, step, calls, waiting)


async def _rest(one: Run, step: Step, waiting: Sequence[Action]) -> list[Item] | None:
    """What is missing; when that is refused, how far it came is said before."""
    told, place = _progress(one, step), len(one.draft.texts)
    items = await _again(one, step, waiting)
    if items is None:
        one.draft.texts[place:place] = told
    return items


async def _again(one: Run, step: Step, left: Sequence[Action]) -> list[Item] | None:
    """What was agreed to before and is not done, worked out anew: the facts it came from may say otherwise by now."""
    name = step.calls[0].tool
    tool = one.parts.gateway.catalog.get(name, one.task.tools.get(name))
    hidden = tool.identity if tool else {}
    calls = [({k: v for k, v in a.arguments.items() if k not in hidden}, a.terms) for a in left]
    return await _proposed(one, step, calls, left)


async def _proposed(
    one: Run, step: Step, calls: Iterable[tuple[Any, str]], before: Sequence[Action]
) -> list[Item] | None:
    found: dict[str, Item] = {}
    besides = tuple(a.id for a in before)
    agreed = any(a.state == "confirmed" or a.id == one.draft.consented for a in before)
    done = {a.args_hash for a in actions.of_step(one, step) if a.state == "succeeded"}
    for arguments, line in calls:
        together = [item.made for item in found.values()]
        made = await actions.propose(one, step, arguments, besides=besides, together=together, agreed=agreed)
        if made is None:
            return None
        if made.args_hash not in done:
            found.setdefault(made.args_hash, Item(made=made, line=line))
    return list(found.values())


def _listed(arguments: dict[str, Any]) -> str:
    return ", ".join(replies.plain(value) for value in arguments.values() if value is not None)


def _too_many(one: Run, step: Step, count: int) -> None:
    """Ask for fewer where the customer named them; else it is not done here."""
    text = replies.render(one.parts.replies["batch_too_many"], {"count": count, "most": MOST})
    slot = one.workflow.slots.get(step.each or "")
    if step.each and slot and "user" in slot.set_by:
        one.draft.emit(ev.SlotsSet(task=one.task_id, values={step.each: None}, by="policy", source=one.draft.last_in))
        one.ask(step.each, text, [])
    else:
        one.draft.say(text)
        one.end("refused", "too_many")


# --- asking


def _ask(one: Run, step: Step, items: Sequence[Item], waiting: Sequence[Action], *, begun: bool) -> None:
    """Show all of them and wait for a yes to them together; what was shown before and is no longer true is void."""
    draft = one.draft
    lines = replies.bullets(item.line for item in items)
    if begun or not step.confirm:
        terms = replies.render(one.parts.replies["batch_rest"], {"items": lines})
    else:
        terms = one.text(step.confirm, items=lines)
    late = bool(waiting) and draft.late == waiting[0].id
    same = _same(items, waiting) and {a.state for a in waiting} == {"awaiting_confirmation"}
    if waiting and same and not late:
        actions.question(one, step, terms, waiting[0].id, key="confirm_again" if draft.again else "confirm")
        return
    for action in waiting:
        draft.move(action, "expired" if late and same else "cancelled", reason="terms shown again")
    batch = uuid.uuid4().hex
    ids = [actions.put(one, step, item.made, item.line, batch=batch) for item in items]
    key = ("expired" if late else "confirm" if begun else "changed") if waiting else "confirm"
    actions.question(one, step, terms, ids[0], key=key)


async def _consented(one: Run, step: Step, items: Sequence[Item], waiting: Sequence[Action], *, begun: bool) -> bool:
    """The customer agrees to all: carry them out, unless staff must agree to all as well."""
    rule = next((item.made.approval for item in items if item.made.approval), None)
    if wanted := approvals.needed(one, step, rule, bare=begun):
        await approvals.ask(one, step, waiting[0], wanted, others=waiting[1:])
        return False
    if step.consent:
        one.set({step.consent: "confirmed"}, by="policy")
    for action in waiting:
        one.draft.move(action, "confirmed", by="customer", source=one.draft.last_in)
    return await _carry_out(one, step, waiting)


# --- doing


async def _carry_out(one: Run, step: Step, waiting: Sequence[Action]) -> bool:
    """One after the other; stops at the first that did not go through."""
    for waits in waiting:
        if one.parts.time_left(LEAST_S) < LEAST_S:
            return await _go_on(one, step)
        outcome = await actions.send(one, step, one.draft.session.actions[waits.id])
        if outcome.state == "unknown":
            _report(one, step)
            return False
        if outcome.state == "failed":
            return await _go_on(one, step, why=outcome.message if outcome.reason == "rejected" else "")
    return _through(one, step)


def _through(one: Run, step: Step) -> bool:
    """All are done: their results are the fact."""
    done = [a for a in actions.of_step(one, step) if a.state == "succeeded"]
    one.facts[step.calls[0].fact] = [a.result for a in done]
    one.facts["items"] = replies.bullets(a.terms for a in done)
    return True


async def _go_on(one: Run, step: Step, *, why: str = "") -> bool:
    """Say how far it came, and ask for what is missing: first what was not tried, then what failed."""
    known = actions.latest(actions.of_step(one, step))
    rest = [a for a in known if a.open]
    failed = [a for a in known if a.state == "failed"]
    _report(one, step, why=why)
    items = await _again(one, step, [*rest, *failed])
    if items:
        for action in rest:
            one.draft.move(action, "cancelled", reason="not tried")
        _ask(one, step, items, [], begun=True)
    return False


def _report(one: Run, step: Step, *, why: str = "") -> None:
    for text in _progress(one, step, why=why):
        one.draft.say(text)


def _progress(one: Run, step: Step, *, why: str = "") -> list[str]:
    """What is done, what failed or is not known, and what was not tried."""
    words, every = one.parts.replies, actions.of_step(one, step)
    known = actions.latest(every)
    parts = {
        "batch_done": [a for a in every if a.state == "succeeded"],
        "batch_failed": [a for a in known if a.state == "failed"],
        "batch_unknown": [a for a in known if a.state in actions.DOUBTFUL],
        "batch_untried": [a for a in known if a.state == "confirmed"],
    }
    more = f" ({why})" if why else ""
    return [
        replies.render(words[key], {"items": replies.bullets(a.terms for a in found), "why": more})
        for key, found in parts.items()
        if found
    ]
