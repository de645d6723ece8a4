"""What people do in the pretended Slack by writing: messages, edits, deletions, reactions. The app hears of it."""

import asyncio
import re
import secrets
import sqlite3
from collections.abc import Sequence
from typing import Any

from playground import deliveries, http, slack_api, slack_people, slack_rows, slack_wire
from playground.deliveries import Delivery
from playground.slack_people import BOT_USER, TEAM, Person
from playground.slack_rows import Message
from playground.world import World

Json = dict[str, Any]
MENTION = re.compile(r"(?<![\w@.])@(?:bot|throughline)\b", re.IGNORECASE)
TOKENS = re.compile(r"&lt;([@#!][\w^|]+|https?://[^&\s]+|mailto:[^&\s]+)&gt;")
ADDRESS = re.compile(r"(?<![\w<:|/@.])([\w.+-]+@[\w-]+(?:\.[\w-]+)+)")
LINK = re.compile(r"(?<![<|])\b(https?://[^\s<>|]+)")


class People:
    """The acts of writing; each is stored with the events that it causes, which are then brought."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    async def write(self, wanted: Json) -> Json:
        """Write in the channel, in a thread (`thread_ts`) or, with a `D…` channel, to the bot alone."""
        who, channel = person(wanted), self.place(wanted)
        text = str(wanted.get("text") or "")
        if not text:
            raise http.bad_request("send a text")
        said = slack_wire.written(who, text if wanted.get("verbatim") else as_sent(text))

        def work(db: sqlite3.Connection) -> tuple[Message, list[Delivery]]:
            shared = _shared(db, channel, self.support)
            root = _root(db, channel, wanted)
            message = slack_rows.post(db, channel, {**said, **root})
            told = [slack_wire.message_event(message)]
            if f"<@{BOT_USER}>" in message.body["text"] and not channel.startswith("D"):
                told.append(slack_wire.mention_event(message))
            return message, [self._add(db, each, who, shared=shared) for each in told]

        message, events = await self._store.write(work)
        return await self._bring(events, wanted, message)

    async def edit(self, wanted: Json) -> Json:
        """Change the text of one's own message."""
        who, channel = person(wanted), self.place(wanted)
        text = as_sent(str(wanted.get("text") or ""))

        def work(db: sqlite3.Connection) -> tuple[Message, list[Delivery]]:
            before, ts = self._own(db, channel, wanted, who), slack_rows.next_ts(db)
            body = {**before.body, **slack_wire.written(who, text), "edited": {"user": who.id, "ts": ts}}
            after = slack_rows.change(db, before, {**body, "client_msg_id": before.body["client_msg_id"]})
            return after, [self._add(db, slack_wire.changed_event(before, after, ts), who)]

        message, events = await self._store.write(work)
        return await self._bring(events, wanted, message)

    async def delete(self, wanted: Json) -> Json:
        """Delete one's own message."""
        who, channel = person(wanted), self.place(wanted)

        def work(db: sqlite3.Connection) -> list[Delivery]:
            message = self._own(db, channel, wanted, who)
            slack_rows.remove(db, message)
            return [self._add(db, slack_wire.deleted_event(message, slack_rows.next_ts(db)), who)]

        return await self._bring(await self._store.write(work), wanted)

    async def react(self, wanted: Json) -> Json:
        """Put a reaction on a message, or take it away with `remove`."""
        who, channel, name = person(wanted), self.place(wanted), str(wanted.get("name") or "eyes")
        add = not wanted.get("remove")

        def work(db: sqlite3.Connection) -> tuple[Message, list[Delivery]]:
            message, ts = found(db, channel, wanted), slack_rows.next_ts(db)
            reactions = slack_api.toggled(message.body.get("reactions", []), name, who.id, add=add)
            if reactions is None:
                raise http.bad_request("it is so already")
            after = slack_rows.change(db, message, {**message.body, "reactions": reactions})
            item = {"type": "message", "channel": channel, "ts": message.ts}
            kind = "reaction_added" if add else "reaction_removed"
            told = {"type": kind, "user": who.id, "reaction": name, "item": item, "event_ts": ts}
            return after, [self._add(db, {**told, "item_user": message.body.get("user")}, who)]

        message, events = await self._store.write(work)
        return await self._bring(events, wanted, message)

    async def event(self, wanted: Json) -> Json:
        """Let the app hear of any event at all: `event` is the inner one."""
        inner = http.mapping(wanted, "event")
        delivery = await self._store.write(
            lambda db: deliveries.add(db, slack_wire.event(inner, shared=bool(wanted.get("shared"))))
        )
        return await self._bring([delivery], wanted)

    async def share(self, wanted: Json) -> Json:
        """Share the channel with another company by Slack Connect, or end that with `shared` false."""
        on, channel = wanted.get("shared", True) is not False, self.place(wanted)
        teams = [TEAM, slack_people.OTHER_TEAM] if on else [TEAM]
        changes = {"is_shared": on, "is_ext_shared": on, "shared_team_ids": teams}
        await self._store.write(lambda db: slack_rows.change_channel(db, channel, changes))
        self._world.slack.ring()
        return {"channel": channel, "shared": on}

    @property
    def support(self) -> str:
        """Return the id of the support channel."""
        return self._world.options.slack_support_channel or slack_people.SUPPORT

    def place(self, wanted: Json) -> str:
        """Return the channel that is meant, which is the support channel unless another is named."""
        return str(wanted.get("channel") or self.support)

    def _add(self, db: sqlite3.Connection, told: Json, who: Person, *, shared: bool = False) -> Delivery:
        return deliveries.add(db, slack_wire.event(told, shared=shared, about={"by": who.id}))

    def _own(self, db: sqlite3.Connection, channel: str, wanted: Json, who: Person) -> Message:
        message = found(db, channel, wanted)
        if message.body.get("user") != who.id:
            raise http.failure(403, "not_yours", "Only who wrote a message can change it.")
        return message

    async def _bring(self, events: Sequence[Delivery], wanted: Json, message: Message | None = None) -> Json:
        post = self._world.slack
        copies = http.whole(wanted, "copies", default=1, least=1, most=50)
        if wanted.get("hold"):
            for each in events:
                await post.hold(each)
        else:
            tries = [post.begin(each, copies=copies) for each in events]
            if wanted.get("wait", True) is not False:
                await asyncio.gather(*tries)
        post.ring()
        return {
            "message": slack_rows.bubble(message) if message else None,
            "deliveries": await shown(self._world, events),
        }


