"""Twilio's REST API for messages, pretended: it takes, checks and shows them. `carrier` brings them across."""

import base64
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from playground import carrier, faults, http, messages, options, templates
from playground.messages import Message
from playground.world import World

Json = dict[str, Any]
ADDRESS = re.compile(r"whatsapp:(\+[1-9]\d{6,14}|[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128})")
MEDIA = base64.b64decode(  # a picture of one white dot
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII="
)
ERRORS = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    21211: (400, "Invalid 'To' Phone Number"),
    21604: (400, "A 'To' phone number is required."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21619: (400, "A text message body or media urls must be specified."),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
    63016: (400, "Failed to send freeform message because you are outside the allowed window."),
}


class Refused(http.Failure):
    """An error in Twilio's shape, by its code."""

    def __init__(self, code: int, *, status: int | None = None, message: str | None = None) -> None:
        usual, words = ERRORS.get(code, (500, "Internal Server Error"))
        more = f"https://www.twilio.com/docs/errors/{code}"
        body = {"code": code, "message": message or words, "more_info": more, "status": status or usual}
        super().__init__(status or usual, body)


def build(world: World) -> web.Application:
    """Build the REST API as it stands behind `TWILIO_API_BASE`, with the faults beside it."""
    api = Twilio(world)
    app = web.Application(
        middlewares=[
            _guarding(world.options),
            faults.striking(world.twilio_faults, mount="/twilio", refuse=_trouble),
        ]
    )
    account = f"/{messages.API_VERSION}/Accounts/{{account}}"
    app.add_routes(faults.routes(world.twilio_faults))
    app.add_routes(
        [
            web.post(f"{account}/Messages.json", api.create),
            web.get(f"{account}/Messages.json", api.search),
            web.get(f"{account}/Messages/{{sid}}.json", api.fetch),
            web.get(f"{account}/Messages/{{sid}}/Media/{{media}}", api.media),
            web.post("/v2/Indicators/Typing.json", api.typing),
            web.post("/templates", api.add_template),
        ]
    )
    return app


