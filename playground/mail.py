"""The pretended mailboxes, at `/playground/mail`: the customers' mail server, their programs, and what they send back.

The bot sends to them by SMTP at `smtp_port` (no TLS, no password). What customers write is brought to it by POST of
the raw mail to `{bot_url}/email/inbound` with the inbound token, or by SMTP when `bot_smtp` is set, with the headers
that our own mail server adds: Return-Path, Delivered-To, Authentication-Results, Received.

For the page and tests, JSON, no token:

    GET  /info               address (the bot's), smtp (host:port or null), clients, boxes: [{box, mails, new}]
    GET  /events?after=&wait=&box=  long poll: {version, mails, deliveries} that changed after a version (-1: all);
                             a version below yours: it was reset, begin anew
    GET  /boxes/<address>    the mails of a box, oldest first
    GET  /mails/<n>          one mail; /mails/<n>/raw, /mails/<n>/html (sandboxed), /mails/<n>/attachments/<number>
    POST /act                {"act": …}, answered when the bot was first tried (`"wait": false`: at once)
       compose               box, subject, text, to?, cc?, html?, client?  → {mail, delivery}
       reply                 mail: n, text, client?, subject?, quote?      → {mail, delivery}
       raw                   raw | base64, box?                            → {mail, delivery}
       again                 delivery: n, copies?: the same bytes once more → {status, text}
       habits                box, bounce: hard|soft|null, reject: true|null, holiday: text|null,
                             holiday_to: reply|envelope
       seen                  mail: n
                             For compose, reply and raw also: from, name (header From), envelope_from, envelope_to,
                             auth: pass|fail|none (default: pass if From is the box's own address, else fail),
                             results (the whole header line in place of ours), keep_results (our server forgets to take
                             away what others claim in its name), headers: {name: value or null}, copies,
                             attachments: [{name, type, base64 | text}]
    GET  /deliveries         every mail brought to the bot, as it got it, with all attempts
    GET  /smtp               every SMTP transaction of the bot, refused ones too: [{n, at, sender, recipients,
                             message_id, answer}]
    /faults                  `smtp_refuse` with `status`, `smtp_hang`, `smtp_drop`, `smtp_lost_answer`, their path being
                             /mail/<sender>, /rcpt/<address> or /data; `lost_mail`, `duplicate_mail`, `shuffled_mails`

A mail is {n, box, way: received|sent|bounced, seen, delivery, at, envelope, from, to, cc, reply_to, subject, date,
message_id, in_reply_to, references, auto_submitted, headers, text, html, attachments, size}. `client` is one of plain,
gmail, outlook, apple, thunderbird (the last answers below the quote). A mail that the bot puts off is brought again.
"""

import sqlite3
from typing import Any
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from playground import deliveries, faults, http, mail_rows, options, store
from playground.background import asked_news
from playground.mail_rows import Mail
from playground.mail_styles import CLIENTS
from playground.world import World

Json = dict[str, Any]
MOST = 40_000_000  # bytes of an act, attachments included
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def build(world: World) -> web.Application:
    """Build the mailboxes and the mail server before them."""
    desk = Desk(world)
    app = web.Application(middlewares=[_switch(world.options)])
    app.add_routes(faults.routes(world.mail_faults))
    app.add_routes(
        [
            web.get("/info", desk.info),
            web.get("/events", desk.events),
            web.get("/boxes/{address}", desk.box),
            web.get("/mails/{n}", desk.mail),
            web.get("/mails/{n}/raw", desk.raw),
            web.get("/mails/{n}/html", desk.html),
            web.get("/mails/{n}/attachments/{number}", desk.attachment),
            web.post("/act", desk.act),
            web.get("/deliveries", desk.deliveries),
            web.get("/smtp", desk.smtp),
        ]
    )
    return app


