"""The methods of Slack's Web API that write and read messages. Each works in one transaction; `slack` serves them."""

import base64
import binascii
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from playground import deliveries, slack_blocks, slack_people, slack_rows, slack_wire
from playground.deliveries import Delivery
from playground.options import Options
from playground.slack_blocks import Refused
from playground.slack_people import BOT_ID, BOT_USER, TEAM
from playground.slack_rows import Message

Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Call:
    """One call: the open transaction, its arguments, and the events that it causes."""

    db: sqlite3.Connection
    args: Json
    settings: Options
    base: str
    caused: list[Delivery] = field(default_factory=list)

    def text(self, name: str, *, missing: str = "invalid_arguments") -> str:
        """Return an argument that must be there."""
        value = self.args.get(name)
        if not isinstance(value, str) or not value:
            raise Refused(missing, f"[ERROR] missing required field: {name}")
        return value

    def object(self, name: str) -> Any:  # noqa: ANN401  JSON
        """Return an argument that is JSON; in a form it comes as text."""
        value = self.args.get(name)
        if not isinstance(value, str) or not value:
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise Refused("invalid_blocks_format" if name == "blocks" else "invalid_arguments") from None

    def flag(self, name: str) -> bool:
        """Return a switch, which is off unless it is given."""
        return str(self.args.get(name, "")).lower() in {"true", "1"}

    def place(self, *, member: bool = True) -> Json:
        """Return the channel that is meant; a person stands for the direct messages with him."""
        name = self.text("channel", missing="channel_not_found")
        if name in slack_people.PEOPLE:
            name = slack_people.direct_channel(name)
        found = slack_rows.channel(self.db, name, self.settings.slack_support_channel or slack_people.SUPPORT)
        if found is None:
            raise Refused("channel_not_found")
        if member and not found.get("is_im") and not found["is_member"]:
            raise Refused("not_in_channel")
        return found

    def message(self, channel: str, name: str = "ts") -> Message:
        """Return the message that is meant."""
        found = slack_rows.get(self.db, channel, self.text(name, missing="message_not_found"))
        if found is None or found.only_for:
            raise Refused("message_not_found")
        return found

    def tell(self, event: Json, *, shared: bool = False) -> None:
        """Let the app hear of what happened, as it hears of its own messages."""
        self.caused.append(deliveries.add(self.db, slack_wire.event(event, shared=shared, about={"by": BOT_USER})))


Method = Callable[[Call], Json]


def auth_test(_: Call) -> Json:
    """Say who the token is."""
    url = f"https://{slack_people.DOMAIN}.slack.com/"
    who = {"user_id": BOT_USER, "bot_id": BOT_ID, "user": slack_people.PEOPLE[BOT_USER].name}
    return {"url": url, "team": slack_people.TEAM_NAME, "team_id": TEAM, **who, "is_enterprise_install": False}


def post_message(call: Call) -> Json:
    """Post into a channel or thread."""
    place, body = call.place(), content(call)
    message = slack_rows.post(call.db, place["id"], {**body, **thread_of(call, place["id"])})
    call.tell(slack_wire.message_event(message), shared=bool(place.get("is_ext_shared")))
    return {"channel": place["id"], "ts": message.ts, "message": message.body}


def post_ephemeral(call: Call) -> Json:
    """Show one person a message that nobody else sees."""
    place, user = call.place(), call.text("user", missing="user_not_in_channel")
    if user not in slack_people.PEOPLE:
        raise Refused("user_not_in_channel")
    body = {**content(call), **thread_of(call, place["id"])}
    return {"message_ts": slack_rows.post(call.db, place["id"], body, only_for=user).ts}


def update(call: Call) -> Json:
    """Replace text and blocks of a message of the bot; what is left out vanishes."""
    place = call.place()
    message = call.message(place["id"])
    if message.body.get("bot_id") != BOT_ID:
        raise Refused("cant_update_message")
    new = content(call, longest=slack_blocks.UPDATED_TEXT)
    ts = slack_rows.next_ts(call.db)
    kept = {name: message.body[name] for name in KEPT if name in message.body}
    body = {**new, **kept, "edited": {"user": BOT_ID, "ts": ts}}
    after = slack_rows.change(call.db, message, body if "metadata" in new else {**body, **_metadata_of(message)})
    call.tell(slack_wire.changed_event(message, after, ts))
    return {"channel": place["id"], "ts": message.ts, "text": body["text"], "message": after.body}


KEPT = ("ts", "thread_ts", "parent_user_id", "reactions", "files")


def delete(call: Call) -> Json:
    """Delete a message of the bot."""
    place = call.place()
    message = call.message(place["id"])
    if message.body.get("bot_id") != BOT_ID:
        raise Refused("cant_delete_message")
    slack_rows.remove(call.db, message)
    call.tell(slack_wire.deleted_event(message, slack_rows.next_ts(call.db)))
    return {"channel": place["id"], "ts": message.ts}


def info(call: Call) -> Json:
    """Show a channel."""
    return {"channel": call.place(member=False)}


