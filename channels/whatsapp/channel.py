"""WhatsApp by Twilio: signed webhooks in, the Messages API out. Sends once per call, trusts only what is signed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
import structlog
from aiohttp import web
from yarl import URL

from channels import bodies, render
from channels.base import Capabilities, Ports
from channels.whatsapp import twilio_form, twilio_signature
from config.settings import Settings
from state import errors, faults
from state.identity import Address
from state.messages import Outbound, Receipt

API = "https://api.twilio.com"
TYPING_API = "https://messaging.twilio.com"
VERSION = "2010-04-01"
BODY_LIMIT = 256 * 1024
ANSWER_LIMIT = 1024 * 1024
CONNECT_S = 5.0
TOTAL_S = 15.0
TYPING_S = 2.0
CLOCK_SKEW_S = 90.0  # between Twilio's clock, which has whole seconds, and ours
PAGE = 50
PAGES = 4
LONGEST_OUTBOX_ID = 128

TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'

log = structlog.get_logger()


class WhatsApp:
    """The channel of WhatsApp."""

    name = "whatsapp"
    capabilities = Capabilities(text_limit=1_600, window_s=24 * 3_600)

    def __init__(self, ports: Ports) -> None:
        """Keep the ports and what the settings say."""
        self._ports = ports
        self._public = ports.settings.public_url
        self._secrets = _secrets(ports.settings)
        self._api = _Api(ports.settings)
        self._callback = _callback_base(ports.settings)

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """The two webhooks."""
        return [
            web.post("/whatsapp/webhook", self._take_message),
            web.post("/whatsapp/status", self._take_status),
        ]

    async def start(self) -> None:
        """Open the client; nothing is sent yet."""
        self._api.open()

    async def close(self) -> None:
        """Close the client."""
        await self._api.close()

    # --- in

    async def _take_message(self, request: web.Request) -> web.Response:
        form, raw = await self._verified(request)
        if twilio_form.is_status(form):
            return await self._fold_status(request, form)
        message = twilio_form.inbound(form, account=self._ports.settings.twilio_account_sid or "", raw=raw)
        if message is None:
            log.warning("whatsapp_without_sender", fields=len(form))
            return _thanks()
        try:
            await self._ports.accept(message)
        except errors.BotError as error:
            return _later(error)
        return _thanks()

    async def _take_status(self, request: web.Request) -> web.Response:
        form, _ = await self._verified(request)
        return await self._fold_status(request, form)

    async def _fold_status(self, request: web.Request, form: Mapping[str, str]) -> web.Response:
        outbox_id = request.query.get("outbox", "")[:LONGEST_OUTBOX_ID] or None
        update = twilio_form.status(form, outbox_id=outbox_id)
        if update is None:
            log.info("whatsapp_status_ignored", fields=len(form))
            return _thanks()
        try:
            await self._ports.status(update)
        except errors.BotError as error:
            return _later(error)
        return _thanks()

    async def _verified(self, request: web.Request) -> tuple[dict[str, str], bytes]:
        """Give the fields of a request that Twilio signed; raises 403 for any other, 503 while nothing may be taken."""
        raw = await bodies.read(request, limit=BODY_LIMIT)
        is_form = request.content_type == twilio_signature.FORM
        try:
            fields = twilio_signature.fields_of(raw) if is_form else []
        except ValueError:
            raise web.HTTPForbidden(text="too many fields\n") from None
        genuine = twilio_signature.is_genuine(
            self._secrets,
            url=self._public + _path(request),
            content_type=request.content_type,
            body=raw,
            fields=fields,
            headers=request.headers,
        )
        if not genuine:
            log.warning("whatsapp_signature_refused", path=request.path, bytes=len(raw))
            raise web.HTTPForbidden(text="the signature does not match\n")
        if not self._ports.ready():
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "2"})
        return (_first(fields) if is_form else _json_fields(raw)), raw

    # --- out

    async def send(self, outbound: Outbound) -> Receipt:
        """Hand one message to Twilio. A second attempt first looks whether an earlier one arrived."""
        began = time.monotonic()
        content = _content(outbound)
        receipt = await self._reconciled(outbound, content) if outbound.attempt > 1 else None
        if receipt is None:
            receipt = await self._post(outbound, content)
        return replace(receipt, ms=round((time.monotonic() - began) * 1000))

    async def _post(self, outbound: Outbound, content: Mapping[str, str]) -> Receipt:
        faults.point("send.pre")
        callback = f"{self._callback}?{urlencode({'outbox': outbound.id})}" if self._callback else None
        receipt = await self._api.create(outbound.id, to=outbound.to.address, content=content, callback=callback)
        faults.point("send.accepted")
        return receipt

    async def _reconciled(self, outbound: Outbound, content: Mapping[str, str]) -> Receipt | None:
        """Look for a message that an earlier attempt got through; None when there is certainly none."""
        since = (outbound.first_attempt_at or 0) / 1000 - CLOCK_SKEW_S
        try:
            listed = await self._api.listed(to=outbound.to.address, since=since)
        except _ERRORS as error:
            log.info("whatsapp_reconcile_failed", outbox=outbound.id, error=type(error).__name__)
            return Receipt(outbox_id=outbound.id, state="unknown", reason="reconcile_failed")
        same = {str(m["sid"]): m for m in listed if _same(m.get("body"), outbound, content)}
        taken = await self._ports.delivered(self.name, list(same), outbound.id) if same else frozenset()
        mine = [message for sid, message in same.items() if sid not in taken]
        if not mine:
            return None
        log.info("whatsapp_reconciled", outbox=outbound.id, provider_id=mine[-1]["sid"])
        return twilio_form.found(outbound.id, mine[-1])  # the list is newest first; the earliest is ours

    async def typing(self, to: Address, inbound_id: str) -> None:
        """Show the typing indicator, which Twilio ties to the message that is being answered."""
        del to
        await self._api.typing(inbound_id)


_ERRORS = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


class _Api:
    """Twilio's REST API: one pooled client, no retries, a deadline on every call."""

    def __init__(self, settings: Settings) -> None:
        """Work out the addresses; `open` makes the client, inside the running loop."""
        base = settings.twilio_api_base
        account = settings.twilio_account_sid or ""
        token = settings.twilio_auth_token[0].get_secret_value() if settings.twilio_auth_token else ""
        self._auth = aiohttp.encode_basic_auth(account, token)
        self._base = base
        self._messages = URL(f"{base}/{VERSION}/Accounts/{account}/Messages.json")
        typing_base = TYPING_API if base == API else base
        self._typing = URL(f"{typing_base}/v2/Indicators/Typing.json")
        self._can_type = base == API or settings.twilio_emulated
        self._sender = _sender(settings.twilio_whatsapp_from or "")
        self._client: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Make the client."""
        self._client = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
            headers={"Authorization": self._auth, "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.close()

    async def create(self, outbox_id: str, *, to: str, content: Mapping[str, str], callback: str | None) -> Receipt:
        """POST one message; whatever happens is a receipt."""
        form = {"To": f"{twilio_form.PREFIX}{to}", **self._sender, **content}
        if callback:
            form["StatusCallback"] = callback
        try:
            async with asyncio.timeout(TOTAL_S):
                status, answer, retry_after = await self._call("POST", self._messages, form)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:  # no byte has left
            return Receipt(outbox_id=outbox_id, state="retry", reason=f"unreachable: {type(error).__name__}")
        except _ERRORS as error:
            return Receipt(outbox_id=outbox_id, state="unknown", reason=f"no_answer: {type(error).__name__}")
        return twilio_form.receipt(outbox_id, status, answer, retry_after=retry_after)

    async def listed(self, *, to: str, since: float) -> list[dict[str, Any]]:
        """List what was sent to an address since a time, newest first. Raises when Twilio does not say."""
        query = {"To": f"{twilio_form.PREFIX}{to}", "PageSize": str(PAGE)}
        if "From" in self._sender:
            query["From"] = self._sender["From"]
        url, found = self._messages.with_query(query), []
        async with asyncio.timeout(TOTAL_S):
            for _ in range(PAGES):
                status, answer, _after = await self._call("GET", url)
                page = answer.get("messages")
                if status != 200 or not isinstance(page, list):
                    raise ValueError(f"the list answered {status}")
                found += [message for message in page if _is_ours_since(message, since)]
                following = answer.get("next_page_uri")
                if not following or not page or _created(page[-1]) < since:
                    break
                url = URL(f"{self._base}{following}", encoded=True)
        return found

    async def typing(self, inbound_id: str) -> None:
        """Show the indicator; whether it worked is nobody's business."""
        if not self._can_type:
            return
        try:
            async with asyncio.timeout(TYPING_S):
                await self._call("POST", self._typing, {"messageId": inbound_id, "channel": "whatsapp"})
        except _ERRORS as error:
            log.debug("whatsapp_typing_failed", error=type(error).__name__)

    async def _call(
        self, method: str, url: URL, form: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any], str | None]:
        if self._client is None:
            raise ValueError("the channel was not started")
        data = urlencode(form).encode() if form is not None else None
        headers = {"Content-Type": twilio_signature.FORM} if data is not None else None
        async with self._client.request(method, url, data=data, headers=headers, allow_redirects=False) as response:
            body = await response.content.read(ANSWER_LIMIT)
            while not response.content.at_eof():
                body += await response.content.read(ANSWER_LIMIT)
                if len(body) > ANSWER_LIMIT:
                    raise ValueError("the answer is too long")
            return response.status, _json_object(body), response.headers.get("Retry-After")


