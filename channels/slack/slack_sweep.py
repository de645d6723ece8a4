"""Reads what staff wrote in threads while nobody could be told of it. Looks only; whoever hears it takes it as usual.

Slack brings an event for about six minutes. What a longer outage kept from us still stands in the threads, and a
message is the same act whichever way it comes, so looking again does no harm.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from channels.slack.slack_api import Api
from channels.slack.slack_events import word

SWEEP_S = 300.0
SWEEP_SOON_S = 5.0
REACH_S = 24 * 3600.0  # what is older is not done any more: by then staff have seen that nothing came of it
THREADS_S = 14 * 24 * 3600.0
YOUNG_S = 60.0  # its event may still be on its way
PAGES = 5

Cursor = Callable[[str, str | None], Awaitable[str | None]]
Hear = Callable[[dict[str, Any]], Awaitable[object]]


class Sweep:
    """Goes through the channel's threads from where it was the last time."""

    def __init__(self, api: Api, channel: str, cursor: Cursor) -> None:
        """`cursor` keeps how far we are, for all processes."""
        self._api = api
        self._channel = channel
        self._cursor = cursor

    async def run(self, hear: Hear) -> None:
        """Have everything heard that is new since the last time. Raises what goes wrong; the next time begins there."""
        name, now = f"slack:{self._channel}", time.time()
        known = await self._cursor(name, None)
        until = _ts(now - YOUNG_S)
        if known is not None:
            since = max(known, _ts(now - REACH_S))
            async for message in self._news(since, until, oldest=_ts(now - THREADS_S)):
                await hear({"type": "event_callback", "event": {**message, "channel": self._channel}})
        await self._cursor(name, until)

    async def _news(self, since: str, until: str, *, oldest: str) -> AsyncIterator[dict[str, Any]]:
        """Give the messages of threads between two times; compared as text, since floats lose digits."""
        async for root in self._api.pages("conversations_history", PAGES, channel=self._channel, oldest=oldest):
            if word(root, "latest_reply") <= since:
                continue
            replies = {"channel": self._channel, "ts": word(root, "ts"), "oldest": since}
            async for message in self._api.pages("conversations_replies", PAGES, **replies):
                if since < word(message, "ts") <= until:
                    yield message


def _ts(at: float) -> str:
    """Give a time as Slack writes it."""
    return f"{at:.6f}"
