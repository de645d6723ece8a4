"""Brings mail to the bot, by webhook or SMTP, and again when it was put off. What it brings is stored before."""

import asyncio
import contextlib
import io
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import aiosmtplib

from playground import deliveries, options
from playground.deliveries import Delivery
from playground.post import Post, Tried, settle

Json = dict[str, Any]
DEADLINE_S = 30.0
LATER = {408, 425, 429}  # the other answers below 500 are final
FAULTS = (  # strike mail on its way to the bot; their path is /mail
    "lost_mail",  # never arrives
    "duplicate_mail",  # arrives twice
    "shuffled_mails",  # waits until the next one was brought
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came of one attempt: taken, refused for good, or put off."""

    by: str
    status: int | None = None
    reason: str | None = None
    text: str = ""

    @property
    def taken(self) -> bool:
        """Tell whether the bot took responsibility."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def final(self) -> bool:
        """Tell whether a mail server would try no more."""
        if self.status is None or self.taken:
            return self.taken
        if self.by == "smtp":
            return self.status >= 500
        return 300 <= self.status < 500 and self.status not in LATER


class MailPoster(Post[int]):
    """Moves mail in the background; what it was given is stored before, so a restart goes on."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work for as long as the context lasts; first take up what a stop left half done."""
        limit = aiohttp.ClientTimeout(total=DEADLINE_S, connect=5)
        async with aiohttp.ClientSession(timeout=limit) as self._http, self.working():
            for left in await self._store.read(lambda db: deliveries.unfinished(db, "mail")):
                self.spawn(self._bring(left.n))
            yield

    def begin(self, n: int, *, copies: int = 1) -> Tried:
        """Begin to bring a mail that is stored; the future ends with the first attempt."""
        self.ring()
        if self._strikes("lost_mail"):
            return self.attempt(lambda _: self._set(n, "lost"))
        if self._strikes("shuffled_mails"):
            self._held.append(n)
            return self.attempt(lambda _: self._set(n, "held"))
        copies += self._strikes("duplicate_mail")
        return self.attempt(lambda tried: self._bring(n, copies=copies, tried=tried))

    def _strikes(self, kind: str) -> bool:
        return self._faults.take((kind,), "/mail", "POST") is not None

    async def _bring(self, n: int, *, copies: int = 1, tried: Tried | None = None) -> None:
        delivery = await self._store.read(lambda db: deliveries.get(db, n))
        if delivery is None:
            return
        pauses = self._settings.mail_retries_s
        for number in range(len(pauses) + 1):
            receipts = [await self.send(delivery) for _ in range(copies)]
            again = not receipts[-1].final and number < len(pauses)
            for receipt in receipts:
                await self._note(n, "delivered" if receipt.taken else "retrying" if again else "failed", receipt)
            settle(tried)
            if not again:
                break
            await asyncio.sleep(pauses[number])
        self.let_go(self._bring)

    async def send(self, delivery: Delivery) -> Receipt:
        """Make one attempt."""
        return await (self._by_smtp(delivery) if self._settings.bot_smtp else self._by_webhook(delivery))

    async def _by_webhook(self, delivery: Delivery) -> Receipt:
        token = options.first(self._settings.email_inbound_token)
        headers = {"Content-Type": "message/rfc822", "Authorization": f"Bearer {token}"}
        url = f"{self._settings.bot_url}/email/inbound"
        try:
            async with self.client.post(
                url, data=io.BytesIO(delivery.body), headers=headers, allow_redirects=False
            ) as response:
                text = await response.text(errors="replace")
                return Receipt(by="webhook", status=response.status, text=text)
        except TimeoutError:
            return Receipt(by="webhook", reason="timeout")
        except aiohttp.ClientError as error:
            return Receipt(by="webhook", reason=type(error).__name__)

    async def _by_smtp(self, delivery: Delivery) -> Receipt:
        host, _, port = self._settings.bot_smtp.rpartition(":")
        client = aiosmtplib.SMTP(
            hostname=host or "127.0.0.1", port=int(port), start_tls=False, local_hostname="mx.example.com"
        )
        sender, recipient = delivery.about["sender"], delivery.about["recipient"]
        international = not (sender + recipient).isascii()
        try:
            async with asyncio.timeout(DEADLINE_S), client:
                extra = ["SMTPUTF8", "BODY=8BITMIME"] if international else []
                _, said = await client.sendmail(sender, [recipient], delivery.body, mail_options=extra)
            return Receipt(by="smtp", status=250, text=said)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return Receipt(by="smtp", status=refused.recipients[0].code, text=refused.recipients[0].message)
        except aiosmtplib.SMTPResponseException as refused:
            return Receipt(by="smtp", status=refused.code, text=refused.message)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            return Receipt(by="smtp", reason=type(error).__name__)

    async def _set(self, n: int, state: str) -> None:
        await self._store.write(lambda db: deliveries.note(db, n, state=state))
        self.ring()

    async def _note(self, n: int, state: str, receipt: Receipt) -> None:
        attempt = {
            "at": datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds"),
            "by": receipt.by,
            "status": receipt.status,
            "reason": receipt.reason,
            "answer": receipt.text[:2_000],
        }
        await self._store.write(lambda db: deliveries.note(db, n, state=state, attempt=attempt))
        self.ring()
