"""The pretended phones: they write to the business, show what came, and can be asked. No person needs one."""

import asyncio
import contextlib
import time
from typing import Any

import orjson
from aiohttp import web

from playground import carrier, http, messages, options, records
from playground.messages import Message
from playground.world import World

Json = dict[str, Any]
KINDS = ("image", "audio", "video")


def routes(world: World) -> list[web.RouteDef]:
    """Build the routes of all phones."""
    phones = Phones(world)
    return [
        web.post("/phone/{number}/messages", phones.write),
        web.post("/phone/{number}/replay", phones.replay),
        web.post("/phone/{number}/again", phones.again),
        web.post("/phone/{number}/optout", phones.opt_out),
        web.get("/phone/{number}/transcript", phones.transcript),
        web.get("/phone/{number}/events", phones.events),
    ]


class Phones:
    """The handlers of the phones."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    async def write(self, request: web.Request) -> web.Response:
        """Write to the business; answers after the first call of its webhook, at once with `?wait=0`."""
        wanted = await http.json_object(request)
        message = _written(_number(request), wanted, self._world.options)
        tried = await self._world.carrier.to_bot(message)
        if request.query.get("wait") != "0":
            await tried
        return http.answer(await self._bubble(message.sid), status=201)

    async def replay(self, request: web.Request) -> web.Response:
        """Send an old webhook again, exactly as it was, signature and all."""
        message = await self._sent(request)
        receipt = await self._world.carrier.post(message.callback, message.form)
        return http.answer({"status": receipt.status, "reason": receipt.reason})

    async def again(self, request: web.Request) -> web.Response:
        """Try once more to bring a message that the bot did not take."""
        message = await self._sent(request)
        await self._world.carrier.bring_soon(message.sid)
        return http.answer(await self._bubble(message.sid))

    async def opt_out(self, request: web.Request) -> web.Response:
        """Let the person refuse, or take again, messages of the business."""
        out = (await http.json_object(request)).get("opted_out", True) is not False
        phone = _number(request)
        await self._store.write(lambda db: messages.set_opted_out(db, phone, opted_out=out))
        return http.answer({"opted_out": out})

    async def transcript(self, request: web.Request) -> web.Response:
        """Answer every message both ways, in order."""
        phone = _number(request)
        found = await self._store.read(lambda db: messages.conversation(db, phone))
        return http.answer([messages.bubble(message) for message in found])

    async def events(self, request: web.Request) -> web.Response:
        """Wait for changes after version `after`, at most `wait` seconds, and answer what changed."""
        phone = _number(request)
        after = http.whole(request.query, "after", default=-1, least=-1, most=2**53)
        wait = http.whole(request.query, "wait", default=0, least=0, most=25)
        was_typing = request.query.get("typing") == "1"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait or None):
                while wait and not self._world.carrier.closing.is_set():
                    change = self._world.carrier.next_change()
                    if await self._has_news(phone, after, typing=was_typing):
                        break
                    await change.wait()
        return http.answer(await self._news(phone, after))

    async def _sent(self, request: web.Request) -> Message:
        sid = str((await http.json_object(request)).get("sid", ""))
        message = await self._store.read(lambda db: messages.get(db, sid))
        if message is None or not message.inbound or message.phone != _number(request):
            raise http.failure(404, "message_not_found", "This phone sent no such message.")
        return message

    async def _has_news(self, phone: str, after: int, *, typing: bool) -> bool:
        news = await self._news(phone, after)
        return bool(news["messages"]) or news["version"] < after or news["typing"] != typing

    async def _news(self, phone: str, after: int) -> Json:
        version, changed = await self._store.read(
            lambda db: (messages.version(db), messages.conversation(db, phone, changed_after=after))
        )
        return {
            "version": version,
            "typing": self._world.carrier.is_typing(phone),
            "messages": [messages.bubble(message) for message in changed],
        }

    async def _bubble(self, sid: str) -> Json:
        message = await self._store.read(lambda db: messages.get(db, sid))
        if message is None:
            raise http.failure(410, "reset", "The playground was reset meanwhile.")
        return messages.bubble(message)


def _written(phone: str, wanted: Json, settings: options.Options) -> Message:
    text, media, button = _content(wanted)
    sid = carrier.new_sid("MM" if media else "SM")
    form = _form(sid, phone, text, settings)
    for index, item in enumerate(media):
        form[f"MediaContentType{index}"] = item["content_type"]
        form[f"MediaUrl{index}"] = item.get("url") or _media_url(settings, sid)
    if media:
        form |= {"NumMedia": str(len(media)), "MessageType": _kind(media[0]["content_type"])}
    if button:
        form |= {"MessageType": "button", "ButtonText": text, "ButtonPayload": str(button.get("payload", ""))}
    form |= {str(key): str(value) for key, value in http.mapping(wanted, "extra").items()}
    now = time.time()
    return Message(
        sid=form["MessageSid"],
        phone=phone,
        business=options.address(settings.twilio_whatsapp_from),
        direction="inbound",
        body=text,
        media=media,
        status="received",
        form=form,
        callback=settings.webhook_url,
        webhook={"state": "pending", "status": None, "reason": None, "attempts": 0},
        created_at=now,
        updated_at=now,
    )


def _content(wanted: Json) -> tuple[str, list[Json], Json | None]:
    button = http.mapping(wanted, "button") or None
    text = str((button or {}).get("text") or wanted.get("text") or "")
    media = [item if isinstance(item, dict) else {"content_type": item} for item in http.listed(wanted, "media")]
    if not text and not media:
        raise http.bad_request("send a text, media or a button")
    if len(text) > 4096 or any(not isinstance(item.get("content_type"), str) for item in media):
        raise http.bad_request("a text has at most 4096 characters, and media have a content_type")
    return text, media, button


def _form(sid: str, phone: str, text: str, settings: options.Options) -> dict[str, str]:
    """Build the fields that Twilio always sends, and those it sends for WhatsApp."""
    name = next((c.name for c in records.CUSTOMERS.values() if c.phone == phone), "Guest")
    digits = {"WaId": phone[1:]} if phone.startswith("+") else {}
    context = {"ProfileName": name, **digits}
    return {
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "ProfileName": name,
        "MessageType": "text",
        "SmsSid": sid,
        "SmsStatus": "received",
        "Body": text,
        "To": f"whatsapp:{options.address(settings.twilio_whatsapp_from)}",
        "NumSegments": "1",
        "ReferralNumMedia": "0",
        "MessageSid": sid,
        "AccountSid": settings.twilio_account_sid,
        "From": f"whatsapp:{phone}",
        "ApiVersion": messages.API_VERSION,
        "ChannelMetadata": orjson.dumps({"type": "whatsapp", "data": {"context": context}}).decode(),
        **digits,
    }


def _media_url(settings: options.Options, sid: str) -> str:
    account = f"/{messages.API_VERSION}/Accounts/{settings.twilio_account_sid}"
    return f"{settings.public_url}/playground/twilio{account}/Messages/{sid}/Media/{carrier.new_sid('ME')}"


def _kind(content_type: str) -> str:
    kind = content_type.partition("/")[0]
    return kind if kind in KINDS else "document"


def _number(request: web.Request) -> str:
    """Read the phone from the path: a number with or without `+`, or a business-scoped user id."""
    given = request.match_info["number"].strip().removeprefix("whatsapp:")
    return f"+{given}" if given.isdigit() else given
