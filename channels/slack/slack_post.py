"""What staff are shown: cards, lines of a thread and files, posted once, at Slack's pace. Reads no requests."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import structlog

from channels.slack import slack_blocks
from channels.slack.slack_api import Api, Pace, Refused, now
from channels.slack.slack_blocks import Message
from channels.slack.slack_team import Team
from channels.staff import Case, Note, Posted

CARD, LINE = "throughline_case", "throughline_note"
PATIENCE_S = 2.0
URGENT_S = 10.0  # of a card that waits for a decision: it goes before what is less patient
CARD_PAGES, LINE_PAGES = 3, 10
LONGEST_FILE = 2_000_000

log = structlog.get_logger()


class Desk:
    """Posts into the support channel. Every method tells how it ended; Slack's faults are no exceptions here."""

    def __init__(self, api: Api, team: Team, channel: str, pace: Pace) -> None:
        """Take the client, what is known of the workspace, and the channel."""
        self._api = api
        self._team = team
        self._channel = channel
        self._pace = pace

    async def open_case(self, case: Case, *, again: bool) -> Posted:
        """Post a ticket's card into the channel."""
        try:
            await self._team.fit()
            patience = URGENT_S if any(asked.verdict is None for asked in case.approvals) else PATIENCE_S
            self._soon(self._channel, patience)
            if again and (ts := await self._find(self._history(), CARD, "ticket", case.ticket)):
                return await self.update_case(f"{self._channel}/{ts}", case)
            about = {"event_type": CARD, "event_payload": {"ticket": case.ticket, "number": case.number}}
            ts = await self._say(self._channel, slack_blocks.card(case), patience=patience, metadata=about)
        except Refused as error:
            return self._posted(error)
        return Posted(state="done", place=f"{self._channel}/{ts}")

    async def update_case(self, place: str, case: Case) -> Posted:
        """Show the card as it is now."""
        channel, ts = _split(place)
        try:
            await self._team.fit()
            await self._shown("chat_update", slack_blocks.card(case), channel=channel, ts=ts)
        except Refused as error:
            return self._posted(error, place)
        return Posted(state="done", place=place)

    async def post(self, place: str, note: Note, *, again: bool) -> Posted:
        """Add a line to a ticket's thread, or a file when it is too long for one."""
        channel, ts = _split(place)
        try:
            await self._team.fit()
            self._soon(channel, PATIENCE_S)
            if again and await self._find(self._replies(channel, ts), LINE, "key", note.key):
                return Posted(state="done", place=place)
            message = slack_blocks.note(note)
            if message is None:
                await self._upload(channel, ts, note)
            else:
                about = {"event_type": LINE, "event_payload": {"key": note.key}}
                await self._say(channel, message, thread_ts=ts, metadata=about)
        except Refused as error:
            return self._posted(error, place)
        return Posted(state="done", place=place)

    async def replace(self, channel: str, message: dict[str, Any]) -> None:
        """Show a message otherwise. Best effort."""
        try:
            await self._api.call("chat_update", channel=channel, **message)
        except Refused as error:
            self._team.note(error)
            log.info("slack_replace_failed", reason=error.reason)

    async def whisper(self, channel: str, user: str, text: str, *, thread: str = "") -> None:
        """Tell one person something, where nobody else sees it. Best effort."""
        where: dict[str, Any] = {"thread_ts": thread} if thread else {}
        try:
            await self._api.call("chat_postEphemeral", channel=channel, user=user, text=text, **where)
        except Refused as error:
            self._team.note(error)
            log.info("slack_whisper_failed", reason=error.reason)

    # --- posting

    async def _say(self, channel: str, message: Message, *, patience: float = PATIENCE_S, **more: Any) -> str:
        await self._turn(channel, patience)
        answer = await self._shown(
            "chat_postMessage", message, channel=channel, unfurl_links=False, unfurl_media=False, **more
        )
        return str(answer.get("ts", ""))

    async def _shown(self, method: str, message: Message, **more: Any) -> dict[str, Any]:
        """Show a message; should Slack not take its blocks, then the words alone, so that staff are told."""
        try:
            return await self._api.call(method, text=message.text, blocks=message.blocks, **more)
        except Refused as error:
            if error.kind != "form":
                raise
            log.error("slack_blocks_refused", reason=error.reason, blocks=len(message.blocks))  # noqa: TRY400
        return await self._api.call(method, text=message.text, blocks=[], **more)

    async def _upload(self, channel: str, ts: str, note: Note) -> None:
        """Three steps; only the last one shows anything."""
        await self._turn(channel, PATIENCE_S)
        content = note.text[:LONGEST_FILE].encode("utf-8", "replace")
        name = _file_name(note.key)
        asked = await self._api.call("files_getUploadURLExternal", filename=name, length=len(content))
        await self._api.upload(str(asked.get("upload_url", "")), content)
        await self._api.call(
            "files_completeUploadExternal",
            files=[{"id": str(asked.get("file_id", "")), "title": f"{slack_blocks.author(note)}: whole text"}],
            channel_id=channel,
            thread_ts=ts,
            initial_comment=slack_blocks.excerpt(note),
        )

    async def _turn(self, channel: str, patience: float) -> None:
        """Wait for our turn, if that is soon."""
        self._soon(channel, patience)
        await asyncio.sleep(self._pace.take(channel, now=now()))

    def _soon(self, channel: str, patience: float) -> None:
        """Raise Refused with the time until our turn, if that is not soon."""
        wait = self._pace.wait(channel, now=now())
        if wait > patience:
            raise Refused("later", "paced", wait)

    def _posted(self, error: Refused, place: str | None = None) -> Posted:
        self._team.note(error)
        if error.kind == "later":
            return Posted(state="later", place=place, reason=error.reason, after=error.after)
        state = "gone" if error.kind in {"gone", "form"} else "retry"
        log.warning("slack_not_posted", state=state, reason=error.reason, after=error.after)
        return Posted(state=state, place=place, reason=error.reason, after=error.after)

    # --- looking whether it was posted before

    async def _find(self, messages: AsyncIterator[dict[str, Any]], kind: str, name: str, value: str) -> str | None:
        async for message in messages:
            about = message.get("metadata")
            if isinstance(about, dict) and about.get("event_type") == kind:
                payload = about.get("event_payload")
                if isinstance(payload, dict) and payload.get(name) == value:
                    return str(message.get("ts", ""))
            files = message.get("files")
            named = [each.get("name") for each in files if isinstance(each, dict)] if isinstance(files, list) else []
            if _file_name(value) in named:
                return str(message.get("ts", ""))
        return None

    def _history(self) -> AsyncIterator[dict[str, Any]]:
        return self._api.pages("conversations_history", CARD_PAGES, channel=self._channel, include_all_metadata=True)

    def _replies(self, channel: str, ts: str) -> AsyncIterator[dict[str, Any]]:
        return self._api.pages("conversations_replies", LINE_PAGES, channel=channel, ts=ts, include_all_metadata=True)


def _split(place: str) -> tuple[str, str]:
    channel, _, ts = place.partition("/")
    return channel, ts


def _file_name(key: str) -> str:
    """Name a line's file after its key, so that it is found again."""
    return f"message-{hashlib.sha256(key.encode()).hexdigest()[:16]}.txt"
