"""One-time codes in a turn: asked for, sent to the other address, read. The digits never reach a model or the log."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import re2

from bot import directory, replies
from bot.draft import Draft
from bot.parts import Parts
from channels import phone
from channels.mail import mail_address
from state import events as ev
from state.identity import Address, Claims
from state.lease import Lease
from state.sql import notices
from state.sql.codes import Asked
from state.sql.turns import Opened

SOURCE_LIMIT, TARGET_LIMIT, WINDOW_S = 5, 3, 3_600.0
DAILY_LIMIT, DAY_S = 10, 86_400.0  # to one address: whoever guesses has so many codes' tries a day, from anywhere
EMAIL = re2.compile(r"[^\s<>()\[\],;:\"]{1,64}@[^\s<>()\[\],;:\"@]{1,190}")
PHONE = re2.compile(r"\+[0-9][0-9 ()/.\-]{5,24}[0-9]")
Message = tuple[ev.Stored, ev.MessageReceived]


async def redeem(opened: Opened, lease: Lease, parts: Parts) -> Opened:
    """Let a right code take effect before the turn thinks. Raises directory.Moved."""
    right = [m for m in _typed(opened) if m.extra["code"]["outcome"] == "right"]
    for message in right:
        address = await parts.store.address(message.identity)
        if address is None:
            continue
        where = shown(address)
        notice = replies.render(replies.pick(parts.replies, "linked", address.channel), {"where": where})
        proven = await parts.store.redeem(message.extra["code"]["id"], notice=notice, windows=windows(parts))
        if proven is None:
            continue
        if proven.frozen or proven.session_id != lease.session_id:
            raise directory.Moved(proven.frozen, proven.session_id)
        opened = await parts.store.open_session(lease)
    return opened


def _typed(opened: Opened) -> list[ev.MessageReceived]:
    return [s.data for s in opened.pending if isinstance(s.data, ev.MessageReceived) and "code" in s.data.extra]


def read(draft: Draft, parts: Parts, messages: list[Message]) -> tuple[list[Message], bool]:
    """The messages that are no codes; and whether something was said of one that was not right."""
    codes = [m for _, m in messages if "code" in m.extra]
    rest = [(s, m) for s, m in messages if "code" not in m.extra]
    if not codes:
        return messages, False
    checked = codes[-1].extra["code"]
    if checked["outcome"] == "right":
        return rest, False
    key = {"wrong": "code_wrong" if checked["left"] else "code_void"}.get(checked["outcome"], "code_expired")
    draft.say(replies.render(parts.replies[key], {"left": checked["left"]}))
    return rest, True


def windows(parts: Parts) -> Mapping[str, int | None]:
    """For how long after a message each channel may be written to: ms, None for always, FETCHED where clients fetch."""
    return {
        name: notices.FETCHED if can.pull else can.window_s * 1000 if can.window_s else None
        for name, can in parts.capabilities.items()
    }


def find(text: str) -> Address | None:
    """The one e-mail address or phone number in a text, to which a code may be sent."""
    found = {mail_address.normal(m.rstrip(".!?'")) for m in EMAIL.findall(text)} - {None}
    numbers = {phone.e164(m) for m in PHONE.findall(text)} - {None}
    if len(found) + len(numbers) != 1:
        return None
    if found:
        return Address(channel="email", address=str(found.pop()))
    return Address(channel="whatsapp", address=str(numbers.pop()))


def shown(address: Address) -> str:
    """An address as it may be shown to somebody who need not know it: `k…@example.com`, `+1…98`."""
    if address.channel == "email":
        local, domain = mail_address.split(mail_address.real(address.address))
        return f"{local[:1]}…@{domain}"
    return f"{address.address[:2]}…{address.address[-2:]}" if address.channel == "whatsapp" else ""


async def send(draft: Draft, parts: Parts, target: Address) -> str:
    """Send a code to an address, if it belongs to somebody; the name of what to say. The same whether it does or not.

    Raises directory.Silent.
    """
    store = parts.store
    index = store.vault.index("code|target", str(target)).hex()
    within = [
        await store.allow(f"code:from:{draft.identity}", SOURCE_LIMIT, WINDOW_S),
        await store.allow(f"code:to:{index}", TARGET_LIMIT, WINDOW_S),
        await store.allow(f"code:daily:{index}", DAILY_LIMIT, DAY_S),
    ]
    if not all(within):
        return "code_limit"
    claims = await directory.ask(parts, draft.lease, target)
    known = draft.session.customer_id
    if claims and known not in {None, claims.customer_id}:
        claims = None
    await store.send_code(draft.lease, await _asked(draft, parts, target, claims))
    return "code_sent"


async def _asked(draft: Draft, parts: Parts, target: Address, claims: Claims | None) -> Asked:
    """The code and the words that carry it."""
    tuning = parts.settings.tuning
    code = f"{secrets.randbelow(1_000_000):06d}"
    here = await parts.store.address(draft.identity)
    words = replies.render(
        replies.pick(parts.replies, "code_text", target.channel),
        {
            "code": code,
            "where": _where(parts, here),
            "minutes": int(tuning.code_minutes),
        },
    )
    can = parts.capabilities.get(target.channel)
    asked_in = next((m for _, m in reversed(draft.messages)), None)
    key = f"{draft.channel}|{asked_in.message_id}" if asked_in else draft.id
    return Asked(
        id=parts.store.vault.index("code|message", key).hex(),
        identity=draft.identity,
        code=code,
        text=words,
        target=target,
        masked=shown(target),
        holds_ms=int(tuning.code_minutes * 60_000),
        claims=claims if can else None,
        window_ms=can.window_s * 1000 if can and can.window_s else None,
    )


def _where(parts: Parts, here: Address | None) -> str:
    """How the conversation that asks is named to the holder of the other address."""
    channel = here.channel if here else ""
    name = replies.pick(parts.replies, "channel_name", channel)
    return f"{name} {shown(here)}".strip() if here else name
