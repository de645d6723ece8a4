"""Slack's Web API by its SDK: one request a call, no retries, a deadline each, errors told apart by who must react.

The SDK's web client is imported here alone.
"""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from yarl import URL

CONNECT_S = 5.0
TOTAL_S = 15.0
BURST = 3.0  # Slack tolerates short bursts above one message a second and channel
RATE = 1.0
LATER_S = 60.0
LONGEST_WAIT_S = 900.0
PAGE = 200
FILES = "https://files.slack.com"
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})

# A person must mend these: the token, its scopes, the channel, or what we send.
GONE = frozenset({
    "invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed", "missing_scope",
    "no_permission",
    "not_allowed_token_type", "ekm_access_denied", "org_login_required", "team_access_not_granted", "access_denied",
    "channel_not_found", "not_in_channel", "is_archived", "restricted_action", "restricted_action_thread_locked",
    "two_factor_setup_required",
})  # fmt: skip
LOST_TOKEN = frozenset({"invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed"})
LOST_PLACE = frozenset({"thread_not_found", "message_not_found", "cant_update_message", "edit_window_closed"})
LIMITED = "ratelimited"
TOO_MUCH = frozenset({LIMITED, "rate_limited", "message_limit_exceeded"})
BAD_FORM = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})

log = structlog.get_logger()


class Refused(Exception):
    """Slack did not do it.

    `kind`: later (we did not ask: our turn comes in `after` seconds), retry (after `after` seconds, if given), gone
    (until a person mends it), or form (it does not take such blocks). `reason`: Slack's word, or ours.
    """

    def __init__(self, kind: str, reason: str, after: float | None = None) -> None:
        """Keep what may be told; Slack's answer itself is not kept, since it may repeat what was sent."""
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.after = after


@dataclass(slots=True)
class Pace:
    """One message a second and channel, with a short burst."""

    tokens: dict[str, float] = field(default_factory=lambda: defaultdict(lambda: BURST))
    since: dict[str, float] = field(default_factory=dict)

    def take(self, channel: str, *, now: float) -> float:
        """Take one message's turn, and give the seconds to wait until then."""
        wait = self.wait(channel, now=now)
        self.tokens[channel] -= 1
        return wait

    def wait(self, channel: str, *, now: float) -> float:
        """Give how long the next message would have to wait; nothing is taken."""
        self._fill(channel, now)
        return max(0.0, (1 - self.tokens[channel]) / RATE)

    def _fill(self, channel: str, now: float) -> None:
        grown = (now - self.since.get(channel, now)) * RATE
        self.tokens[channel] = min(BURST, self.tokens[channel] + grown)
        self.since[channel] = now


class Api:
    """The client: one connection pool, made by `open` inside the running loop.

    Slack counts requests per method, and so its pauses are kept: whoever calls, a method is left alone until then.
    """

    def __init__(self, base: str, token: str) -> None:
        """Keep where Slack is, and who we are to it."""
        self.base = URL(base)
        self._token = token
        self._paused: dict[str, float] = {}
        self._http: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None

    def open(self) -> None:
        """Make the client; nothing is sent."""
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S), cookie_jar=aiohttp.DummyCookieJar()
        )
        self._client = web_client(self.base, self._token, self._http)

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def call(self, method: str, *, within: float = TOTAL_S, **arguments: Any) -> dict[str, Any]:
        """Call one of the SDK's methods and give what Slack answered. Raises Refused, and nothing else."""
        if self._client is None:
            raise Refused("retry", "not_started")
        if (pause := self._paused.get(method, 0.0) - now()) > 0:
            raise Refused("retry", LIMITED, pause)
        try:
            async with asyncio.timeout(within):
                answer = await getattr(self._client, method)(**arguments)
        except ERRORS as error:
            refused = refusal(error)
            if refused.reason == LIMITED and refused.after:
                self._paused[method] = now() + refused.after
            raise refused from None
        data = answer.data
        return data if isinstance(data, dict) else {}

    async def pages(self, method: str, most: int, **arguments: Any) -> AsyncIterator[dict[str, Any]]:
        """Give the messages of a list, page by page. Raises Refused."""
        for _ in range(most):
            page = await self.call(method, limit=PAGE, **arguments)
            found = page.get("messages")
            for message in found if isinstance(found, list) else []:
                if isinstance(message, dict):
                    yield message
            following = page.get("response_metadata")
            after = following.get("next_cursor") if isinstance(following, dict) else None
            if not isinstance(after, str) or not after:
                return
            arguments["cursor"] = after
        log.warning("slack_list_cut", method=method, pages=most)

    async def upload(self, url: str, content: bytes) -> None:
        """Put a file's bytes where Slack has said; only there or at the address that the settings name."""
        target = URL(url)
        if self._http is None or target.origin() not in {URL(FILES), self.base.origin()}:
            raise Refused("gone", "foreign_upload_url")
        try:
            async with (
                asyncio.timeout(TOTAL_S),
                self._http.post(target, data=io.BytesIO(content), allow_redirects=False) as response,
            ):
                status = response.status
        except ERRORS as error:
            raise refusal(error) from None
        if status != 200:
            raise Refused("retry", f"upload_{status}")


def web_client(base: URL, token: str | None, http: aiohttp.ClientSession | None = None) -> AsyncWebClient:
    """Make the SDK's client: it repeats nothing by itself, and its log says nothing of what is sent."""
    quiet = logging.getLogger("slack_sdk.quiet")
    quiet.setLevel(logging.ERROR)
    client = AsyncWebClient(token=token, base_url=f"{base}/", session=http, retry_handlers=[], logger=quiet)
    if base.host in LOCAL:
        client.proxy = None  # what a proxy setting says is meant for the way out, not for this machine
    return client


# The SDK also stumbles over answers that are not JSON objects (AttributeError), and not JSON at all (ValueError).
ERRORS = (SlackClientError, aiohttp.ClientError, TimeoutError, OSError, ValueError, AttributeError, TypeError)


def refusal(error: BaseException) -> Refused:
    """Say what an error means."""
    if not isinstance(error, SlackApiError):
        return Refused("retry", f"no_answer: {type(error).__name__}")
    response = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    data = getattr(response, "data", None)
    word = data.get("error") if isinstance(data, dict) else None
    reason = word if isinstance(word, str) and word else f"http_{status}"
    if status == 429 or reason in TOO_MUCH:
        return Refused("retry", LIMITED, _seconds(getattr(response, "headers", {})))
    if reason in LOST_PLACE:
        return Refused("retry", "thread_lost")
    kind = "gone" if reason in GONE else "form" if reason in BAD_FORM else "retry"
    known = word is None or status >= 500 or kind != "retry"
    return Refused(kind, reason, None if known else LATER_S)


def _seconds(headers: Any) -> float:  # noqa: ANN401 - the SDK's word for headers
    """Read Retry-After; one that is missing or odd is a second."""
    text = str(headers.get("Retry-After", "")) if headers else ""
    return min(float(text), LONGEST_WAIT_S) if text.isascii() and text.isdigit() else 1.0


def now() -> float:
    """Give the time that paces go by."""
    return time.monotonic()
