"""A raw mail in, whichever way it came: read, told whose it is, committed. Acknowledges nothing itself.

All ways lead here (`mail_hooks`, `mail_listen`, `mail_fetch`), so that the same mail by two ways is one message: its id
is made of its own Message-ID and `From`. How a sender is known is told in `mail_thread`, how proven in `mail_auth`.

A header that may stand once stands twice in no honest mail: whoever puts another `Subject` or `In-Reply-To` above a
signed mail of somebody's does not break its signature. Such a mail proves nothing.

A mail with more than one `From`, or none that is an address, is kept but never answered: under the first address as a
claim, or under a name of its own when there is none. Automatic mails, bounces that speak of nothing we sent, our own
mails come back and what is left of a suspected loop (more than `LOOP_MAILS` in ten minutes, of which one a day is still
answered) are kept in the same way: `extra["silent"]`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from channels.base import Ports
from channels.mail import mail_address, mail_auth, mail_bounce, mail_files, mail_thread
from channels.mail.mail_tokens import MailTokens, mail_tokens
from channels.mail.reading import mail_kind, mail_mime
from channels.mail.reading.mail_mime import Headers
from channels.mail.reading.mail_parse import Preview
from channels.mail.reading.mail_reader import MailReader
from state.identity import Address, Assurance
from state.messages import Inbound

LOOP_MAILS = 10
LOOP_WINDOW_S = 600.0
DAY_S = 86_400.0
UNPROVEN_MAILS = 30  # a day and address: whoever else is named by a forger gets no more than that of us
NOBODY = "nobody.invalid"  # the domain of senders without an address

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that was read. `id`: the same for every copy; `trusted`: our own server's word in it counts."""

    raw: bytes
    preview: Preview
    headers: Headers
    address: str
    alone: bool
    id: str
    trusted: bool


