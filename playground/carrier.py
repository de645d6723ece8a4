"""Brings messages across: a phone's to the bot's webhook, the bot's to a phone, states to the callback."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

from playground import messages, options, signature
from playground.faults import Faults
from playground.messages import Message
from playground.post import Post, Tried, settle
from playground.store import Store

Json = dict[str, Any]
WINDOW_S = 24 * 3600
TYPING_S = 25
DEADLINE = aiohttp.ClientTimeout(total=15, connect=5)  # Twilio's own limits
PAUSES = (0.3, 1.5, 4.0, 4.0, 4.0)  # seconds before each retry; Twilio does not publish its own
WEBHOOK_FAULTS = (  # strike what Twilio sends; their path is the webhook's or the status callback's
    "duplicate_webhook",  # sends it twice
    "shuffled_webhooks",  # a message waits until the next was brought; states are told from last to first
    "lost_webhook",  # never sends it
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came of one attempt to call the bot: a status, or the reason why there is none."""

    status: int | None = None
    reason: str | None = None
    text: str = ""
    content_type: str = ""

    @property
    def taken(self) -> bool:
        """Tell whether the bot took responsibility."""
        return self.status is not None and self.status < 300

    def retried(self, policy: str) -> bool:
        """Tell whether Twilio would try again under a retry policy (`rp`)."""
        kind = f"{self.status // 100}xx" if self.status else (self.reason or "")
        return not self.taken and (policy == "all" or kind in policy.split(","))