class Desk:
    """The handlers for the page and for tests."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        boxes = world.boxes
        named = (boxes.compose, boxes.reply, boxes.raw, boxes.again, boxes.habits, boxes.seen)
        self._acts = {each.__name__: each for each in named}

    async def act(self, request: web.Request) -> web.Response:
        """Do what a customer or his mail server does."""
        wanted = await http.json_object(request, most=MOST)
        act = self._acts.get(str(wanted.get("act")))
        if act is None:
            raise http.bad_request(f"act must be one of: {', '.join(self._acts)}")
        return http.answer(await act(wanted))

    async def info(self, _: web.Request) -> web.Response:
        """Answer what is there."""
        port = self._world.listener.port
        shown = {
            "address": self._world.options.email_address,
            "smtp": f"{self._world.options.smtp_host}:{port}" if port else None,
            "clients": list(CLIENTS),
            "boxes": await self._store.read(mail_rows.boxes),
        }
        return http.answer(shown)

    async def events(self, request: web.Request) -> web.Response:
        """Wait for changes and answer what changed."""
        after, wait = asked_news(request.query)
        box = request.query.get("box", "").lower() or None

        async def look() -> Json:
            return await self._store.read(lambda db: _news(db, after, box))

        return http.answer(await self._world.mail.news(look, after=after, wait=wait))

    async def box(self, request: web.Request) -> web.Response:
        """Answer the mails of one box."""
        address = request.match_info["address"].lower()
        found = await self._store.read(lambda db: mail_rows.listing(db, box=address))
        return http.answer([mail_rows.show(mail) for mail in found])

    async def mail(self, request: web.Request) -> web.Response:
        """Answer one mail."""
        return http.answer(mail_rows.show(await self._known(request)))

    async def raw(self, request: web.Request) -> web.Response:
        """Answer a mail byte for byte."""
        mail = await self._known(request)
        return web.Response(body=mail.raw, content_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})

    async def html(self, request: web.Request) -> web.Response:
        """Answer a mail's HTML as a page that can do nothing and load nothing."""
        markup = mail_rows.body(mail_rows.parse((await self._known(request)).raw), "html") or ""
        return web.Response(text=markup, content_type="text/html", headers={"Content-Security-Policy": SANDBOX})

    async def attachment(self, request: web.Request) -> web.Response:
        """Answer one file of a mail."""
        parts = mail_rows.attachments(mail_rows.parse((await self._known(request)).raw))
        number = http.whole(request.match_info, "number", default=0, least=0)
        if number >= len(parts):
            raise http.failure(404, "attachment_not_found", "The mail has no such file.")
        name = quote(parts[number].get_filename() or "file", safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "X-Content-Type-Options": "nosniff"}
        body = mail_rows.bytes_of(parts[number])
        return web.Response(body=body, content_type="application/octet-stream", headers=headers)

    async def deliveries(self, _: web.Request) -> web.Response:
        """Answer every mail that was brought to the bot."""
        found = await self._store.read(lambda db: deliveries.listing(db, "mail"))
        return http.answer([deliveries.show(each) for each in found])

    async def smtp(self, _: web.Request) -> web.Response:
        """Answer every SMTP transaction of the bot."""
        return http.answer(await self._store.read(mail_rows.sessions))

    async def _known(self, request: web.Request) -> Mail:
        number = http.whole(request.match_info, "n", default=0, least=0)
        found = await self._store.read(lambda db: mail_rows.get(db, number))
        if found is None:
            raise http.failure(404, "mail_not_found", "There is no such mail.")
        return found


def _news(db: sqlite3.Connection, after: int, box: str | None) -> Json:
    changed = deliveries.listing(db, "mail", changed_after=after)
    return {
        "version": store.ticked(db, mail_rows.PART),
        "mails": [mail_rows.show(mail) for mail in mail_rows.listing(db, box=box, changed_after=after)],
        "deliveries": [deliveries.show(each, whole=False) for each in changed if box in {None, each.about["box"]}],
    }


def _switch(settings: options.Options) -> Middleware:
    @web.middleware
    async def switch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not settings.has_mail:
            raise http.failure(404, "mail_is_off", "EMAIL_ADDRESS is not set, so there are no mailboxes here.")
        return await handler(request)

    return switch
