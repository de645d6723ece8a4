"""Brings to the app what happens in Slack, signed, and again when it was not taken. What it brings is stored before."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aiohttp

from playground import deliveries, options, slack_wire
from playground.deliveries import Delivery
from playground.faults import Faults
from playground.post import Post, Tried, settle
from playground.slack_socket import Receipt, Sockets
from playground.store import Store

Json = dict[str, Any]
AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"
KEPT = 4_000  # characters of an answer that are kept
EVENT_FAULTS = (  # strike what Slack sends; their path is the kind: /event, /interaction or /command
    "duplicate_event",  # sends it twice
    "shuffled_events",  # an event waits until the next was brought
    "lost_event",  # never sends it
)


class Poster(Post[int]):
    """Moves deliveries in the background; what it was given is stored before, so a restart goes on."""

    def __init__(self, store: Store, settings: options.Options, faults: Faults) -> None:
        super().__init__(store, settings, faults)
        self.sockets = Sockets()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work for as long as the context lasts; first take up the events that a stop left half done."""
        limit = aiohttp.ClientTimeout(total=self._settings.slack_patience_s)
        async with aiohttp.ClientSession(timeout=limit) as self._http, self.working():
            for left in await self._store.read(lambda db: deliveries.unfinished(db, "slack")):
                if left.kind == "event":
                    self.spawn(self._bring(left.n))
                else:  # a click or command is not repeated: the person saw an error
                    await self._note(left, "failed", Receipt(by="http", reason="stopped"), 0)
            yield

    def begin(self, delivery: Delivery, *, copies: int = 1) -> Tried:
        """Begin to bring an event that is stored; the future ends with the first attempt."""
        self.ring()
        if self._strikes("lost_event", delivery):
            return self.attempt(lambda _: self._lose(delivery))
        if self._strikes("shuffled_events", delivery):
            self._held.append(delivery.n)
            return self.attempt(lambda _: self.hold(delivery))
        copies += self._strikes("duplicate_event", delivery)
        return self.attempt(lambda tried: self._bring(delivery.n, copies=copies, tried=tried))

    async def hold(self, delivery: Delivery) -> None:
        """Keep an event back until it is released."""
        await self._note(delivery, "held", None, 0)

    async def once(self, delivery: Delivery, *, copies: int = 1) -> list[Receipt]:
        """Bring a click or command: no second try, and all copies at the same time."""
        copies += self._strikes("duplicate_event", delivery)
        if self._strikes("lost_event", delivery):
            await self._lose(delivery)
            return [Receipt(by="http", reason="lost on the way, as the fault wants")]
        receipts = await asyncio.gather(*(self._try(delivery, 0, "") for _ in range(copies)))
        state = "delivered" if any(receipt.taken for receipt in receipts) else "failed"
        for receipt in receipts:
            await self._note(delivery, state, receipt, 0)
        return receipts

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Receipt:
        """Post exactly these bytes and headers."""
        url = f"{self._settings.bot_url}/slack/events"
        try:
            async with self.client.post(url, data=body, headers=headers, max_redirects=2) as response:
                text = await response.text(errors="replace")
                no_retry = response.headers.get("X-Slack-No-Retry") == "1"
                return Receipt(by="http", status=response.status, text=text, no_retry=no_retry)
        except aiohttp.TooManyRedirects:
            return Receipt(by="http", reason="too_many_redirects")
        except TimeoutError:
            return Receipt(by="http", reason="http_timeout")
        except aiohttp.ClientConnectorSSLError:
            return Receipt(by="http", reason="ssl_error")
        except aiohttp.ClientConnectionError:
            return Receipt(by="http", reason="connection_failed")
        except aiohttp.ClientError:
            return Receipt(by="http", reason="unknown_error")

    def headers(self, delivery: Delivery, *, number: int = 0, reason: str = "", timestamp: str = "") -> dict[str, str]:
        """Sign a delivery now, or at another time."""
        at = timestamp or str(int(time.time()))
        secret = options.first(self._settings.slack_signing_secret)
        retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason} if number else {}
        return {
            "Content-Type": delivery.type,
            "User-Agent": AGENT,
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": slack_wire.sign(delivery.body, timestamp=at, secret=secret),
            **retry,
        }

    async def release(self, n: int) -> bool:
        """Bring an event that was held back."""
        held = await self._store.read(lambda db: deliveries.get(db, n))
        if held is None or held.state != "held":
            return False
        self._held = [each for each in self._held if each != n]
        await self.attempt(lambda tried: self._bring(n, tried=tried))
        return True

    def _strikes(self, kind: str, delivery: Delivery) -> bool:
        return self._faults.take((kind,), f"/{delivery.kind}", "POST") is not None

    async def _bring(self, n: int, *, copies: int = 1, tried: Tried | None = None) -> None:
        delivery = await self._store.read(lambda db: deliveries.get(db, n))
        if delivery is None:
            return
        reason, pauses = "", self._settings.slack_retries_s
        for number in range(len(pauses) + 1):
            receipts = [await self._try(delivery, number, reason) for _ in range(copies)]
            last = receipts[-1]
            again = not (last.taken or last.no_retry) and number < len(pauses)
            for receipt in receipts:
                state = "delivered" if receipt.taken else "retrying" if again else "failed"
                await self._note(delivery, state, receipt, number)
            settle(tried)
            if not again:
                break
            reason = last.reason or "http_error"
            await asyncio.sleep(pauses[number])
        self.let_go(self._bring)

    async def _try(self, delivery: Delivery, number: int, reason: str) -> Receipt:
        patience = self._settings.slack_patience_s
        if self.sockets.open or not self._settings.slack_signing_secret:
            return await self.sockets.send(delivery, number=number, reason=reason, patience=patience)
        headers = self.headers(delivery, number=number, reason=reason)
        return replace(await self.post(delivery.body, headers), headers=headers)

    async def _lose(self, delivery: Delivery) -> None:
        await self._note(delivery, "lost", Receipt(by="http", reason="lost on the way, as the fault wants"), 0)

    async def _note(self, delivery: Delivery, state: str, receipt: Receipt | None, number: int) -> None:
        attempt = None
        if receipt is not None:
            attempt = {
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "number": number,
                "by": receipt.by,
                "status": receipt.status,
                "reason": receipt.reason,
                "answer": receipt.text[:KEPT],
            }
        headers = receipt.headers if receipt else None
        await self._store.write(
            lambda db: deliveries.note(db, delivery.n, state=state, attempt=attempt, headers=headers)
        )
        self.ring()
