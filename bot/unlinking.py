"""A person's own word to undo a link ("unlink", "that was not me"), read by rule and confirmed. Asks no model."""

from __future__ import annotations

import secrets
import uuid

import re2

from bot import codes, consent, directory, replies
from bot.draft import Draft
from bot.parts import Parts
from state import events as ev
from state.identity import CUSTOMER, Address
from state.session import Task

WORKFLOW = SLOT = "unlink"
_WISH = re2.compile(r"(?i)^\W*(?:please\W+)?(?:unlink|(?:that|this|it) (?:was not|wasn.?t|isn.?t|is not) me)\W*$")


async def wished(draft: Draft, parts: Parts, text: str) -> bool:
    """Take the wish to undo a link, and ask for a yes; False when the text is none."""
    if not _WISH.match(text):
        return False
    leaving = await _leaving(draft, parts)
    if leaving is None:
        draft.say(parts.replies["unlink_none"])
        return True
    task = uuid.uuid4().hex
    draft.emit(ev.TaskStarted(task=task, workflow=WORKFLOW, slots={"identity": leaving}))
    await ask(draft, parts, task)
    return True


async def _leaving(draft: Draft, parts: Parts) -> str | None:
    """Which address goes: the one that was linked last by a code, else the one that says so; None when it is alone."""
    known = [identity for identity, a, _ in await parts.store.addresses(draft.lease.user_id) if a.channel != CUSTOMER]
    if draft.identity not in known:
        return None
    newest = await parts.store.linked_last(draft.lease.session_id)
    if newest in known:
        return newest
    return draft.identity if len(known) > 1 else None


async def ask(draft: Draft, parts: Parts, task_id: str) -> None:
    """Ask whether it is to be done."""
    task = draft.session.find_task(task_id)
    address = await parts.store.address(str(task.value("identity"))) if task else None
    labels = ((parts.replies["unlink_yes"], "yes"), (parts.replies["unlink_no"], "no"))
    offered = [{"label": label, "token": secrets.token_urlsafe(12), "answer": answer} for label, answer in labels]
    question = uuid.uuid4().hex
    draft.emit(ev.Asked(task=task_id, slot=SLOT, question=question, choices=offered))
    draft.say(replies.render(parts.replies["unlink_confirm"], {"where": _named(parts, address)}))
    draft.offer([{"label": str(c["label"]), "value": str(c["token"])} for c in offered], question)


def _named(parts: Parts, address: Address | None) -> str:
    if address is None:
        return replies.pick(parts.replies, "channel_name")
    return f"{replies.pick(parts.replies, 'channel_name', address.channel)} {codes.shown(address)}".strip()


async def read(draft: Draft, parts: Parts, text: str, task: Task) -> bool:
    """A yes or a no to the question; with anything else the person has moved on. Raises directory.Moved."""
    verdict = {"1": True, "2": False}.get(text.strip(" .)("), consent.yes_no(text))
    if verdict is None:
        draft.end_task(task.id, "cancelled")
        return False
    await answered(draft, parts, task, yes=verdict)
    return True


async def answered(draft: Draft, parts: Parts, task: Task, *, yes: bool) -> None:
    """Undo the link, or leave it. Once it is undone the turn begins anew, where its message is now. Raises Moved."""
    if not yes:
        draft.end_task(task.id, "declined")
        draft.say(parts.replies["declined"])
        return
    address = await parts.store.address(str(task.value("identity")))
    live = await parts.store.live(address) if address else None
    if address and live and live["user_id"] == draft.lease.user_id:
        parted = await parts.store.unlink(address, reason=f"customer:{task.id}")
        if parted.changed:
            raise directory.Moved((parted.left,), parted.session_id, parted=True)
    draft.end_task(task.id, "done")
    draft.say(parts.replies["unlink_done"])
