"""POST /api/v1/email/preview: what would be read in a raw mail. A dry run: nothing is stored or answered."""

from __future__ import annotations

from aiohttp import web

from bot import api
from channels import bodies
from channels.mail import mail_address, mail_thread
from channels.mail.mail_tokens import MailTokens, mail_tokens
from channels.mail.reading.mail_mime import BYTES_LIMIT
from channels.mail.reading.mail_parse import Preview
from channels.mail.reading.mail_reader import MailReader
from config.settings import Settings

PATH = "/api/v1/email/preview"


class MailPreviews:
    """The handler, with a process of its own that reads mails, started by the first."""

    def __init__(self, settings: Settings) -> None:
        """Works whether the channel is on or off."""
        self._settings = settings
        self._tokens = mail_tokens(settings)
        self._reader = MailReader(ours=(self._tokens.ours,) if self._tokens.ours else ())

    def routes(self) -> list[web.RouteDef]:
        """The one route, behind the token."""
        return [web.post(PATH, api.behind_token(self._settings, self.preview))]

    async def close(self) -> None:
        """End the process."""
        await self._reader.close()

    async def preview(self, request: web.Request) -> web.Response:
        """A raw mail in; its text, thread and class out."""
        raw = await bodies.read(request, limit=BYTES_LIMIT)
        found = await self._reader.preview(raw)
        return api.answer({"text": found.text, "thread": thread(found, self._tokens), "class": found.class_})


def thread(mail: Preview, tokens: MailTokens) -> dict[str, object]:
    """What the headers say of the thread. `ticket`: of a signed reply address, else the number in the subject."""
    senders = [name for box in mail.from_ if (name := mail_address.normal(box.address))]
    pairs = [(tokens.token_of(to) or "", sender) for to in mail.recipients for sender in senders]
    signed = next((found for token, sender in pairs if (found := tokens.check(token, sender))), None)
    numbers = [int(tag) for tag in mail.tags if mail_thread.is_number(tag)]
    return {
        "ticket": signed.ticket if signed else next(iter(numbers), None),
        "signed": signed is not None,
        "message_id": mail.message_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "reply": bool(signed or mail.in_reply_to or mail.references),
    }