class Carrier(Post[str]):
    """Moves messages in the background; what it was given is stored before, so a restart goes on."""

    def __init__(self, store: Store, settings: options.Options, faults: Faults) -> None:
        super().__init__(store, settings, faults)
        self._typing: dict[str, float] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work for as long as the context lasts; first take up what a stop left half done."""
        async with aiohttp.ClientSession(timeout=DEADLINE) as self._http, self.working():
            for message in await self._store.read(messages.unfinished):
                self.spawn(self.bring(message.sid) if message.inbound else self._advance(message.sid))
            yield

    async def forget(self) -> None:
        """Stop all work under way, before a reset."""
        self._typing.clear()
        await super().forget()

    def show_typing(self, phone: str) -> None:
        """Show on a phone that the business is writing."""
        self._typing[phone] = time.monotonic() + TYPING_S
        self.ring()

    def is_typing(self, phone: str) -> bool:
        """Tell whether a phone shows that the business is writing."""
        return self._typing.get(phone, 0) > time.monotonic()

    async def to_bot(self, message: Message) -> Tried:
        """Store a phone's message and call the webhook; the future ends with the first attempt."""
        await self._store.write(lambda db: messages.add(db, message))
        self.ring()
        if self._faults.take(("lost_webhook",), self._webhook_path(), "POST"):
            lost = Receipt(reason="lost on the way, as the fault wants")
            return self.attempt(lambda _: self._note(message.sid, "failed", lost, 0))
        if self._faults.take(("shuffled_webhooks",), self._webhook_path(), "POST"):
            self._held.append(message.sid)
            return self.attempt(lambda _: self._note(message.sid, "held", Receipt(), 0))
        return self.bring_soon(message.sid)

    def bring_soon(self, sid: str) -> Tried:
        """Begin to bring a message to the webhook; the future ends with the first attempt."""
        return self.attempt(lambda tried: self.bring(sid, tried))

    async def to_phone(self, message: Message) -> None:
        """Store a message of the bot, which shows it on the phone, and let its states follow."""
        await self._store.write(lambda db: messages.add(db, message))
        self._typing.pop(message.phone, None)
        self.ring()
        self.spawn(self._advance(message.sid))

    async def bring(self, sid: str, tried: Tried | None = None) -> None:
        """Call the webhook with one message until it is taken or the retries are used up."""
        message = await self._store.read(lambda db: messages.get(db, sid))
        if message is None:
            return
        url = message.callback
        limit, policy = _overrides(url)
        copies = 2 if self._faults.take(("duplicate_webhook",), urlsplit(url).path, "POST") else 1
        receipts: list[Receipt] = []
        for attempt in range(1, limit + 2):
            receipts = [await self.post(url, message.form) for _ in range(copies)]
            again = attempt <= limit and receipts[-1].retried(policy)
            state = "delivered" if receipts[-1].taken else "retrying" if again else "failed"
            await self._note(sid, state, receipts[-1], attempt)
            settle(tried)
            if not again:
                break
            await asyncio.sleep(PAUSES[attempt - 1])
        await self._after(message, receipts)

    async def post(self, url: str, form: Json) -> Receipt:
        """Make one signed request to the bot."""
        signed = url.partition("#")[0]
        token = options.first(self._settings.twilio_auth_token)
        headers = {
            "X-Twilio-Signature": signature.sign(signed, form, token=token),
            "User-Agent": "TwilioProxy/1.1",
        }
        try:
            async with self.client.post(self._reached(signed), data=form, headers=headers) as response:
                text = await response.text(errors="replace")
                return Receipt(status=response.status, text=text, content_type=response.content_type)
        except aiohttp.ClientConnectorError:
            return Receipt(reason="ct")
        except (aiohttp.ClientError, TimeoutError):
            return Receipt(reason="rt")

    def _webhook_path(self) -> str:
        return urlsplit(self._settings.webhook_url).path

    def _reached(self, url: str) -> str:
        """Swap the public address, which is signed, for the one where the bot is reached from here."""
        public = self._settings.public_url
        return self._settings.bot_url + url[len(public) :] if url.startswith(public) else url

    async def _note(self, sid: str, state: str, receipt: Receipt, attempts: int) -> None:
        webhook = {"state": state, "status": receipt.status, "reason": receipt.reason, "attempts": attempts}
        await self._store.write(lambda db: messages.update(db, sid, webhook=webhook))
        self.ring()

    async def _after(self, message: Message, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            text = spoken(receipt)
            if receipt.taken and text:
                await self.to_phone(reply(message, text))
        self.let_go(self.bring)

    async def _advance(self, sid: str) -> None:
        """Let a sent message pass through its states, each told to the status callback."""
        message = await self._store.read(lambda db: messages.get(db, sid))
        if message is None:
            return
        path = urlsplit(message.callback).path
        shuffled = self._faults.take(("shuffled_webhooks",), path, "POST")
        late: list[Message] = []
        for status in _remaining(message):
            await asyncio.sleep(self._settings.pace_ms / 1000)
            message = await self._enter(sid, status)
            if shuffled:
                late.append(message)
            else:
                await self._tell(message)
        for each in reversed(late):
            await self._tell(each)

    async def _enter(self, sid: str, status: str) -> Message:
        now = time.time()
        changed = await self._store.write(
            lambda db: messages.update(db, sid, status=status, updated_at=now),
        )
        self.ring()
        return changed

    async def _tell(self, message: Message) -> None:
        url = message.callback
        if not url or self._faults.take(("lost_webhook",), urlsplit(url).path, "POST"):
            return
        copies = 2 if self._faults.take(("duplicate_webhook",), urlsplit(url).path, "POST") else 1
        limit, policy = _overrides(url)
        for attempt in range(limit + 1):
            receipts = [await self.post(url, _callback_form(message)) for _ in range(copies)]
            if attempt == limit or not receipts[-1].retried(policy):
                break
            await asyncio.sleep(PAUSES[attempt])


def window_is_closed(last_inbound: float | None, now: float) -> bool:
    """Tell whether only templates may be sent: the person has not written for 24 hours."""
    return last_inbound is None or now - last_inbound > WINDOW_S


def spoken(receipt: Receipt) -> str:
    """Return what a webhook's answer makes Twilio say: any plain text, or a TwiML message."""
    if receipt.content_type == "text/plain":
        return receipt.text.strip()
    _, opened, rest = receipt.text.partition("<Message>")
    return rest.partition("</Message>")[0].strip() if opened else ""


def reply(to: Message, text: str) -> Message:
    """Build the message that a webhook's own answer causes."""
    now = time.time()
    return Message(
        sid=new_sid("SM"),
        phone=to.phone,
        business=to.business,
        direction="outbound-reply",
        body=text,
        status="queued",
        created_at=now,
        updated_at=now,
        form={},
        webhook={},
    )


def new_sid(prefix: str) -> str:
    """Make an id in Twilio's form."""
    return prefix + secrets.token_hex(16)


def _remaining(message: Message) -> list[str]:
    if message.error_code is not None:
        return ["failed"]
    steps = ["queued", "sent", "delivered", "read"]
    return steps[steps.index(message.status) + 1 :]


def _overrides(url: str) -> tuple[int, str]:
    """Read from a URL's fragment how often Twilio retries (`rc`) and after what (`rp`)."""
    asked = parse_qs(urlsplit(url).fragment)
    count, policy = asked.get("rc", ["1"])[0], asked.get("rp", ["ct"])[0]
    return min(int(count) if count.isdigit() else 1, len(PAUSES)), policy


def _callback_form(message: Message) -> Json:
    form = {
        "MessageSid": message.sid,
        "SmsSid": message.sid,
        "MessageStatus": message.status,
        "SmsStatus": message.status,
        "AccountSid": message.form.get("AccountSid", ""),
        "From": f"whatsapp:{message.business}",
        "To": f"whatsapp:{message.phone}",
        "ChannelToAddress": f"whatsapp:{message.phone}",
        "ApiVersion": messages.API_VERSION,
    }
    if message.status == "read":
        form["EventType"] = "READ"
    if message.error_code is not None:
        form |= {"ErrorCode": str(message.error_code), "ErrorMessage": message.error_message or ""}
    return form