def replies(call: Call) -> Json:
    """List a thread, its root first."""
    place, ts = call.place(), call.text("ts", missing="thread_not_found")
    root = slack_rows.get(call.db, place["id"], ts)
    if root is None or root.only_for:
        raise Refused("thread_not_found")
    answers = slack_rows.thread(call.db, place["id"], ts)
    found, cursor = _page(call, [m for m in answers if _is_asked(call, m)])
    shown = [_shown(call, message) for message in (root, *found)]
    return {"messages": shown, "has_more": bool(cursor), **_cursor(cursor)}


def history(call: Call) -> Json:
    """List a channel's messages outside threads, newest first."""
    place = call.place()
    known = [m for m in slack_rows.history(call.db, place["id"]) if _is_asked(call, m)]
    found, cursor = _page(call, known[::-1])
    shown = [_shown(call, message) for message in found]
    return {"messages": shown, "has_more": bool(cursor), "pin_count": 0, **_cursor(cursor)}


def react(call: Call, *, add: bool = True) -> Json:
    """Put a reaction of the bot on a message, or take it away."""
    place, name = call.place(), call.text("name", missing="invalid_name")
    message = call.message(place["id"], "timestamp")
    reactions = toggled(message.body.get("reactions", []), name, BOT_USER, add=add)
    if reactions is None:
        raise Refused("already_reacted" if add else "no_reaction")
    slack_rows.change(call.db, message, {**message.body, "reactions": reactions})
    return {}


def unreact(call: Call) -> Json:
    """Take a reaction of the bot away."""
    return react(call, add=False)


def toggled(reactions: Sequence[Json], name: str, user: str, *, add: bool) -> list[Json] | None:
    """Return the reactions with one more or one less; nothing when it was so already."""
    users = {each["name"]: list(each["users"]) for each in reactions}
    if (user in users.get(name, [])) == add:
        return None
    changed = [*users.get(name, []), user] if add else [each for each in users[name] if each != user]
    users[name] = changed
    return [{"name": each, "users": who, "count": len(who)} for each, who in users.items() if who]


def content(call: Call, *, longest: int = slack_blocks.TEXT) -> Json:
    """Read what a message is to say."""
    text = call.args.get("text") or ""
    blocks = slack_blocks.check_message(str(text), call.object("blocks"), longest=longest)
    if not text and not blocks:
        raise Refused("no_text")
    body = slack_wire.spoken(str(text), blocks)
    metadata = call.object("metadata")
    if metadata is None:
        return body
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_payload"), dict):
        raise Refused("invalid_metadata_format")
    if not metadata.get("event_type"):
        raise Refused("invalid_metadata_format")
    return {**body, "metadata": {name: metadata[name] for name in ("event_type", "event_payload")}}


def thread_of(call: Call, channel: str) -> Json:
    """Read which thread is meant; a reply's ts makes a stray thread, as at Slack."""
    ts = call.args.get("thread_ts")
    if not ts:
        return {}
    root = slack_rows.get(call.db, channel, str(ts))
    if root is None:
        raise Refused("thread_not_found")
    return {"thread_ts": str(ts), "parent_user_id": root.body.get("user")}


def _metadata_of(message: Message) -> Json:
    return {"metadata": message.body["metadata"]} if "metadata" in message.body else {}


def _shown(call: Call, message: Message) -> Json:
    body = dict(message.body)
    if not call.flag("include_all_metadata"):
        body.pop("metadata", None)
    answers = slack_rows.thread(call.db, message.channel, message.ts)
    if not answers or message.thread_ts not in {None, message.ts}:
        return body
    users = list(dict.fromkeys(str(each.body.get("user")) for each in answers))
    summary = {"reply_count": len(answers), "reply_users_count": len(users), "reply_users": users}
    return {**body, "thread_ts": message.ts, **summary, "latest_reply": answers[-1].ts, "subscribed": False}


def _is_asked(call: Call, message: Message) -> bool:
    """Tell whether a message lies between `oldest` and `latest`; compared as text, since floats lose digits."""
    oldest, latest = str(call.args.get("oldest") or "0"), str(call.args.get("latest") or "9")
    if call.flag("inclusive"):
        return oldest <= message.ts <= latest
    return oldest < message.ts < latest


def _page(call: Call, messages: list[Message]) -> tuple[list[Message], str]:
    try:
        limit = int(call.args.get("limit") or 100)
        start = int(base64.b64decode(str(call.args.get("cursor") or ""), validate=True) or b"0")
    except (ValueError, binascii.Error):
        raise Refused("invalid_cursor" if call.args.get("cursor") else "invalid_limit") from None
    if not 1 <= limit <= 1000:
        raise Refused("invalid_limit")
    end = start + limit
    return messages[start:end], base64.b64encode(str(end).encode()).decode() if end < len(messages) else ""


def _cursor(cursor: str) -> Json:
    return {"response_metadata": {"next_cursor": cursor}} if cursor else {}
