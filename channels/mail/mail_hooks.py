"""The mail webhook: raw mails and three providers' formats, each with its own proof. Answers 200 only after the commit.

What an answer makes the other side do: 503 is tried again by all; 200 is done, also for a copy; 406 (Mailgun), 403
(Postmark) and 400 (others) end the tries of what can never be a mail. Without proof it is 401 or 403, before the body
is read where the proof is not within it. Logs no address and no text.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from channels import bodies
from channels.base import Ports
from channels.mail import mail_providers
from channels.mail.mail_in import Mail, MailIn
from channels.mail.mail_providers import Given, NotAMail, Refused
from channels.mail.mail_room import Hold, Room
from channels.mail.reading.mail_mime import BYTES_LIMIT, headers
from state import errors

PATH = "/email/inbound"
FORM_LIMIT = BYTES_LIMIT * 3 // 2  # the same mail in base64, with the fields around it
READ_S = 120.0
TELLING = frozenset({"from", "to", "subject", "date", "message-id", "received", "return-path"})

log = structlog.get_logger()


class Hooks:
    """The route. `take` is where mails go."""

    def __init__(self, ports: Ports, take: MailIn, room: Room) -> None:
        """Keep the secrets of the ways that are on."""
        self._room = room
        settings = ports.settings
        self._ports = ports
        self._in = take
        self._token = settings.email_inbound_token.get_secret_value() if settings.email_inbound_token else ""
        self._key = settings.email_signing_key.get_secret_value() if settings.email_signing_key else ""
        self._is_public = mail_providers.is_public(self._key)
        self._providers: dict[str, Callable[[web.Request, Hold], Awaitable[Given]]] = {
            "": self._raw,
            "mailgun": self._mailgun,
            "postmark": self._postmark,
            "sendgrid": self._sendgrid,
        }

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.post(PATH, self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Take one mail."""
        provider = request.query.get("provider", "")
        read = self._providers.get(provider)
        if read is None:
            return _answer(400, "provider: must be mailgun, postmark or sendgrid, or absent for a raw mail")
        try:
            with self._room.hold() as hold:
                given = await read(request, hold)
                mail = await self._in.read(given.raw, trusted=not provider)
                await self._use(given, mail)
                new = await self._in.accept(mail)
        except Refused as why:
            log.warning("mail_hook_refused", provider=provider or "raw", reason=str(why))
            return _answer(403, str(why))
        except NotAMail as why:
            log.warning("mail_hook_without_mail", provider=provider or "raw", reason=str(why))
            return _answer({"mailgun": 406, "postmark": 403}.get(provider, 400), str(why))
        except errors.BotError as error:
            log.warning("mail_not_accepted", provider=provider or "raw", error=type(error).__name__)
            return _later()
        return web.json_response({"new": new})

    async def _use(self, given: Given, mail: Mail) -> None:
        """Let a proof that does not cover the mail count for one mail only; a repeat of that very mail is none.

        It is kept as a cursor, not as a counter: a token that was used up and its mail lost in a crash would have to be
        refused when the provider tries again.
        """
        if given.once is None:
            return
        name = f"once/mailgun/{given.once}"
        used_for = await self._ports.cursor(name, None)
        if used_for is None:
            await self._ports.cursor(name, mail.id)
        elif used_for != mail.id:
            raise Refused("the token was used before")

    async def _raw(self, request: web.Request, hold: Hold) -> Given:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip().encode("utf-8", "replace")
        if not self._token or kind.lower() != "bearer" or not hmac.compare_digest(given, self._token.encode()):
            raise _unauthorized("Bearer", "This needs the header Authorization: Bearer EMAIL_INBOUND_TOKEN.")
        raw = await self._body(request, hold, limit=BYTES_LIMIT)
        if not TELLING.intersection(name for name, _ in headers(raw).fields):
            raise NotAMail("the body is no mail: it has none of the headers of one")
        return Given(raw=raw)

    async def _mailgun(self, request: web.Request, hold: Hold) -> Given:
        self._need_key(public=False)
        body = await self._body(request, hold, limit=FORM_LIMIT)
        return await asyncio.to_thread(mail_providers.mailgun, body, _kind(request), self._key)

    async def _postmark(self, request: web.Request, hold: Hold) -> Given:
        self._need_key(public=False)
        if not mail_providers.is_postmark(request.headers.get("Authorization", ""), self._key):
            raise _unauthorized("Basic", "The password of the webhook's address must be EMAIL_SIGNING_KEY.")
        body = await self._body(request, hold, limit=FORM_LIMIT)
        return await asyncio.to_thread(mail_providers.postmark, body)

    async def _sendgrid(self, request: web.Request, hold: Hold) -> Given:
        self._need_key(public=True)
        if not request.headers.get(mail_providers.SENDGRID_SIGNATURE):
            raise Refused("the request is not signed")
        body = await self._body(request, hold, limit=FORM_LIMIT)
        return await asyncio.to_thread(mail_providers.sendgrid, body, _kind(request), self._key, request.headers)

    def _need_key(self, *, public: bool) -> None:
        if not self._key:
            raise Refused("EMAIL_SIGNING_KEY is not set, so no provider can be known")
        if public != self._is_public:
            raise Refused("EMAIL_SIGNING_KEY is another provider's")

    async def _body(self, request: web.Request, hold: Hold, *, limit: int) -> bytes:
        if not self._ports.ready():
            raise errors.RetryLater("nothing is taken now")
        try:
            async with asyncio.timeout(READ_S):
                return await bodies.read(request, limit=limit, took=hold.take)
        except TimeoutError:
            raise web.HTTPRequestTimeout(text="the body did not arrive in time\n") from None


def _kind(request: web.Request) -> str:
    return request.headers.get("Content-Type", "")


def _unauthorized(scheme: str, text: str) -> web.HTTPUnauthorized:
    return web.HTTPUnauthorized(text=f"{text}\n", headers={"WWW-Authenticate": f'{scheme} realm="mail"'})


def _answer(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")


def _later() -> web.Response:
    return web.Response(status=503, headers={"Retry-After": "2"})
