"""Asking for more proof of who somebody is, where it can be given: a sign-in, or a code sent to another address.

The task waits and goes on by itself. Whether an address is on file is never told.
"""

from __future__ import annotations

from typing import Any

from bot import codes, consent, directory, replies
from bot.draft import Draft
from bot.parts import Parts
from bot.run import Run
from state.identity import Address, Assurance
from state.session import Question, Task
from state.sql.codes import QUESTION

SIGN_IN = QUESTION
REASONS = frozenset({"customer", "assurance"})
"""What policy says when somebody has to prove who they are first."""
ON_FILE = "on file"
MOST_WORDS = 14


async def ask(one: Run) -> None:
    """Ask the person to show who they are; the task goes on by itself once they did."""
    draft, words = one.draft, one.parts.replies
    if draft.unsure:
        draft.say(words["lookup_failed"])
        one.end("failed", "directory")
    elif draft.assurance is Assurance.CLAIMED:
        draft.say(replies.pick(words, "sign_in_unproven", draft.channel))
        one.end("refused", "assurance")
    elif await one.parts.store.code_waits(draft.lease.session_id, draft.identity):
        one.ask(SIGN_IN, words["code_waiting"], [])
    else:
        offers = await _offers(draft, one.parts)
        shown = [(replies.render(words["code_offer"], {"where": codes.shown(a)}), key) for key, a in offers]
        one.ask(SIGN_IN, replies.pick(words, _key(draft, one.parts), draft.channel), shown)


def _key(draft: Draft, parts: Parts) -> str:
    """Which words ask: codes are offered where letters can be sent."""
    if "email" not in parts.capabilities:
        return "sign_in_only"
    return "step_up" if draft.session.customer_id else "sign_in"


def is_moot(draft: Draft) -> bool:
    """Whether whoever writes now is proven as far as anybody can be."""
    return draft.session.customer_id is not None and draft.assurance is Assurance.VERIFIED


async def _offers(draft: Draft, parts: Parts) -> list[tuple[str, Address]]:
    """Other addresses of a known customer to which a code can be sent, by a name that says nothing of them."""
    if not draft.session.customer_id:
        return []
    mine = await parts.store.addresses(draft.lease.user_id)
    found = {
        identity: address
        for identity, address, level in mine
        if identity != draft.identity and address.channel == "email" and level.covers(Assurance.CHANNEL)
    }
    if not found:
        found = await _on_file(draft, parts, mine)
    return list(found.items())[:2] if "email" in parts.capabilities else []


async def _on_file(draft: Draft, parts: Parts, mine: list[tuple[str, Address, Assurance]]) -> dict[str, Address]:
    """The customer's mailbox by the directory, which is asked about the address that writes."""
    here = next((address for identity, address, _ in mine if identity == draft.identity), None)
    try:
        claims = await directory.ask(parts, draft.lease, here) if here else None
    except directory.Silent:
        return {}
    if claims is None or not claims.email or claims.customer_id != draft.session.customer_id:
        return {}
    mailbox = codes.find(claims.email)
    return {ON_FILE: mailbox} if mailbox and mailbox != here else {}


async def read(draft: Draft, parts: Parts, text: str, task: Task, question: Question) -> bool:
    """Take an answer to the question who somebody is: an address, or the choice of one. False: something else."""
    offers = [str(choice["answer"]) for choice in question.choices]
    number = text.strip(" .)(")
    verdict = consent.yes_no(text)
    if offers and (number.isdecimal() and 0 < int(number) <= len(offers)):
        await chosen(draft, parts, task, offers[int(number) - 1])
    elif len(offers) == 1 and verdict is True:
        await chosen(draft, parts, task, offers[0])
    elif verdict is False:
        draft.end_task(task.id, "cancelled")
        draft.say(parts.replies["cancelled"])
    elif (target := codes.find(text)) and target.channel in parts.capabilities and len(text.split()) <= MOST_WORDS:
        await _send(draft, parts, task, target)
    else:
        return False
    return True


async def chosen(draft: Draft, parts: Parts, task: Task, answer: Any) -> None:  # noqa: ANN401 - as the question had it
    """Send a code to the address that was chosen among those offered."""
    offers = dict(await _offers(draft, parts))
    target = offers.get(str(answer))
    if target is None:
        draft.say(parts.replies["stale_choice"])
        return
    await _send(draft, parts, task, target)


async def _send(draft: Draft, parts: Parts, task: Task, target: Address) -> None:
    workflow = parts.workflows.get(task.workflow)
    if workflow is None:
        return
    one = Run(draft=draft, parts=parts, task_id=task.id, workflow=workflow)
    here = await parts.store.address(draft.identity)
    try:
        key = "code_same" if here == target else await codes.send(draft, parts, target)
    except directory.Silent:
        key = "lookup_failed"
    minutes = int(parts.settings.tuning.code_minutes)
    text = replies.render(parts.replies[key], {"where": codes.shown(target), "minutes": minutes})
    one.ask(SIGN_IN, text, [])
