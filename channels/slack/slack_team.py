"""Who we are in Slack, who its people are, whether tickets may be shown in the channel. Asks Slack and remembers."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import structlog

from channels.slack.slack_api import LOST_TOKEN, Api, Refused
from channels.slack.slack_events import Me, at, word

QUICK_S = 2.0  # of the three seconds that Slack gives a request
PERSON_S = 600.0
PERSON_STALE_S = 24 * 3600.0  # what is known of a person may be this old while Slack does not say
MOST_PEOPLE = 5_000
CHECK_S = 24 * 3600.0
CHECK_AGAIN_S = 60.0
CHECK_SOON_S = 5.0
CHECK_FIRST_S = 0.2

SHARED_CHANNEL = "shared_channel"
GUEST = "Guests cannot work on tickets. Nothing was done."
STRANGER = "People of another workspace cannot work on tickets. Nothing was done."
SHARED = "This channel is shared with another company, so nothing can be done about tickets here."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Known:
    refused: str
    at: float


class Team:
    """The workspace as we know it. `gone` says why Slack cannot be used until somebody mends it, None while it can."""

    def __init__(self, api: Api, channel: str) -> None:
        """Take the client and the support channel; nothing is asked yet."""
        self._api = api
        self._channel = channel
        self._people: OrderedDict[str, _Known] = OrderedDict()
        self._asking = asyncio.Lock()
        self._checked = False
        self.me: Me | None = None
        self.gone: str | None = None

    async def who(self) -> Me:
        """Give who we are. Raises Refused."""
        if self.me is None:
            async with self._asking:
                if self.me is None:
                    self.me = await self._introduced(within=QUICK_S)
        return self.me

    async def _introduced(self, **limits: float) -> Me:
        answer = await self._api.call("auth_test", **limits)
        me = Me(team=word(answer, "team_id"), user=word(answer, "user_id"))
        if not me.team or not me.user:
            raise Refused("retry", "nobody")
        return me

    async def refused(self, me: Me, team: str, user: str) -> str:
        """Say why a person may do nothing: a guest, or of another company; empty for one of ours. Raises Refused."""
        if not user or team != me.team:
            return STRANGER
        known, now = self._people.get(user), time.monotonic()
        if known is not None and now - known.at < PERSON_S:
            return known.refused
        try:
            answer = await self._api.call("users_info", within=QUICK_S, user=user)
        except Refused as error:
            if known is not None and now - known.at < PERSON_STALE_S:
                return known.refused
            if error.reason in {"user_not_found", "user_not_visible"}:
                return STRANGER
            raise
        self._people[user] = _Known(_verdict(answer.get("user"), me), now)
        self._people.move_to_end(user)
        while len(self._people) > MOST_PEOPLE:
            self._people.popitem(last=False)
        return self._people[user].refused

    async def fit(self) -> None:
        """See to it that the channel was looked at. Raises Refused when it may not show tickets, or nobody knows."""
        async with self._asking:
            if not self._checked:
                await self._check()
        if self.gone:
            raise Refused("gone", self.gone)

    async def check(self) -> None:
        """Ask who we are and what the channel is. Raises Refused when Slack does not say; what it says is kept."""
        async with self._asking:
            await self._check()

    async def _check(self) -> None:
        try:
            self.me = await self._introduced()
            found = await self._api.call("conversations_info", channel=self._channel)
        except Refused as error:
            if error.kind == "gone":
                self._checked = True
                self.lost(error.reason)
            raise
        self._checked = True
        self._take(_unfit(found.get("channel")))

    def lost(self, reason: str) -> None:
        """Take it that Slack cannot be used, until a check says otherwise."""
        if self.gone != reason:
            log.error("slack_gone", reason=reason, channel=self._channel)
        self.gone = reason

    def look(self, payload: dict[str, Any]) -> None:
        """Learn from an event that the support channel is shared from now on."""
        shared = at(payload, "is_ext_shared_channel") is True or word(payload, "event", "type") == "channel_shared"
        if shared and word(payload, "event", "channel") == self._channel:
            self.lost(SHARED_CHANNEL)

    @property
    def shared(self) -> bool:
        """Whether people of another company see the support channel."""
        return self.gone == SHARED_CHANNEL

    def note(self, error: Refused) -> None:
        """Learn from a refusal of any call."""
        if error.reason in LOST_TOKEN:
            self.lost(error.reason)

    def _take(self, reason: str) -> None:
        if reason:
            self.lost(reason)
        elif self.gone:
            log.info("slack_back", channel=self._channel)
            self.gone = None

    @property
    def next_check_s(self) -> float:
        """When to look again: daily, and soon while something is wrong."""
        if not self._checked:
            return CHECK_SOON_S
        return CHECK_AGAIN_S if self.gone else CHECK_S


def _verdict(user: Any, me: Me) -> str:  # noqa: ANN401 - JSON
    if not isinstance(user, dict) or user.get("deleted") or user.get("is_bot"):
        return STRANGER
    if user.get("is_stranger") or user.get("team_id", me.team) != me.team:
        return STRANGER
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return GUEST
    return ""


def _unfit(channel: Any) -> str:  # noqa: ANN401 - JSON
    """Say why tickets may not be shown in a channel."""
    if not isinstance(channel, dict):
        return "channel_unknown"
    if any(channel.get(flag) for flag in ("is_ext_shared", "is_shared", "is_pending_ext_shared")):
        return SHARED_CHANNEL
    if channel.get("is_archived"):
        return "is_archived"
    return "" if channel.get("is_member", True) else "not_in_channel"