def _secrets(settings: Settings) -> twilio_signature.Secrets:
    return twilio_signature.Secrets(
        tokens=tuple(token.get_secret_value() for token in settings.twilio_auth_token),
        keys={key.id: key.secret.get_secret_value() for key in settings.twilio_signing_keys},
    )


def _callback_base(settings: Settings) -> str | None:
    """Give our status webhook's address; the real Twilio refuses a whole message over one that it cannot reach."""
    local = URL(settings.public_url).host in {"localhost", "127.0.0.1", "::1"}
    return None if local and settings.twilio_api_base == API else f"{settings.public_url}/whatsapp/status"


def _sender(value: str) -> dict[str, str]:
    return {"MessagingServiceSid": value} if value.startswith("MG") else {"From": value}


def _path(request: web.Request) -> str:
    """Give path and query as they came; a proxy may have sent the absolute form."""
    raw = request.raw_path
    if raw.startswith("/"):
        return raw
    return "/" + raw.partition("://")[2].partition("/")[2]


def _first(fields: twilio_signature.Fields) -> dict[str, str]:
    """Take the first value of every field, for what we read of it; the signature covered all."""
    return {name: render.clean(value) for name, value in reversed(fields)}


def _json_fields(raw: bytes) -> dict[str, str]:
    found = _json_object(raw).items()
    return {name: render.clean(str(value)) for name, value in found if isinstance(value, str | int | float)}


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _is_ours_since(message: object, since: float) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("sid"), str):
        return False
    return _created(message) >= since and not str(message.get("direction", "")).startswith("inbound")


