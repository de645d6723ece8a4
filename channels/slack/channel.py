"""Slack, where staff work: signed requests and Socket Mode in, cards and threads out. Commits before it acknowledges.

Slack's Bolt is not used: once a request is verified and committed here, all that it would add is the choice of a
function by the kind of payload, and it answers 404 or 500 to signed requests that must get 200 (the tests hold our
reading of requests against it).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any

import orjson
import structlog
from aiohttp import web

from channels import bodies
from channels.base import Capabilities, Ports
from channels.slack import slack_blocks, slack_events, slack_verify
from channels.slack.slack_api import Api, Pace, Refused
from channels.slack.slack_events import Heard, word
from channels.slack.slack_post import Desk
from channels.slack.slack_socket import Later, Socket
from channels.slack.slack_sweep import SWEEP_S, SWEEP_SOON_S, Sweep
from channels.slack.slack_team import CHECK_FIRST_S, QUICK_S, SHARED, Team
from channels.staff import Case, Note, Posted
from state import errors
from state.identity import Address
from state.messages import Acted, Outbound, Receipt

BODY_LIMIT = 1024 * 1024
CLOSE_S = 2.0
ONCE_S = 24 * 3600.0
TOO_LATE = "That took too long; press the button once more."

log = structlog.get_logger()


class Slack:
    """The channel of Slack: for staff alone, so nothing is sent to customers through it."""

    name = "slack"
    capabilities = Capabilities(text_limit=slack_blocks.NOTE, staff=True)

    def __init__(self, ports: Ports) -> None:
        """Keep the ports and what the settings say."""
        settings = ports.settings
        self._ports = ports
        self._secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else ""
        token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
        channel = settings.slack_support_channel or ""
        self._api = Api(settings.slack_api_base, token)
        self._team = Team(self._api, channel)
        self._desk = Desk(self._api, self._team, channel, Pace())
        self._answered = slack_verify.Answered()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: list[asyncio.Task[None]] = []
        self._sweep = Sweep(self._api, channel, ports.cursor)
        app_token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else ""
        self._socket = Socket(self._api.base, app_token, self._hear) if app_token and ports.listens else None

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """One path for events, interactions and commands."""
        return [web.post("/slack/events", self._take)]

    async def start(self) -> None:
        """Open the client, and the ways in where messages are taken. Slack is first asked when they are."""
        self._api.open()
        self._watching = [asyncio.create_task(self._watch())]
        if self._ports.listens:
            self._watching.append(asyncio.create_task(self._catch_up()))

    async def close(self) -> None:
        """Hang up; what is being told to staff gets a moment to end."""
        if self._socket is not None:
            await self._socket.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)
        tasks = [*self._tasks, *self._watching]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._api.close()

    async def send(self, outbound: Outbound) -> Receipt:
        """Refuse: customers are not written to through the staff's channel."""
        return Receipt(outbox_id=outbound.id, state="failed", reason="not_a_customer_channel")

    async def typing(self, to: Address, inbound_id: str) -> None:
        """Show nothing: nobody waits here."""

    # --- out

    async def open_case(self, case: Case, *, again: bool) -> Posted:
        """Post the card that begins a thread."""
        return await self._desk.open_case(case, again=again)

    async def update_case(self, place: str, case: Case) -> Posted:
        """Show the card as it is now."""
        return await self._desk.update_case(place, case)

    async def post(self, place: str, note: Note, *, again: bool) -> Posted:
        """Add a line to the thread."""
        return await self._desk.post(place, note, again=again)

    # --- in, by HTTP

    async def _take(self, request: web.Request) -> web.Response:
        raw = await bodies.read(request, limit=BODY_LIMIT)
        signature = request.headers.get("X-Slack-Signature", "")
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        now = time.time()
        genuine = bool(self._secret) and slack_verify.is_genuine(
            self._secret, raw=raw, timestamp=timestamp, signature=signature, now=now
        )
        if not genuine:
            log.warning("slack_signature_refused", bytes=len(raw))
            raise web.HTTPUnauthorized(text="the signature does not match\n")
        payload = slack_events.read(raw, request.content_type)
        if payload is None:
            log.warning("slack_unreadable", bytes=len(raw))
            return web.Response()
        if word(payload, "type") == "url_verification":
            return _challenge(payload)
        if signature in self._answered:
            log.info("slack_repeated", attempt=request.headers.get("X-Slack-Retry-Num", "")[:8])
            return web.Response()
        try:
            answer = await self._hear(payload, raw)
        except Later:
            return web.Response(status=503, headers={"Retry-After": "2"})
        self._answered.keep(signature, now=now)
        return web.json_response(answer) if answer else web.Response()

    # --- in, the same by Socket Mode

    async def _hear(self, payload: dict[str, Any], raw: bytes) -> dict[str, Any] | None:
        """Do what a request asks, and give the answer. Raises Later when nothing was done."""
        if word(payload, "type") == "app_rate_limited":
            log.error("slack_rate_limited", minute=str(payload.get("minute_rate_limited"))[:20])
            return None
        if slack_events.gone(payload, self._team.me):
            self._team.lost(word(payload, "event", "type"))
            return None
        self._team.look(payload)
        if slack_events.idle(payload):
            return None
        if not self._ports.ready():
            raise Later
        try:
            me = await self._team.who()
            heard = slack_events.understand(payload, me, raw)
            if heard.empty or await self._was_refused(heard):
                return None
            shared = heard.shared or self._team.shared
            refused = SHARED if shared else await self._team.refused(me, heard.team, heard.user)
        except Refused as error:
            self._team.note(error)
            log.warning("slack_not_taken", reason=error.reason)
            raise Later from None
        if refused:
            log.warning("slack_person_refused", user=f"{heard.team}/{heard.user}", kind=heard.kind)
            return await self._tell(heard, refused)
        return await self._do(heard)

    async def _do(self, heard: Heard) -> dict[str, Any] | None:
        if heard.modal is not None:
            await self._open(heard, heard.modal)
            return None
        if heard.act is None:
            return await self._tell(heard, heard.say)
        try:
            acted = await self._ports.act(heard.act)
        except errors.BotError as error:
            log.warning("slack_not_committed", error=type(error).__name__)
            raise Later from None
        log.info("slack_acted", action=heard.act.verb, reason=acted.reason, user=heard.act.staff)
        return await self._answer(heard, acted)

    async def _open(self, heard: Heard, modal: dict[str, Any]) -> None:
        try:
            await self._api.call("views_open", within=QUICK_S, trigger_id=heard.trigger, view=modal)
        except Refused as error:
            self._team.note(error)
            log.warning("slack_modal_failed", reason=error.reason)
            await self._tell(heard, TOO_LATE)

    async def _answer(self, heard: Heard, acted: Acted) -> dict[str, Any] | None:
        """Tell the person what became of it, once."""
        if heard.draft is not None and acted.done:
            self._later(self._desk.replace(heard.channel, heard.draft))
        if acted.reason == "again" and heard.kind != "command" and heard.draft is None:
            return None
        if acted.reason == "no_ticket" and heard.kind == "event":
            return await self._tell(heard, slack_events.USAGE)
        if heard.kind == "event" and acted.done:
            return None  # the thread shows it
        return await self._tell(heard, acted.message, done=acted.done)

    async def _tell(self, heard: Heard, text: str, *, done: bool = False) -> dict[str, Any] | None:
        """Say something to the person alone, in the way that fits what they did."""
        if heard.kind == "command":
            return {"response_type": "ephemeral", "text": text}
        if heard.kind == "view" and not done:
            return {"response_action": "errors", "errors": {slack_blocks.TEXT: text[:2_000]}}
        if heard.kind == "view" or not heard.channel:
            return None
        if heard.kind == "event" and not await self._first(heard):
            return None
        self._later(self._desk.whisper(heard.channel, heard.user, text, thread=heard.thread))
        return None

    async def _first(self, heard: Heard) -> bool:
        """Whether this was not said before, when Slack brought the message by another event; from now on it was."""
        try:
            await self._ports.cursor(_refusal(heard), "told")
            return await self._ports.allow(f"slack:{heard.once}", 1, ONCE_S)
        except errors.BotError:
            raise Later from None

    async def _was_refused(self, heard: Heard) -> bool:
        """Whether the author was told that nothing was done. Then it stays so, though by now it might be allowed.

        They will have said it again by another way, and what is found again by looking would reach the customer twice.
        """
        if heard.kind != "event":
            return False
        try:
            return await self._ports.cursor(_refusal(heard), None) is not None
        except errors.BotError:
            raise Later from None

    # --- in the background

    async def _watch(self) -> None:
        """Once messages are taken: look who we are and what the channel is, dial in, and look again every day."""
        await self._readiness()
        if self._socket is not None:
            self._socket.start()
        while True:
            try:
                await self._team.check()
            except Refused as error:
                log.warning("slack_not_checked", reason=error.reason)
            await asyncio.sleep(self._team.next_check_s)

    async def _catch_up(self) -> None:
        """Once messages are taken, and every few minutes: hear what was said while nobody could be told of it."""
        await self._readiness()
        while True:
            try:
                await self._sweep.run(self._said)
            except (Later, Refused, errors.BotError) as error:
                log.info("slack_not_swept", error=type(error).__name__)
            await asyncio.sleep(SWEEP_S if self._team.me else SWEEP_SOON_S)

    async def _said(self, payload: dict[str, Any]) -> None:
        """Hear a message that was found, as though its event had come."""
        if not slack_events.idle(payload):
            me = await self._team.who()
            found = {**payload, "team_id": me.team}
            await self._hear(found, orjson.dumps(found))

    async def _readiness(self) -> None:
        await asyncio.sleep(CHECK_FIRST_S)
        while not self._ports.ready():  # noqa: ASYNC110 - readiness is asked for, it does not ring
            await asyncio.sleep(CHECK_FIRST_S)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _refusal(heard: Heard) -> str:
    return f"once/slack:{heard.once}"


def _challenge(payload: dict[str, Any]) -> web.Response:
    """Answer Slack's handshake with its own word, as text that no browser takes for anything else."""
    headers = {"X-Content-Type-Options": "nosniff"}
    return web.Response(text=word(payload, "challenge")[:500], content_type="text/plain", headers=headers)