class MailIn:
    """Takes mails in."""

    def __init__(self, ports: Ports) -> None:
        """Keep the ports; the process that reads mails starts with the first."""
        settings = ports.settings
        self._ports = ports
        self.tokens: MailTokens = mail_tokens(settings)
        self._server = settings.email_authserv_id or ""
        self._reader = MailReader(ours=(self.tokens.ours,))

    async def close(self) -> None:
        """End the process that reads mails."""
        await self._reader.close()

    async def take(self, raw: bytes, *, trusted: bool = True) -> bool:
        """Read and commit a mail; whether it was new. Raises BotError when it could not be committed."""
        return await self.accept(await self.read(raw, trusted=trusted))

    async def read(self, raw: bytes, *, trusted: bool = True) -> Mail:
        """Read a mail. `trusted`: it came through our own mail server, which takes others' words of its kind out."""
        headers = mail_mime.headers(raw)
        preview = await self._reader.preview(raw)
        if not preview.understood:
            preview = _by_headers(preview, headers, self.tokens.ours)
        named = [found for box in preview.from_ if (found := mail_address.normal(box.address))]
        mail_id = _id(preview, named)
        return Mail(
            raw=raw,
            preview=preview,
            headers=headers,
            address=named[0] if named else f"{mail_id[:24]}@{NOBODY}",
            alone=len(named) == len(preview.from_) == sum(key == "from" for key, _ in headers.fields) == 1,
            id=mail_id,
            trusted=trusted,
        )

    async def accept(self, mail: Mail) -> bool:
        """Commit a mail that was read; whether it was new. A bounce of one of our replies becomes its status."""
        if mail.preview.class_ == "bounce" and await mail_bounce.fold(mail.preview, self.tokens, self._ports):
            return True
        proven = mail.alone and _is_single(mail.headers) and await self._is_proven(mail)
        sender = await self._sender(mail, proven=proven)
        reasons = await self._reasons_for_silence(mail, sender.address)
        accepted = await self._ports.accept(self._inbound(mail, sender, reasons))
        log.info(
            "mail_taken",
            inbound=mail.id[:12],
            session=accepted.session_id,
            state="new" if accepted.new else "known",
            verdict=sender.assurance.value,
            kind=mail.preview.class_,
            reason=reasons,
        )
        return accepted.new

    async def _is_proven(self, mail: Mail) -> bool:
        domain = mail_address.split(mail.address)[1]
        if self._server and mail.trusted:
            return mail_auth.stated(mail.preview.auth_results, server=self._server, domain=domain)
        return await mail_auth.checked(mail.raw, domain=domain)

    async def _sender(self, mail: Mail, *, proven: bool) -> mail_thread.Sender:
        if not mail.alone:
            name = Address(channel=mail_thread.CHANNEL, address=mail_address.claimed(mail.address))
            return mail_thread.Sender(address=name, assurance=Assurance.CLAIMED)
        return await mail_thread.sender(
            mail.preview, mail.address, proven=proven, tokens=self.tokens, ports=self._ports
        )

    async def _reasons_for_silence(self, mail: Mail, sender: Address) -> list[str]:
        """Say why a mail is kept without an answer; an empty list when it is answered."""
        reasons = list(mail.preview.reasons) if mail.preview.class_ != "normal" else []
        if not mail.alone:
            reasons.append("not one sender")
        if mail_address.tag(mail.address, self.tokens.ours) is not None:
            reasons.append("our own address")
        if not reasons and await self._is_too_much(mail, sender.address):
            reasons.append("suspected loop")
        return reasons

    async def _is_too_much(self, mail: Mail, name: str) -> bool:
        """Count mails of a sender; a copy of one that came by another way is not counted again."""
        allow, who = self._ports.allow, self.tokens.counted(name)
        if not await allow(f"mail/seen/{mail.id}", 1, DAY_S):
            return False
        few = await allow(f"mail/rate/{who}", LOOP_MAILS, LOOP_WINDOW_S)
        if name.startswith(mail_address.UNPROVEN):
            few &= await allow(f"mail/unproven/{who}", UNPROVEN_MAILS, DAY_S)
        return not few and not await allow(f"mail/loop/{who}", 1, DAY_S)

    def _inbound(self, mail: Mail, sender: mail_thread.Sender, reasons: Sequence[str]) -> Inbound:
        preview = mail.preview
        name = next((box.name for box in preview.from_ if box.name), None)
        to = next((to for to in preview.recipients if mail_address.tag(to, self.tokens.ours) is not None), None)
        thread = mail_thread.continued(preview, ticket=sender.ticket, to=to or self.tokens.ours)
        extra: dict[str, Any] = {
            "subject": preview.subject[: mail_thread.LONGEST_SUBJECT],
            "thread": {**thread, **({"name": name[:100]} if name else {})},
            "full": preview.text == preview.full,
        }
        if reasons:
            extra |= {"class": preview.class_ if preview.class_ != "normal" else "auto", "silent": True}
        notes = [*preview.notes, *([] if preview.understood else preview.reasons)]
        return Inbound(
            channel=mail_thread.CHANNEL,
            account=self.tokens.ours,
            provider_id=mail.id,
            sender=sender.address,
            assurance=sender.assurance,
            text=preview.text,
            name=name[:100] if name else None,
            email=mail.address if sender.assurance is not Assurance.CLAIMED else None,
            media=mail_files.media(preview.attachments),
            raw=mail.raw,
            extra=extra | ({"notes": notes} if notes else {}),
        )


def _id(preview: Preview, named: Sequence[str]) -> str:
    """Make the id that every copy of a mail shares: of its Message-ID and sender, else of what it says."""
    sender = named[0] if named else ""
    if preview.message_id:
        parts = [preview.message_id.lower(), sender]
    else:
        parts = [sender, preview.date, preview.subject, preview.full or preview.text]
    text = "\n".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


_ONCE = frozenset({
    "date", "sender", "reply-to", "to", "cc", "message-id", "in-reply-to", "references", "subject", "mime-version",
    "content-type", "content-transfer-encoding", "content-disposition",
})  # fmt: skip


def _is_single(headers: Headers) -> bool:
    """Say whether no header that may stand once stands twice (RFC 5322, 3.6)."""
    names = [name for name, _ in headers.fields if name in _ONCE]
    return len(names) == len(set(names))


def _by_headers(preview: Preview, headers: Headers, ours: str) -> Preview:
    """Sort a mail that could not be taken apart by its headers alone, so that no loop runs on it."""
    class_, reasons = mail_kind.classify(headers, (), [box.address for box in preview.from_], (ours,))
    return preview if class_ == "normal" else replace(preview, class_=class_, reasons=reasons)