class Twilio:
    """The handlers of the API."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    async def create(self, request: web.Request) -> web.Response:
        """Take one message for a phone; 201 says stored, its fate follows by callback."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        to, business = self._addresses(form)
        body, buttons = await self._content(form)
        last, refuses = await self._store.read(lambda db: (messages.last_inbound(db, to), messages.opted_out(db, to)))
        if refuses:
            raise Refused(21610)
        now = time.time()
        closed = not form.get("ContentSid") and carrier.window_is_closed(last, now)
        message = Message(
            sid=carrier.new_sid("SM"),
            phone=to,
            business=business,
            direction="outbound-api",
            body=body,
            buttons=buttons,
            status="queued",
            error_code=63016 if closed else None,
            error_message=ERRORS[63016][1] if closed else None,
            form={**form, "AccountSid": self._account},
            callback=form.get("StatusCallback", ""),
            webhook={},
            created_at=now,
            updated_at=now,
        )
        await self._world.carrier.to_phone(message)
        # As at Twilio, the refusal of a message outside the window is not in this answer: it comes later.
        shown = messages.resource(message, self._account) | {"error_code": None, "error_message": None}
        return http.answer({**shown, "date_sent": None}, status=201)

    async def search(self, request: web.Request) -> web.Response:
        """List messages newest first, by sender, recipient and time."""
        query = request.query
        size = http.whole(query, "PageSize", default=50, least=1, most=1000)
        page = http.whole(query, "Page", default=0, least=0)
        since, until = _period(query)
        found = await self._store.read(
            lambda db: messages.listing(
                db,
                to=_bare(query.get("To")),
                sender=_bare(query.get("From")),
                since=since,
                until=until,
                limit=size + 1,
                offset=page * size,
            )
        )
        following = request.rel_url.update_query({"Page": str(page + 1), "PageSize": str(size)})
        return http.answer(
            {
                "messages": [messages.resource(message, self._account) for message in found[:size]],
                "page": page,
                "page_size": size,
                "uri": _below(str(request.rel_url)),
                "next_page_uri": _below(str(following)) if len(found) > size else None,
                "previous_page_uri": None,
            }
        )

    async def fetch(self, request: web.Request) -> web.Response:
        """Answer one message."""
        sid = request.match_info["sid"]
        message = await self._store.read(lambda db: messages.get(db, sid))
        if message is None:
            raise Refused(20404)
        return http.answer(messages.resource(message, self._account))

    async def media(self, _: web.Request) -> web.Response:
        """Answer the one picture that every pretended attachment shows."""
        return web.Response(body=MEDIA, content_type="image/png")

    async def typing(self, request: web.Request) -> web.Response:
        """Show on the phone that the business is writing, and mark its message as read."""
        form = await request.post()
        sid = str(form.get("messageId", ""))
        message = await self._store.write(lambda db: messages.mark_read(db, sid))
        if message is None:
            raise Refused(20404)
        self._world.carrier.show_typing(message.phone)
        return http.answer({"success": True})

    async def add_template(self, request: web.Request) -> web.Response:
        """Register a content template, as a person does in Twilio's console."""
        wanted = await http.json_object(request)
        sid = str(wanted.get("sid", ""))
        body, buttons = str(wanted.get("body", "{{1}}")), http.listed(wanted, "buttons")
        if not all(isinstance(button, dict) for button in buttons):
            raise http.bad_request("a button is an object with title and id")
        await self._store.write(lambda db: templates.put(db, sid, body, buttons))
        return http.answer({"sid": sid}, status=201)

    @property
    def _account(self) -> str:
        return self._world.options.twilio_account_sid

    def _addresses(self, form: Json) -> tuple[str, str]:
        if not form.get("To"):
            raise Refused(21604)
        if not ADDRESS.fullmatch(form["To"]):
            raise Refused(21211, message=f"Invalid 'To' Phone Number: {form['To'][:40]}")
        own = options.address(self._world.options.twilio_whatsapp_from)
        if not form.get("MessagingServiceSid") and _bare(form.get("From")) != own:
            raise Refused(63007)
        return form["To"].removeprefix("whatsapp:"), own

    async def _content(self, form: Json) -> tuple[str, list[Json]]:
        body = form.get("Body", "")
        if form.get("ContentSid"):
            variables = _variables(form)
            return await self._store.read(lambda db: templates.fill(db, form["ContentSid"], variables))
        if not body.strip() and not form.get("MediaUrl"):
            raise Refused(21619)
        if len(body) > 1600:
            raise Refused(21617)
        return body, []


def _guarding(settings: options.Options) -> Middleware:
    account = settings.twilio_account_sid
    pairs = [f"{account}:{token}".encode() for token in options.every(settings.twilio_auth_token)]
    allowed = [f"Basic {base64.b64encode(pair).decode()}" for pair in pairs]

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.partition("/twilio")[2]
        if path.startswith((f"/{messages.API_VERSION}/", "/v2/")):
            if not http.same(request.headers.get("Authorization", ""), allowed):
                raise Refused(20003)
            if request.match_info.get("account", account) != account:
                raise Refused(20404)
        return await handler(request)

    return guard


def _trouble(status: int) -> web.Response:
    error = Refused(20429 if status == 429 else 20500, status=status)
    return web.Response(body=error.body, status=status, content_type="application/json")


def _bare(address: str | None) -> str | None:
    return address.removeprefix("whatsapp:") if address else None


def _below(uri: str) -> str:
    """Cut a path down to what stands behind `TWILIO_API_BASE`, as Twilio's own `uri` fields do."""
    return uri.partition("/twilio")[2] or uri


def _variables(form: Json) -> dict[str, str]:
    try:
        given = orjson.loads(form.get("ContentVariables") or "{}")
    except orjson.JSONDecodeError:
        raise Refused(21656, status=400, message="The ContentVariables Parameter is invalid.") from None
    return {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}


def _period(query: Any) -> tuple[float | None, float | None]:  # noqa: ANN401  a multi-dict
    """Read `DateSent`, `DateSent>` and `DateSent<`, which are Twilio's names for on, since and until."""
    on, since, until = (_moment(query.get(f"DateSent{sign}")) for sign in ("", ">", "<"))
    if on is not None:
        day = datetime.fromtimestamp(on, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day.timestamp(), (day + timedelta(days=1)).timestamp()
    return since, until


def _moment(text: str | None) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(20001, status=400, message="DateSent must be an ISO 8601 date or time.") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
