"""Socket Mode: we dial in and Slack sends through the socket. An envelope is acknowledged only after the commit.

The SDK's socket client is imported here alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import orjson
import structlog
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from yarl import URL

from channels.slack.slack_api import web_client

PING_S = 5.0
CLOSE_S = 2.0

Take = Callable[[dict[str, Any], bytes], Awaitable[dict[str, Any] | None]]
log = structlog.get_logger()


class Later(Exception):
    """It was not committed, so it is not acknowledged and comes again."""


class Socket:
    """The socket, kept open by the SDK: it dials again when Slack hangs up or falls silent."""

    def __init__(self, base: URL, token: str, take: Take) -> None:
        """`take` commits one payload and gives what goes back with the acknowledgement; raises Later."""
        self._base = base
        self._token = token
        self._take = take
        self._client: SocketModeClient | None = None
        self._dialling: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Dial in, in the background: Slack may be away."""
        quiet = logging.getLogger("slack_sdk.quiet")
        self._client = SocketModeClient(
            app_token=self._token, web_client=web_client(self._base, None), ping_interval=PING_S, logger=quiet
        )
        self._client.proxy = self._client.web_client.proxy
        self._client.socket_mode_request_listeners.append(self._heard)
        dial: Callable[[], Coroutine[Any, Any, None]] = self._client.connect
        self._dialling = asyncio.get_running_loop().create_task(dial())

    async def close(self) -> None:
        """Hang up."""
        if self._client is None or self._dialling is None:
            return
        self._client.closed = True
        self._dialling.cancel()
        with contextlib.suppress(TimeoutError):
            await self._hang_up(self._client, self._dialling)

    async def _hang_up(self, client: SocketModeClient, dialling: asyncio.Task[None]) -> None:
        tasks = (client.message_processor, client.message_receiver, client.current_session_monitor)
        hang_up: Callable[[], Awaitable[None]] = client.close
        async with asyncio.timeout(CLOSE_S):
            await hang_up()
            await asyncio.gather(dialling, *(task for task in tasks if task), return_exceptions=True)

    async def _heard(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        if request.retry_attempt:
            log.info("slack_envelope_again", attempt=request.retry_attempt, why=str(request.retry_reason)[:40])
        try:
            answer = await self._take(request.payload, orjson.dumps(request.payload))
        except Later:
            return
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=answer))