def _created(message: Mapping[str, Any]) -> float:
    """Give when Twilio made a message; one without a readable date counts as new."""
    try:
        return parsedate_to_datetime(message["date_created"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return time.time()


def _content(outbound: Outbound) -> dict[str, str]:
    """Give what is said as the API's fields: free text, or an approved template, which takes no text beside it."""
    if outbound.template is None:
        return {"Body": render.numbered(render.whatsapp(outbound.text), outbound.choices)}
    variables = orjson.dumps(outbound.template.get("variables") or {}).decode()
    return {"ContentSid": str(outbound.template.get("sid") or ""), "ContentVariables": variables}


def _same(theirs: object, outbound: Outbound, content: Mapping[str, str]) -> bool:
    """Whether a message in the list says what we say; of a template we know for certain what stands in its places."""
    if not isinstance(theirs, str):
        return False
    if outbound.template is None:
        return theirs.split() == content["Body"].split()
    whole = " ".join(theirs.split())
    return all(" ".join(str(v).split()) in whole for v in (outbound.template.get("variables") or {}).values())


def _thanks() -> web.Response:
    """Answer with empty TwiML: any text here would be sent to the person."""
    return web.Response(body=TWIML, content_type="text/xml")


def _later(error: errors.BotError) -> web.Response:
    log.warning("whatsapp_not_accepted", error=type(error).__name__)
    return web.Response(status=503, headers={"Retry-After": "2"})