def person(wanted: Json) -> Person:
    """Read who acts; `team` makes him a stranger of that team."""
    user = wanted.get("user")
    if not isinstance(user, str) or not user:
        raise http.bad_request("say who acts: user")
    return slack_people.person(user, str(wanted.get("team") or ""))


def found(db: sqlite3.Connection, channel: str, wanted: Json, *, deleted: bool = False) -> Message:
    """Return the message that is meant."""
    message = slack_rows.get(db, channel, str(wanted.get("ts") or ""), deleted=deleted)
    if message is None:
        raise http.failure(404, "message_not_found", "There is no such message in this channel.")
    return message


async def shown(world: World, sent: Sequence[Delivery]) -> list[Json]:
    """Render deliveries as they now are."""
    now = await world.store.read(lambda db: [deliveries.get(db, each.n) for each in sent])
    return [deliveries.show(each, whole=False) for each in now if each]


def as_sent(text: str) -> str:
    """Mark a text up as Slack's client does: three characters escaped, mentions, links and addresses in brackets."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    kept = TOKENS.sub(r"<\1>", escaped)
    linked = LINK.sub(r"<\1>", kept)
    return MENTION.sub(f"<@{BOT_USER}>", ADDRESS.sub(r"<mailto:\1|\1>", linked))


def note(text: str) -> Json:
    """Build what Slack itself tells a person."""
    return {"type": "message", "user": "USLACKBOT", "text": text, "client_msg_id": secrets.token_hex(8)}


def _root(db: sqlite3.Connection, channel: str, wanted: Json) -> Json:
    ts = wanted.get("thread_ts")
    if not ts:
        return {}
    root = found(db, channel, {"ts": ts})
    return {"thread_ts": str(ts), "parent_user_id": root.body.get("user")}


def _shared(db: sqlite3.Connection, channel: str, support: str) -> bool:
    place = slack_rows.channel(db, channel, support)
    if place is None:
        raise http.failure(404, "channel_not_found", "There is no such channel.")
    return bool(place.get("is_ext_shared"))
