"""What Slack sends to an app: how it signs, and the shape of events, clicks, modals and commands. Pure."""

import hashlib
import hmac
import html
import re
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlencode

import orjson

from playground import slack_people
from playground.deliveries import Delivery
from playground.slack_people import APP, BOT_ID, BOT_USER, TEAM, Person
from playground.slack_rows import Message

Json = dict[str, Any]
MARKED = re.compile(r"<([^<>]+)>")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TOKEN = "verification-token-nobody-uses"  # noqa: S105  Slack still sends one, and asks nobody to check it


def sign(body: bytes, *, timestamp: str, secret: str) -> str:
    """Sign a request as Slack does: version, time and the raw body, keyed with the signing secret."""
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def event(inner: Json, *, shared: bool = False, about: Json | None = None) -> Delivery:
    """Wrap an event as the Events API sends it."""
    event_id, now = "Ev" + secrets.token_hex(5).upper(), time.time()
    envelope = {
        "token": TOKEN,
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP,
        "event": inner,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(now),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": f"4-{secrets.token_hex(12)}",
    }
    return _delivery("event", event_id, JSON, orjson.dumps(envelope), {"event": inner.get("type"), **(about or {})})


def interaction(payload: Json, *, about: Json) -> Delivery:
    """Wrap a click or a modal as Slack posts it: a form with one field of JSON."""
    body = b"payload=" + quote_plus(orjson.dumps(payload)).encode()
    return _delivery("interaction", payload["trigger_id"], FORM, body, about)


def command(form: dict[str, str], *, about: Json) -> Delivery:
    """Wrap a slash command as Slack posts it."""
    return _delivery("command", form["trigger_id"], FORM, urlencode(form).encode(), about)


def payload(delivery: Delivery) -> Json:
    """Read back what a delivery says, for Socket Mode, which has no forms."""
    if delivery.kind == "event":
        return dict(orjson.loads(delivery.body))
    if delivery.kind == "command":
        return dict(parse_qsl(delivery.body.decode(), keep_blank_values=True))
    return dict(orjson.loads(parse_qs(delivery.body.decode())["payload"][0]))


def message_event(message: Message) -> Json:
    """Build the event that tells of a new message."""
    return {**message.body, "channel": message.channel, "event_ts": message.ts, "channel_type": kind(message.channel)}


def mention_event(message: Message) -> Json:
    """Build the second event that a mention causes: another kind, the same message."""
    names = ("user", "ts", "client_msg_id", "text", "team", "blocks", "thread_ts", "parent_user_id", "files")
    told = {name: message.body[name] for name in names if name in message.body}
    return {"type": "app_mention", **told, "channel": message.channel, "event_ts": message.ts}


def changed_event(before: Message, after: Message, ts: str) -> Json:
    """Build the event that tells of an edit."""
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": {**after.body, "source_team": TEAM, "user_team": TEAM},
        "previous_message": before.body,
        "channel": after.channel,
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
        "channel_type": kind(after.channel),
    }


def deleted_event(message: Message, ts: str) -> Json:
    """Build the event that tells of a deletion."""
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": message.body,
        "channel": message.channel,
        "hidden": True,
        "deleted_ts": message.ts,
        "ts": ts,
        "event_ts": ts,
        "channel_type": kind(message.channel),
    }


def written(who: Person, text: str) -> Json:
    """Build a person's message as Slack keeps it."""
    line = {"type": "rich_text_section", "elements": rich(text)}
    body: Json = {
        "type": "message",
        "user": who.id,
        "client_msg_id": secrets.token_hex(16),
        "text": text,
        "team": who.team,
        "blocks": [{"type": "rich_text", "block_id": secrets.token_urlsafe(4), "elements": [line]}],
    }
    return {**body, "user_team": who.team, "source_team": who.team} if who.stranger else body


def rich(text: str) -> list[Json]:
    """Cut a marked-up text into the pieces of which Slack's client makes a message."""
    pieces: list[Json] = []
    for number, part in enumerate(MARKED.split(text)):
        target, _, label = part.partition("|")
        if number % 2 and target.startswith("@"):
            pieces.append({"type": "user", "user_id": target[1:]})
        elif number % 2:
            pieces.append({"type": "link", "url": html.unescape(target), **({"text": label} if label else {})})
        elif part:
            pieces.append({"type": "text", "text": html.unescape(part)})
    return pieces


def spoken(text: str, blocks: list[Json]) -> Json:
    """Build the bot's message as Slack keeps it."""
    bot = slack_people.PEOPLE[BOT_USER]
    return {
        "user": BOT_USER,
        "type": "message",
        "bot_id": BOT_ID,
        "app_id": APP,
        "text": text,
        "team": TEAM,
        "bot_profile": {"id": BOT_ID, "app_id": APP, "name": bot.real_name, "deleted": False, "team_id": TEAM},
        **({"blocks": blocks} if blocks else {}),
    }


def click(who: Person, action: Json, *, message: Message, place: Json, trigger: str, response_url: str) -> Json:
    """Build what Slack posts when somebody uses an element of a message."""
    only = message.only_for is not None
    container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": only}
    thread = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    return {
        "type": "block_actions",
        **_context(who, trigger),
        "container": {**container, **thread},
        "channel": {"id": message.channel, "name": place.get("name", "directmessage")},
        "message": message.body,
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [action],
    }


def command_form(who: Person, typed: str, text: str, place: Json) -> dict[str, str]:
    """Build the fields of a slash command, but for trigger id and response URL."""
    return {
        "token": TOKEN,
        "team_id": TEAM,
        "team_domain": slack_people.DOMAIN,
        "channel_id": place["id"],
        "channel_name": place.get("name", "directmessage"),
        "user_id": who.id,
        "user_name": who.name,
        "command": typed,
        "text": text,
        "api_app_id": APP,
        "is_enterprise_install": "false",
    }


def modal(kind_: str, who: Person, view: Json, *, trigger: str) -> Json:
    """Build what Slack posts when somebody submits or closes a modal."""
    more: Json = {"response_urls": []} if kind_ == "view_submission" else {"is_cleared": False}
    return {"type": kind_, **_context(who, trigger), "view": view, **more}


def kind(channel: str) -> str:
    """Return Slack's word for the kind of a channel."""
    return "im" if channel.startswith("D") else "channel"


def _context(who: Person, trigger: str) -> Json:
    return {
        "user": {"id": who.id, "username": who.name, "name": who.name, "team_id": who.team},
        "api_app_id": APP,
        "token": TOKEN,
        "trigger_id": trigger,
        "team": {"id": TEAM, "domain": slack_people.DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _delivery(kind_: str, name: str, type_: str, body: bytes, about: Json) -> Delivery:
    return Delivery(kind=kind_, id=name, type=type_, body=body, at=time.time(), headers={}, about=about)
